//! The operating system: one file per family, all with one interface. Only the files below this
//! folder name `libc` or `windows_sys`.
//!
//! `std_threads` takes their place where there is neither (WebAssembly), and under Miri, which runs
//! std's threads. `model` takes their place under loom: it starts loom's threads, and panics when a
//! thread is settled twice or never.

pub(crate) mod wait;

#[cfg(all(test, loom))]
#[path = "model.rs"]
pub(crate) mod threads;
#[cfg(all(unix, not(miri), not(all(test, loom))))]
#[path = "unix.rs"]
mod threads;
#[cfg(all(windows, not(miri), not(all(test, loom))))]
#[path = "windows.rs"]
mod threads;
#[cfg(all(any(miri, not(any(unix, windows))), not(all(test, loom))))]
#[path = "std_threads.rs"]
mod threads;

pub(crate) mod before_main;

#[cfg(unix)]
#[path = "unix_process.rs"]
mod process;
#[cfg(windows)]
#[path = "windows_process.rs"]
mod process;
#[cfg(not(any(unix, windows)))]
#[path = "other_process.rs"]
mod process;

pub(crate) use process::*;
#[cfg(all(feature = "c-api", unix, not(miri), not(all(test, loom))))]
pub(crate) use threads::c;
pub(crate) use threads::{OsCell, OsThread, accepts_stack_size, spawn};

/// The work of a new thread. Never unwinds.
pub(crate) trait Main: Send + 'static {
    /// The thread's whole life.
    fn run(self: Box<Self>);
}
