//! The names of the read-write lock whose reads may be nested.

use super::lock_api;
use super::rw_lock::RawRwLockRecursive;

/// A read-write lock in which a thread may read again while it reads: a waiting writer does not stop
/// a read. Writers may wait for as long as reads overlap.
///
/// ```
/// use py_sync::typed::v05::RecursiveRwLock;
/// let lock = RecursiveRwLock::new(5);
/// let (outer, inner) = (lock.read(), lock.read());
/// assert_eq!(*outer, *inner);
/// ```
pub type RecursiveRwLock<T> = lock_api::RwLock<RawRwLockRecursive, T>;

/// Ends a read of a [`RecursiveRwLock`] when dropped.
///
/// ```
/// use py_sync::typed::v05::{RecursiveRwLock, RecursiveRwLockReadGuard};
/// let lock = RecursiveRwLock::new(1);
/// let guard: RecursiveRwLockReadGuard<'_, i32> = lock.read();
/// assert_eq!(*guard, 1);
/// ```
pub type RecursiveRwLockReadGuard<'a, T> = lock_api::RwLockReadGuard<'a, RawRwLockRecursive, T>;

/// Ends a write of a [`RecursiveRwLock`] when dropped.
///
/// ```
/// use py_sync::typed::v05::{RecursiveRwLock, RecursiveRwLockWriteGuard};
/// let lock = RecursiveRwLock::new(1);
/// let mut guard: RecursiveRwLockWriteGuard<'_, i32> = lock.write();
/// *guard += 1;
/// ```
pub type RecursiveRwLockWriteGuard<'a, T> = lock_api::RwLockWriteGuard<'a, RawRwLockRecursive, T>;

/// Ends an upgradable read of a [`RecursiveRwLock`] when dropped.
///
/// ```
/// use py_sync::typed::v05::{RecursiveRwLock, RecursiveRwLockUpgradableReadGuard};
/// let lock = RecursiveRwLock::new(1);
/// let guard: RecursiveRwLockUpgradableReadGuard<'_, i32> = lock.upgradable_read();
/// *RecursiveRwLockUpgradableReadGuard::upgrade(guard) += 1;
/// ```
pub type RecursiveRwLockUpgradableReadGuard<'a, T> =
    lock_api::RwLockUpgradableReadGuard<'a, RawRwLockRecursive, T>;

/// A [`RecursiveRwLockReadGuard`] that leads to a part of the data.
///
/// ```
/// use py_sync::typed::v05::{
///     MappedRecursiveRwLockReadGuard, RecursiveRwLock, RecursiveRwLockReadGuard,
/// };
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
/// use py_sync::typed::v05::{
///     MappedRecursiveRwLockWriteGuard, RecursiveRwLock, RecursiveRwLockWriteGuard,
/// };
/// let lock = RecursiveRwLock::new((1, "spam"));
/// let mut first: MappedRecursiveRwLockWriteGuard<'_, i32> =
///     RecursiveRwLockWriteGuard::map(lock.write(), |pair| &mut pair.0);
/// *first += 1;
/// ```
pub type MappedRecursiveRwLockWriteGuard<'a, T> =
    lock_api::MappedRwLockWriteGuard<'a, RawRwLockRecursive, T>;
