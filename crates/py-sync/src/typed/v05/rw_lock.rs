//! The raw read-write lock behind lock_api 0.5's traits, and the names over its types.
//!
//! Nothing is decided here: each call is that of 0.4's trait.

use super::super::lock_api::{
    RawRwLock as V04, RawRwLockDowngrade as V04Downgrade, RawRwLockFair as V04Fair,
    RawRwLockRecursive as V04Recursive, RawRwLockRecursiveTimed as V04RecursiveTimed,
    RawRwLockTimed as V04Timed, RawRwLockUpgrade as V04Upgrade,
    RawRwLockUpgradeDowngrade as V04UpgradeDowngrade, RawRwLockUpgradeFair as V04UpgradeFair,
    RawRwLockUpgradeTimed as V04UpgradeTimed,
};
use super::super::raw_rw_lock;
use super::lock_api::{self, GuardNoSend};
use crate::deadline::time_until;
use core::fmt;
use std::time::{Duration, Instant};

/// A read-write lock of one word without data, for lock_api 0.5:
/// [`typed::RawRwLock`](crate::typed::RawRwLock), or, if it is `RECURSIVE`, one each read of which goes
/// past waiting writers.
///
/// ```
/// use py_sync::typed::v05::{RawRwLock, lock_api::RawRwLock as _};
/// static RAW: RawRwLock = RawRwLock::INIT;
/// let guard = RAW.lock_shared();
/// assert!(RAW.try_lock_exclusive().is_none());
/// // SAFETY: locked above.
/// unsafe { RAW.unlock_shared(guard) };
/// assert_eq!(size_of::<RawRwLock>(), size_of::<usize>());
/// ```
#[repr(transparent)]
pub struct RawRwLock<const RECURSIVE: bool = false>(raw_rw_lock::RawRwLock);

/// A [`RawRwLock`] with reads that a waiting writer does not stop: a thread may read again while it
/// reads.
///
/// ```
/// use py_sync::typed::v05::{RawRwLockRecursive, lock_api::RawRwLock as _};
/// static RAW: RawRwLockRecursive = RawRwLockRecursive::INIT;
/// assert!(!RAW.is_locked_exclusive());
/// ```
pub type RawRwLockRecursive = RawRwLock<true>;

fn guard(locked: bool) -> Option<GuardNoSend> {
    locked.then(GuardNoSend::new)
}

fn upgraded(upgraded: bool, guard: GuardNoSend) -> Result<GuardNoSend, GuardNoSend> {
    match upgraded {
        true => Ok(guard),
        false => Err(guard),
    }
}

impl<const RECURSIVE: bool> RawRwLock<RECURSIVE> {
    /// Makes it free in the child of a fork, as
    /// [`typed::RawRwLock::at_fork_reinit`](crate::typed::RawRwLock::at_fork_reinit).
    ///
    /// # Safety
    ///
    /// As for that.
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::typed::v05::RwLock;
    /// let lock = RwLock::new(1);
    /// std::mem::forget(lock.write()); // as if a thread of the parent held it
    /// // SAFETY: nobody else knows the lock, and its number is whole.
    /// unsafe { lock.raw().at_fork_reinit() };
    /// assert_eq!(*lock.read(), 1);
    /// ```
    pub unsafe fn at_fork_reinit(&self) {
        // SAFETY: the caller's promise.
        unsafe { self.0.at_fork_reinit() };
    }
}

// SAFETY: 0.4's traits are implemented, which promise the same; the guards have no state. A recursive
// read excludes writers as any read does.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLock for RawRwLock<RECURSIVE> {
    const INIT: Self = RawRwLock(<raw_rw_lock::RawRwLock as V04>::INIT);

    type SharedGuard = GuardNoSend;
    type ExclusiveGuard = GuardNoSend;

    #[inline]
    fn lock_shared(&self) -> GuardNoSend {
        match RECURSIVE {
            true => self.0.lock_shared_recursive(),
            false => self.0.lock_shared(),
        }
        GuardNoSend::new()
    }

    #[inline]
    fn try_lock_shared(&self) -> Option<GuardNoSend> {
        guard(match RECURSIVE {
            true => self.0.try_lock_shared_recursive(),
            false => self.0.try_lock_shared(),
        })
    }

    #[inline]
    unsafe fn unlock_shared(&self, _: GuardNoSend) {
        // SAFETY: the caller's promise, here and below.
        unsafe { self.0.unlock_shared() };
    }

    #[inline]
    fn lock_exclusive(&self) -> GuardNoSend {
        self.0.lock_exclusive();
        GuardNoSend::new()
    }

    #[inline]
    fn try_lock_exclusive(&self) -> Option<GuardNoSend> {
        guard(self.0.try_lock_exclusive())
    }

    #[inline]
    unsafe fn unlock_exclusive(&self, _: GuardNoSend) {
        // SAFETY: as above.
        unsafe { self.0.unlock_exclusive() };
    }

    #[inline]
    fn is_locked(&self) -> bool {
        self.0.is_locked()
    }

    #[inline]
    fn is_locked_exclusive(&self) -> bool {
        self.0.is_locked_exclusive()
    }
}

// SAFETY: as above; who bumps has the lock again when that returns.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockFair for RawRwLock<RECURSIVE> {
    unsafe fn unlock_shared_fair(&self, _: GuardNoSend) {
        // SAFETY: the caller's promise, here and below.
        unsafe { self.0.unlock_shared_fair() };
    }

    unsafe fn unlock_exclusive_fair(&self, _: GuardNoSend) {
        // SAFETY: as above.
        unsafe { self.0.unlock_exclusive_fair() };
    }

    unsafe fn bump_shared(&self, _: &mut GuardNoSend) {
        // SAFETY: as above.
        unsafe { self.0.bump_shared() };
    }

    unsafe fn bump_exclusive(&self, _: &mut GuardNoSend) {
        // SAFETY: as above.
        unsafe { self.0.bump_exclusive() };
    }
}

// SAFETY: as above; the writer is a reader in the same breath.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockDowngrade for RawRwLock<RECURSIVE> {
    unsafe fn downgrade(&self, guard: GuardNoSend) -> GuardNoSend {
        // SAFETY: the caller's promise.
        unsafe { self.0.downgrade() };
        guard
    }
}

// SAFETY: as above; a timed call without a guard has not locked.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockTimed for RawRwLock<RECURSIVE> {
    type Duration = Duration;
    type Instant = Instant;

    fn try_lock_shared_for(&self, timeout: Duration) -> Option<GuardNoSend> {
        guard(match RECURSIVE {
            true => self.0.try_lock_shared_recursive_for(timeout),
            false => self.0.try_lock_shared_for(timeout),
        })
    }

    fn try_lock_shared_until(&self, timeout: Instant) -> Option<GuardNoSend> {
        let timeout = time_until(timeout);
        <Self as lock_api::RawRwLockTimed>::try_lock_shared_for(self, timeout)
    }

    fn try_lock_exclusive_for(&self, timeout: Duration) -> Option<GuardNoSend> {
        guard(self.0.try_lock_exclusive_for(timeout))
    }

    fn try_lock_exclusive_until(&self, timeout: Instant) -> Option<GuardNoSend> {
        guard(self.0.try_lock_exclusive_until(timeout))
    }
}

// SAFETY: as above; an upgrade that fails leaves an upgradable reader.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockUpgrade for RawRwLock<RECURSIVE> {
    type UpgradableGuard = GuardNoSend;

    #[inline]
    fn lock_upgradable(&self) -> GuardNoSend {
        self.0.lock_upgradable();
        GuardNoSend::new()
    }

    #[inline]
    fn try_lock_upgradable(&self) -> Option<GuardNoSend> {
        guard(self.0.try_lock_upgradable())
    }

    #[inline]
    unsafe fn unlock_upgradable(&self, _: GuardNoSend) {
        // SAFETY: the caller's promise, here and below.
        unsafe { self.0.unlock_upgradable() };
    }

    #[inline]
    unsafe fn upgrade(&self, guard: GuardNoSend) -> GuardNoSend {
        // SAFETY: as above.
        unsafe { self.0.upgrade() };
        guard
    }

    #[inline]
    unsafe fn try_upgrade(&self, guard: GuardNoSend) -> Result<GuardNoSend, GuardNoSend> {
        // SAFETY: as above.
        upgraded(unsafe { self.0.try_upgrade() }, guard)
    }
}

// SAFETY: as above.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockUpgradeFair for RawRwLock<RECURSIVE> {
    unsafe fn unlock_upgradable_fair(&self, _: GuardNoSend) {
        // SAFETY: the caller's promise, here and below.
        unsafe { self.0.unlock_upgradable_fair() };
    }

    unsafe fn bump_upgradable(&self, _: &mut GuardNoSend) {
        // SAFETY: as above.
        unsafe { self.0.bump_upgradable() };
    }
}

// SAFETY: as above; the lock is never free in between.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockUpgradeDowngrade for RawRwLock<RECURSIVE> {
    unsafe fn downgrade_upgradable(&self, guard: GuardNoSend) -> GuardNoSend {
        // SAFETY: the caller's promise, here and below.
        unsafe { self.0.downgrade_upgradable() };
        guard
    }

    unsafe fn downgrade_to_upgradable(&self, guard: GuardNoSend) -> GuardNoSend {
        // SAFETY: as above.
        unsafe { self.0.downgrade_to_upgradable() };
        guard
    }
}

// SAFETY: as above.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockUpgradeTimed for RawRwLock<RECURSIVE> {
    fn try_lock_upgradable_for(&self, timeout: Duration) -> Option<GuardNoSend> {
        guard(self.0.try_lock_upgradable_for(timeout))
    }

    fn try_lock_upgradable_until(&self, timeout: Instant) -> Option<GuardNoSend> {
        guard(self.0.try_lock_upgradable_until(timeout))
    }

    unsafe fn try_upgrade_for(
        &self,
        guard: GuardNoSend,
        timeout: Duration,
    ) -> Result<GuardNoSend, GuardNoSend> {
        // SAFETY: the caller's promise, here and below.
        upgraded(unsafe { self.0.try_upgrade_for(timeout) }, guard)
    }

    unsafe fn try_upgrade_until(
        &self,
        guard: GuardNoSend,
        timeout: Instant,
    ) -> Result<GuardNoSend, GuardNoSend> {
        // SAFETY: as above.
        upgraded(unsafe { self.0.try_upgrade_until(timeout) }, guard)
    }
}

impl<const RECURSIVE: bool> fmt::Debug for RawRwLock<RECURSIVE> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
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

/// Ends a read of an [`RwLock`] when dropped. Its siblings are those of 0.4's, by the same names.
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
