//! The protocol of [`Mutex`]: its states, and the slow paths of lock and unlock.
//!
//! | byte | meaning |
//! |---|---|
//! | 0 | unlocked |
//! | 1 | locked |
//! | 3 | locked, and the unlock must look at the queue |
//! | 2 | unlocked, and the unlock of who locks it next must look at the queue |
//!
//! ```text
//!        lock                      park
//!   0 ───────────▶ 1 ──────────────────────────▶ 3 ◀───────────────┐ lock
//!   ▲ ◀─────────── ▲                              │ unlock, under   │
//!   │    unlock    │                              ▼ the bucket lock │
//!   │              └──── the first waiter is due: hand-off          │
//!   │                    (3 if others stay)                         │
//!   │                    it is due, but in a pause: it is woken ──▶ 2 (0 if no others stay)
//!   └─────────────────── it is not due: it is woken and competes. It locks (0 to 1, or to 3
//!                        if others stay), or parks again in its place
//! ```
//!
//! A thread that finds the lock free takes it, whoever waits (*barging*). A waiter whose
//! *fair time* has come is *due*: 0.1 ms after it parked, or 1 ms if the mutex lies in an object. An
//! unlock that finds the first waiter due hands the lock to it (*hand-off*), except in a pause (below).
//! parking_lot and CPython work alike; three things differ.
//! * A wake clears the parked bit, so until the woken waiter or a new one sets it again, an
//!   unlock is one compare-exchange and wakes nobody else. The woken waiter is nsync's *designated
//!   waker*: if others stay queued it takes the lock with the parked bit set.
//! * No waiter depends on the designated waker. Each looks for itself at its fair time, and 1, 3, 7 ms after
//!   that and so on. Then it sets the parked bit itself if the lock is held, or leaves the queue and
//!   competes if the lock is free.
//! * A new waiter's fair time is later for each waiter in its bucket: by 20 us for each of the first 15, by 50
//!   for each more or if the mutex lies in an object. And a hand-off is followed by a *pause*, until 50 us after
//!   the new owner began to run, or 30 times the length of its section if that is longer. An unlock in the pause
//!   hands nothing off: it frees the lock and wakes the first waiter. Otherwise, in a crowd or on a busy machine,
//!   all waiters would be due at once, and every unlock would be a hand-off to a thread that has yet to wake up.
//!   If the first waiter is due and others stay, such an unlock leaves the parked bit set, so that the first
//!   unlock after the pause hands the lock to the next, also if the one that was woken has not run by then.
//!
//! A waiter is *overdue* when it has been due for as long as a pause, and at the latest 1 ms after it parked, put
//! off as its fair time is. While the first waiter is overdue, a pause lasts for 50 us, however long the section.
//! So the times that users are promised do not depend on the sections: 1 ms after a waiter parked, put off like
//! that, those in front of it are overdue too.
//!
//! Invariants:
//! * I1: bit 0 means one holder. While both bits are set, only an unlock changes the byte, and it
//!   does so under the bucket lock.
//! * I2: while a thread is queued and nobody has the bucket lock, one of three holds: (a) the parked bit is
//!   set and the lock is held; (b) a designated waker is on its way and will set the bit; (c) the thread's
//!   next look is still to come. After its fair time (a) holds until it has the lock, with two exceptions. One
//!   is in I8. The other: an unlock in a pause frees the lock and wakes the first waiter. Then the bit stays set
//!   for the others, so (a) holds again as soon as anybody locks; and if nobody does, the woken one not being
//!   run, the thread has (c). A thread that is queued after a wake found the lock held, and set the parked bit
//!   itself.
//! * I3: a lock call has one fair time, set before it is first queued (beside long sections, before it first
//!   yields: see `spin.rs`). The queue stands in the order of fair times, so a waiter that lost the race passes
//!   those that came later, and the first waiter has the earliest fair time.
//! * I4: a waiter that gives up was still queued, so it does not own the lock and nobody relies on
//!   it. The parked bit may stay set without waiters; the next unlock clears it.
//! * I5: an unlock's store or compare-exchange is its last touch of the byte, since the next owner
//!   may free the mutex at once. An unlock that looks at the queue does so, and releases the byte, in one
//!   hold of the bucket lock, so no lock made later at that address can have waiters there by then.
//! * I6: of two unlocks of one lock, one finds bit 0 clear and fails: each releases by a
//!   compare-exchange, or by a store that follows a look under the bucket lock (I1).
//! * I7: a thread attaches to its runtime before it competes. One that hangs there owns no lock,
//!   unless the lock was handed off to it, as in CPython.
//! * I8: a waiter's first look takes the bucket lock only if it does not find both bits set. So a waiter that is
//!   stopped there, soon after it parked, keeps nobody. If both bits are set, the unlock that changes them is
//!   still to come, and finds the waiter due. Or it is at work under the bucket lock since before the fair time,
//!   or the byte that was read is an older one. Then it may have woken another, and (b) or (c) holds until the
//!   next look, which takes the bucket lock.
//!
//! Orderings: taking the lock is `Acquire`, releasing it `Release`. A hand-off orders through the
//! post to the waiter, since the new owner never reads the byte. The rest is `Relaxed`: the bucket
//! lock orders the parked bit, which is set only while the lock is held, so no thread that takes the lock
//! reads that change.
//!
//! Why it is so, and what was tried and did not pay: `DESIGN.md`.
//!
//! CPython: `Python/lock.c`, `_PyMutex_LockTimed`, `_PyMutex_TryUnlock`. Differs from CPython in the
//! three things above; also, a waiter is due after a tenth of CPython's millisecond unless the mutex lies in an
//! object, a thread that arrives spins with pauses and yields once, beside long sections more often, and
//! unlocking an unlocked mutex panics instead of aborting.

use super::{Mutex, has_parked, is_locked};
use crate::bits::{HAS_PARKED, LOCKED, UNLOCKED};
use crate::deadline::{Clock, Deadline, FairTime, TIME_TO_BE_FAIR_NS};
use crate::flags::{LockFlags, LockStatus, ParkStatus};
use crate::hooks;
use crate::parking_lot::{HandOff, Kind, Parking, Request, Waiters, lot};
use crate::record;
use crate::spin::{Placement, Spin};
use crate::sync::{Acquire, Relaxed, Release};

// What an unlock tells the waiter that it takes out of the queue (parking_lot's `UnparkToken`).

/// Compete for the lock; nobody else is queued.
const COMPETE: u32 = 0;
/// The lock is yours.
const HANDED_OFF: u32 = 1;
/// Compete for the lock, and set the parked bit with it: others are queued.
const COMPETE_FOR_OTHERS: u32 = 2;

/// How long other threads may pass a waiter of a mutex that lies by itself. A victim of few threads waits for
/// this and some pauses. The turns depend on the pause alone.
pub(super) const FAIR_ALONE_NS: u64 = TIME_TO_BE_FAIR_NS / 10;

/// The pause after a hand-off, and what a waiter is put off at most for each in front of it.
pub(super) const PAUSE_NS: u64 = 50_000;

/// While the first waiter is not overdue, the pause is at least as long as so many sections of the new owner:
/// beside long ones hand-offs cost more.
const PAUSE_SECTIONS: u64 = 30;

/// Beside sections of this length a thread goes on with yields before it parks. A spin covers shorter ones.
const LONG_SECTION_NS: u64 = 5_000;

/// The section of a new owner that has yet to unlock.
const NOT_OVER: u64 = u64::MAX;

/// How long other threads may pass a waiter. In an object as long as in CPython, which is made for bursts.
pub(super) fn time_to_be_fair(place: Placement) -> u64 {
    match place {
        Placement::Alone => FAIR_ALONE_NS,
        Placement::InObject | Placement::UnderGil => TIME_TO_BE_FAIR_NS,
    }
}

/// How long after its fair time a waiter is overdue at the latest: in every place when CPython's millisecond is
/// over.
fn overdue_after(place: Placement) -> u64 {
    TIME_TO_BE_FAIR_NS - time_to_be_fair(place)
}

/// How much later a waiter is due behind so many others. If all of a crowd were due at once, the lock would do
/// nothing but hand-offs. So the fair times of a large crowd are as far apart as hand-offs can be.
pub(super) fn put_off(place: Placement) -> fn(usize) -> u64 {
    match place {
        Placement::Alone => behind_few_sooner,
        Placement::InObject | Placement::UnderGil => behind,
    }
}

/// 50 us for each.
fn behind(in_front: usize) -> u64 {
    PAUSE_NS.saturating_mul(in_front as u64)
}

/// 20 us for each of the first 15, and 50 us for each more. Few are done sooner: in a crowd each hand-off costs
/// more.
fn behind_few_sooner(in_front: usize) -> u64 {
    const FEW: usize = 15;
    const SOONER_NS: u64 = 30_000;
    behind(in_front) - SOONER_NS * in_front.min(FEW) as u64
}

/// When the pause after a hand-off ends, with this waiter at the front of the queue.
fn end_of_pause(front: Request, hand_off: HandOff) -> FairTime {
    let pause = PAUSE_NS.max(hand_off.section.saturating_mul(PAUSE_SECTIONS));
    let overdue = front.fair_time.ns().saturating_add(pause.min(front.token));
    let [least, most] = [PAUSE_NS, pause].map(|pause| hand_off.at.saturating_add(pause));
    FairTime::At(overdue.clamp(least, most))
}

impl Mutex {
    /// Spins, then parks, until the lock is taken, handed off, or given up.
    #[cold]
    pub(super) fn lock_contended(
        &self,
        clock: &impl Clock,
        deadline: Deadline,
        flags: LockFlags,
        place: Placement,
    ) -> LockStatus {
        let (mut spin, mut locked) = (place.on_arrival(), LOCKED);
        let mut fair_time = None;
        loop {
            if self.take_within(spin, locked, || true) {
                return self.acquired();
            }
            // Once per call (I3), and only when the thread is about to yield or to park.
            let not_before =
                *fair_time.get_or_insert_with(|| clock.time_to_be_fair(time_to_be_fair(place)));
            if place.yields_beside_long_sections() && self.has_long_sections() {
                let overdue = not_before.ns().saturating_add(overdue_after(place));
                let until = clock.now().saturating_add(PAUSE_NS).min(overdue);
                let spin = Spin::beside_long_sections();
                let goes_on = || !deadline.has_passed() && clock.now() < until;
                if self.take_within(spin, locked, goes_on) {
                    return self.acquired();
                }
            }
            let parking = Parking {
                request: Request {
                    kind: Kind::Mutex,
                    key: self.key(),
                    token: overdue_after(place),
                    fair_time: not_before,
                },
                put_off: put_off(place),
                looks: Some(clock),
                deadline,
                flags,
            };
            // SAFETY: the key is our own address, and all waiters on it are mutex waiters, which know
            // these replies. `set_parked` does not call into the lot.
            let parked = unsafe {
                lot().park_then(
                    parking,
                    || self.set_parked(),
                    || self.unlock_will_look(),
                    || (),
                )
            };
            // It keeps its place if it parks again.
            fair_time = Some(parked.fair_time);
            clock.was_fair_at(parked.fair_time);
            match parked.status {
                // The unlock left bit 0 set for us.
                ParkStatus::Ok if parked.reply == HANDED_OFF => {
                    self.note_hand_off(clock);
                    return self.acquired();
                }
                // Designated waker: the others rely on us to set the parked bit again (I2).
                ParkStatus::Ok if parked.reply == COMPETE_FOR_OTHERS => {
                    locked = LOCKED | HAS_PARKED;
                }
                // Woken alone: nobody is left to set the parked bit for.
                ParkStatus::Ok => locked = LOCKED,
                // The lock was free when we came to park, or at our fair time.
                ParkStatus::Again => {}
                ParkStatus::Timeout => return LockStatus::Failure,
                // A signal, and the runtime's handlers say to stop.
                ParkStatus::Intr if hooks::ends_wait(flags) => return LockStatus::Intr,
                // A signal that was handled: go on waiting.
                ParkStatus::Intr => {}
            }
            spin = place.woken();
        }
    }

    /// Notes that the calling thread was handed the lock, and begins to measure its section.
    fn note_hand_off(&self, clock: &impl Clock) {
        // Relaxed: only how long a pause lasts depends on it. With the bit set, our unlock will look at the queue
        // and end the section. Without it our unlock may not look, so the section is taken for a short one.
        let section = match has_parked(self.0.load(Relaxed)) {
            true => NOT_OVER,
            false => 0,
        };
        let at = clock.now();
        lot().note_hand_off(self.key(), HandOff { at, section });
    }

    /// The last hand-off of this lock. If its section is not over, this is the unlock that ends it: the owner saw
    /// the parked bit, and while both bits are set only an unlock changes the byte (I1).
    fn last_hand_off(&self, waiters: &Waiters<'_>, clock: &impl Clock) -> Option<HandOff> {
        let mut hand_off = waiters.last_hand_off?;
        if hand_off.section == NOT_OVER {
            hand_off.section = clock.now().saturating_sub(hand_off.at);
            lot().note_hand_off(self.key(), hand_off);
        }
        Some(hand_off)
    }

    /// Whether the section that followed the last hand-off of this lock was a long one.
    fn has_long_sections(&self) -> bool {
        let is_long = |last: HandOff| (LONG_SECTION_NS..NOT_OVER).contains(&last.section);
        lot().last_hand_off(self.key()).is_some_and(is_long)
    }

    /// Tries to set the bits `locked` in the unlocked byte, while the spin lasts and `goes_on`.
    fn take_within(&self, mut spin: Spin, locked: u8, goes_on: impl Fn() -> bool) -> bool {
        loop {
            if self.take(locked) {
                return true;
            }
            spin.watch(|| self.is_locked());
            if !goes_on() || !spin.once() {
                return false;
            }
        }
    }

    /// Sets the bits `locked` if bit 0 is clear.
    pub(super) fn take(&self, locked: u8) -> bool {
        // Relaxed: decides only which compare-exchange to try.
        let mut byte = self.0.load(Relaxed);
        while !is_locked(byte) {
            // Acquire: the critical section starts here. Relaxed on failure: only tried again.
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

    /// Sets the parked bit, so that the holder's unlock looks at the queue. False if nobody holds the
    /// lock. Runs under the bucket lock, before the thread is queued and again at each look.
    fn set_parked(&self) -> bool {
        // Relaxed: decides only which compare-exchange to try.
        let mut byte = self.0.load(Relaxed);
        while byte == LOCKED {
            // Relaxed: the bucket lock orders the parked bit (see the head).
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

    /// True if the lock is held, and its unlock will look at the queue. Runs without the bucket lock, at the first
    /// look of a queued thread.
    pub(super) fn unlock_will_look(&self) -> bool {
        // Relaxed: the byte may be an older one (I8).
        self.0.load(Relaxed) == LOCKED | HAS_PARKED
    }

    /// Unlocks when the byte was not plainly 1. False if it is not locked.
    #[cold]
    pub(super) fn unlock_contended(&self, clock: &impl Clock) -> bool {
        loop {
            // Relaxed: decides only which of the two ways to try.
            let byte = self.0.load(Relaxed);
            if !is_locked(byte) {
                return false;
            }
            let unlocked = match has_parked(byte) {
                true => self.unlock_parked(clock),
                // The parked bit has gone since the fast path failed.
                false => self.unlock_unparked(),
            };
            if unlocked {
                return true;
            }
        }
    }

    /// Unlocks, and wakes the first waiter or hands the lock off to it. False if another unlock came
    /// first.
    fn unlock_parked(&self, clock: &impl Clock) -> bool {
        let unlock = |waiters: &mut Waiters<'_>| {
            // Relaxed: if both bits are set, nobody else changes the byte from here on (I1).
            if self.0.load(Relaxed) != LOCKED | HAS_PARKED {
                return false;
            }
            // Release: the critical section ends here. The last touch of the byte (I5).
            let release = |byte| self.0.store(byte, Release);
            // While nobody in the bucket is due, the lock is free before a waiter is looked at. In a crowd
            // each look at a waiter is a cache miss, for which all others would wait.
            let due = match clock.should_be_fair(waiters.earliest()) {
                true => waiters
                    .iter()
                    .next()
                    .filter(|front| clock.should_be_fair(front.fair_time)),
                false => None,
            };
            let last = self.last_hand_off(waiters, clock);
            let in_pause =
                |front| last.is_some_and(|last| !clock.should_be_fair(end_of_pause(front, last)));
            if due.is_some_and(|front| !in_pause(front)) {
                // Hand-off: bit 0 stays set for the new owner.
                record::count_hand_off();
                release(match waiters.unpark_first(HANDED_OFF) {
                    true => LOCKED | HAS_PARKED,
                    false => LOCKED,
                });
            } else {
                // Wake the first to compete; it is the designated waker if others stay (I2). If there is
                // none, the parked bit was left behind (I4). In a pause the bit stays for the others.
                let others = |waiters: &Waiters<'_>| waiters.iter().nth(1).is_some();
                release(match due {
                    Some(_) if others(waiters) => HAS_PARKED,
                    _ => UNLOCKED,
                });
                waiters.unpark_first(match others(waiters) {
                    true => COMPETE_FOR_OTHERS,
                    false => COMPETE,
                });
            }
            true
        };
        // SAFETY: the key is our own address, and we hold the mutex, so the waiters on it are mutex
        // waiters. The closure calls nothing of the lot but `note_hand_off`, which takes no lock.
        unsafe { lot().with_waiters(Kind::Mutex, self.key(), unlock) }
    }
}
