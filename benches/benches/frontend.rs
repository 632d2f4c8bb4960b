//! How fast is the frontend, on our parts and on the peers': parking_lot, bumpalo, std's threads
//! and siphasher?
//!
//! One round reads, parses and lands a standard library on one side and then on the other: that of
//! the Python that `PYTHON_ORACLE` names or that is found, else our samples. Both sides run the
//! same generic code (`frontend`), so the ratio is that of the parts. *Landing* is
//! everything after the parser, in CPU time; *the whole* is what a clock on the wall says.
//!
//! Unfair to nobody known: the peers' arena keeps its handles in a `Vec` beside it, as bumpalo's
//! users do, and their hash copies text that is not ASCII into a buffer, as siphasher's must.

use benches::paired::{Options, median};
use frontend::file::{Desk, Phases};
use frontend::input::{Input, Walk};
use frontend::ours::Ours;
use frontend::parts::{Lock, Parts, Turns};
use frontend::peers::Peers;
use frontend::python::Python;
use frontend::table::Table;
use py_hashsecret::HashSecret;
use ruff_python_ast::PythonVersion;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

struct Library {
    paths: Vec<PathBuf>,
    /// The largest first.
    order: Vec<u32>,
    target: PythonVersion,
}

/// What one run took, in milliseconds.
#[derive(Clone, Copy)]
struct Took {
    landing: f64,
    whole: f64,
}

impl Library {
    fn find() -> Library {
        let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/frontend/samples");
        let python = Python::find(None);
        let target = python
            .as_ref()
            .map_or((3, 14), |p| (p.version.0, p.version.1));
        let folder = python.map_or(PathBuf::from(samples), |p| p.stdlib);
        let files = Input::find(&[folder], Walk::Library).files;
        let mut order: Vec<u32> = (0..files.len() as u32).collect();
        order.sort_by_key(|i| std::cmp::Reverse(files[*i as usize].size));
        Library {
            paths: files.into_iter().map(|f| f.path).collect(),
            order,
            target: target.into(),
        }
    }

    /// Does every file once.
    fn run<P: Parts>(self: &Arc<Self>, parts: P, threads: usize) -> Took {
        let start = Instant::now();
        let library = Arc::clone(self);
        let table = Table::new(parts, self.paths.len());
        let next = P::Lock::<usize>::new(0);
        let phases = Arc::new(P::Lock::<Phases>::new(Phases::default()));
        let sum = Arc::clone(&phases);
        let work = move || {
            let mut desk = Desk::new(&table, library.target, false);
            let turns = Turns::default();
            let take = |next: &mut usize| {
                *next += 1;
                library.order.get(*next - 1).copied()
            };
            while let Some(file) = next.with(&turns, take) {
                // A file that cannot be done takes the same time on both sides.
                drop(desk.file(&library.paths[file as usize], file));
            }
            sum.with(&turns, |sum| sum.add(desk.phases));
        };
        let work: Arc<dyn Fn() + Send + Sync> = Arc::new(work);
        parts.on_threads(threads, &work);
        let phases = phases.with(&Turns::default(), |phases| *phases);
        Took {
            landing: phases.land * 1e3,
            whole: start.elapsed().as_secs_f64() * 1e3,
        }
    }
}

fn main() {
    let options = Options::from_args();
    let library = Arc::new(Library::find());
    let secret = HashSecret::from_seed(42);
    let keys = secret.siphash_keys();
    let (ours, peers) = (Ours { secret }, Peers { keys });
    for threads in [1, 2, 16] {
        let name = format!("frontend, {} files, {threads} threads", library.paths.len());
        if !options.wants(&name) {
            continue;
        }
        let mut rounds = Vec::new();
        for round in 0..options.rounds {
            let (a, b);
            if round % 2 == 0 {
                a = library.run(ours, threads);
                b = library.run(peers, threads);
            } else {
                b = library.run(peers, threads);
                a = library.run(ours, threads);
            }
            rounds.push((a, b));
        }
        show(&name, &rounds);
    }
}

fn show(name: &str, rounds: &[(Took, Took)]) {
    println!("\n{name} (ms per library, {} rounds)", rounds.len());
    println!(
        "  {:<10} {:>10} {:>10} {:>12}",
        "", "ours", "peers", "ours/theirs"
    );
    let landing: fn(&Took) -> f64 = |t| t.landing;
    let whole: fn(&Took) -> f64 = |t| t.whole;
    for (what, of) in [("landing", landing), ("the whole", whole)] {
        let ours = median(rounds.iter().map(|(a, _)| of(a)));
        let theirs = median(rounds.iter().map(|(_, b)| of(b)));
        let ratio = median(rounds.iter().map(|(a, b)| of(a) / of(b)));
        println!("  {what:<10} {ours:>10.1} {theirs:>10.1} {ratio:>12.3}");
    }
}
