//! Locks that carry what they guard: parking_lot 0.12's names and meanings, over this crate's locks.
//!
//! `use py_sync::typed as parking_lot;` is all that code written for parking_lot 0.12 needs. It gets
//! locks that survive a fork, that no thread can keep from the others for long, and that are checked
//! by models; the raw types are for code that goes by `lock_api` itself.
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
//! What only parking_lot 0.13 and std have is here too: `Once::{wait, wait_force, is_completed,
//! new_completed}`, `OnceState::{is_poisoned, is_completed}`, [`RecursiveRwLock`].
//!
//! Where it differs from parking_lot 0.12:
//!
//! * A waiter that has waited for 1 ms is handed the lock by the next unlock that looks at the
//!   queue, where parking_lot's unlocks become fair by chance, every half a millisecond on average.
//! * `deadlock::check_deadlock` (feature `deadlock`, parking_lot's `deadlock_detection`) has threads tell
//!   their backtraces and sleep on, where parking_lot's never run again; the backtrace is std's.
//! * There is no hardware lock elision, and no `send_guard`.
//! * A [`Condvar`] may be used with several mutexes at a time, and with every mutex over a
//!   [`RawByteMutex`]; so its waits have one more type parameter.
//! * No typed lock calls the [`Runtime`](crate::Runtime), but for those over [`DetachingRawMutex`].

mod condvar;
mod condvar_signals;
mod fork;
mod mutex;
mod once;
mod policy;
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
pub use self::policy::{Attached, Detaching, Handing, Policy};
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
pub use crate::deadlock;
pub use crate::parking_lot::after_fork;
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
#[cfg_attr(docsrs, doc(cfg(feature = "arc_lock")))]
pub use self::lock_api::{
    ArcMutexGuard, ArcReentrantMutexGuard, ArcRwLockReadGuard, ArcRwLockUpgradableReadGuard,
    ArcRwLockWriteGuard,
};
