//! parking_lot 0.13's names and meanings, over lock_api 0.5.
//!
//! `use py_sync::typed::v05 as parking_lot;` is what code written for parking_lot 0.13 needs. The locks
//! are those of [`typed`](super), with the same bytes; lock_api 0.5 differs from 0.4 in that a guard
//! carries the state of its acquisition, which is nothing here. [`RawMutex`] and its
//! siblings implement the traits of both; a mutex with data belongs to one of them.
//!
//! The feature `lock_api_05` brings it. **It needs Rust 1.95**, since lock_api 0.5 does, where this
//! crate needs 1.85.
//!
//! ```
//! use py_sync::typed::v05::{Condvar, Mutex, RecursiveRwLock};
//!
//! static JOBS: Mutex<Vec<u32>> = Mutex::new(Vec::new());
//! static ADDED: Condvar = Condvar::new();
//! static SEEN: RecursiveRwLock<Vec<u32>> = RecursiveRwLock::new(Vec::new());
//! std::thread::scope(|s| {
//!     s.spawn(|| {
//!         let mut jobs = JOBS.lock();
//!         ADDED.wait_while(&mut jobs, |jobs| jobs.is_empty());
//!         SEEN.write().append(&mut jobs);
//!     });
//!     JOBS.lock().push(7);
//!     ADDED.notify_one();
//! });
//! let (outer, inner) = (SEEN.read(), SEEN.read());
//! assert_eq!(*outer, *inner);
//! ```
//!
//! Where it differs from parking_lot 0.13, besides what [`typed`](super) lists: a lock is handed off to a
//! waiter that has waited for 1 ms, where 0.13 has no such rule; there is no `send_guard`, no serde.

mod condvar;
mod mutex;
mod recursive_rw_lock;
mod rw_lock;

pub use self::condvar::{Condvar, RawCondvar};
pub use self::mutex::{
    FairMutex, FairMutexGuard, MappedFairMutexGuard, MappedMutexGuard, MappedReentrantMutexGuard,
    Mutex, MutexGuard, ReentrantMutex, ReentrantMutexGuard,
};
pub use self::recursive_rw_lock::{
    MappedRecursiveRwLockReadGuard, MappedRecursiveRwLockWriteGuard, RecursiveRwLock,
    RecursiveRwLockReadGuard, RecursiveRwLockUpgradableReadGuard, RecursiveRwLockWriteGuard,
};
pub use self::rw_lock::{
    MappedRwLockReadGuard, MappedRwLockWriteGuard, RawRwLock, RawRwLockRecursive, RwLock,
    RwLockReadGuard, RwLockUpgradableReadGuard, RwLockWriteGuard,
};
pub use super::once::{Once, OnceState};
pub use super::raw_mutex::{DetachingRawMutex, RawFairMutex, RawMutex};
pub use super::reentrant::RawThreadId;
pub use crate::after_fork::after_fork;
pub use crate::deadlock;
pub use ::lock_api_05 as lock_api;
pub use ::lock_api_05::{
    ArcMutexGuard, ArcReentrantMutexGuard, ArcRwLockReadGuard, ArcRwLockUpgradableReadGuard,
    ArcRwLockWriteGuard, WaitTimeoutResult,
};
