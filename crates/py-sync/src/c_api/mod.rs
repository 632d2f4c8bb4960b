//! CPython's own symbols: `Python/lock.c`, `Python/parking_lot.c` and `Python/critical_section.c` for
//! C callers, with C's names, signatures, layouts and meanings.
//!
//! A runtime exports them from its final crate (a `staticlib`, a `cdylib` or a program) with
//! [`export_c_api!`](crate::export_c_api). The feature alone exports nothing: it would collide with a
//! libpython in the same process. The header for C is `include/py_sync.h`; a runtime in C of a hundred
//! lines is the example `c_runtime`.
//!
//! What only the runtime knows (its thread state, its signal handlers, how it dies) it passes once, by
//! [`PySync_Install`]. A process without a runtime may use the locks. Critical sections need an installed
//! runtime, since it is its `detach` that suspends them for a sleep.
//!
//! | file here | in CPython |
//! |---|---|
//! | `lock.rs`, `seq_lock.rs` | `Python/lock.c`, `Include/internal/pycore_lock.h` |
//! | `parking_lot.rs` | `Python/parking_lot.c`, `Include/internal/pycore_semaphore.h` |
//! | `critical_section.rs`, `chain.rs` | `Python/critical_section.c`, `Include/cpython/critical_section.h` |
//! | `thread_lock.rs` | the locks of `Python/thread.c` |
//! | `runtime.rs` | what those files take from `Python/pystate.c`, `Python/ceval_gil.c`, `Python/pylifecycle.c` |
//!
//! # Safety
//!
//! The functions are unsafe for one reason, as in C: the caller promises that a pointer to a lock is
//! aligned, that the lock is alive and does not move during the call, and that only these functions and
//! C's inlined fast paths touch it. All zero is a new lock. A function that asks for more says so.
//!
//! Misuse for which CPython ends the process ends it here too, by the runtime's `fatal_error` and with C's
//! words. So does misuse that C asserts in a debug build only (a read-write lock that is not locked).

// The names are C's.
#![allow(non_snake_case, non_camel_case_types)]

mod chain;
mod critical_section;
mod install;
mod lock;
mod parking_lot;
mod runtime;
mod seq_lock;
mod symbols;
mod thread_lock;

pub use chain::{PyCriticalSection, PyCriticalSection2};
pub use critical_section::*;
pub use install::PySync_Install;
pub use lock::*;
pub use parking_lot::*;
pub use runtime::*;
pub use seq_lock::*;
#[doc(hidden)]
pub use symbols::{SIGNATURES, Signature};
pub use thread_lock::*;

/// C's name of [`Mutex`](crate::Mutex).
pub type PyMutex = crate::mutex::Mutex;
/// C's name of [`Event`](crate::Event).
pub type PyEvent = crate::event::Event;
/// C's name of [`OnceFlag`](crate::OnceFlag).
pub type _PyOnceFlag = crate::once_flag::OnceFlag;
/// C's name of [`RawMutex`](crate::RawMutex).
pub type _PyRawMutex = crate::raw_mutex::RawMutex;
/// C's name of [`RecursiveMutex`](crate::RecursiveMutex).
pub type _PyRecursiveMutex = crate::recursive_mutex::RecursiveMutex;
/// C's name of [`RwMutex`](crate::RwMutex).
pub type _PyRWMutex = crate::rw_mutex::RwMutex;
/// C's name of [`Semaphore`](crate::Semaphore). C's own is the system's, and no smaller.
pub type _PySemaphore = crate::counting_semaphore::Semaphore;
/// C's name of [`SeqLock`](crate::SeqLock).
pub type _PySeqLock = crate::seq_lock::SeqLock;
/// Nanoseconds. A timeout below 0 is for ever.
pub type PyTime_t = i64;

/// C's timeout as ours.
fn timeout(ns: PyTime_t) -> Option<core::time::Duration> {
    u64::try_from(ns).ok().map(core::time::Duration::from_nanos)
}
