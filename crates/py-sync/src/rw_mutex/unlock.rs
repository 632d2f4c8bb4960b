//! How a [`RwMutex`] is given up: by its readers, by its writer, and by a writer that gets tired of
//! waiting. The states and the invariants are in `protocol.rs`.

use super::queue::{COMPETE, Chosen, after_write, goes, upgrading_key};
use super::{ONE_READER, PARKED, RwMutex, UPGRADABLE, WRITER, has_parked, is_write_locked};
use crate::deadline::{Clock, Monotonic};
use crate::parking_lot::{Goes, Run, lot};
use crate::primitive::{Relaxed, Release};

impl RwMutex {
    /// One reader less; the last one wakes the front. False if there was none: then nothing has
    /// changed, but for a moment.
    #[inline]
    pub(super) fn leave(&self) -> bool {
        let key = self.key();
        // Release: the section ends here. The last touch (I7).
        let before = self.0.fetch_sub(ONE_READER, Release);
        before & PARKED == 0 && before >= ONE_READER || self.left(before, key)
    }

    /// The rest of [`leave`](RwMutex::leave). The lock is touched only if nobody had it.
    #[cold]
    fn left(&self, before: usize, key: usize) -> bool {
        if before < ONE_READER {
            // Relaxed: puts back what was taken by mistake.
            self.0.fetch_add(ONE_READER, Relaxed);
            return false;
        }
        if before == ONE_READER | PARKED {
            wake_front(key);
        } else if before == ONE_READER | PARKED | UPGRADABLE | WRITER {
            wake_upgrading(key);
        }
        true
    }

    /// Undoes the addition of a `read_lock` that may not stay.
    #[cold]
    pub(super) fn step_back(&self) {
        let left = self.leave();
        debug_assert!(left, "it had added itself");
    }

    #[cold]
    pub(super) fn write_unlock_contended(&self, clock: &impl Clock) -> bool {
        // Relaxed: decides only which way to go.
        let mut word = self.0.load(Relaxed);
        while is_write_locked(word) && !has_parked(word) {
            // Readers that step back are in the way of the fast path.
            // Release: the section ends here. Relaxed on failure: only tried again.
            match self
                .0
                .compare_exchange(word, word & !WRITER, Release, Relaxed)
            {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        if !is_write_locked(word) {
            return false;
        }
        let settle = |run: Run<Chosen>| {
            let (after, reply) = after_write(&run, clock);
            // Release: the section ends here. Both bits are ours (I3), so a wrapping addition
            // exchanges them and leaves stepping readers alone. The last touch (I7).
            self.0
                .fetch_add(after.wrapping_sub(WRITER | PARKED), Release);
            reply
        };
        // SAFETY: the key is our own address, and only read-write locks park on their word; the
        // closures do not call into the lot.
        unsafe { lot().unpark_run(self.key(), Chosen::NONE, goes, settle) };
        true
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

/// Wakes the front of the queue at `key`, whose lock the caller may no longer touch.
#[cold]
fn wake_front(key: usize) {
    // SAFETY: the key was the address of a read-write lock that the caller held; the closures do
    // not call into the lot. If the lock is gone, nobody is parked there.
    unsafe { lot().unpark_run(key, Chosen::NONE, goes, |_| Some(COMPETE)) };
}

/// Wakes the upgradable reader that waits for the readers to leave, as one of whom the caller did.
#[cold]
fn wake_upgrading(key: usize) {
    // SAFETY: the key was an address within a read-write lock that the caller held; the closures
    // do not call into the lot.
    unsafe {
        lot().unpark_run(
            upgrading_key(key),
            (),
            |_, _| Goes::Along,
            |_| Some(COMPETE),
        )
    };
}

/// A writer that may yet give up.
pub(super) struct GivesUp<'a>(pub(super) &'a RwMutex);

impl Drop for GivesUp<'_> {
    fn drop(&mut self) {
        self.0.give_up_writing();
    }
}
