//! [design]: crate::design
#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(all(feature = "c-api", unix, not(miri), not(all(test, loom))))]
#[cfg_attr(docsrs, doc(cfg(feature = "c-api")))]
pub mod c_api;
mod deadline;
mod eval_breaker;
mod fork;
mod generation;
mod handle;
mod hooks;
mod ident;
mod info;
mod lazy_arc;
#[cfg(feature = "micro")]
#[cfg_attr(docsrs, doc(cfg(feature = "micro")))]
pub mod micro;
#[cfg(all(test, loom))]
mod model;
mod name;
mod os_ident;
mod retry;
mod runtime;
mod spin;
mod stack_size;
mod sync;
mod sys;
mod threads;
mod timeout;
mod tss;
mod worker;

#[cfg(any(doc, doctest))]
#[doc = include_str!("../DESIGN.md")]
pub mod design {}

pub use deadline::Deadline;
pub use eval_breaker::{EvalBreaker, Events};
pub use fork::{TooManyForkHooks, after_fork, on_fork_child};
pub use handle::{
    Builder, Handle, JoinError, Outcome, Panic, SetDoneError, StartError, State, start,
};
#[doc(hidden)]
pub use hooks::wrap_sleeps;
pub use hooks::{AlreadyInstalled, Hooks, Installed, install, installed};
pub use ident::{Ident, LogicalThread};
pub use info::{ThreadInfo, info};
pub use name::{NAME_MAX, current_name, set_current_name};
pub use os_ident::{OsIdent, native_id};
pub use retry::{AcquireStatus, acquire_across_signals, acquire_with_retries};
pub use runtime::Runtime;
pub use stack_size::{
    MIN_STACK_SIZE, StackSizeError, check_stack_size, set_stack_size, stack_size,
};
pub use threads::Threads;
pub use timeout::{Seconds, TIMEOUT_MAX, Timeout, TimeoutError};
pub use tss::Tss;
pub use worker::WorkerCache;

/// Registers this crate's fork handlers with `pthread_atfork`. A forked child then knows which
/// threads it has lost. Later calls do nothing.
///
/// On Linux, Android, macOS, the BSDs, Solaris and illumos this runs by itself before `main`, and
/// you need not call it. In a child our handler then runs before the program's own fork handlers,
/// so those may start threads, wait, wake and join. Two cases are left:
///
/// * On another unix (AIX, say) call it at the start of `main`, before the program registers
///   handlers of its own. Otherwise the first start of a thread calls it, or the first wait of
///   py-sync.
/// * A library that is loaded by `dlopen` (a Python extension) registers when it is loaded. The
///   program may have registered handlers before that. If such a handler uses the library in the
///   child, it calls [`after_fork`] first.
///
/// On a system where it does not run by itself, do not call it inside a fork handler: glibc before
/// 2.36 deadlocks when `pthread_atfork` is called there. On the other systems such a call does
/// nothing.
///
/// CPython: `Python/thread.c`, `PyThread_init_thread`.
///
/// ```
/// py_thread::init();
/// py_thread::init();
/// ```
#[doc(alias = "PyThread_init_thread")]
pub fn init() {
    // A failure (no memory) is reported by the first start, which tries again.
    drop(sys::before_main::register());
}

/// Sleeps for ever. A daemon thread calls it when its interpreter is gone. To end the thread
/// instead would unwind through frames that may not be unwound.
///
/// CPython: `Python/thread_pthread.h`, `PyThread_hang_thread`.
///
/// # Blocking
/// For ever; asynchronous procedure calls and signal handlers still run.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// # if !cfg!(miri) {
/// let handle = py_thread::start(|| py_thread::hang())?;
/// assert!(handle.join_timeout(Some(Duration::from_millis(5)))?.is_none());
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "PyThread_hang_thread")]
#[doc(alias = "PyThread_exit_thread")]
pub fn hang() -> ! {
    sys::hang()
}
