//! The parking lot: threads asleep, found by the address they wait for.
//!
//! A lock keeps its state in a byte or a word of its own; the threads that wait for it are here,
//! in one of 257 queues (`address % 257`), each on its own stack.
//!
//! ```text
//!  park(key, validate)                       unpark(key, callback)
//!    lock the bucket                           lock the bucket
//!    validate()? no: Again                     first waiter with this key
//!    insert into the queue                     callback(token, has_more)
//!    unlock the bucket                         take it out
//!    spin for a moment (`adaptive.rs`)         unlock the bucket
//!    sleep ◀──────────── post ──────────────   wake it
//!    fair time: lock the bucket
//!      taken? unlock, wait for the post: Ok
//!      validate()? sleep on : leave: Again
//!    time up, signal: lock the bucket
//!      taken? unlock, wait for the post: Ok
//!      else leave: Timeout, Intr
//! ```
//!
//! There is one kind of waiter (`waiter.rs`), one way in ([`park_with`]), and one way out by another's
//! hand ([`visit`]: a closure that runs on the waiters of a key). What a lock decides there is in the
//! lock's own file. A lock gives its waiters a *fair time*; the waiters of a key stand in its order,
//! and each validates once more when it has come, so that its wake-up depends on no other waiter.
//!
//! [`park_with`]: ParkingLot::park_with
//! [`visit`]: ParkingLot::visit
//!
//! Invariants (those of a waiter and of a queue are in `waiter.rs`):
//! * I1: `validate` and `callback` run under the bucket lock, so a state change made there and a
//!   `validate` that looks at the same state cannot miss each other: no wake-up is lost.
//! * I2: who has been taken out returns `Ok`, whatever its clock says: no hand-over is lost.
//! * I3: without fair times the queue keeps the order of arrival per key.
//! * I4: a bucket is never locked while a thread sleeps, a hook runs, or another bucket is locked.
//! * I5: a panic in `validate` or `callback` leaves the queue as it was and the bucket unlocked.
//! * I6: a thread is out of every queue before its hooks run: see `hooks.rs`, I2.
//!
//! Orderings: everything is under the bucket's lock, but for the post, which the semaphore orders.
//!
//! CPython: `Python/parking_lot.c`. Differs from CPython: `validate` is a closure, where C compares
//! 1, 2, 4 or 8 bytes; a signal ends a sleep only with `HANDLE_SIGNALS` or `FAIL_IF_INTERRUPTED`; the
//! hooks run with the waiter out of every queue; buckets are padded.

mod adaptive;
mod bucket;
mod fork;
mod inspect;
pub(crate) mod record;
mod table;
mod waiter;

pub use fork::{after_fork, init};
pub use record::Kind;
pub use table::ParkingLot;
pub(crate) use table::{Parked, Parking, lot};
pub(crate) use waiter::{Request, Visit, Waiters};

use crate::flags::{LockFlags, ParkStatus};
use core::time::Duration;

/// Puts the calling thread to sleep on `key`, if `validate` agrees.
///
/// `key` is an address of the caller's own, or any other number: it need not be aligned, nothing
/// is read through it, and keys that are equal (as those of zero-sized values may be) share their
/// waiters. `validate` runs under the bucket lock, and the thread is queued if it returns true; a
/// state change made in a callback of `unpark` on the same key is therefore seen by it. `token`
/// is what the un-parker gets to see.
///
/// The statuses: [`Again`](ParkStatus::Again) if `validate` returned false, [`Ok`](ParkStatus::Ok)
/// if an `unpark` took the thread out, even if its time was up by then,
/// [`Timeout`](ParkStatus::Timeout) after `timeout`, [`Intr`](ParkStatus::Intr) after a signal and
/// only with [`LockFlags::HANDLE_SIGNALS`] or [`LockFlags::FAIL_IF_INTERRUPTED`], which say the same
/// here: no [`Runtime`](crate::Runtime) is asked, and none is needed. `Some(ZERO)` queues the thread
/// too, and takes it out again at once. A timeout too long for the clock, as `Duration::MAX`, is for
/// ever.
///
/// CPython: `Python/parking_lot.c`, `_PyParkingLot_Park`.
///
/// # Blocking
///
/// Sleeps until unparked or until the time is up. With [`LockFlags::DETACH`] the thread's critical
/// sections are suspended and it is detached from the [`Runtime`](crate::Runtime) meanwhile.
///
/// # Panics
///
/// If `validate` does; the bucket is unlocked and the thread not queued. In debug builds, if called
/// from a callback of the lot.
///
/// # Safety
///
/// The caller owns `key`: it is the address of something of the caller's, or of a lock of its own
/// making. A thread parked on the key of somebody else's lock would hand its token to that lock's
/// callback. `validate` must not call into the lot.
///
/// # Examples
///
/// ```
/// use py_sync::{LockFlags, ParkStatus, park, unpark};
/// use std::sync::atomic::{AtomicBool, Ordering};
/// static READY: AtomicBool = AtomicBool::new(false);
/// let key = &raw const READY as usize;
/// let waiter = std::thread::spawn(move || {
///     let unset = || !READY.load(Ordering::Acquire);
///     // SAFETY: `READY` is ours; the closures do not call into the lot.
///     while unsafe { park(key, unset, 7, None, LockFlags::DETACH) } == ParkStatus::Ok {}
/// });
/// // SAFETY: as above.
/// unsafe { unpark(key, |_token, _has_more| READY.store(true, Ordering::Release)) };
/// waiter.join().unwrap();
/// ```
#[doc(alias = "_PyParkingLot_Park")]
pub unsafe fn park(
    key: usize,
    validate: impl FnOnce() -> bool,
    token: usize,
    timeout: Option<Duration>,
    flags: LockFlags,
) -> ParkStatus {
    fork::register();
    // SAFETY: the caller's promise.
    unsafe { lot().park(key, validate, token, timeout, flags) }
}

/// [`ParkingLot::park_with`] in the static lot.
///
/// # Safety
///
/// As for [`park`].
pub(crate) unsafe fn park_with(parking: Parking, validate: impl FnMut() -> bool) -> Parked {
    fork::register();
    // SAFETY: the caller's promise.
    unsafe { lot().park_with(parking, validate) }
}

/// [`ParkingLot::park_then`] in the static lot.
///
/// # Safety
///
/// As for [`park`].
pub(crate) unsafe fn park_then(
    parking: Parking,
    validate: impl FnMut() -> bool,
    release: impl FnOnce(),
) -> Parked {
    fork::register();
    // SAFETY: the caller's promise.
    unsafe { lot().park_then(parking, validate, release) }
}

/// Wakes the thread that has been parked on `key` for longest.
///
/// `callback` runs under the bucket lock, before the thread is woken, with the thread's token and
/// whether more may be parked: `has_more` is true if anybody else is in the bucket, on this key or
/// on another, and never false if somebody is on this one. Without a waiter it gets
/// `(None, false)`. What it returns is what `unpark` returns.
///
/// CPython: `Python/parking_lot.c`, `_PyParkingLot_Unpark`.
///
/// # Panics
///
/// If `callback` does; then nobody is woken and the bucket is unlocked. In debug builds, if called
/// from a callback of the lot.
///
/// # Safety
///
/// The caller owns `key`, as for [`park`]. `callback` must not call into the lot.
///
/// # Examples
///
/// ```
/// let key = &raw const *Box::new(0u8) as usize;
/// // SAFETY: the key was the address of a box of ours, and nobody parks on it.
/// assert_eq!(unsafe { py_sync::unpark(key, |token, more| (token, more)) }, (None, false));
/// ```
#[doc(alias = "_PyParkingLot_Unpark")]
pub unsafe fn unpark<R>(key: usize, callback: impl FnOnce(Option<usize>, bool) -> R) -> R {
    // SAFETY: the caller's promise.
    unsafe { lot().unpark(key, callback) }
}

/// Wakes all threads parked on `key`, in the order of their arrival, and says how many.
///
/// CPython: `Python/parking_lot.c`, `_PyParkingLot_UnparkAll`.
///
/// # Panics
///
/// In debug builds, if called from a callback of the lot.
///
/// # Safety
///
/// The caller owns `key`, as for [`park`].
///
/// # Examples
///
/// ```
/// // SAFETY: nobody parks on the key.
/// assert_eq!(unsafe { py_sync::unpark_all(&raw const *Box::new(0u8) as usize) }, 0);
/// ```
#[doc(alias = "_PyParkingLot_UnparkAll")]
pub unsafe fn unpark_all(key: usize) -> usize {
    // SAFETY: the caller's promise.
    unsafe { lot().unpark_all(key) }
}
