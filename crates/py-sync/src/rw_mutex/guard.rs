//! [`RwMutexReadGuard`] and [`RwMutexWriteGuard`]: a [`RwMutex`] held for a scope.

use super::RwMutex;

impl RwMutex {
    /// Locks for reading, and unlocks when the guard is dropped.
    ///
    /// # Blocking
    ///
    /// As [`read_lock`](RwMutex::read_lock).
    ///
    /// # Panics
    ///
    /// As [`read_lock`](RwMutex::read_lock).
    ///
    /// # Examples
    ///
    /// ```
    /// let m = py_sync::RwMutex::new();
    /// let (a, b) = (m.read_guard(), m.read_guard());
    /// assert!(m.is_read_locked());
    /// # drop((a, b));
    /// ```
    #[inline]
    pub fn read_guard(&self) -> RwMutexReadGuard<'_> {
        self.read_lock();
        RwMutexReadGuard { mutex: self }
    }

    /// Locks for reading if that needs no waiting, and unlocks when the guard is dropped.
    ///
    /// # Panics
    ///
    /// As [`read_lock`](RwMutex::read_lock).
    ///
    /// # Examples
    ///
    /// ```
    /// let m = py_sync::RwMutex::new();
    /// assert!(m.try_read_guard().is_some());
    /// m.write_lock();
    /// assert!(m.try_read_guard().is_none());
    /// ```
    #[inline]
    pub fn try_read_guard(&self) -> Option<RwMutexReadGuard<'_>> {
        self.try_read_lock()
            .then(|| RwMutexReadGuard { mutex: self })
    }

    /// Locks for writing, and unlocks when the guard is dropped.
    ///
    /// # Blocking
    ///
    /// As [`write_lock`](RwMutex::write_lock).
    ///
    /// # Examples
    ///
    /// ```
    /// let m = py_sync::RwMutex::new();
    /// drop(m.write_guard());
    /// assert!(!m.is_write_locked());
    /// ```
    #[inline]
    pub fn write_guard(&self) -> RwMutexWriteGuard<'_> {
        self.write_lock();
        RwMutexWriteGuard { mutex: self }
    }

    /// Locks for writing if that needs no waiting, and unlocks when the guard is dropped.
    ///
    /// ```
    /// let m = py_sync::RwMutex::new();
    /// let guard = m.try_write_guard().unwrap();
    /// assert!(m.try_write_guard().is_none());
    /// # drop(guard);
    /// ```
    #[inline]
    pub fn try_write_guard(&self) -> Option<RwMutexWriteGuard<'_>> {
        self.try_write_lock()
            .then(|| RwMutexWriteGuard { mutex: self })
    }
}

/// Reads under a [`RwMutex`]; unlocks it when dropped.
///
/// ```
/// let m = py_sync::RwMutex::new();
/// let guard: py_sync::RwMutexReadGuard<'_> = m.read_guard();
/// assert!(m.is_read_locked());
/// drop(guard);
/// assert!(!m.is_read_locked());
/// ```
#[derive(Debug)]
#[must_use = "the lock is unlocked at once if the guard is dropped"]
pub struct RwMutexReadGuard<'a> {
    mutex: &'a RwMutex,
}

impl Drop for RwMutexReadGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        self.mutex.read_unlock();
    }
}

/// Writes under a [`RwMutex`]; unlocks it when dropped.
///
/// ```
/// let m = py_sync::RwMutex::new();
/// let guard: py_sync::RwMutexWriteGuard<'_> = m.write_guard();
/// assert!(m.is_write_locked());
/// drop(guard);
/// assert!(!m.is_write_locked());
/// ```
#[derive(Debug)]
#[must_use = "the lock is unlocked at once if the guard is dropped"]
pub struct RwMutexWriteGuard<'a> {
    mutex: &'a RwMutex,
}

impl Drop for RwMutexWriteGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        self.mutex.write_unlock();
    }
}
