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

#[cfg(all(test, loom))]
#[path = "primitive/modelled.rs"]
mod world;

/// What a simulated machine replaces: see `benches/machine`.
#[cfg(not(all(test, loom)))]
#[cfg_attr(simulated, path = "primitive/simulated.rs")]
#[cfg_attr(not(simulated), path = "primitive/hardware.rs")]
mod hardware;

#[cfg(not(all(test, loom)))]
mod world {
    pub(crate) use super::hardware::*;

    /// Whether this is a model.
    pub(crate) const MODEL: bool = false;

    /// Buckets of the one static lot. A prime; CPython: `Python/parking_lot.c`, `NUM_BUCKETS`.
    pub(crate) const NUM_BUCKETS: usize = 257;

    /// Marks how long a waiter on a stack may be touched. Nothing, outside a model.
    #[derive(Debug)]
    pub(crate) struct Alive;

    impl Alive {
        #[inline]
        pub(crate) fn new() -> Self {
            Alive
        }

        /// Another thread touches the waiter.
        #[inline]
        pub(crate) fn touch(&self) {}

        /// The owner's last act: the frame goes.
        #[inline]
        pub(crate) fn end(&self) {}
    }

    /// Stands for the provenance of a pointer to a waiter: which of those that lived at its address
    /// it was made for. Nothing, outside a model.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Origin;

    impl Origin {
        /// That of a waiter that is new.
        #[inline]
        pub(crate) fn new() -> Self {
            Origin
        }

        /// A pointer of this origin is used on the waiter of that one.
        #[inline]
        pub(crate) fn check(self, _: Origin) {}
    }

    /// The origin of the pointer in an atomic word, which goes where the pointer goes.
    #[derive(Debug)]
    pub(crate) struct OriginCell;

    impl OriginCell {
        #[inline]
        pub(crate) const fn new() -> Self {
            OriginCell
        }

        /// Of the pointer that an exchange has just replaced, or of that which was just seen.
        #[inline]
        pub(crate) fn get(&self) -> Origin {
            Origin
        }

        /// Of the pointer that an exchange has just put in.
        #[inline]
        pub(crate) fn set(&self, _: Origin) {}
    }

    macro_rules! const_fn {
        ($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $ty:ty)?) -> $ret:ty $body:block) => {
            $(#[$meta])*
            $vis const fn $name($($arg: $ty)?) -> $ret $body
        };
    }

    macro_rules! repeat {
        ($value:expr; $n:expr) => {
            [const { $value }; $n]
        };
    }

    macro_rules! lot_static {
        ($(#[$meta:meta])* static $name:ident: $ty:ty = $init:expr;) => {
            $(#[$meta])*
            static $name: $ty = $init;
        };
    }

    macro_rules! local {
        ($(#[$meta:meta])* static $name:ident: $ty:ty = $init:expr;) => {
            std::thread_local! {
                $(#[$meta])*
                static $name: $ty = const { $init };
            }
        };
    }

    pub(crate) use {const_fn, local, lot_static, repeat};
}

/// What a debug build looks after with thread-locals: who calls back, who waits for itself.
pub(crate) const CHECKED: bool = cfg!(debug_assertions) && !MODEL;

/// Miri runs a thousand times slower: loops are short.
pub(crate) const MIRI: bool = cfg!(miri);

pub(crate) use core::sync::atomic::Ordering;
pub(crate) use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
/// A handler and the thread it interrupts need the compiler's order only. No model sees it.
pub(crate) use core::sync::atomic::compiler_fence;
pub(crate) use world::*;
