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
//!        read_lock            write_lock: park           last reader leaves: wake the front
//!   0 ─────────────▶ 4n ─────────────────────▶ 4n+2 ────────────────────────────▶ 2
//!   ▲ ◀─────────────     new readers park too ┘                                   │
//!   │   write_lock                               the woken writer takes it        │
//!   ├─────────────▶ 1 ────────────────────▶ 3 ◀───────────────────────────────────┘
//!   │ ◀─────────────   anybody: park        │
//!   │                                       │ write_unlock, front of the queue due: 1 or 4n
//!   └───────────────────────────────────────┘ not due: woken, it competes;  +2 if more are parked
//! ```
//!
//! All park on one key, first in, first out. The *front* is the first writer alone, or the first
//! readers up to the next writer (`queue.rs`); it goes together, so one writer or all readers in a
//! row are woken and nobody else. A woken reader has the rank [`First`](Rank::First): waiting writers do not stop
//! it, since it is in front of them.
//!
//! Invariants:
//! * I1: bit 0 means one writer and no reader, but for readers that step back: `read_lock` adds
//!   itself first and looks then.
//! * I2: a thread is queued only if, under the bucket lock, the parked bit was set and the word
//!   stopped a thread of its rank.
//! * I3: while bits 0 and 1 are both set, only the writer, or the upgradable reader that is becoming
//!   one, changes them, under the bucket lock.
//! * I4: the parked bit goes only under the bucket lock, by an unlock or by a writer that gives up,
//!   and only if nobody is left on the key.
//! * I5: whoever wakes others is told of by the word: a writer; an upgradable reader; readers, of
//!   whom the last one finds the parked bit; or, at 2, a woken thread that takes it before it does anything else. A reader
//!   that steps back counts as a reader.
//! * I6: a writer that gives up (time, signal, panic) is no longer a reason to stop readers. It lets
//!   those in who are now the front, and clears the parked bit if nobody is left. A reader that
//!   gives up, upgradable or not, leaves the reason behind for which it was stopped, and so changes
//!   nothing.
//! * I7: an unlock's change of the word is its last touch: the next owner may free the lock at once.
//!   What follows goes by the waiters and by the bucket.
//!
//! Fairness: a write unlock hands the lock to a front that has waited for more than 1 ms (as
//! [`Mutex`](crate::Mutex) does); before that it wakes it, and others may barge. Behind readers, the
//! last one wakes the front, and only writers may barge.
//!
//! Orderings: taking it is `Acquire`, giving it up `Release`. All changes of the word are
//! read-modify-writes, so each continues the release sequences of those before it, and a writer that
//! acquires sees every reader that has left. A hand-over orders through the waiter's post.
//!
//! CPython: `Python/lock.c`, `rwmutex_set_parked_and_wait` and the functions that call it. Differs
//! from CPython: it wakes all that are parked each time, hands nothing over, and has no U.

use super::queue::{HANDED_OVER, KIND, WRITES};
use super::unlock::GivesUp;
use super::{
    FREE, ONE_READER, PARKED, RwMutex, TOO_MANY, UPGRADABLE, WRITER, has_parked, is_write_locked,
};
use crate::deadline::{Clock, Deadline};
use crate::flags::{LockFlags, LockStatus, ParkStatus};
use crate::hooks;
use crate::parking_lot::{Kind, park_until};
use crate::primitive::{Acquire, Relaxed};

/// What stops a reader.
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
    /// Woken from the front of the queue.
    Woken,
    /// Never queued, or a signal that the runtime ignores.
    Again,
    GivenUp(LockStatus),
}

impl RwMutex {
    /// Reads as soon as nothing stops `rank`. Never adds itself before it has looked.
    #[cold]
    pub(crate) fn read_contended(
        &self,
        clock: &impl Clock,
        mut rank: Rank,
        deadline: Deadline,
        flags: LockFlags,
    ) -> LockStatus {
        let mut time_to_be_fair = None;
        loop {
            // Relaxed: decides only which compare-exchange to try.
            let word = self.0.load(Relaxed);
            if !rank.is_stopped_by(word) {
                if self.add_reader(word) {
                    return LockStatus::Acquired;
                }
                continue;
            }
            if !self.announce(word) {
                continue;
            }
            let fair = *time_to_be_fair.get_or_insert_with(|| clock.time_to_be_fair());
            let stopped = |word| rank.is_stopped_by(word);
            match self.park(fair & !KIND, stopped, deadline, flags) {
                Round::HandedOver => return LockStatus::Acquired,
                Round::Woken => rank = Rank::First,
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
        let mut time_to_be_fair = None;
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
            if !self.announce(word) {
                continue;
            }
            let fair = *time_to_be_fair.get_or_insert_with(|| clock.time_to_be_fair());
            match self.park(
                (fair & !KIND) | WRITES,
                |word| !is_free(word),
                deadline,
                flags,
            ) {
                Round::HandedOver => break,
                Round::Woken | Round::Again => {}
                Round::GivenUp(status) => return status,
            }
        }
        core::mem::forget(giving_up);
        LockStatus::Acquired
    }

    /// Sets the parked bit, if the word is still `word`.
    pub(super) fn announce(&self, word: usize) -> bool {
        // Relaxed: announces the parking; the bucket lock orders the rest.
        has_parked(word)
            || self
                .0
                .compare_exchange(word, word | PARKED, Relaxed, Relaxed)
                .is_ok()
    }

    /// Parks once, if the word still says so.
    pub(super) fn park(
        &self,
        token: u64,
        stopped: impl FnOnce(usize) -> bool,
        deadline: Deadline,
        flags: LockFlags,
    ) -> Round {
        let validate = || {
            // Relaxed: the parked bit goes only under the bucket lock, which is held here (I4). A
            // change of the rest that this look misses comes to the bucket lock after it (I5).
            let word = self.0.load(Relaxed);
            has_parked(word) && stopped(word)
        };
        // SAFETY: the key is our own address, and only read-write locks park on their word;
        // `validate` does not call into the lot.
        let parked =
            unsafe { park_until(Kind::RwMutex, self.key(), validate, token, deadline, flags) };
        match parked.status {
            ParkStatus::Ok if parked.reply == HANDED_OVER => Round::HandedOver,
            ParkStatus::Ok => Round::Woken,
            ParkStatus::Again => Round::Again,
            ParkStatus::Timeout => Round::GivenUp(LockStatus::Failure),
            ParkStatus::Intr if hooks::pending().is_break() => Round::GivenUp(LockStatus::Intr),
            ParkStatus::Intr => Round::Again,
        }
    }

    pub(super) fn key(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }
}
