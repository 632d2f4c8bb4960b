//! [`SeqLockWriteGuard`]: a write of a [`SeqLock`] for a scope.

use super::SeqLock;

impl SeqLock {
    /// Begins a write, and ends it when the guard is dropped.
    ///
    /// # Blocking
    ///
    /// As [`lock_write`](SeqLock::lock_write).
    ///
    /// # Examples
    ///
    /// ```
    /// let l = py_sync::SeqLock::new();
    /// drop(l.write_guard());
    /// assert_eq!(l.begin_read(), 2);
    /// ```
    #[inline]
    pub fn write_guard(&self) -> SeqLockWriteGuard<'_> {
        self.lock_write();
        SeqLockWriteGuard { lock: self }
    }
}

/// A write of a [`SeqLock`]; ends it when dropped.
///
/// ```
/// let l = py_sync::SeqLock::new();
/// let guard: py_sync::SeqLockWriteGuard<'_> = l.write_guard();
/// guard.abandon();
/// assert_eq!(l.begin_read(), 0);
/// ```
#[derive(Debug)]
#[must_use = "the write ends at once if the guard is dropped"]
pub struct SeqLockWriteGuard<'a> {
    lock: &'a SeqLock,
}

impl SeqLockWriteGuard<'_> {
    /// Ends a write that has written nothing, as [`SeqLock::abandon_write`].
    ///
    /// ```
    /// let l = py_sync::SeqLock::new();
    /// l.write_guard().abandon();
    /// assert_eq!(l.begin_read(), 0);
    /// ```
    #[inline]
    pub fn abandon(self) {
        self.lock.abandon_write();
        core::mem::forget(self);
    }
}

impl Drop for SeqLockWriteGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        self.lock.unlock_write();
    }
}
