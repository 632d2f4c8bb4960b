//! The locks of `Python/thread.c`: `PyThread_type_lock`, which CPython itself makes of `PyMutex` from
//! 3.14 on. (Threads and keys of that file are py-thread's.)
//!
//! A lock is a [`PyMutex`] with a place of its own in the program's Rust allocator. Only
//! [`PyThread_acquire_lock_timed_with_retries`] detaches; the others are for callers that have, or may not.

use super::{PyMutex, PyMutex_Unlock, PyTime_t, timeout};
use crate::deadline::{Deadline, Monotonic};
use crate::flags::{LockFlags, LockStatus};
use crate::held;
use crate::hooks;
use crate::sync::GIL_DISABLED;
use core::alloc::Layout;
use core::ffi::{c_int, c_longlong, c_void};
use core::time::Duration;

/// A lock that any thread may release.
pub type PyThread_type_lock = *mut c_void;

/// A new lock, not taken; null if there is no memory. CPython: `Include/pythread.h`,
/// `PyThread_allocate_lock`.
///
/// # Safety
///
/// None is needed.
#[must_use]
pub unsafe fn PyThread_allocate_lock() -> PyThread_type_lock {
    // SAFETY: the layout is not empty. All zero is a mutex.
    unsafe { std::alloc::alloc_zeroed(Layout::new::<PyMutex>()) }.cast()
}

/// Frees a lock; of null, does nothing. CPython: `Include/pythread.h`, `PyThread_free_lock`.
///
/// # Safety
///
/// `lock` is null or of [`PyThread_allocate_lock`], nobody waits for it, and it is not used again. It may
/// be taken, also by a thread that has just got it from one that is still about to return from its
/// release.
pub unsafe fn PyThread_free_lock(lock: PyThread_type_lock) {
    if !lock.is_null() {
        // SAFETY: the caller's promise.
        unsafe { std::alloc::dealloc(lock.cast(), Layout::new::<PyMutex>()) };
    }
}

/// Takes a lock: 1, or 0 if it is taken and `waitflag` is 0. CPython: `Include/pythread.h`,
/// `PyThread_acquire_lock`.
///
/// # Safety
///
/// `lock` is of [`PyThread_allocate_lock`] and is not freed meanwhile.
#[inline]
pub unsafe fn PyThread_acquire_lock(lock: PyThread_type_lock, waitflag: c_int) -> c_int {
    let microseconds = if waitflag == 0 { 0 } else { -1 };
    // SAFETY: the caller's promise.
    unsafe { PyThread_acquire_lock_timed(lock, microseconds, 0) }
}

/// Takes a lock within a time; below 0 is for ever: 0 too late, 1 taken, 2 interrupted by a signal, of
/// which nothing has been run, if `intr_flag` is not 0. CPython: `Include/pythread.h`,
/// `PyThread_acquire_lock_timed`.
///
/// # Safety
///
/// As for [`PyThread_acquire_lock`].
#[inline]
pub unsafe fn PyThread_acquire_lock_timed(
    lock: PyThread_type_lock,
    microseconds: c_longlong,
    intr_flag: c_int,
) -> c_int {
    let timeout = u64::try_from(microseconds).ok().map(Duration::from_micros);
    let flags = match intr_flag {
        0 => LockFlags::NONE,
        _ => LockFlags::FAIL_IF_INTERRUPTED,
    };
    // SAFETY: the caller's promise.
    let status = unsafe { &*lock.cast::<PyMutex>() }.lock_timed(timeout, flags);
    unowned(lock, status)
}

/// Takes a lock within a time, below 0 for ever, detached while it sleeps, and runs the pending calls
/// after each signal: 0 too late, 1 taken, 2 one of them raised. The timeout is in nanoseconds, whatever
/// C calls it. CPython: `Include/internal/pycore_pythread.h`,
/// `PyThread_acquire_lock_timed_with_retries`.
///
/// # Safety
///
/// As for [`PyThread_acquire_lock`]. The thread has a state.
#[inline]
pub unsafe fn PyThread_acquire_lock_timed_with_retries(
    lock: PyThread_type_lock,
    timeout_ns: PyTime_t,
) -> c_int {
    // SAFETY: the caller's promise.
    let mutex = unsafe { &*lock.cast::<PyMutex>() };
    let timeout = timeout(timeout_ns);
    let status = match timeout {
        _ if GIL_DISABLED => {
            mutex.lock_timed(timeout, LockFlags::DETACH | LockFlags::HANDLE_SIGNALS)
        }
        _ if mutex.try_lock() => LockStatus::Acquired,
        Some(Duration::ZERO) => LockStatus::Failure,
        _ => detached_with_signals(mutex, Deadline::after(timeout)),
    };
    unowned(lock, status)
}

/// Any thread may release the lock, as a signal to the one that took it: so nobody is recorded as its holder.
fn unowned(lock: PyThread_type_lock, status: LockStatus) -> c_int {
    if status.is_acquired() {
        held::forget(lock.addr());
    }
    status as c_int
}

/// With one lock for the interpreter, the holder may be waiting for it: so a thread detaches before it
/// spins for the lock, not only before it sleeps.
fn detached_with_signals(mutex: &PyMutex, deadline: Deadline) -> LockStatus {
    let attempt = || mutex.lock_with(&Monotonic, deadline, LockFlags::FAIL_IF_INTERRUPTED);
    loop {
        match hooks::detached(attempt) {
            LockStatus::Intr if !hooks::ends_wait(LockFlags::HANDLE_SIGNALS) => {}
            status => return status,
        }
    }
}

/// Releases a lock; one that is not taken ends the process. CPython: `Include/pythread.h`,
/// `PyThread_release_lock`.
///
/// # Safety
///
/// As for [`PyThread_acquire_lock`].
#[inline]
pub unsafe fn PyThread_release_lock(lock: PyThread_type_lock) {
    // SAFETY: the caller's promise.
    unsafe { PyMutex_Unlock(lock.cast()) };
}

/// In the child of a fork: the lock is not taken any more, or a new one if it is null. 0, or -1 if there
/// is no memory. C leaks the old lock; this one is sound after a fork, and stays. CPython:
/// `Include/internal/pycore_pythread.h`, `_PyThread_at_fork_reinit`.
///
/// # Safety
///
/// `lock` points to null, or to a lock of [`PyThread_allocate_lock`] that is not freed. The calling thread
/// is the child's only one, and what the lock guards is sound as it is.
pub unsafe fn _PyThread_at_fork_reinit(lock: *mut PyThread_type_lock) -> c_int {
    // SAFETY: the caller's promise, in all of this.
    unsafe {
        if (*lock).is_null() {
            *lock = PyThread_allocate_lock();
        } else {
            (*(*lock).cast::<PyMutex>()).at_fork_reinit();
        }
        if (*lock).is_null() { -1 } else { 0 }
    }
}
