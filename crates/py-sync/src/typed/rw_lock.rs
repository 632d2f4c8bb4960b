//! The read-write lock with data: names over `lock_api`'s types.

use super::lock_api;
use super::raw_rw_lock::{RawRwLock, RawRwLockRecursive};

/// A read-write lock with data in it. One word beside the data.
///
/// A waiting writer stops new readers and new upgradable readers, as with [`RwMutex`](crate::RwMutex). So
/// `try_read` and `try_upgradable_read` may fail beside one even if the lock has just become free.
///
/// ```
/// use py_sync::typed::RwLock;
/// static NAMES: RwLock<Vec<&str>> = RwLock::new(Vec::new());
/// NAMES.write().push("spam");
/// assert_eq!(NAMES.read().len(), 1);
/// ```
pub type RwLock<T> = lock_api::RwLock<RawRwLock, T>;

/// Ends a read of an [`RwLock`] when dropped, and leads to its data.
///
/// ```
/// use py_sync::typed::{RwLock, RwLockReadGuard};
/// let lock = RwLock::new("spam");
/// let guard: RwLockReadGuard<'_, &str> = lock.read();
/// let again = lock.read_recursive();
/// assert_eq!(*guard, *again);
/// ```
pub type RwLockReadGuard<'a, T> = lock_api::RwLockReadGuard<'a, RawRwLock, T>;

/// Ends a write of an [`RwLock`] when dropped, and leads to its data.
///
/// ```
/// use py_sync::typed::{RwLock, RwLockWriteGuard};
/// let lock = RwLock::new(1);
/// let mut guard: RwLockWriteGuard<'_, i32> = lock.write();
/// *guard += 1;
/// assert_eq!(*RwLockWriteGuard::downgrade(guard), 2);
/// ```
pub type RwLockWriteGuard<'a, T> = lock_api::RwLockWriteGuard<'a, RawRwLock, T>;

/// Ends an upgradable read of an [`RwLock`] when dropped, and leads to its data.
///
/// ```
/// use py_sync::typed::{RwLock, RwLockUpgradableReadGuard};
/// let lock = RwLock::new(vec![1]);
/// let guard: RwLockUpgradableReadGuard<'_, Vec<i32>> = lock.upgradable_read();
/// if !guard.contains(&2) {
///     RwLockUpgradableReadGuard::upgrade(guard).push(2);
/// }
/// assert_eq!(*lock.read(), [1, 2]);
/// ```
pub type RwLockUpgradableReadGuard<'a, T> = lock_api::RwLockUpgradableReadGuard<'a, RawRwLock, T>;

/// An [`RwLockReadGuard`] that leads to a part of the data.
///
/// ```
/// use py_sync::typed::{MappedRwLockReadGuard, RwLock, RwLockReadGuard};
/// let lock = RwLock::new((1, "spam"));
/// let first: MappedRwLockReadGuard<'_, i32> =
///     RwLockReadGuard::map(lock.read(), |pair| &pair.0);
/// assert_eq!(*first, 1);
/// ```
pub type MappedRwLockReadGuard<'a, T> = lock_api::MappedRwLockReadGuard<'a, RawRwLock, T>;

/// An [`RwLockWriteGuard`] that leads to a part of the data.
///
/// ```
/// use py_sync::typed::{MappedRwLockWriteGuard, RwLock, RwLockWriteGuard};
/// let lock = RwLock::new((1, "spam"));
/// let mut first: MappedRwLockWriteGuard<'_, i32> =
///     RwLockWriteGuard::map(lock.write(), |pair| &mut pair.0);
/// *first += 1;
/// ```
pub type MappedRwLockWriteGuard<'a, T> = lock_api::MappedRwLockWriteGuard<'a, RawRwLock, T>;

/// A read-write lock with data, unlocked.
///
/// ```
/// use py_sync::typed::{RwLock, const_rwlock};
/// static COUNT: RwLock<u32> = const_rwlock(0);
/// # assert_eq!(*COUNT.read(), 0);
/// ```
pub const fn const_rwlock<T>(value: T) -> RwLock<T> {
    RwLock::const_new(<RawRwLock as lock_api::RawRwLock>::INIT, value)
}

/// A read-write lock that its reader may read again without a thought; a writer may starve. The name
/// is parking_lot 0.13's.
///
/// ```
/// use py_sync::typed::RecursiveRwLock;
/// let lock = RecursiveRwLock::new("spam");
/// let (outer, inner) = (lock.read(), lock.read());
/// assert_eq!(*outer, *inner);
/// assert!(lock.try_write().is_none());
/// ```
pub type RecursiveRwLock<T> = lock_api::RwLock<RawRwLockRecursive, T>;

/// Ends a read of a [`RecursiveRwLock`] when dropped, and leads to its data.
///
/// ```
/// use py_sync::typed::{RecursiveRwLock, RecursiveRwLockReadGuard};
/// let lock = RecursiveRwLock::new(1);
/// let guard: RecursiveRwLockReadGuard<'_, i32> = lock.read();
/// assert_eq!(*guard, 1);
/// ```
pub type RecursiveRwLockReadGuard<'a, T> = lock_api::RwLockReadGuard<'a, RawRwLockRecursive, T>;

/// Ends a write of a [`RecursiveRwLock`] when dropped, and leads to its data.
///
/// ```
/// use py_sync::typed::{RecursiveRwLock, RecursiveRwLockWriteGuard};
/// let lock = RecursiveRwLock::new(1);
/// let mut guard: RecursiveRwLockWriteGuard<'_, i32> = lock.write();
/// *guard += 1;
/// ```
pub type RecursiveRwLockWriteGuard<'a, T> = lock_api::RwLockWriteGuard<'a, RawRwLockRecursive, T>;

/// Ends an upgradable read of a [`RecursiveRwLock`] when dropped, and leads to its data.
///
/// ```
/// use py_sync::typed::{RecursiveRwLock, RecursiveRwLockUpgradableReadGuard};
/// let lock = RecursiveRwLock::new(1);
/// let guard: RecursiveRwLockUpgradableReadGuard<'_, i32> = lock.upgradable_read();
/// *RecursiveRwLockUpgradableReadGuard::upgrade(guard) += 1;
/// ```
pub type RecursiveRwLockUpgradableReadGuard<'a, T> =
    lock_api::RwLockUpgradableReadGuard<'a, RawRwLockRecursive, T>;

/// A [`RecursiveRwLockReadGuard`] that leads to a part of the data.
///
/// ```
/// use py_sync::typed::{MappedRecursiveRwLockReadGuard, RecursiveRwLock, RecursiveRwLockReadGuard};
/// let lock = RecursiveRwLock::new((1, "spam"));
/// let first: MappedRecursiveRwLockReadGuard<'_, i32> =
///     RecursiveRwLockReadGuard::map(lock.read(), |pair| &pair.0);
/// assert_eq!(*first, 1);
/// ```
pub type MappedRecursiveRwLockReadGuard<'a, T> =
    lock_api::MappedRwLockReadGuard<'a, RawRwLockRecursive, T>;

/// A [`RecursiveRwLockWriteGuard`] that leads to a part of the data.
///
/// ```
/// use py_sync::typed::{MappedRecursiveRwLockWriteGuard, RecursiveRwLock, RecursiveRwLockWriteGuard};
/// let lock = RecursiveRwLock::new((1, "spam"));
/// let mut first: MappedRecursiveRwLockWriteGuard<'_, i32> =
///     RecursiveRwLockWriteGuard::map(lock.write(), |pair| &mut pair.0);
/// *first += 1;
/// ```
pub type MappedRecursiveRwLockWriteGuard<'a, T> =
    lock_api::MappedRwLockWriteGuard<'a, RawRwLockRecursive, T>;
