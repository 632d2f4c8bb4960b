//! The calls for a [`RecursiveMutex`] that may fail: `try_` and timed ones.

use super::RecursiveMutex;
use crate::deadline::{Deadline, Monotonic};
use crate::flags::{LockFlags, LockStatus};
use core::time::Duration;
use py_thread::Ident;

impl RecursiveMutex {
    /// Locks for [`Ident::current`] if that needs no waiting; true if it did.
    ///
    /// # Panics
    ///
    /// If the level would overflow. Nothing has been changed.
    ///
    /// # Examples
    ///
    /// ```
    /// let m = py_sync::RecursiveMutex::new();
    /// assert!(m.try_lock() && m.try_lock());
    /// std::thread::scope(|s| s.spawn(|| assert!(!m.try_lock())).join().unwrap());
    /// ```
    #[inline]
    #[must_use = "the lock may not have been acquired"]
    pub fn try_lock(&self) -> bool {
        self.try_lock_as(Ident::current())
    }

    /// Locks for `ident` if that needs no waiting; true if it did.
    ///
    /// # Panics
    ///
    /// As [`try_lock`](RecursiveMutex::try_lock).
    ///
    /// # Examples
    ///
    /// ```
    /// use py_thread::LogicalThread;
    /// let m = py_sync::RecursiveMutex::new();
    /// assert!(m.try_lock_as(LogicalThread::new().ident()));
    /// assert!(!m.try_lock());
    /// ```
    #[inline]
    #[must_use = "the lock may not have been acquired"]
    pub fn try_lock_as(&self, ident: Ident) -> bool {
        if self.is_locked_by(ident) {
            self.deepen();
            return true;
        }
        let locked = self.mutex.try_lock();
        if locked {
            self.own(ident);
        }
        locked
    }

    /// Locks for [`Ident::current`] within `timeout`: `None` waits for ever, `Some(ZERO)` not at
    /// all. The flags are those of [`Mutex::lock_timed`](crate::Mutex::lock_timed):
    /// [`LockFlags::HANDLE_SIGNALS`] needs an [`install`](crate::install)ed runtime,
    /// [`LockFlags::FAIL_IF_INTERRUPTED`] and
    /// [`lock_with_signals`](RecursiveMutex::lock_with_signals) need none.
    ///
    /// CPython: `Python/lock.c`, `_PyRecursiveMutex_LockTimed`.
    ///
    /// # Blocking
    ///
    /// Sleeps for `timeout` at most, and not at all if this thread holds it.
    ///
    /// # Panics
    ///
    /// If the level would overflow. Nothing has been changed.
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::{LockFlags, LockStatus, RecursiveMutex};
    /// use std::time::Duration;
    /// let m = RecursiveMutex::new();
    /// let soon = Some(Duration::from_millis(1));
    /// assert_eq!(m.lock_timed(soon, LockFlags::DETACH), LockStatus::Acquired);
    /// assert_eq!(m.lock_timed(soon, LockFlags::DETACH), LockStatus::Acquired);
    /// ```
    #[doc(alias = "_PyRecursiveMutex_LockTimed")]
    pub fn lock_timed(&self, timeout: Option<Duration>, flags: LockFlags) -> LockStatus {
        self.lock_timed_as(Ident::current(), timeout, flags)
    }

    /// As [`lock_timed`](RecursiveMutex::lock_timed), for `ident`.
    ///
    /// # Blocking
    ///
    /// As [`lock_timed`](RecursiveMutex::lock_timed).
    ///
    /// # Panics
    ///
    /// As [`lock_timed`](RecursiveMutex::lock_timed).
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::{LockFlags, LockStatus, RecursiveMutex};
    /// use py_thread::{Ident, LogicalThread};
    /// use std::time::Duration;
    /// let m = RecursiveMutex::new();
    /// m.lock_as(LogicalThread::new().ident());
    /// let soon = Some(Duration::from_millis(1));
    /// let status = m.lock_timed_as(Ident::current(), soon, LockFlags::DETACH);
    /// assert_eq!(status, LockStatus::Failure);
    /// ```
    pub fn lock_timed_as(
        &self,
        ident: Ident,
        timeout: Option<Duration>,
        flags: LockFlags,
    ) -> LockStatus {
        if self.try_lock_as(ident) {
            return LockStatus::Acquired;
        }
        if timeout == Some(Duration::ZERO) {
            return LockStatus::Failure;
        }
        self.lock_with(&Monotonic, ident, Deadline::after(timeout), flags)
    }
}
