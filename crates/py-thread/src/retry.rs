//! Waiting for a lock across signals, for any kind of lock.

use crate::deadline::Deadline;
use crate::runtime::Runtime;
use crate::timeout::Timeout;
use core::ops::ControlFlow;

/// How an attempt to take a lock ended, with the numbers of C's `PyLockStatus`.
///
/// `py_sync::LockStatus` has the same three values, and an `AcquireStatus` is made `From` it.
///
/// ```
/// use py_thread::AcquireStatus;
/// assert_eq!(AcquireStatus::Acquired as u32, 1);
/// ```
#[doc(alias = "PyLockStatus")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum AcquireStatus {
    /// The time is over.
    #[doc(alias = "PY_LOCK_FAILURE")]
    Failure = 0,
    /// The lock is taken.
    #[doc(alias = "PY_LOCK_ACQUIRED")]
    Acquired = 1,
    /// A signal interrupted the wait.
    #[doc(alias = "PY_LOCK_INTR")]
    Intr = 2,
}

/// Takes a lock within `timeout`, and handles signals meanwhile. When a signal interrupts the wait,
/// `runtime` runs its pending calls, and the wait goes on with the time that is left. (`timeout` is
/// in nanoseconds; C's parameter is named after microseconds.)
///
/// `try_acquire` takes the lock if it is free. `wait` sleeps for the lock, at most for the timeout
/// that it is given, and returns [`Intr`](AcquireStatus::Intr) on a signal. `wait` runs with
/// `runtime` detached; `try_acquire` does not.
///
/// The result is `Intr` only if a pending call asked to stop.
///
/// CPython: `Python/thread.c`, `PyThread_acquire_lock_timed_with_retries`.
///
/// # Blocking
/// For as long as `wait` does, `timeout` in all.
///
/// # Examples
/// ```
/// use py_thread::{AcquireStatus, Timeout, acquire_with_retries};
/// use std::sync::Mutex;
/// use std::time::Duration;
/// let lock = Mutex::new(());
/// let _held = lock.lock().unwrap();
/// let timeout = Timeout::from(Duration::from_millis(2));
/// let status = acquire_with_retries(
///     timeout,
///     &(),
///     || lock.try_lock().is_ok(),
///     |left| {
///         std::thread::sleep(left.as_duration().unwrap());
///         AcquireStatus::Failure
///     },
/// );
/// assert_eq!(status, AcquireStatus::Failure);
/// ```
#[doc(alias = "PyThread_acquire_lock_timed_with_retries")]
pub fn acquire_with_retries<R: Runtime>(
    timeout: Timeout,
    runtime: &R,
    mut try_acquire: impl FnMut() -> bool,
    mut wait: impl FnMut(Timeout) -> AcquireStatus,
) -> AcquireStatus {
    let deadline = Deadline::after(timeout);
    // The first attempt waits for the whole timeout, and each later one for what is left of it.
    let mut first = Some(timeout);
    let attempt = || {
        let Some(left) = first.take().or_else(|| deadline.remaining()) else {
            return AcquireStatus::Failure;
        };
        match try_acquire() {
            true => AcquireStatus::Acquired,
            false if left == Timeout::NOW => AcquireStatus::Failure,
            false => runtime.detach(|| wait(left)),
        }
    };
    let check = || match runtime.pending() {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(()),
    };
    match acquire_across_signals(attempt, check) {
        Ok(true) => AcquireStatus::Acquired,
        Ok(false) => AcquireStatus::Failure,
        Err(()) => AcquireStatus::Intr,
    }
}

/// The loop of [`acquire_with_retries`] alone, for an `attempt` that knows its own deadline. It
/// calls `attempt` until that ends without a signal, and calls `check` after each signal. An error
/// of `check` (a signal handler raised) ends the loop and is returned.
///
/// `Ok(true)` if the lock was taken, `Ok(false)` if the time is over.
///
/// py-sync's `Mutex::lock_with_signals` is this loop, and so are the methods of that name of its
/// other locks.
///
/// # Errors
/// What `check` returned. The lock is not taken.
///
/// # Blocking
/// For as long as the attempts do.
///
/// # Examples
/// ```
/// use py_thread::{AcquireStatus, acquire_across_signals};
/// let mut attempts = [AcquireStatus::Intr, AcquireStatus::Acquired].into_iter();
/// let mut checks = 0;
/// let taken = acquire_across_signals(
///     || attempts.next().unwrap(),
///     || {
///         checks += 1;
///         Ok::<(), &str>(())
///     },
/// );
/// assert_eq!((taken, checks), (Ok(true), 1));
/// ```
pub fn acquire_across_signals<E>(
    mut attempt: impl FnMut() -> AcquireStatus,
    mut check: impl FnMut() -> Result<(), E>,
) -> Result<bool, E> {
    loop {
        match attempt() {
            AcquireStatus::Acquired => return Ok(true),
            AcquireStatus::Failure => return Ok(false),
            AcquireStatus::Intr => check()?,
        }
    }
}
