//! Locks that carry data: parking_lot 0.12's names and meanings, over this crate's locks.
//!
//! `use py_sync::typed as parking_lot;` is all that code written for parking_lot 0.12 needs. Its locks
//! then work in a forked child, are handed off to a waiter after 1 ms, and are checked by models. The raw
//! types are for code that uses `lock_api` itself.
//!
//! ```
//! use py_sync::typed::{Mutex, MutexGuard, ReentrantMutex};
//!
//! static NAMES: Mutex<Vec<&str>> = Mutex::new(Vec::new());
//! std::thread::scope(|s| {
//!     for name in ["spam", "eggs"] {
//!         s.spawn(move || NAMES.lock().push(name));
//!     }
//! });
//! let names = NAMES.lock();
//! assert_eq!(names.len(), 2);
//! MutexGuard::unlock_fair(names);
//!
//! let lock = ReentrantMutex::new(1);
//! assert_eq!(*lock.lock(), *lock.lock());
//! ```
//!
//! What differs from parking_lot 0.12, what comes from 0.13, and how to put these locks under your
//! dependencies: [Coming from parking_lot](crate::guide::coming_from_parking_lot).
//!
//! No typed lock calls the [`Runtime`](crate::Runtime), except those over [`DetachingRawMutex`].
//!
//! [`RawMutex`] here is the raw lock of [`Mutex`]: one byte, in the parking lot. [`py_sync::RawMutex`] is
//! another type, one word, without the parking lot.
//!
//! [`py_sync::RawMutex`]: crate::RawMutex

mod condvar;
mod condvar_signals;
mod fork;
mod mutex;
mod once;
mod raw_mutex;
mod raw_reentrant;
mod raw_rw_lock;
mod reentrant;
mod rw_lock;
#[cfg(feature = "lock_api_05")]
pub mod v05;

pub use self::condvar::{Condvar, WaitTimeoutResult};
pub use self::mutex::{
    FairMutex, FairMutexGuard, MappedFairMutexGuard, MappedMutexGuard, Mutex, MutexGuard,
    const_fair_mutex, const_mutex,
};
pub use self::once::{Once, OnceState};
pub use self::raw_mutex::{DetachingRawMutex, RawByteMutex, RawFairMutex, RawMutex};
pub use self::raw_reentrant::RawReentrantMutex;
pub use self::raw_rw_lock::{RawRwLock, RawRwLockRecursive, RawWordRwLock};
pub use self::reentrant::{
    MappedReentrantMutexGuard, RawThreadId, ReentrantMutex, ReentrantMutexGuard,
    const_reentrant_mutex,
};
pub use self::rw_lock::{
    MappedRecursiveRwLockReadGuard, MappedRecursiveRwLockWriteGuard, MappedRwLockReadGuard,
    MappedRwLockWriteGuard, RecursiveRwLock, RecursiveRwLockReadGuard,
    RecursiveRwLockUpgradableReadGuard, RecursiveRwLockWriteGuard, RwLock, RwLockReadGuard,
    RwLockUpgradableReadGuard, RwLockWriteGuard, const_rwlock,
};
pub use crate::after_fork::after_fork;
pub use crate::deadlock;
pub use ::lock_api;

/// The guards that own an `Arc` of their lock, over any raw lock; the locks' `lock_arc`, `read_arc`
/// and their like give them.
///
/// ```
/// use py_sync::typed::{ArcMutexGuard, Mutex, RawMutex};
/// use std::sync::Arc;
/// let names = Arc::new(Mutex::new(vec!["spam"]));
/// let mut guard: ArcMutexGuard<RawMutex, Vec<&str>> = names.lock_arc();
/// guard.push("eggs");
/// let holder = std::thread::spawn({
///     let names = Arc::clone(&names);
///     move || names.try_lock_arc().is_none() // the guard borrows nothing: `names` may be cloned, moved
/// });
/// assert!(holder.join().unwrap());
/// drop(guard);
/// assert_eq!(names.lock().len(), 2);
/// ```
#[cfg(feature = "arc_lock")]
pub use self::lock_api::{
    ArcMutexGuard, ArcReentrantMutexGuard, ArcRwLockReadGuard, ArcRwLockUpgradableReadGuard,
    ArcRwLockWriteGuard,
};
