//! [`MutexGuard`]: a [`Mutex`] held for a scope.

use super::Mutex;

impl Mutex {
    /// Locks, and unlocks when the guard is dropped.
    ///
    /// # Blocking
    ///
    /// As [`lock`](Mutex::lock).
    ///
    /// # Examples
    ///
    /// ```
    /// let m = py_sync::Mutex::new();
    /// drop(m.lock_guard());
    /// assert!(!m.is_locked());
    /// ```
    #[inline]
    pub fn lock_guard(&self) -> MutexGuard<'_> {
        self.lock();
        MutexGuard { mutex: self }
    }

    /// Locks if that needs no waiting, and unlocks when the guard is dropped.
    ///
    /// ```
    /// let m = py_sync::Mutex::new();
    /// let guard = m.try_lock_guard().unwrap();
    /// assert!(m.try_lock_guard().is_none());
    /// # drop(guard);
    /// ```
    #[inline]
    pub fn try_lock_guard(&self) -> Option<MutexGuard<'_>> {
        self.try_lock().then(|| MutexGuard { mutex: self })
    }
}

/// Holds a [`Mutex`]; unlocks it when dropped.
///
/// ```
/// let m = py_sync::Mutex::new();
/// let guard: py_sync::MutexGuard<'_> = m.lock_guard();
/// assert!(m.is_locked());
/// drop(guard);
/// assert!(!m.is_locked());
/// ```
#[derive(Debug)]
#[must_use = "the mutex is unlocked at once if the guard is dropped"]
pub struct MutexGuard<'a> {
    mutex: &'a Mutex,
}

impl Drop for MutexGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        self.mutex.unlock();
    }
}
