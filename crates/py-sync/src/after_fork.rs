//! What a forked child does with the locks of its parent.
//!
//! The child has one thread, the one that forked, and a copy of all memory. [`after_fork`] empties
//! the parking lot, by itself on unix; the bytes and words of locks are left as they were at the
//! fork, since only the program knows which of them its one thread holds.
//!
//! | primitive | at the fork | in the child |
//! |---|---|---|
//! | `Mutex`, held by the forking thread | 1 or 3 | held; its unlock finds nobody parked and makes it 0 |
//! | `Mutex`, held by another thread | 1 or 3 | held for ever: `at_fork_reinit` |
//! | `Mutex`, free | 0 or 2 | free |
//! | `RawMutex` | a word with dead waiters in it | `at_fork_reinit`, also if the forking thread holds it |
//! | the lot's buckets | locked, full of dead waiters | unlocked, empty |
//! | `LockFlags::HANDLE_SIGNALS`' mark | this thread's own | kept |
//! | `diagnostics::counters` | the parent's | go on from there |
//!
//! A runtime that wants all its locks free in the child may also zero their memory: all-zero bytes
//! are an unlocked lock. The child must not fork from within a lock call of its own, which cannot
//! happen: a thread in a lock call does not call `fork`, except from a [`Runtime`](crate::Runtime)
//! hook, where it is not allowed.
//!
//! CPython: `Python/pystate.c`, `_PyRuntimeState_ReInitThreads`;
//! `Include/internal/pycore_lock.h`, `_PyMutex_at_fork_reinit`.
//!
//! [`after_fork`]: crate::after_fork

use crate::primitive::Relaxed;
use crate::{Mutex, RawMutex, bits};

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
        // SAFETY: the byte lives as long as `self`, and is touched atomically only.
        let byte = unsafe { core::sync::atomic::AtomicU8::from_ptr(self.as_ptr()) };
        // Relaxed: the child has one thread.
        byte.store(bits::UNLOCKED, Relaxed);
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
