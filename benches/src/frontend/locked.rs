//! Values behind our locks. The locks of py-sync carry no data, as CPython's do not: these types
//! put the value beside the lock, and are the only unsafe code of the frontend's own.

use super::parts::{Lock, Once, SharedLock, Turns};
use super::standin::{with_critical_section, with_critical_section2};
use py_sync::Mutex;
use std::cell::UnsafeCell;

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
        let free = self.mutex.try_lock_guard();
        turns.count(free.is_none());
        let _held = free.unwrap_or_else(|| self.mutex.lock_guard());
        // SAFETY: we hold the mutex until the end of the call.
        f(unsafe { &mut *self.value.get() })
    }

    unsafe fn section<R>(&self, turns: &Turns, f: impl FnOnce(&mut T) -> R) -> R {
        turns.count(self.mutex.is_locked());
        with_critical_section(&self.mutex, || {
            // SAFETY: the section holds the mutex while `f` runs: it sleeps nowhere, as the caller
            // promises, and so the section is not suspended.
            f(unsafe { &mut *self.value.get() })
        })
    }

    unsafe fn section2<R>(
        a: &Self,
        b: &Self,
        turns: &Turns,
        f: impl FnOnce(&mut T, &mut T) -> R,
    ) -> R {
        turns.count(a.mutex.is_locked() || b.mutex.is_locked());
        with_critical_section2(&a.mutex, &b.mutex, || {
            // SAFETY: as in `section`, for both; they are two objects, as the caller promises.
            unsafe { f(&mut *a.value.get(), &mut *b.value.get()) }
        })
    }

    fn into_inner(self) -> T {
        self.value.into_inner()
    }
}
pub use parking_lot_13::RwLock as RwLocked;
pub use std::sync::OnceLock as Lazy;
