//! The raw mutexes behind lock_api 0.5's traits, and the names over its types.
//!
//! Each call is that of 0.4's trait. No call unwinds: the protocol never panics, and a hook that panics
//! aborts the process. So no guard is lost or made up.

use super::super::raw_mutex::{RawByteMutex, RawFairMutex, RawMutex};
use super::super::{RawThreadId, lock_api as v04};
use super::lock_api::{self, GuardNoSend};
use core::num::NonZeroUsize;
use std::time::{Duration, Instant};

// SAFETY: each call is that of 0.4's trait, which promises the same exclusion; the guard has no state.
unsafe impl<const DETACH: bool, const FAIR: bool> lock_api::RawMutex
    for RawByteMutex<DETACH, FAIR>
{
    const INIT: Self = <Self as v04::RawMutex>::INIT;

    type Guard = GuardNoSend;

    #[inline]
    fn lock(&self) -> GuardNoSend {
        v04::RawMutex::lock(self);
        GuardNoSend::new()
    }

    #[inline]
    fn try_lock(&self) -> Option<GuardNoSend> {
        v04::RawMutex::try_lock(self).then(GuardNoSend::new)
    }

    #[inline]
    unsafe fn unlock(&self, _: GuardNoSend) {
        // SAFETY: the caller holds the lock, as 0.4's call asks.
        unsafe { v04::RawMutex::unlock(self) };
    }

    #[inline]
    fn is_locked(&self) -> bool {
        v04::RawMutex::is_locked(self)
    }
}

// SAFETY: each call is that of 0.4's trait; it returns a guard exactly if it has locked.
unsafe impl<const DETACH: bool, const FAIR: bool> lock_api::RawMutexTimed
    for RawByteMutex<DETACH, FAIR>
{
    type Duration = Duration;
    type Instant = Instant;

    fn try_lock_for(&self, timeout: Duration) -> Option<GuardNoSend> {
        v04::RawMutexTimed::try_lock_for(self, timeout).then(GuardNoSend::new)
    }

    fn try_lock_until(&self, timeout: Instant) -> Option<GuardNoSend> {
        v04::RawMutexTimed::try_lock_until(self, timeout).then(GuardNoSend::new)
    }
}

// SAFETY: each call is that of 0.4's trait; when `bump` returns the lock is held again, and the guard,
// which has no state, still stands for it.
unsafe impl<const DETACH: bool, const FAIR: bool> lock_api::RawMutexFair
    for RawByteMutex<DETACH, FAIR>
{
    unsafe fn unlock_fair(&self, _: GuardNoSend) {
        // SAFETY: the caller holds the lock, as 0.4's call asks.
        unsafe { v04::RawMutexFair::unlock_fair(self) };
    }

    unsafe fn bump(&self, _: &mut GuardNoSend) {
        // SAFETY: the caller holds the lock, as 0.4's call asks.
        unsafe { v04::RawMutexFair::bump(self) };
    }
}

// SAFETY: the number is that of 0.4's trait, minted once per thread and never reused.
unsafe impl lock_api::GetThreadId for RawThreadId {
    const INIT: RawThreadId = RawThreadId;

    #[inline]
    fn nonzero_thread_id(&self) -> NonZeroUsize {
        v04::GetThreadId::nonzero_thread_id(self)
    }
}

/// [`typed::Mutex`](crate::typed::Mutex) over lock_api 0.5.
///
/// ```
/// use py_sync::typed::v05::Mutex;
/// static NAMES: Mutex<Vec<&str>> = Mutex::new(Vec::new());
/// NAMES.lock().push("spam");
/// assert_eq!(size_of::<Mutex<[u8; 3]>>(), 4);
/// ```
pub type Mutex<T> = lock_api::Mutex<RawMutex, T>;

/// Unlocks a [`Mutex`] when dropped, and leads to its data.
///
/// ```
/// use py_sync::typed::v05::{Mutex, MutexGuard};
/// let m = Mutex::new(1);
/// let guard: MutexGuard<'_, i32> = m.lock();
/// MutexGuard::unlock_fair(guard);
/// ```
pub type MutexGuard<'a, T> = lock_api::MutexGuard<'a, RawMutex, T>;

/// A [`MutexGuard`] that leads to a part of the data.
///
/// ```
/// use py_sync::typed::v05::{MappedMutexGuard, Mutex, MutexGuard};
/// let m = Mutex::new((1, "spam"));
/// let first: MappedMutexGuard<'_, i32> = MutexGuard::map(m.lock(), |pair| &mut pair.0);
/// assert_eq!(*first, 1);
/// ```
pub type MappedMutexGuard<'a, T> = lock_api::MappedMutexGuard<'a, RawMutex, T>;

/// [`typed::FairMutex`](crate::typed::FairMutex) over lock_api 0.5.
///
/// ```
/// use py_sync::typed::v05::FairMutex;
/// let m = FairMutex::new(1);
/// *m.lock() += 1;
/// assert_eq!(m.into_inner(), 2);
/// ```
pub type FairMutex<T> = lock_api::Mutex<RawFairMutex, T>;

/// Unlocks a [`FairMutex`] when dropped, and leads to its data.
///
/// ```
/// use py_sync::typed::v05::{FairMutex, FairMutexGuard};
/// let m = FairMutex::new(1);
/// let guard: FairMutexGuard<'_, i32> = m.lock();
/// assert_eq!(*guard, 1);
/// ```
pub type FairMutexGuard<'a, T> = lock_api::MutexGuard<'a, RawFairMutex, T>;

/// A [`FairMutexGuard`] that leads to a part of the data.
///
/// ```
/// use py_sync::typed::v05::{FairMutex, FairMutexGuard, MappedFairMutexGuard};
/// let m = FairMutex::new((1, "spam"));
/// let first: MappedFairMutexGuard<'_, i32> = FairMutexGuard::map(m.lock(), |pair| &mut pair.0);
/// assert_eq!(*first, 1);
/// ```
pub type MappedFairMutexGuard<'a, T> = lock_api::MappedMutexGuard<'a, RawFairMutex, T>;

/// [`typed::ReentrantMutex`](crate::typed::ReentrantMutex) over lock_api 0.5.
///
/// ```
/// use py_sync::typed::v05::ReentrantMutex;
/// let m = ReentrantMutex::new(1);
/// let (outer, inner) = (m.lock(), m.lock());
/// assert_eq!(*outer, *inner);
/// ```
pub type ReentrantMutex<T> = lock_api::ReentrantMutex<RawMutex, RawThreadId, T>;

/// Unlocks a [`ReentrantMutex`] once when dropped, and leads to its data.
///
/// ```
/// use py_sync::typed::v05::{ReentrantMutex, ReentrantMutexGuard};
/// let m = ReentrantMutex::new("spam");
/// let guard: ReentrantMutexGuard<'_, &str> = m.lock();
/// assert_eq!(*guard, "spam");
/// ```
pub type ReentrantMutexGuard<'a, T> = lock_api::ReentrantMutexGuard<'a, RawMutex, RawThreadId, T>;

/// A [`ReentrantMutexGuard`] that leads to a part of the data.
///
/// ```
/// use py_sync::typed::v05::{MappedReentrantMutexGuard, ReentrantMutex, ReentrantMutexGuard};
/// let m = ReentrantMutex::new((1, "spam"));
/// let first: MappedReentrantMutexGuard<'_, i32> =
///     ReentrantMutexGuard::map(m.lock(), |pair| &pair.0);
/// assert_eq!(*first, 1);
/// ```
pub type MappedReentrantMutexGuard<'a, T> =
    lock_api::MappedReentrantMutexGuard<'a, RawMutex, RawThreadId, T>;
