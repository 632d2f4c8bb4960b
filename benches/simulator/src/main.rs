//! The locks of py-sync, and two peers' protocols, on a simulated machine of many processors.

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
        "cells" => {
            let pinned = std::env::args().nth(2).as_deref() != Some("unpinned");
            for threads in [2, 4, 8, 16] {
                for inside in [0, 100, 1000] {
                    for outside in [0, 100, 1000] {
                        let cell = Cell { threads, inside, outside };
                        print!("{:>16}", format!("{threads}/{inside}/{outside}"));
                        for (_, run) in peers {
                            let r = run(costs::at_hand(pinned, 1), cell, 40_000_000);
                            print!(" {:>7.2} ({:.2}) {:>5.1}", r.per_us, r.jain, r.longest_ms);
                        }
                        println!();
                    }
                }
            }
        }
        _ => {
            for processors in [4, 16, 64, 128] {
                for (inside, outside) in [(0, 0), (100, 100), (1000, 1000), (100, 1000)] {
                    let cell = Cell { threads: processors, inside, outside };
                    print!("{:>16}", format!("{processors}/{inside}/{outside}"));
                    for (_, run) in peers {
                        let r = run(costs::of(processors, 1), cell, 10_000_000);
                        print!(" {:>7.2} ({:.2}) {:>5.1} {:>6.0}", r.per_us, r.jain, r.longest_ms, r.busy_ns);
                    }
                    println!();
                }
            }
        }
    }
}
