//! [`SemaphoreGuard`]: a permit of a [`Semaphore`] held for a scope.

use super::Semaphore;

impl Semaphore {
    /// Takes a permit, and gives it back when the guard is dropped.
    ///
    /// # Blocking
    ///
    /// As [`acquire`](Semaphore::acquire).
    ///
    /// # Examples
    ///
    /// ```
    /// let s = py_sync::Semaphore::new(1);
    /// drop(s.acquire_guard());
    /// assert_eq!(s.permits(), 1);
    /// ```
    #[inline]
    pub fn acquire_guard(&self) -> SemaphoreGuard<'_> {
        self.acquire();
        SemaphoreGuard { semaphore: self }
    }

    /// Takes a permit if one is free, and gives it back when the guard is dropped.
    ///
    /// ```
    /// let s = py_sync::Semaphore::new(1);
    /// let guard = s.try_acquire_guard().unwrap();
    /// assert!(s.try_acquire_guard().is_none());
    /// # drop(guard);
    /// ```
    #[inline]
    pub fn try_acquire_guard(&self) -> Option<SemaphoreGuard<'_>> {
        self.try_acquire()
            .then(|| SemaphoreGuard { semaphore: self })
    }
}

/// A permit of a [`Semaphore`]; gives it back when dropped.
///
/// ```
/// let s = py_sync::Semaphore::new(1);
/// let guard: py_sync::SemaphoreGuard<'_> = s.acquire_guard();
/// assert_eq!(s.permits(), 0);
/// drop(guard);
/// assert_eq!(s.permits(), 1);
/// ```
#[derive(Debug)]
#[must_use = "the permit is given back at once if the guard is dropped"]
pub struct SemaphoreGuard<'a> {
    semaphore: &'a Semaphore,
}

impl Drop for SemaphoreGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        self.semaphore.release();
    }
}
