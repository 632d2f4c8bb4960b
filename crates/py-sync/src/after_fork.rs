//! [`at_fork_reinit`](Mutex::at_fork_reinit): how a forked child frees a lock whose holder stayed in the
//! parent. Its contract is with [`Mutex`]'s; the other locks refer to that.
//!
//! What else a fork does to the lot and to each primitive stands with [`after_fork`](crate::after_fork).
//!
//! CPython: `Python/pystate.c`, `_PyRuntimeState_ReInitThreads`;
//! `Include/internal/pycore_lock.h`, `_PyMutex_at_fork_reinit`.

use crate::held;
use crate::mutex::Mutex;
use crate::raw_mutex::RawMutex;

impl Mutex {
    /// Makes it unlocked in the child of a fork, whoever held it in the parent.
    ///
    /// A lock that another thread held during the fork stays locked in the child, since that thread is
    /// not there to unlock it. To zero its memory does the same as this call: all-zero bytes are an
    /// unlocked lock. [`after_fork`](crate::after_fork) has the table of all cases.
    ///
    /// All locks have this function. Each says what it adds to this contract.
    ///
    /// CPython: `Include/internal/pycore_lock.h`, `_PyMutex_at_fork_reinit`.
    ///
    /// # Safety
    ///
    /// * The process has forked, and the calling thread is the child's only one.
    /// * That thread has no guard of the lock.
    /// * What the lock guards is sound as it is: the thread that held it did not finish its critical
    ///   section.
    ///
    /// # Examples
    ///
    /// ```
    /// let m = py_sync::Mutex::new();
    /// m.lock();
    /// // SAFETY: nobody else knows the mutex, and it guards nothing.
    /// unsafe { m.at_fork_reinit() };
    /// assert!(m.try_lock());
    /// ```
    #[doc(alias = "_PyMutex_at_fork_reinit")]
    pub unsafe fn at_fork_reinit(&self) {
        self.reset();
    }
}

impl RawMutex {
    /// Makes it unlocked in the child of a fork, and forgets the waiters in its word.
    ///
    /// # Safety
    ///
    /// As for [`Mutex::at_fork_reinit`].
    ///
    /// # Examples
    ///
    /// ```
    /// let m = py_sync::RawMutex::new();
    /// m.lock();
    /// // SAFETY: nobody else knows the mutex, and it guards nothing.
    /// unsafe { m.at_fork_reinit() };
    /// assert!(m.try_lock());
    /// ```
    pub unsafe fn at_fork_reinit(&self) {
        held::forget(self.key());
        // SAFETY: the caller is the child's only thread, so no other uses the mutex.
        unsafe { self.reset() };
    }
}
