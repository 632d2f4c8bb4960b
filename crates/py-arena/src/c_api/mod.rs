//! CPython's own symbols: `Python/pyarena.c` for C callers, with C's names, signatures and meanings.
//!
//! A runtime exports them from its final crate (a `staticlib`, a `cdylib` or a program) with
//! [`export_c_api!`](crate::export_c_api). The feature alone exports nothing: it would collide with a
//! libpython in the same process. The header for C is `include/py_arena.h`; the example `c_arena` is a
//! program in C over it.
//!
//! What only the runtime knows (its memory, how an object loses a reference, how `MemoryError` is set)
//! it passes once, by [`PyArena_Install`]. Without it memory is the program's allocator's.
//!
//! | file here | in CPython |
//! |---|---|
//! | `pyarena.rs` | `Python/pyarena.c`, `Include/internal/pycore_pyarena.h` |
//! | `runtime.rs` | what that file takes from `Objects/obmalloc.c`, `Objects/object.c`, `Python/errors.c` |
//!
//! Blocks are of C's sizes, header included (8224 bytes on 64-bit machines, of which 8192 are handed
//! out), each request has C's offset, and the first block is there from the start. What differs: the
//! head of the arena is larger, objects are in chunks of 1 to 64 KiB where C has a list, and they lose
//! their references before the blocks are freed, not after. A size that overflows is no memory.

// The names are C's.
#![allow(non_snake_case, non_camel_case_types)]

mod pyarena;
mod runtime;
mod symbols;

pub use pyarena::*;
pub use runtime::*;
#[doc(hidden)]
pub use symbols::{SIGNATURES, Signature};
