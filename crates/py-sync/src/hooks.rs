//! What a thread does around a real sleep: give up its critical sections, detach from its runtime.
//!
//! ```text
//!   queued, bucket unlocked ─▶ suspend sections ─▶ detach ─▶ sleep ─▶ out of the queue
//!                                                                        │
//!                              resume sections ◀─ attach ◀───────────────┘
//! ```
//!
//! Two doors, neither of which lets this file know who is behind it:
//! * [`Runtime`], installed once per process by an embedder; py-thread keeps it, for its joins;
//! * [`SectionHooks`], a thread-local word that the critical sections set when the thread begins its
//!   first one. Before that a sleep pays one thread-local load, afterwards one call besides.
//!
//! Invariants:
//! * I1: hooks run only around a sleep with [`LockFlags::DETACH`] and a deadline other than "now",
//!   and never with a bucket locked.
//! * I2: a thread is out of every queue before `attach` and `resume` run: `attach` may never
//!   return (a runtime that is shutting down hangs its threads), and then no bucket holds a
//!   waiter on its stack.
//! * I3: between `suspend` and `attach` the thread's frame may be in a queue, and its sections are
//!   given up: a hook must not unwind, and one that panics aborts the process. What runs inside
//!   [`detached`] may.
//! * I4: who suspends resumes. A sleep inside [`detached`] finds the sections suspended, and leaves
//!   them so. A sleep inside `resume` finds the section that is being resumed suspended.
//!
//! CPython: `Python/pystate.c`, `_PyThreadState_Detach`, `_PyThreadState_Attach`;
//! `Python/critical_section.c`, `_PyCriticalSection_SuspendAll`, `_PyCriticalSection_Resume`.

use crate::flags::LockFlags;
use crate::sync::local;
use core::cell::Cell;

/// What a runtime wants to do around a sleep: release its GIL, run its signal handlers. It is
/// [`py_thread::Hooks`]: installed once, it holds for the waits of both crates.
///
/// ```
/// use core::ops::ControlFlow;
/// struct NoGil;
/// impl py_sync::Runtime for NoGil {
///     fn pending(&self) -> ControlFlow<()> { ControlFlow::Continue(()) }
/// }
/// assert!(py_sync::install(&NoGil).is_ok());
/// assert!(py_thread::installed().is_some());
/// ```
#[doc(inline)]
pub use py_thread::Hooks as Runtime;
#[doc(inline)]
pub use py_thread::{AlreadyInstalled, install};

/// True if a lock call by `flags`, whose sleep a signal has ended, is over. The runtime is asked if
/// they say so; without one the wait goes on, unless they say that it fails. CPython:
/// `Python/lock.c`, `_PyMutex_LockTimed`.
pub(crate) fn ends_wait(flags: LockFlags) -> bool {
    let asks = flags.contains(LockFlags::HANDLE_SIGNALS);
    match py_thread::installed().filter(|_| asks) {
        Some(runtime) => runtime.pending().is_break(),
        None => flags.contains(LockFlags::FAIL_IF_INTERRUPTED),
    }
}

/// True while the runtime has stopped all threads but the calling one. Who asks may have one lock
/// of two, so a panic ends here.
pub(crate) fn world_stopped() -> bool {
    py_thread::installed().is_some_and(|runtime| aborts_on_unwind(|| runtime.world_stopped()))
}

/// The two functions that the critical sections of a thread register when it begins its first.
#[derive(Debug)]
pub(crate) struct SectionHooks {
    /// Gives up all locks of the calling thread's sections; says how many sections are open, and
    /// 0 if there was nothing to give up.
    pub(crate) suspend: fn() -> u32,
    /// Takes those of its innermost section again. May sleep, and so come by here again (I4). Gets
    /// what `suspend` said.
    pub(crate) resume: fn(u32),
}

local! {
    static HOOKS: Cell<Option<&'static SectionHooks>> = Cell::new(None);
}

/// Says that the calling thread may have sections open from now on.
pub(crate) fn register_sections(hooks: &'static SectionHooks) {
    // A join suspends them too.
    py_thread::wrap_sleeps(|sleep| detached(sleep));
    HOOKS.with(|cell| cell.set(Some(hooks)));
}

/// A thread with its sections suspended and detached from its runtime; dropped, it is back.
struct Detached {
    sections: Option<(&'static SectionHooks, u32)>,
    runtime: Option<(&'static dyn Runtime, *mut ())>,
}

impl Detached {
    fn now() -> Detached {
        // A thread whose thread-locals are gone has no open section.
        let hooks = HOOKS.try_with(Cell::get).ok().flatten();
        aborts_on_unwind(|| Detached {
            sections: hooks.and_then(|hooks| match (hooks.suspend)() {
                0 => None,
                depth => Some((hooks, depth)),
            }),
            runtime: py_thread::installed()
                .and_then(|runtime| Some((runtime, runtime.detach_with()?))),
        })
    }
}

impl Drop for Detached {
    fn drop(&mut self) {
        if let Some((runtime, word)) = self.runtime {
            aborts_on_unwind(|| runtime.attach_with(word));
        }
        if let Some((hooks, depth)) = self.sections {
            (hooks.resume)(depth);
        }
    }
}

/// Runs `f`, which may block, with the calling thread detached: its critical sections suspended
/// and, if a [`Runtime`] is installed, off that too. Afterwards the thread is attached and its
/// innermost section is held again.
///
/// What the sections guard may be changed by other threads meanwhile. Sleeps inside `f` leave the
/// sections suspended; sections begun inside `f` must have ended when it returns.
///
/// CPython: `Include/ceval.h`, `Py_BEGIN_ALLOW_THREADS`.
///
/// # Blocking
///
/// Until the innermost section's locks are free again, and as the runtime's `attach`.
///
/// # Panics
///
/// If `f` does; the thread is attached and its section resumed on the way. In debug builds, if a
/// section begun inside `f` is still open.
///
/// # Examples
///
/// ```
/// use py_sync::{Mutex, detached, with_critical_section};
/// static ROOT: Mutex = Mutex::new();
/// with_critical_section(&ROOT, |_| {
///     let entries = detached(|| std::fs::read_dir("/").map(Iterator::count));
///     // Held again; other threads had it while the folder was read.
///     # drop(entries);
/// });
/// ```
#[doc(alias = "Py_BEGIN_ALLOW_THREADS")]
#[doc(alias = "Py_END_ALLOW_THREADS")]
pub fn detached<R>(f: impl FnOnce() -> R) -> R {
    let _back = Detached::now();
    f()
}

/// Runs `sleep` with the calling thread's sections suspended and the thread detached, if `flags`
/// say so.
pub(crate) fn around_sleep<R>(flags: LockFlags, sleep: impl FnOnce() -> R) -> R {
    if !flags.contains(LockFlags::DETACH) {
        return sleep();
    }
    // I3.
    aborts_on_unwind(|| {
        let back = Detached::now();
        let result = sleep();
        drop(back);
        result
    })
}

pub(crate) fn aborts_on_unwind<R>(f: impl FnOnce() -> R) -> R {
    let bomb = AbortOnUnwind;
    let result = f();
    core::mem::forget(bomb);
    result
}

/// I3. Ends the process if it is dropped: there is no way to unwind from where a waiter is queued.
#[derive(Debug)]
pub(crate) struct AbortOnUnwind;

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

    static LOCAL: SectionHooks = SectionHooks {
        suspend: || {
            trace("suspend");
            OPEN.get()
        },
        resume: |depth| {
            assert_eq!(depth, OPEN.get());
            trace("resume");
        },
    };

    std::thread_local! {
        static OPEN: Cell<u32> = const { Cell::new(0) };
    }

    #[test]
    fn who_suspends_resumes_around_a_detaching_sleep_only() {
        around_sleep(LockFlags::DETACH, || trace("before"));
        assert_eq!(TRACE.get(), ["", "", "before"]);
        register_sections(&LOCAL);
        OPEN.set(2);
        around_sleep(LockFlags::NONE, || trace("awake"));
        assert_eq!(TRACE.get(), ["", "before", "awake"]);
        around_sleep(LockFlags::DETACH, || trace("sleep"));
        assert_eq!(TRACE.get(), ["suspend", "sleep", "resume"]);
        detached(|| trace("read"));
        assert_eq!(TRACE.get(), ["suspend", "read", "resume"]);
        OPEN.set(0);
        around_sleep(LockFlags::DETACH, || trace("none open"));
        assert_eq!(TRACE.get(), ["resume", "suspend", "none open"]);
    }

    #[test]
    fn a_panic_in_detached_resumes() {
        register_sections(&LOCAL);
        OPEN.set(1);
        let panicking = || detached(|| panic!("in the call"));
        assert!(std::panic::catch_unwind(panicking).is_err());
        assert_eq!(TRACE.get(), ["", "suspend", "resume"]);
    }
}
