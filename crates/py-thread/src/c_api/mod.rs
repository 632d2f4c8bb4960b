//! CPython's own symbols: `Python/thread.c` and `Python/thread_pthread.h` for C callers, with C's names,
//! signatures, layouts and meanings. On unix.
//!
//! A runtime exports them from its final crate (a `staticlib`, a `cdylib` or a program) with
//! [`export_c_api!`](crate::export_c_api). The feature alone exports nothing: it would collide with a
//! libpython in the same process. The header for C is `include/py_thread.h`; the example `c_threads` is
//! a program in C over it.
//!
//! Not here: the locks of that file, `PyThread_type_lock`, which are py-sync's (its part
//! `thread_lock`), so that this crate needs no other; and what makes or reads Python objects.
//! [`PyThread_Describe`] says what `PyThread_GetInfo` puts into one, [`PY_TIMEOUT_MAX`] what
//! `PyThread_ParseTimeoutArg` refuses.
//!
//! | file here | in CPython |
//! |---|---|
//! | `threads.rs` | `Python/thread_pthread.h`: start, join, detach, exit, idents; `Include/internal/pycore_pythread.h` |
//! | `storage.rs` | the same file: `PyThread_tss_*`, and the keys before them |
//! | `runtime.rs` | what those files take from `Include/internal/pycore_interp.h`; stack sizes |
//!
//! Keys of [`PyThread_tss_alloc`] are memory of the program's Rust allocator, not `PyMem_RawMalloc`'s.

// The names are C's.
#![allow(non_snake_case, non_camel_case_types)]

mod runtime;
mod storage;
mod symbols;
mod threads;

pub use runtime::*;
pub use storage::*;
#[doc(hidden)]
pub use symbols::{SIGNATURES, Signature};
pub use threads::*;

/// The number by which the C library knows a thread.
pub type PyThread_ident_t = core::ffi::c_ulonglong;
/// A thread that is neither joined nor detached.
pub type PyThread_handle_t = usize;
