//! [`PyHashSecret_Runtime`]: what the embedder knows and CPython's files take for granted.

use crate::urandom::Around;
use core::ffi::{CStr, c_char, c_int, c_void};
use core::mem::offset_of;
use core::ops::ControlFlow;
use core::ptr;
use core::sync::atomic::AtomicPtr;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// The functions of a runtime, each of which may be null for a plain answer. They must not unwind.
/// [`_PyOS_URandom`](super::_PyOS_URandom) and [`_PyOS_URandomNonblock`](super::_PyOS_URandomNonblock)
/// call them, and nothing else does.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct PyHashSecret_Runtime {
    /// `sizeof(PyHashSecret_Runtime)`: a runtime that was compiled with another header is refused.
    pub size: usize,
    /// The calling thread is about to make a call that may sleep. What it returns goes to
    /// `end_allow_threads`. CPython: `PyEval_SaveThread`. Null: nothing is done.
    pub begin_allow_threads: Option<unsafe extern "C" fn() -> *mut c_void>,
    /// It has come back. CPython: `PyEval_RestoreThread`. Null together with `begin_allow_threads`.
    pub end_allow_threads: Option<unsafe extern "C" fn(thread: *mut c_void)>,
    /// Runs the handlers of signals; not 0 if that raised. CPython: `PyErr_CheckSignals`. Null: there
    /// are none.
    pub check_signals: Option<unsafe extern "C" fn() -> c_int>,
    /// Sets the exception of a call that returns -1. `error` is 0 for an `OSError` of this `errno`, 1
    /// for a `ValueError`, 2 for a `NotImplementedError`, 3 for a `RuntimeError`, with this message.
    /// Null: nothing is set.
    pub set_error:
        Option<unsafe extern "C" fn(error: c_int, errno_: c_int, message: *const c_char)>,
}

impl PyHashSecret_Runtime {
    /// Null everywhere.
    pub const NONE: PyHashSecret_Runtime = PyHashSecret_Runtime {
        size: size_of::<PyHashSecret_Runtime>(),
        begin_allow_threads: None,
        end_allow_threads: None,
        check_signals: None,
        set_error: None,
    };
}

/// Before a runtime is installed.
static NONE: PyHashSecret_Runtime = PyHashSecret_Runtime::NONE;

static INSTALLED: AtomicPtr<PyHashSecret_Runtime> = AtomicPtr::new(ptr::null_mut());

/// Installs the runtime, once for the life of the process. 0 if it did; -1, and nothing is changed, if
/// one is installed already or `runtime` was compiled with another header.
///
/// # Safety
///
/// `runtime` points to a table that is never changed or freed, and whose functions do what is said
/// with them.
pub unsafe fn PyHashSecret_Install(runtime: *const PyHashSecret_Runtime) -> c_int {
    const { assert!(offset_of!(PyHashSecret_Runtime, size) == 0) };
    let size = size_of::<PyHashSecret_Runtime>();
    // SAFETY: the caller promises a table behind `runtime`; whatever header it was compiled with,
    // it begins with its size, and nothing else is read.
    if runtime.is_null() || unsafe { *runtime.cast::<usize>() } != size {
        return -1;
    }
    let null = ptr::null_mut();
    // Release: a thread that finds the table finds what its maker wrote to it. Relaxed on failure:
    // nothing is read through the other table.
    match INSTALLED.compare_exchange(null, runtime.cast_mut(), Release, Relaxed) {
        Ok(_) => 0,
        Err(_) => -1,
    }
}

/// The table.
pub(super) fn runtime() -> &'static PyHashSecret_Runtime {
    // SAFETY: null, or installed, and then it is never changed or freed.
    unsafe { INSTALLED.load(Acquire).as_ref() }.unwrap_or(&NONE)
}

/// The kinds of exceptions, as the table numbers them.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Os = 0,
    Value = 1,
    NotImplemented = 2,
    Runtime = 3,
}

impl PyHashSecret_Runtime {
    /// -1, with the exception set.
    pub(super) fn fail(&self, kind: Kind, errno: c_int, message: &CStr) -> c_int {
        if let Some(set_error) = self.set_error {
            // SAFETY: the promise of `PyHashSecret_Install`.
            unsafe { set_error(kind as c_int, errno, message.as_ptr()) };
        }
        -1
    }
}

impl Around for PyHashSecret_Runtime {
    fn call<R>(&self, call: impl FnOnce() -> R) -> R {
        // SAFETY: `PyHashSecret_Install` was promised a function that may be called so.
        let thread = self.begin_allow_threads.map(|begin| unsafe { begin() });
        let result = call();
        if let (Some(thread), Some(end)) = (thread, self.end_allow_threads) {
            // SAFETY: the same promise; `thread` is what `begin` gave, and `end` gets it once.
            unsafe { end(thread) };
        }
        result
    }

    fn interrupted(&self) -> ControlFlow<()> {
        match self.check_signals {
            // SAFETY: the same promise; the thread state is held, as outside of `call`.
            Some(check) if unsafe { check() } != 0 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}
