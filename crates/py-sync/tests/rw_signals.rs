//! A signal that arrives while a thread waits for a [`RwMutex`], in a program without a runtime.

use py_sync::{LockFlags, LockStatus, RwMutex, signal_arrived};
use std::time::Duration;

type Lock = fn(&RwMutex, Option<Duration>, LockFlags) -> LockStatus;

#[rstest::rstest]
#[case::read(RwMutex::read_lock_timed)]
#[case::read_again(RwMutex::read_lock_recursive_timed)]
#[case::write(RwMutex::write_lock_timed)]
fn a_signal_ends_a_wait_that_is_to_fail_then_and_no_other(#[case] lock: Lock) {
    let m = RwMutex::new();
    m.write_lock();
    signal_arrived();
    let fails = LockFlags::FAIL_IF_INTERRUPTED;
    assert_eq!(lock(&m, None, fails), LockStatus::Intr);
    // Nobody is there to say that the wait is to end.
    signal_arrived();
    let soon = Some(Duration::from_millis(2));
    let asks = LockFlags::HANDLE_SIGNALS;
    assert_eq!(lock(&m, soon, asks), LockStatus::Failure);
    m.write_unlock();
    assert!(m.try_write_lock(), "who gave up is gone");
}
