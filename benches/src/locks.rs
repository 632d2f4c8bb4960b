//! The mutexes that are measured against each other, behind one trait.

use crate::cpython;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

/// A mutex without data. `with` is monomorphised, so that what a lock inlines stays inlined.
pub trait Lock: Send + Sync {
    /// What the tables call it.
    const NAME: &'static str;
    /// An unlocked one.
    fn new() -> Self;
    /// Runs `f` while holding it.
    fn with<R>(&self, f: impl FnOnce() -> R) -> R;
    /// False if it is not on this machine.
    fn exists() -> bool {
        true
    }
}

macro_rules! guarded {
    ($name:ident, $inner:ty, $label:literal, |$m:ident| $lock:expr) => {
        #[doc = concat!("`", stringify!($inner), "`.")]
        pub struct $name($inner);
        impl Lock for $name {
            const NAME: &'static str = $label;
            fn new() -> Self {
                $name(<$inner>::default())
            }
            #[inline]
            fn with<R>(&self, f: impl FnOnce() -> R) -> R {
                let $m = &self.0;
                let guard = $lock;
                let result = f();
                drop(guard);
                result
            }
        }
    };
}

guarded!(Ours, py_sync::Mutex, "py-sync", |m| m.lock_guard());
guarded!(Pl13, parking_lot_13::Mutex<()>, "parking_lot 0.13", |m| m
    .lock());
guarded!(Pl12, parking_lot_12::Mutex<()>, "parking_lot 0.12", |m| m
    .lock());
guarded!(Std, std::sync::Mutex<()>, "std", |m| m
    .lock()
    .expect("nothing panics"));
guarded!(Usync, usync::Mutex<()>, "usync", |m| m.lock());
guarded!(Spin, spin::Mutex<()>, "spin", |m| m.lock());

type MutexFn = unsafe extern "C" fn(*mut u8);

/// CPython's two functions.
#[derive(Clone, Copy)]
pub struct CFunctions {
    lock: MutexFn,
    unlock: MutexFn,
}

/// `PyMutex_Lock` and `PyMutex_Unlock`, if there is a libpython.
pub fn c_functions() -> Option<CFunctions> {
    static FUNCTIONS: OnceLock<Option<CFunctions>> = OnceLock::new();
    *FUNCTIONS.get_or_init(|| {
        // SAFETY: `Include/cpython/lock.h`: both take a `PyMutex *`, a struct of one byte.
        unsafe {
            Some(CFunctions {
                lock: cpython::symbol("PyMutex_Lock")?,
                unlock: cpython::symbol("PyMutex_Unlock")?,
            })
        }
    })
}

/// CPython's, as a C extension compiles it: the macros' compare-exchange in place, and a call when
/// that fails.
pub struct C {
    byte: AtomicU8,
    functions: CFunctions,
}

impl Lock for C {
    const NAME: &'static str = "CPython's C";

    fn new() -> Self {
        let functions = c_functions().expect("asked for only where it exists");
        C {
            byte: AtomicU8::new(0),
            functions,
        }
    }

    #[inline]
    fn with<R>(&self, f: impl FnOnce() -> R) -> R {
        let swap = |from, to| {
            // As the macros do: sequentially consistent.
            let (ok, failed) = (Ordering::SeqCst, Ordering::SeqCst);
            self.byte.compare_exchange(from, to, ok, failed).is_ok()
        };
        if !swap(0, 1) {
            // SAFETY: a PyMutex is this one byte, and it does not move while the call lasts.
            unsafe { (self.functions.lock)(self.byte.as_ptr()) };
        }
        let result = f();
        if !swap(1, 0) {
            // SAFETY: as above; locked above.
            unsafe { (self.functions.unlock)(self.byte.as_ptr()) };
        }
        result
    }

    fn exists() -> bool {
        c_functions().is_some()
    }
}

/// CPython's by function call both ways, as every other language sees it.
pub struct CCalled(C);

impl Lock for CCalled {
    const NAME: &'static str = "CPython's C, called";

    fn new() -> Self {
        CCalled(C::new())
    }

    #[inline]
    fn with<R>(&self, f: impl FnOnce() -> R) -> R {
        // SAFETY: a PyMutex is this one byte, and it does not move while the call lasts.
        unsafe { (self.0.functions.lock)(self.0.byte.as_ptr()) };
        let result = f();
        // SAFETY: as above; locked above.
        unsafe { (self.0.functions.unlock)(self.0.byte.as_ptr()) };
        result
    }

    fn exists() -> bool {
        C::exists()
    }
}
