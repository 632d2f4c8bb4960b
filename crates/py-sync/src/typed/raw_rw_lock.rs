//! The raw read-write lock: [`RwMutex`] behind the traits of `lock_api`.
//!
//! The word and its protocol are in `rw_mutex/`.

use super::lock_api::{
    self, GuardNoSend, RawRwLock as _, RawRwLockRecursive as _, RawRwLockRecursiveTimed as _,
    RawRwLockUpgrade as _,
};
use crate::deadline::{AlwaysFair, Deadline, Monotonic, time_until};
use crate::flags::{LockFlags, LockStatus};
use crate::rw_mutex::{Rank, RwMutex};
use core::fmt;
use std::time::{Duration, Instant};

const NEVER: Deadline = Deadline::Never;
const FLAGS: LockFlags = LockFlags::NONE;

/// A read-write lock of one word without data, for `lock_api`, with recursive and upgradable reads.
///
/// A waiting writer stops new readers, but not recursive reads; if `RECURSIVE`, every read is recursive.
/// One reader at a time may be upgradable: it shares the lock with readers, keeps out writers and other
/// upgradable readers, and may become the writer. While it has the lock, waiting writers stop no reader,
/// since they could not have the lock anyway.
///
/// All zero is unlocked. It never detaches. In the child of a fork, one that another thread held
/// stays held: [`at_fork_reinit`](RawRwLock::at_fork_reinit), or zero its word.
///
/// ```
/// use py_sync::typed::{RawRwLock, lock_api::{RawRwLock as _, RawRwLockUpgrade as _}};
/// static RAW: RawRwLock = RawRwLock::INIT;
/// RAW.lock_upgradable();
/// assert!(RAW.try_lock_shared() && !RAW.try_lock_upgradable());
/// // SAFETY: each was locked above, and is unlocked once.
/// unsafe {
///     assert!(!RAW.try_upgrade());
///     RAW.unlock_shared();
///     RAW.upgrade();
///     assert!(RAW.is_locked_exclusive());
///     RAW.unlock_exclusive();
/// }
/// assert_eq!(size_of::<RawRwLock>(), size_of::<usize>());
/// ```
#[repr(transparent)]
pub struct RawWordRwLock<const RECURSIVE: bool>(pub(super) RwMutex);

/// The raw lock of [`RwLock`](super::RwLock): a waiting writer stops new readers.
///
/// ```
/// use py_sync::typed::{RawRwLock, lock_api};
/// type Shared<T> = lock_api::RwLock<RawRwLock, T>;
/// static COUNT: Shared<u32> = Shared::new(0);
/// # assert_eq!(*COUNT.read(), 0);
/// ```
pub type RawRwLock = RawWordRwLock<false>;

/// The raw lock of [`RecursiveRwLock`](super::RecursiveRwLock): a thread may always read again. A waiting
/// writer stops no reader, and may starve.
///
/// ```
/// use py_sync::typed::{RawRwLockRecursive, lock_api::RawRwLock as _};
/// static RAW: RawRwLockRecursive = RawRwLockRecursive::INIT;
/// RAW.lock_shared();
/// RAW.lock_shared();
/// // SAFETY: locked twice.
/// unsafe {
///     RAW.unlock_shared();
///     RAW.unlock_shared();
/// }
/// ```
pub type RawRwLockRecursive = RawWordRwLock<true>;

fn acquired(status: LockStatus) -> bool {
    status == LockStatus::Acquired
}

fn assert_acquired(status: LockStatus) {
    debug_assert_eq!(status, LockStatus::Acquired, "there was no deadline");
}

impl<const RECURSIVE: bool> RawWordRwLock<RECURSIVE> {
    fn try_upgradable(&self, timeout: Duration) -> bool {
        if timeout == Duration::ZERO {
            return self.0.try_upgradable_lock();
        }
        let deadline = Deadline::after(Some(timeout));
        acquired(self.0.upgradable_lock_with(&Monotonic, deadline, FLAGS))
    }
}

// SAFETY: `RwMutex` lets in one writer or any number of readers; `INIT` is unlocked.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLock for RawWordRwLock<RECURSIVE> {
    const INIT: Self = RawWordRwLock(RwMutex::new());

    type GuardMarker = GuardNoSend;

    #[inline]
    fn lock_shared(&self) {
        if RECURSIVE {
            return self.lock_shared_recursive();
        }
        assert_acquired(self.0.read_lock_with(&Monotonic, NEVER, FLAGS));
    }

    #[inline]
    fn try_lock_shared(&self) -> bool {
        match RECURSIVE {
            true => self.0.try_read_lock_recursive(),
            false => self.0.try_read_lock(),
        }
    }

    #[inline]
    unsafe fn unlock_shared(&self) {
        self.0.read_unlock_owned();
    }

    #[inline]
    fn lock_exclusive(&self) {
        assert_acquired(self.0.write_lock_with(&Monotonic, NEVER, FLAGS));
    }

    #[inline]
    fn try_lock_exclusive(&self) -> bool {
        self.0.try_write_lock()
    }

    #[inline]
    unsafe fn unlock_exclusive(&self) {
        let unlocked = self.0.write_unlock_with(&Monotonic);
        debug_assert!(unlocked, "lock was not write-locked");
    }

    #[inline]
    fn is_locked(&self) -> bool {
        self.0.is_locked()
    }

    #[inline]
    fn is_locked_exclusive(&self) -> bool {
        self.0.is_write_locked()
    }
}

// SAFETY: the locks are those of `RawRwLock`, with a time limit; a call that returns false has not locked.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockTimed for RawWordRwLock<RECURSIVE> {
    type Duration = Duration;
    type Instant = Instant;

    fn try_lock_shared_for(&self, timeout: Duration) -> bool {
        if RECURSIVE {
            return self.try_lock_shared_recursive_for(timeout);
        }
        acquired(self.0.read_lock_timed(Some(timeout), FLAGS))
    }

    fn try_lock_shared_until(&self, timeout: Instant) -> bool {
        self.try_lock_shared_for(time_until(timeout))
    }

    fn try_lock_exclusive_for(&self, timeout: Duration) -> bool {
        acquired(self.0.write_lock_timed(Some(timeout), FLAGS))
    }

    fn try_lock_exclusive_until(&self, timeout: Instant) -> bool {
        self.try_lock_exclusive_for(time_until(timeout))
    }
}

// SAFETY: a fair unlock unlocks, and hands off; after a bump the caller has the lock again, in the same
// way.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockFair for RawWordRwLock<RECURSIVE> {
    unsafe fn unlock_shared_fair(&self) {
        self.0.read_unlock_fair();
    }

    unsafe fn unlock_exclusive_fair(&self) {
        let unlocked = self.0.write_unlock_with(&AlwaysFair);
        debug_assert!(unlocked, "lock was not write-locked");
    }

    unsafe fn bump_shared(&self) {
        if self.0.has_waiters() {
            self.0.read_unlock_fair();
            self.lock_shared();
        }
    }

    unsafe fn bump_exclusive(&self) {
        if self.0.has_waiters() {
            // SAFETY: the caller holds the lock exclusively.
            unsafe { self.unlock_exclusive_fair() };
            self.lock_exclusive();
        }
    }
}

// SAFETY: one change of the word makes the writer a reader: no other writer comes in between.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockDowngrade for RawWordRwLock<RECURSIVE> {
    unsafe fn downgrade(&self) {
        self.0.downgrade_with(&Monotonic);
    }
}

// SAFETY: a recursive read is a read; a waiting writer does not stop it, so it cannot deadlock with one.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockRecursive for RawWordRwLock<RECURSIVE> {
    #[inline]
    fn lock_shared_recursive(&self) {
        if !self.0.try_read_lock_recursive() {
            assert_acquired(self.0.read_contended(&Monotonic, Rank::First, NEVER, FLAGS));
        }
    }

    #[inline]
    fn try_lock_shared_recursive(&self) -> bool {
        self.0.try_read_lock_recursive()
    }
}

// SAFETY: the reads are those of `RawRwLockRecursive`, with a time limit; a call that returns false has
// not locked.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockRecursiveTimed for RawWordRwLock<RECURSIVE> {
    fn try_lock_shared_recursive_for(&self, timeout: Duration) -> bool {
        acquired(self.0.read_lock_recursive_timed(Some(timeout), FLAGS))
    }

    fn try_lock_shared_recursive_until(&self, timeout: Instant) -> bool {
        self.try_lock_shared_recursive_for(time_until(timeout))
    }
}

// SAFETY: an upgradable reader keeps writers and other upgradable readers out until it is the writer, and
// it becomes the writer only when no reader is left.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockUpgrade for RawWordRwLock<RECURSIVE> {
    #[inline]
    fn lock_upgradable(&self) {
        assert_acquired(self.0.upgradable_lock_with(&Monotonic, NEVER, FLAGS));
    }

    #[inline]
    fn try_lock_upgradable(&self) -> bool {
        self.0.try_upgradable_lock()
    }

    #[inline]
    unsafe fn unlock_upgradable(&self) {
        self.0.upgradable_unlock_with(&Monotonic);
    }

    #[inline]
    unsafe fn upgrade(&self) {
        assert_acquired(self.0.upgrade_with(NEVER));
    }

    #[inline]
    unsafe fn try_upgrade(&self) -> bool {
        self.0.try_upgrade()
    }
}

// SAFETY: a fair unlock unlocks, and hands off; after a bump the caller is the upgradable reader again.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockUpgradeFair for RawWordRwLock<RECURSIVE> {
    unsafe fn unlock_upgradable_fair(&self) {
        self.0.upgradable_unlock_with(&AlwaysFair);
    }

    unsafe fn bump_upgradable(&self) {
        if self.0.has_waiters() {
            self.0.upgradable_unlock_with(&AlwaysFair);
            self.lock_upgradable();
        }
    }
}

// SAFETY: one change of the word makes the holder another kind of holder: the lock is never free in
// between.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockUpgradeDowngrade
    for RawWordRwLock<RECURSIVE>
{
    unsafe fn downgrade_upgradable(&self) {
        self.0.downgrade_upgradable_with(&Monotonic);
    }

    unsafe fn downgrade_to_upgradable(&self) {
        self.0.downgrade_to_upgradable_with(&Monotonic);
    }
}

// SAFETY: the locks are those of `RawRwLockUpgrade`, with a time limit; an upgrade that fails leaves the
// caller the upgradable reader.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockUpgradeTimed for RawWordRwLock<RECURSIVE> {
    fn try_lock_upgradable_for(&self, timeout: Duration) -> bool {
        self.try_upgradable(timeout)
    }

    fn try_lock_upgradable_until(&self, timeout: Instant) -> bool {
        self.try_upgradable(time_until(timeout))
    }

    unsafe fn try_upgrade_for(&self, timeout: Duration) -> bool {
        acquired(self.0.upgrade_with(Deadline::after(Some(timeout))))
    }

    unsafe fn try_upgrade_until(&self, timeout: Instant) -> bool {
        acquired(self.0.upgrade_with(Deadline::until(timeout)))
    }
}

impl<const RECURSIVE: bool> fmt::Debug for RawWordRwLock<RECURSIVE> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawRwLock")
            .field("locked", &self.0.is_locked())
            .field("exclusive", &self.0.is_write_locked())
            .finish()
    }
}
