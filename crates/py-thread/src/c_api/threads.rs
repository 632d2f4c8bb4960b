//! Starting, joining, ending and numbering threads; condition variables.

use super::{PyThread_get_stacksize, PyThread_handle_t, PyThread_ident_t};
use crate::sys::{self, c};
use crate::timeout;
use core::ffi::{c_char, c_int, c_longlong, c_ulong, c_void};
use core::ptr;
use std::io;

/// The longest timeout in microseconds. CPython: `Include/cpython/pythread.h`, `PY_TIMEOUT_MAX`.
pub const PY_TIMEOUT_MAX: c_longlong = timeout::TIMEOUT_MAX;

/// What a thread runs. It may end the thread by [`PyThread_exit_thread`].
pub type PyThread_func_t = unsafe extern "C-unwind" fn(arg: *mut c_void);

/// Makes ready what the crate needs of the system: [`init`](crate::init). CPython:
/// `Include/pythread.h`, `PyThread_init_thread`.
///
/// # Safety
///
/// None is needed.
pub unsafe fn PyThread_init_thread() {
    // It fails only without memory, and the next call tries again.
    drop(sys::before_main::register());
}

/// # Safety
///
/// `func` may be called with `arg` on another thread. As for [`PyThread_get_stacksize`].
unsafe fn start(func: PyThread_func_t, arg: *mut c_void) -> io::Result<PyThread_handle_t> {
    // SAFETY: it asks for nothing; the caller promises the rest.
    unsafe { PyThread_init_thread() };
    // SAFETY: the caller promises that `func` may be called with `arg` on another thread.
    unsafe { c::start(func, arg, PyThread_get_stacksize()) }
}

/// Starts a thread that calls `func(arg)`: 0, and its ident and its handle are written before this
/// returns; or -1. The handle is to be joined or detached once. CPython:
/// `Include/internal/pycore_pythread.h`, `PyThread_start_joinable_thread`.
///
/// # Safety
///
/// `func` may be called with `arg` on another thread; `ident` and `handle` may be written. As for
/// [`PyThread_get_stacksize`].
pub unsafe fn PyThread_start_joinable_thread(
    func: PyThread_func_t,
    arg: *mut c_void,
    ident: *mut PyThread_ident_t,
    handle: *mut PyThread_handle_t,
) -> c_int {
    // SAFETY: `start` asks for what this function asks for: a `func` that may be called with `arg`
    // on another thread, and a stack size that nobody changes meanwhile.
    match unsafe { start(func, arg) } {
        Ok(started) => {
            // SAFETY: the caller promises that `ident` and `handle` may be written.
            unsafe {
                ident.write(started as PyThread_ident_t);
                handle.write(started);
            }
            0
        }
        Err(_) => -1,
    }
}

/// Starts a thread that calls `func(arg)` and that nobody joins: its ident, or `(unsigned long)-1`.
/// CPython: `Include/pythread.h`, `PyThread_start_new_thread`.
///
/// # Safety
///
/// `func` may be called with `arg` on another thread. As for [`PyThread_get_stacksize`].
pub unsafe fn PyThread_start_new_thread(func: PyThread_func_t, arg: *mut c_void) -> c_ulong {
    // SAFETY: `start` asks for what this function asks for. The thread is detached once: nobody
    // else knows its handle.
    unsafe {
        match start(func, arg) {
            Ok(started) => {
                c::detach(started);
                started as c_ulong
            }
            Err(_) => c_ulong::MAX,
        }
    }
}

/// Waits until a thread has ended: 0, or an error number. No signal interrupts it. CPython:
/// `Include/internal/pycore_pythread.h`, `PyThread_join_thread`.
///
/// # Safety
///
/// `handle` is of [`PyThread_start_joinable_thread`], and was neither joined nor detached.
pub unsafe fn PyThread_join_thread(handle: PyThread_handle_t) -> c_int {
    // SAFETY: the caller promises that `handle` is of a thread that was neither joined nor
    // detached.
    unsafe { c::join(handle) }
}

/// Lets the system free a thread as soon as it ends: 0, or an error number. CPython:
/// `Include/internal/pycore_pythread.h`, `PyThread_detach_thread`.
///
/// # Safety
///
/// As for [`PyThread_join_thread`].
pub unsafe fn PyThread_detach_thread(handle: PyThread_handle_t) -> c_int {
    // SAFETY: the caller promises that `handle` is of a thread that was neither joined nor
    // detached.
    unsafe { c::detach(handle) }
}

/// The calling thread's ident. CPython: `Include/internal/pycore_pythread.h`,
/// `PyThread_get_thread_ident_ex`.
///
/// # Safety
///
/// None is needed.
#[must_use]
pub unsafe fn PyThread_get_thread_ident_ex() -> PyThread_ident_t {
    sys::os_ident()
}

/// The calling thread's ident, as far as a `long` holds it. CPython: `Include/pythread.h`,
/// `PyThread_get_thread_ident`.
///
/// # Safety
///
/// None is needed.
#[must_use]
pub unsafe fn PyThread_get_thread_ident() -> c_ulong {
    sys::os_ident() as c_ulong
}

/// The number by which the kernel knows the calling thread. CPython: `Include/pythread.h`,
/// `PyThread_get_thread_native_id`.
///
/// # Safety
///
/// None is needed.
#[must_use]
pub unsafe fn PyThread_get_thread_native_id() -> c_ulong {
    sys::native_id() as c_ulong
}

/// Ends the calling thread, by unwinding its stack where the C library does. CPython:
/// `Include/pythread.h`, `PyThread_exit_thread`, deprecated from 3.14 on.
///
/// # Safety
///
/// All frames of the thread may be left so: none of them is a Rust function with something to drop.
pub unsafe fn PyThread_exit_thread() -> ! {
    // SAFETY: the caller promises that no frame of the thread has anything to drop.
    unsafe { c::exit_thread() }
}

/// Sleeps for ever: [`hang`](crate::hang). CPython: `Include/internal/pycore_pythread.h`,
/// `PyThread_hang_thread`.
///
/// # Safety
///
/// None is needed.
pub unsafe fn PyThread_hang_thread() -> ! {
    sys::hang()
}

/// What `PyThread_GetInfo` tells.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct PyThread_Description {
    /// Of the implementation.
    pub name: *const c_char,
    /// Of the locks; null where there is none.
    pub lock: *const c_char,
    /// Of the thread library, with its version; empty where it does not tell.
    pub version: [c_char; 256],
}

/// Tells how threads are made here: [`info`](crate::info). CPython: `Include/pythread.h`,
/// `PyThread_GetInfo`, which makes an object of it.
///
/// # Safety
///
/// `out` may be written.
pub unsafe fn PyThread_Describe(out: *mut PyThread_Description) {
    let info = crate::info();
    let in_c = |text: &str| match text {
        "pthread" => c"pthread".as_ptr(),
        "solaris" => c"solaris".as_ptr(),
        "semaphore" => c"semaphore".as_ptr(),
        _ => c"mutex+cond".as_ptr(),
    };
    let mut version = [0; 256];
    let text = info.version.unwrap_or_default();
    // The last byte stays NUL.
    for (to, from) in version[..255].iter_mut().zip(text.bytes()) {
        *to = from as c_char;
    }
    let description = PyThread_Description {
        name: in_c(info.name),
        lock: info.lock.map_or(ptr::null(), in_c),
        version,
    };
    // SAFETY: the caller promises that `out` may be written.
    unsafe { out.write(description) };
}

/// A condition variable of the C library's.
#[derive(Debug)]
#[repr(C)]
pub struct PyCOND_T {
    _opaque: [u8; 0],
}

/// C's `struct timespec`.
#[derive(Debug)]
#[repr(C)]
pub struct timespec {
    _opaque: [u8; 0],
}

/// Makes a condition variable whose waits end by the clock of [`_PyThread_cond_after`]: 0, or an error
/// number. CPython: `Python/thread_pthread.h`, `_PyThread_cond_init`.
///
/// # Safety
///
/// There is room for a `pthread_cond_t`, which nobody uses yet.
pub unsafe fn _PyThread_cond_init(cond: *mut PyCOND_T) -> c_int {
    // SAFETY: the caller promises room for a `pthread_cond_t` at `cond`, which nobody uses yet.
    unsafe { c::condition_new(cond.cast()) }
}

/// Writes the time that is so many microseconds from now, for `pthread_cond_timedwait`. CPython:
/// `Python/thread_pthread.h`, `_PyThread_cond_after`.
///
/// # Safety
///
/// There is room for a `struct timespec`.
pub unsafe fn _PyThread_cond_after(us: c_longlong, abs: *mut timespec) {
    // SAFETY: the caller promises room for a `struct timespec` at `abs`.
    unsafe { c::condition_after(us, abs.cast()) };
}
