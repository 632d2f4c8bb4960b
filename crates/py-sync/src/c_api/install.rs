//! [`PySync_Install`]: the table of the runtime becomes that of the process, and of its sleeps.

use super::critical_section::{_PyCriticalSection_Resume, _PyCriticalSection_SuspendAll};
use super::runtime::{INSTALLED, PySync_Runtime, runtime};
use crate::hooks::{self, Runtime};
use crate::sync::{Relaxed, Release};
use core::ffi::c_int;
use core::mem::offset_of;
use core::ops::ControlFlow;
use core::ptr;

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
    if hooks::install(&Installed).is_err() {
        // Relaxed: no thread sleeps yet, so none has read the table.
        INSTALLED.store(null, Relaxed);
        return -1;
    }
    0
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
