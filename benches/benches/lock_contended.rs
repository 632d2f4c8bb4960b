//! Who wins when threads fight for one mutex? Two sets of 36 cells, unpinned and pinned, and 16 of
//! long sections.
//!
//! Threads {2, 4, 8, 16} x nanoseconds inside {0, 100, 1000} x nanoseconds outside {0, 100, 1000};
//! second set: {2, 3, 6, 12} x {50, 300, 2000} x {50, 500, 5000}, which nobody tunes for;
//! long: {2, 4, 8, 16} x {5000, 20000} inside x {0, 20000} outside. Beside two busy loops, and under
//! `taskset -c 0` on one processor, the same. The crowd is for machines with many processors: 16 to
//! 128 threads, which share them.
//! Every peer runs in every round, in an order that rotates; ratios are taken within a round.

use benches::contend::{Cell, Run, beside_busy_loops, run};
use benches::locks::{C, Lock, Ours, Pl12, Pl13, Spin, Std, Usync};
use benches::paired::{Options, geomean, median, peer_wanted};
use std::time::Duration;

const THREADS: [usize; 4] = [2, 4, 8, 16];
const NANOS: [u64; 3] = [0, 100, 1000];

/// Nanoseconds inside and outside.
type Sections = Vec<(u64, u64)>;

struct Peer {
    name: &'static str,
    run: fn(Cell, Duration) -> Run,
}

fn peer<L: Lock>() -> Option<Peer> {
    L::exists().then_some(Peer {
        name: L::NAME,
        run: run::<L>,
    })
}

/// What one peer did in one cell: medians over the rounds.
struct Entry {
    threads: usize,
    /// Ours divided by this peer's throughput, above 1: ours is faster.
    ours_to_it: f64,
    per_us: f64,
    longest_ms: f64,
    jain: f64,
}

fn cell(peers: &[Peer], cell: Cell, rounds: usize, slice: Duration) -> Vec<Entry> {
    let mut runs: Vec<Vec<Run>> = peers.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        for i in 0..peers.len() {
            let i = (round + i) % peers.len();
            runs[i].push((peers[i].run)(cell, slice));
        }
    }
    let entry = |theirs: &Vec<Run>| Entry {
        threads: cell.threads,
        ours_to_it: median(runs[0].iter().zip(theirs).map(|(a, b)| a.per_us / b.per_us)),
        per_us: median(theirs.iter().map(|r| r.per_us)),
        // The worst of all rounds: a wait is bounded or it is not.
        longest_ms: theirs.iter().map(|r| r.longest_ms).fold(0.0, f64::max),
        jain: median(theirs.iter().map(|r| r.jain)),
    };
    runs.iter().map(entry).collect()
}

fn main() {
    let options = Options::from_args();
    let all = [
        peer::<Ours>(),
        peer::<Pl13>(),
        peer::<Pl12>(),
        peer::<Std>(),
        peer::<Usync>(),
        peer::<Spin>(),
        peer::<C>(),
    ];
    let peers = all.into_iter().flatten().filter(|p| peer_wanted(p.name));
    let peers: Vec<Peer> = peers.collect();
    // 41 rounds are asked for where a round is 4 ms; one here is ten times as long.
    let rounds = options.rounds.div_ceil(8);
    let slice = options.slice * 10;
    let cells: Sections = NANOS.iter().flat_map(|&i| NANOS.map(|o| (i, o))).collect();
    let long: Sections = vec![(5000, 0), (5000, 20_000), (20_000, 0), (20_000, 20_000)];
    let crowd: Sections = vec![(0, 0), (100, 100), (1000, 0), (1000, 1000), (1000, 100_000)];
    let second: Sections = [50, 300, 2000]
        .into_iter()
        .flat_map(|i| [50, 500, 5000].map(|o| (i, o)))
        .collect();
    let sets = [
        ("contended", THREADS, &cells),
        ("second set", [2, 3, 6, 12], &second),
        ("long sections", THREADS, &long),
        ("crowd", [16, 32, 64, 128], &crowd),
    ];
    for (beside, busy) in [("", 0), (", beside two busy loops", 2)] {
        for (kind, threads, sections) in sets {
            for (place, pinned) in [("unpinned", false), ("pinned", true)] {
                let question = format!("{kind}, {place}{beside}");
                if options.wants(&question) {
                    let set = (threads, sections);
                    beside_busy_loops(busy, || {
                        table(&question, set, &peers, pinned, rounds, slice);
                    });
                }
            }
        }
    }
}

fn table(
    question: &str,
    (all_threads, sections): ([usize; 4], &Sections),
    peers: &[Peer],
    pinned: bool,
    rounds: usize,
    slice: Duration,
) {
    println!("\n{question} (turns per us, {rounds} rounds of {slice:?}; in brackets Jain's index)");
    print!("{:>22}", "threads/inside/outside");
    peers.iter().for_each(|p| print!(" {:>18}", p.name));
    println!();
    let mut columns: Vec<Vec<Entry>> = peers.iter().map(|_| Vec::new()).collect();
    for threads in all_threads {
        for &(inside, outside) in sections {
            let which = Cell {
                threads,
                inside,
                outside,
                pinned,
            };
            let row = cell(peers, which, rounds, slice);
            print!("{:>22}", format!("{threads}/{inside}/{outside}"));
            for (entry, column) in row.into_iter().zip(&mut columns) {
                print!(" {:>11.3} ({:.2})", entry.per_us, entry.jain);
                column.push(entry);
            }
            println!();
        }
    }
    let line = |label: &str, value: &dyn Fn(&[Entry]) -> String| {
        print!("{label:>22}");
        columns.iter().for_each(|c| print!(" {:>18}", value(c)));
        println!();
    };
    let of = |c: &[Entry], threads: Option<usize>| {
        let wanted = c.iter().filter(|e| threads.is_none_or(|t| e.threads == t));
        format!("{:.3}", geomean(wanted.map(|e| e.ours_to_it)))
    };
    line("ours to it, all", &|c| of(c, None));
    for threads in all_threads {
        line(&format!("{threads} threads"), &|c| of(c, Some(threads)));
    }
    let least = |c: &[Entry]| c.iter().map(|e| e.ours_to_it).fold(f64::INFINITY, f64::min);
    line("least cell", &|c| format!("{:.3}", least(c)));
    for threads in all_threads {
        let longest = |c: &[Entry]| {
            let waits = c.iter().filter(|e| e.threads == threads);
            format!("{:.1}", waits.map(|e| e.longest_ms).fold(0.0, f64::max))
        };
        line(&format!("longest wait, ms, {threads}"), &longest);
    }
    let middle = |c: &[Entry]| median(c.iter().map(|e| e.longest_ms));
    line("its median cell", &|c| format!("{:.2}", middle(c)));
    let jain = |c: &[Entry]| c.iter().map(|e| e.jain).fold(f64::INFINITY, f64::min);
    line("least even cell", &|c| format!("{:.2}", jain(c)));
}
