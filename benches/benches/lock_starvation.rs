//! How long may one thread starve? A victim beside three greedy threads, which hold the lock for
//! 20 or 200 microseconds and ask again at once.

use benches::contend::{Starved, starve};
use benches::locks::{C, Lock, Ours, Pl12, Pl13, Std, Usync};
use benches::paired::{Options, median};
use std::time::Duration;

struct Peer {
    name: &'static str,
    run: fn(u64, bool, Duration) -> Starved,
}

fn peer<L: Lock>() -> Option<Peer> {
    L::exists().then_some(Peer {
        name: L::NAME,
        run: starve::<L>,
    })
}

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
    let named = |p: &Peer| {
        std::env::var("PEERS").map_or(true, |w| w.split(',').any(|w| p.name.contains(w)))
    };
    let peers: Vec<Peer> = all.into_iter().flatten().filter(named).collect();
    let rounds = options.rounds.div_ceil(8).min(5);
    let slice = options.slice * 100;
    for pinned in [false, true] {
        for micros in [20, 200] {
            let place = if pinned { "pinned" } else { "unpinned" };
            let question = format!("victim beside holds of {micros} us, {place}");
            if options.wants(&question) {
                println!("\n{question} ({rounds} rounds of {slice:?})");
                table(&peers, micros * 1000, pinned, rounds, slice);
            }
        }
    }
}

fn table(peers: &[Peer], hold: u64, pinned: bool, rounds: usize, slice: Duration) {
    let mut runs: Vec<Vec<Starved>> = peers.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        for i in 0..peers.len() {
            let i = (round + i) % peers.len();
            runs[i].push((peers[i].run)(hold, pinned, slice));
        }
    }
    println!(
        "  {:<20} {:>22} {:>18} {:>14}",
        "", "turns passed over", "longest wait, ms", "greedy turns/s"
    );
    for (peer, runs) in peers.iter().zip(&runs) {
        println!(
            "  {:<20} {:>22} {:>18.2} {:>14.0}",
            peer.name,
            median(runs.iter().map(|r| r.turns as f64)),
            runs.iter().map(|r| r.longest_ms).fold(0.0, f64::max),
            median(runs.iter().map(|r| r.greedy_per_s)),
        );
    }
}
