//! The typed locks in the child of a fork.
//!
//! Of a lock with data it is `lock.raw().at_fork_reinit()`.

use super::condvar::Condvar;
use super::once::Once;
use super::raw_mutex::RawByteMutex;
use super::raw_rw_lock::RawWordRwLock;

impl<const DETACH: bool, const FAIR: bool> RawByteMutex<DETACH, FAIR> {
    /// Makes it unlocked in the child of a fork, whoever held it in the parent.
    ///
    /// # Safety
    ///
    /// The process has forked, the calling thread is the child's only one and holds no guard of it,
    /// and what the mutex guards is sound as it is: the thread that held it did not finish its section.
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::typed::Mutex;
    /// let m = Mutex::new(1);
    /// std::mem::forget(m.lock()); // as if a thread of the parent held it
    /// // SAFETY: nobody else knows the mutex, and its number is whole.
    /// unsafe { m.raw().at_fork_reinit() };
    /// assert_eq!(*m.lock(), 1);
    /// ```
    pub unsafe fn at_fork_reinit(&self) {
        // SAFETY: the caller's promise.
        unsafe { self.mutex().at_fork_reinit() };
    }
}

impl<const RECURSIVE: bool> RawWordRwLock<RECURSIVE> {
    /// Makes it free in the child of a fork, whoever held it in the parent, and forgets who waited.
    ///
    /// # Safety
    ///
    /// The process has forked, the calling thread is the child's only one and holds no guard of it,
    /// and what the lock guards is sound as it is: a thread that held it to write did not finish its
    /// section.
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::typed::RwLock;
    /// let lock = RwLock::new(1);
    /// std::mem::forget(lock.upgradable_read()); // as if a thread of the parent held it
    /// // SAFETY: nobody else knows the lock, and its number is whole.
    /// unsafe { lock.raw().at_fork_reinit() };
    /// assert_eq!(*lock.write(), 1);
    /// ```
    pub unsafe fn at_fork_reinit(&self) {
        // SAFETY: the caller's promise.
        unsafe { self.0.at_fork_reinit() };
    }
}

impl Once {
    /// In the child of a fork: if the initialiser was running, makes it not run yet, so that the next
    /// caller tries. One that is done or poisoned stays so.
    ///
    /// # Safety
    ///
    /// The process has forked, the calling thread is the child's only one and not inside the
    /// initialiser, and what that had done by the fork is sound as it is.
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::typed::{Once, OnceState};
    /// let once = Once::new();
    /// // SAFETY: nobody else knows it.
    /// unsafe { once.at_fork_reinit() };
    /// assert_eq!(once.state(), OnceState::New);
    /// ```
    pub unsafe fn at_fork_reinit(&self) {
        // SAFETY: the caller's promise.
        unsafe { self.0.at_fork_reinit() };
    }
}

impl Condvar {
    /// In the child of a fork: forgets that threads of the parent may have waited.
    ///
    /// Nothing depends on it: the child's queue is empty by itself, and the first notification finds
    /// that out. Threads that do wait are left as they are, so it is safe at any time.
    ///
    /// ```
    /// use py_sync::typed::{Condvar, Mutex};
    /// let (m, changed) = (Mutex::new(()), Condvar::new());
    /// changed.wait_for(&mut m.lock(), std::time::Duration::ZERO);
    /// changed.at_fork_reinit();
    /// assert!(!changed.notify_one());
    /// ```
    pub fn at_fork_reinit(&self) {
        self.0.forget_waiters();
    }
}
