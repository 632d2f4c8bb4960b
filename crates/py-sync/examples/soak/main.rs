//! Soak: 64 threads use every primitive, timed and untimed, for half an hour.
//!
//! ```text
//! cargo run --release -p py-sync --features diagnostics --example soak -- [options]
//!   --seconds N       how long (1800)
//!   --threads N       how many (64)
//!   --patience N      how long a thread may make no progress before that is a hang (60 s)
//!   --forks N         fork N children in between (0)
//!   --seed N          of the random choices (the clock)
//!   --prove-watchdog  plant a lost wake-up: must end with status 1
//! ```
//!
//! Ends with 0 if no thread hung, every count is exact and memory stayed flat; with 1 if not, and
//! says why. With the feature `diagnostics` a hang prints who waits for what.

#[cfg(unix)]
mod forks;
mod jobs;
mod options;
mod random;
mod watch;

use jobs::Jobs;
use options::Options;
use py_sync::{LockFlags, park};
use random::Random;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use watch::Progress;

fn main() -> ExitCode {
    ExitCode::from(run(std::env::args().skip(1)))
}

/// The soak, and its exit status; `args` without the program's name.
pub(crate) fn run(args: impl Iterator<Item = String>) -> u8 {
    let options = match Options::parse(args) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("soak: {error}");
            return 2;
        }
    };
    println!("{options}");
    match soak(&options) {
        Ok(()) => {
            println!("no thread hung, every count is exact, memory stayed flat");
            0
        }
        Err(error) => {
            println!("soak: {error}");
            1
        }
    }
}

fn soak(options: &Options) -> Result<(), String> {
    let jobs = Arc::new(Jobs::new());
    let progress = Arc::new(Progress::new(options.threads + usize::from(options.prove_watchdog)));
    let stop = Arc::new(AtomicBool::new(false));
    let threads: Vec<_> = (0..options.threads)
        .map(|i| {
            let (jobs, progress, stop) = (jobs.clone(), progress.clone(), stop.clone());
            let random = Random::new(options.seed + i as u64);
            std::thread::spawn(move || work(&jobs, &progress, &stop, i, random))
        })
        .collect();
    let servant = {
        let (jobs, stop) = (jobs.clone(), stop.clone());
        std::thread::spawn(move || jobs.serve(&stop))
    };
    if options.prove_watchdog {
        lose_a_wake_up(&progress, options.threads);
    }
    // On a hang the threads are left where they are: the process ends with its evidence printed.
    watch::until_the_end(options, &jobs, &progress)?;
    // Relaxed: the joins below order what follows.
    stop.store(true, Relaxed);
    watch::all_end(options, &progress, &threads)?;
    for thread in threads {
        thread.join().map_err(|_| "a thread panicked")?;
    }
    servant.join().map_err(|_| "the servant panicked")?;
    jobs.check()
}

/// One thread: random jobs, until told to stop.
fn work(jobs: &Jobs, progress: &Progress, stop: &AtomicBool, i: usize, mut random: Random) {
    // Relaxed: a hint that comes soon enough.
    while !stop.load(Relaxed) {
        jobs.one(&mut random);
        progress.step(i);
    }
    progress.end(i);
}

/// A thread more, that waits for a wake-up which nobody sends.
fn lose_a_wake_up(progress: &Arc<Progress>, i: usize) {
    static NOBODY_WAKES: u8 = 0;
    let progress = progress.clone();
    std::thread::spawn(move || {
        let key = (&raw const NOBODY_WAKES).addr();
        // SAFETY: the key is the address of a static of ours; the closure is a constant.
        let _ = unsafe { park(key, || true, 0, None, LockFlags::NONE) };
        progress.end(i);
    });
}
