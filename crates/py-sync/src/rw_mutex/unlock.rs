//! How a [`RwMutex`] is given up: by its readers, by its writer, and by a writer that gets tired of
//! waiting. The states and the invariants are in `protocol.rs`.

use super::queue::{Chosen, upgrading_key};
use super::{ONE_READER, PARKED, RwMutex, UPGRADABLE, WRITER, has_parked, is_write_locked};
use crate::deadline::{Clock, Monotonic};
use crate::held::{self, Hold};
use crate::parking_lot::{Kind, lot};
use crate::primitive::{Relaxed, Release};
use crate::spin::Backoff;

/// The readers of the word, but the upgradable one.
pub(super) fn readers(word: usize) -> usize {
    word & !(UPGRADABLE | WRITER | PARKED)
}

/// The last reader is about to leave, and somebody waits.
pub(super) fn leaves_waiters(word: usize) -> bool {
    word == ONE_READER | PARKED
}

/// The last reader has left an upgradable reader that waits for that.
pub(super) fn leaves_upgrading(word: usize) -> bool {
    word == ONE_READER | PARKED | UPGRADABLE | WRITER
}

impl RwMutex {
    /// One reader less; the last one looks at the queue. False, and nothing changed, if there is none.
    #[inline]
    pub(crate) fn read_unlock_with(&self, clock: &impl Clock) -> bool {
        held::released(self.key(), Hold::Shared);
        // Relaxed: decides only which compare-exchange to try.
        let word = self.0.load(Relaxed);
        // One try where nobody waits; the rest out of line.
        word & (WRITER | PARKED | UPGRADABLE) == 0
            && word >= ONE_READER
            && self
                .0
                // Release: the section ends here. Relaxed on failure: only tried again.
                .compare_exchange(word, word - ONE_READER, Release, Relaxed)
                .is_ok()
            || self.read_unlock_contended(clock)
    }

    #[cold]
    pub(super) fn read_unlock_contended(&self, clock: &impl Clock) -> bool {
        let key = self.key();
        // Relaxed: decides only which compare-exchange to try.
        let mut word = self.0.load(Relaxed);
        let mut backoff = Backoff::new();
        loop {
            if readers(word) == 0 {
                return false;
            }
            if leaves_waiters(word) {
                let last = |word, _: &_| leaves_waiters(word).then_some(PARKED);
                if self.settle(clock, Chosen::NONE, last) {
                    return true;
                }
                // Relaxed: as above.
                word = self.0.load(Relaxed);
                continue;
            }
            // Release: the section ends here. The last touch (I7). Relaxed on failure: only tried
            // again.
            match self
                .0
                .compare_exchange(word, word - ONE_READER, Release, Relaxed)
            {
                Ok(_) if leaves_upgrading(word) => {
                    wake_upgrading(key);
                    return true;
                }
                Ok(_) => return true,
                Err(_) => {
                    backoff.once();
                    word = self.0.load(Relaxed);
                }
            }
        }
    }

    #[cold]
    pub(super) fn write_unlock_contended(&self, clock: &impl Clock) -> bool {
        loop {
            // Relaxed: decides only which way to go.
            let word = self.0.load(Relaxed);
            if !is_write_locked(word) {
                return false;
            }
            let unlocked = match has_parked(word) {
                true => self.settle(clock, Chosen::NONE, |word, _| {
                    is_write_locked(word).then_some(word & !WRITER)
                }),
                // Release: the section ends here. Relaxed on failure: only tried again.
                false => self
                    .0
                    .compare_exchange(word, word & !WRITER, Release, Relaxed)
                    .is_ok(),
            };
            if unlocked {
                return true;
            }
        }
    }

    /// I6: lets those in whom only the caller, a writer, has stopped.
    fn give_up_writing(&self) {
        // Relaxed: a change that this look misses is settled by who makes it.
        let chosen = Chosen::beside(self.0.load(Relaxed));
        self.settle(&Monotonic, chosen, |word, _| {
            // A writer's unlock settles it, and so does the end of an upgrade.
            let settled = word & WRITER != 0 || !has_parked(word);
            (!settled).then_some(word)
        });
    }
}

/// Wakes the upgradable reader that waits for the readers to leave, as one of whom the caller did.
#[cold]
pub(super) fn wake_upgrading(key: usize) {
    // SAFETY: the key was an address within a read-write lock that the caller held; who waits there
    // looks again when it is woken.
    unsafe { lot().unpark_all_of(Kind::RwMutex, upgrading_key(key)) };
}

/// A writer that may yet give up.
pub(super) struct GivesUp<'a>(pub(super) &'a RwMutex);

impl Drop for GivesUp<'_> {
    fn drop(&mut self) {
        self.0.give_up_writing();
    }
}
