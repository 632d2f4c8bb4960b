//! The lot with real threads: order, statuses, keys, panics.

use py_sync::{LockFlags, ParkStatus, ParkingLot};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

const MS: Duration = Duration::from_millis(1);

fn park<const N: usize>(
    lot: &ParkingLot<N>,
    key: usize,
    token: usize,
    timeout: Option<Duration>,
) -> ParkStatus {
    // SAFETY: each test has a lot of its own; the closure is a constant.
    unsafe { lot.park(key, || true, token, timeout, LockFlags::NONE) }
}

/// Unparks one, waiting for it to arrive; its token and `has_more`.
fn unpark<const N: usize>(lot: &ParkingLot<N>, key: usize) -> (usize, bool) {
    loop {
        // SAFETY: as above.
        if let (Some(token), more) = unsafe { lot.unpark(key, |token, more| (token, more)) } {
            return (token, more);
        }
        std::thread::sleep(MS);
    }
}

#[test]
fn threads_are_woken_in_the_order_of_arrival() {
    let lot = ParkingLot::<1>::new();
    let queued = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for i in 0..3 {
            let (lot, queued) = (&lot, &queued);
            scope.spawn(move || {
                // The count grows under the bucket lock; the next thread starts after it.
                let validate = || queued.fetch_add(1, SeqCst) == i;
                // SAFETY: the lot is this test's own; the closure does not call into it.
                let status = unsafe { lot.park(8, validate, 100 + i, None, LockFlags::NONE) };
                assert_eq!(status, ParkStatus::Ok);
            });
            while queued.load(SeqCst) <= i {
                std::thread::yield_now();
            }
        }
        assert_eq!(unpark(&lot, 8), (100, true));
        assert_eq!(unpark(&lot, 8), (101, true));
        assert_eq!(unpark(&lot, 8), (102, false));
        // SAFETY: as above.
        assert_eq!(unsafe { lot.unpark(8, |t, m| (t, m)) }, (None, false));
    });
}

#[test]
fn validate_that_says_no_is_again_and_queues_nobody() {
    let lot = ParkingLot::<3>::new();
    // SAFETY: the lot is this test's own.
    let status = unsafe { lot.park(5, || false, 0, None, LockFlags::NONE) };
    assert_eq!(status, ParkStatus::Again);
    // SAFETY: as above.
    assert_eq!(unsafe { lot.unpark_all(5) }, 0);
}

#[test]
fn a_timed_park_lasts_its_time_and_leaves_nothing() {
    let lot = ParkingLot::<3>::new();
    for timeout in [Duration::ZERO, Duration::from_nanos(1), MS * 15] {
        let start = Instant::now();
        assert_eq!(park(&lot, 5, 0, Some(timeout)), ParkStatus::Timeout);
        assert!(start.elapsed() >= timeout);
    }
    // SAFETY: the lot is this test's own.
    assert_eq!(unsafe { lot.unpark_all(5) }, 0);
}

#[test]
fn the_longest_timeout_is_for_ever() {
    let lot = ParkingLot::<2>::new();
    std::thread::scope(|scope| {
        let parked = scope.spawn(|| park(&lot, 3, 9, Some(Duration::MAX)));
        assert_eq!(unpark(&lot, 3), (9, false));
        assert_eq!(parked.join().unwrap(), ParkStatus::Ok);
    });
}

/// Any number is a key: odd numbers, 0, the largest. Keys in one bucket have queues of their own.
#[test]
fn keys_share_buckets_but_not_wakes() {
    let lot = ParkingLot::<1>::new();
    std::thread::scope(|scope| {
        for key in [0, 1, 3, usize::MAX] {
            let lot = &lot;
            scope.spawn(move || assert_eq!(park(lot, key, key, None), ParkStatus::Ok));
        }
        for key in [usize::MAX, 3, 1, 0] {
            assert_eq!(unpark(&lot, key).0, key);
        }
    });
}

#[test]
fn unpark_all_wakes_all_of_one_key_and_counts_them() {
    let n = if cfg!(miri) { 4 } else { 20 };
    let lot = ParkingLot::<1>::new();
    let queued = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for key in [1, 2] {
            for _ in 0..n {
                let (lot, queued) = (&lot, &queued);
                scope.spawn(move || {
                    let count = || queued.fetch_add(1, SeqCst) < usize::MAX;
                    // SAFETY: the lot is this test's own; `count` does not call into it.
                    let status = unsafe { lot.park(key, count, 0, None, LockFlags::DETACH) };
                    assert_eq!(status, ParkStatus::Ok);
                });
            }
        }
        while queued.load(SeqCst) < 2 * n {
            std::thread::sleep(MS);
        }
        // SAFETY: as above.
        let unpark_all = |key| unsafe { lot.unpark_all(key) };
        assert_eq!([1, 3, 2].map(unpark_all), [n, 0, n]);
    });
}

#[test]
fn a_panic_in_a_callback_unlocks_the_bucket_and_wakes_nobody() {
    let lot = ParkingLot::<1>::new();
    let in_validate = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the lot is this test's own.
        let _ = unsafe { lot.park(1, || panic!("validate"), 0, None, LockFlags::NONE) };
    }));
    assert!(in_validate.is_err());
    let left = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            assert_eq!(park(&lot, 1, 4, None), ParkStatus::Ok);
            left.store(true, SeqCst);
        });
        let panics = |token: Option<usize>, _| assert!(token.is_none(), "unpark");
        // SAFETY: as above.
        let unpark_with_panic = || unsafe { lot.unpark(1, panics) };
        while catch_unwind(AssertUnwindSafe(unpark_with_panic)).is_ok() {
            std::thread::sleep(MS);
        }
        std::thread::sleep(MS * 5);
        assert!(!left.load(SeqCst), "the waiter is still queued");
        assert_eq!(unpark(&lot, 1), (4, false));
    });
}

#[cfg(debug_assertions)]
#[test]
fn calling_back_into_the_lot_panics_instead_of_hanging() {
    let lot = ParkingLot::<1>::new();
    // SAFETY: the rule that is broken here is checked before any harm.
    let nested = || unsafe { lot.unpark(1, |_, _| lot.unpark(2, |_, _| ())) };
    let panic = catch_unwind(AssertUnwindSafe(nested)).unwrap_err();
    let message = "the parking lot was called from one of its own callbacks";
    assert_eq!(panic.downcast_ref(), Some(&message));
    assert_eq!(park(&lot, 1, 0, Some(Duration::ZERO)), ParkStatus::Timeout);
}

/// Wakes race timeouts; each taken waiter must report `Ok`, so the two counts agree.
#[test]
fn no_wake_is_lost_to_a_timeout() {
    let rounds = if cfg!(miri) { 20 } else { 3_000 };
    let lot = ParkingLot::<1>::new();
    let (woken, taken, done) = (
        AtomicUsize::new(0),
        AtomicUsize::new(0),
        AtomicBool::new(false),
    );
    std::thread::scope(|scope| {
        let waiters = [1, 2].map(|seed| {
            let (lot, woken) = (&lot, &woken);
            scope.spawn(move || {
                for round in 0..rounds {
                    let timeout = Duration::from_nanos((round * 97 * seed) % 20_000);
                    if park(lot, 6, 1, Some(timeout)) == ParkStatus::Ok {
                        woken.fetch_add(1, SeqCst);
                    }
                }
            })
        });
        scope.spawn(|| {
            while !done.load(SeqCst) {
                // SAFETY: the lot is this test's own.
                taken.fetch_add(unsafe { lot.unpark(6, |t, _| t.unwrap_or(0)) }, SeqCst);
                std::thread::yield_now();
            }
        });
        for waiter in waiters {
            waiter.join().unwrap();
        }
        done.store(true, SeqCst);
    });
    assert_eq!(woken.load(SeqCst), taken.load(SeqCst));
}
