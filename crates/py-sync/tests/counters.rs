//! What the counters of `diagnostics` count: a wait for each sleep, a hand-off for each. One test, since
//! they are the process's.
#![cfg(feature = "diagnostics")]

use py_sync::diagnostics::{counters, snapshot};
use py_sync::{LockFlags, Mutex, ParkStatus, ParkingLot};
use std::time::Duration;

/// Waits and hand-offs meanwhile.
fn counted(f: impl FnOnce()) -> (u64, u64) {
    let before = counters();
    f();
    let after = counters();
    (
        after.waits - before.waits,
        after.hand_offs - before.hand_offs,
    )
}

#[test]
fn each_sleep_and_each_hand_off_is_counted_once() {
    let lot = ParkingLot::<1>::new();
    let park = |validate: bool, timeout| {
        // SAFETY: the lot is this test's own.
        unsafe { lot.park(1, || validate, 0, Some(timeout), LockFlags::DETACH) }
    };
    let (no_time, soon) = (Duration::ZERO, Duration::from_nanos(1));
    assert_eq!(
        counted(|| assert_eq!(park(false, soon), ParkStatus::Again)),
        (0, 0)
    );
    assert_eq!(
        counted(|| assert_eq!(park(true, no_time), ParkStatus::Timeout)),
        (0, 0)
    );
    assert_eq!(
        counted(|| assert_eq!(park(true, soon), ParkStatus::Timeout)),
        (1, 0)
    );
    let m = Mutex::new();
    let handed_over = || {
        m.lock();
        std::thread::scope(|scope| {
            scope.spawn(|| drop(m.lock_guard()));
            while snapshot().of(m.as_ptr().addr()).is_empty() {
                std::thread::yield_now();
            }
            // It is due by then.
            std::thread::sleep(Duration::from_millis(2));
            m.unlock();
        });
    };
    assert_eq!(counted(handed_over), (1, 1));
}
