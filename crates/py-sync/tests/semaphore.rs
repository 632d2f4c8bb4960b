//! The counting semaphore: permits are counted. Who gets them is in `src/counting_semaphore/tests.rs`,
//! which sees the line.

use py_sync::{LockFlags, LockStatus, Semaphore};
use static_assertions::{assert_eq_align, assert_eq_size, assert_impl_all};
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

assert_eq_size!(Semaphore, usize);
assert_eq_align!(Semaphore, usize);
assert_impl_all!(Semaphore: Send, Sync, Default, Debug, UnwindSafe, RefUnwindSafe);

/// The mark, as its own `Debug` shows it.
fn is_parked_on(semaphore: &Semaphore) -> bool {
    format!("{semaphore:?}").contains("parked: true")
}

#[test]
fn permits_are_counted() {
    let s = Semaphore::new(2);
    assert!(s.try_acquire() && s.try_acquire() && !s.try_acquire());
    s.release();
    s.acquire();
    assert_eq!(s.permits(), 0);
    s.release_many(0);
    assert!(!s.try_acquire(), "none is none");
    s.release_many(3);
    assert_eq!(s.permits(), 3);
    assert_eq!(format!("{s:?}"), "Semaphore { permits: 3, parked: false }");
    assert_eq!(Semaphore::default().permits(), 0);
}

#[test]
fn all_zero_bytes_have_no_permit() {
    // SAFETY: an atomic integer, valid when zeroed.
    let s: Semaphore = unsafe { std::mem::zeroed() };
    assert!(!s.try_acquire());
    s.release();
    assert!(s.try_acquire());
}

#[test]
fn a_timed_wait_lasts_its_time_and_leaves_the_count() {
    let s = Semaphore::new(0);
    let timeout = Duration::from_millis(5);
    let start = Instant::now();
    let status = s.acquire_timed(Some(timeout), LockFlags::DETACH);
    assert_eq!(status, LockStatus::Failure);
    assert!(start.elapsed() >= timeout);
    let now = s.acquire_timed(Some(Duration::ZERO), LockFlags::NONE);
    assert_eq!(now, LockStatus::Failure);
    // Nobody is in line any more, and the mark that was left is no permit.
    assert!(is_parked_on(&s) && s.permits() == 0);
    s.release();
    assert!(!is_parked_on(&s) && s.permits() == 1);
    let status = s.acquire_timed(Some(Duration::MAX), LockFlags::NONE);
    assert_eq!(status, LockStatus::Acquired);
}

#[test]
fn a_release_before_the_wait_counts() {
    let s = Semaphore::new(0);
    std::thread::scope(|scope| {
        for _ in 0..if cfg!(miri) { 5 } else { 200 } {
            let waiter = scope.spawn(|| s.acquire());
            s.release();
            waiter.join().unwrap();
        }
    });
    assert_eq!(s.permits(), 0);
}

#[test]
fn too_many_permits_panic_and_change_nothing() {
    let most = Semaphore::MAX_PERMITS;
    assert!(catch_unwind(|| Semaphore::new(most + 1)).is_err());
    let s = Semaphore::new(most);
    let release = || s.release();
    let panic = catch_unwind(AssertUnwindSafe(release)).unwrap_err();
    assert_eq!(
        panic.downcast_ref::<&str>(),
        Some(&"semaphore released too often")
    );
    assert_eq!(s.permits(), most);
    let two = Semaphore::new(2);
    for permits in [most - 1, most, most + 1, usize::MAX] {
        let release = || two.release_many(permits);
        assert!(catch_unwind(AssertUnwindSafe(release)).is_err());
        assert_eq!(two.permits(), 2);
    }
    two.release_many(most - 2);
    assert_eq!(two.permits(), most);
}

#[test]
fn as_many_threads_are_inside_as_there_are_permits() {
    let (s, inside, most) = (Semaphore::new(3), AtomicUsize::new(0), AtomicUsize::new(0));
    let rounds = if cfg!(miri) { 5 } else { 2_000 };
    std::thread::scope(|scope| {
        for i in 0..6 {
            let (s, inside, most) = (&s, &inside, &most);
            scope.spawn(move || {
                for round in 0..rounds {
                    let micros = Duration::from_micros((i * 31 + round * 7) % 200);
                    let flags = LockFlags::NONE;
                    match round % 3 {
                        0 if s.acquire_timed(Some(micros), flags) != LockStatus::Acquired => {
                            continue;
                        }
                        0 => {}
                        _ => s.acquire(),
                    }
                    most.fetch_max(inside.fetch_add(1, SeqCst) + 1, SeqCst);
                    if round % 16 == 0 {
                        std::thread::yield_now();
                    }
                    inside.fetch_sub(1, SeqCst);
                    s.release();
                }
            });
        }
    });
    assert!(most.into_inner() <= 3);
    assert_eq!(s.permits(), 3, "neither lost nor made");
}

#[test]
fn a_guard_has_a_permit_until_it_is_dropped() {
    let s = Semaphore::new(2);
    let first = s.acquire_guard();
    let second = s.try_acquire_guard().expect("there is another");
    assert!(s.try_acquire_guard().is_none());
    drop(first);
    assert!(s.try_acquire());
    drop(second);
    assert!(s.try_acquire() && !s.try_acquire());
}

#[test]
fn made_anew_it_has_the_permits_that_it_is_told() {
    for permits in [0, 1, 2, 5] {
        let s = Semaphore::new(3);
        // SAFETY: nobody else knows it, and it guards nothing.
        unsafe { s.at_fork_reinit(permits) };
        let had = core::iter::repeat_with(|| s.try_acquire()).take_while(|had| *had);
        assert_eq!(had.count(), permits);
    }
}

#[test]
fn a_call_that_may_not_wait_leaves_no_mark() {
    let (s, now) = (Semaphore::new(0), Some(Duration::ZERO));
    assert_eq!(s.acquire_timed(now, LockFlags::DETACH), LockStatus::Failure);
    assert_eq!(s.acquire_with_signals(now, || Err("not asked")), Ok(false));
    assert!(!is_parked_on(&s));
}

#[test]
fn all_permits_that_there_may_be_can_be_released_to_a_waiter_and_no_more() {
    let s = Semaphore::new(0);
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| s.acquire());
        while !is_parked_on(&s) {
            std::thread::yield_now();
        }
        let too_many = || s.release_many(Semaphore::MAX_PERMITS + 1);
        assert!(catch_unwind(AssertUnwindSafe(too_many)).is_err());
        assert!(is_parked_on(&s) && !waiter.is_finished());
        s.release_many(Semaphore::MAX_PERMITS);
        waiter.join().unwrap();
    });
    assert_eq!(s.permits(), Semaphore::MAX_PERMITS - 1);
}
