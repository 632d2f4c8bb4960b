//! [`Store`] and [`Renewable`]: where records are kept.
//!
//! A record is written inside a lock call, and that may be a call of the program's own allocator. So
//! nothing here asks the global allocator for memory while a record is written: a store takes its
//! memory from the system's.

use crate::sync::{UnsafeCell, const_fn};
use core::{ptr, slice};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

/// Values in a row, in the system allocator's memory.
pub(super) struct Store<T: Copy> {
    /// Null while `capacity` is 0.
    first: *mut T,
    len: usize,
    capacity: usize,
}

// SAFETY: the memory is the store's own.
unsafe impl<T: Copy + Send> Send for Store<T> {}

impl<T: Copy> Store<T> {
    pub(super) const fn new() -> Store<T> {
        const { assert!(size_of::<T>() > 0) };
        Store {
            first: ptr::null_mut(),
            len: 0,
            capacity: 0,
        }
    }

    /// Adds a value; without memory it is left out.
    pub(super) fn push(&mut self, value: T) {
        if self.len < self.capacity || self.grow() {
            // SAFETY: below the capacity.
            unsafe { self.first.add(self.len).write(value) };
            self.len += 1;
        }
    }

    #[cold]
    fn grow(&mut self) -> bool {
        let capacity = (self.capacity * 2).max(16);
        let Ok(layout) = Layout::array::<T>(capacity) else {
            return false;
        };
        // SAFETY: the size is not zero.
        let memory = unsafe { System.alloc(layout) }.cast::<T>();
        if memory.is_null() {
            return false;
        }
        if self.len > 0 {
            // SAFETY: two pieces of memory, both of at least `len` values.
            unsafe { ptr::copy_nonoverlapping(self.first, memory, self.len) };
        }
        self.give_back();
        (self.first, self.capacity) = (memory, capacity);
        true
    }

    /// Gives the memory back, which is not used again.
    fn give_back(&mut self) {
        if self.capacity > 0 {
            let layout = Layout::array::<T>(self.capacity).expect("it was allocated with it");
            // SAFETY: allocated with this layout, by `grow`.
            unsafe { System.dealloc(self.first.cast(), layout) };
        }
    }

    pub(super) fn as_slice(&self) -> &[T] {
        match self.len {
            0 => &[],
            // SAFETY: so many values were written, and `self` is borrowed.
            len => unsafe { slice::from_raw_parts(self.first, len) },
        }
    }

    /// Takes out the value at `index`; the last one takes its place.
    pub(super) fn remove(&mut self, index: usize) {
        assert!(index < self.len, "there is no such value");
        self.len -= 1;
        // SAFETY: both are below the length before this call; they may be one.
        unsafe { self.first.add(index).write(self.first.add(self.len).read()) };
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        for index in (0..self.len).rev() {
            if !keep(&self.as_slice()[index]) {
                self.remove(index);
            }
        }
    }
}

impl<T: Copy> Drop for Store<T> {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// A std mutex that the child of a fork makes anew, if a thread of its parent held it.
pub(super) struct Renewable<T>(UnsafeCell<Mutex<T>>);

// SAFETY: a mutex, which only `renew` writes to, beside which nobody is.
unsafe impl<T: Send> Sync for Renewable<T> {}

impl<T> Renewable<T> {
    const_fn! {
        pub(super) fn new(value: T) -> Renewable<T> {
            Renewable(UnsafeCell::new(Mutex::new(value)))
        }
    }

    fn mutex(&self) -> &Mutex<T> {
        // SAFETY: alive as long as `self`, and nobody else is there when it is renewed.
        self.0.with(|mutex| unsafe { &*mutex })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, T> {
        self.mutex().lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Unlocks it in the child of a fork: what `keep` leaves of it, or `empty` if a thread of the
    /// parent was about to change it.
    ///
    /// # Safety
    ///
    /// The calling thread is the process's only one, and has it not locked.
    pub(super) unsafe fn renew(&self, keep: impl FnOnce(&mut T), empty: T) {
        match self.mutex().try_lock() {
            Ok(mut value) => keep(&mut value),
            Err(TryLockError::Poisoned(value)) => keep(&mut value.into_inner()),
            Err(TryLockError::WouldBlock) => {
                // SAFETY: nobody else is here, and no reference to the mutex or to its value is left
                // but on stacks that are gone. What it was is leaked: it may be half-written.
                self.0
                    .with_mut(|mutex| unsafe { mutex.write(Mutex::new(empty)) });
            }
        }
    }
}

/// Appends what is in `from`. Allocates without the lock only, as an allocator may use our locks.
pub(super) fn copy<T: Copy>(from: &Renewable<Store<T>>, copies: &mut Vec<T>) {
    let mut needed = 0;
    loop {
        copies.reserve(needed);
        let store = from.lock();
        needed = store.len;
        if copies.capacity() - copies.len() >= needed {
            copies.extend_from_slice(store.as_slice());
            return;
        }
    }
}
