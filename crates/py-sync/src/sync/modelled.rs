//! The shim of a model: loom's types, and two of ours that report what loom does not see.

use core::sync::atomic::Ordering::Relaxed;
pub(crate) use loom::cell::UnsafeCell;
pub(crate) use loom::hint::spin_loop;
pub(crate) use loom::sync::atomic::{
    AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, fence,
};
pub(crate) use loom::thread::yield_now;

pub(crate) const MODEL: bool = true;

/// Every key collides with every other.
pub(crate) const NUM_BUCKETS: usize = 1;

pub(crate) fn has_many_processors() -> bool {
    false
}

/// The first instant that has not always passed.
pub(crate) const TO_COME: u64 = u64::MAX / 2;

std::thread_local! {
    /// All threads of a model share one OS thread.
    static NOW: std::cell::Cell<u64> = const { std::cell::Cell::new(TO_COME - 1) };
}

/// The clock of deadlines. It stands still until a model sets it.
pub(crate) fn monotonic_ns() -> u64 {
    NOW.get()
}

pub(crate) fn set_monotonic_ns(now: u64) {
    NOW.set(now);
}

#[derive(Debug)]
pub(crate) struct Alive(UnsafeCell<()>);

impl Alive {
    pub(crate) fn new() -> Self {
        Alive(UnsafeCell::new(()))
    }

    pub(crate) fn touch(&self) {
        self.0.with(|_| ());
    }

    pub(crate) fn end(&self) {
        self.0.with_mut(|_| ());
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin(u64);

impl Origin {
    pub(crate) fn new() -> Self {
        // loom must not see the counter: it is not part of the model.
        static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
        Origin(NEXT.fetch_add(1, Relaxed))
    }

    pub(crate) fn check(self, actual: Origin) {
        assert_eq!(self, actual, "a pointer made for an earlier waiter");
    }
}

/// loom switches threads before an access, never after. So an access of this directly after the
/// exchange it belongs to is one step with it.
#[derive(Debug)]
pub(crate) struct OriginCell(std::sync::atomic::AtomicU64);

impl OriginCell {
    pub(crate) fn new() -> Self {
        OriginCell(std::sync::atomic::AtomicU64::new(0))
    }

    pub(crate) fn get(&self) -> Origin {
        Origin(self.0.load(Relaxed))
    }

    pub(crate) fn set(&self, origin: Origin) {
        self.0.store(origin.0, Relaxed);
    }
}

macro_rules! const_fn {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $ty:ty)?) -> $ret:ty $body:block) => {
        $(#[$meta])*
        $vis fn $name($($arg: $ty)?) -> $ret $body
    };
}

macro_rules! repeat {
    ($value:expr; $n:expr) => {
        core::array::from_fn::<_, { $n }, _>(|_| $value)
    };
}

macro_rules! lot_static {
    ($(#[$meta:meta])* static $name:ident: $ty:ty = $init:expr;) => {
        loom::lazy_static! {
            $(#[$meta])*
            static ref $name: $ty = $init;
        }
    };
}

macro_rules! local {
    ($(#[$meta:meta])* static $name:ident: $ty:ty = $init:expr;) => {
        loom::thread_local! {
            $(#[$meta])*
            static $name: $ty = $init;
        }
    };
}

pub(crate) use {const_fn, local, lot_static, repeat};
