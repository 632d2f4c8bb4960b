//! All levels of a recursive mutex at once, as a condition variable over it needs them.

use py_sync::RecursiveMutex;
use py_thread::LogicalThread;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

fn levels(n: usize) -> NonZeroUsize {
    NonZeroUsize::new(n).unwrap()
}

#[rstest::rstest]
fn what_was_given_up_is_taken_back(#[values(1, 2, 7)] n: usize) {
    let m = RecursiveMutex::new();
    (0..n).for_each(|_| m.lock());
    assert_eq!(m.unlock_all(), levels(n));
    assert_eq!((m.is_locked(), m.level()), (false, 0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            assert!(m.try_lock(), "free for others");
            assert_eq!((m.level(), m.unlock_all()), (0, levels(1)));
        });
    });
    m.lock_levels(levels(n));
    assert!(m.is_locked_by_current_thread());
    (0..n).for_each(|_| m.unlock());
    assert!(!m.is_locked() && !m.try_unlock());
}

#[test]
fn levels_are_added_to_those_that_are_held() {
    let m = RecursiveMutex::new();
    m.lock();
    m.lock();
    m.lock_levels(levels(3));
    assert_eq!(m.try_unlock_all(), Some(levels(5)));
    assert_eq!(m.try_unlock_all(), None);
}

#[test]
fn only_the_holder_unlocks_all() {
    let m = RecursiveMutex::new();
    assert_eq!(m.try_unlock_all(), None);
    let generator = LogicalThread::new();
    m.lock_levels_as(generator.ident(), levels(2));
    assert_eq!(m.try_unlock_all(), None);
    let panic = catch_unwind(AssertUnwindSafe(|| m.unlock_all())).unwrap_err();
    assert_eq!(
        panic.downcast_ref::<&str>(),
        Some(&"unlocking a recursive mutex that is not owned by the current thread")
    );
    assert_eq!(m.level(), 1, "nothing has been changed");
    assert_eq!(m.unlock_all_as(generator.ident()), levels(2));
}

#[test]
fn there_may_be_as_many_levels_as_a_number_can_count() {
    let m = RecursiveMutex::new();
    m.lock();
    m.lock_levels(NonZeroUsize::MAX);
    assert_eq!(m.level(), usize::MAX);
}

#[test]
fn levels_that_would_overflow_panic_and_change_nothing() {
    let m = RecursiveMutex::new();
    m.lock_levels(NonZeroUsize::MAX);
    m.lock(); // `usize::MAX` levels beyond the first
    let more = || m.lock_levels(levels(1));
    assert!(catch_unwind(AssertUnwindSafe(more)).is_err());
    assert_eq!(m.level(), usize::MAX);
    assert_eq!(m.unlock_all(), NonZeroUsize::MAX, "as many as can be said");
    assert!(!m.is_locked());
}

/// Python's `Condition`: each thread gives its levels up while the others have the mutex.
#[test]
fn threads_exclude_each_other_across_release_and_restore() {
    let m = RecursiveMutex::new();
    // Only ever tried: the mutex under test is what excludes.
    let inside = Mutex::new(());
    std::thread::scope(|scope| {
        for n in 1..4 {
            let (m, inside) = (&m, &inside);
            scope.spawn(move || {
                (0..n).for_each(|_| m.lock());
                for _ in 0..if cfg!(miri) { 5 } else { 2_000 } {
                    drop(inside.try_lock().expect("nobody else is inside"));
                    let all = m.unlock_all();
                    assert_eq!(all, levels(n));
                    m.lock_levels(all);
                    assert_eq!(m.level(), n - 1);
                }
                m.unlock_all();
            });
        }
    });
    assert!(!m.is_locked());
}

#[test]
fn a_mutex_is_locked_without_detaching() {
    let (m, r) = (py_sync::Mutex::new(), RecursiveMutex::new());
    m.lock_attached();
    r.lock_attached();
    r.lock_attached();
    assert!(m.is_locked() && r.level() == 1);
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            m.lock_attached();
            m.unlock();
        });
        std::thread::yield_now();
        m.unlock();
        waiter.join().unwrap();
    });
}
