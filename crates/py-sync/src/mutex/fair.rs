//! Unlocks that hand a [`Mutex`] off at once: what `lock_api` calls fair.
//!
//! Such an unlock is the ordinary one with the clock [`AlwaysFair`], by which the first waiter's fair
//! time has come. As in parking_lot, a waiter that an earlier, unfair unlock has woken is not in the
//! queue and is passed over: it competes, and parks again in its place if it loses. A mutex that is
//! only unlocked fairly has no such waiters.

use super::{Mutex, has_parked};
use crate::deadline::{AlwaysFair, Clock, Deadline};
use crate::flags::{LockFlags, LockStatus};
use crate::sync::Relaxed;

impl Mutex {
    /// Unlocks and hands the lock to the first waiter, if there is one, however short it has
    /// waited. False, and nothing changed, if it is not locked.
    #[inline]
    pub(crate) fn unlock_fair(&self) -> bool {
        self.unlock_with(&AlwaysFair)
    }

    /// Hands the lock off to the first waiter, if there is one, and locks again. For the holder.
    #[inline]
    pub(crate) fn bump(&self, clock: &impl Clock, flags: LockFlags) {
        // Relaxed: a waiter that this load misses is not queued yet.
        if has_parked(self.0.load(Relaxed)) {
            let unlocked = self.unlock_fair();
            debug_assert!(unlocked, "the caller holds it");
            let status = self.lock_with(clock, Deadline::Never, flags);
            debug_assert_eq!(status, LockStatus::Acquired);
        }
    }
}
