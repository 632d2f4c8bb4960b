//! [`RawMutexGuard`]: a [`RawMutex`] held for a scope.

use super::RawMutex;

impl RawMutex {
    /// Locks, and unlocks when the guard is dropped.
    ///
    /// # Blocking
    ///
    /// As [`lock`](RawMutex::lock).
    ///
    /// # Examples
    ///
    /// ```
    /// let m = py_sync::RawMutex::new();
    /// drop(m.lock_guard());
    /// assert!(!m.is_locked());
    /// ```
    #[inline]
    pub fn lock_guard(&self) -> RawMutexGuard<'_> {
        self.lock();
        RawMutexGuard { mutex: self }
    }
}

/// Holds a [`RawMutex`]; unlocks it when dropped.
///
/// ```
/// let m = py_sync::RawMutex::new();
/// {
///     let _guard: py_sync::RawMutexGuard<'_> = m.lock_guard();
///     assert!(m.is_locked());
/// }
/// assert!(!m.is_locked());
/// ```
#[derive(Debug)]
#[must_use = "the mutex is unlocked at once if the guard is dropped"]
pub struct RawMutexGuard<'a> {
    mutex: &'a RawMutex,
}

impl Drop for RawMutexGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        self.mutex.unlock();
    }
}
