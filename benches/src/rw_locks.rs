//! The readers-writer locks that are measured against each other, behind one trait.

use crate::cpython;
use std::cell::UnsafeCell;
use std::sync::OnceLock;

/// A readers-writer lock without data. What a lock inlines stays inlined, as in [`crate::locks`].
pub trait RwLock: Send + Sync {
    /// What the tables call it.
    const NAME: &'static str;
    /// An unlocked one.
    fn new() -> Self;
    /// Runs `f` as a reader.
    fn read<R>(&self, f: impl FnOnce() -> R) -> R;
    /// Runs `f` as the writer.
    fn write<R>(&self, f: impl FnOnce() -> R) -> R;
    /// False if it is not on this machine.
    fn exists() -> bool {
        true
    }
}

macro_rules! guarded {
    ($name:ident, $inner:ty, $label:literal, |$l:ident| $read:expr, $write:expr) => {
        #[doc = concat!("`", stringify!($inner), "`.")]
        pub struct $name($inner);
        impl RwLock for $name {
            const NAME: &'static str = $label;
            fn new() -> Self {
                $name(<$inner>::default())
            }
            #[inline]
            fn read<R>(&self, f: impl FnOnce() -> R) -> R {
                let $l = &self.0;
                let guard = $read;
                let result = f();
                drop(guard);
                result
            }
            #[inline]
            fn write<R>(&self, f: impl FnOnce() -> R) -> R {
                let $l = &self.0;
                let guard = $write;
                let result = f();
                drop(guard);
                result
            }
        }
    };
}

guarded!(
    Ours,
    py_sync::RwMutex,
    "py-sync",
    |l| l.read_guard(),
    l.write_guard()
);
guarded!(
    Pl13,
    parking_lot_13::RwLock<()>,
    "parking_lot 0.13",
    |l| l.read(),
    l.write()
);
guarded!(
    Pl12,
    parking_lot_12::RwLock<()>,
    "parking_lot 0.12",
    |l| l.read(),
    l.write()
);
guarded!(
    Std,
    std::sync::RwLock<()>,
    "std",
    |l| l.read().expect("nothing panics"),
    l.write().expect("nothing panics")
);
guarded!(Usync, usync::RwLock<()>, "usync", |l| l.read(), l.write());
guarded!(Spin, spin::RwLock<()>, "spin", |l| l.read(), l.write());

type WordFn = unsafe extern "C" fn(*mut usize);

/// CPython's four functions.
#[derive(Clone, Copy)]
struct CFunctions {
    read: WordFn,
    read_unlock: WordFn,
    write: WordFn,
    write_unlock: WordFn,
}

fn c_functions() -> Option<CFunctions> {
    static FUNCTIONS: OnceLock<Option<CFunctions>> = OnceLock::new();
    *FUNCTIONS.get_or_init(|| {
        // SAFETY: `Include/internal/pycore_lock.h`: all four take a `_PyRWMutex *`, a struct of
        // one word.
        unsafe {
            Some(CFunctions {
                read: cpython::symbol("_PyRWMutex_RLock")?,
                read_unlock: cpython::symbol("_PyRWMutex_RUnlock")?,
                write: cpython::symbol("_PyRWMutex_Lock")?,
                write_unlock: cpython::symbol("_PyRWMutex_Unlock")?,
            })
        }
    })
}

/// CPython's, which are function calls in C too.
pub struct C {
    word: UnsafeCell<usize>,
    functions: CFunctions,
}

// SAFETY: only the four functions touch the word, and they do so atomically.
unsafe impl Sync for C {}

impl RwLock for C {
    const NAME: &'static str = "CPython's C";

    fn new() -> Self {
        let functions = c_functions().expect("asked for only where it exists");
        C {
            word: UnsafeCell::new(0),
            functions,
        }
    }

    #[inline]
    fn read<R>(&self, f: impl FnOnce() -> R) -> R {
        // SAFETY: a _PyRWMutex is this one word, and it does not move while the call lasts.
        unsafe { (self.functions.read)(self.word.get()) };
        let result = f();
        // SAFETY: as above; read-locked above.
        unsafe { (self.functions.read_unlock)(self.word.get()) };
        result
    }

    #[inline]
    fn write<R>(&self, f: impl FnOnce() -> R) -> R {
        // SAFETY: a _PyRWMutex is this one word, and it does not move while the call lasts.
        unsafe { (self.functions.write)(self.word.get()) };
        let result = f();
        // SAFETY: as above; locked above.
        unsafe { (self.functions.write_unlock)(self.word.get()) };
        result
    }

    fn exists() -> bool {
        c_functions().is_some()
    }
}
