//! `simulator calibrate RECORD`: the 36 cells of `lock_contended`, pinned, as a record has them and as the
//! simulated machine of two processors gives them.

use crate::contend::{self, Cell, Run};
use crate::costs;
use crate::locks::{Ours, ParkingLot12, ParkingLot13, PyMutex};
use machine::Machine;

/// The record's columns that have a protocol here, and the protocols.
const PEERS: [(&str, usize, fn(Machine, Cell, u64) -> Run); 4] = [
    ("py-sync", 0, contend::run::<Ours>),
    ("parking_lot 0.13", 1, contend::run::<ParkingLot13>),
    ("parking_lot 0.12", 2, contend::run::<ParkingLot12>),
    ("CPython's C", 4, contend::run::<PyMutex<0>>),
];

/// Nanoseconds of virtual time, as a round of the benchmark.
const SLICE: u64 = 40_000_000;

struct Row {
    cell: Cell,
    real: [f64; 4],
    simulated: [f64; 4],
}

/// Prints them side by side.
pub fn run(record: &str) {
    println!(
        "turns per us, of the machine / simulated; then ours to the peer, of the machine / simulated"
    );
    let mut rows = Vec::new();
    for threads in [2, 4, 8, 16] {
        let real: Vec<_> = cells(record)
            .into_iter()
            .filter(|(cell, _)| cell.threads == threads)
            .collect();
        let near = is_near(&real);
        println!(
            "{threads} threads, processors of {}",
            if near { "one cluster" } else { "two clusters" }
        );
        for (cell, real) in real {
            let simulated =
                PEERS.map(|(_, _, run)| run(costs::at_hand(near, true, 1), cell, SLICE).per_us);
            let row = Row {
                cell,
                real,
                simulated,
            };
            row.print();
            rows.push(row);
        }
    }
    summary(&rows);
}

/// Where the host had put the two processors: what two threads that compute for 100 ns between two
/// turns pay for the line shows it.
fn is_near(real: &[(Cell, [f64; 4])]) -> bool {
    let (_, turns) = real
        .iter()
        .find(|(cell, _)| (cell.inside, cell.outside) == (0, 100))
        .expect("a cell");
    turns[0] > 16.0
}

/// The 36 cells of the record.
fn cells(record: &str) -> Vec<(Cell, [f64; 4])> {
    let table = record
        .split("contended, pinned (")
        .nth(1)
        .expect("a table of pinned cells");
    let rows = table.lines().filter_map(|line| {
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
        Some((cell, PEERS.map(|(_, column, _)| figures[column])))
    });
    rows.take(36).collect()
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
            let order = ratios
                .iter()
                .filter(|(a, b)| (a >= &0.95) == (b >= &0.95) || (a >= &1.05) == (b >= &1.05))
                .count();
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
