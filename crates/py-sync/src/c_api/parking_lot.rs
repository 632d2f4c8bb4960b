//! `Python/parking_lot.c`.

use super::lock::detach_flag;
use super::{_PySemaphore, PyTime_t, timeout};
use crate::flags::{LockFlags, LockStatus, ParkStatus};
use crate::parking_lot;
use crate::sync::{AtomicU8, AtomicU32, AtomicU64, SeqCst};
use core::ffi::{c_int, c_void};
use core::ptr;
use core::sync::atomic::AtomicU16;

/// What [`_PyParkingLot_Unpark`] calls: with its `arg`, the thread's `park_arg` (null without a thread),
/// and whether more may be parked.
pub type _Py_unpark_fn_t =
    unsafe extern "C" fn(arg: *mut c_void, park_arg: *mut c_void, has_more_waiters: c_int);

/// Sleeps until unparked, if `*address` is `*expected`: 0 unparked, -1 it is not, -2 the time is up, -3
/// a signal has arrived, of which nothing has been run. CPython:
/// `Include/internal/pycore_parking_lot.h`, `_PyParkingLot_Park`.
///
/// # Safety
///
/// Both are of `address_size` bytes, which are 1, 2, 4 or 8, and aligned to it; `address` is the
/// caller's own, as for [`park`](crate::park), and other threads change it atomically.
pub unsafe fn _PyParkingLot_Park(
    address: *const c_void,
    expected: *const c_void,
    address_size: usize,
    timeout_ns: PyTime_t,
    park_arg: *mut c_void,
    detach: c_int,
) -> c_int {
    let validate = || {
        // SAFETY: the caller promises that both are aligned and of this size, and that other threads
        // change `address` atomically.
        unsafe { is_equal(address, expected, address_size) }
    };
    let flags = detach_flag(detach) | LockFlags::HANDLE_SIGNALS;
    let token = park_arg.expose_provenance();
    // SAFETY: the address is the caller's own, and `validate` does not call into the lot.
    let status =
        unsafe { parking_lot::park(address.addr(), validate, token, timeout(timeout_ns), flags) };
    status as c_int
}

/// Compares as C does: by a sequentially consistent load of that size.
///
/// # Safety
///
/// As for [`_PyParkingLot_Park`].
unsafe fn is_equal(address: *const c_void, expected: *const c_void, size: usize) -> bool {
    // SAFETY: the caller promises that both are readable and aligned, and that other threads change
    // `address` atomically. A shared reference to an atomic allows that.
    unsafe {
        match size {
            1 => (*address.cast::<AtomicU8>()).load(SeqCst) == *expected.cast::<u8>(),
            2 => (*address.cast::<AtomicU16>()).load(SeqCst) == *expected.cast::<u16>(),
            4 => (*address.cast::<AtomicU32>()).load(SeqCst) == *expected.cast::<u32>(),
            8 => (*address.cast::<AtomicU64>()).load(SeqCst) == *expected.cast::<u64>(),
            _ => super::runtime().fatal(c"_PyParkingLot_Park", c"address_size is not 1, 2, 4 or 8"),
        }
    }
}

/// Wakes the thread that has been parked on `address` for longest, and calls `fn_` before that, or
/// without a thread. CPython: `Include/internal/pycore_parking_lot.h`, `_PyParkingLot_Unpark`.
///
/// # Safety
///
/// `address` is the caller's own, as for [`unpark`](crate::unpark). `fn_` may be called with `arg`; it
/// does not unwind and does not call into the lot.
pub unsafe fn _PyParkingLot_Unpark(address: *const c_void, fn_: _Py_unpark_fn_t, arg: *mut c_void) {
    let callback = |token: Option<usize>, has_more: bool| {
        let park_arg = token.map_or(ptr::null_mut(), ptr::with_exposed_provenance_mut);
        // SAFETY: the caller promises that `fn_` may be called with `arg`, and does not unwind.
        unsafe { fn_(arg, park_arg, has_more.into()) };
    };
    // SAFETY: the address is the caller's own, and `fn_` does not call into the lot.
    unsafe { parking_lot::unpark(address.addr(), callback) };
}

/// Wakes all threads parked on `address`. CPython: `Include/internal/pycore_parking_lot.h`,
/// `_PyParkingLot_UnparkAll`.
///
/// # Safety
///
/// `address` is the caller's own, as for [`unpark_all`](crate::unpark_all).
pub unsafe fn _PyParkingLot_UnparkAll(address: *const c_void) {
    // SAFETY: the address is the caller's own.
    unsafe { parking_lot::unpark_all(address.addr()) };
}

/// Forgets all parked threads, in the child of a fork; on unix that has happened by itself. CPython:
/// `Include/internal/pycore_parking_lot.h`, `_PyParkingLot_AfterFork`.
///
/// # Safety
///
/// That of [`after_fork`](crate::after_fork).
pub unsafe fn _PyParkingLot_AfterFork() {
    // SAFETY: the caller promises what `after_fork` asks: a forked child with one thread.
    unsafe { crate::after_fork() };
}

/// Makes a semaphore without a permit. CPython: `Include/internal/pycore_semaphore.h`,
/// `_PySemaphore_Init`.
///
/// # Safety
///
/// `sema` may be written, and nobody uses it yet.
pub unsafe fn _PySemaphore_Init(sema: *mut _PySemaphore) {
    // SAFETY: the caller promises that `sema` may be written and that nobody uses it yet.
    unsafe { sema.write(_PySemaphore::new(0)) };
}

/// Waits for a permit: 0 if it has one, -2 if the time is up, -3 if a signal has arrived, of which
/// nothing has been run. CPython: `Include/internal/pycore_semaphore.h`, `_PySemaphore_Wait`.
///
/// # Safety
///
/// That of [the module](crate::c_api#safety).
pub unsafe fn _PySemaphore_Wait(
    sema: *mut _PySemaphore,
    timeout_ns: PyTime_t,
    detach: c_int,
) -> c_int {
    let flags = detach_flag(detach) | LockFlags::FAIL_IF_INTERRUPTED;
    // SAFETY: the caller promises that the semaphore is alive and aligned.
    let status = unsafe { &*sema }.acquire_timed(timeout(timeout_ns), flags);
    let status = match status {
        LockStatus::Acquired => ParkStatus::Ok,
        LockStatus::Failure => ParkStatus::Timeout,
        LockStatus::Intr => ParkStatus::Intr,
    };
    status as c_int
}

/// Gives a permit. CPython: `Include/internal/pycore_semaphore.h`, `_PySemaphore_Wakeup`.
///
/// # Safety
///
/// That of [the module](crate::c_api#safety). The semaphore is not touched once the permit is given: who
/// has it may free it.
pub unsafe fn _PySemaphore_Wakeup(sema: *mut _PySemaphore) {
    // SAFETY: the caller promises that the semaphore is alive and aligned.
    unsafe { &*sema }.release();
}

/// Ends its life, which is nothing here. CPython: `Include/internal/pycore_semaphore.h`,
/// `_PySemaphore_Destroy`.
///
/// # Safety
///
/// Nobody waits on it.
pub unsafe fn _PySemaphore_Destroy(sema: *mut _PySemaphore) {
    let _ = sema;
}
