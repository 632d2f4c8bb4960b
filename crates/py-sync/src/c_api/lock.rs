//! `Python/lock.c`.

use super::{
    _PyOnceFlag, _PyRWMutex, _PyRawMutex, _PyRecursiveMutex, PyEvent, PyMutex, PyTime_t, runtime,
    timeout,
};
use crate::deadline::Monotonic;
use crate::flags::{LockFlags, LockStatus};
use crate::held::{self, Hold};
use crate::spin::Placement;
use crate::sync::GIL_DISABLED;
use core::ffi::{c_int, c_void};

/// Where CPython's own mutexes lie.
const PLACE: Placement = match GIL_DISABLED {
    true => Placement::InObject,
    false => Placement::UnderGil,
};

/// Locks. CPython: `Include/cpython/lock.h`, `PyMutex_Lock`.
///
/// # Safety
///
/// That of [the module](crate::c_api#safety).
#[inline]
pub unsafe fn PyMutex_Lock(m: *mut PyMutex) {
    // SAFETY: the caller promises that the mutex is alive and aligned.
    let status = unsafe { &*m }.lock_timed_in(None, LockFlags::DETACH, PLACE);
    debug_assert_eq!(status, LockStatus::Acquired);
    // C's inlined unlock does not tell `held`.
    held::forget(m.addr());
}

/// Unlocks. CPython: `Include/cpython/lock.h`, `PyMutex_Unlock`.
///
/// # Safety
///
/// That of [the module](crate::c_api#safety).
#[inline]
pub unsafe fn PyMutex_Unlock(m: *mut PyMutex) {
    // SAFETY: the caller promises that the mutex is alive and aligned.
    if !unsafe { &*m }.try_unlock() {
        runtime().fatal(c"PyMutex_Unlock", c"unlocking mutex that is not locked");
    }
}

/// 1 while it is held. CPython, from 3.14 on: `Include/cpython/lock.h`, `PyMutex_IsLocked`.
///
/// # Safety
///
/// That of [the module](crate::c_api#safety).
#[inline]
pub unsafe fn PyMutex_IsLocked(m: *mut PyMutex) -> c_int {
    // SAFETY: the caller promises that the mutex is alive and aligned.
    unsafe { &*m }.is_locked().into()
}

/// Locks within a time: 0 too late, 1 locked, 2 interrupted. `flags` are those of `_PyLockFlags`: 1
/// detaches, 2 runs the pending calls after a signal, 4 gives up after one; others are ignored.
/// CPython: `Include/internal/pycore_lock.h`, `_PyMutex_LockTimed`.
///
/// # Safety
///
/// That of [the module](crate::c_api#safety).
#[inline]
pub unsafe fn _PyMutex_LockTimed(m: *mut PyMutex, timeout_ns: PyTime_t, flags: c_int) -> c_int {
    // SAFETY: the caller promises that the mutex is alive and aligned.
    match unsafe { &*m }.lock_free() {
        true => {
            held::forget(m.addr());
            LockStatus::Acquired as c_int
        }
        // SAFETY: the caller's promise is the same.
        false => unsafe { lock_timed_slow(m, timeout_ns, flags) },
    }
}

// The slow halves, here and in `seq_lock.rs`, are not inlined, and they have C's calling convention, so
// the fast halves need no stack frame. CPython calls those for each `threading.Lock` and each look into
// the type cache.

/// # Safety
///
/// That of [`_PyMutex_LockTimed`].
#[cold]
#[inline(never)]
unsafe extern "C" fn lock_timed_slow(m: *mut PyMutex, timeout_ns: PyTime_t, flags: c_int) -> c_int {
    let flags = LockFlags::from_bits_truncate(flags.to_le_bytes()[0]);
    // SAFETY: the caller promises that the mutex is alive and aligned.
    let status = unsafe { &*m }.lock_timed_in(timeout(timeout_ns), flags, PLACE);
    if status.is_acquired() {
        held::forget(m.addr());
    }
    status as c_int
}

/// # Safety
///
/// That of [`_PyMutex_TryUnlock`].
#[cold]
#[inline(never)]
unsafe extern "C" fn try_unlock_slow(m: *mut PyMutex) -> c_int {
    // SAFETY: the caller promises that the mutex is alive and aligned.
    or_minus_one(unsafe { &*m }.try_unlock())
}

/// Unlocks: 0, or -1 if it is not locked. CPython: `Include/internal/pycore_lock.h`,
/// `_PyMutex_TryUnlock`.
///
/// # Safety
///
/// That of [the module](crate::c_api#safety).
#[inline]
pub unsafe fn _PyMutex_TryUnlock(m: *mut PyMutex) -> c_int {
    // SAFETY: the caller promises that the mutex is alive and aligned.
    let mutex = unsafe { &*m };
    held::released(m.addr(), Hold::Exclusive);
    match mutex.unlock_unparked() {
        true => 0,
        // SAFETY: the caller's promise is the same.
        false => unsafe { try_unlock_slow(m) },
    }
}

/// Locks. CPython: `Include/internal/pycore_lock.h`, `_PyRawMutex_LockSlow`.
///
/// # Safety
///
/// That of [the module](crate::c_api#safety).
#[inline]
pub unsafe fn _PyRawMutex_LockSlow(m: *mut _PyRawMutex) {
    // SAFETY: the caller promises that the mutex is alive and aligned.
    unsafe { &*m }.lock_unrecorded();
}

/// Unlocks. CPython: `Include/internal/pycore_lock.h`, `_PyRawMutex_UnlockSlow`.
///
/// # Safety
///
/// That of [the module](crate::c_api#safety).
#[inline]
pub unsafe fn _PyRawMutex_UnlockSlow(m: *mut _PyRawMutex) {
    // SAFETY: the caller promises that the mutex is alive and aligned.
    if !unsafe { &*m }.try_unlock() {
        runtime().fatal(
            c"_PyRawMutex_UnlockSlow",
            c"unlocking mutex that is not locked",
        );
    }
}

/// 1 if it is set. CPython: `Include/internal/pycore_lock.h`, `_PyEvent_IsSet`.
///
/// # Safety
///
/// That of [the module](crate::c_api#safety).
#[inline]
pub unsafe fn _PyEvent_IsSet(evt: *mut PyEvent) -> c_int {
    // SAFETY: the caller promises that the event is alive and aligned.
    unsafe { &*evt }.is_set().into()
}

/// Sets it and wakes all that wait. CPython: `Include/internal/pycore_lock.h`, `_PyEvent_Notify`.
///
/// # Safety
///
/// That of [the module](crate::c_api#safety).
#[inline]
pub unsafe fn _PyEvent_Notify(evt: *mut PyEvent) {
    // SAFETY: the caller promises that the event is alive and aligned.
    unsafe { &*evt }.notify();
}

/// Waits until it is set. CPython: `Include/internal/pycore_lock.h`, `PyEvent_Wait`.
///
/// # Safety
///
/// That of [the module](crate::c_api#safety).
#[inline]
pub unsafe fn PyEvent_Wait(evt: *mut PyEvent) {
    // SAFETY: the caller promises that the event is alive and aligned.
    unsafe { &*evt }.wait();
}

/// Waits for a time: 1 if it is set, 0 if the time is up or a signal has arrived, of which nothing
/// has been run. CPython: `Include/internal/pycore_lock.h`, `PyEvent_WaitTimed`.
///
/// # Safety
///
/// That of [the module](crate::c_api#safety).
#[inline]
pub unsafe fn PyEvent_WaitTimed(evt: *mut PyEvent, timeout_ns: PyTime_t, detach: c_int) -> c_int {
    let flags = detach_flag(detach) | LockFlags::FAIL_IF_INTERRUPTED;
    // SAFETY: the caller promises that the event is alive and aligned.
    let status = unsafe { &*evt }.wait_with(timeout(timeout_ns), flags);
    (status == LockStatus::Acquired).into()
}

/// C's `detach` as a flag.
pub(super) fn detach_flag(detach: c_int) -> LockFlags {
    match detach {
        0 => LockFlags::NONE,
        _ => LockFlags::DETACH,
    }
}

/// What [`_PyOnceFlag_CallOnceSlow`] calls: 0 if it has succeeded, -1 if it failed.
pub type _Py_once_fn_t = unsafe extern "C" fn(arg: *mut c_void) -> c_int;

/// Calls `fn_` unless it has succeeded before: 0 if it has, now or before, -1 if it fails. CPython:
/// `Include/internal/pycore_lock.h`, `_PyOnceFlag_CallOnceSlow`.
///
/// # Safety
///
/// That of [the module](crate::c_api#safety), and `fn_` may be called with `arg`. It returns 0 or -1,
/// and does not unwind.
pub unsafe fn _PyOnceFlag_CallOnceSlow(
    flag: *mut _PyOnceFlag,
    fn_: _Py_once_fn_t,
    arg: *mut c_void,
) -> c_int {
    // SAFETY: the caller promises that `fn_` may be called with `arg`.
    let call = || match unsafe { fn_(arg) } {
        0 => Ok(()),
        -1 => Err(()),
        _ => runtime().fatal(c"unlock_once", c"invalid result from _PyOnceFlag_CallOnce"),
    };
    // SAFETY: the caller promises that the flag is alive and aligned.
    or_minus_one(unsafe { &*flag }.call(call).is_ok())
}

/// 1 if the calling thread holds it. CPython: `Include/internal/pycore_lock.h`,
/// `_PyRecursiveMutex_IsLockedByCurrentThread`.
///
/// # Safety
///
/// That of [the module](crate::c_api#safety).
#[inline]
pub unsafe fn _PyRecursiveMutex_IsLockedByCurrentThread(m: *mut _PyRecursiveMutex) -> c_int {
    // SAFETY: the caller promises that the mutex is alive and aligned.
    unsafe { &*m }.is_locked_by(runtime().thread_ident()).into()
}

/// Locks, or goes a level deeper. CPython: `Include/internal/pycore_lock.h`, `_PyRecursiveMutex_Lock`.
///
/// # Safety
///
/// That of [the module](crate::c_api#safety).
#[inline]
pub unsafe fn _PyRecursiveMutex_Lock(m: *mut _PyRecursiveMutex) {
    // SAFETY: the caller promises that the mutex is alive and aligned.
    unsafe { &*m }.lock_as(runtime().thread_ident());
}

/// As [`_PyMutex_LockTimed`]; 1 at once if the calling thread holds it. CPython, from 3.14 on:
/// `Include/internal/pycore_lock.h`, `_PyRecursiveMutex_LockTimed`.
///
/// # Safety
///
/// That of [the module](crate::c_api#safety).
#[inline]
pub unsafe fn _PyRecursiveMutex_LockTimed(
    m: *mut _PyRecursiveMutex,
    timeout_ns: PyTime_t,
    flags: c_int,
) -> c_int {
    let flags = LockFlags::from_bits_truncate(flags.to_le_bytes()[0]);
    let ident = runtime().thread_ident();
    // SAFETY: the caller promises that the mutex is alive and aligned.
    unsafe { &*m }.lock_timed_as(ident, timeout(timeout_ns), flags) as c_int
}

/// Unlocks, or goes a level up. CPython: `Include/internal/pycore_lock.h`, `_PyRecursiveMutex_Unlock`.
///
/// # Safety
///
/// That of [the module](crate::c_api#safety).
#[inline]
pub unsafe fn _PyRecursiveMutex_Unlock(m: *mut _PyRecursiveMutex) {
    // SAFETY: the caller promises that the mutex is alive and aligned.
    if !unsafe { &*m }.try_unlock_as(runtime().thread_ident()) {
        runtime().fatal(
            c"_PyRecursiveMutex_Unlock",
            c"unlocking a recursive mutex that is not owned by the current thread",
        );
    }
}

/// As [`_PyRecursiveMutex_Unlock`]: 0, or -1 if the calling thread does not hold it. CPython, from 3.14
/// on: `Include/internal/pycore_lock.h`, `_PyRecursiveMutex_TryUnlock`.
///
/// # Safety
///
/// That of [the module](crate::c_api#safety).
#[inline]
pub unsafe fn _PyRecursiveMutex_TryUnlock(m: *mut _PyRecursiveMutex) -> c_int {
    // SAFETY: the caller promises that the mutex is alive and aligned.
    or_minus_one(unsafe { &*m }.try_unlock_as(runtime().thread_ident()))
}

/// Locks for reading. CPython: `Include/internal/pycore_lock.h`, `_PyRWMutex_RLock`.
///
/// # Safety
///
/// That of [the module](crate::c_api#safety).
#[inline]
pub unsafe fn _PyRWMutex_RLock(rwmutex: *mut _PyRWMutex) {
    // SAFETY: the caller promises that the lock is alive and aligned.
    unsafe { &*rwmutex }.read_lock();
}

/// Unlocks for a reader. CPython: `Include/internal/pycore_lock.h`, `_PyRWMutex_RUnlock`.
///
/// # Safety
///
/// That of [the module](crate::c_api#safety).
#[inline]
pub unsafe fn _PyRWMutex_RUnlock(rwmutex: *mut _PyRWMutex) {
    // SAFETY: the caller promises that the lock is alive and aligned.
    if !unsafe { &*rwmutex }.read_unlock_with(&Monotonic) {
        runtime().fatal(c"_PyRWMutex_RUnlock", c"lock was not read-locked");
    }
}

/// Locks for writing. CPython: `Include/internal/pycore_lock.h`, `_PyRWMutex_Lock`.
///
/// # Safety
///
/// That of [the module](crate::c_api#safety).
#[inline]
pub unsafe fn _PyRWMutex_Lock(rwmutex: *mut _PyRWMutex) {
    // SAFETY: the caller promises that the lock is alive and aligned.
    unsafe { &*rwmutex }.write_lock();
}

/// Unlocks for the writer. CPython: `Include/internal/pycore_lock.h`, `_PyRWMutex_Unlock`.
///
/// # Safety
///
/// That of [the module](crate::c_api#safety).
#[inline]
pub unsafe fn _PyRWMutex_Unlock(rwmutex: *mut _PyRWMutex) {
    // SAFETY: the caller promises that the lock is alive and aligned.
    if !unsafe { &*rwmutex }.write_unlock_with(&Monotonic) {
        runtime().fatal(c"_PyRWMutex_Unlock", c"lock was not write-locked");
    }
}

fn or_minus_one(done: bool) -> c_int {
    if done { 0 } else { -1 }
}
