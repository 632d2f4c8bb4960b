//! The shim between this crate and its loom models: every other file takes its atomics, cells,
//! thread-locals and yields from here.
//!
//! `sync/native.rs` has the real ones, which are those of `sys` (or, in `benches/simulator`, of a simulated
//! machine), and `sync/modelled.rs` has those of a model. The rest of the crate is the same source for all.
//! Where a model replaces a whole part (a clock, a sleep, the words of a cell), one `mod` line chooses its
//! file. Models are built by loom builds of this crate's own tests only, so a program that sets
//! `--cfg loom` for itself still has `const fn new`.
//!
//! | here | outside a model | in a model |
//! |---|---|---|
//! | `AtomicU8` .. `AtomicPtr`, `fence` | `core` | loom's: every access is a branch of the search |
//! | [`UnsafeCell`] | `core`, through `with` / `with_mut` | loom's: reports a data race |
//! | [`Alive`] | nothing | reports a touch of a waiter whose frame is gone |
//! | [`Origin`] | nothing | reports a pointer that was made for an earlier waiter at the same address |
//! | `const_fn!` | `const fn` | `fn`: loom's constructors are not const |
//! | `lot_static!` | a `static` of 257 buckets | one bucket, made anew in every execution |
//! | `local!` | `std::thread_local!` | loom's: its threads share one OS thread |
//! | [`MODEL`] | false | true: no forks, no debug checks by thread-locals, no time |
//! | `monotonic_ns` | the monotonic clock | stands still until the model sets it |
//! | [`has_many_processors`] | asks once | no, so nobody spins: spins would hide the parking |
//!
//! A plain field that several threads access must be in an [`UnsafeCell`]. Behind a raw pointer alone
//! the model does not see it, and a missing ordering survives.

#[cfg_attr(all(test, loom), path = "sync/modelled.rs")]
mod native;

/// True if thread-locals check for misuse: a callback of the lot that calls into a lot, an initialiser
/// that waits for itself.
pub(crate) const CHECKED: bool = cfg!(debug_assertions) && !MODEL;

/// True in a build with the feature `gil-disabled`, for a runtime without a GIL.
pub(crate) const GIL_DISABLED: bool = cfg!(feature = "gil-disabled");

/// True in a build with the feature `deadlock`.
pub(crate) const DEADLOCK: bool = cfg!(feature = "deadlock");

/// Whether processes fork here. Under Miri and in models none does.
pub(crate) const FORKS: bool = cfg!(all(unix, not(miri))) && !MODEL;

/// Under Miri loops are short: it runs a thousand times slower.
pub(crate) const MIRI: bool = cfg!(miri);

pub(crate) use core::sync::atomic::Ordering;
pub(crate) use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
/// Between a signal handler and the thread that it interrupts, which need the compiler's order only.
/// No model sees it.
pub(crate) use core::sync::atomic::compiler_fence;
pub(crate) use native::*;
