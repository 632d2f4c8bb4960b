//! What a forked child does with the locks of its parent.
//!
//! The child has one thread, the one that forked, and a copy of all memory. [`after_fork`] empties
//! the parking lot, by itself on unix; the bytes and words of locks are left as they were at the
//! fork, since only the program knows which of them its one thread holds.
//!
//! [`after_fork`] has the table of what each primitive is in the child. Beside it:
//!
//! | | in the child |
//! |---|---|
//! | the lot's buckets, locked and full of dead waiters | unlocked, empty |
//! | [`signal_arrived`](crate::signal_arrived)'s mark, this thread's own | kept |
//! | `diagnostics::counters` | go on from the parent's |
//! | `deadlock`'s records of who holds what | the forking thread's own |
//!
//! A runtime that wants all its locks free in the child may also zero their memory: all-zero bytes
//! are an unlocked lock. A thread must not fork from within a lock call of its own, as from a hook
//! of the [`Runtime`](crate::Runtime) or a callback of the lot.
//!
//! CPython: `Python/pystate.c`, `_PyRuntimeState_ReInitThreads`;
//! `Include/internal/pycore_lock.h`, `_PyMutex_at_fork_reinit`.
//!
//! [`after_fork`]: crate::after_fork

use crate::held;
use crate::{Mutex, RawMutex};

impl Mutex {
    /// Makes it unlocked in the child of a fork, whoever held it in the parent.
    ///
    /// CPython: `Include/internal/pycore_lock.h`, `_PyMutex_at_fork_reinit`.
    ///
    /// # Safety
    ///
    /// The process has forked, the calling thread is the child's only one, and what the mutex
    /// guards is sound as it is: the thread that held it did not finish its section.
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
    /// Makes it unlocked in the child of a fork and forgets its waiters.
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
        // SAFETY: the caller's promise.
        unsafe { self.reset() };
    }
}
