//! A [`OnceFlag`] in the child of a fork.

use super::{HAS_PARKED, OnceFlag, RUNNING, UNTRIED};
use crate::held;
use crate::primitive::Relaxed;

impl OnceFlag {
    /// In the child of a fork: if the initialiser was running, makes it not run yet, so that the
    /// next caller tries; one that had run stays done.
    ///
    /// # Safety
    ///
    /// The process has forked, the calling thread is the child's only one and not inside the
    /// initialiser, and what that had done by the fork is sound as it is.
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
