//! The shim outside a model: what a model replaces, under the same names.

pub(crate) use crate::sys::hardware::*;
pub(crate) use crate::sys::monotonic_ns;

/// Whether this is a model.
pub(crate) const MODEL: bool = false;

/// Buckets of the one static lot. A prime; CPython: `Python/parking_lot.c`, `NUM_BUCKETS`.
pub(crate) const NUM_BUCKETS: usize = 257;

/// Marks how long a waiter on a stack may be touched. It does nothing outside a model.
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

/// Stands for the provenance of a pointer to a waiter: for which of the waiters that lived at its
/// address it was made. It does nothing outside a model.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin;

impl Origin {
    /// The origin of a new waiter.
    #[inline]
    pub(crate) fn new() -> Self {
        Origin
    }

    /// A pointer of this origin is about to be followed to a waiter of that origin.
    #[inline]
    pub(crate) fn check(self, _: Origin) {}
}

/// The origin of the pointer in an atomic word: it is set and read with the pointer.
#[derive(Debug)]
pub(crate) struct OriginCell;

impl OriginCell {
    #[inline]
    pub(crate) const fn new() -> Self {
        OriginCell
    }

    /// The origin of the pointer that an exchange has just replaced, or that a load has just seen.
    #[inline]
    pub(crate) fn get(&self) -> Origin {
        Origin
    }

    /// Sets the origin of the pointer that an exchange has just put in.
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
