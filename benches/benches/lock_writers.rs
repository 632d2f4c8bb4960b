//! Readers beside writers of one read-write lock: what does each side get, and how long does it wait?
//!
//! A lock that prefers one side has many turns of that side and few of the other, so both are told, with
//! the longest wait of each, of one and the same run. A crowd of writers alone is among the mixes. Beside
//! two busy loops each thread has to wait for a processor too.

use benches::contend::beside_busy_loops;
use benches::paired::{Options, median, peer_wanted};
use benches::rw_locks::{C, Ours, Pl12, Pl13, RwLock, Std, Usync};
use benches::writers::{Mix, Side, run};
use std::time::Duration;

struct Peer {
    name: &'static str,
    run: fn(Mix, Duration) -> (Side, Side),
}

fn peer<L: RwLock>() -> Option<Peer> {
    L::exists().then_some(Peer {
        name: L::NAME,
        run: run::<L>,
    })
}

/// Readers and writers.
const THREADS: [(usize, usize); 10] = [
    (1, 1),
    (2, 1),
    (8, 1),
    (8, 2),
    (15, 1),
    (12, 4),
    (0, 4),
    (0, 16),
    (0, 64),
    (0, 128),
];

/// Nanoseconds inside and outside.
const NANOS: [(u64, u64); 3] = [(0, 100), (300, 300), (1000, 5000)];

fn main() {
    let options = Options::from_args();
    let all = [
        peer::<Ours>(),
        peer::<Pl13>(),
        peer::<Pl12>(),
        peer::<Std>(),
        peer::<Usync>(),
        peer::<C>(),
    ];
    let peers = all.into_iter().flatten().filter(|p| peer_wanted(p.name));
    let peers: Vec<Peer> = peers.collect();
    let rounds = options.rounds.div_ceil(8);
    let slice = options.slice * 10;
    for (beside, busy) in [("", 0), (", beside two busy loops", 2)] {
        for (readers, writers) in THREADS {
            for (inside, outside) in NANOS {
                let mix = Mix {
                    readers,
                    writers,
                    inside,
                    outside,
                };
                let question = format!(
                    "{readers} readers, {writers} writers, {inside} ns inside, {outside} outside{beside}"
                );
                if options.wants(&question) {
                    println!("\n{question} ({rounds} rounds of {slice:?})");
                    beside_busy_loops(busy, || table(&peers, mix, rounds, slice));
                }
            }
        }
    }
}

fn table(peers: &[Peer], mix: Mix, rounds: usize, slice: Duration) {
    let mut runs: Vec<Vec<(Side, Side)>> = peers.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        for i in 0..peers.len() {
            let i = (round + i) % peers.len();
            runs[i].push((peers[i].run)(mix, slice));
        }
    }
    println!(
        "  {:<20} {:>12} {:>11} {:>13} {:>12} {:>11} {:>13}",
        "", "reads/us", "ours to it", "longest, ms", "writes/us", "ours to it", "longest, ms"
    );
    for (peer, theirs) in peers.iter().zip(&runs) {
        print!("  {:<20}", peer.name);
        for (side, threads) in [
            (reads as fn(&_) -> Side, mix.readers),
            (writes, mix.writers),
        ] {
            if threads == 0 {
                print!(" {:>12} {:>11} {:>13}", "-", "-", "-");
                continue;
            }
            let pairs = runs[0].iter().zip(theirs);
            print!(
                " {:>12.4} {:>11.2} {:>13.2}",
                median(theirs.iter().map(|r| side(r).per_us)),
                // A side that had no turn at all still has a ratio.
                median(pairs.map(|(a, b)| side(a).per_us / side(b).per_us.max(1e-6))),
                theirs
                    .iter()
                    .map(|r| side(r).longest_ms)
                    .fold(0.0, f64::max),
            );
        }
        println!();
    }
}

fn reads(run: &(Side, Side)) -> Side {
    run.0
}

fn writes(run: &(Side, Side)) -> Side {
    run.1
}
