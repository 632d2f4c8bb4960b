//! The calls for a [`RwMutex`] that may fail: `try_` and timed ones.

use super::{PARKED, Rank, RwMutex, WRITER, is_free, is_write_locked};
use crate::deadline::{Deadline, Monotonic};
use crate::flags::{LockFlags, LockStatus};
use crate::sync::{Acquire, Relaxed};
use core::time::Duration;

impl RwMutex {
    /// Locks for reading if that needs no waiting; true if it did. As with
    /// [`read_lock`](RwMutex::read_lock), a waiting writer stops it: then it fails even if the lock has just
    /// become free.
    ///
    /// # Panics
    ///
    /// As [`read_lock`](RwMutex::read_lock).
    ///
    /// # Examples
    ///
    /// ```
    /// let m = py_sync::RwMutex::new();
    /// assert!(m.try_read_lock() && m.try_read_lock());
    /// assert!(!m.try_write_lock());
    /// ```
    #[inline]
    #[must_use = "the lock may not have been acquired"]
    pub fn try_read_lock(&self) -> bool {
        self.try_read(|word| word & (WRITER | PARKED) != 0 && Rank::Last.is_stopped_by(word))
    }

    /// Locks for reading if no writer has the lock, even if one is waiting; true if it did.
    ///
    /// # Panics
    ///
    /// As [`read_lock`](RwMutex::read_lock).
    ///
    /// # Examples
    ///
    /// ```
    /// let m = py_sync::RwMutex::new();
    /// assert!(m.try_read_lock_recursive());
    /// ```
    #[inline]
    #[must_use = "the lock may not have been acquired"]
    pub fn try_read_lock_recursive(&self) -> bool {
        self.try_read(is_write_locked)
    }

    #[inline]
    fn try_read(&self, stopped: impl Fn(usize) -> bool) -> bool {
        loop {
            // Relaxed: decides only which compare-exchange to try.
            let word = self.0.load(Relaxed);
            if stopped(word) {
                return false;
            }
            if self.add_reader(word) {
                return self.reads().is_acquired();
            }
        }
    }

    /// Locks for writing if that needs no waiting; true if it did.
    ///
    /// ```
    /// let m = py_sync::RwMutex::new();
    /// assert!(m.try_write_lock());
    /// assert!(!m.try_write_lock() && !m.try_read_lock());
    /// ```
    #[inline]
    #[must_use = "the lock may not have been acquired"]
    pub fn try_write_lock(&self) -> bool {
        // Relaxed: decides only which compare-exchange to try.
        let mut word = self.0.load(Relaxed);
        while is_free(word) {
            // Acquire: the section starts here. Relaxed on failure: only tried again.
            match self
                .0
                .compare_exchange(word, (word & PARKED) | WRITER, Acquire, Relaxed)
            {
                Ok(_) => return self.writes().is_acquired(),
                Err(now) => word = now,
            }
        }
        false
    }

    /// Locks for reading within `timeout`: `None` waits for ever, `Some(ZERO)` not at all. The flags
    /// are those of [`Mutex::lock_timed`](crate::Mutex::lock_timed): [`LockFlags::HANDLE_SIGNALS`]
    /// needs an [`install`](crate::install)ed runtime, [`LockFlags::FAIL_IF_INTERRUPTED`] needs none.
    ///
    /// CPython has no timed form.
    ///
    /// # Blocking
    ///
    /// Sleeps for `timeout` at most. The time is looked at after the sleep, so a thread that does
    /// not get the processor returns later.
    ///
    /// # Panics
    ///
    /// As [`read_lock`](RwMutex::read_lock).
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::{LockFlags, LockStatus, RwMutex};
    /// use std::time::Duration;
    /// let m = RwMutex::new();
    /// m.write_lock();
    /// let soon = Some(Duration::from_millis(1));
    /// assert_eq!(m.read_lock_timed(soon, LockFlags::DETACH), LockStatus::Failure);
    /// ```
    pub fn read_lock_timed(&self, timeout: Option<Duration>, flags: LockFlags) -> LockStatus {
        self.read_timed(Rank::Last, timeout, flags)
    }

    /// As [`read_lock_timed`](RwMutex::read_lock_timed), but passes waiting writers.
    ///
    /// # Blocking
    ///
    /// As [`read_lock_timed`](RwMutex::read_lock_timed).
    ///
    /// # Panics
    ///
    /// As [`read_lock`](RwMutex::read_lock).
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::{LockFlags, LockStatus, RwMutex};
    /// let m = RwMutex::new();
    /// assert_eq!(m.read_lock_recursive_timed(None, LockFlags::NONE), LockStatus::Acquired);
    /// ```
    pub fn read_lock_recursive_timed(
        &self,
        timeout: Option<Duration>,
        flags: LockFlags,
    ) -> LockStatus {
        self.read_timed(Rank::First, timeout, flags)
    }

    fn read_timed(&self, rank: Rank, timeout: Option<Duration>, flags: LockFlags) -> LockStatus {
        if timeout == Some(Duration::ZERO) {
            let acquired = match rank {
                Rank::Last => self.try_read_lock(),
                Rank::First => self.try_read_lock_recursive(),
            };
            return status(acquired);
        }
        self.read_contended(&Monotonic, rank, Deadline::after(timeout), flags)
    }

    /// Locks for writing within `timeout`: `None` waits for ever, `Some(ZERO)` not at all. The flags
    /// are those of [`Mutex::lock_timed`](crate::Mutex::lock_timed): [`LockFlags::HANDLE_SIGNALS`]
    /// needs an [`install`](crate::install)ed runtime, [`LockFlags::FAIL_IF_INTERRUPTED`] needs none.
    ///
    /// Readers that waited behind a writer which gives up are let in at once.
    ///
    /// CPython has no timed form.
    ///
    /// # Blocking
    ///
    /// As [`read_lock_timed`](RwMutex::read_lock_timed).
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::{LockFlags, LockStatus, RwMutex};
    /// use std::time::Duration;
    /// let m = RwMutex::new();
    /// m.read_lock();
    /// let soon = Some(Duration::from_millis(1));
    /// assert_eq!(m.write_lock_timed(soon, LockFlags::DETACH), LockStatus::Failure);
    /// ```
    pub fn write_lock_timed(&self, timeout: Option<Duration>, flags: LockFlags) -> LockStatus {
        if timeout == Some(Duration::ZERO) {
            return status(self.try_write_lock());
        }
        self.write_lock_with(&Monotonic, Deadline::after(timeout), flags)
    }
}

fn status(acquired: bool) -> LockStatus {
    match acquired {
        true => LockStatus::Acquired,
        false => LockStatus::Failure,
    }
}
