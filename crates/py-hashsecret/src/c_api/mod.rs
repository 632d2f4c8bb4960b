//! CPython's own symbols: `Python/pyhash.c` and `Python/bootstrap_hash.c` for C callers, with C's names,
//! signatures, layouts and meanings.
//!
//! A runtime exports them from its final crate (a `staticlib`, a `cdylib` or a program) with
//! [`export_c_api!`](crate::export_c_api). The feature alone exports nothing: it would collide with a
//! libpython in the same process. The secret itself, `_Py_HashSecret`, is a variable of that crate, as
//! C's extension modules read it by its name. The header for C is `include/py_hashsecret.h`; the example
//! `c_hash` is a program in C over it.
//!
//! What only the runtime knows (how a thread lets others run while it sleeps, its handlers of signals,
//! its exceptions) it passes once, by [`PyHashSecret_Install`]. Without it, calls just fail.
//!
//! C's `_Py_HashRandomization_Init` takes and returns structures of CPython's own. Here it is
//! [`PyHashSecret_Init`], with the two fields that count; an embedder that has those structures writes
//! C's function over it in five lines.
//!
//! | file here | in CPython |
//! |---|---|
//! | `pyhash.rs` | `Python/pyhash.c`, `Include/internal/pycore_pyhash.h`, `Include/cpython/pyhash.h` |
//! | `bootstrap_hash.rs` | `Python/bootstrap_hash.c` |
//! | `runtime.rs` | what those files take from `Python/ceval_gil.c`, `Modules/signalmodule.c`, `Python/errors.c` |
//!
//! `/dev/urandom`, which is read where the kernel has no call for random bytes (Linux before 3.17), is
//! opened for each request, where C keeps it open; C's audit event for that open is not raised.

#![allow(unsafe_code, reason = "C's pointers")]
// The names are C's.
#![allow(non_snake_case, non_camel_case_types)]

mod bootstrap_hash;
mod pyhash;
mod runtime;
mod symbols;

pub use bootstrap_hash::*;
pub use pyhash::*;
pub use runtime::*;
#[doc(hidden)]
pub use symbols::{SIGNATURES, Signature};

/// A hash; -1 is for errors.
pub type Py_hash_t = isize;
/// A size, signed.
pub type Py_ssize_t = isize;
/// C's name of [`HashSecret`](crate::HashSecret): 24 bytes.
pub type _Py_HashSecret_t = crate::secret::HashSecret;
