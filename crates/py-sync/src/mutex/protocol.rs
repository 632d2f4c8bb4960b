//! The protocol of [`Mutex`]: its states, and the slow paths of lock and unlock.
//!
//! | byte | meaning |
//! |---|---|
//! | 0 | unlocked |
//! | 1 | locked |
//! | 3 | locked, and the unlock has to look at the queue |
//!
//! (2, unlocked with bit 1, is never left here, but C's own functions leave it: it is taken as 0 is.)
//!
//! ```text
//!            lock                      park                unlock: the front
//!   0 ──────────────────▶ 1 ──────────────────────▶ 3 ────────────────────────────┐
//!   ▲ ◀──────────────────   fair time of a waiter     has waited for 1 ms: 1 or 3, │
//!   │       unlock                                      it is the owner            │
//!   └───────────────────────────────────────────────── else: 0, it is woken ◀──────┘
//!         woken: 0 ─▶ 1, or 3 if others wait; or parks again in its place
//! ```
//!
//! This is CPython's protocol with three changes.
//! * A wake clears bit 1. Until the woken waiter has taken the lock or parked again, unlocks are one
//!   compare-exchange: they do not wake one thread each that finds the lock taken. The woken waiter
//!   is the *designated waker*: if others are still queued it takes the lock with bit 1 set.
//! * Nobody depends on it: each waiter sleeps until its fair time at most, and then sets bit 1 itself
//!   if the lock is held, or leaves the queue and competes if it is free. So a thread that was woken
//!   and is not run delays nobody by more than 1 ms.
//! * Fair times are spread over a quarter of a millisecond. Waiters that parked together would be due
//!   together, have one turn each, and leave the lock to the last of them for the next millisecond.
//!
//! Invariants:
//! * I1: bit 0 set means one holder. While both bits are set, nobody changes the byte but an unlock,
//!   under the bucket lock.
//! * I2: while a thread is queued, bit 1 is set, or a woken thread that was told of it is on its way (it
//!   takes the lock with bit 1 or parks again, which sets it), or its fair time is still to come. Who
//!   is queued after a wake has found the lock held, and set bit 1 itself.
//! * I3: the fair time is set once per lock call. The queue stands in its order, so a waiter that
//!   lost is again before those that came later, and the front is due if anybody is.
//! * I4: a waiter that gives up was in the queue until then, or it would own the lock: nobody relies
//!   on it. Bit 1 may stay set without waiters; the next unlock clears it.
//! * I5: an unlock's store or compare-exchange is its last touch of the byte: the next owner may free
//!   the mutex at once. It releases the lock under the bucket lock or without a look at the queue, so
//!   no unlock comes to an address that is another lock's by then.
//! * I6: of two unlocks of one lock, one finds bit 0 clear: both release by a compare-exchange, or by
//!   a store that follows a look under the bucket lock (I1).
//! * I7: a thread attaches to its runtime before it competes. One that hangs there owns no lock,
//!   unless it was handed over, as in CPython.
//!
//! Orderings: taking the lock is `Acquire`, giving it up `Release`. A hand-over orders through the
//! waiter's post, since its new owner never reads the byte. All else is `Relaxed`: bit 1 is ordered
//! by the bucket lock, and setting it is a read-modify-write, which hands the unlocker's `Release` on.
//!
//! What was tried and did not pay is in `benches/README.md`.
//!
//! CPython: `Python/lock.c`, `_PyMutex_LockTimed`, `_PyMutex_TryUnlock`. Differs from CPython: the
//! above; arrivals spin with pauses, and yield twice; unlocking an unlocked mutex panics instead of
//! aborting.

use super::{Mutex, has_parked, is_locked};
use crate::bits::{HAS_PARKED, LOCKED, UNLOCKED};
use crate::deadline::{Clock, Deadline};
use crate::flags::{LockFlags, LockStatus, ParkStatus};
use crate::hooks;
use crate::parking_lot::{Kind, Parking, Request, Waiters, lot, park_with, record};
use crate::primitive::{Acquire, Relaxed, Release};
use crate::spin::Spin;

/// The replies to a waiter that is taken out: it competes, for others too if some stay; or it is the
/// owner.
const COMPETE: u32 = 0;
const HANDED_OVER: u32 = 1;
const COMPETE_FOR_OTHERS: u32 = 2;

/// How far fair times are spread: by 2^18 ns, a quarter of a millisecond.
const SPREAD_BITS: u32 = 18;

impl Mutex {
    #[cold]
    pub(super) fn lock_contended(
        &self,
        clock: &impl Clock,
        deadline: Deadline,
        flags: LockFlags,
    ) -> LockStatus {
        let (mut spin, mut locked) = (Spin::on_arrival(), LOCKED);
        let mut fair_at = None;
        loop {
            if self.take_within(spin, locked) {
                return self.acquired();
            }
            // Once per call (I3), and not before it is known that the thread will wait.
            let fair_at = *fair_at.get_or_insert_with(|| spread(clock.time_to_be_fair()));
            let parking = Parking {
                request: Request {
                    kind: Kind::Mutex,
                    key: self.key(),
                    token: 0,
                    fair_at,
                },
                again_at: clock.again_at(fair_at),
                deadline,
                flags,
            };
            // SAFETY: the key is our own address, and mutexes know their replies; `set_parked` does
            // not call into the lot.
            let parked = unsafe { park_with(parking, || self.set_parked()) };
            match parked.status {
                ParkStatus::Ok if parked.reply == HANDED_OVER => return self.acquired(),
                // The designated waker of those that are queued behind it (I2).
                ParkStatus::Ok if parked.reply == COMPETE_FOR_OTHERS => {
                    locked = LOCKED | HAS_PARKED;
                }
                ParkStatus::Ok => locked = LOCKED,
                ParkStatus::Again => {}
                ParkStatus::Timeout => return LockStatus::Failure,
                ParkStatus::Intr if hooks::ends_wait(flags) => return LockStatus::Intr,
                ParkStatus::Intr => {}
            }
            spin = Spin::woken();
        }
    }

    /// Tries to take the lock, with the byte `locked`, while the spin lasts.
    fn take_within(&self, mut spin: Spin, locked: u8) -> bool {
        loop {
            if self.take(locked) {
                return true;
            }
            if !spin.once() {
                return false;
            }
        }
    }

    /// Takes the lock if bit 0 is clear.
    pub(super) fn take(&self, locked: u8) -> bool {
        // Relaxed: decides only which compare-exchange to try.
        let mut byte = self.0.load(Relaxed);
        while !is_locked(byte) {
            // Acquire: the section starts here. Relaxed on failure: only tried again.
            match self
                .0
                .compare_exchange(byte, byte | locked, Acquire, Relaxed)
            {
                Ok(_) => return true,
                Err(now) => byte = now,
            }
        }
        false
    }

    /// Makes the holder's unlock look at the queue; false if nobody holds it. Under the bucket lock.
    fn set_parked(&self) -> bool {
        // Relaxed: decides only which compare-exchange to try.
        let mut byte = self.0.load(Relaxed);
        while byte == LOCKED {
            // Relaxed, both: see the head.
            match self
                .0
                .compare_exchange(LOCKED, LOCKED | HAS_PARKED, Relaxed, Relaxed)
            {
                Ok(_) => return true,
                Err(now) => byte = now,
            }
        }
        is_locked(byte)
    }

    /// Unlocks what is not just 1. False if it is not locked.
    #[cold]
    pub(super) fn unlock_contended(&self, clock: &impl Clock) -> bool {
        loop {
            // Relaxed: decides only which way to go.
            let byte = self.0.load(Relaxed);
            if !is_locked(byte) {
                return false;
            }
            let unlocked = match has_parked(byte) {
                true => self.unlock_parked(clock),
                false => self.unlock_unparked(),
            };
            if unlocked {
                return true;
            }
        }
    }

    /// Unlocks with a look at the front of the queue. False if another unlock was faster.
    fn unlock_parked(&self, clock: &impl Clock) -> bool {
        let release = |waiters: &mut Waiters<'_>| {
            // Relaxed: from here on nobody else changes it if both bits are set (I1).
            if self.0.load(Relaxed) != LOCKED | HAS_PARKED {
                return false;
            }
            let front = waiters.iter().next();
            let byte = match front {
                None => UNLOCKED,
                Some(front) if clock.is_due(front.fair_at) => {
                    record::count_hand_off();
                    match waiters.take_first(HANDED_OVER) {
                        true => LOCKED | HAS_PARKED,
                        false => LOCKED,
                    }
                }
                Some(_) => {
                    let others = waiters.iter().nth(1).is_some();
                    waiters.take_first(match others {
                        true => COMPETE_FOR_OTHERS,
                        false => COMPETE,
                    });
                    UNLOCKED
                }
            };
            // Release: the section ends here. The last touch (I5).
            self.0.store(byte, Release);
            true
        };
        // SAFETY: the key is our own address, and the mutex is held, so its waiters are ours; the
        // closure does not call into the lot.
        unsafe { lot().visit(Kind::Mutex, self.key(), release) }
    }
}

/// Makes a fair time earlier, by an amount that the clock's low bits decide.
pub(super) fn spread(fair_at: u64) -> u64 {
    let mixed = (fair_at ^ (fair_at >> 9)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    fair_at.saturating_sub(mixed >> (u64::BITS - SPREAD_BITS))
}
