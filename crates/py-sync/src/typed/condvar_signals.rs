//! Waits for a [`Condvar`] that a signal ends.

use super::condvar::{Condvar, WaitTimeoutResult};
use super::lock_api::MutexGuard;
use super::raw_mutex::RawByteMutex;
use crate::deadline::{Deadline, Monotonic};
use crate::flags::{LockFlags, ParkStatus};
use crate::hooks;
use crate::with_signals::Interrupted;
use std::time::{Duration, Instant};

impl Condvar {
    /// As [`wait`](Condvar::wait), until a signal arrives at the latest.
    ///
    /// After a signal, the [`install`](crate::install)ed runtime's [`pending`](crate::Runtime::pending) is
    /// asked, with the mutex unlocked. If it says that the wait goes on, this returns `Ok`, as if notified,
    /// since the condition may have come true meanwhile. So call it in a loop, as
    /// [`wait_while_interruptible`](Condvar::wait_while_interruptible) does. Without a runtime, or if the
    /// runtime says to stop, it returns an error.
    ///
    /// No notification is lost on a thread that is interrupted. A handler that calls
    /// [`signal_arrived`](crate::signal_arrived) is noticed even if it runs just before the sleep.
    ///
    /// # Errors
    ///
    /// [`Interrupted`]. The mutex is locked, as it was. Where the system does not report signals, that
    /// happens every 20 ms: a caller that finds nothing to handle waits again.
    ///
    /// # Blocking
    ///
    /// Sleeps until notified or a signal arrives, and until the mutex is free then.
    ///
    /// # Panics
    ///
    /// If `pending` does; the mutex is locked, as it was.
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::{Interrupted, typed::{Condvar, Mutex}};
    /// let (queue, filled) = (Mutex::new(Vec::<u32>::new()), Condvar::new());
    /// let mut guard = queue.lock();
    /// py_sync::signal_arrived(); // as a handler would, just before the wait
    /// assert_eq!(filled.wait_interruptible(&mut guard), Err(Interrupted));
    /// assert!(guard.is_empty()); // still locked
    /// ```
    pub fn wait_interruptible<const DETACH: bool, const FAIR: bool, T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, RawByteMutex<DETACH, FAIR>, T>,
    ) -> Result<(), Interrupted> {
        self.interruptible(guard, Deadline::Never).map(|_| ())
    }

    /// As [`wait_interruptible`](Condvar::wait_interruptible), for `timeout` at most.
    ///
    /// # Errors
    ///
    /// As [`wait_interruptible`](Condvar::wait_interruptible).
    ///
    /// # Blocking
    ///
    /// As [`wait_interruptible`](Condvar::wait_interruptible), for `timeout` at most.
    ///
    /// # Panics
    ///
    /// As [`wait_interruptible`](Condvar::wait_interruptible).
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::typed::{Condvar, Mutex};
    /// use std::time::Duration;
    /// let (m, changed) = (Mutex::new(()), Condvar::new());
    /// let soon = Duration::from_millis(1);
    /// assert!(changed.wait_interruptible_for(&mut m.lock(), soon).unwrap().timed_out());
    /// ```
    pub fn wait_interruptible_for<const DETACH: bool, const FAIR: bool, T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, RawByteMutex<DETACH, FAIR>, T>,
        timeout: Duration,
    ) -> Result<WaitTimeoutResult, Interrupted> {
        self.interruptible(guard, Deadline::after(Some(timeout)))
    }

    /// As [`wait_interruptible`](Condvar::wait_interruptible), until `timeout` at the latest.
    ///
    /// # Errors
    ///
    /// As [`wait_interruptible`](Condvar::wait_interruptible).
    ///
    /// # Blocking
    ///
    /// As [`wait_interruptible`](Condvar::wait_interruptible), until `timeout` at the latest.
    ///
    /// # Panics
    ///
    /// As [`wait_interruptible`](Condvar::wait_interruptible).
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::typed::{Condvar, Mutex};
    /// use std::time::Instant;
    /// let (m, changed) = (Mutex::new(()), Condvar::new());
    /// let result = changed.wait_interruptible_until(&mut m.lock(), Instant::now());
    /// assert!(result.unwrap().timed_out());
    /// ```
    pub fn wait_interruptible_until<const DETACH: bool, const FAIR: bool, T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, RawByteMutex<DETACH, FAIR>, T>,
        timeout: Instant,
    ) -> Result<WaitTimeoutResult, Interrupted> {
        self.interruptible(guard, Deadline::until(timeout))
    }

    /// Waits until `condition` is false, for `timeout` at most (`None` waits for ever). A signal ends the
    /// wait as it ends [`wait_interruptible`](Condvar::wait_interruptible). `Ok(true)` if the condition is
    /// false, `Ok(false)` if the time is up.
    ///
    /// # Errors
    ///
    /// As [`wait_interruptible`](Condvar::wait_interruptible).
    ///
    /// # Blocking
    ///
    /// As [`wait_interruptible`](Condvar::wait_interruptible), as often as it takes.
    ///
    /// # Panics
    ///
    /// If `condition` or `pending` does; the mutex is locked, as it was.
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::typed::{Condvar, Mutex};
    /// let (left, changed) = (Mutex::new(1), Condvar::new());
    /// std::thread::scope(|s| {
    ///     s.spawn(|| {
    ///         *left.lock() -= 1;
    ///         changed.notify_all();
    ///     });
    ///     let none_left = changed.wait_while_interruptible(&mut left.lock(), |left| *left > 0, None);
    ///     assert_eq!(none_left, Ok(true));
    /// });
    /// ```
    pub fn wait_while_interruptible<const DETACH: bool, const FAIR: bool, T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, RawByteMutex<DETACH, FAIR>, T>,
        mut condition: impl FnMut(&mut T) -> bool,
        timeout: Option<Duration>,
    ) -> Result<bool, Interrupted> {
        let deadline = Deadline::after(timeout);
        let mut timed_out = false;
        while condition(&mut *guard) {
            if timed_out {
                return Ok(false);
            }
            timed_out = self.interruptible(guard, deadline)?.timed_out();
        }
        Ok(true)
    }

    /// Waits until `condition` is false, within `timeout` (`None` waits for ever), and runs `check`
    /// after each signal that comes meanwhile, as
    /// [`Mutex::lock_with_signals`](crate::Mutex::lock_with_signals) does: see there. `Ok(true)` if the
    /// condition is false, `Ok(false)` if the time is up.
    ///
    /// `check` runs with the mutex unlocked, so that a handler may use what it guards. Then the
    /// condition is looked at again: no notification is missed.
    ///
    /// # Errors
    ///
    /// The first that `check` returns. The mutex is locked, as it was.
    ///
    /// # Blocking
    ///
    /// As [`wait`](Condvar::wait), as often as it takes, for `timeout` at most.
    ///
    /// # Panics
    ///
    /// If `condition` or `check` does; the mutex is locked, as it was.
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::typed::{Condvar, Mutex};
    /// let (queue, filled) = (Mutex::new(Vec::new()), Condvar::new());
    /// let mut guard = queue.lock();
    /// py_sync::signal_arrived(); // as a handler would, just before the wait
    /// let check_signals = || { queue.lock().push(7); Ok::<(), &str>(()) };
    /// let filled = filled.wait_while_with_signals(&mut guard, |q| q.is_empty(), None, check_signals);
    /// assert_eq!((filled, guard.pop()), (Ok(true), Some(7)));
    /// ```
    pub fn wait_while_with_signals<const DETACH: bool, const FAIR: bool, T: ?Sized, E>(
        &self,
        guard: &mut MutexGuard<'_, RawByteMutex<DETACH, FAIR>, T>,
        mut condition: impl FnMut(&mut T) -> bool,
        timeout: Option<Duration>,
        mut check: impl FnMut() -> Result<(), E>,
    ) -> Result<bool, E> {
        let deadline = Deadline::after(timeout);
        let mut timed_out = false;
        while condition(&mut *guard) {
            if timed_out {
                return Ok(false);
            }
            let mut checked = Ok(());
            let flags = RawByteMutex::<DETACH, FAIR>::FLAGS | LockFlags::FAIL_IF_INTERRUPTED;
            let status = self.wait_handling(guard, (deadline, flags), || checked = check());
            checked?;
            timed_out = status == ParkStatus::Timeout;
        }
        Ok(true)
    }

    fn interruptible<const DETACH: bool, const FAIR: bool, T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, RawByteMutex<DETACH, FAIR>, T>,
        deadline: Deadline,
    ) -> Result<WaitTimeoutResult, Interrupted> {
        let flags = RawByteMutex::<DETACH, FAIR>::FLAGS | LockFlags::INTERRUPTIBLE;
        let mut over = false;
        let handle = || over = hooks::ends_wait(flags);
        let status = self.wait_handling(guard, (deadline, flags), handle);
        match over {
            true => Err(Interrupted),
            false => Ok(WaitTimeoutResult::new(status == ParkStatus::Timeout)),
        }
    }

    /// Waits once. `handle` runs after a signal, with the mutex unlocked.
    fn wait_handling<const DETACH: bool, const FAIR: bool, T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, RawByteMutex<DETACH, FAIR>, T>,
        until: (Deadline, LockFlags),
        handle: impl FnOnce(),
    ) -> ParkStatus {
        // SAFETY: the raw mutex is unlocked and locked again below, before the guard is used, also if
        // `handle` unwinds.
        let raw = unsafe { MutexGuard::mutex(guard).raw() };
        // SAFETY: the guard shows that this thread holds the mutex.
        let release = || unsafe { super::lock_api::RawMutex::unlock(raw) };
        self.0
            .wait_or(&Monotonic, raw.mutex(), release, until, handle)
    }
}
