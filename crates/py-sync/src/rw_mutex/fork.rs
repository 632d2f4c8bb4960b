//! A [`RwMutex`] in the child of a fork.

use super::{FREE, RwMutex};
use crate::held;
use crate::sync::Relaxed;

impl RwMutex {
    /// Makes it free in the child of a fork, whoever held it or read in the parent.
    ///
    /// # Safety
    ///
    /// As for [`Mutex::at_fork_reinit`](crate::Mutex::at_fork_reinit).
    ///
    /// # Examples
    ///
    /// ```
    /// let m = py_sync::RwMutex::new();
    /// m.write_lock();
    /// // SAFETY: nobody else knows the lock, and it guards nothing.
    /// unsafe { m.at_fork_reinit() };
    /// assert!(m.try_write_lock());
    /// ```
    pub unsafe fn at_fork_reinit(&self) {
        held::forget(self.key());
        // Relaxed: the child has one thread.
        self.0.store(FREE, Relaxed);
    }
}
