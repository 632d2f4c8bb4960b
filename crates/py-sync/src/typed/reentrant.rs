//! Mutexes that their holder may lock again: names over `lock_api`'s types, and who the holder is.

use super::lock_api;
use super::raw_mutex::RawMutex;
use core::num::NonZeroUsize;
use py_thread::Ident;

/// Who the calling thread is, for `lock_api`: the number of [`Ident::own`].
///
/// The number is minted once per thread and never used again, and is the same in a forked child. It is
/// the thread's own, never that of a logical thread that runs on it. A guard stays on its thread, so its
/// holder must be the thread, also while a generator runs on it. With 32-bit words there are numbers for
/// 2^32 threads.
///
/// ```
/// use py_sync::typed::{RawThreadId, lock_api::GetThreadId};
/// let here = RawThreadId.nonzero_thread_id();
/// let there = std::thread::spawn(|| RawThreadId.nonzero_thread_id()).join().unwrap();
/// assert_ne!(here, there);
/// assert_eq!(size_of::<RawThreadId>(), 0);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct RawThreadId;

// SAFETY: idents are minted once and never reused, so no two threads have the same number. One that does
// not fit a word panics instead of being truncated.
unsafe impl lock_api::GetThreadId for RawThreadId {
    const INIT: RawThreadId = RawThreadId;

    #[inline]
    fn nonzero_thread_id(&self) -> NonZeroUsize {
        usize::try_from(Ident::own().get())
            .ok()
            .and_then(NonZeroUsize::new)
            .expect("a word counts this process's threads")
    }
}

/// A mutex with data that its holder may lock again; the data is shared, not mutable.
///
/// ```
/// use py_sync::typed::ReentrantMutex;
/// use std::cell::Cell;
/// let m = ReentrantMutex::new(Cell::new(1));
/// let (outer, inner) = (m.lock(), m.lock());
/// inner.set(2);
/// assert_eq!(outer.get(), 2);
/// ```
pub type ReentrantMutex<T> = lock_api::ReentrantMutex<RawMutex, RawThreadId, T>;

/// Unlocks a [`ReentrantMutex`] once when dropped, and leads to its data.
///
/// ```
/// use py_sync::typed::{ReentrantMutex, ReentrantMutexGuard};
/// let m = ReentrantMutex::new("spam");
/// let guard: ReentrantMutexGuard<'_, &str> = m.lock();
/// assert_eq!(*guard, "spam");
/// ```
pub type ReentrantMutexGuard<'a, T> = lock_api::ReentrantMutexGuard<'a, RawMutex, RawThreadId, T>;

/// A [`ReentrantMutexGuard`] that leads to a part of the data.
///
/// ```
/// use py_sync::typed::{MappedReentrantMutexGuard, ReentrantMutex, ReentrantMutexGuard};
/// let m = ReentrantMutex::new((1, "spam"));
/// let first: MappedReentrantMutexGuard<'_, i32> =
///     ReentrantMutexGuard::map(m.lock(), |pair| &pair.0);
/// assert_eq!(*first, 1);
/// ```
pub type MappedReentrantMutexGuard<'a, T> =
    lock_api::MappedReentrantMutexGuard<'a, RawMutex, RawThreadId, T>;

/// A reentrant mutex with data, unlocked.
///
/// ```
/// use py_sync::typed::{ReentrantMutex, const_reentrant_mutex};
/// static LOCK: ReentrantMutex<u32> = const_reentrant_mutex(0);
/// # assert_eq!(*LOCK.lock(), 0);
/// ```
pub const fn const_reentrant_mutex<T>(value: T) -> ReentrantMutex<T> {
    ReentrantMutex::const_new(
        <RawMutex as lock_api::RawMutex>::INIT,
        <RawThreadId as lock_api::GetThreadId>::INIT,
        value,
    )
}
