//! A wait for a [`RecursiveMutex`] that runs the caller's own check after a signal.

use super::RecursiveMutex;
use crate::deadline::{Clock, Deadline, Monotonic};
use crate::flags::LockFlags;
use crate::with_signals::{OneCall, across_signals};
use core::time::Duration;
use py_thread::Ident;

impl RecursiveMutex {
    /// Locks for [`Ident::current`] within `timeout`, and runs `check` after each signal that comes
    /// meanwhile, as [`Mutex::lock_with_signals`](crate::Mutex::lock_with_signals) does: see there.
    ///
    /// # Errors
    ///
    /// The first that `check` returns. The mutex is not locked by this call.
    ///
    /// # Blocking
    ///
    /// As [`lock`](RecursiveMutex::lock), for `timeout` at most.
    ///
    /// # Panics
    ///
    /// As [`lock`](RecursiveMutex::lock), and if `check` does.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// let m = py_sync::RecursiveMutex::new();
    /// let check_signals = || Ok::<(), &str>(());
    /// assert_eq!(m.lock_with_signals(None, check_signals), Ok(true));
    /// assert_eq!(m.lock_with_signals(Some(Duration::ZERO), check_signals), Ok(true));
    /// assert_eq!(m.level(), 1);
    /// ```
    pub fn lock_with_signals<E>(
        &self,
        timeout: Option<Duration>,
        check: impl FnMut() -> Result<(), E>,
    ) -> Result<bool, E> {
        self.lock_with_signals_as(Ident::current(), timeout, check)
    }

    /// As [`lock_with_signals`](RecursiveMutex::lock_with_signals), for `ident`.
    ///
    /// # Errors
    ///
    /// As [`lock_with_signals`](RecursiveMutex::lock_with_signals).
    ///
    /// # Blocking
    ///
    /// As [`lock`](RecursiveMutex::lock), for `timeout` at most.
    ///
    /// # Panics
    ///
    /// As [`lock_with_signals`](RecursiveMutex::lock_with_signals).
    ///
    /// # Examples
    ///
    /// ```
    /// use py_thread::LogicalThread;
    /// let m = py_sync::RecursiveMutex::new();
    /// let generator = LogicalThread::new();
    /// let check_signals = || Ok::<(), &str>(());
    /// assert_eq!(m.lock_with_signals_as(generator.ident(), None, check_signals), Ok(true));
    /// assert!(m.is_locked_by(generator.ident()));
    /// ```
    pub fn lock_with_signals_as<E>(
        &self,
        ident: Ident,
        timeout: Option<Duration>,
        check: impl FnMut() -> Result<(), E>,
    ) -> Result<bool, E> {
        match timeout {
            _ if self.try_lock_as(ident) => Ok(true),
            Some(Duration::ZERO) => Ok(false),
            _ => {
                let (deadline, flags) = (Deadline::after(timeout), LockFlags::DETACH);
                self.lock_checking(&Monotonic, ident, (deadline, flags), check)
            }
        }
    }

    /// [`lock_with_signals_as`](RecursiveMutex::lock_with_signals_as), with the fairness clock as a
    /// parameter. Each attempt looks for the owner: a handler may have locked it for `ident`, and kept
    /// it.
    pub(crate) fn lock_checking<E>(
        &self,
        clock: &impl Clock,
        ident: Ident,
        (deadline, flags): (Deadline, LockFlags),
        check: impl FnMut() -> Result<(), E>,
    ) -> Result<bool, E> {
        let clock = OneCall::new(clock);
        let attempt = |fails| self.lock_with(&clock, ident, deadline, flags | fails);
        across_signals(attempt, check)
    }
}
