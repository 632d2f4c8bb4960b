//! `Python/parking_lot.c`.

use super::lock::detach_flag;
use super::{PyTime_t, timeout};
use crate::deadline::Deadline;
use crate::flags::{LockFlags, ParkStatus};
use crate::parking_lot::{Kind, Parking, park_with};
use crate::primitive::{Acquire, AtomicU8, AtomicU32, AtomicU64, Relaxed, Release, SeqCst};
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
        // SAFETY: the caller's promise.
        unsafe { is_equal(address, expected, address_size) }
    };
    let flags = detach_flag(detach) | LockFlags::HANDLE_SIGNALS;
    let token = park_arg.expose_provenance();
    // SAFETY: the caller's promise; `validate` does not call into the lot.
    let status =
        unsafe { crate::park(address.addr(), validate, token, timeout(timeout_ns), flags) };
    status as c_int
}

/// Compares as C does: by a sequentially consistent load of that size.
///
/// # Safety
///
/// As for [`_PyParkingLot_Park`].
unsafe fn is_equal(address: *const c_void, expected: *const c_void, size: usize) -> bool {
    // SAFETY: the caller's promise: readable, aligned, and changed atomically; all of an atomic's
    // bytes are in a cell, so a shared reference to it forbids nobody to write.
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
        // SAFETY: the caller's promise.
        unsafe { fn_(arg, park_arg, has_more.into()) };
    };
    // SAFETY: the caller's promise.
    unsafe { crate::unpark(address.addr(), callback) };
}

/// Wakes all threads parked on `address`. CPython: `Include/internal/pycore_parking_lot.h`,
/// `_PyParkingLot_UnparkAll`.
///
/// # Safety
///
/// `address` is the caller's own, as for [`unpark_all`](crate::unpark_all).
pub unsafe fn _PyParkingLot_UnparkAll(address: *const c_void) {
    // SAFETY: the caller's promise.
    unsafe { crate::unpark_all(address.addr()) };
}

/// Forgets all parked threads, in the child of a fork; on unix that has happened by itself. CPython:
/// `Include/internal/pycore_parking_lot.h`, `_PyParkingLot_AfterFork`.
///
/// # Safety
///
/// That of [`after_fork`](crate::after_fork).
pub unsafe fn _PyParkingLot_AfterFork() {
    // SAFETY: the caller's promise.
    unsafe { crate::after_fork() };
}

/// A count that threads wait for. CPython: `Include/internal/pycore_semaphore.h`, `_PySemaphore`.
///
/// C's is the system's semaphore, and larger: that C caller's memory will do. Its threads sleep in the
/// parking lot, on its address.
#[derive(Debug)]
#[repr(C)]
pub struct _PySemaphore {
    count: AtomicU32,
}

/// Makes a semaphore of count 0. CPython: `Include/internal/pycore_semaphore.h`, `_PySemaphore_Init`.
///
/// # Safety
///
/// `sema` may be written, and nobody uses it yet.
pub unsafe fn _PySemaphore_Init(sema: *mut _PySemaphore) {
    let count = AtomicU32::new(0);
    // SAFETY: the caller's promise.
    unsafe { sema.write(_PySemaphore { count }) };
}

/// Waits until the count is above 0, and takes 1 from it: 0 if it did, -2 if the time is up, -3 if a
/// signal has arrived, of which nothing has been run. CPython: `Include/internal/pycore_semaphore.h`,
/// `_PySemaphore_Wait`.
///
/// # Safety
///
/// That of [the module](crate::c_api#safety).
pub unsafe fn _PySemaphore_Wait(
    sema: *mut _PySemaphore,
    timeout_ns: PyTime_t,
    detach: c_int,
) -> c_int {
    // SAFETY: the caller's promise.
    let count = &unsafe { &*sema }.count;
    let deadline = Deadline::after(timeout(timeout_ns));
    let flags = detach_flag(detach) | LockFlags::HANDLE_SIGNALS;
    loop {
        // Acquire: what came before the wake-up is seen. Relaxed: nothing was taken.
        let taken = count.fetch_update(Acquire, Relaxed, |count| count.checked_sub(1));
        if taken.is_ok() {
            return ParkStatus::Ok as c_int;
        }
        let parking = Parking::plain(Kind::Park, sema.addr(), deadline, flags);
        // Relaxed: under the bucket lock, under which the count goes up.
        let is_empty = || count.load(Relaxed) == 0;
        // SAFETY: the key is the semaphore's own address, and only semaphores park there; `is_empty`
        // does not call into the lot.
        match unsafe { park_with(parking, is_empty) }.status {
            ParkStatus::Ok | ParkStatus::Again => {}
            given_up => return given_up as c_int,
        }
    }
}

/// Adds 1 to the count, and wakes a thread. CPython: `Include/internal/pycore_semaphore.h`,
/// `_PySemaphore_Wakeup`.
///
/// # Safety
///
/// That of [the module](crate::c_api#safety). The semaphore is not touched once the count has gone up:
/// who takes it may free it.
pub unsafe fn _PySemaphore_Wakeup(sema: *mut _PySemaphore) {
    let add_one = |_: Option<usize>, _: bool| {
        // SAFETY: the caller's promise; it may be gone from here on. Release: see `_PySemaphore_Wait`.
        unsafe { &(*sema).count }.fetch_add(1, Release);
    };
    // SAFETY: as in `_PySemaphore_Wait`.
    unsafe { crate::unpark(sema.addr(), add_one) };
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
