//! How a [`RwMutex`] is released: by its readers, by its writer, and by a writer that gives up waiting.
//! The states and the invariants are in `protocol.rs`.

use super::queue::{Chosen, upgrading_key};
use super::{
    ANNOUNCED, ONE_READER, PARKED, RwMutex, UPGRADABLE, WRITER, has_parked, is_write_locked,
};
use crate::deadline::{Clock, Monotonic};
use crate::held::{self, Hold};
use crate::parking_lot::{Kind, lot};
use crate::spin::Backoff;
use crate::sync::{Relaxed, Release};

/// The part of the word that counts the readers, without the upgradable one.
pub(super) fn readers(word: usize) -> usize {
    word & !(UPGRADABLE | ANNOUNCED | WRITER | PARKED)
}

/// True if one reader is left and threads are parked: its unlock looks at the queue.
pub(super) fn leaves_waiters(word: usize) -> bool {
    word == ONE_READER | PARKED
}

/// True if one reader is left, and an upgradable reader waits for it to leave.
pub(super) fn leaves_upgrading(word: usize) -> bool {
    word == ONE_READER | PARKED | UPGRADABLE | WRITER
}

impl RwMutex {
    /// Takes a reader off the word; the last one looks at the queue. False, and nothing changed, if there
    /// is no reader.
    #[inline]
    pub(crate) fn read_unlock_with(&self, clock: &impl Clock) -> bool {
        held::released(self.key(), Hold::Shared);
        // Relaxed: decides only which compare-exchange to try.
        let word = self.0.load(Relaxed);
        // One try, if nobody waits. The rest is out of line.
        word & (WRITER | PARKED | UPGRADABLE | ANNOUNCED) == 0
            && word >= ONE_READER
            && self
                .0
                // Release: the critical section ends here. Relaxed on failure: only tried again.
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
            // The last reader, and threads are parked: wake the front, or hand off to it.
            if leaves_waiters(word) {
                let last = |word, _: &_| leaves_waiters(word).then_some(PARKED);
                if self.update_and_wake(clock, Chosen::NONE, last) {
                    return true;
                }
                // The word has changed. Relaxed: decides only which compare-exchange to try.
                word = self.0.load(Relaxed);
                continue;
            }
            // Release: the critical section ends here. The last touch of the word (I7). Relaxed on
            // failure: only tried again.
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
                true => self.update_and_wake(clock, Chosen::NONE, |word, _| {
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

    /// Lets in the readers that only the caller, a waiting writer, has stopped (I6).
    fn give_up_writing(&self) {
        // Relaxed: the thread that makes a change which this load misses looks at the queue itself.
        let chosen = Chosen::beside(self.0.load(Relaxed));
        self.update_and_wake(&Monotonic, chosen, |word, _| {
            // The unlock of a writer, or the end of an upgrade, will look at the queue.
            let nothing_to_do = word & WRITER != 0 || word & (PARKED | ANNOUNCED) == 0;
            (!nothing_to_do).then_some(word & !ANNOUNCED)
        });
    }
}

/// Wakes the upgradable reader that waits for the readers to leave: the caller was the last.
#[cold]
pub(super) fn wake_upgrading(key: usize) {
    // SAFETY: the key is an address within a read-write lock that the caller held, and only upgradable
    // readers park on it. If the lock is gone by now and another lives there, its waiter is woken for
    // nothing, and looks again.
    unsafe { lot().unpark_all_of(Kind::RwMutex, upgrading_key(key)) };
}

/// A writer that waits. Dropped, it gives up.
pub(super) struct GivesUp<'a>(pub(super) &'a RwMutex);

impl Drop for GivesUp<'_> {
    fn drop(&mut self) {
        self.0.give_up_writing();
    }
}
