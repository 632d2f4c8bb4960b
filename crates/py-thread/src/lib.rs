#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod deadline;
mod eval_breaker;
mod fork;
mod handle;
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
pub use handle::{
    Builder, Handle, JoinError, Outcome, Panic, SetDoneError, StartError, State, start,
};
pub use ident::{Ident, LogicalThread};
pub use info::{ThreadInfo, info};
pub use name::{NAME_MAX, current_name, set_current_name};
pub use os_ident::{OsIdent, native_id};
pub use retry::{AcquireStatus, acquire_with_retries};
pub use runtime::Runtime;
pub use stack_size::{
    MIN_STACK_SIZE, StackSizeError, check_stack_size, set_stack_size, stack_size,
};
pub use threads::Threads;
pub use timeout::{Seconds, TIMEOUT_MAX, Timeout, TimeoutError};
pub use tss::Tss;
pub use worker::WorkerCache;

/// Makes ready what the crate needs of the system: that a forked child learns which threads it
/// lost. Starting a thread does it too, so nobody has to call this; later calls do nothing.
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
    drop(fork::register());
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
