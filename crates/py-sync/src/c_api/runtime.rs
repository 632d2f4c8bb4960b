//! [`PySync_Runtime`]: what the embedder knows and CPython's files take for granted.

use crate::sync::{Acquire, AtomicPtr, local};
use core::cell::Cell;
use core::ffi::{CStr, c_char, c_int, c_ulonglong, c_void};
use core::ptr;
use py_thread::Ident;

/// The functions of a runtime, each of which may be null for a plain answer. A thread state is a
/// pointer that only the runtime reads.
///
/// They may be called on any thread, also on one that the runtime does not know, and must not unwind.
/// `detach` and `attach` are called around a real sleep, never with a bucket of the parking lot locked;
/// the others are called where C calls what they stand for.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct PySync_Runtime {
    /// `sizeof(PySync_Runtime)`: a runtime that was compiled with another header is refused.
    pub size: usize,
    /// Not 0 if the runtime's own inlined ends of critical sections return where a section's mutex is
    /// null, as CPython's do from 3.14 on. A begin may then go without a lock: inside the section that
    /// has it, and in a stopped world.
    pub end_checks_null: c_int,
    /// The calling thread's state; null on a thread without one. CPython: `_PyThreadState_GET`. Null:
    /// no thread has one.
    pub current_thread: Option<unsafe extern "C" fn() -> *mut c_void>,
    /// Where the word of this thread's innermost critical section is. CPython:
    /// `&tstate->critical_section`. Null: a word of ours for the calling thread.
    pub section_slot: Option<unsafe extern "C" fn(thread: *mut c_void) -> *mut usize>,
    /// The mutex of an object. CPython: `&op->ob_mutex`. Null: sections of objects end the process.
    pub object_mutex: Option<unsafe extern "C" fn(object: *mut c_void) -> *mut u8>,
    /// Detaches the calling thread before it sleeps, and suspends its critical sections, as
    /// `PyEval_ReleaseThread` does. What it returns goes to `attach`; null if there is nothing to
    /// attach afterwards. Null: suspends the sections.
    pub detach: Option<unsafe extern "C" fn() -> *mut c_void>,
    /// Attaches it again, and resumes its innermost section, as `PyEval_AcquireThread` does. May never
    /// return. Null together with `detach`.
    pub attach: Option<unsafe extern "C" fn(thread: *mut c_void)>,
    /// Runs what signals left to do; below 0 if that raised. CPython: `Py_MakePendingCalls`. Null:
    /// there is nothing to do.
    pub make_pending_calls: Option<unsafe extern "C" fn() -> c_int>,
    /// Not 0 while all threads but the calling one are stopped. Null: never.
    pub world_stopped: Option<unsafe extern "C" fn() -> c_int>,
    /// A number of the calling thread, not 0, which no other living thread has. CPython:
    /// `PyThread_get_thread_ident_ex`. Null: `py_thread::Ident::own`.
    pub thread_ident: Option<unsafe extern "C" fn() -> c_ulonglong>,
    /// Ends the process. CPython: `_Py_FatalErrorFunc`. Null: a line to standard error, and an abort.
    pub fatal_error: Option<unsafe extern "C" fn(function: *const c_char, message: *const c_char)>,
}

impl PySync_Runtime {
    /// Null everywhere.
    pub const NONE: PySync_Runtime = PySync_Runtime {
        size: size_of::<PySync_Runtime>(),
        end_checks_null: 0,
        current_thread: None,
        section_slot: None,
        object_mutex: None,
        detach: None,
        attach: None,
        make_pending_calls: None,
        world_stopped: None,
        thread_ident: None,
        fatal_error: None,
    };
}

/// Before a runtime is installed.
static NONE: PySync_Runtime = PySync_Runtime::NONE;

pub(super) static INSTALLED: AtomicPtr<PySync_Runtime> = AtomicPtr::new(ptr::null_mut());

/// The installed table, or one with null everywhere.
#[inline]
pub(super) fn runtime() -> &'static PySync_Runtime {
    // SAFETY: the pointer is null or to an installed table, which is never changed or freed.
    unsafe { INSTALLED.load(Acquire).as_ref() }.unwrap_or(&NONE)
}

impl PySync_Runtime {
    pub(super) fn current_thread(&self) -> *mut c_void {
        match self.current_thread {
            // SAFETY: the installer has promised that `current_thread` may be called on any thread.
            Some(current_thread) => unsafe { current_thread() },
            None => ptr::null_mut(),
        }
    }

    /// The address of the word that points to `thread`'s innermost section.
    pub(super) fn section_slot(&self, thread: *mut c_void) -> *mut usize {
        local! {
            static SLOT: Cell<usize> = Cell::new(0);
        }
        match self.section_slot {
            // SAFETY: the installer has promised that `section_slot` may be called with a thread state.
            Some(section_slot) => unsafe { section_slot(thread) },
            None => SLOT.with(Cell::as_ptr),
        }
    }

    pub(super) fn object_mutex(&self, object: *mut c_void) -> *mut u8 {
        let Some(object_mutex) = self.object_mutex else {
            self.fatal(
                c"PyCriticalSection_Begin",
                c"the runtime has no object_mutex",
            );
        };
        // SAFETY: the installer has promised that `object_mutex` may be called with an object, which the
        // caller has.
        unsafe { object_mutex(object) }
    }

    pub(super) fn world_stopped(&self) -> bool {
        // SAFETY: the installer has promised that `world_stopped` may be called on any thread.
        self.world_stopped
            .is_some_and(|stopped| unsafe { stopped() } != 0)
    }

    pub(super) fn thread_ident(&self) -> Ident {
        // SAFETY: the installer has promised that `thread_ident` may be called on any thread.
        let ident = self
            .thread_ident
            .and_then(|ident| Ident::from_u64(unsafe { ident() }));
        ident.unwrap_or_else(Ident::own)
    }

    /// Ends the process, as `Py_FatalError` in `function` does.
    #[cold]
    pub(super) fn fatal(&self, function: &CStr, message: &CStr) -> ! {
        match self.fatal_error {
            // SAFETY: the installer has promised that `fatal_error` may be called on any thread; both
            // strings end with a zero byte.
            Some(fatal_error) => unsafe { fatal_error(function.as_ptr(), message.as_ptr()) },
            None => {
                let (function, message) = (function.to_string_lossy(), message.to_string_lossy());
                eprintln!("Fatal Python error: {function}: {message}");
            }
        }
        std::process::abort();
    }
}
