//! [`PySync_Runtime`]: what the embedder knows and CPython's files take for granted.

use crate::Runtime;
use crate::sync::{Acquire, AtomicPtr, Relaxed, Release, local};
use core::cell::Cell;
use core::ffi::{CStr, c_char, c_int, c_ulonglong, c_void};
use core::mem::offset_of;
use core::ops::ControlFlow;
use core::ptr;
use py_thread::Ident;

use super::{_PyCriticalSection_Resume, _PyCriticalSection_SuspendAll};

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

static INSTALLED: AtomicPtr<PySync_Runtime> = AtomicPtr::new(ptr::null_mut());

/// Installs the runtime, once for the life of the process, for the C interface and for the waits of
/// Rust callers of this crate and of py-thread, as [`install`](crate::install) would. 0 if it did; -1,
/// and nothing is changed, if one is installed already or `runtime` was compiled with another header.
///
/// # Safety
///
/// `runtime` points to a table that is never changed or freed, and whose functions do what is said
/// with them. No thread sleeps yet.
pub unsafe fn PySync_Install(runtime: *const PySync_Runtime) -> c_int {
    const { assert!(offset_of!(PySync_Runtime, size) == 0) };
    // SAFETY: the caller promises that a table is there. Only its first field is read before it is known
    // that the rest has our layout.
    if runtime.is_null() || unsafe { *runtime.cast::<usize>() } != size_of::<PySync_Runtime>() {
        return -1;
    }
    let runtime = runtime.cast_mut();
    let null = ptr::null_mut();
    // Release: a thread that finds the table sees what was written to it. Relaxed on failure: nothing is
    // read through the other table.
    let first = INSTALLED.compare_exchange(null, runtime, Release, Relaxed);
    if first.is_err() {
        return -1;
    }
    if crate::install(&Installed).is_err() {
        // Relaxed: no thread sleeps yet, so none has read the table.
        INSTALLED.store(null, Relaxed);
        return -1;
    }
    0
}

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

/// The installed table as a [`Runtime`].
struct Installed;

impl Runtime for Installed {
    fn detach_with(&self) -> Option<*mut ()> {
        let runtime = runtime();
        match runtime.detach {
            Some(detach) => {
                // SAFETY: the installer has promised that `detach` may be called before a sleep.
                let thread = unsafe { detach() };
                (!thread.is_null()).then_some(thread.cast())
            }
            None => {
                let thread = runtime.current_thread();
                // SAFETY: `thread` is the state of the calling thread.
                unsafe { _PyCriticalSection_SuspendAll(thread) };
                Some(thread.cast())
            }
        }
    }

    fn attach_with(&self, thread: *mut ()) {
        let runtime = runtime();
        match (runtime.detach, runtime.attach) {
            // SAFETY: the installer has promised that `attach` may be called after a sleep, with what
            // `detach` has returned.
            (Some(_), Some(attach)) => unsafe { attach(thread.cast()) },
            (Some(_), None) => {}
            // SAFETY: `thread` is the state of the calling thread, which `detach_with` has returned.
            (None, _) => unsafe { _PyCriticalSection_Resume(thread.cast()) },
        }
    }

    /// The sleeps call the form with a word; without one, C's `attach` could not be called.
    fn detach(&self) -> bool {
        false
    }

    fn attach(&self) {}

    fn pending(&self) -> ControlFlow<()> {
        match runtime().make_pending_calls {
            // SAFETY: the installer has promised that `make_pending_calls` may be called after a signal.
            Some(calls) if unsafe { calls() } < 0 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }

    fn world_stopped(&self) -> bool {
        runtime().world_stopped()
    }
}
