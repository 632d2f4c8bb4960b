//! [`RecursiveMutex`] with real threads and with idents that are passed by hand.

use py_sync::{LockFlags, LockStatus, RecursiveMutex};
use py_thread::{Ident, LogicalThread};
use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

const NOT_OWNED: &str = "unlocking a recursive mutex that is not owned by the current thread";

#[test]
fn the_first_lock_is_level_0_and_the_last_unlock_frees() {
    let m = RecursiveMutex::default();
    for level in 0..3 {
        m.lock();
        assert_eq!(m.level(), level);
        assert!(m.is_locked() && m.is_locked_by_current_thread());
    }
    for level in [1, 0] {
        m.unlock();
        assert_eq!(m.level(), level);
        assert!(m.is_locked_by(Ident::current()));
    }
    m.unlock();
    assert!(!m.is_locked() && !m.is_locked_by_current_thread());
    assert_eq!(format!("{m:?}"), "RecursiveMutex { owner: None, level: 0 }");
}

#[test]
fn unlocking_what_another_holds_panics_and_changes_nothing() {
    let m = RecursiveMutex::new();
    let unlock = || m.unlock();
    let panic = catch_unwind(AssertUnwindSafe(unlock)).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&NOT_OWNED));
    assert!(!m.is_locked());

    m.lock();
    m.lock();
    std::thread::scope(|scope| {
        let panic = scope.spawn(unlock).join().unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&NOT_OWNED));
        scope.spawn(|| {
            assert!(!m.try_unlock() && !m.is_locked_by_current_thread() && !m.try_lock());
            assert!(m.try_lock_guard().is_none());
        });
    });
    assert_eq!((m.level(), m.is_locked_by_current_thread()), (1, true));
}

#[test]
fn a_logical_thread_keeps_its_lock_on_any_thread() {
    let m = RecursiveMutex::new();
    let mut generator = LogicalThread::new();
    generator.run(|| m.lock());
    assert!(m.is_locked_by(generator.ident()) && !m.is_locked_by_current_thread());
    assert!(!m.try_lock());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            generator.run(|| {
                m.lock();
                m.unlock();
                m.unlock();
            });
        });
    });
    assert!(!m.is_locked());
}

#[test]
fn a_timed_lock_waits_for_others_only() {
    let m = RecursiveMutex::new();
    let timeout = Duration::from_millis(10);
    let timed = || m.lock_timed(Some(timeout), LockFlags::DETACH);
    assert_eq!(timed(), LockStatus::Acquired);
    assert_eq!(timed(), LockStatus::Acquired);
    assert_eq!(m.level(), 1);
    std::thread::scope(|scope| {
        let start = Instant::now();
        assert_eq!(scope.spawn(timed).join().unwrap(), LockStatus::Failure);
        assert!(start.elapsed() >= timeout);
    });
    assert_eq!((m.level(), m.is_locked_by_current_thread()), (1, true));
}

#[test]
fn a_level_that_would_overflow_panics_and_changes_nothing() {
    #[repr(C)]
    struct Fields {
        mutex: u8,
        owner: AtomicU64,
        level: usize,
    }
    let fields = Fields {
        mutex: 1,
        owner: AtomicU64::new(Ident::current().get()),
        level: usize::MAX,
    };
    // SAFETY: the same layout (`repr(C)`), and no byte of padding is read.
    let m: RecursiveMutex = unsafe { std::mem::transmute(fields) };
    for lock in [RecursiveMutex::lock, |m: &RecursiveMutex| {
        assert!(m.try_lock())
    }] {
        catch_unwind(AssertUnwindSafe(|| lock(&m))).unwrap_err();
        assert_eq!(m.level(), usize::MAX);
    }
    m.unlock();
    assert_eq!(m.level(), usize::MAX - 1);
    m.lock();
}

#[test]
fn threads_exclude_each_other_at_every_level() {
    struct Counter(RecursiveMutex, UnsafeCell<usize>, AtomicUsize);
    // SAFETY: the cell is touched under the mutex only.
    unsafe impl Sync for Counter {}
    let rounds = if cfg!(miri) { 10 } else { 5_000 };
    let counter = Counter(
        RecursiveMutex::new(),
        UnsafeCell::new(0),
        AtomicUsize::new(0),
    );
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let counter = &counter;
                for depth in 0..rounds {
                    let guards: Vec<_> =
                        (0..1 + depth % 3).map(|_| counter.0.lock_guard()).collect();
                    assert_eq!(counter.0.level(), depth % 3);
                    // SAFETY: the mutex is held.
                    unsafe { *counter.1.get() += 1 };
                    drop(guards);
                }
                counter.2.fetch_add(rounds, SeqCst);
            });
        }
    });
    assert_eq!(counter.1.into_inner(), 4 * rounds);
    assert_eq!(counter.2.into_inner(), 4 * rounds);
}

#[test]
fn a_guard_holds_a_level_until_it_is_dropped() {
    let m = RecursiveMutex::new();
    let outer = m.try_lock_guard().expect("it is free");
    let inner = m.lock_guard();
    assert_eq!(m.level(), 1);
    drop(inner);
    assert_eq!((m.level(), m.is_locked()), (0, true));
    drop(outer);
    assert!(!m.is_locked());
}

#[test]
fn made_anew_it_is_nobodys() {
    let m = RecursiveMutex::new();
    m.lock();
    m.lock();
    // SAFETY: nobody else knows it, and it guards nothing.
    unsafe { m.at_fork_reinit() };
    assert!(!m.is_locked() && !m.is_locked_by_current_thread());
    assert_eq!(m.level(), 0);
    m.lock();
    assert_eq!(m.level(), 0, "the first lock of it");
    assert!(m.try_unlock());
    assert!(!m.is_locked());
}
