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
    // SAFETY: locked above.
    unsafe { m.unlock() };
    assert!(!m.is_locked());
    assert!(format!("{m:?}").contains("locked: false"));
}

#[test]
fn unlocking_an_unlocked_mutex_panics_and_changes_nothing() {
    let m = RawMutex::new();
    // SAFETY: not locked, which is what is tested: it panics before it looks at any waiter.
    let panic = catch_unwind(AssertUnwindSafe(|| unsafe { m.unlock() })).unwrap_err();
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
