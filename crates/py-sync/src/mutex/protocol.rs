//! The protocol of [`Mutex`]: its states, and the slow paths of lock and unlock.
//!
//! | byte | meaning |
//! |---|---|
//! | 0 | unlocked |
//! | 1 | locked |
//! | 2 | unlocked, threads are parked, and the next unlock has to look at them |
//! | 3 | locked, and the same |
//!
//! A waiter is *queued* (asleep) or *in flight* (woken, still in its place; `standby.rs`). What
//! makes this lock fast is that an unlock wakes a waiter that is then given time, instead of waking
//! one per unlock that then loses; what makes it fair is that the waiter can be handed the lock all
//! the while, and that a lock with long sections looks every time.
//!
//! ```text
//!  lock    0 ─▶ 1. Taken: look again for 3 us, then join the queue and sleep:
//!            join     byte free: start again; first in flight: as it is; else 1 ─▶ 3
//!            woken    look for 3 us; then, if sections are short and until due, doze: sleep for
//!                     50 us, look again; then land: byte free: start again; else 1 ─▶ 3, and sleep
//!            free?    take it (0 ─▶ 1, 2 ─▶ 3) and leave: others queued 3, nobody 1
//!            time up  leave; if in flight, who is queued is the holder's (1 ─▶ 3) or is woken
//!
//!  unlock  1 ─▶ 0, which another's 1 ─▶ 3 may race: then wake the first
//!          3: look at the first waiter
//!            nobody                                     ─▶ 0
//!            due: it has waited for more than 1 ms      ─▶ 1 or 3, hand it over
//!            queued                                     ─▶ 2, wake it
//!            in flight, and the section was long        ─▶ 2, wake one more
//!            in flight, the section was short           ─▶ 2, and 0 from the fourth in a row on
//! ```
//!
//! Invariants:
//! * I1: bit 0 set means one holder. Bit 1 is set and cleared under the bucket lock only, but for
//!   the swap of an unlock that did not see it come (I3).
//! * I2: while anybody is queued, the byte is 3 or 2, or a waiter of this mutex is in flight, or a
//!   thread is on its way to the bucket to wake the first. So somebody always looks after them.
//! * I3: an unlock decides by the byte that it loaded: 1 is swapped for 0. What the swap then finds
//!   is 1, or 3 if a waiter came in between; that waiter is woken, since nobody else knows of it.
//!   By then the lock is free, so nothing is handed over and the byte is not touched.
//! * I4: who is in flight ends by leaving or by landing, and both hand the care for the others on,
//!   under the bucket lock: a leaver that has the lock by bit 1, one that gives up by bit 1 of a
//!   held lock or by waking the next, a lander by bit 1 of a held lock.
//! * I5: the time to be fair is set once per lock call, 1 ms after it first parks. Places are kept,
//!   so once the first is due, no unlock that looks passes it over.
//! * I6: an unlock's store or swap is its last touch of the byte: the next owner may free the mutex
//!   at once. What follows goes by the address. If another lock lives there by then, a waiter of
//!   that one may be woken for nothing, which it takes for a doze that ended.
//!
//! Orderings: taking the lock is `Acquire`, giving it up `Release`. A hand-over orders through the
//! waiter's message, since its new owner never reads the byte. All else that reads or writes the
//! byte is `Relaxed`: bit 1 is ordered by the bucket lock, and setting it is a read-modify-write,
//! which hands the unlocker's `Release` on.
//!
//! What pays for each part, geometric mean of the 36 cells against parking_lot 0.13, unpinned and
//! pinned, and turns passed over at 20 us (`benches/lock_contended.rs`, `lock_starvation.rs`; two
//! busy processors, so good to 3 %):
//!
//! | variant | throughput | turns |
//! |---|---|---|
//! | as it is | 1.00-1.05, 1.01-1.06 | 51 |
//! | CPython: one wake for each unlock, waiters leave when woken | 0.57-0.64, 0.45-0.48 | 71-206 |
//! | bit 1 kept while a waiter is in flight | 0.74 pinned | 50 |
//! | the byte's free bits count unlocks until the next look | 0.89-0.93, 0.92-0.94 | 49 |
//! | no arrival spins while bit 1 is set | 0.74-0.92 pinned | 174-202 |
//! | bit 1 cleared by the wake itself | 1.04-1.05, 1.02-1.06 | 192-214 |
//! | bit 1 cleared by the first short section | 0.99-1.06, 1.01-1.02 | 81-168 |
//! | never one more is woken (4-16 threads, sections of 5 us and more) | 0.77-0.80 for 0.83-0.85 | 51 |
//! | after a long section, too, the woken one dozes (sections of 5 and 20 us) | 0.90 for 0.96 | - |
//!
//! The rows above the last were measured before a waiter landed at once after a long section, which
//! the last one is about. As it is now, on an idle machine: 1.03, 1.06, and 45 turns; sections of 5
//! and 20 us 1.00, 1.02.
//!
//! CPython: `Python/lock.c`, `_PyMutex_LockTimed`, `_PyMutex_TryUnlock`. Differs from CPython: the
//! above; the byte is 2 where CPython's is 0 while the woken waiter of an unlock has not taken the
//! lock yet; a waiter waits, and takes the lock, detached; a waiter that lost keeps its place;
//! arrivals spin with pauses, whether others are parked or not; unlocking an unlocked mutex panics
//! instead of aborting. A waiter that is in flight but does not get a processor, beside sections
//! shorter than 5 us, is handed the lock when it next runs, not before.

use super::{Mutex, has_parked, is_locked};
use crate::bits::{HAS_PARKED, LOCKED, UNLOCKED};
use crate::deadline::{Clock, Deadline};
use crate::flags::{LockFlags, LockStatus};
use crate::hooks;
use crate::parking_lot::{HANDED_OVER, Kind, Standby, Verdict, WOKEN_ONCE, Waiter, lot};
use crate::primitive::{Relaxed, Release};
use crate::semaphore::Wake;
use crate::spin::Spin;

/// How long a waiter in flight sleeps between two looks.
const DOZE_NS: u64 = 50_000;

/// How often at most. As many as fill the time until it is due; a model has no time, and one is
/// enough to try every order.
const MAX_DOZES: u32 = if cfg!(all(test, loom)) { 1 } else { 20 };

/// So many short sections in a row, and a lock with a waiter in flight counts as one of short
/// sections. One alone says little: threads differ.
pub(super) const SHORT_SECTIONS: u32 = 4;

impl Mutex {
    #[cold]
    pub(super) fn lock_contended(
        &self,
        clock: &impl Clock,
        deadline: Deadline,
        flags: LockFlags,
    ) -> LockStatus {
        let mut due = None;
        loop {
            if self.look_for(Spin::on_arrival(), || false) {
                return LockStatus::Acquired;
            }
            // Once per call (I5), and not before it is known that the thread will wait.
            let due = *due.get_or_insert_with(|| clock.time_to_be_fair());
            match self.wait(clock, due, deadline, flags) {
                Some(Wake::Woken) => return LockStatus::Acquired,
                Some(Wake::TimedOut) => return LockStatus::Failure,
                Some(Wake::Interrupted) if hooks::pending().is_break() => return LockStatus::Intr,
                Some(Wake::Interrupted) | None => {}
            }
        }
    }

    /// Tries to take the lock while the spin lasts and `end` does not say so. True if it did.
    fn look_for(&self, mut spin: Spin, end: impl Fn() -> bool) -> bool {
        loop {
            if self.try_lock_unparked() {
                return true;
            }
            if end() || !spin.once() {
                return false;
            }
        }
    }

    /// Waits in the queue once. `None` if the lock was free before the thread was in it.
    fn wait(
        &self,
        clock: &impl Clock,
        due: u64,
        deadline: Deadline,
        flags: LockFlags,
    ) -> Option<Wake> {
        let standby = Standby {
            due,
            looked: clock.now(),
            shorts: 0,
            in_flight: false,
        };
        let waiter = Waiter::on_standby(self.key(), standby, Kind::Mutex);
        let looked_after = |in_flight| in_flight && self.is_locked() || self.set_parked();
        // SAFETY: the key is our own address, and only mutexes park on their byte; the closure does
        // not call into the lot; `stay` returns with the waiter out of the queue.
        let joined = unsafe { lot().join(&waiter, looked_after) };
        joined
            .then(|| hooks::around_sleep(flags, || self.stay(&waiter, clock, due, deadline, flags)))
    }

    /// Makes the holder look after who is queued; false if there is none. Under the bucket lock.
    pub(super) fn set_parked(&self) -> bool {
        // Relaxed: decides only which compare-exchange to try.
        let mut byte = self.0.load(Relaxed);
        while is_locked(byte) {
            // Relaxed, both: see the head.
            match self
                .0
                .compare_exchange(byte, LOCKED | HAS_PARKED, Relaxed, Relaxed)
            {
                Ok(_) => return true,
                Err(now) => byte = now,
            }
        }
        false
    }

    /// Sleeps, competes when woken, and returns with the waiter out of the queue. `Woken` means
    /// that the lock is ours.
    pub(super) fn stay(
        &self,
        waiter: &Waiter,
        clock: &impl Clock,
        due: u64,
        deadline: Deadline,
        flags: LockFlags,
    ) -> Wake {
        let interruptible = flags.contains(LockFlags::HANDLE_SIGNALS);
        let mut dozes = 0;
        let mut until = deadline;
        loop {
            let mut lands = false;
            match waiter.wait_for_message(until, interruptible) {
                Ok(HANDED_OVER) => return Wake::Woken,
                Ok(message) => lands = message == WOKEN_ONCE,
                // The end of a doze.
                Err(Wake::TimedOut) if !deadline.has_passed() => {}
                Err(why) => return self.give_up(waiter, why),
            }
            until = loop {
                if self.look_for(Spin::in_flight(), || waiter.has(HANDED_OVER)) {
                    self.settle(waiter);
                    return Wake::Woken;
                }
                let now = clock.now();
                if !lands && dozes < MAX_DOZES && now < due {
                    dozes += 1;
                    break deadline.min(Deadline::At(due.min(now + DOZE_NS)));
                }
                // SAFETY: ours, and not out of the queue: it was handed over at most.
                if unsafe { lot().land(waiter, now, || self.set_parked()) } {
                    break deadline;
                }
            };
        }
    }

    /// Leaves the queue with the lock taken.
    fn settle(&self, waiter: &Waiter) {
        let callback = |_in_flight: bool, others: bool| {
            // Relaxed, and a plain store: the lock is ours, and the bucket locked (I1).
            self.0.store(locked(others), Relaxed);
            false
        };
        // SAFETY: ours, and in the queue: nobody else holds a lock that could be handed over.
        let left = unsafe { lot().leave(waiter, callback) };
        debug_assert!(left, "handed over what was free");
    }

    /// Leaves the queue without the lock, unless it has been handed over.
    fn give_up(&self, waiter: &Waiter, why: Wake) -> Wake {
        let wakes_next = |in_flight: bool, others: bool| in_flight && others && !self.set_parked();
        // SAFETY: ours, and not out of the queue: it was handed over at most.
        let left = unsafe { lot().leave(waiter, wakes_next) };
        if left { why } else { Wake::Woken }
    }

    /// Unlocks whatever the byte is. False if it is not locked.
    #[cold]
    pub(super) fn unlock_contended(&self, clock: &impl Clock) -> bool {
        // Relaxed: decides only which way to go.
        let byte = self.0.load(Relaxed);
        if !is_locked(byte) {
            return false;
        }
        if has_parked(byte) {
            self.unlock_parked(clock);
        } else {
            self.unlock_unparked();
        }
        true
    }

    /// A swap took bit 1 along: wakes whom it stood for (I3).
    #[cold]
    pub(super) fn unlock_raced(&self) {
        let callback = |first: Option<&mut Standby>, _has_more| match first {
            Some(_) => Verdict::Wake,
            // Nobody, or a waiter for something else that lives here now (I6).
            None => Verdict::Leave,
        };
        // SAFETY: the key is our own address, and a waiter of anybody else is left alone; the
        // callback does not call into the lot.
        unsafe { lot().wake_first(self.key(), callback) };
    }

    /// Unlocks with a look at the first waiter.
    fn unlock_parked(&self, clock: &impl Clock) {
        let callback = |first: Option<&mut Standby>, has_more| {
            let (byte, verdict) = match first {
                None => (UNLOCKED, Verdict::Leave),
                Some(first) => decide(first, has_more, clock),
            };
            // Release: the section ends here. A plain store, and the last touch (I1, I6).
            self.0.store(byte, Release);
            verdict
        };
        // SAFETY: the key is our own address, and only mutexes park on their byte; the callback
        // does not call into the lot.
        unsafe { lot().wake_first(self.key(), callback) };
    }

    pub(super) fn key(&self) -> usize {
        self.as_ptr().addr()
    }
}

/// The byte of a lock that is held.
fn locked(has_parked: bool) -> u8 {
    if has_parked {
        LOCKED | HAS_PARKED
    } else {
        LOCKED
    }
}

/// What an unlock that looks does: the byte that it leaves, and whom it wakes.
pub(super) fn decide(first: &mut Standby, has_more: bool, clock: &impl Clock) -> (u8, Verdict) {
    let now = clock.now();
    if clock.was_due(now, first.due) {
        return (locked(has_more), Verdict::HandOver);
    }
    let was_long = clock.is_long(first.looked, now);
    first.looked = now;
    if !first.in_flight || was_long {
        first.shorts = 0;
        let verdict = match (first.in_flight, was_long) {
            (true, _) => Verdict::NextOnce,
            (false, true) => Verdict::WakeOnce,
            (false, false) => Verdict::Wake,
        };
        return (HAS_PARKED, verdict);
    }
    first.shorts += 1;
    if first.shorts < SHORT_SECTIONS {
        (HAS_PARKED, Verdict::Leave)
    } else {
        (UNLOCKED, Verdict::Leave)
    }
}
