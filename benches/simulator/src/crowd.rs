//! `simulator crowd`, `readers` and `writers`: the mutexes and our read-write lock where more processors
//! fight for one than are at hand.

use crate::contend::{self, Cell, Run};
use crate::costs::{self, Wakes};
use crate::locks::{Lock, OurRwMutex, Ours, ParkingLot12, ParkingLot13, PyMutex};
use machine::{Costs, Machine};

/// What the tables call it, and a run of it.
pub type Peer = (&'static str, fn(Machine, Cell, u64) -> Run);

fn peer<L: Lock + 'static>() -> Peer {
    (L::NAME, contend::run::<L>)
}

/// Nanoseconds inside and outside.
const SECTIONS: [(u64, u64); 6] = [
    (0, 0),
    (0, 1000),
    (100, 100),
    (100, 1000),
    (1000, 1000),
    (1000, 100_000),
];

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Crowd {
    /// So many processors.
    pub processors: Vec<usize>,
    /// Threads on each.
    pub each: usize,
    /// The names of those that run; all of them if it is empty.
    pub peers: Vec<String>,
    /// Nanoseconds of virtual time of a run.
    pub slice: u64,
    /// Each cell is run with this seed and the two that follow.
    pub seed: u64,
    /// What differs from the costs as they are.
    pub costs: Costs,
}

/// The columns of `crowd`.
#[must_use]
pub fn mutexes() -> Vec<Peer> {
    vec![
        peer::<Ours>(),
        peer::<ParkingLot13>(),
        peer::<ParkingLot12>(),
        peer::<PyMutex<0>>(),
        peer::<PyMutex<40>>(),
    ]
}

/// The columns of `readers`, with our mutex to compare.
#[must_use]
pub fn read_write() -> Vec<Peer> {
    vec![
        peer::<Ours>(),
        peer::<OurRwMutex<0>>(),
        peer::<OurRwMutex<50>>(),
        peer::<OurRwMutex<90>>(),
        peer::<OurRwMutex<99>>(),
        peer::<OurRwMutex<100>>(),
    ]
}

/// The columns of `writers`.
#[must_use]
pub fn beside_writers() -> Vec<Peer> {
    vec![peer::<OurRwMutex<0, 1>>(), peer::<OurRwMutex<0, 4>>()]
}

/// What a table tells of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// All turns, and how evenly they went.
    Turns,
    /// Reads and writes.
    Sides,
}

impl Told {
    fn legend(self) -> &'static str {
        match self {
            Told::Turns => {
                "(turns per us; longest wait, ms; processor time of a turn, ns; Jain's index)"
            }
            Told::Sides => "(reads per us; writes per us; longest wait, ms)",
        }
    }

    fn of(self, run: &Run) -> String {
        let Run {
            per_us,
            writes_per_us,
            longest_ms,
            jain,
            busy_ns,
        } = run;
        match self {
            Told::Turns => {
                format!("{per_us:>7.3} {longest_ms:>6.2} {busy_ns:>7.0} {jain:>5.2}")
            }
            Told::Sides => {
                let reads = per_us - writes_per_us;
                format!("{reads:>10.3} {writes_per_us:>9.4} {longest_ms:>7.2}")
            }
        }
    }
}

/// Prints the tables with these columns, or with those of them that are asked for.
///
/// # Errors
/// If none of them has a name that is asked for.
pub fn run(crowd: &Crowd, columns: &[Peer], told: Told) -> Result<(), String> {
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    if let Some(peer) = crowd.peers.iter().find(|p| !names.contains(&p.as_str())) {
        return Err(format!(
            "{peer}: no such peer; there are {}",
            names.join(", ")
        ));
    }
    let wanted =
        |(name, _): &&Peer| crowd.peers.is_empty() || crowd.peers.iter().any(|p| p == name);
    let peers: Vec<&Peer> = columns.iter().filter(wanted).collect();
    for wakes in [Wakes::Measured, Wakes::Assumed] {
        for &processors in &crowd.processors {
            println!();
            let each = match crowd.each {
                1 => "one thread".to_owned(),
                n => format!("{n} threads"),
            };
            println!("{processors} processors, {each} each, {wakes}");
            println!("{}", told.legend());
            print!("{:>14}", "inside/outside");
            peers.iter().for_each(|(name, _)| print!(" {name:>28}"));
            println!();
            for (inside, outside) in SECTIONS {
                let cell = Cell {
                    threads: processors * crowd.each,
                    inside,
                    outside,
                };
                print!("{:>14}", format!("{inside}/{outside}"));
                for (_, run) in &peers {
                    print!(" {}", told.of(&three(crowd, wakes, cell, *run)));
                }
                println!();
            }
        }
    }
    Ok(())
}

/// Of three seeds: the middle of each figure, but the worst of the longest waits.
fn three(crowd: &Crowd, wakes: Wakes, cell: Cell, run: fn(Machine, Cell, u64) -> Run) -> Run {
    let runs = [0, 1, 2].map(|i| {
        let machine = costs::of(
            cell.threads / crowd.each,
            wakes,
            crowd.costs,
            crowd.seed + i,
        );
        run(machine, cell, crowd.slice)
    });
    let middle = |f: fn(&Run) -> f64| {
        let mut all = [f(&runs[0]), f(&runs[1]), f(&runs[2])];
        all.sort_by(f64::total_cmp);
        all[1]
    };
    Run {
        per_us: middle(|run| run.per_us),
        writes_per_us: middle(|run| run.writes_per_us),
        longest_ms: runs.iter().map(|run| run.longest_ms).fold(0.0, f64::max),
        jain: middle(|run| run.jain),
        busy_ns: middle(|run| run.busy_ns),
    }
}
