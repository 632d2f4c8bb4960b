//! The mutexes with data: names over `lock_api`'s types.

use super::lock_api;
use super::raw_mutex::{RawFairMutex, RawMutex};

/// A mutex with data in it. One byte beside the data.
///
/// ```
/// use py_sync::typed::Mutex;
/// static NAMES: Mutex<Vec<&str>> = Mutex::new(Vec::new());
/// NAMES.lock().push("spam");
/// assert_eq!(NAMES.lock().len(), 1);
/// assert_eq!(size_of::<Mutex<[u8; 3]>>(), 4);
/// ```
pub type Mutex<T> = lock_api::Mutex<RawMutex, T>;

/// Unlocks a [`Mutex`] when dropped, and leads to its data.
///
/// ```
/// use py_sync::typed::{Mutex, MutexGuard};
/// let m = Mutex::new(1);
/// let mut guard: MutexGuard<'_, i32> = m.lock();
/// *guard += 1;
/// MutexGuard::unlock_fair(guard);
/// ```
pub type MutexGuard<'a, T> = lock_api::MutexGuard<'a, RawMutex, T>;

/// A [`MutexGuard`] that leads to a part of the data.
///
/// ```
/// use py_sync::typed::{MappedMutexGuard, Mutex, MutexGuard};
/// let m = Mutex::new((1, "spam"));
/// let first: MappedMutexGuard<'_, i32> = MutexGuard::map(m.lock(), |pair| &mut pair.0);
/// assert_eq!(*first, 1);
/// ```
pub type MappedMutexGuard<'a, T> = lock_api::MappedMutexGuard<'a, RawMutex, T>;

/// A mutex with data, unlocked.
///
/// ```
/// use py_sync::typed::{Mutex, const_mutex};
/// static COUNT: Mutex<u32> = const_mutex(0);
/// # assert_eq!(*COUNT.lock(), 0);
/// ```
pub const fn const_mutex<T>(value: T) -> Mutex<T> {
    Mutex::const_new(<RawMutex as lock_api::RawMutex>::INIT, value)
}

/// A mutex with data that goes from hand to hand in the order in which threads asked for it.
///
/// ```
/// use py_sync::typed::FairMutex;
/// let m = FairMutex::new(1);
/// *m.lock() += 1;
/// assert_eq!(m.into_inner(), 2);
/// ```
pub type FairMutex<T> = lock_api::Mutex<RawFairMutex, T>;

/// Unlocks a [`FairMutex`] when dropped, and leads to its data.
///
/// ```
/// use py_sync::typed::{FairMutex, FairMutexGuard};
/// let m = FairMutex::new(1);
/// let guard: FairMutexGuard<'_, i32> = m.lock();
/// assert_eq!(*guard, 1);
/// ```
pub type FairMutexGuard<'a, T> = lock_api::MutexGuard<'a, RawFairMutex, T>;

/// A [`FairMutexGuard`] that leads to a part of the data.
///
/// ```
/// use py_sync::typed::{FairMutex, FairMutexGuard, MappedFairMutexGuard};
/// let m = FairMutex::new((1, "spam"));
/// let first: MappedFairMutexGuard<'_, i32> = FairMutexGuard::map(m.lock(), |pair| &mut pair.0);
/// assert_eq!(*first, 1);
/// ```
pub type MappedFairMutexGuard<'a, T> = lock_api::MappedMutexGuard<'a, RawFairMutex, T>;

/// A fair mutex with data, unlocked.
///
/// ```
/// use py_sync::typed::{FairMutex, const_fair_mutex};
/// static COUNT: FairMutex<u32> = const_fair_mutex(0);
/// # assert_eq!(*COUNT.lock(), 0);
/// ```
pub const fn const_fair_mutex<T>(value: T) -> FairMutex<T> {
    FairMutex::const_new(<RawFairMutex as lock_api::RawMutex>::INIT, value)
}
