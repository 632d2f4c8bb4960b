//! [`RecursiveMutexGuard`]: one level of a [`RecursiveMutex`] held for a scope.

use super::RecursiveMutex;
use core::marker::PhantomData;
use py_thread::Ident;

impl RecursiveMutex {
    /// Locks for [`Ident::current`], and unlocks for the same ident when the guard is dropped.
    ///
    /// # Blocking
    ///
    /// As [`lock`](RecursiveMutex::lock).
    ///
    /// # Panics
    ///
    /// As [`lock`](RecursiveMutex::lock).
    ///
    /// # Examples
    ///
    /// ```
    /// let m = py_sync::RecursiveMutex::new();
    /// let outer = m.lock_guard();
    /// drop(m.lock_guard());
    /// assert!(m.is_locked());
    /// drop(outer);
    /// assert!(!m.is_locked());
    /// ```
    #[inline]
    pub fn lock_guard(&self) -> RecursiveMutexGuard<'_> {
        let ident = Ident::current();
        self.lock_as(ident);
        self.guard(ident)
    }

    /// Locks for [`Ident::current`] if that needs no waiting, and unlocks for the same ident when
    /// the guard is dropped.
    ///
    /// # Panics
    ///
    /// As [`lock`](RecursiveMutex::lock).
    ///
    /// # Examples
    ///
    /// ```
    /// let m = py_sync::RecursiveMutex::new();
    /// let _guard = m.try_lock_guard().unwrap();
    /// std::thread::scope(|s| {
    ///     s.spawn(|| assert!(m.try_lock_guard().is_none()));
    /// });
    /// ```
    #[inline]
    pub fn try_lock_guard(&self) -> Option<RecursiveMutexGuard<'_>> {
        let ident = Ident::current();
        self.try_lock_as(ident).then(|| self.guard(ident))
    }

    #[inline]
    fn guard(&self, ident: Ident) -> RecursiveMutexGuard<'_> {
        RecursiveMutexGuard {
            mutex: self,
            ident,
            _not_send: PhantomData,
        }
    }
}

/// Holds one level of a [`RecursiveMutex`]; unlocks it when dropped, for the ident that locked it.
///
/// ```
/// let m = py_sync::RecursiveMutex::new();
/// {
///     let _guard: py_sync::RecursiveMutexGuard<'_> = m.lock_guard();
///     assert!(m.is_locked_by_current_thread());
/// }
/// assert!(!m.is_locked());
/// ```
#[derive(Debug)]
#[must_use = "the mutex is unlocked at once if the guard is dropped"]
pub struct RecursiveMutexGuard<'a> {
    mutex: &'a RecursiveMutex,
    ident: Ident,
    /// The level belongs to the thread that locked.
    _not_send: PhantomData<*const ()>,
}

impl Drop for RecursiveMutexGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        self.mutex.unlock_as(self.ident);
    }
}
