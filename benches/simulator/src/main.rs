//! The locks of py-sync, and two peers' protocols, on a simulated machine of many processors.

mod calibrate;
mod contend;
mod costs;
mod locks;
mod measure;

use contend::{Cell, Run};
use locks::{Lock, Ours, ParkingLot12, ParkingLot13, PyMutex};
use machine::Machine;

type Peer = (&'static str, fn(Machine, Cell, u64) -> Run);

fn peer<L: Lock + 'static>() -> Peer {
    (L::NAME, contend::run::<L>)
}

fn main() {
    let peers = [
        peer::<Ours>(),
        peer::<ParkingLot13>(),
        peer::<ParkingLot12>(),
        peer::<PyMutex<0>>(),
        peer::<PyMutex<40>>(),
    ];
    let arg = std::env::args().nth(1).unwrap_or_default();
    match arg.as_str() {
        "measure" => measure::run(),
        "calibrate" => {
            let record = std::fs::read_to_string(std::env::args().nth(2).expect("a record"))
                .expect("a record");
            calibrate::run(&record);
        }
        _ => {
            for processors in [4, 16, 64, 128] {
                for (inside, outside) in [(0, 0), (100, 100), (1000, 1000), (100, 1000)] {
                    let cell = Cell {
                        threads: processors,
                        inside,
                        outside,
                    };
                    print!("{:>16}", format!("{processors}/{inside}/{outside}"));
                    for (_, run) in peers {
                        let r = run(costs::of(processors, 1), cell, 10_000_000);
                        print!(
                            " {:>7.2} ({:.2}) {:>5.1} {:>6.0}",
                            r.per_us, r.jain, r.longest_ms, r.busy_ns
                        );
                    }
                    println!();
                }
            }
        }
    }
}
