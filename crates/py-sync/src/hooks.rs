//! What a thread does around a real sleep: give up its critical sections, detach from its runtime.
//!
//! ```text
//!   queued, bucket unlocked ─▶ suspend sections ─▶ detach ─▶ sleep ─▶ out of the queue
//!                                                                        │
//!                              resume sections ◀─ attach ◀───────────────┘
//! ```
//!
//! Two doors, neither of which lets this file know who is behind it:
//! * [`Runtime`], installed once per process by an embedder;
//! * [`SectionDoor`], a thread-local word that the critical sections set while the thread has one
//!   open. With none open a sleep pays one thread-local load.
//!
//! Invariants:
//! * I1: hooks run only around a sleep with [`LockFlags::DETACH`] and a deadline other than "now",
//!   and never with a bucket locked.
//! * I2: a thread is out of every queue before `attach` and `resume` run: `attach` may never
//!   return (a runtime that is shutting down hangs its threads), and then no bucket holds a
//!   waiter on its stack.
//! * I3: between `suspend` and `attach` the thread's frame is in a queue, so a hook must not
//!   unwind: one that panics aborts the process.
//!
//! CPython: `Python/pystate.c`, `_PyThreadState_Detach`, `_PyThreadState_Attach`;
//! `Python/critical_section.c`, `_PyCriticalSection_SuspendAll`, `_PyCriticalSection_Resume`.

use crate::flags::LockFlags;
use crate::primitive::local;
use core::cell::Cell;
use core::fmt;
use core::ops::ControlFlow;
use std::sync::OnceLock;

/// What a runtime wants to do around a sleep: release its GIL, run its signal handlers.
///
/// A hook that panics aborts the process. `pending` alone may panic.
///
/// ```
/// use core::ops::ControlFlow;
/// struct NoGil;
/// impl py_sync::Runtime for NoGil {
///     fn detach(&self) -> bool { false }
///     fn attach(&self) {}
///     fn pending(&self) -> ControlFlow<()> { ControlFlow::Continue(()) }
///     fn world_stopped(&self) -> bool { false }
/// }
/// assert!(py_sync::install(&NoGil).is_ok());
/// ```
pub trait Runtime: Sync {
    /// The calling thread is about to sleep. True if it was attached, and so must be attached
    /// again afterwards; false for a thread the runtime does not know.
    #[doc(alias = "PyEval_ReleaseThread")]
    fn detach(&self) -> bool;

    /// The calling thread has woken, and `detach` said true. May block, and may never return.
    #[doc(alias = "PyEval_AcquireThread")]
    fn attach(&self);

    /// A signal may have arrived while the calling thread, now attached again, waited with
    /// [`LockFlags::HANDLE_SIGNALS`]. `Break` ends the wait with
    /// [`LockStatus::Intr`](crate::LockStatus::Intr).
    #[doc(alias = "Py_MakePendingCalls")]
    fn pending(&self) -> ControlFlow<()>;

    /// True while the runtime has stopped all threads but the calling one.
    fn world_stopped(&self) -> bool;
}

static RUNTIME: OnceLock<&'static dyn Runtime> = OnceLock::new();

/// Why [`install`] refused.
///
/// ```
/// # struct Nop;
/// # impl py_sync::Runtime for Nop {
/// #     fn detach(&self) -> bool { false }
/// #     fn attach(&self) {}
/// #     fn pending(&self) -> core::ops::ControlFlow<()> { core::ops::ControlFlow::Continue(()) }
/// #     fn world_stopped(&self) -> bool { false }
/// # }
/// py_sync::install(&Nop).unwrap();
/// let error: py_sync::AlreadyInstalled = py_sync::install(&Nop).unwrap_err();
/// assert_eq!(error.to_string(), "a runtime is already installed");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlreadyInstalled;

impl fmt::Display for AlreadyInstalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a runtime is already installed")
    }
}

impl core::error::Error for AlreadyInstalled {}

/// Installs the hooks, once for the life of the process.
///
/// A thread that already sleeps is not told: install before the first thread starts.
///
/// # Errors
///
/// If a runtime is installed already. It stays.
///
/// # Examples
///
/// See [`Runtime`].
pub fn install(runtime: &'static dyn Runtime) -> Result<(), AlreadyInstalled> {
    RUNTIME.set(runtime).map_err(|_| AlreadyInstalled)
}

/// Asks the runtime whether a wait that a signal has ended goes on. Without one it does.
pub(crate) fn pending() -> ControlFlow<()> {
    match RUNTIME.get() {
        Some(runtime) => runtime.pending(),
        None => ControlFlow::Continue(()),
    }
}

/// The two functions that the critical sections of a thread register while one is open.
#[derive(Debug)]
pub(crate) struct SectionDoor {
    /// Gives up all locks of the calling thread's sections.
    pub(crate) suspend: fn(),
    /// Takes those of its innermost section again. May sleep, and so suspend and resume itself.
    pub(crate) resume: fn(),
}

local! {
    static OPEN: Cell<Option<&'static SectionDoor>> = Cell::new(None);
}

/// Says that the calling thread has an open section (`Some`) or no longer has (`None`), and
/// returns what was there.
#[allow(dead_code, reason = "the critical sections call it")]
pub(crate) fn set_open_sections(
    door: Option<&'static SectionDoor>,
) -> Option<&'static SectionDoor> {
    OPEN.with(|open| open.replace(door))
}

/// Runs `sleep` with the calling thread's sections suspended and the thread detached, if `flags`
/// say so.
pub(crate) fn around_sleep<R>(flags: LockFlags, sleep: impl FnOnce() -> R) -> R {
    if !flags.contains(LockFlags::DETACH) {
        return sleep();
    }
    let bomb = AbortOnUnwind;
    // A thread whose thread-locals are gone has no open section.
    let sections = OPEN.try_with(Cell::get).ok().flatten();
    if let Some(door) = sections {
        (door.suspend)();
    }
    let runtime = RUNTIME.get().filter(|runtime| runtime.detach());
    let result = sleep();
    if let Some(runtime) = runtime {
        runtime.attach();
    }
    if let Some(door) = sections {
        (door.resume)();
    }
    core::mem::forget(bomb);
    result
}

/// I3.
struct AbortOnUnwind;

impl Drop for AbortOnUnwind {
    fn drop(&mut self) {
        std::process::abort();
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    std::thread_local! {
        static TRACE: Cell<[&'static str; 3]> = const { Cell::new([""; 3]) };
    }

    fn trace(what: &'static str) {
        let [_, a, b] = TRACE.get();
        TRACE.set([a, b, what]);
    }

    static DOOR: SectionDoor = SectionDoor {
        suspend: || trace("suspend"),
        resume: || trace("resume"),
    };

    #[test]
    fn open_sections_are_suspended_around_a_detaching_sleep_only() {
        assert!(set_open_sections(Some(&DOOR)).is_none());
        around_sleep(LockFlags::NONE, || trace("awake"));
        assert_eq!(TRACE.get(), ["", "", "awake"]);
        around_sleep(LockFlags::DETACH, || trace("sleep"));
        assert_eq!(TRACE.get(), ["suspend", "sleep", "resume"]);
        assert!(set_open_sections(None).is_some());
        around_sleep(LockFlags::DETACH, || trace("closed"));
        assert_eq!(TRACE.get(), ["sleep", "resume", "closed"]);
    }
}
