//! What a thread does around a real sleep: it suspends its critical sections and detaches from its
//! runtime.
//!
//! ```text
//!   queued, bucket unlocked ─▶ suspend sections ─▶ detach ─▶ sleep ─▶ out of the queue
//!                                                                        │
//!                              resume sections ◀─ attach ◀───────────────┘
//! ```
//!
//! There are two sets of hooks. This file does not depend on what is behind either:
//! * [`Runtime`], installed once per process by an embedder; py-thread keeps it, for its joins;
//! * [`SectionHooks`], which the critical sections register for a thread when it begins its first one.
//!   Before that a sleep costs one thread-local load, afterwards one call more.
//!
//! Invariants:
//! * I1: hooks run only around a sleep with [`LockFlags::DETACH`] and a deadline other than "now", and
//!   never with a bucket locked.
//! * I2: a thread is out of every queue before `attach` and `resume` run. `attach` may never return (a
//!   runtime that is shutting down hangs its threads), and then no bucket holds a waiter of its stack.
//! * I3: between `suspend` and `attach` a waiter of the thread may be queued, and its sections are not
//!   held. So a hook must not unwind: one that panics aborts the process. The closure of [`detached`]
//!   may panic.
//! * I4: the call that suspends also resumes. A sleep inside [`detached`] finds the sections suspended
//!   and leaves them so. A sleep inside `resume` finds the section that is being resumed suspended.
//!
//! CPython: `Python/pystate.c`, `_PyThreadState_Detach`, `_PyThreadState_Attach`;
//! `Python/critical_section.c`, `_PyCriticalSection_SuspendAll`, `_PyCriticalSection_Resume`.

use crate::flags::LockFlags;
use crate::sync::local;
use core::cell::Cell;

/// What a runtime does around a sleep: release its GIL, run its signal handlers. It is
/// [`py_thread::Hooks`]: installed once, it serves the waits of both crates.
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

/// True if a signal that ended a sleep also ends the lock call. With `HANDLE_SIGNALS` the runtime is
/// asked. Without a runtime, or without that flag, the call ends if `FAIL_IF_INTERRUPTED` is set.
/// CPython: `Python/lock.c`, `_PyMutex_LockTimed`.
pub(crate) fn ends_wait(flags: LockFlags) -> bool {
    let asks = flags.contains(LockFlags::HANDLE_SIGNALS);
    match py_thread::installed().filter(|_| asks) {
        Some(runtime) => runtime.pending().is_break(),
        None => flags.contains(LockFlags::FAIL_IF_INTERRUPTED),
    }
}

/// True while the runtime has stopped all threads but the calling one. The caller may hold one lock of
/// a pair, so a panic of the runtime aborts.
pub(crate) fn world_stopped() -> bool {
    py_thread::installed().is_some_and(|runtime| aborts_on_unwind(|| runtime.world_stopped()))
}

/// The two functions that the critical sections of a thread register when it begins its first.
#[derive(Debug)]
pub(crate) struct SectionHooks {
    /// Unlocks all sections of the calling thread. Returns how many sections are open, or 0 if none was
    /// held.
    pub(crate) suspend: fn() -> u32,
    /// Locks its innermost section again. It may sleep, and so call `suspend` again (I4). Its argument is
    /// what `suspend` has returned.
    pub(crate) resume: fn(u32),
}

local! {
    static HOOKS: Cell<Option<&'static SectionHooks>> = Cell::new(None);
}

/// From now on the calling thread may have sections open: its sleeps call these hooks.
pub(crate) fn register_sections(hooks: &'static SectionHooks) {
    // A join suspends them too.
    py_thread::wrap_sleeps(|sleep| detached(sleep));
    HOOKS.with(|cell| cell.set(Some(hooks)));
}

/// The calling thread is detached, and its sections are suspended. Dropped, it attaches and resumes.
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

/// Runs `f`, which may block, with the calling thread's critical sections suspended and the thread
/// detached from the [`Runtime`], if one is installed. Afterwards the thread is attached and its
/// innermost section is held again.
///
/// Meanwhile other threads may change what the sections guard. Sleeps inside `f` leave the sections
/// suspended. Sections that begin inside `f` must end before it returns.
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
/// say so. If `sleep` panics, the process aborts.
pub(crate) fn around_sleep<R>(flags: LockFlags, sleep: impl FnOnce() -> R) -> R {
    // A waiter is queued: nothing may unwind (I3).
    aborts_on_unwind(|| {
        let back = flags.contains(LockFlags::DETACH).then(Detached::now);
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

/// Aborts the process if it is dropped: a frame whose waiter is queued cannot unwind (I3).
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
    fn sections_are_suspended_and_resumed_around_a_detaching_sleep_only() {
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
