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
//!     release the caller's mutex               nobody left: byte := 0
//!     sleep ◀───────────── post ─────────────  unlock the bucket
//! ```
//!
//! The caller's mutex is not known here: what releases it is a closure, and taking it again is the
//! caller's. All that wait are woken by a notification to all; they queue up at the mutex.
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
//!   bucket lock with nobody left (I1): the waiter had been taken out by then, and is awake.
//! * I3: a waiter that was taken out returns as notified, whatever its clock says (the lot's I2):
//!   a notification to one is never spent on a waiter that gives up.
//! * I4: the byte is not touched after a waiter was posted: it may free the variable at once.
//!
//! Orderings: all `Relaxed`. The byte's writes are ordered by the bucket lock, and a notifier's load
//! by the mutex (I2); what the threads tell each other is under the mutex too. Without the mutex
//! there is no promise, as with any condition variable.

use crate::bits::{HAS_PARKED, UNLOCKED};
use crate::deadline::Deadline;
use crate::flags::{LockFlags, ParkStatus};
use crate::parking_lot::{Goes, Kind, Run, lot, park_releasing};
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

    /// Queues the thread, calls `release`, and sleeps until it is notified: true; or until the
    /// deadline has passed: false.
    pub(crate) fn wait(
        &self,
        release: impl FnOnce(),
        deadline: Deadline,
        flags: LockFlags,
    ) -> bool {
        // Relaxed: under the bucket lock (I1).
        let announce = || self.0.store(WAITED_FOR, Relaxed);
        // SAFETY: the key is our own address, and only condition variables park on their byte;
        // `announce` does not call into the lot.
        let status = unsafe {
            park_releasing(
                Kind::Condvar,
                self.key(),
                announce,
                release,
                deadline,
                flags,
            )
        };
        status == ParkStatus::Ok
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

    /// Wakes so many, or all that there are.
    #[cold]
    fn notify(&self, most: usize) -> usize {
        let mut woken = 0;
        let goes = |left: &mut usize, _| match left.checked_sub(1) {
            Some(fewer) => {
                *left = fewer;
                Goes::Along
            }
            None => Goes::NorAnyBehind,
        };
        let decide = |run: Run<usize>| {
            woken = run.len;
            if !run.more {
                // Relaxed: under the bucket lock (I1). The last touch (I4).
                self.0.store(NOBODY, Relaxed);
            }
            Some(0)
        };
        // SAFETY: the key is our own address, and only condition variables park on their byte; the
        // closures do not call into the lot.
        unsafe { lot().unpark_run(self.key(), most, goes, decide) };
        woken
    }

    fn key(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }
}
