//! Readers beside writers of one lock: how many turns each side gets, and how long it waits.

use crate::contend::Padded;
use crate::pin::{ticks, ticks_per_ms, work};
use crate::rw_locks::RwLock;
use std::cell::UnsafeCell;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Who fights, and for how many nanoseconds each holds the lock and works between two turns.
#[derive(Clone, Copy, Debug)]
pub struct Mix {
    /// Threads that only read.
    pub readers: usize,
    /// Threads that only write.
    pub writers: usize,
    /// Nanoseconds with the lock.
    pub inside: u64,
    /// Nanoseconds without it.
    pub outside: u64,
}

/// What one side had.
#[derive(Clone, Copy, Debug)]
pub struct Side {
    /// Turns per microsecond, all threads of the side together.
    pub per_us: f64,
    /// The longest time that one thread waited for one turn, in milliseconds.
    pub longest_ms: f64,
}

/// What the lock guards: two words that writers keep equal.
struct Guarded(UnsafeCell<[u64; 2]>);

// SAFETY: read and written while the lock under test is held.
unsafe impl Sync for Guarded {}

/// A run of `slice`: the readers, the writers.
///
/// # Panics
/// If the lock let a reader in beside a writer, or lost a write.
pub fn run<L: RwLock>(mix: Mix, slice: Duration) -> (Side, Side) {
    let lock = Padded((L::new(), Guarded(UnsafeCell::new([0; 2]))));
    let (stop, go) = (
        Padded(AtomicBool::new(false)),
        Padded(AtomicBool::new(false)),
    );
    let ready = AtomicUsize::new(0);
    work(1); // Calibrates.
    let all = mix.readers + mix.writers;
    let (runs, elapsed) = std::thread::scope(|scope| {
        let (lock, stop, go, ready) = (&lock.0, &stop.0, &go.0, &ready);
        let spawn = |i| {
            scope.spawn(move || {
                ready.fetch_add(1, Relaxed);
                while !go.load(Relaxed) {
                    std::thread::yield_now();
                }
                let turn = || match i < mix.readers {
                    true => read(&lock.0, &lock.1, mix.inside),
                    false => write(&lock.0, &lock.1, mix.inside),
                };
                let (mut turns, mut longest) = (0, 0);
                while !stop.load(Relaxed) {
                    let asked = ticks();
                    longest = longest.max(turn().saturating_sub(asked));
                    turns += 1;
                    work(mix.outside);
                }
                (turns, longest)
            })
        };
        let threads: Vec<_> = (0..all).map(spawn).collect();
        while ready.load(Relaxed) < all {
            std::thread::yield_now();
        }
        let start = Instant::now();
        go.store(true, Relaxed);
        std::thread::sleep(slice);
        stop.store(true, Relaxed);
        let elapsed = start.elapsed();
        let join = |t: std::thread::ScopedJoinHandle<'_, _>| t.join().expect("no thread panics");
        let runs: Vec<(u64, u64)> = threads.into_iter().map(join).collect();
        (runs, elapsed)
    });
    let (readers, writers) = runs.split_at(mix.readers);
    let written: u64 = writers.iter().map(|w| w.0).sum();
    assert_eq!(lock.0.1.0.into_inner(), [written; 2], "{}", L::NAME);
    let side = |threads: &[(u64, u64)]| Side {
        per_us: threads.iter().map(|t| t.0).sum::<u64>() as f64 / elapsed.as_secs_f64() / 1e6,
        longest_ms: threads.iter().map(|t| t.1).max().unwrap_or(0) as f64 / ticks_per_ms(),
    };
    (side(readers), side(writers))
}

/// Reads once; returns when it got the lock.
fn read<L: RwLock>(lock: &L, guarded: &Guarded, inside: u64) -> u64 {
    lock.read(|| {
        let got = ticks();
        // SAFETY: the lock is held for reading.
        let [a, b] = unsafe { *black_box(guarded.0.get()) };
        assert_eq!(a, b, "{} lets readers in beside a writer", L::NAME);
        work(inside);
        got
    })
}

/// Writes once; returns when it got the lock.
fn write<L: RwLock>(lock: &L, guarded: &Guarded, inside: u64) -> u64 {
    lock.write(|| {
        let got = ticks();
        // SAFETY: the lock is held for writing.
        let words = unsafe { &mut *black_box(guarded.0.get()) };
        words[0] += 1;
        work(inside);
        words[1] += 1;
        got
    })
}
