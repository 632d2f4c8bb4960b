//! Threads that fight for one lock: how many turns they get, how evenly, and how long the one
//! that waits longest waits, all of one and the same run.

use crate::locks::Lock;
use crate::pin::{pin_current, ticks, ticks_per_ms, work};
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// How the threads behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// How many there are.
    pub threads: usize,
    /// Nanoseconds of work while holding the lock.
    pub inside: u64,
    /// Nanoseconds of work between two turns.
    pub outside: u64,
    /// Thread `i` on processor `i`, or wherever the system puts it.
    pub pinned: bool,
}

/// What a run found.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// Turns per microsecond, all threads together.
    pub per_us: f64,
    /// The longest time that one thread waited for one turn, in milliseconds.
    pub longest_ms: f64,
    /// Jain's index of the turns per thread: 1 is even, 1/n is one thread only.
    pub jain: f64,
}

/// A line of its own, so that nothing but the lock is fought for.
#[repr(align(256))]
pub(crate) struct Padded<T>(pub(crate) T);

/// What the lock guards: a plain count, which comes out right only if the lock excludes.
struct Guarded(UnsafeCell<u64>);
// SAFETY: touched while the lock under test is held.
unsafe impl Sync for Guarded {}

impl Guarded {
    #[inline]
    fn increment(&self) {
        // SAFETY: the lock is held.
        unsafe { *self.0.get() += 1 };
    }
}

/// One run of `slice`.
///
/// # Panics
/// If the lock did not exclude.
pub fn run<L: Lock>(cell: Cell, slice: Duration) -> Run {
    let lock = Padded((L::new(), Guarded(UnsafeCell::new(0))));
    let (stop, go) = (
        Padded(AtomicBool::new(false)),
        Padded(AtomicBool::new(false)),
    );
    let ready = AtomicUsize::new(0);
    work(1); // Calibrates.
    let (threads, elapsed) = std::thread::scope(|scope| {
        let (lock, stop, go, ready) = (&lock, &stop, &go, &ready);
        let spawn = |i| {
            scope.spawn(move || {
                if cell.pinned {
                    pin_current(i);
                }
                ready.fetch_add(1, Relaxed);
                while !go.0.load(Relaxed) {
                    std::thread::yield_now();
                }
                turns(&lock.0.0, &lock.0.1, cell, &stop.0)
            })
        };
        let threads: Vec<_> = (0..cell.threads).map(spawn).collect();
        while ready.load(Relaxed) < cell.threads {
            std::thread::yield_now();
        }
        let start = Instant::now();
        go.0.store(true, Relaxed);
        std::thread::sleep(slice);
        stop.0.store(true, Relaxed);
        let elapsed = start.elapsed();
        let join = |t: std::thread::ScopedJoinHandle<'_, _>| t.join().expect("no thread panics");
        let threads: Vec<(u64, u64)> = threads.into_iter().map(join).collect();
        (threads, elapsed)
    });
    let sum: u64 = threads.iter().map(|t| t.0).sum();
    assert_eq!(lock.0.1.0.into_inner(), sum, "{} excludes nobody", L::NAME);
    let squares: f64 = threads.iter().map(|t| (t.0 as f64).powi(2)).sum();
    let longest = threads.iter().map(|t| t.1).max().unwrap_or(0);
    Run {
        // A run without a single turn still has a ratio.
        per_us: sum.max(1) as f64 / elapsed.as_secs_f64() / 1e6,
        longest_ms: longest as f64 / ticks_per_ms(),
        jain: (sum as f64).powi(2) / (cell.threads as f64 * squares).max(1.0),
    }
}

/// Takes turns until stopped: how many, and the longest wait in ticks.
fn turns<L: Lock>(lock: &L, guarded: &Guarded, cell: Cell, stop: &AtomicBool) -> (u64, u64) {
    let (mut turns, mut longest) = (0, 0);
    while !stop.load(Relaxed) {
        let asked = ticks();
        let got = lock.with(|| {
            let got = ticks();
            guarded.increment();
            work(cell.inside);
            got
        });
        longest = longest.max(got.saturating_sub(asked));
        turns += 1;
        work(cell.outside);
    }
    (turns, longest)
}

/// A victim beside greedy threads.
#[derive(Clone, Copy, Debug)]
pub struct Starved {
    /// The most turns that the others took while the victim waited once.
    pub turns: u64,
    /// The longest wait of the victim, in milliseconds.
    pub longest_ms: f64,
    /// Turns of the greedy threads per second.
    pub greedy_per_s: f64,
}

/// A victim and its greedy neighbours, which hold the lock for `hold` nanoseconds and ask again at
/// once.
#[derive(Clone, Copy, Debug)]
pub struct Victim {
    /// How many greedy threads there are.
    pub greedy: usize,
    /// Nanoseconds that they hold the lock for.
    pub hold: u64,
    /// Nanoseconds that the victim holds it for.
    pub inside: u64,
    /// Nanoseconds of the victim's work between two turns.
    pub outside: u64,
    /// Thread `i` on processor `i`, or wherever the system puts it.
    pub pinned: bool,
}

/// Runs it for `slice`.
pub fn starve<L: Lock>(victim: Victim, slice: Duration) -> Starved {
    let lock = Padded(L::new());
    let (stop, taken) = (Padded(AtomicBool::new(false)), Padded(AtomicU64::new(0)));
    work(1); // Calibrates.
    std::thread::scope(|scope| {
        let (lock, stop, taken) = (&lock.0, &stop.0, &taken.0);
        for i in 0..victim.greedy {
            scope.spawn(move || {
                if victim.pinned {
                    pin_current(i + 1);
                }
                while !stop.load(Relaxed) {
                    lock.with(|| {
                        // Under the lock: no need for an atomic addition.
                        taken.store(taken.load(Relaxed) + 1, Relaxed);
                        work(victim.hold);
                    });
                }
            });
        }
        let starved = scope.spawn(move || {
            if victim.pinned {
                pin_current(0);
            }
            let (start, mut most, mut longest) = (Instant::now(), 0, 0);
            while start.elapsed() < slice {
                let (before, asked) = (taken.load(Relaxed), ticks());
                let (after, got) = lock.with(|| {
                    let seen = (taken.load(Relaxed), ticks());
                    work(victim.inside);
                    seen
                });
                most = most.max(after - before);
                longest = longest.max(got.saturating_sub(asked));
                work(victim.outside);
            }
            stop.store(true, Relaxed);
            Starved {
                turns: most,
                longest_ms: longest as f64 / ticks_per_ms(),
                greedy_per_s: taken.load(Relaxed) as f64 / start.elapsed().as_secs_f64(),
            }
        });
        starved.join().expect("the victim does not panic")
    })
}

/// Runs `f` beside `threads` threads that do nothing but compute.
pub fn beside_busy_loops<R>(threads: usize, f: impl FnOnce() -> R) -> R {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !stop.load(Relaxed) {
                    work(1000);
                }
            });
        }
        let result = f();
        stop.store(true, Relaxed);
        result
    })
}
