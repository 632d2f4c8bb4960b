//! Unlocks that hand a [`Mutex`] over at once: what `lock_api` calls fair.
//!
//! They differ from an unlock in two points. The look at the first waiter takes it for due (a
//! parameter of the protocol: the clock [`Leaping`]). And the free byte is left by a
//! compare-exchange instead of a swap, so that a waiter that comes in between is handed the lock as
//! well. A waiter that an earlier, unfair unlock has put in flight while the byte went to 1 is
//! passed over, as parking_lot's is: it competes, and is back in line 1 ms after it first parked at
//! the latest. A mutex that is only unlocked fairly has no such waiters.

use super::{Mutex, has_parked};
use crate::bits::{LOCKED, UNLOCKED};
use crate::deadline::{Clock, Deadline, Leaping};
use crate::flags::{LockFlags, LockStatus};
use crate::primitive::{Relaxed, Release};

impl Mutex {
    /// Unlocks and hands the lock to the first waiter, if there is one, however short it has
    /// waited. False, and nothing changed, if it is not locked.
    #[inline]
    pub(crate) fn unlock_fair(&self) -> bool {
        // Release: the section ends here. Relaxed on failure: the slow path loads again.
        self.0
            .compare_exchange(LOCKED, UNLOCKED, Release, Relaxed)
            .is_ok()
            || self.unlock_contended(&Leaping)
    }

    /// By the holder: lets the first waiter have a turn, if there is one.
    #[inline]
    pub(crate) fn bump(&self, clock: &impl Clock, flags: LockFlags) {
        // Relaxed: a waiter that this look misses is not in line yet.
        if has_parked(self.0.load(Relaxed)) {
            let unlocked = self.unlock_fair();
            debug_assert!(unlocked, "the caller holds it");
            let status = self.lock_with(clock, Deadline::Never, flags);
            debug_assert_eq!(status, LockStatus::Acquired);
        }
    }
}
