//! Waiting for a lock across signals, for whatever lock.

use crate::deadline::Deadline;
use crate::runtime::Runtime;
use crate::timeout::Timeout;

/// How an attempt to take a lock ended, with C's numbers.
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

/// Takes a lock within `timeout` (nanoseconds, where C's parameter is named after microseconds),
/// and looks after signals meanwhile: a wait that one interrupted goes on, with the time that is
/// left, after `runtime` ran its pending calls.
///
/// `try_acquire` takes the lock if it is free; `wait` sleeps for it, at most as long as it is told,
/// and comes back with [`Intr`](AcquireStatus::Intr) on a signal. `wait` runs with `runtime`
/// detached; `try_acquire` does not.
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
    let mut left = timeout;
    loop {
        if try_acquire() {
            return AcquireStatus::Acquired;
        }
        if left == Timeout::NOW {
            return AcquireStatus::Failure;
        }
        match runtime.detach(|| wait(left)) {
            AcquireStatus::Intr => {}
            status => return status,
        }
        if runtime.pending().is_break() {
            return AcquireStatus::Intr;
        }
        match deadline.remaining() {
            Some(remaining) => left = remaining,
            None => return AcquireStatus::Failure,
        }
    }
}
