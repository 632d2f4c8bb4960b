//! The parking lot: threads asleep, found by the address they wait for.
//!
//! A lock keeps its state in a byte or a word of its own. The threads that wait for it are here, in
//! one of 257 queues (`address % 257`), each in a [`Waiter`](waiter::Waiter) on its own stack.
//!
//! ```text
//!  park(key, validate)                       unpark(key, callback)
//!    lock the bucket                           lock the bucket
//!    validate()? no: Again                     find the first waiter with this key
//!    insert into the queue                     callback(token, has_more)
//!    unlock the bucket                         take the waiter out
//!    spin for a moment (`spin/adaptive.rs`)    unlock the bucket
//!    sleep ◀──────────── post ──────────────   wake the waiter
//!    fair time: the first time, will_look()? yes: sleep on
//!      lock the bucket
//!      taken out? wait for the post: Ok
//!      validate()? yes: sleep on; no: leave: Again
//!    time up, or a signal: lock the bucket
//!      taken out? wait for the post: Ok
//!      else leave: Timeout, Intr
//! ```
//!
//! For readers who know parking_lot_core:
//!
//! | here | parking_lot_core |
//! |---|---|
//! | [`Request::token`], and the reply that [`Waiters::unpark_filter`] gives | `ParkToken`, `UnparkToken` |
//! | [`FilterOp`], [`Waiters::unpark_filter`] | `FilterOp`, `unpark_filter` |
//! | [`park_then`](ParkingLot::park_then)'s `release` | `before_sleep` |
//! | [`Request::fair_time`]: each waiter's own, set once per lock call | `FairTimeout`: the bucket's, at random |
//! | [`Kind`] and key | the key alone |
//! | 257 buckets for the life of the process | a table that grows with the threads |
//! | `validate` or `will_look` at the fair time, and `validate` more and more rarely after it | nothing like it |
//!
//! There is one way in, [`park_with`](ParkingLot::park_with) (`park_then` has two closures more), and one way
//! out by another thread's hand, [`with_waiters`](ParkingLot::with_waiters): a closure that runs on the
//! waiters of a key. What a lock decides there is in the lock's own file. A waiter that has a fair time
//! validates again when it comes, so its wake-up depends on no other waiter.
//!
//! Invariants (those of a waiter and of a queue are in `waiter.rs`):
//! * I1: `validate` and `callback` run under the bucket lock. A state change made in a callback is
//!   seen by every later `validate` that looks at the same state, so no wake-up is lost.
//! * I2: a waiter that was taken out returns `Ok`, whatever its clock says, so no hand-off is lost.
//! * I3: without fair times, the waiters of a key stand in the order of their arrival.
//! * I4: no bucket is locked while a thread sleeps, a hook runs, or another bucket is locked.
//! * I5: a panic in `validate` or `callback` leaves the queue as it was and the bucket unlocked. One in a
//!   later call of `validate`, or in `will_look`, aborts the process, since the waiter is queued.
//! * I6: a thread is out of every queue before it attaches and its sections resume: see `hooks.rs`, I2.
//!
//! Orderings: the bucket lock orders everything but the post, which the semaphore orders.
//!
//! CPython: `Python/parking_lot.c`. Differs from CPython: `validate` is a closure, where C compares
//! 1, 2, 4 or 8 bytes; a signal ends a sleep only with `HANDLE_SIGNALS` or `FAIL_IF_INTERRUPTED`; the
//! waiter is out of every queue when the thread attaches; buckets are padded.

mod bucket;
mod inspect;
pub(crate) mod table;
mod waiter;

pub use table::ParkingLot;
pub(crate) use table::{Parking, empty_lot, lot};
pub(crate) use waiter::{FilterOp, HandOff, Request, Waiters};

use crate::deadline::Deadline;
use crate::flags::{LockFlags, ParkStatus};
pub(crate) use crate::record::Kind;
use core::time::Duration;

/// Puts the calling thread to sleep on `key`, if `validate` agrees.
///
/// `key` is an address of the caller's own, or any other number. It need not be aligned, and nothing
/// is read through it. Equal keys (those of zero-sized values may be equal) share their waiters.
/// `validate` runs under the bucket lock, and the thread is queued if it returns true. So it sees
/// every state change that a callback of `unpark` on the same key has made. `token` is passed to that
/// callback.
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
/// The caller owns `key`: it is the address of something of the caller's, or of a lock that the caller
/// has built. A thread parked on the key of another lock would pass its token to that lock's callback.
/// `validate` must not call into the lot.
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
/// // SAFETY: `READY` is ours, and the callback does not call into the lot.
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
    // SAFETY: the caller owns the key, and its `validate` does not call into the lot.
    unsafe { lot().park(key, validate, token, timeout, flags) }
}

/// Wakes the thread that has been parked on `key` for longest.
///
/// `callback` runs under the bucket lock, before the thread is woken. Its arguments are the thread's
/// token and `has_more`, which is true if any other thread is in the bucket, on this key or on another:
/// it may be true for nothing, but is never false while others wait on this key. Without a waiter they
/// are `(None, false)`. `unpark` returns what `callback` returns.
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
    // SAFETY: the caller owns the key, and its callback does not call into the lot.
    unsafe { lot().unpark(key, callback) }
}

/// Wakes all threads parked on `key`, in the order of their arrival, and returns how many they were.
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
    // SAFETY: the caller owns the key.
    unsafe { lot().unpark_all(key) }
}

impl<const N: usize> ParkingLot<N> {
    /// As [`park`](crate::park), in this lot.
    ///
    /// # Safety
    ///
    /// As for [`park`](crate::park).
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::{LockFlags, ParkStatus, ParkingLot};
    /// let lot = ParkingLot::<1>::new();
    /// // SAFETY: nobody else parks in this lot.
    /// let status = unsafe { lot.park(1, || false, 0, None, LockFlags::NONE) };
    /// assert_eq!(status, ParkStatus::Again);
    /// ```
    #[doc(alias = "_PyParkingLot_Park")]
    pub unsafe fn park(
        &self,
        key: usize,
        validate: impl FnOnce() -> bool,
        token: usize,
        timeout: Option<Duration>,
        flags: LockFlags,
    ) -> ParkStatus {
        let deadline = Deadline::after(timeout);
        let mut parking = Parking::plain(Kind::Park, key, deadline, flags);
        parking.request.token = token as u64;
        let mut validate = Some(validate);
        // Without a fair time it is called once only.
        let once = || validate.take().is_none_or(|validate| validate());
        // SAFETY: the caller owns the key, and its `validate` does not call into the lot.
        unsafe { self.park_with(parking, once) }.status
    }

    /// As [`unpark`](crate::unpark), in this lot.
    ///
    /// # Safety
    ///
    /// As for [`unpark`](crate::unpark).
    ///
    /// # Examples
    ///
    /// ```
    /// let lot = py_sync::ParkingLot::<1>::new();
    /// // SAFETY: nobody else parks in this lot.
    /// let token = unsafe { lot.unpark(1, |token, _has_more| token) };
    /// assert_eq!(token, None);
    /// ```
    #[doc(alias = "_PyParkingLot_Unpark")]
    pub unsafe fn unpark<R>(
        &self,
        key: usize,
        callback: impl FnOnce(Option<usize>, bool) -> R,
    ) -> R {
        let unpark_first = |waiters: &mut Waiters<'_>| {
            let first = waiters.iter().next();
            let has_more = first.is_some() && waiters.bucket_len() > 1;
            // The callback comes first: if it panics, nothing has happened.
            let result = callback(first.map(|request| request.token as usize), has_more);
            waiters.unpark_first(0);
            result
        };
        // SAFETY: the caller owns the key, and its callback does not call into the lot.
        unsafe { self.with_waiters(Kind::Park, key, unpark_first) }
    }

    /// As [`unpark_all`](crate::unpark_all), in this lot.
    ///
    /// # Safety
    ///
    /// As for [`unpark_all`](crate::unpark_all).
    ///
    /// # Examples
    ///
    /// ```
    /// let lot = py_sync::ParkingLot::<1>::new();
    /// // SAFETY: nobody else parks in this lot.
    /// assert_eq!(unsafe { lot.unpark_all(1) }, 0);
    /// ```
    #[doc(alias = "_PyParkingLot_UnparkAll")]
    pub unsafe fn unpark_all(&self, key: usize) -> usize {
        // SAFETY: the caller owns the key.
        unsafe { self.unpark_all_of(Kind::Park, key) }
    }

    /// Forgets all waiters and unlocks all buckets, in the child of a fork.
    ///
    /// # Safety
    ///
    /// The process has forked, and the calling thread is the child's only one; none of its own
    /// frames is in a call of this lot.
    ///
    /// # Examples
    ///
    /// ```
    /// let lot = py_sync::ParkingLot::<1>::new();
    /// // SAFETY: nobody else knows this lot.
    /// unsafe { lot.after_fork() };
    /// ```
    #[doc(alias = "_PyParkingLot_AfterFork")]
    pub unsafe fn after_fork(&self) {
        for bucket in &self.buckets {
            // SAFETY: the caller is the only thread, and none of its frames is in a call of this lot.
            unsafe { bucket.reset() };
        }
    }
}
