//! A supervisor of worker threads: it joins each with a timeout, reports panics, hands a handle to
//! a second joiner, and takes most of its threads from a cache.
//!
//! Run: `cargo run -p py-thread --example supervisor`

use py_thread::{Builder, Handle, Outcome, WorkerCache};
use std::sync::mpsc;
use std::time::Duration;

/// What the supervisor says of a worker.
#[derive(Debug, PartialEq)]
pub enum Verdict {
    /// It returned in time.
    Done,
    /// It panicked, with this message.
    Panicked(String),
    /// It still runs.
    Late,
}

/// Waits for a worker, at most for `patience`. Another thread may join it at the same time, and
/// gets the same outcome.
pub fn verdict(worker: &Handle, patience: Duration) -> Result<Verdict, py_thread::JoinError> {
    Ok(match worker.join_timeout(Some(patience))? {
        None => Verdict::Late,
        Some(Outcome::Returned) => Verdict::Done,
        Some(Outcome::Panicked(panic)) => Verdict::Panicked(panic.message().to_owned()),
    })
}

/// Runs the three kinds of worker; a test does too.
pub fn run() -> Result<Vec<Verdict>, Box<dyn std::error::Error>> {
    let patience = Duration::from_secs(60);
    let (stop, stopped) = mpsc::channel::<()>();

    let quick = Builder::new().name("quick").start(|| ())?;
    let broken = Builder::new()
        .name("broken")
        .start(|| panic!("no such file"))?;
    let slow = Builder::new().name("slow").start(move || {
        let _ = stopped.recv();
    })?;

    // A second joiner, on another thread, with a clone of the handle.
    let second = broken.clone();
    let second = py_thread::start(move || {
        assert!(matches!(second.join(), Ok(Outcome::Panicked(_))));
    })?;

    let mut verdicts = vec![
        verdict(&quick, patience)?,
        verdict(&broken, patience)?,
        verdict(&slow, Duration::from_millis(20))?, // it waits for `stop`
    ];
    drop(stop);
    verdicts.push(verdict(&slow, patience)?);
    assert!(second.join()?.is_returned());

    // Many short jobs: a cached worker costs a small part of a new thread.
    let cache = WorkerCache::new(4);
    for _ in 0..1000 {
        assert!(cache.start(|| ())?.join()?.is_returned());
    }
    Ok(verdicts)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for verdict in run()? {
        println!("{verdict:?}");
    }
    Ok(())
}
