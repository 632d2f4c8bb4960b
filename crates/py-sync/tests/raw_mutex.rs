//! [`RawMutex`] with real threads.

use py_sync::RawMutex;
use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

struct Counter(RawMutex, UnsafeCell<u64>);
// SAFETY: the cell is touched under the mutex only.
unsafe impl Sync for Counter {}

#[test]
fn lock_and_unlock_change_what_is_locked_says() {
    let m = RawMutex::default();
    assert!(!m.is_locked());
    m.lock();
    assert!(m.is_locked());
    assert!(!m.try_lock());
    m.unlock();
    assert!(!m.is_locked());
    assert!(format!("{m:?}").contains("locked: false"));
}

#[test]
fn unlocking_an_unlocked_mutex_panics_and_changes_nothing() {
    let m = RawMutex::new();
    let panic = catch_unwind(AssertUnwindSafe(|| m.unlock())).unwrap_err();
    assert_eq!(
        panic.downcast_ref(),
        Some(&"unlocking mutex that is not locked")
    );
    assert!(m.try_lock());
}

#[test]
fn many_threads_count_exactly() {
    let (threads, rounds) = if cfg!(miri) { (3, 20) } else { (8, 5_000) };
    let counter = Counter(RawMutex::new(), UnsafeCell::new(0));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let counter = &counter;
                for _ in 0..rounds {
                    let _guard = counter.0.lock_guard();
                    // SAFETY: the mutex is held.
                    unsafe { *counter.1.get() += 1 };
                }
            });
        }
    });
    assert_eq!(counter.1.into_inner(), threads * rounds);
    assert!(!counter.0.is_locked());
}

/// Each round one thread too many unlocks, beside lockers who wait: nobody is lost, and of all
/// unlocks exactly as many succeed as there were locks.
#[test]
fn wrong_unlocks_beside_waiters_are_told_and_harm_nobody() {
    let rounds = if cfg!(miri) { 20 } else { 20_000 };
    let m = RawMutex::new();
    let unlock = |_: usize| usize::from(m.try_unlock());
    let (locks, unlocks) = std::thread::scope(|scope| {
        let lockers = [(); 3].map(|()| {
            scope.spawn(|| {
                let lock_and_unlock = |round| {
                    m.lock();
                    unlock(round)
                };
                (0..rounds).map(lock_and_unlock).sum::<usize>()
            })
        });
        let wrong = scope.spawn(|| (0..rounds).map(unlock).sum::<usize>());
        let right: usize = lockers.map(|l| l.join().unwrap()).iter().sum();
        (3 * rounds, right + wrong.join().unwrap())
    });
    assert_eq!(locks, unlocks);
    assert!(m.try_lock());
}
