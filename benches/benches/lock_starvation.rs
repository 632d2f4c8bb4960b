//! How long may one thread starve? A victim beside greedy threads, which hold the lock for a time and
//! ask again at once; and twelve threads alike, of which none should have more than the others.
//!
//! Every row also tells the throughput of the same run: a bound is easy to have without it. Beside
//! two busy loops each thread has to wait for a processor too. For one processor, run it under
//! `taskset -c 0`.
//!
//! The longest wait is that of all rounds. On a virtual machine one such wait may be the host's: the holder's
//! processor is taken away for a few milliseconds, and nobody can have the lock. The median of the rounds'
//! longest waits tells two locks apart sooner.

use benches::contend::{Cell, Run, Starved, Victim, beside_busy_loops, run, starve};
use benches::locks::{C, Lock, Ours, Pl12, Pl13, Std, Usync};
use benches::paired::{Options, median, peer_wanted};
use std::time::Duration;

struct Peer {
    name: &'static str,
    starve: fn(Victim, Duration) -> Starved,
    run: fn(Cell, Duration) -> Run,
}

fn peer<L: Lock>() -> Option<Peer> {
    L::exists().then_some(Peer {
        name: L::NAME,
        starve: starve::<L>,
        run: run::<L>,
    })
}

/// How many greedy threads there are, and the nanoseconds that they hold the lock for.
const GREEDY: [(usize, u64); 9] = [
    (3, 500),
    (3, 2_000),
    (3, 4_000),
    (3, 10_000),
    (3, 50_000),
    (3, 200_000),
    (3, 500_000),
    (15, 500),
    (15, 4_000),
];

fn main() {
    let options = Options::from_args();
    let all = [
        peer::<Ours>(),
        peer::<C>(),
        peer::<Pl13>(),
        peer::<Pl12>(),
        peer::<Std>(),
        peer::<Usync>(),
    ];
    let peers = all.into_iter().flatten().filter(|p| peer_wanted(p.name));
    let peers: Vec<Peer> = peers.collect();
    let rounds = options.rounds.div_ceil(4).min(9);
    let slice = options.slice * 50;
    for (beside, busy) in [("", 0), (", beside two busy loops", 2)] {
        for pinned in [false, true] {
            let place = if pinned { "pinned" } else { "unpinned" };
            for (greedy, hold) in GREEDY {
                let victim = Victim {
                    greedy,
                    hold,
                    inside: 1_000,
                    outside: 20_000,
                    pinned,
                };
                let question =
                    format!("victim beside {greedy} holds of {hold} ns, {place}{beside}");
                if options.wants(&question) {
                    println!("\n{question} ({rounds} rounds of {slice:?})");
                    beside_busy_loops(busy, || victims(&peers, victim, rounds, slice));
                }
            }
            let crowd = Cell {
                threads: 12,
                inside: 2_000,
                outside: 50,
                pinned,
            };
            let question = format!("crowd of 12, 2 us inside, 50 ns outside, {place}{beside}");
            if options.wants(&question) {
                println!("\n{question} ({rounds} rounds of {slice:?})");
                beside_busy_loops(busy, || crowded(&peers, crowd, rounds, slice));
            }
        }
    }
}

/// The runs of each peer, in an order that rotates from round to round.
fn rounds_of<R>(
    peers: &[Peer],
    rounds: usize,
    mut run: impl FnMut(&Peer) -> R,
) -> Vec<(&'static str, Vec<R>)> {
    let mut runs: Vec<_> = peers.iter().map(|p| (p.name, Vec::new())).collect();
    for round in 0..rounds {
        for i in 0..peers.len() {
            let i = (round + i) % peers.len();
            runs[i].1.push(run(&peers[i]));
        }
    }
    runs
}

fn victims(peers: &[Peer], victim: Victim, rounds: usize, slice: Duration) {
    println!(
        "  {:<20} {:>22} {:>18} {:>12} {:>14}",
        "", "turns passed over", "longest wait, ms", "median, ms", "greedy turns/s"
    );
    for (name, runs) in rounds_of(peers, rounds, |p| (p.starve)(victim, slice)) {
        println!(
            "  {name:<20} {:>22} {:>18.2} {:>12.2} {:>14.0}",
            median(runs.iter().map(|r| r.turns as f64)),
            runs.iter().map(|r| r.longest_ms).fold(0.0, f64::max),
            median(runs.iter().map(|r| r.longest_ms)),
            median(runs.iter().map(|r| r.greedy_per_s)),
        );
    }
}

fn crowded(peers: &[Peer], cell: Cell, rounds: usize, slice: Duration) {
    println!(
        "  {:<20} {:>22} {:>18} {:>12} {:>14}",
        "", "Jain's index", "longest wait, ms", "median, ms", "turns/us"
    );
    for (name, runs) in rounds_of(peers, rounds, |p| (p.run)(cell, slice)) {
        println!(
            "  {name:<20} {:>22.3} {:>18.2} {:>12.2} {:>14.3}",
            median(runs.iter().map(|r| r.jain)),
            runs.iter().map(|r| r.longest_ms).fold(0.0, f64::max),
            median(runs.iter().map(|r| r.longest_ms)),
            median(runs.iter().map(|r| r.per_us)),
        );
    }
}
