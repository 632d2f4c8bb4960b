//! The protocol of [`Mutex`]: its states, and the slow paths of lock and unlock.
//!
//! | byte | meaning |
//! |---|---|
//! | 0 | unlocked |
//! | 1 | locked |
//! | 2 | unlocked, threads may be parked |
//! | 3 | locked, threads may be parked |
//!
//! ```text
//!         lock                  wait (CAS, then park)
//!   0 ──────────▶ 1 ─────────────────────────────▶ 3 ◀──┐ unlock, head waited > 1 ms, more:
//!   ▲   unlock    │ ▲                              │ ───┘ handed to it, stays locked
//!   └─────────────┘ └── unlock, head waited > 1 ms,│
//!   ▲                   no more: handed to it ─────┤
//!   │      unlock, nobody (left)                   │ unlock, more: wake the head,
//!   └──────────────────────────────────────────────┤ it competes
//!                      lock                        ▼
//!                  3 ◀───────────────────────────  2
//! ```
//!
//! Invariants:
//! * I1: 1 or 3 means one holder. While the byte is 3, only its holder changes it, under the bucket
//!   lock: nobody locks it, and the parked bit is already set.
//! * I2: a thread is queued only if the byte was 3 under the bucket lock, so the holder's unlock
//!   takes the slow path and finds it there.
//! * I3: the parked bit is cleared only under the bucket lock, by an unlock that found nobody else
//!   in the bucket. Set, it proves nothing: a timed-out waiter leaves it, and a neighbour in the
//!   bucket looks like a waiter.
//! * I4: a waiter's time to be fair is set once per lock call, 1 ms after it first parks, and is
//!   kept through every round it loses. Once it is due and first in its queue, no unlock passes it
//!   over.
//! * I5: the store in the unlock's callback is its last touch of the byte: the next owner may free
//!   the mutex at once. What follows goes by the waiter and by the bucket.
//!
//! Orderings: taking the lock is `Acquire`, giving it up `Release`. A hand-over orders through the
//! waiter's post, since its new owner never reads the byte. `validate` may be `Relaxed`: the
//! parked bit it looks for changes under the same bucket lock.
//!
//! CPython: `Python/lock.c`, `_PyMutex_LockTimed`, `_PyMutex_TryUnlock`. Differs from CPython: the
//! spin re-reads the byte; unlocking an unlocked mutex panics instead of aborting.

use super::{Mutex, has_parked, is_locked};
use crate::bits::{HAS_PARKED, LOCKED, UNLOCKED};
use crate::deadline::{Clock, Deadline};
use crate::flags::{LockFlags, LockStatus, ParkStatus};
use crate::hooks;
use crate::parking_lot::{Kind, lot, park_until};
use crate::primitive::{Acquire, MAX_SPIN, Relaxed, Release, yield_now};

/// The ticket's reply to a waiter that now owns the lock.
const HANDED_OVER: u32 = 1;

impl Mutex {
    #[cold]
    pub(super) fn lock_contended(
        &self,
        clock: &impl Clock,
        deadline: Deadline,
        flags: LockFlags,
    ) -> LockStatus {
        let mut time_to_be_fair = None;
        let mut spins = 0;
        loop {
            // Relaxed: decides only which compare-exchange to try.
            let byte = self.0.load(Relaxed);
            if !is_locked(byte) {
                // Acquire: the section starts here. Relaxed on failure: load again.
                if self
                    .0
                    .compare_exchange(byte, byte | LOCKED, Acquire, Relaxed)
                    .is_ok()
                {
                    return LockStatus::Acquired;
                }
                continue;
            }
            if !has_parked(byte) {
                if spins != MAX_SPIN {
                    spins += 1;
                    yield_now();
                    continue;
                }
                // Relaxed: announces the parking; the bucket lock orders the rest.
                let parked = byte | HAS_PARKED;
                if self
                    .0
                    .compare_exchange(byte, parked, Relaxed, Relaxed)
                    .is_err()
                {
                    continue;
                }
            }
            let fair = *time_to_be_fair.get_or_insert_with(|| clock.time_to_be_fair());
            if let Some(status) = self.park(fair, deadline, flags) {
                return status;
            }
        }
    }

    /// Parks once. `None` if the caller has to compete again.
    fn park(
        &self,
        time_to_be_fair: u64,
        deadline: Deadline,
        flags: LockFlags,
    ) -> Option<LockStatus> {
        // Relaxed: the parked bit goes only under the bucket lock, which is held here (I3).
        let still_held = || self.0.load(Relaxed) == LOCKED | HAS_PARKED;
        // SAFETY: the key is our own address, and only mutexes park on their byte; `still_held`
        // does not call into the lot.
        let parked = unsafe {
            park_until(
                Kind::Mutex,
                self.key(),
                still_held,
                time_to_be_fair,
                deadline,
                flags,
            )
        };
        match parked.status {
            ParkStatus::Ok if parked.reply == HANDED_OVER => Some(LockStatus::Acquired),
            ParkStatus::Ok | ParkStatus::Again => None,
            ParkStatus::Timeout => Some(LockStatus::Failure),
            ParkStatus::Intr if hooks::pending().is_break() => Some(LockStatus::Intr),
            ParkStatus::Intr => None,
        }
    }

    #[cold]
    pub(super) fn unlock_contended(&self, clock: &impl Clock) -> bool {
        // Relaxed: decides only which way to go.
        let mut byte = self.0.load(Relaxed);
        loop {
            if !is_locked(byte) {
                return false;
            }
            if has_parked(byte) {
                self.unpark(clock);
                return true;
            }
            // Release: the section ends here. Relaxed on failure: only tried again.
            match self.0.compare_exchange(byte, UNLOCKED, Release, Relaxed) {
                Ok(_) => return true,
                Err(now) => byte = now,
            }
        }
    }

    /// Wakes the first waiter, and hands it the lock if it is due.
    fn unpark(&self, clock: &impl Clock) {
        let key = self.key();
        // SAFETY: the key is our own address, and only mutexes park on their byte; the callback
        // does not call into the lot.
        unsafe {
            lot().unpark_ticket(key, |ticket, has_more| {
                let mut byte = UNLOCKED;
                if let Some(ticket) = ticket {
                    if clock.is_due(ticket.token) {
                        ticket.reply = HANDED_OVER;
                        byte |= LOCKED;
                    }
                    if has_more {
                        byte |= HAS_PARKED;
                    }
                }
                // Release: the section ends here. A plain store, and the last touch (I1, I5).
                self.0.store(byte, Release);
            });
        }
    }

    fn key(&self) -> usize {
        self.as_ptr().addr()
    }
}
