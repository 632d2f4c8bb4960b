//! Readers of one lock at once: how many turns they get in all.

use crate::contend::Padded;
use crate::pin::pin_current;
use crate::rw_locks::RwLock;
use std::cell::UnsafeCell;
use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// What the lock guards: two words that a writer keeps equal.
struct Guarded(UnsafeCell<[u64; 2]>);

// SAFETY: read and written while the lock under test is held.
unsafe impl Sync for Guarded {}

/// Nanoseconds per turn, all threads together, in a run of `slice`: thread `i` on processor `i`
/// if `pinned`.
///
/// # Panics
/// If a reader was let in while the writer, who comes once in the middle, was not done.
pub fn run<L: RwLock>(threads: usize, pinned: bool, slice: Duration) -> f64 {
    let lock = Padded((L::new(), Guarded(UnsafeCell::new([0; 2]))));
    let (stop, go) = (Padded(AtomicBool::new(false)), Barrier::new(threads + 1));
    let runs: Vec<(u64, Instant, Instant)> = std::thread::scope(|scope| {
        let (lock, stop, go) = (&lock.0, &stop.0, &go);
        let spawn = |i| {
            scope.spawn(move || {
                if pinned {
                    pin_current(i);
                }
                go.wait();
                let (start, mut turns) = (Instant::now(), 0u64);
                while !stop.load(Relaxed) {
                    // SAFETY: the lock is held for reading.
                    let [a, b] = lock.0.read(|| unsafe { *black_box(lock.1.0.get()) });
                    assert_eq!(a, b, "{} lets readers in beside the writer", L::NAME);
                    turns += 1;
                }
                (turns, start, Instant::now())
            })
        };
        let threads: Vec<_> = (0..threads).map(spawn).collect();
        go.wait();
        std::thread::sleep(slice / 2);
        lock.0.write(|| {
            // SAFETY: the lock is held for writing.
            unsafe { *black_box(lock.1.0.get()) = [1; 2] };
        });
        std::thread::sleep(slice / 2);
        stop.store(true, Relaxed);
        let join = |t: std::thread::ScopedJoinHandle<'_, _>| t.join().expect("no thread panics");
        threads.into_iter().map(join).collect()
    });
    // By the readers' own clocks: this thread may be late in starting and in stopping them.
    let turns: u64 = runs.iter().map(|r| r.0).sum();
    let start = runs.iter().map(|r| r.1).min().expect("there is a thread");
    let end = runs.iter().map(|r| r.2).max().expect("there is a thread");
    (end - start).as_nanos() as f64 / turns.max(1) as f64
}
