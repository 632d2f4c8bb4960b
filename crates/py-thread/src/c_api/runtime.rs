//! [`PyThread_Runtime`]: what the embedder knows and CPython's files take for granted. Stack sizes.

use crate::stack_size;
use crate::sync::{AtomicPtr, Ordering};
use core::ffi::c_int;
use core::mem::offset_of;
use core::ptr;

/// The functions of a runtime, each of which may be null for a plain answer. They must not unwind.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct PyThread_Runtime {
    /// `sizeof(PyThread_Runtime)`: a runtime that was compiled with another header is refused.
    pub size: usize,
    /// Where the calling thread's interpreter keeps the stack size of the threads that it starts; null
    /// on a thread without one. CPython: `&interp->threads.stacksize`. Null: the process keeps it.
    pub stack_size: Option<unsafe extern "C" fn() -> *mut usize>,
}

impl PyThread_Runtime {
    /// Null everywhere.
    pub const NONE: PyThread_Runtime = PyThread_Runtime {
        size: size_of::<PyThread_Runtime>(),
        stack_size: None,
    };
}

static INSTALLED: AtomicPtr<PyThread_Runtime> = AtomicPtr::new(ptr::null_mut());

/// Installs the runtime, once for the life of the process. 0 if it did; -1, and nothing is changed, if
/// one is installed already or `runtime` was compiled with another header.
///
/// # Safety
///
/// `runtime` points to a table that is never changed or freed, and whose functions do what is said
/// with them.
pub unsafe fn PyThread_Install(runtime: *const PyThread_Runtime) -> c_int {
    const { assert!(offset_of!(PyThread_Runtime, size) == 0) };
    // SAFETY: the caller promises a table behind `runtime`; whatever header it was compiled with,
    // it begins with its size, and nothing else is read.
    if runtime.is_null() || unsafe { *runtime.cast::<usize>() } != size_of::<PyThread_Runtime>() {
        return -1;
    }
    let null = ptr::null_mut();
    // Release: a thread that finds the table finds what its maker wrote to it. Relaxed on failure:
    // nothing is read through the other table.
    let result = INSTALLED.compare_exchange(
        null,
        runtime.cast_mut(),
        Ordering::Release,
        Ordering::Relaxed,
    );
    match result {
        Ok(_) => 0,
        Err(_) => -1,
    }
}

/// Who keeps the stack size.
enum Keeper {
    Process,
    Interpreter(*mut usize),
    /// Nobody: the calling thread has no interpreter.
    Nobody,
}

fn keeper() -> Keeper {
    // SAFETY: null, or installed, and then it is never changed or freed.
    let runtime = unsafe { INSTALLED.load(Ordering::Acquire).as_ref() };
    let Some(stack_size) = runtime.and_then(|runtime| runtime.stack_size) else {
        return Keeper::Process;
    };
    // SAFETY: the promise of `PyThread_Install`.
    match unsafe { stack_size() } {
        place if place.is_null() => Keeper::Nobody,
        place => Keeper::Interpreter(place),
    }
}

/// The stack size of threads that are started from now on, in bytes; 0 is the platform's default.
/// CPython: `Include/pythread.h`, `PyThread_get_stacksize`.
///
/// # Safety
///
/// The calling thread's interpreter does not change it meanwhile on another thread.
#[must_use]
pub unsafe fn PyThread_get_stacksize() -> usize {
    match keeper() {
        Keeper::Process => crate::stack_size(),
        // SAFETY: `PyThread_Install` was promised a `place` that may be read; the caller promises
        // that no other thread writes it now.
        Keeper::Interpreter(place) => unsafe { place.read() },
        Keeper::Nobody => 0,
    }
}

/// Sets it: 0, or -1, and nothing is changed, for a size that is too small or that the system does not
/// take, or on a thread without an interpreter. CPython: `Include/pythread.h`,
/// `PyThread_set_stacksize`.
///
/// # Safety
///
/// As for [`PyThread_get_stacksize`].
pub unsafe fn PyThread_set_stacksize(size: usize) -> c_int {
    if stack_size::check_stack_size(size).is_err() {
        return -1;
    }
    match keeper() {
        Keeper::Process => match stack_size::set_stack_size(size) {
            Ok(()) => 0,
            Err(_) => -1,
        },
        Keeper::Interpreter(place) => {
            // SAFETY: `PyThread_Install` was promised a `place` that may be written; the caller
            // promises that no other thread reads or writes it now.
            unsafe { place.write(size) };
            0
        }
        Keeper::Nobody => -1,
    }
}
