//! The protocol of a condition variable, of one byte. Its typed face is `typed/condvar.rs`.
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
//!     sleep ◀─────────── message ────────────  unlock the bucket
//!     take the mutex                           send each on
//! ```
//!
//! A waiter that is notified while its mutex is held is not woken, but put into that one's queue
//! (`parking_lot/line.rs`, `mutex/line.rs`): the unlock wakes it. Woken at once, it would find the
//! mutex held by its notifier, and sleep again. If the mutex is free, the waiter is woken.
//!
//! Invariants:
//! * I1: the byte is written under the bucket lock only. While anybody is queued on its address it
//!   is 2: who joins sets it, and only who finds nobody left clears it. 2 proves nothing: a waiter
//!   whose time was up leaves it behind, and so does a fork, whose child has an empty queue and this
//!   byte.
//! * I2: no wake-up is lost. Say the notifier has changed what is waited for while it held the
//!   mutex. A waiter that took the mutex later has seen the change. One that held it before has
//!   written 2, and joined, before it released the mutex; so the notifier, which took the mutex
//!   after that, loads that 2 or what was written later. If that is 0, it was written under the
//!   bucket lock with nobody left (I1): the waiter had been taken out by then: it has been notified.
//! * I3: a waiter that was taken out returns as notified, whatever its clock says (R2 there): a
//!   notification to one is never spent on a waiter that gives up.
//! * I4: the byte is not touched after a waiter was sent on: it may free the variable at once.
//!
//! Orderings: all `Relaxed`. The byte's writes are ordered by the bucket lock, and a notifier's load
//! by the mutex (I2); what the threads tell each other is under the mutex too. Without the mutex
//! there is no promise, as with any condition variable.

use crate::bits::{HAS_PARKED, UNLOCKED};
use crate::deadline::{Clock, Deadline, Monotonic};
use crate::flags::LockFlags;
use crate::mutex::Mutex;
use crate::parking_lot::lot;
use crate::primitive::{AtomicU8, Relaxed, const_fn};

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

    /// Queues the thread, calls `release` to unlock `mutex`, sleeps until it is notified: true; or
    /// until the deadline has passed: false. Returns with `mutex` locked.
    pub(crate) fn wait(
        &self,
        clock: &impl Clock,
        mutex: &Mutex,
        release: impl FnOnce(),
        until: (Deadline, LockFlags),
    ) -> bool {
        // Relaxed: under the bucket lock (I1).
        let announce = || self.0.store(WAITED_FOR, Relaxed);
        // SAFETY: the key is our own address, and only condition variables park on their byte;
        // `announce` does not call into the lot; `notify` goes by `line_up`.
        unsafe { mutex.release_until_sent_on(clock, self.key(), announce, release, until) }
    }

    /// Wakes the thread that has waited for longest. True if there was one.
    #[inline]
    pub(crate) fn notify_one(&self) -> bool {
        self.may_have_waiters() && self.notify(1) != 0
    }

    /// Wakes all that wait; how many they were.
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

    /// Takes out so many, or all that there are.
    #[cold]
    fn notify(&self, most: usize) -> usize {
        let mut notified = 0;
        let settle = |n, were_all| {
            notified = n;
            if were_all {
                // Relaxed: under the bucket lock (I1). The last touch (I4).
                self.0.store(NOBODY, Relaxed);
            }
        };
        // SAFETY: what `send_on` gives it.
        let line_up = |mutex, waiter| unsafe { Mutex::line_up(&Monotonic, mutex, waiter) };
        // SAFETY: the key is our own address; only condition variables park on their byte, and all
        // by `wait`; `settle` does not call into the lot.
        unsafe { lot().send_on(self.key(), most, settle, line_up) };
        notified
    }

    fn key(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }
}
