//! The protocol of [`RwMutex`]: its states, and the slow paths of locking.
//!
//! Those of unlocking are in `unlock.rs`, who goes first in `queue.rs`, upgradable readers in
//! `upgrade.rs`.
//!
//! | word | meaning |
//! |---|---|
//! | 0 | free |
//! | 4 n | n readers |
//! | 1 | a writer |
//! | U | an upgradable reader (U is the top bit; `upgrade.rs`, typed locks only) |
//! | U + 1 | an upgradable reader that waits until the others have left |
//! | +2 | threads may be parked; without U, new readers wait behind them |
//! | 2 | free, and a thread that was woken is about to take it |
//!
//! ```text
//!        read_lock            write_lock: park         last reader leaves: the front is a writer
//!   0 ─────────────▶ 4n ─────────────────────▶ 4n+2 ───────────────────────┬─────────▶ 2
//!   ▲ ◀─────────────     new readers park too                  due: handed │ woken      │
//!   │   write_lock                                             over        ▼            │
//!   ├─────────────▶ 1 ─────────────────────────────────────▶ 3 ◀── it takes the lock ───┘
//!   │ ◀─────────────   anybody: park                         │
//!   │                                                        │ write_unlock, front due: 1 or 4n
//!   └────────────────────────────────────────────────────────┘ not due: woken; +2 if more are parked
//! ```
//!
//! All park on one key, in the order of their fair times. The *front* is the first writer alone, or
//! the first readers up to the next writer (`queue.rs`); it goes together, so one writer or all
//! readers in a row are woken and nobody else. A woken reader has the rank [`First`](Rank::First):
//! waiting writers do not stop it, since it was in front of them.
//!
//! Invariants:
//! * I1: bit 0 means one writer and no reader, or, beside U, one upgradable reader that waits for the
//!   others. A reader looks before it adds itself: every reader in the word has the lock.
//! * I2: a thread is queued only if, under the bucket lock, the parked bit was set and the word
//!   stopped a thread of its rank.
//! * I3: while bits 0 and 1 are both set, only the writer, or the upgradable reader that is becoming
//!   one, changes them, under the bucket lock.
//! * I4: the parked bit goes only under the bucket lock, by an unlock or by a writer that gives up,
//!   and only if nobody is left on the key.
//! * I5: whoever is queued is told of by the word: a writer; an upgradable reader; readers, of whom
//!   the last one finds the parked bit; or, at 2, a woken thread that takes it or parks again. At 2
//!   nobody depends on that thread: each waiter whose fair time comes finds the lock free, leaves the
//!   queue, and competes.
//! * I6: a writer that gives up (time, signal, panic) is no longer a reason to stop readers. It lets
//!   those in who are now the front, and clears the parked bit if nobody is left. A reader that
//!   gives up, upgradable or not, leaves the reason behind for which it was stopped, and so changes
//!   nothing.
//! * I7: an unlock's change of the word is its last touch: the next owner may free the lock at once.
//!   What follows goes by the waiters and by the bucket.
//! * I8: of two releases of one lock, one finds it released: they are compare-exchanges, or changes
//!   under the bucket lock that follow a look there.
//! * I9: a thread attaches to its runtime before it competes, as with [`Mutex`](crate::Mutex).
//!
//! Fairness: a front that has waited for more than 1 ms is handed the lock by a write unlock and by
//! the last reader. Before that a write unlock wakes it, and others may barge; the last reader wakes a
//! writer and leaves the parked bit, so that only writers may barge. A writer so waits for the readers
//! that have the lock, and for the writers before it.
//!
//! Orderings: taking it is `Acquire`, giving it up `Release`. All changes of the word are
//! read-modify-writes, so each continues the release sequences of those before it, and a writer that
//! acquires sees every reader that has left. A hand-over orders through the waiter's post.
//!
//! In the child of a fork the queue is empty, and a parked bit may be left. The last release clears it.
//! It stops a new reader of a free lock for 1 ms at most (I5), and one of a lock that is held until
//! that is released: a thread that reads already and asks again waits for itself, as it would have in
//! the parent, where a writer was waiting.
//!
//! CPython: `Python/lock.c`, `rwmutex_set_parked_and_wait` and the functions that call it. Differs
//! from CPython: it wakes all that are parked each time, hands nothing over, and has no U.

use super::queue::{HANDED_OVER, WRITES};
use super::unlock::GivesUp;
use super::{
    FREE, ONE_READER, PARKED, RwMutex, TOO_MANY, UPGRADABLE, WRITER, has_parked, is_write_locked,
};
use crate::deadline::{Clock, Deadline};
use crate::flags::{LockFlags, LockStatus, ParkStatus};
use crate::hooks;
use crate::parking_lot::{Kind, Parking, Request, park_with};
use crate::primitive::{Acquire, Relaxed};
use crate::spin::{Backoff, Spin};

/// What stops a reader: see `is_stopped_by`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rank {
    /// A writer, or somebody parked in front of it.
    Last,
    /// A writer.
    First,
}

impl Rank {
    pub(super) fn is_stopped_by(self, word: usize) -> bool {
        match self {
            Rank::Last => word & WRITER != 0 || word & (PARKED | UPGRADABLE) == PARKED,
            Rank::First => is_write_locked(word),
        }
    }
}

fn is_free(word: usize) -> bool {
    word & !PARKED == FREE
}

/// How one round of waiting ended.
pub(super) enum Round {
    HandedOver,
    /// Taken out of the queue, or its fair time has come and the lock is free.
    First,
    /// Never queued, or a signal that the runtime ignores.
    Again,
    GivenUp(LockStatus),
}

/// A call that waits: what it waits for, since when, until when.
pub(super) struct Call<'a, C: Clock> {
    pub(super) clock: &'a C,
    /// [`KIND`] of its token.
    pub(super) kind: u64,
    pub(super) deadline: Deadline,
    pub(super) flags: LockFlags,
    pub(super) fair_at: Option<u64>,
    pub(super) spin: Spin,
}

impl<'a, C: Clock> Call<'a, C> {
    pub(super) fn new(clock: &'a C, kind: u64, deadline: Deadline, flags: LockFlags) -> Self {
        Call {
            clock,
            kind,
            deadline,
            flags,
            fair_at: None,
            spin: Spin::on_arrival(),
        }
    }
}

impl RwMutex {
    /// Reads as soon as nothing stops `rank`.
    #[cold]
    pub(crate) fn read_contended(
        &self,
        clock: &impl Clock,
        mut rank: Rank,
        deadline: Deadline,
        flags: LockFlags,
    ) -> LockStatus {
        let mut call = Call::new(clock, 0, deadline, flags);
        let mut backoff = Backoff::new();
        loop {
            // Relaxed: decides only which compare-exchange to try.
            let word = self.0.load(Relaxed);
            if !rank.is_stopped_by(word) {
                if self.add_reader(word) {
                    return self.reads();
                }
                backoff.once();
                continue;
            }
            match self.wait(&mut call, |word| rank.is_stopped_by(word)) {
                Round::HandedOver => return self.reads(),
                Round::First => rank = Rank::First,
                Round::Again => {}
                Round::GivenUp(status) => return status,
            }
        }
    }

    /// One more reader, if the word is still `word`.
    pub(super) fn add_reader(&self, word: usize) -> bool {
        assert!(word & TOO_MANY == 0, "too many readers");
        // Acquire: the section starts here. Relaxed on failure: the caller loads again.
        self.0
            .compare_exchange(word, word + ONE_READER, Acquire, Relaxed)
            .is_ok()
    }

    #[cold]
    pub(super) fn write_contended(
        &self,
        clock: &impl Clock,
        deadline: Deadline,
        flags: LockFlags,
    ) -> LockStatus {
        let giving_up = GivesUp(self);
        let mut call = Call::new(clock, WRITES, deadline, flags);
        loop {
            // Relaxed: decides only which compare-exchange to try.
            let word = self.0.load(Relaxed);
            if is_free(word) {
                // Acquire: the section starts here. Relaxed on failure: load again.
                if self
                    .0
                    .compare_exchange(word, word | WRITER, Acquire, Relaxed)
                    .is_ok()
                {
                    break;
                }
                continue;
            }
            match self.wait(&mut call, |word| !is_free(word)) {
                Round::HandedOver => break,
                Round::First | Round::Again => {}
                Round::GivenUp(status) => return status,
            }
        }
        core::mem::forget(giving_up);
        self.writes()
    }

    /// Sets the parked bit, if the word still stops the caller. Under the bucket lock.
    pub(super) fn announce(&self, stopped: impl Fn(usize) -> bool) -> bool {
        loop {
            // Relaxed, here and below: the bucket lock orders the bit, and a change of the rest that
            // this misses comes to the bucket lock after it (I5).
            let word = self.0.load(Relaxed);
            if !stopped(word) {
                return false;
            }
            if has_parked(word)
                || self
                    .0
                    .compare_exchange(word, word | PARKED, Relaxed, Relaxed)
                    .is_ok()
            {
                return true;
            }
        }
    }

    /// Spins for a moment, or parks once that is over, if the word still stops the caller.
    pub(super) fn wait<C: Clock>(
        &self,
        call: &mut Call<'_, C>,
        stopped: impl Fn(usize) -> bool,
    ) -> Round {
        if call.spin.once() {
            return Round::Again;
        }
        call.spin = Spin::woken();
        let clock = call.clock;
        // Once per call.
        let fair_at = *call.fair_at.get_or_insert_with(|| clock.time_to_be_fair());
        let parking = Parking {
            request: Request {
                kind: Kind::RwMutex,
                key: self.key(),
                token: call.kind,
                fair_at,
            },
            again_at: clock.again_at(fair_at),
            deadline: call.deadline,
            flags: call.flags,
        };
        let mut queued = false;
        let validate = || match queued {
            false => {
                queued = self.announce(&stopped);
                queued
            }
            // Its fair time has come. Whoever has the lock looks at the queue at the end, and a
            // writer in front is not to be passed over. A free lock waits for a woken thread, which
            // may not run (I5).
            true => self.announce(|word| !is_free(word)),
        };
        // SAFETY: the key is our own address, and read-write locks know their replies; `validate`
        // does not call into the lot.
        let parked = unsafe { park_with(parking, validate) };
        match parked.status {
            ParkStatus::Ok if parked.reply == HANDED_OVER => Round::HandedOver,
            ParkStatus::Ok => Round::First,
            ParkStatus::Again if queued => Round::First,
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
