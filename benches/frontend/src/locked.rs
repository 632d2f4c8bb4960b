//! Values behind our locks. CPython's locks carry no data, and neither do py-sync's: these types
//! put the value beside the lock. They are the only unsafe code of the frontend's own.

use crate::parts::{Account, Lock, Once, SharedLock, Turns};
use crate::table::Introduced;
use py_sync::{
    CriticalCell, Mutex, OnceFlag, RwMutex, with_critical_section_mutex,
    with_critical_section_mutex2,
};
use std::cell::UnsafeCell;
use std::convert::Infallible;

/// A value behind a one-byte mutex.
pub struct Locked<T> {
    mutex: Mutex,
    value: UnsafeCell<T>,
}

// SAFETY: the value is touched only by the holder of `mutex`, one thread at a time; `T: Send` lets
// each of them have it.
unsafe impl<T: Send> Sync for Locked<T> {}

impl<T: Send> Lock<T> for Locked<T> {
    fn new(value: T) -> Self {
        Locked {
            mutex: Mutex::new(),
            value: UnsafeCell::new(value),
        }
    }

    fn with<R>(&self, turns: &Turns, f: impl FnOnce(&mut T) -> R) -> R {
        let _held = turns.take(self.mutex.try_lock_guard(), || self.mutex.lock_guard());
        // SAFETY: we hold the mutex until the end of the call.
        f(unsafe { &mut *self.value.get() })
    }

    fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

/// A value behind a readers-writer mutex of one word.
pub struct RwLocked<T> {
    mutex: RwMutex,
    value: UnsafeCell<T>,
}

// SAFETY: the value is changed only by the writer, while no reader is there, so `T: Send`; readers
// share it, so `T: Sync`.
unsafe impl<T: Send + Sync> Sync for RwLocked<T> {}

impl<T: Send + Sync> SharedLock<T> for RwLocked<T> {
    fn new(value: T) -> Self {
        RwLocked {
            mutex: RwMutex::new(),
            value: UnsafeCell::new(value),
        }
    }

    fn read<R>(&self, turns: &Turns, f: impl FnOnce(&T) -> R) -> R {
        let _held = turns.take(self.mutex.try_read_guard(), || self.mutex.read_guard());
        // SAFETY: we are a reader until the end of the call, and so there is no writer.
        f(unsafe { &*self.value.get() })
    }

    fn write<R>(&self, turns: &Turns, f: impl FnOnce(&mut T) -> R) -> R {
        let _held = turns.take(self.mutex.try_write_guard(), || self.mutex.write_guard());
        // SAFETY: we are the writer until the end of the call, and so there is nobody else.
        f(unsafe { &mut *self.value.get() })
    }
}

/// A value made by whoever needs it first.
pub struct Lazy<T> {
    made: OnceFlag,
    value: UnsafeCell<Option<T>>,
}

// SAFETY: the value is written by the one thread that runs the flag's initialiser, and read only
// when the flag is done; it is made by one thread and used by others (`Send`), by several at a time
// (`Sync`).
unsafe impl<T: Send + Sync> Sync for Lazy<T> {}

impl<T: Send + Sync> Once<T> for Lazy<T> {
    fn new() -> Self {
        Lazy {
            made: OnceFlag::new(),
            value: UnsafeCell::new(None),
        }
    }

    fn get_or_make(&self, make: impl FnOnce() -> T) -> &T {
        let Ok(()) = self.made.call(|| {
            let value = make();
            // SAFETY: the flag runs one initialiser at a time, and lets nobody read before.
            unsafe { *self.value.get() = Some(value) };
            Ok::<(), Infallible>(())
        });
        self.get().expect("the initialiser has put it there")
    }

    fn get(&self) -> Option<&T> {
        if !self.made.is_done() {
            return None;
        }
        // SAFETY: done: nobody writes it any more.
        unsafe { (*self.value.get()).as_ref() }
    }
}

impl Account for CriticalCell<Introduced> {
    fn new() -> Self {
        CriticalCell::new(Introduced::default())
    }

    fn add(&self, what: Introduced, turns: &Turns) {
        turns.count(self.is_locked());
        with_critical_section_mutex(self, |account| account.set(account.copied() + what));
    }

    fn carry(from: &Self, to: &Self, what: Introduced, turns: &Turns) {
        turns.count(from.is_locked() || to.is_locked());
        with_critical_section_mutex2(from, to, |from, to| {
            let to = to.expect("the accounts of two files");
            from.set(from.copied() - what);
            to.set(to.copied() + what);
        });
    }

    fn value(&self) -> Introduced {
        with_critical_section_mutex(self, |account| account.copied())
    }
}
