//! Parking with a lock in hand, which is given up once the thread is queued: what a condition
//! variable needs.

use super::fork;
use super::record::{Kind, Record};
use super::table::lot;
use super::waiter::Waiter;
use crate::deadline::Deadline;
use crate::flags::{LockFlags, ParkStatus};
use crate::hooks::AbortOnUnwind;

/// Queues the thread on `key`, then calls `release`, then sleeps.
///
/// `announce` runs under the bucket lock, as [`park`](crate::park)'s `validate`; `release` runs
/// without it, and may call into the lot. If `release` panics, the process ends: the thread is
/// queued.
///
/// # Safety
///
/// As for [`park`](crate::park); `announce` does not call into the lot.
pub(crate) unsafe fn park_releasing(
    kind: Kind,
    key: usize,
    announce: impl FnOnce(),
    release: impl FnOnce(),
    deadline: Deadline,
    flags: LockFlags,
) -> ParkStatus {
    fork::register();
    let waiter = Waiter::new(key, 0, Record::new(kind));
    let announced = || {
        announce();
        true
    };
    // SAFETY: the caller's promise; the waiter stays where it is until `sleep_queued` has it out.
    let queued = unsafe { lot().enqueue(&waiter, announced) };
    debug_assert!(queued);
    let bomb = AbortOnUnwind;
    release();
    core::mem::forget(bomb);
    lot().sleep_queued(&waiter, deadline, flags).status
}
