//! A [`Semaphore`] in the child of a fork.

use super::{PERMIT, Semaphore};
use crate::sync::Relaxed;

impl Semaphore {
    /// In the child of a fork: makes `permits` free, however many were.
    ///
    /// Only the permits that other threads of the parent had taken are missing in the child. A semaphore
    /// for which threads only waited works as it is.
    ///
    /// # Panics
    ///
    /// If there are more than [`MAX_PERMITS`](Semaphore::MAX_PERMITS).
    ///
    /// # Safety
    ///
    /// As for [`Mutex::at_fork_reinit`](crate::Mutex::at_fork_reinit): the threads that had permits did
    /// not give them back, and what the permits stand for is sound as it is.
    ///
    /// # Examples
    ///
    /// ```
    /// let s = py_sync::Semaphore::new(1);
    /// s.acquire();
    /// // SAFETY: nobody else knows the semaphore, and it guards nothing.
    /// unsafe { s.at_fork_reinit(1) };
    /// assert!(s.try_acquire());
    /// ```
    pub unsafe fn at_fork_reinit(&self, permits: usize) {
        assert!(permits <= Semaphore::MAX_PERMITS, "too many permits");
        // Relaxed: the child has one thread.
        self.0.store(permits * PERMIT, Relaxed);
    }
}
