//! [`Condvar`]: waiting for a change of what a typed mutex guards.
//!
//! The byte and its protocol are in [`crate::condvar`].

use super::lock_api::{MutexGuard, RawMutex};
use super::raw_mutex::RawByteMutex;
use crate::condvar;
use crate::deadline::{Deadline, Monotonic};
use core::fmt;
use std::time::{Duration, Instant};

/// Whether a timed wait ended because its time was up.
///
/// ```
/// use py_sync::typed::{Condvar, Mutex, WaitTimeoutResult};
/// use std::time::Duration;
/// let (m, condvar) = (Mutex::new(()), Condvar::new());
/// let result: WaitTimeoutResult = condvar.wait_for(&mut m.lock(), Duration::from_millis(1));
/// assert!(result.timed_out());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    pub(super) fn new(timed_out: bool) -> WaitTimeoutResult {
        WaitTimeoutResult(timed_out)
    }

    /// True if the time was up, and nobody had notified the thread.
    ///
    /// ```
    /// # use py_sync::typed::{Condvar, Mutex};
    /// # use std::time::Duration;
    /// # let (m, condvar) = (Mutex::new(()), Condvar::new());
    /// assert!(condvar.wait_for(&mut m.lock(), Duration::ZERO).timed_out());
    /// ```
    #[inline]
    #[must_use]
    pub fn timed_out(self) -> bool {
        self.0
    }
}

/// A condition variable: a thread changes something under a mutex, and notifies the threads that wait for
/// that. One byte.
///
/// It works with every mutex over a [`RawByteMutex`], fair and detaching ones too; a wait with a detaching
/// one detaches. A thread is woken only by a notification, first in, first out. Different mutexes may be
/// used with one variable, where parking_lot panics; each waiter is then woken by any notification.
///
/// All zero is one that nobody waits for. The child of a fork starts without waiters.
///
/// ```
/// use py_sync::typed::{Condvar, Mutex};
/// static QUEUE: Mutex<Vec<u32>> = Mutex::new(Vec::new());
/// static FILLED: Condvar = Condvar::new();
/// let consumer = std::thread::spawn(|| {
///     let mut queue = QUEUE.lock();
///     FILLED.wait_while(&mut queue, |queue| queue.is_empty());
///     queue.pop()
/// });
/// QUEUE.lock().push(1);
/// FILLED.notify_one();
/// assert_eq!(consumer.join().unwrap(), Some(1));
/// assert_eq!(size_of::<Condvar>(), 1);
/// ```
#[repr(transparent)]
pub struct Condvar(pub(super) condvar::Condvar);

impl Condvar {
    /// A condition variable that nobody waits for.
    ///
    /// ```
    /// static CHANGED: py_sync::typed::Condvar = py_sync::typed::Condvar::new();
    /// assert!(!CHANGED.notify_one());
    /// ```
    #[inline]
    #[must_use]
    pub const fn new() -> Condvar {
        Condvar(condvar::Condvar::new())
    }

    /// Wakes the thread that has waited for longest; true if there was one. Without waiters it costs
    /// one load.
    ///
    /// No wake-up is lost if what is waited for was changed under the mutex, whether that is still
    /// held or not.
    ///
    /// ```
    /// assert!(!py_sync::typed::Condvar::new().notify_one());
    /// ```
    #[inline]
    pub fn notify_one(&self) -> bool {
        self.0.notify_one()
    }

    /// Wakes all threads that wait, and returns how many they were. Without waiters it costs one load.
    ///
    /// All are woken at once and compete for the mutex. A notifier that is done with it should unlock it
    /// first.
    ///
    /// ```
    /// assert_eq!(py_sync::typed::Condvar::new().notify_all(), 0);
    /// ```
    #[inline]
    pub fn notify_all(&self) -> usize {
        self.0.notify_all()
    }

    /// Unlocks the mutex and waits until notified, then locks it again.
    ///
    /// # Blocking
    ///
    /// Sleeps until notified, and until the mutex is free then.
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::typed::{Condvar, Mutex};
    /// let (ready, changed) = (Mutex::new(false), Condvar::new());
    /// std::thread::scope(|s| {
    ///     s.spawn(|| {
    ///         *ready.lock() = true;
    ///         changed.notify_one();
    ///     });
    ///     let mut guard = ready.lock();
    ///     while !*guard {
    ///         changed.wait(&mut guard);
    ///     }
    /// });
    /// ```
    pub fn wait<const DETACH: bool, const FAIR: bool, T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, RawByteMutex<DETACH, FAIR>, T>,
    ) {
        let notified = self.wait_to(guard, Deadline::Never);
        debug_assert!(notified, "there was no deadline");
    }

    /// As [`wait`](Condvar::wait), until `timeout` at the latest.
    ///
    /// # Blocking
    ///
    /// Sleeps until notified or until `timeout` has passed, and until the mutex is free then.
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::typed::{Condvar, Mutex};
    /// use std::time::{Duration, Instant};
    /// let (m, changed) = (Mutex::new(()), Condvar::new());
    /// let soon = Instant::now() + Duration::from_millis(1);
    /// assert!(changed.wait_until(&mut m.lock(), soon).timed_out());
    /// ```
    pub fn wait_until<const DETACH: bool, const FAIR: bool, T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, RawByteMutex<DETACH, FAIR>, T>,
        timeout: Instant,
    ) -> WaitTimeoutResult {
        WaitTimeoutResult(!self.wait_to(guard, Deadline::until(timeout)))
    }

    /// As [`wait`](Condvar::wait), for `timeout` at most. With zero, the mutex is unlocked and locked
    /// again.
    ///
    /// # Blocking
    ///
    /// As [`wait_until`](Condvar::wait_until).
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::typed::{Condvar, Mutex};
    /// use std::time::Duration;
    /// let (m, changed) = (Mutex::new(()), Condvar::new());
    /// assert!(changed.wait_for(&mut m.lock(), Duration::from_millis(1)).timed_out());
    /// ```
    pub fn wait_for<const DETACH: bool, const FAIR: bool, T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, RawByteMutex<DETACH, FAIR>, T>,
        timeout: Duration,
    ) -> WaitTimeoutResult {
        WaitTimeoutResult(!self.wait_to(guard, Deadline::after(Some(timeout))))
    }

    /// Waits until `condition` is false; it is looked at under the mutex, before each wait.
    ///
    /// # Blocking
    ///
    /// As [`wait`](Condvar::wait), as often as it takes.
    ///
    /// # Panics
    ///
    /// If `condition` does; the mutex is locked then, as it was.
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
    ///     changed.wait_while(&mut left.lock(), |left| *left > 0);
    /// });
    /// ```
    pub fn wait_while<const DETACH: bool, const FAIR: bool, T, F>(
        &self,
        guard: &mut MutexGuard<'_, RawByteMutex<DETACH, FAIR>, T>,
        condition: F,
    ) where
        T: ?Sized,
        F: FnMut(&mut T) -> bool,
    {
        let result = self.wait_while_to(guard, condition, Deadline::Never);
        debug_assert!(!result.timed_out(), "there was no deadline");
    }

    /// As [`wait_while`](Condvar::wait_while), until `timeout` at the latest.
    ///
    /// As in parking_lot, the condition is not looked at again after a wait that timed out: it may
    /// have become false with the time, and the result says only that nobody notified the thread.
    ///
    /// # Blocking
    ///
    /// As [`wait_until`](Condvar::wait_until), as often as it takes.
    ///
    /// # Panics
    ///
    /// As [`wait_while`](Condvar::wait_while).
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::typed::{Condvar, Mutex};
    /// use std::time::{Duration, Instant};
    /// let (left, changed) = (Mutex::new(1), Condvar::new());
    /// let soon = Instant::now() + Duration::from_millis(1);
    /// let result = changed.wait_while_until(&mut left.lock(), |left| *left > 0, soon);
    /// assert!(result.timed_out());
    /// ```
    pub fn wait_while_until<const DETACH: bool, const FAIR: bool, T, F>(
        &self,
        guard: &mut MutexGuard<'_, RawByteMutex<DETACH, FAIR>, T>,
        condition: F,
        timeout: Instant,
    ) -> WaitTimeoutResult
    where
        T: ?Sized,
        F: FnMut(&mut T) -> bool,
    {
        self.wait_while_to(guard, condition, Deadline::until(timeout))
    }

    /// As [`wait_while`](Condvar::wait_while), for `timeout` at most, and with the same meaning of the
    /// result as [`wait_while_until`](Condvar::wait_while_until)'s.
    ///
    /// # Blocking
    ///
    /// As [`wait_until`](Condvar::wait_until), as often as it takes.
    ///
    /// # Panics
    ///
    /// As [`wait_while`](Condvar::wait_while).
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::typed::{Condvar, Mutex};
    /// use std::time::Duration;
    /// let (left, changed) = (Mutex::new(0), Condvar::new());
    /// let long = Duration::from_secs(60);
    /// let result = changed.wait_while_for(&mut left.lock(), |left| *left > 0, long);
    /// assert!(!result.timed_out());
    /// ```
    pub fn wait_while_for<const DETACH: bool, const FAIR: bool, T, F>(
        &self,
        guard: &mut MutexGuard<'_, RawByteMutex<DETACH, FAIR>, T>,
        condition: F,
        timeout: Duration,
    ) -> WaitTimeoutResult
    where
        T: ?Sized,
        F: FnMut(&mut T) -> bool,
    {
        self.wait_while_to(guard, condition, Deadline::after(Some(timeout)))
    }

    fn wait_while_to<const DETACH: bool, const FAIR: bool, T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, RawByteMutex<DETACH, FAIR>, T>,
        mut condition: impl FnMut(&mut T) -> bool,
        deadline: Deadline,
    ) -> WaitTimeoutResult {
        let mut result = WaitTimeoutResult(false);
        while !result.timed_out() && condition(&mut *guard) {
            result = WaitTimeoutResult(!self.wait_to(guard, deadline));
        }
        result
    }

    /// Waits once; true if notified.
    fn wait_to<const DETACH: bool, const FAIR: bool, T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, RawByteMutex<DETACH, FAIR>, T>,
        deadline: Deadline,
    ) -> bool {
        // SAFETY: the raw mutex is unlocked and locked again below, before the guard is used; nothing in
        // between unwinds.
        let raw = unsafe { MutexGuard::mutex(guard).raw() };
        // SAFETY: the guard shows that this thread holds the mutex.
        let release = || unsafe { raw.unlock() };
        self.0.wait(
            &Monotonic,
            raw.mutex(),
            release,
            (deadline, RawByteMutex::<DETACH, FAIR>::FLAGS),
        )
    }
}

impl Default for Condvar {
    fn default() -> Self {
        Condvar::new()
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Condvar { .. }")
    }
}
