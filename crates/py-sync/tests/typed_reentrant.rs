//! The raw reentrant mutex with real threads.
#![cfg(feature = "typed")]

use py_sync::typed::RawReentrantMutex;
use static_assertions::{assert_eq_size, assert_impl_all};
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::{Duration, Instant};

assert_eq_size!(RawReentrantMutex, [u64; 3]);
assert_impl_all!(RawReentrantMutex: Send, Sync, Default, Debug);

#[test]
fn the_holder_locks_again_and_others_wait() {
    let m = RawReentrantMutex::INIT;
    m.lock();
    assert!(m.try_lock() && m.try_lock_for(Duration::ZERO) && m.try_lock_until(Instant::now()));
    assert!(m.is_locked() && m.is_owned_by_current_thread());
    assert_eq!(format!("{m:?}"), "RawReentrantMutex { locked: true }");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            assert!(!m.is_owned_by_current_thread() && !m.try_lock());
            let (timeout, start) = (Duration::from_millis(5), Instant::now());
            assert!(!m.try_lock_for(timeout) && start.elapsed() >= timeout);
            assert!(!m.try_lock_until(Instant::now()));
            assert!(catch_unwind(AssertUnwindSafe(|| m.unlock())).is_err());
            assert!(catch_unwind(AssertUnwindSafe(|| m.unlock_all())).is_err());
        });
    });
    (0..4).for_each(|_| m.unlock());
    assert!(!m.is_locked() && !m.is_owned_by_current_thread());
}

/// The thread's own ident: a logical thread that it runs is no other holder.
#[test]
fn the_holder_is_the_thread() {
    let m = RawReentrantMutex::new();
    m.lock();
    let mut generator = py_thread::LogicalThread::new();
    generator.run(|| {
        assert!(m.is_owned_by_current_thread() && m.try_lock());
        m.unlock();
    });
    m.unlock();
    assert!(!m.is_locked());
}

#[test]
fn threads_exclude_each_other_across_all_levels() {
    let m = RawReentrantMutex::default();
    // Only ever tried: the mutex under test is what excludes.
    let inside = Mutex::new(());
    std::thread::scope(|scope| {
        for n in 1..4 {
            let (m, inside) = (&m, &inside);
            scope.spawn(move || {
                for _ in 0..if cfg!(miri) { 3 } else { 1_000 } {
                    (0..n).for_each(|_| m.lock());
                    drop(inside.try_lock().expect("nobody else is inside"));
                    let levels = m.unlock_all();
                    assert_eq!(levels.get(), n);
                    m.lock_levels(levels);
                    drop(inside.try_lock().expect("nobody else is inside"));
                    (0..n).for_each(|_| m.unlock());
                }
            });
        }
    });
    assert!(!m.is_locked());
}
