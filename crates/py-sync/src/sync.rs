//! The shim: where the real world and the model (`primitive/modelled.rs`) part.
//!
//! Every other file takes its atomics, cells, thread-locals and yields from here and is the same
//! source in both worlds; what is replaced whole (a clock, a sleep, the words of a cell) chooses its
//! file in one place. The model is on in loom's builds of this crate's tests only, so nobody's own
//! `--cfg loom` takes `const fn new` from their statics.
//!
//! | here | for real | in a model |
//! |---|---|---|
//! | `AtomicU8` .. `AtomicPtr`, `fence` | `core` | loom's: every access a branch of the search |
//! | [`UnsafeCell`] | `core`, through `with` / `with_mut` | loom's: reports a data race |
//! | [`Alive`] | nothing | reports a touch of a waiter whose frame is gone |
//! | [`Origin`] | nothing | reports a pointer that was made for an earlier waiter at the same address |
//! | `const_fn!` | `const fn` | `fn`: loom's constructors are not const |
//! | `lot_static!` | a `static` of 257 buckets | one bucket, made anew in every execution |
//! | `local!` | `std::thread_local!` | loom's: its threads share one OS thread |
//! | [`MODEL`] | false | true: no forks, no debug checks by thread-locals, no time |
//! | [`has_many_processors`] | asks once | no, so nobody spins: it steers the search away from parking |
//!
//! A plain field that crosses threads must sit in [`UnsafeCell`]: behind a raw pointer alone the
//! model does not see it, and a missing ordering survives.

#[cfg_attr(all(test, loom), path = "sync/modelled.rs")]
mod native;

/// What a debug build looks after with thread-locals: who calls back, who waits for itself.
pub(crate) const CHECKED: bool = cfg!(debug_assertions) && !MODEL;

/// Miri runs a thousand times slower: loops are short.
pub(crate) const MIRI: bool = cfg!(miri);

pub(crate) use core::sync::atomic::Ordering;
pub(crate) use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
/// A handler and the thread it interrupts need the compiler's order only. No model sees it.
pub(crate) use core::sync::atomic::compiler_fence;
pub(crate) use native::*;
