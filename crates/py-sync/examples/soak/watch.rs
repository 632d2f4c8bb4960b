//! The watchdog: no thread may stand still, and memory may not grow.

use crate::jobs::Jobs;
use crate::options::Options;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How many jobs each thread has done. `Relaxed` throughout: figures that order nothing.
pub(crate) struct Progress(Vec<AtomicU64>);

/// The figure of a thread that has ended.
const ENDED: u64 = u64::MAX;

impl Progress {
    pub(crate) fn new(threads: usize) -> Progress {
        Progress((0..threads).map(|_| AtomicU64::new(0)).collect())
    }

    pub(crate) fn step(&self, i: usize) {
        self.0[i].fetch_add(1, Relaxed);
    }

    pub(crate) fn end(&self, i: usize) {
        self.0[i].store(ENDED, Relaxed);
    }

    fn figures(&self) -> Vec<u64> {
        self.0.iter().map(|figure| figure.load(Relaxed)).collect()
    }
}

/// Since when each thread has made no progress.
struct Standstill {
    last: Vec<(u64, Instant)>,
}

impl Standstill {
    fn new(progress: &Progress) -> Standstill {
        let now = Instant::now();
        let last = progress.figures().into_iter().map(|n| (n, now)).collect();
        Standstill { last }
    }

    /// Complains of the first thread that has stood still for `patience`.
    fn look(&mut self, progress: &Progress, patience: Duration) -> Result<(), String> {
        let now = Instant::now();
        for (i, n) in progress.figures().into_iter().enumerate() {
            if n == ENDED || self.last[i].0 != n {
                self.last[i] = (n, now);
            } else if now - self.last[i].1 > patience {
                print_waiters();
                return Err(format!("thread {i} has stood still for {patience:?}"));
            }
        }
        Ok(())
    }
}

/// Watches until the time is up; says how it goes ten times.
pub(crate) fn until_the_end(
    options: &Options,
    jobs: &Jobs,
    progress: &Progress,
) -> Result<(), String> {
    let start = Instant::now();
    let mut standstill = Standstill::new(progress);
    let mut memory = Memory::default();
    let mut reports = 0;
    let mut forked = 0;
    while start.elapsed() < options.time {
        std::thread::sleep(Duration::from_millis(20));
        standstill.look(progress, options.patience)?;
        let part = start.elapsed().as_secs_f64() / options.time.as_secs_f64();
        #[cfg(unix)]
        while forked < (part * options.forks as f64) as u64 {
            crate::forks::fork_one(jobs)?;
            forked += 1;
        }
        if part * 10.0 >= f64::from(reports + 1) {
            reports += 1;
            let done: u64 = progress.figures().iter().sum();
            memory.look();
            println!(
                "{:>6.0} s: {done} jobs, {forked} forks, {memory}{}",
                start.elapsed().as_secs_f64(),
                counters()
            );
        }
    }
    let _ = (jobs, &mut forked);
    memory.is_flat()
}

/// After the stop: every thread ends.
pub(crate) fn all_end(
    options: &Options,
    progress: &Progress,
    threads: &[JoinHandle<()>],
) -> Result<(), String> {
    let mut standstill = Standstill::new(progress);
    while !threads.iter().all(JoinHandle::is_finished) {
        std::thread::sleep(Duration::from_millis(20));
        standstill.look(progress, options.patience)?;
    }
    Ok(())
}

#[cfg(feature = "diagnostics")]
fn print_waiters() {
    println!("{}", py_sync::diagnostics::snapshot());
}

#[cfg(not(feature = "diagnostics"))]
fn print_waiters() {
    println!("(the feature `diagnostics` would say who waits for what)");
}

#[cfg(feature = "diagnostics")]
fn counters() -> String {
    format!(", {}", py_sync::diagnostics::counters())
}

#[cfg(not(feature = "diagnostics"))]
fn counters() -> &'static str {
    ""
}

/// Resident memory in KiB, at each report. The first may still warm up; the later ones are flat.
#[derive(Default)]
struct Memory(Vec<u64>);

/// What the figures may differ by: the allocator's own ups and downs.
const SLACK_KIB: u64 = 8 * 1024;

impl Memory {
    fn look(&mut self) {
        self.0.extend(resident_kib());
    }

    fn is_flat(&self) -> Result<(), String> {
        match (self.0.get(1), self.0.last()) {
            (Some(early), Some(late)) if *late > early + SLACK_KIB => {
                Err(format!("memory grew from {early} to {late} KiB"))
            }
            _ => Ok(()),
        }
    }
}

impl std::fmt::Display for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.last() {
            Some(kib) => write!(f, "{kib} KiB resident"),
            None => f.write_str("memory unknown"),
        }
    }
}

#[cfg(target_os = "linux")]
fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(not(target_os = "linux"))]
fn resident_kib() -> Option<u64> {
    None
}
