//! lock_api 0.5's traits of the raw read-write lock, and the names over its types.
//!
//! Each call is that of 0.4's trait, on the same lock.

pub use super::super::raw_rw_lock::{RawRwLock, RawRwLockRecursive};

use super::super::lock_api as v04;
use super::super::raw_rw_lock::RawWordRwLock;
use super::lock_api::{self, GuardNoSend};
use std::time::{Duration, Instant};

fn guard(locked: bool) -> Option<GuardNoSend> {
    locked.then(GuardNoSend::new)
}

fn upgraded(upgraded: bool, guard: GuardNoSend) -> Result<GuardNoSend, GuardNoSend> {
    match upgraded {
        true => Ok(guard),
        false => Err(guard),
    }
}

// SAFETY: each call is that of 0.4's trait, which promises the same exclusion; the guards have no state.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLock for RawWordRwLock<RECURSIVE> {
    const INIT: Self = <Self as v04::RawRwLock>::INIT;

    type SharedGuard = GuardNoSend;
    type ExclusiveGuard = GuardNoSend;

    #[inline]
    fn lock_shared(&self) -> GuardNoSend {
        v04::RawRwLock::lock_shared(self);
        GuardNoSend::new()
    }

    #[inline]
    fn try_lock_shared(&self) -> Option<GuardNoSend> {
        guard(v04::RawRwLock::try_lock_shared(self))
    }

    #[inline]
    unsafe fn unlock_shared(&self, _: GuardNoSend) {
        // SAFETY: the caller holds the lock shared, as 0.4's call asks.
        unsafe { v04::RawRwLock::unlock_shared(self) };
    }

    #[inline]
    fn lock_exclusive(&self) -> GuardNoSend {
        v04::RawRwLock::lock_exclusive(self);
        GuardNoSend::new()
    }

    #[inline]
    fn try_lock_exclusive(&self) -> Option<GuardNoSend> {
        guard(v04::RawRwLock::try_lock_exclusive(self))
    }

    #[inline]
    unsafe fn unlock_exclusive(&self, _: GuardNoSend) {
        // SAFETY: the caller holds the lock exclusively, as 0.4's call asks.
        unsafe { v04::RawRwLock::unlock_exclusive(self) };
    }

    #[inline]
    fn is_locked(&self) -> bool {
        v04::RawRwLock::is_locked(self)
    }

    #[inline]
    fn is_locked_exclusive(&self) -> bool {
        v04::RawRwLock::is_locked_exclusive(self)
    }
}

// SAFETY: each call is that of 0.4's trait, which keeps the same promises; after a bump the lock is held
// again.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockFair for RawWordRwLock<RECURSIVE> {
    unsafe fn unlock_shared_fair(&self, _: GuardNoSend) {
        // SAFETY: the caller holds the lock shared, as 0.4's call asks.
        unsafe { v04::RawRwLockFair::unlock_shared_fair(self) };
    }

    unsafe fn unlock_exclusive_fair(&self, _: GuardNoSend) {
        // SAFETY: the caller holds the lock exclusively, as 0.4's call asks.
        unsafe { v04::RawRwLockFair::unlock_exclusive_fair(self) };
    }

    unsafe fn bump_shared(&self, _: &mut GuardNoSend) {
        // SAFETY: the caller holds the lock shared, and holds it again when this returns.
        unsafe { v04::RawRwLockFair::bump_shared(self) };
    }

    unsafe fn bump_exclusive(&self, _: &mut GuardNoSend) {
        // SAFETY: the caller holds the lock exclusively, and holds it again when this returns.
        unsafe { v04::RawRwLockFair::bump_exclusive(self) };
    }
}

// SAFETY: the call is that of 0.4's trait: the writer becomes a reader without a moment in which the lock
// is free.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockDowngrade for RawWordRwLock<RECURSIVE> {
    unsafe fn downgrade(&self, guard: GuardNoSend) -> GuardNoSend {
        // SAFETY: the caller holds the lock exclusively, as 0.4's call asks.
        unsafe { v04::RawRwLockDowngrade::downgrade(self) };
        guard
    }
}

// SAFETY: each call is that of 0.4's trait; it returns a guard exactly if it has locked.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockTimed for RawWordRwLock<RECURSIVE> {
    type Duration = Duration;
    type Instant = Instant;

    fn try_lock_shared_for(&self, timeout: Duration) -> Option<GuardNoSend> {
        guard(v04::RawRwLockTimed::try_lock_shared_for(self, timeout))
    }

    fn try_lock_shared_until(&self, timeout: Instant) -> Option<GuardNoSend> {
        guard(v04::RawRwLockTimed::try_lock_shared_until(self, timeout))
    }

    fn try_lock_exclusive_for(&self, timeout: Duration) -> Option<GuardNoSend> {
        guard(v04::RawRwLockTimed::try_lock_exclusive_for(self, timeout))
    }

    fn try_lock_exclusive_until(&self, timeout: Instant) -> Option<GuardNoSend> {
        guard(v04::RawRwLockTimed::try_lock_exclusive_until(self, timeout))
    }
}

// SAFETY: each call is that of 0.4's trait; an upgrade that fails leaves the caller the upgradable reader,
// with its guard.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockUpgrade for RawWordRwLock<RECURSIVE> {
    type UpgradableGuard = GuardNoSend;

    #[inline]
    fn lock_upgradable(&self) -> GuardNoSend {
        v04::RawRwLockUpgrade::lock_upgradable(self);
        GuardNoSend::new()
    }

    #[inline]
    fn try_lock_upgradable(&self) -> Option<GuardNoSend> {
        guard(v04::RawRwLockUpgrade::try_lock_upgradable(self))
    }

    #[inline]
    unsafe fn unlock_upgradable(&self, _: GuardNoSend) {
        // SAFETY: the caller holds the lock upgradably, as 0.4's call asks.
        unsafe { v04::RawRwLockUpgrade::unlock_upgradable(self) };
    }

    #[inline]
    unsafe fn upgrade(&self, guard: GuardNoSend) -> GuardNoSend {
        // SAFETY: the caller holds the lock upgradably, as 0.4's call asks.
        unsafe { v04::RawRwLockUpgrade::upgrade(self) };
        guard
    }

    #[inline]
    unsafe fn try_upgrade(&self, guard: GuardNoSend) -> Result<GuardNoSend, GuardNoSend> {
        // SAFETY: the caller holds the lock upgradably, as 0.4's call asks.
        upgraded(unsafe { v04::RawRwLockUpgrade::try_upgrade(self) }, guard)
    }
}

// SAFETY: each call is that of 0.4's trait; after a bump the caller is the upgradable reader again.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockUpgradeFair for RawWordRwLock<RECURSIVE> {
    unsafe fn unlock_upgradable_fair(&self, _: GuardNoSend) {
        // SAFETY: the caller holds the lock upgradably, as 0.4's call asks.
        unsafe { v04::RawRwLockUpgradeFair::unlock_upgradable_fair(self) };
    }

    unsafe fn bump_upgradable(&self, _: &mut GuardNoSend) {
        // SAFETY: the caller holds the lock upgradably, and holds it again when this returns.
        unsafe { v04::RawRwLockUpgradeFair::bump_upgradable(self) };
    }
}

// SAFETY: each call is that of 0.4's trait: the lock is never free in between.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockUpgradeDowngrade
    for RawWordRwLock<RECURSIVE>
{
    unsafe fn downgrade_upgradable(&self, guard: GuardNoSend) -> GuardNoSend {
        // SAFETY: the caller holds the lock upgradably, as 0.4's call asks.
        unsafe { v04::RawRwLockUpgradeDowngrade::downgrade_upgradable(self) };
        guard
    }

    unsafe fn downgrade_to_upgradable(&self, guard: GuardNoSend) -> GuardNoSend {
        // SAFETY: the caller holds the lock exclusively, as 0.4's call asks.
        unsafe { v04::RawRwLockUpgradeDowngrade::downgrade_to_upgradable(self) };
        guard
    }
}

// SAFETY: each call is that of 0.4's trait; it returns a guard of the new kind exactly if it has succeeded.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockUpgradeTimed for RawWordRwLock<RECURSIVE> {
    fn try_lock_upgradable_for(&self, timeout: Duration) -> Option<GuardNoSend> {
        guard(v04::RawRwLockUpgradeTimed::try_lock_upgradable_for(
            self, timeout,
        ))
    }

    fn try_lock_upgradable_until(&self, timeout: Instant) -> Option<GuardNoSend> {
        guard(v04::RawRwLockUpgradeTimed::try_lock_upgradable_until(
            self, timeout,
        ))
    }

    unsafe fn try_upgrade_for(
        &self,
        guard: GuardNoSend,
        timeout: Duration,
    ) -> Result<GuardNoSend, GuardNoSend> {
        // SAFETY: the caller holds the lock upgradably, as 0.4's call asks.
        upgraded(
            unsafe { v04::RawRwLockUpgradeTimed::try_upgrade_for(self, timeout) },
            guard,
        )
    }

    unsafe fn try_upgrade_until(
        &self,
        guard: GuardNoSend,
        timeout: Instant,
    ) -> Result<GuardNoSend, GuardNoSend> {
        // SAFETY: the caller holds the lock upgradably, as 0.4's call asks.
        upgraded(
            unsafe { v04::RawRwLockUpgradeTimed::try_upgrade_until(self, timeout) },
            guard,
        )
    }
}

/// [`typed::RwLock`](crate::typed::RwLock) over lock_api 0.5.
///
/// ```
/// use py_sync::typed::v05::RwLock;
/// static NAMES: RwLock<Vec<&str>> = RwLock::new(Vec::new());
/// NAMES.write().push("spam");
/// assert_eq!(NAMES.read().len(), 1);
/// ```
pub type RwLock<T> = lock_api::RwLock<RawRwLock, T>;

/// Ends a read of an [`RwLock`] when dropped. Its methods have the names of 0.4's.
///
/// ```
/// use py_sync::typed::v05::{RwLock, RwLockReadGuard};
/// let lock = RwLock::new(1);
/// let guard: RwLockReadGuard<'_, i32> = lock.read();
/// assert_eq!(*guard, 1);
/// ```
pub type RwLockReadGuard<'a, T> = lock_api::RwLockReadGuard<'a, RawRwLock, T>;

/// Ends a write of an [`RwLock`] when dropped.
///
/// ```
/// use py_sync::typed::v05::{RwLock, RwLockWriteGuard};
/// let lock = RwLock::new(1);
/// let mut guard: RwLockWriteGuard<'_, i32> = lock.write();
/// *guard += 1;
/// assert_eq!(*RwLockWriteGuard::downgrade(guard), 2);
/// ```
pub type RwLockWriteGuard<'a, T> = lock_api::RwLockWriteGuard<'a, RawRwLock, T>;

/// Ends an upgradable read of an [`RwLock`] when dropped.
///
/// ```
/// use py_sync::typed::v05::{RwLock, RwLockUpgradableReadGuard};
/// let lock = RwLock::new(1);
/// let guard: RwLockUpgradableReadGuard<'_, i32> = lock.upgradable_read();
/// *RwLockUpgradableReadGuard::upgrade(guard) += 1;
/// assert_eq!(*lock.read(), 2);
/// ```
pub type RwLockUpgradableReadGuard<'a, T> = lock_api::RwLockUpgradableReadGuard<'a, RawRwLock, T>;

/// An [`RwLockReadGuard`] that leads to a part of the data.
///
/// ```
/// use py_sync::typed::v05::{MappedRwLockReadGuard, RwLock, RwLockReadGuard};
/// let lock = RwLock::new((1, "spam"));
/// let first: MappedRwLockReadGuard<'_, i32> =
///     RwLockReadGuard::map(lock.read(), |pair| &pair.0);
/// assert_eq!(*first, 1);
/// ```
pub type MappedRwLockReadGuard<'a, T> = lock_api::MappedRwLockReadGuard<'a, RawRwLock, T>;

/// An [`RwLockWriteGuard`] that leads to a part of the data.
///
/// ```
/// use py_sync::typed::v05::{MappedRwLockWriteGuard, RwLock, RwLockWriteGuard};
/// let lock = RwLock::new((1, "spam"));
/// let mut first: MappedRwLockWriteGuard<'_, i32> =
///     RwLockWriteGuard::map(lock.write(), |pair| &mut pair.0);
/// *first += 1;
/// ```
pub type MappedRwLockWriteGuard<'a, T> = lock_api::MappedRwLockWriteGuard<'a, RawRwLock, T>;
