//! A wait for a [`Semaphore`] that runs the caller's own check after a signal.

use super::Semaphore;
use crate::deadline::Deadline;
use crate::flags::LockFlags;
use crate::with_signals::across_signals;
use core::time::Duration;

impl Semaphore {
    /// Takes a permit within `timeout` (`None` waits for ever), and runs `check` after each signal that
    /// comes meanwhile, as [`Mutex::lock_with_signals`](crate::Mutex::lock_with_signals) does: see there.
    /// `Ok(true)` if it has a permit, `Ok(false)` if the time is up.
    ///
    /// A thread whose wait a signal has ended goes to the end of the queue after `check`.
    ///
    /// # Errors
    ///
    /// The first that `check` returns. No permit was taken.
    ///
    /// # Blocking
    ///
    /// As [`acquire`](Semaphore::acquire), for `timeout` at most.
    ///
    /// # Panics
    ///
    /// If `check` does; no permit was taken.
    ///
    /// # Examples
    ///
    /// ```
    /// let s = py_sync::Semaphore::new(0);
    /// py_sync::signal_arrived(); // as a handler would, just before the wait
    /// let check_signals = || Err("KeyboardInterrupt");
    /// assert_eq!(s.acquire_with_signals(None, check_signals), Err("KeyboardInterrupt"));
    /// s.release();
    /// assert_eq!(s.acquire_with_signals(None, check_signals), Ok(true));
    /// ```
    pub fn acquire_with_signals<E>(
        &self,
        timeout: Option<Duration>,
        check: impl FnMut() -> Result<(), E>,
    ) -> Result<bool, E> {
        match timeout {
            _ if self.try_acquire() => Ok(true),
            Some(Duration::ZERO) => Ok(false),
            _ => self.acquire_checking(Deadline::after(timeout), LockFlags::DETACH, check),
        }
    }

    pub(crate) fn acquire_checking<E>(
        &self,
        deadline: Deadline,
        flags: LockFlags,
        check: impl FnMut() -> Result<(), E>,
    ) -> Result<bool, E> {
        across_signals(|fails| self.acquire_to(deadline, flags | fails), check)
    }
}
