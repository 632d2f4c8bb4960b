//! `simulator calibrate RECORD`: the 36 cells of `lock_contended`, pinned, as a record has them and as the
//! simulated machine of two processors gives them.

use crate::contend::{self, Cell};
use crate::costs;
use crate::crowd::Peer;
use crate::locks::{Ours, ParkingLot12, ParkingLot13, PyMutex};
use machine::Costs;

/// The record's columns that have a protocol here, and the protocols.
const PEERS: [Peer; 4] = [
    ("py-sync", contend::run::<Ours>),
    ("parking_lot 0.13", contend::run::<ParkingLot13>),
    ("parking_lot 0.12", contend::run::<ParkingLot12>),
    ("CPython's C", contend::run::<PyMutex<0>>),
];

/// Nanoseconds of virtual time, as a round of the benchmark.
const SLICE: u64 = 40_000_000;

struct Row {
    cell: Cell,
    real: [f64; 4],
    simulated: [f64; 4],
}

/// Prints them side by side.
///
/// # Errors
/// If the record is not one of `lock_contended`.
pub fn run(record: &str, costs: Costs, seed: u64) -> Result<(), String> {
    let all = cells(record)?;
    println!(
        "turns per us, of the machine / simulated; then ours to the peer, of the machine / simulated"
    );
    let mut rows = Vec::new();
    for threads in [2, 4, 8, 16] {
        let real: Vec<_> = all
            .iter()
            .filter(|(cell, _)| cell.threads == threads)
            .collect();
        let near = is_near(&real);
        println!(
            "{threads} threads, processors of {}",
            if near { "one cluster" } else { "two clusters" }
        );
        for (cell, real) in real {
            let machine = costs::at_hand(near, costs, seed);
            let row = Row {
                cell: *cell,
                real: *real,
                simulated: PEERS.map(|(_, run)| run(machine, *cell, SLICE).per_us),
            };
            row.print();
            rows.push(row);
        }
    }
    summary(&rows);
    Ok(())
}

/// Where the host had put the two processors: what two threads that compute for 100 ns between two
/// turns pay for the line shows it.
fn is_near(real: &[&(Cell, [f64; 4])]) -> bool {
    let short = |row: &&&(Cell, [f64; 4])| (row.0.inside, row.0.outside) == (0, 100);
    real.iter().find(short).is_some_and(|row| row.1[0] > 16.0)
}

/// The 36 cells of the record.
fn cells(record: &str) -> Result<Vec<(Cell, [f64; 4])>, String> {
    let missing = |what: &str| format!("the record has no {what}");
    let table = record.split("contended, pinned (").nth(1);
    let mut lines = table
        .ok_or_else(|| missing("table of pinned cells"))?
        .lines()
        .skip(1);
    let header = lines.next().unwrap_or_default();
    let names: Vec<&str> = header
        .split("  ")
        .map(str::trim)
        .filter(|n| !n.is_empty())
        .collect();
    let mut columns = [0; 4];
    for (column, (name, _)) in columns.iter_mut().zip(PEERS) {
        let found = names.iter().position(|n| *n == name);
        // The first name is that of the cells.
        *column = found.ok_or_else(|| missing(name))? - 1;
    }
    let rows: Vec<_> = lines.map_while(|line| row(line, columns)).collect();
    if rows.len() == 36 {
        Ok(rows)
    } else {
        Err(missing("36 pinned cells"))
    }
}

fn row(line: &str, columns: [usize; 4]) -> Option<(Cell, [f64; 4])> {
    let mut words = line.split_whitespace();
    let mut cell = words.next()?.split('/').map(str::parse::<u64>);
    let mut next = || cell.next()?.ok();
    let (threads, inside, outside) = (next()?, next()?, next()?);
    let figures: Vec<f64> = words.filter_map(|word| word.parse().ok()).collect();
    let cell = Cell {
        threads: threads as usize,
        inside,
        outside,
    };
    Some((cell, columns.map(|column| figures[column])))
}

/// How well two records of the real machine agree on those locks that did not change between them: what
/// may be asked of the simulated one.
///
/// # Errors
/// If one of them is not of `lock_contended`.
pub fn compare(record: &str, other: &str) -> Result<(), String> {
    let (ours, theirs) = (cells(record)?, cells(other)?);
    let both = || ours.iter().zip(&theirs).map(|(a, b)| (a.1, b.1));
    println!("two records of the machine, cells within 15 % of each other");
    for (i, (name, _)) in PEERS.iter().enumerate().skip(1) {
        let within = both().filter(|(a, b)| !is_off(a[i], b[i])).count();
        println!("{name}: {within} of 36");
    }
    for (i, (name, _)) in PEERS.iter().enumerate().skip(2) {
        let alike = |(a, b): &([f64; 4], [f64; 4])| !is_off(a[1] / a[i], b[1] / b[i]);
        println!(
            "{} to {name}: {} of 36",
            PEERS[1].0,
            both().filter(alike).count()
        );
    }
    Ok(())
}

impl Row {
    fn print(&self) {
        let Cell {
            threads,
            inside,
            outside,
        } = self.cell;
        print!("{:>14}", format!("{threads}/{inside}/{outside}"));
        for (real, simulated) in self.real.iter().zip(&self.simulated) {
            print!(" {real:>7.2} /{simulated:>6.2}");
        }
        for peer in 1..4 {
            let (real, simulated) = self.ratios(peer);
            let mark = if is_off(real, simulated) { '*' } else { ' ' };
            print!("  {real:>5.2} /{simulated:>5.2}{mark}");
        }
        println!();
    }

    /// Ours to the peer's.
    fn ratios(&self, peer: usize) -> (f64, f64) {
        (
            self.real[0] / self.real[peer],
            self.simulated[0] / self.simulated[peer],
        )
    }
}

/// By more than 15 %.
fn is_off(real: f64, simulated: f64) -> bool {
    (real / simulated).ln().abs() > 1.15_f64.ln()
}

fn summary(rows: &[Row]) {
    for (i, (name, ..)) in PEERS.iter().enumerate() {
        let throughput = rows
            .iter()
            .filter(|r| !is_off(r.real[i], r.simulated[i]))
            .count();
        print!("{name}: {throughput} of {} cells within 15 %", rows.len());
        if i > 0 {
            let ratios: Vec<_> = rows.iter().map(|row| row.ratios(i)).collect();
            let within = ratios.iter().filter(|(a, b)| !is_off(*a, *b)).count();
            // The other way round is a difference of 5 % in one and of 5 % against it in the other.
            let against =
                |(a, b): &&(f64, f64)| (*a > 1.05 && *b < 0.95) || (*a < 0.95 && *b > 1.05);
            let order = ratios.len() - ratios.iter().filter(against).count();
            let mean = |f: fn(&(f64, f64)) -> f64| {
                (ratios.iter().map(|r| f(r).ln()).sum::<f64>() / ratios.len() as f64).exp()
            };
            print!(
                "; ours to it: {within} within 15 %, order kept in {order}, mean {:.3} / {:.3}",
                mean(|r| r.0),
                mean(|r| r.1)
            );
        }
        println!();
    }
}
