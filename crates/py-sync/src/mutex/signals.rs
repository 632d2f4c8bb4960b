//! A wait for a [`Mutex`] that runs the caller's own check after a signal.

use super::Mutex;
use crate::deadline::{Clock, Deadline, Monotonic};
use crate::flags::LockFlags;
use crate::with_signals::{OneCall, across_signals};
use core::time::Duration;

impl Mutex {
    /// Locks within `timeout` (`None` waits for ever, `Some(ZERO)` not at all), and runs `check` after
    /// each signal that comes meanwhile. `Ok(true)` if it is locked, `Ok(false)` if the time is up.
    ///
    /// No [`Runtime`](crate::Runtime) is needed, and the [`pending`](crate::Runtime::pending) of an
    /// installed one is not called: `check` is what runs the handlers. It may lock and unlock anything,
    /// this mutex too: the thread waits for nothing while it runs, and it is attached. It may also be
    /// run without a signal. The wait then goes on with the time that is left.
    ///
    /// A handler that calls [`signal_arrived`](crate::signal_arrived) is noticed also if it runs just
    /// before the sleep.
    ///
    /// CPython: `Python/thread.c`, `PyThread_acquire_lock_timed_with_retries`.
    ///
    /// # Errors
    ///
    /// The first that `check` returns. The mutex is not locked by this call.
    ///
    /// # Blocking
    ///
    /// As [`lock`](Mutex::lock), for `timeout` at most.
    ///
    /// # Panics
    ///
    /// If `check` does; the mutex is not locked by this call.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::atomic::{AtomicBool, Ordering};
    /// static INTERRUPTED: AtomicBool = AtomicBool::new(false); // a handler sets it
    /// let check_signals = || match INTERRUPTED.swap(false, Ordering::Relaxed) {
    ///     true => Err("KeyboardInterrupt"),
    ///     false => Ok(()),
    /// };
    /// let m = py_sync::Mutex::new();
    /// assert_eq!(m.lock_with_signals(None, check_signals), Ok(true));
    /// # INTERRUPTED.store(true, Ordering::Relaxed);
    /// # py_sync::signal_arrived();
    /// // Ctrl-C comes while it waits:
    /// assert_eq!(m.lock_with_signals(None, check_signals), Err("KeyboardInterrupt"));
    /// m.unlock();
    /// ```
    #[doc(alias = "PyThread_acquire_lock_timed_with_retries")]
    pub fn lock_with_signals<E>(
        &self,
        timeout: Option<Duration>,
        check: impl FnMut() -> Result<(), E>,
    ) -> Result<bool, E> {
        match timeout {
            _ if self.try_lock() => Ok(true),
            Some(Duration::ZERO) => Ok(false),
            _ => {
                let (deadline, flags) = (Deadline::after(timeout), LockFlags::DETACH);
                self.lock_checking(&Monotonic, deadline, flags, check)
            }
        }
    }

    /// [`lock_with_signals`](Mutex::lock_with_signals), with the fairness clock as a parameter.
    pub(crate) fn lock_checking<E>(
        &self,
        clock: &impl Clock,
        deadline: Deadline,
        flags: LockFlags,
        check: impl FnMut() -> Result<(), E>,
    ) -> Result<bool, E> {
        let clock = OneCall::new(clock);
        let attempt = |fails| self.lock_with(&clock, deadline, flags | fails);
        across_signals(attempt, check)
    }
}
