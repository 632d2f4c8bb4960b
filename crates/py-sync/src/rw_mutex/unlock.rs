//! How a [`RwMutex`] is given up: by its readers, by its writer, and by a writer that gets tired of
//! waiting. The states and the invariants are in `protocol.rs`.

use super::protocol::{COMPETE, HANDED_OVER, WRITES};
use super::{FREE, ONE_READER, PARKED, RwMutex, WRITER, has_parked, is_write_locked};
use crate::deadline::Clock;
use crate::parking_lot::{Run, lot};
use crate::primitive::{Acquire, Relaxed, Release};

fn go_together(first: u64, next: u64) -> bool {
    (first | next) & WRITES == 0
}

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
        let settle = |front: Option<Run>| {
            let (after, reply) = match front {
                None => (FREE, COMPETE),
                Some(front) => after_write(front, clock.is_due(front.token | WRITES)),
            };
            // Release: the section ends here. Both bits are ours (I3), so a wrapping addition
            // exchanges them and leaves stepping readers alone. The last touch (I7).
            self.0
                .fetch_add(after.wrapping_sub(WRITER | PARKED), Release);
            Some(reply)
        };
        // SAFETY: the key is our own address, and only read-write locks park on their word; the
        // closures do not call into the lot.
        unsafe { lot().unpark_run(self.key(), go_together, settle) };
        true
    }

    /// I6: lets those in whom only the caller, a writer, has stopped.
    fn give_up_writing(&self) {
        let settle = |front: Option<Run>| {
            // Relaxed: decides only which compare-exchange to try.
            let mut word = self.0.load(Relaxed);
            loop {
                // A writer's unlock settles it; readers stop for another writer anyway.
                if is_write_locked(word) || !has_parked(word) {
                    return None;
                }
                let after = match front {
                    Some(front) if front.token & WRITES != 0 => return None,
                    Some(front) if front.more => word + front.len * ONE_READER,
                    Some(front) => (word & !PARKED) + front.len * ONE_READER,
                    None => word & !PARKED,
                };
                // Acquire: on behalf of the readers, to whom the post hands it on. It costs nothing
                // here, and no model needs it: who parked behind a writer's section has added
                // itself after it, or that section ended under this bucket's lock. Relaxed on
                // failure: only tried again.
                match self.0.compare_exchange(word, after, Acquire, Relaxed) {
                    Ok(_) => return Some(HANDED_OVER),
                    Err(now) => word = now,
                }
            }
        };
        // SAFETY: as in `write_unlock_contended`.
        unsafe { lot().unpark_run(self.key(), go_together, settle) };
    }
}

/// The word after a write, and the answer to the front.
fn after_write(front: Run, due: bool) -> (usize, u32) {
    let parked = if front.more { PARKED } else { 0 };
    match (due, front.token & WRITES) {
        (false, _) => (parked, COMPETE),
        (true, WRITES) => (parked | WRITER, HANDED_OVER),
        (true, _) => (parked + front.len * ONE_READER, HANDED_OVER),
    }
}

/// Wakes the front of the queue at `key`, whose lock the caller may no longer touch.
#[cold]
fn wake_front(key: usize) {
    // SAFETY: the key was the address of a read-write lock that the caller held; the closures do
    // not call into the lot. If the lock is gone, nobody is parked there.
    unsafe { lot().unpark_run(key, go_together, |front| front.map(|_| COMPETE)) };
}

/// A writer that may yet give up.
pub(super) struct GivesUp<'a>(pub(super) &'a RwMutex);

impl Drop for GivesUp<'_> {
    fn drop(&mut self) {
        self.0.give_up_writing();
    }
}
