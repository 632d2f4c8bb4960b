//! A [`RecursiveMutex`] in the child of a fork.

use super::{NOBODY, RecursiveMutex};
use crate::sync::Relaxed;

impl RecursiveMutex {
    /// Makes it unlocked in the child of a fork, whoever held it in the parent and however often.
    ///
    /// The forking thread keeps its ident in the child, so a mutex that it holds needs none of this.
    ///
    /// CPython: `Modules/_threadmodule.c`, `rlock__at_fork_reinit_impl`.
    ///
    /// # Safety
    ///
    /// As for [`Mutex::at_fork_reinit`](crate::Mutex::at_fork_reinit).
    ///
    /// # Examples
    ///
    /// ```
    /// let m = py_sync::RecursiveMutex::new();
    /// m.lock();
    /// // SAFETY: nobody else knows the mutex, and it guards nothing.
    /// unsafe { m.at_fork_reinit() };
    /// assert!(!m.is_locked());
    /// assert!(m.try_lock());
    /// ```
    #[doc(alias = "_at_fork_reinit")]
    pub unsafe fn at_fork_reinit(&self) {
        // Relaxed: the child has one thread.
        self.owner.store(NOBODY, Relaxed);
        self.level.store(0, Relaxed);
        // SAFETY: the caller promises for this mutex what that of the inner one asks for.
        unsafe { self.mutex.at_fork_reinit() };
    }
}
