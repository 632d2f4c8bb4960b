//! Unlocks that hand a [`Mutex`] over at once: what `lock_api` calls fair.
//!
//! The look at the front of the queue takes it for due (a parameter of the protocol: the clock
//! [`AlwaysFair`]). A waiter that an earlier, unfair unlock has woken is passed over, as parking_lot's is:
//! it competes, and parks again in its place if it loses. A mutex that is only unlocked fairly has no
//! such waiters.

use super::{Mutex, has_parked};
use crate::deadline::{Clock, Deadline, AlwaysFair};
use crate::flags::{LockFlags, LockStatus};
use crate::sync::Relaxed;

impl Mutex {
    /// Unlocks and hands the lock to the first waiter, if there is one, however short it has
    /// waited. False, and nothing changed, if it is not locked.
    #[inline]
    pub(crate) fn unlock_fair(&self) -> bool {
        self.unlock_with(&AlwaysFair)
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
