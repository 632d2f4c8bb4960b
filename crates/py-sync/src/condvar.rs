//! The protocol of a condition variable, of one byte. Its public form is `typed/condvar.rs`.
//!
//! | byte | meaning |
//! |---|---|
//! | 0 | nobody waits |
//! | 2 | threads may be parked |
//!
//! ```text
//!   wait                                     notify
//!     lock the bucket                          0? nothing to do: one load
//!     byte := 2, join the queue                lock the bucket
//!     unlock the bucket                        take the first out, or all
//!     release the mutex                        nobody left: byte := 0
//!     sleep ◀────────── post ────────────────  unlock the bucket, wake them
//!     take the mutex
//! ```
//!
//! A notified waiter is woken and competes for its mutex as any thread does. parking_lot moves it to the
//! mutex's queue while the mutex is held (a *requeue*). That was tried here and did not pay: see
//! `DESIGN.md`.
//!
//! Invariants:
//! * I1: the byte is written under the bucket lock only. While a thread is queued on its address it is 2:
//!   a thread that joins sets it, and only a thread that finds nobody left clears it. 2 proves nothing:
//!   a waiter whose time was up leaves it behind, and so does a fork, whose child has an empty queue and
//!   this byte.
//! * I2: no wake-up is lost. Say the notifier has changed the condition while it held the mutex. A waiter
//!   that took the mutex later has seen the change. A waiter that held it before wrote 2 and joined the
//!   queue before it released the mutex. The notifier took the mutex after that, so it loads that 2, or
//!   a later value. If that is 0, it was written under the bucket lock with nobody left (I1), so the
//!   waiter had been taken out, and was notified.
//! * I3: a waiter that was taken out returns as notified, whatever its clock says (the lot's I2). So a
//!   notification is never lost on a waiter that gives up.
//! * I4: the byte is not touched after a waiter was woken, since that may free the variable at once.
//! * I5: a waiter that a signal ends is out of the queue, and does not hold the mutex, while its handlers
//!   run. It may miss a notification in that time. So it does not sleep on, but returns to its caller,
//!   which checks the condition.
//!
//! Orderings: all `Relaxed`. The bucket lock orders the writes of the byte, and the mutex orders a
//! notifier's load (I2) and the condition itself. A notifier that has not held the mutex gets no promise,
//! as with any condition variable.

use crate::bits::{HAS_PARKED, UNLOCKED};
use crate::deadline::{Clock, Deadline};
use crate::flags::{LockFlags, LockStatus, ParkStatus};
use crate::mutex::Mutex;
use crate::parking_lot::{FilterOp, Kind, Parking, Waiters, lot};
use crate::sync::{AtomicU8, Relaxed, const_fn};

const NOBODY: u8 = UNLOCKED;
const WAITED_FOR: u8 = HAS_PARKED;

/// A condition variable. One byte; all zero is one that nobody waits for.
#[repr(transparent)]
pub(crate) struct Condvar(AtomicU8);

impl Condvar {
    const_fn! {
        pub(crate) fn new() -> Condvar {
            Condvar(AtomicU8::new(NOBODY))
        }
    }

    /// Queues the thread, calls `release` to unlock `mutex`, and sleeps until it is notified (true) or the
    /// deadline has passed (false). Returns with `mutex` locked.
    pub(crate) fn wait(
        &self,
        clock: &impl Clock,
        mutex: &Mutex,
        release: impl FnOnce(),
        until: (Deadline, LockFlags),
    ) -> bool {
        self.wait_or(clock, mutex, release, until, || ()) == ParkStatus::Ok
    }

    /// As [`wait`](Condvar::wait), and ends with `Intr` at a signal if the flags say so. `handle` then runs
    /// before `mutex` is locked again; it may panic.
    pub(crate) fn wait_or(
        &self,
        clock: &impl Clock,
        mutex: &Mutex,
        release: impl FnOnce(),
        (until, flags): (Deadline, LockFlags),
        handle: impl FnOnce(),
    ) -> ParkStatus {
        let announce = || {
            // Relaxed: under the bucket lock (I1).
            self.0.store(WAITED_FOR, Relaxed);
            true
        };
        let parking = Parking::plain(Kind::Condvar, self.key(), until, flags);
        // SAFETY: the key is our own address, and only waiters of this variable park on it; `announce`
        // does not call into the lot.
        let parked = unsafe { lot().park_then(parking, announce, || false, release) };
        let flags = flags.without_signals();
        let _locked = Relock {
            clock,
            mutex,
            flags,
        };
        if parked.status == ParkStatus::Intr {
            handle();
        }
        parked.status
    }

    /// Wakes the thread that has waited for longest. True if there was one.
    #[inline]
    pub(crate) fn notify_one(&self) -> bool {
        self.may_have_waiters() && self.notify(1) != 0
    }

    /// Wakes all waiters, and returns how many they were.
    #[inline]
    pub(crate) fn notify_all(&self) -> usize {
        match self.may_have_waiters() {
            true => self.notify(usize::MAX),
            false => 0,
        }
    }

    #[inline]
    pub(crate) fn may_have_waiters(&self) -> bool {
        // Relaxed: the caller's mutex orders it (I2).
        self.0.load(Relaxed) != NOBODY
    }

    /// Clears the byte if nobody waits: for the child of a fork, whose parent's threads did.
    pub(crate) fn forget_waiters(&self) {
        if self.may_have_waiters() {
            self.notify(0);
        }
    }

    /// Wakes up to `most` waiters, in their order, and returns how many they were.
    #[cold]
    fn notify(&self, most: usize) -> usize {
        let take = |waiters: &mut Waiters<'_>| {
            let mut notified = 0;
            let stay = waiters.unpark_filter(0, |_| match notified == most {
                true => FilterOp::Stop,
                false => {
                    notified += 1;
                    FilterOp::Unpark
                }
            });
            if !stay {
                // Relaxed: under the bucket lock (I1). The last touch of the byte (I4).
                self.0.store(NOBODY, Relaxed);
            }
            notified
        };
        // SAFETY: the key is our own address, and `&self` keeps the variable alive, so the waiters on it
        // are ours; `take` does not call into the lot.
        unsafe { lot().with_waiters(Kind::Condvar, self.key(), take) }
    }

    fn key(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }
}

/// Locks the mutex when it is dropped, also if `handle` panics: the caller's guard relies on it.
struct Relock<'a, C: Clock> {
    clock: &'a C,
    mutex: &'a Mutex,
    flags: LockFlags,
}

impl<C: Clock> Drop for Relock<'_, C> {
    fn drop(&mut self) {
        let (mutex, never) = (self.mutex, Deadline::Never);
        let status = mutex.lock_with(self.clock, never, self.flags);
        debug_assert_eq!(status, LockStatus::Acquired);
    }
}
