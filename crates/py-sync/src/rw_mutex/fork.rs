//! A [`RwMutex`] in the child of a fork.

use super::{FREE, RwMutex};
use crate::held;
use crate::primitive::Relaxed;

impl RwMutex {
    /// Makes it free in the child of a fork, whoever held it in the parent, and forgets who waited.
    ///
    /// # Safety
    ///
    /// The process has forked, the calling thread is the child's only one, and what the lock guards
    /// is sound as it is: a thread that held it to write did not finish its section.
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
