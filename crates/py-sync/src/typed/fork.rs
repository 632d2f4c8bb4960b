//! The typed locks in the child of a fork. For a lock with data, call `lock.raw().at_fork_reinit()`.

use super::condvar::Condvar;
use super::once::Once;
use super::raw_mutex::RawByteMutex;
use super::raw_rw_lock::RawWordRwLock;

impl<const DETACH: bool, const FAIR: bool> RawByteMutex<DETACH, FAIR> {
    /// Makes it unlocked in the child of a fork, whoever held it in the parent.
    ///
    /// # Safety
    ///
    /// As for [`py_sync::Mutex::at_fork_reinit`](crate::Mutex::at_fork_reinit).
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
        // SAFETY: the caller promises for this mutex what that of the inner one asks for.
        unsafe { self.mutex().at_fork_reinit() };
    }
}

impl<const RECURSIVE: bool> RawWordRwLock<RECURSIVE> {
    /// Makes it free in the child of a fork, whoever held it or read in the parent.
    ///
    /// # Safety
    ///
    /// As for [`py_sync::Mutex::at_fork_reinit`](crate::Mutex::at_fork_reinit).
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
        // SAFETY: the caller promises for this lock what that of the inner one asks for.
        unsafe { self.0.at_fork_reinit() };
    }
}

impl Once {
    /// In the child of a fork: if an initialiser was running, makes it untried, so that the next caller
    /// tries. One that is done or poisoned stays so.
    ///
    /// # Safety
    ///
    /// As for [`OnceFlag::at_fork_reinit`](crate::OnceFlag::at_fork_reinit).
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
        // SAFETY: the caller promises for this lock what that of the inner one asks for.
        unsafe { self.0.at_fork_reinit() };
    }
}

impl Condvar {
    /// In the child of a fork: forgets that threads of the parent may have waited.
    ///
    /// It saves one look at the lot and nothing more: the child's queue is empty already, and the first
    /// notification finds that out. Threads that do wait are not affected, so it is safe at any time.
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
