//! A [`OnceFlag`] in the child of a fork.

use super::{HAS_PARKED, OnceFlag, RUNNING, UNTRIED};
use crate::held;
use crate::sync::Relaxed;

impl OnceFlag {
    /// In the child of a fork: if an initialiser was running, makes the flag untried, so that the next
    /// caller tries. A flag that was done stays done.
    ///
    /// # Safety
    ///
    /// As for [`Mutex::at_fork_reinit`](crate::Mutex::at_fork_reinit): the initialiser that ran did not
    /// finish, and what it had done by the fork is sound as it is. The calling thread is not inside it.
    ///
    /// # Examples
    ///
    /// ```
    /// let once = py_sync::OnceFlag::new();
    /// once.call(|| Ok::<_, ()>(())).unwrap();
    /// // SAFETY: nobody else knows the flag.
    /// unsafe { once.at_fork_reinit() };
    /// assert!(once.is_done());
    /// ```
    pub unsafe fn at_fork_reinit(&self) {
        held::forget(self.key());
        // Relaxed, both: the child has one thread.
        let byte = self.0.load(Relaxed);
        self.0.store(
            match byte & RUNNING {
                RUNNING => UNTRIED,
                _ => byte & !HAS_PARKED,
            },
            Relaxed,
        );
    }
}
