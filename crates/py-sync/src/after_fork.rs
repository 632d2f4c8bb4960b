//! What a forked child does with the locks of its parent.
//!
//! The child has one thread, the one that forked, and a copy of all memory. [`after_fork`] empties
//! the parking lot, by itself on unix; the bytes and words of locks are left as they were at the
//! fork, since only the program knows which of them its one thread holds.
//!
//! | primitive | at the fork | in the child |
//! |---|---|---|
//! | any lock, free or held by the forking thread | its word | as it was; its unlock finds nobody parked |
//! | `Mutex`, `RwMutex`, `RecursiveMutex` | held by another thread | held for ever: `at_fork_reinit` |
//! | `OnceFlag` | its initialiser ran in another thread | waited for for ever: `at_fork_reinit` |
//! | `OnceFlag`, `Event` | done, set | as they were |
//! | `Semaphore` | permits free | as many; those that other threads had are missing: `at_fork_reinit` |
//! | `Event` | not set, waited for | not set; `notify` finds nobody |
//! | `SeqLock`, `SeqCell` | another thread wrote | odd, and torn: their `after_fork` |
//! | `RawMutex` | dead waiters in its word | `at_fork_reinit`, also if the forking thread holds it |
//! | critical sections of the forking thread | open | as they were |
//! | the lot's buckets | locked, full of dead waiters | unlocked, empty |
//! | [`signal_arrived`](crate::signal_arrived)'s mark | this thread's own | kept |
//! | `diagnostics::counters` | the parent's | go on from there |
//!
//! A runtime that wants all its locks free in the child may also zero their memory: all-zero bytes
//! are an unlocked lock. A thread must not fork from within a lock call of its own, as from a hook
//! of the [`Runtime`](crate::Runtime) or a callback of the lot.
//!
//! CPython: `Python/pystate.c`, `_PyRuntimeState_ReInitThreads`;
//! `Include/internal/pycore_lock.h`, `_PyMutex_at_fork_reinit`.
//!
//! [`after_fork`]: crate::after_fork

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
        // SAFETY: the caller's promise.
        unsafe { self.reset() };
    }
}
