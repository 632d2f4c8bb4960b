#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

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
mod primitive;
mod retry;
mod runtime;
mod spin;
mod stack_size;
mod sys;
mod threads;
mod timeout;
mod tss;
mod worker;

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

/// Makes ready what the crate needs of the system: that a forked child learns which threads it
/// lost, by `pthread_atfork`. Later calls do nothing.
///
/// On Linux, Android, macOS, the BSDs, Solaris and illumos this runs by itself before `main`, so that
/// in a child it comes before the program's own fork handlers: those may start threads, wait, wake
/// and join. Nobody has to call it there. Two cases are left:
///
/// * On another unix (AIX, say) call it at the start of `main`, before the program registers
///   handlers of its own. Otherwise the first start of a thread does, or the first wait of py-sync.
/// * A library that is loaded by `dlopen` (a Python extension) is initialised when it is loaded,
///   perhaps after the program registered handlers. One of those that uses the library in the child
///   calls [`after_fork`] first.
///
/// Do not call it from inside a fork handler where it does not run by itself: glibc before 2.36
/// deadlocks when `pthread_atfork` is called there. Where it does, such a call does nothing.
///
/// CPython: `Python/thread.c`, `PyThread_init_thread`.
///
/// ```
/// py_thread::init();
/// py_thread::init();
/// ```
#[doc(alias = "PyThread_init_thread")]
pub fn init() {
    // A failure (no memory) comes back with the first start, which tries again.
    drop(sys::before_main::register());
}

/// Sleeps for ever: for a daemon thread that comes back to an interpreter which is gone. Ending the
/// thread would unwind through frames that may not be unwound.
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
