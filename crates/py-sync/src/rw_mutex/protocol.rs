//! The protocol of [`RwMutex`]: its states, and the slow paths of locking.
//!
//! The slow paths of unlocking are in `unlock.rs`, which waiters go next in `queue.rs`, upgradable
//! readers in `upgrade.rs`.
//!
//! | word | meaning |
//! |---|---|
//! | 0 | free |
//! | 4 n | n readers |
//! | 1 | a writer |
//! | U | an upgradable reader (U is the top bit; `upgrade.rs`, typed locks only) |
//! | U + 1 | an upgradable reader that waits until the other readers have left |
//! | +2 | the parked bit: threads may be parked; without U, new readers wait behind them |
//! | 2 | free, and a woken thread is about to take it |
//! | A + 4 n | n readers, and a writer that spins: new readers wait (A is the bit below the top) |
//! | A | free, and that writer is about to take it |
//!
//! ```text
//!      read_lock          a writer parks          the last reader leaves
//!   0 ───────────▶ 4n ───────────────────▶ 4n+2 ─────────────┬──────────▶ 2
//!   ▲ ◀───────────         readers park too                   │ fair time   │ before that: the
//!   │  write_lock                                             │ has come:   │ front is woken,
//!   ├───────────▶ 1                                           ▼ hand-off    │ and locks
//!   │ ◀─────────── └────────────────────────────────────────▶ 3 ◀───────────┘
//!   │   unlock         another thread parks                   │ write_unlock
//!   └─────────────────────────────────────────────────────────┘ fair time: 1 or 4n; else 0; +2 if
//!                                                                others stay, unless a
//!                                                                woken writer takes it along
//! ```
//!
//! All waiters park on one key, in the order of their fair times. The *front* of the queue is either
//! the first writer alone or all readers up to the first writer (`queue.rs`). The front is woken
//! together, and nobody else. A woken reader gets the rank [`First`](Rank::First): it was in front of
//! the waiting writers, so they do not stop it. A writer that is woken by a writer is the *designated
//! waker* of those behind it, as with [`Mutex`](crate::Mutex): the parked bit goes with it, and unlocks
//! wake nobody else until it has taken the lock or parked again.
//!
//! A writer that finds readers spins before it parks. From its fourth look on it *announces itself*: A stops
//! new readers as the parked bit does, so the lock is free once those that have it have left. Otherwise the
//! writer would have to find a moment without readers, and mostly sleep. It yields no more then: if others had
//! its processor for a while, the readers that it stops would wait for all of it.
//!
//! Invariants:
//! * I1: bit 0 means one writer and no reader; with U it means one upgradable reader that waits for
//!   the other readers. A reader checks the word before it adds itself, so every reader that the word
//!   counts has the lock.
//! * I2: a thread is queued only if, under the bucket lock, the parked bit was set and the word stopped
//!   a thread of its rank.
//! * I3: while bits 0 and 1 are both set, only the writer changes them, or the upgradable reader that
//!   is becoming one, and under the bucket lock.
//! * I4: only an unlock, or a writer that gives up, clears the parked bit: under the bucket lock, and
//!   only if nobody is left on the key or a designated waker takes it along.
//! * I5: while a thread is queued, a thread looks at the queue later: the writer or the upgradable
//!   reader when it unlocks, or the last reader, each of which finds the parked bit; or, at 2, a woken
//!   or a spinning thread, which takes the lock or parks; or a designated waker, which sets the parked bit
//!   with its lock or parks again. No waiter depends on a woken thread: at its fair time, and again more and
//!   more rarely after that, a waiter sets the parked bit if the lock is held, and leaves the queue and
//!   competes if nothing stops it.
//! * I6: a writer that gives up (timeout, signal, panic) no longer stops readers. It lets in the readers
//!   that are now the front, and clears the parked bit if nobody is left. A reader that gives up,
//!   upgradable or not, changes nothing: what stopped it still stops the others.
//! * I7: an unlock's change of the word is its last touch of it, since the next owner may free the lock
//!   at once. Everything after that uses the waiters and the bucket only.
//! * I8: of two unlocks of one hold, one fails: each changes the word by a compare-exchange, or under
//!   the bucket lock after a look there.
//! * I9: a thread attaches to its runtime before it competes, as with [`Mutex`](crate::Mutex).
//! * I10: A is set beside readers or nobody: never with bits 0, 1 or U. Nobody relies on it. Whoever takes
//!   the lock as a writer or an upgradable reader, parks, gives up or passes the writer (with `try_`, or with
//!   rank `First`) clears it, and a writer that still spins sets it again. If the writer is not run while the
//!   lock is free, a reader is stopped until it has parked and its fair time has come (I5), as at 2.
//!
//! Fairness: a write unlock, or the last reader, hands the lock off to a front whose first waiter is due:
//! it has waited for more than 1 ms (in a crowd later, as with [`Mutex`](crate::Mutex)). There is no pause, so
//! writers that are due go in their order. Before that, a write unlock
//! wakes the front and any thread may barge; if readers are woken and others stay, only writers may. The
//! last reader wakes a writer and leaves the parked bit, so only writers may barge. So readers pass a writer
//! only while a writer that a writer has woken is on its way, and none once it is due. Otherwise
//! a writer waits for the readers that have the lock, and for the writers before it.
//!
//! Orderings: taking the lock is `Acquire`, releasing it `Release`. All changes of the word are
//! read-modify-writes, so each continues the release sequences of those before it, and a writer that
//! acquires sees what every reader did before it left. A hand-off orders through the waiter's post.
//!
//! In the child of a fork the queue is empty, and a parked bit or A may be left over. The last unlock clears
//! the parked bit, and the first thread that parks or takes the lock clears A. Until then either stops a new
//! reader of a free lock for 1 ms at most (I5), and a new reader of a held lock until that is unlocked. A
//! thread that already reads and reads again then deadlocks with itself, as it would have in the parent,
//! where a writer was waiting.
//!
//! CPython: `Python/lock.c`, `rwmutex_set_parked_and_wait` and the functions that call it. Differs
//! from CPython, which wakes all parked threads each time, hands nothing off, and has no U.

use super::queue::{COMPETE_FOR_OTHERS, HANDED_OFF, READS, WRITES};
use super::unlock::GivesUp;
use super::{
    ANNOUNCED, ONE_READER, PARKED, Rank, RwMutex, TOO_MANY, UPGRADABLE, WRITER, has_parked, is_free,
};
use crate::deadline::{Clock, Deadline, FairTime, TIME_TO_BE_FAIR_NS};
use crate::flags::{LockFlags, LockStatus, ParkStatus};
use crate::hooks;
use crate::parking_lot::{Kind, Parking, Request, lot};
use crate::spin::{Backoff, Spin};
use crate::sync::{Acquire, Relaxed};

/// How much later a waiter is due behind so many others: 50 us for each. A hand-off takes until the new owner
/// has woken up, and no pause follows it here: if every unlock were one, the lock would do nothing else.
pub(super) fn put_off(in_front: usize) -> u64 {
    const FOR_EACH_NS: u64 = 50_000;
    FOR_EACH_NS.saturating_mul(in_front as u64)
}

/// An upgradable reader has the lock, and readers may share it.
fn is_upgradable(word: usize) -> bool {
    word & (WRITER | UPGRADABLE) == UPGRADABLE
}

/// How [`RwMutex::wait`] ended.
pub(super) enum Round {
    HandedOff,
    /// The thread competes, in front of those that are queued: it was woken, or its fair time came and
    /// nothing stopped it.
    First {
        /// What it sets with its lock: the parked bit, if others rely on it (I5).
        parked: usize,
    },
    /// The thread tries again: it was not queued, or the runtime has handled a signal.
    Again,
    GivenUp(LockStatus),
}

/// A lock call that waits: its arguments, its fair time, and what is left of its spin.
pub(super) struct Call<'a, C: Clock> {
    pub(super) clock: &'a C,
    /// The token of its waiter: [`READS`], [`WRITES`] or `UPGRADES`.
    pub(super) kind: u64,
    pub(super) deadline: Deadline,
    pub(super) flags: LockFlags,
    pub(super) fair_time: Option<FairTime>,
    pub(super) spin: Spin,
}

impl<'a, C: Clock> Call<'a, C> {
    pub(super) fn new(clock: &'a C, kind: u64, deadline: Deadline, flags: LockFlags) -> Self {
        Call {
            clock,
            kind,
            deadline,
            flags,
            fair_time: None,
            spin: match kind {
                READS => Spin::behind_a_writer(),
                _ => Spin::of_a_writer(),
            },
        }
    }
}

impl RwMutex {
    /// Locks for reading as soon as nothing stops a reader of `rank`.
    #[cold]
    pub(crate) fn read_contended(
        &self,
        clock: &impl Clock,
        mut rank: Rank,
        deadline: Deadline,
        flags: LockFlags,
    ) -> LockStatus {
        let mut call = Call::new(clock, READS, deadline, flags);
        let mut backoff = Backoff::new();
        loop {
            // Relaxed: decides only which compare-exchange to try.
            let word = self.0.load(Relaxed);
            if !rank.is_stopped_by(word) {
                if self.add_reader(word) {
                    return self.reads();
                }
                // Another reader was faster: leave it the cache line for a moment.
                backoff.once();
                continue;
            }
            match self.wait(&mut call, |word| rank.is_stopped_by(word)) {
                Round::HandedOff => return self.reads(),
                // It was in front of the waiting writers, so they no longer stop it.
                Round::First { .. } => rank = Rank::First,
                Round::Again => {}
                Round::GivenUp(status) => return status,
            }
        }
    }

    /// Adds a reader, if the word is still `word`. One that passes an announced writer ends its announcement
    /// (I10).
    pub(super) fn add_reader(&self, word: usize) -> bool {
        assert!(word & TOO_MANY == 0, "too many readers");
        let read = (word & !ANNOUNCED) + ONE_READER;
        // Acquire: the section starts here. Relaxed on failure: the caller loads again.
        self.0
            .compare_exchange(word, read, Acquire, Relaxed)
            .is_ok()
    }

    /// Locks for writing once nobody has the lock.
    #[cold]
    pub(super) fn write_contended(
        &self,
        clock: &impl Clock,
        deadline: Deadline,
        flags: LockFlags,
    ) -> LockStatus {
        // If it panics, for want of room for its hook, there is nothing to give up yet.
        lot();
        // Dropped on each way out but the last: a writer that gives up lets readers in (I6).
        let giving_up = GivesUp(self);
        let mut call = Call::new(clock, WRITES, deadline, flags);
        let mut locked = WRITER;
        loop {
            // Relaxed: decides only which compare-exchange to try.
            let word = self.0.load(Relaxed);
            if is_free(word) {
                let write = (word & PARKED) | locked;
                // Acquire: the section starts here. Relaxed on failure: load again.
                if self
                    .0
                    .compare_exchange(word, write, Acquire, Relaxed)
                    .is_ok()
                {
                    break;
                }
                continue;
            }
            if call.spin.lasts() && self.announce(word) {
                call.spin.never_yield();
            }
            match self.wait(&mut call, |word| !is_free(word)) {
                Round::HandedOff => break,
                Round::First { parked } => locked = WRITER | parked,
                Round::Again => {}
                Round::GivenUp(status) => return status,
            }
        }
        core::mem::forget(giving_up);
        self.writes()
    }

    /// Stops new readers while the caller, a writer, spins: if readers have the lock, nobody has parked, and
    /// the word is still `word`. True if it did. Otherwise the caller tries at its next look.
    pub(crate) fn announce(&self, word: usize) -> bool {
        word & (WRITER | UPGRADABLE | PARKED | ANNOUNCED) == 0
            && self
                .0
                // Relaxed: it only stops new readers. On failure the next look decides.
                .compare_exchange(word, word | ANNOUNCED, Relaxed, Relaxed)
                .is_ok()
    }

    /// Sets the parked bit if the word still stops the caller; false if it does not. Runs under the
    /// bucket lock. The parked bit stands for an announcement, too (I10).
    pub(super) fn set_parked(&self, stopped: impl Fn(usize) -> bool) -> bool {
        loop {
            // Relaxed, here and below: the bucket lock orders the parked bit. An unlock that this load
            // misses finds the bit, and takes the bucket lock after us (I5).
            let word = self.0.load(Relaxed);
            if !stopped(word) {
                return false;
            }
            if has_parked(word)
                || self
                    .0
                    .compare_exchange(word, (word & !ANNOUNCED) | PARKED, Relaxed, Relaxed)
                    .is_ok()
            {
                return true;
            }
        }
    }

    /// Spins for a moment; once the spin is used up, parks if the word still stops the caller.
    pub(super) fn wait<C: Clock>(
        &self,
        call: &mut Call<'_, C>,
        stopped: impl Fn(usize) -> bool,
    ) -> Round {
        if call.spin.once() {
            return Round::Again;
        }
        call.spin = match call.kind {
            READS => Spin::behind_a_writer(),
            _ => Spin::woken(),
        };
        let clock = call.clock;
        // The clock is read once per call.
        let fair_time = *call
            .fair_time
            .get_or_insert_with(|| clock.time_to_be_fair(TIME_TO_BE_FAIR_NS));
        let parking = Parking {
            request: Request {
                kind: Kind::RwMutex,
                key: self.key(),
                token: call.kind,
                fair_time,
            },
            put_off,
            looks: Some(clock),
            deadline: call.deadline,
            flags: call.flags,
        };
        // At the fair time: if the lock is held, its unlock is to look at the queue. Stay in place, so as not
        // to pass a writer in front. If it is free, or the thread can share it with an upgradable reader,
        // it waits for a woken thread that may not run (I5): leave and compete.
        let reads = call.kind == READS;
        let stays = |word| !(is_free(word) || reads && is_upgradable(word));
        let mut queued = false;
        let validate = || match queued {
            false => {
                queued = self.set_parked(&stopped);
                queued
            }
            true => self.set_parked(stays),
        };
        // SAFETY: the key is our own address, and all waiters on it are those of a read-write lock,
        // which know its replies. `validate` does not call into the lot.
        let parked = unsafe { lot().park_with(parking, validate) };
        call.fair_time = Some(parked.fair_time);
        match parked.status {
            ParkStatus::Ok if parked.reply == HANDED_OFF => Round::HandedOff,
            ParkStatus::Ok if parked.reply == COMPETE_FOR_OTHERS => Round::First { parked: PARKED },
            ParkStatus::Ok => Round::First { parked: 0 },
            // The fair time came, and nothing stopped the thread.
            ParkStatus::Again if queued => Round::First { parked: 0 },
            // Nothing stopped the thread any more when it came to park.
            ParkStatus::Again => Round::Again,
            ParkStatus::Timeout => Round::GivenUp(LockStatus::Failure),
            ParkStatus::Intr if hooks::ends_wait(call.flags) => Round::GivenUp(LockStatus::Intr),
            ParkStatus::Intr => Round::Again,
        }
    }

    pub(super) fn key(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }
}
