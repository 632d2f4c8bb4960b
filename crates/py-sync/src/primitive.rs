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

#[cfg(not(all(test, loom)))]
mod world {
    pub(crate) use core::hint::spin_loop;
    use core::sync::atomic::Ordering;
    pub(crate) use core::sync::atomic::{
        AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, fence,
    };
    pub(crate) use std::thread::yield_now;

    /// Whether this is a model.
    pub(crate) const MODEL: bool = false;

    /// Buckets of the one static lot. A prime; CPython: `Python/parking_lot.c`, `NUM_BUCKETS`.
    pub(crate) const NUM_BUCKETS: usize = 257;

    /// True if threads run at the same time: only then is it of use to spin.
    ///
    /// Two threads may both ask. What must not be is one that waits for the other's answer: that may
    /// be a thread of the process from which this one was forked.
    #[inline]
    pub(crate) fn has_many_processors() -> bool {
        // No `OnceLock`: the child of a fork would wait for ever for a thread of its parent that was
        // asking. Who comes before the answer goes by what is said first.
        static ANSWER: AtomicU8 = AtomicU8::new(UNKNOWN);
        // Relaxed, here and below: the answer is all there is to know.
        match ANSWER.load(Ordering::Relaxed) {
            UNKNOWN => ask(&ANSWER),
            answer => answer == MANY,
        }
    }

    const UNKNOWN: u8 = 0;
    const ONE: u8 = 1;
    const MANY: u8 = 2;

    #[cold]
    fn ask(answer: &AtomicU8) -> bool {
        // Not known is many: a few wasted microseconds. Said before it is asked, since that allocates, and
        // the lock that this thread waits for may be the allocator's: it would ask again, for ever.
        answer.store(MANY, Ordering::Relaxed);
        let many = std::thread::available_parallelism().map_or(true, |n| n.get() > 1);
        answer.store(if many { MANY } else { ONE }, Ordering::Relaxed);
        many
    }

    /// A cell that crosses threads under a lock.
    #[derive(Debug, Default)]
    #[repr(transparent)]
    pub(crate) struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        pub(crate) const fn new(value: T) -> Self {
            UnsafeCell(core::cell::UnsafeCell::new(value))
        }

        pub(crate) fn into_inner(self) -> T {
            self.0.into_inner()
        }

        /// Hands `f` a pointer it may read through.
        #[inline]
        pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            f(self.0.get())
        }

        /// Hands `f` a pointer it may write through.
        #[inline]
        pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
        }
    }

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
