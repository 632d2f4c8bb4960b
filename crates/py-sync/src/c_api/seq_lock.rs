//! `Python/lock.c`: the sequence lock.

use super::{_PySeqLock, runtime};
use core::ffi::{CStr, c_int};

/// Begins a write. CPython: `Include/internal/pycore_lock.h`, `_PySeqLock_LockWrite`.
///
/// # Safety
///
/// That of [the module](crate::c_api#safety).
#[inline]
pub unsafe fn _PySeqLock_LockWrite(seqlock: *mut _PySeqLock) {
    // SAFETY: the caller promises that the lock is alive and aligned.
    unsafe { &*seqlock }.lock_write();
}

/// Ends a write. CPython: `Include/internal/pycore_lock.h`, `_PySeqLock_UnlockWrite`.
///
/// # Safety
///
/// That of [the module](crate::c_api#safety).
#[inline]
pub unsafe fn _PySeqLock_UnlockWrite(seqlock: *mut _PySeqLock) {
    // SAFETY: the caller promises that the lock is alive and aligned.
    let lock = unsafe { &*seqlock };
    assert_writing(lock, c"_PySeqLock_UnlockWrite");
    lock.unlock_write();
}

/// Ends a write that wrote nothing. CPython: `Include/internal/pycore_lock.h`,
/// `_PySeqLock_AbandonWrite`.
///
/// # Safety
///
/// That of [the module](crate::c_api#safety).
#[inline]
pub unsafe fn _PySeqLock_AbandonWrite(seqlock: *mut _PySeqLock) {
    // SAFETY: the caller promises that the lock is alive and aligned.
    let lock = unsafe { &*seqlock };
    assert_writing(lock, c"_PySeqLock_AbandonWrite");
    lock.abandon_write();
}

fn assert_writing(lock: &_PySeqLock, function: &CStr) {
    if !lock.is_writing() {
        runtime().fatal(function, c"unlocking a sequence lock that is not locked");
    }
}

/// Begins a read. CPython: `Include/internal/pycore_lock.h`, `_PySeqLock_BeginRead`.
///
/// # Safety
///
/// That of [the module](crate::c_api#safety).
#[inline]
pub unsafe fn _PySeqLock_BeginRead(seqlock: *mut _PySeqLock) -> u32 {
    // SAFETY: the caller promises that the lock is alive and aligned.
    match unsafe { &*seqlock }.try_begin_read() {
        Some(sequence) => sequence,
        // SAFETY: the caller's promise is the same.
        None => unsafe { begin_read_slow(seqlock) },
    }
}

/// # Safety
///
/// That of [`_PySeqLock_BeginRead`].
#[cold]
#[inline(never)]
unsafe extern "C" fn begin_read_slow(seqlock: *mut _PySeqLock) -> u32 {
    // SAFETY: the caller promises that the lock is alive and aligned.
    unsafe { &*seqlock }.begin_read()
}

/// 1 if what was read since is of one piece. CPython: `Include/internal/pycore_lock.h`,
/// `_PySeqLock_EndRead`.
///
/// # Safety
///
/// That of [the module](crate::c_api#safety).
#[inline]
pub unsafe fn _PySeqLock_EndRead(seqlock: *mut _PySeqLock, previous: u32) -> c_int {
    // SAFETY: the caller promises that the lock is alive and aligned.
    unsafe { &*seqlock }.end_read(previous).into()
}

/// In the child of a fork: 1 if a thread of the parent was writing. CPython:
/// `Include/internal/pycore_lock.h`, `_PySeqLock_AfterFork`.
///
/// # Safety
///
/// That of [the module](crate::c_api#safety), in the child of a fork.
#[inline]
pub unsafe fn _PySeqLock_AfterFork(seqlock: *mut _PySeqLock) -> c_int {
    // SAFETY: the caller promises that the lock is alive and aligned.
    unsafe { &*seqlock }.after_fork().into()
}
