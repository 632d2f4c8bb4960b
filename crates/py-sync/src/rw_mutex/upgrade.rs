//! Upgradable readers, downgrades, fair unlocks and unlocks by an owner: what only typed locks use.
//!
//! An upgradable reader shares the lock with readers and with nobody else, and may become the writer.
//! To upgrade, it sets the writer bit beside its own, waits until the readers have left, and clears its
//! own. It waits on a key of its own, beside the queue, since no thread of the queue can go before it.
//!
//! ```text
//!   0 ──────────▶ U ────────────▶ U+4n+1 ─────────────▶ U+1 ────────▶ 1
//!      upgradable │ readers: +4n   upgrade: no new       the last      it clears U
//!      _lock      │                readers; it parks     reader wakes
//!                 └────────────▶ 1                       it
//!                    upgrade, no readers
//! ```
//!
//! Invariants, besides those of `protocol.rs`:
//! * U1: U means one upgradable reader, which alone clears it. With U, bit 0 belongs to that reader,
//!   which waits for the readers that the word counts.
//! * U2: while U is set without bit 0, the threads that U stops (writers and other upgradable readers)
//!   are parked until U ends, and new readers pass them. So a thread that sets U while the parked bit
//!   is set lets the readers of the queue in ([`admit`]), and the thread that clears U looks at the
//!   queue if the parked bit is set. If the bit was with a designated waker, the readers of the queue get
//!   in when their fair times come, at the latest.
//! * U3: bit 0 beside U stops new readers, but not those of rank [`First`](Rank::First): the lock is not
//!   the writer's yet, so a thread that already reads gets in.
//! * U4: the upgrading reader parks if, under the bucket lock of its key, there are readers and the
//!   parked bit is set. While bits 0 and U are set nobody clears that bit (I4; a writer that gives up
//!   leaves them alone). So the last reader finds it, and wakes the upgrading reader.
//! * U5: an upgrade that gives up clears bit 0 and lets in the readers that it has stopped.
//!
//! [`admit`]: RwMutex::admit

use super::protocol::{Call, Round};
use super::queue::{COMPETE, Chosen, UPGRADES, goes, upgrading_key};
use super::unlock::{leaves_upgrading, leaves_waiters, readers, wake_upgrading};
use super::{
    ANNOUNCED, FREE, ONE_READER, PARKED, Rank, RwMutex, UPGRADABLE, WRITER, has_parked, is_free,
};
use crate::deadline::{AlwaysFair, Clock, Deadline, Monotonic};
use crate::flags::{LockFlags, LockStatus, ParkStatus};
use crate::held::{self, Attempt, Hold};
use crate::parking_lot::{Kind, Parking, Waiters, lot};
use crate::sync::{Acquire, Relaxed, Release};

/// Whether `word` stops a thread of this rank from becoming the upgradable reader.
fn stops(rank: Rank, word: usize) -> bool {
    match rank {
        Rank::Last => word & (WRITER | UPGRADABLE | PARKED | ANNOUNCED) != 0,
        Rank::First => word & (WRITER | UPGRADABLE) != 0,
    }
}

impl RwMutex {
    /// Locks for reading, as the one reader that may become the writer.
    #[inline]
    pub(crate) fn upgradable_lock_with(
        &self,
        clock: &impl Clock,
        deadline: Deadline,
        flags: LockFlags,
    ) -> LockStatus {
        // Acquire: the section starts here. Relaxed on failure: the slow path loads again.
        if self
            .0
            .compare_exchange(FREE, UPGRADABLE, Acquire, Relaxed)
            .is_ok()
        {
            return self.upgradable();
        }
        self.upgradable_contended(clock, deadline, flags)
    }

    #[cold]
    fn upgradable_contended(
        &self,
        clock: &impl Clock,
        deadline: Deadline,
        flags: LockFlags,
    ) -> LockStatus {
        let _attempt = Attempt::new(self.key());
        let mut rank = Rank::Last;
        let mut call = Call::new(clock, UPGRADES, deadline, flags);
        loop {
            // Relaxed: decides only which compare-exchange to try.
            let word = self.0.load(Relaxed);
            if !stops(rank, word) {
                if self.become_upgradable(word) {
                    return self.upgradable();
                }
                continue;
            }
            match self.wait(&mut call, |word| stops(rank, word)) {
                Round::HandedOff => return self.upgradable(),
                Round::First { .. } => rank = Rank::First,
                Round::Again => {}
                Round::GivenUp(status) => return status,
            }
        }
    }

    /// The calling thread is the upgradable reader.
    #[inline]
    fn upgradable(&self) -> LockStatus {
        held::upgradable(self.key());
        LockStatus::Acquired
    }

    /// Sets U, if the word is still `word`.
    pub(super) fn become_upgradable(&self, word: usize) -> bool {
        // Acquire: the section starts here. Relaxed on failure: the caller loads again.
        let became = self
            .0
            .compare_exchange(word, (word & !ANNOUNCED) | UPGRADABLE, Acquire, Relaxed)
            .is_ok();
        if became && has_parked(word) {
            self.admit();
        }
        became
    }

    /// Lets in the readers that are parked (U2). For a thread that has just set U.
    #[cold]
    fn admit(&self) {
        self.update_and_wake(&Monotonic, Chosen::beside(UPGRADABLE), |word, _| Some(word));
    }

    /// Locks as [`upgradable_lock_with`](RwMutex::upgradable_lock_with) if that needs no waiting.
    pub(crate) fn try_upgradable_lock(&self) -> bool {
        loop {
            // Relaxed: decides only which compare-exchange to try.
            let word = self.0.load(Relaxed);
            if stops(Rank::Last, word) {
                return false;
            }
            if self.become_upgradable(word) {
                return self.upgradable().is_acquired();
            }
        }
    }

    /// Ends the read of the caller, which is the upgradable reader.
    #[inline]
    pub(crate) fn upgradable_unlock_with(&self, clock: &impl Clock) {
        held::released(self.key(), Hold::Upgradable);
        self.end_upgradable(clock, |word| word & !UPGRADABLE);
    }

    /// Makes the caller, the upgradable reader, a plain reader.
    pub(crate) fn downgrade_upgradable_with(&self, clock: &impl Clock) {
        held::changes(self.key(), Hold::Upgradable, Hold::Shared);
        self.end_upgradable(clock, |word| (word & !UPGRADABLE) + ONE_READER);
    }

    #[inline]
    fn end_upgradable(&self, clock: &impl Clock, change: impl Fn(usize) -> usize) {
        // Relaxed: decides only which compare-exchange to try.
        let mut word = self.0.load(Relaxed);
        debug_assert!(word & UPGRADABLE != 0, "it is the caller's");
        while !has_parked(word) {
            // Release: the critical section ends here, or others may come beside it. Relaxed on
            // failure: only tried again.
            match self
                .0
                .compare_exchange(word, change(word), Release, Relaxed)
            {
                Ok(_) => return,
                Err(now) => word = now,
            }
        }
        self.update_and_wake(clock, Chosen::NONE, |word, _| Some(change(word)));
    }

    /// Makes the caller, the upgradable reader, the writer if nobody else reads.
    #[inline]
    pub(crate) fn try_upgrade(&self) -> bool {
        // Relaxed: decides only which compare-exchange to try.
        let mut word = self.0.load(Relaxed);
        while readers(word) == 0 {
            // Acquire: the readers' sections have ended. Relaxed on failure: only tried again.
            match self
                .0
                .compare_exchange(word, (word & PARKED) | WRITER, Acquire, Relaxed)
            {
                Ok(_) => return self.writes().is_acquired(),
                Err(now) => word = now,
            }
        }
        false
    }

    /// Makes the caller, the upgradable reader, the writer once nobody else reads. If that takes too
    /// long, it stays the upgradable reader.
    pub(crate) fn upgrade_with(&self, deadline: Deadline) -> LockStatus {
        if self.try_upgrade() {
            return LockStatus::Acquired;
        }
        if deadline == Deadline::Now {
            return LockStatus::Failure;
        }
        self.upgrade_contended(deadline)
    }

    #[cold]
    fn upgrade_contended(&self, deadline: Deadline) -> LockStatus {
        // If it panics, for want of room for its hook, there is nothing to give up yet.
        lot();
        // Relaxed: it only stops new readers (U3).
        self.0.fetch_or(WRITER, Relaxed);
        let giving_up = GivesUpUpgrade(self);
        // Once `try_upgrade` has succeeded there is nothing left to give up: nothing may panic between
        // it and the `forget` below.
        while !self.try_upgrade() {
            // Relaxed: decides only which compare-exchange to try.
            let word = self.0.load(Relaxed);
            if readers(word) == 0 {
                continue;
            }
            let (key, flags) = (upgrading_key(self.key()), LockFlags::NONE);
            let parking = Parking::plain(Kind::RwMutex, key, deadline, flags);
            // A reader that is still there finds the parked bit when it leaves, and then takes this
            // bucket's lock (U4).
            let validate = || self.set_parked(|word| readers(word) != 0);
            // SAFETY: the key is an address within our own word, on which only this lock's upgradable
            // reader parks. `validate` does not call into the lot.
            let parked = unsafe { lot().park_with(parking, validate) };
            if parked.status == ParkStatus::Timeout && !self.try_upgrade() {
                return LockStatus::Failure;
            }
            if parked.status == ParkStatus::Timeout {
                break;
            }
        }
        core::mem::forget(giving_up);
        LockStatus::Acquired
    }

    /// Makes the caller, the writer, a reader.
    pub(crate) fn downgrade_with(&self, clock: &impl Clock) {
        held::changes(self.key(), Hold::Exclusive, Hold::Shared);
        self.end_write(clock, ONE_READER);
    }

    /// Makes the caller, the writer, the upgradable reader.
    pub(crate) fn downgrade_to_upgradable_with(&self, clock: &impl Clock) {
        held::changes(self.key(), Hold::Exclusive, Hold::Upgradable);
        self.end_write(clock, UPGRADABLE);
    }

    fn end_write(&self, clock: &impl Clock, becomes: usize) {
        // Release: others may see what was written. Relaxed on failure: the slow path loads again.
        if self
            .0
            .compare_exchange(WRITER, becomes, Release, Relaxed)
            .is_err()
        {
            let chosen = Chosen::beside(becomes);
            self.update_and_wake(clock, chosen, |word, _| Some(word - WRITER + becomes));
        }
    }

    /// Ends the read of a caller that certainly reads: by a subtraction, if nobody waits.
    #[inline]
    pub(crate) fn read_unlock_owned(&self) {
        held::released(self.key(), Hold::Shared);
        let key = self.key();
        // Relaxed: decides only which way to go.
        if self.0.load(Relaxed) & PARKED != 0 {
            let left = self.read_unlock_contended(&Monotonic);
            debug_assert!(left, "lock was not read-locked");
            return;
        }
        // Release: the section ends here. The last touch (I7).
        let before = self.0.fetch_sub(ONE_READER, Release);
        debug_assert!(readers(before) != 0, "lock was not read-locked");
        if before & PARKED != 0 {
            parked_meanwhile(before, key);
        }
    }

    /// Unlocks a read lock. A writer that waits in front is handed the lock by the last reader.
    pub(crate) fn read_unlock_fair(&self) {
        let unlocked = self.read_unlock_with(&AlwaysFair);
        debug_assert!(unlocked, "lock was not read-locked");
    }

    /// True while it is held. The answer may be out of date at once.
    #[inline]
    pub(crate) fn is_locked(&self) -> bool {
        // Relaxed: a snapshot that orders nothing.
        !is_free(self.0.load(Relaxed))
    }

    /// True if threads may be parked. Out of date at once, unless the caller has the lock.
    #[inline]
    pub(crate) fn has_waiters(&self) -> bool {
        // Relaxed: a snapshot that orders nothing.
        has_parked(self.0.load(Relaxed))
    }
}

/// The second half of an unlock by subtraction, if a thread had parked just before it. The lock may be
/// gone by now, so the word is not touched: its parked bit stops readers until the woken thread has
/// taken the lock (I5).
#[cold]
fn parked_meanwhile(before: usize, key: usize) {
    if leaves_upgrading(before) {
        return wake_upgrading(key);
    }
    if !leaves_waiters(before) {
        return;
    }
    let wake_front = |waiters: &mut Waiters<'_>| {
        let mut chosen = Chosen::NONE;
        waiters.unpark_filter(COMPETE, |request| goes(&mut chosen, request));
    };
    // SAFETY: the key is the address of a read-write lock that the caller held. If that is gone and
    // another lives there, a waiter of that one is woken for nothing, and competes or parks again. The
    // closure does not call into the lot.
    unsafe { lot().with_waiters(Kind::RwMutex, key, wake_front) };
}

/// An upgrade that waits. Dropped, it gives up (U5).
struct GivesUpUpgrade<'a>(&'a RwMutex);

impl Drop for GivesUpUpgrade<'_> {
    fn drop(&mut self) {
        let chosen = Chosen::beside(UPGRADABLE);
        self.0
            .update_and_wake(&Monotonic, chosen, |word, _| Some(word & !WRITER));
    }
}
