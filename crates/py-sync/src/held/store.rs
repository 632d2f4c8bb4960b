//! [`Store`] and [`Renewable`]: where records are kept.
//!
//! A record is written inside a lock call, and the caller may be the program's own allocator. So a store
//! never calls the global allocator: it takes its memory from the system's.

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

    /// Adds a value. If there is no memory, the value is dropped.
    pub(super) fn push(&mut self, value: T) {
        if self.len < self.capacity || self.grow() {
            // SAFETY: `len` is below the capacity, so this place is in the allocation.
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
        // SAFETY: neither `T` nor the array is of size zero.
        let memory = unsafe { System.alloc(layout) }.cast::<T>();
        if memory.is_null() {
            return false;
        }
        if self.len > 0 {
            // SAFETY: two allocations, each of at least `len` values; the old one holds `len` of them.
            unsafe { ptr::copy_nonoverlapping(self.first, memory, self.len) };
        }
        self.give_back();
        (self.first, self.capacity) = (memory, capacity);
        true
    }

    /// Frees the memory. The caller does not use it again.
    fn give_back(&mut self) {
        if self.capacity > 0 {
            let layout = Layout::array::<T>(self.capacity).expect("`grow` has made this layout");
            // SAFETY: allocated with this layout, by `grow`.
            unsafe { System.dealloc(self.first.cast(), layout) };
        }
    }

    pub(super) fn as_slice(&self) -> &[T] {
        match self.len {
            0 => &[],
            // SAFETY: the first `len` values are written, and stay so while `self` is borrowed.
            len => unsafe { slice::from_raw_parts(self.first, len) },
        }
    }

    /// Removes the value at `index`; the last value takes its place.
    pub(super) fn remove(&mut self, index: usize) {
        assert!(index < self.len, "the index is not below the length");
        self.len -= 1;
        // SAFETY: both places are below the old length, so they hold values. They may be the same place.
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

/// A std mutex that a forked child can replace if a thread of its parent held it.
pub(super) struct Renewable<T>(UnsafeCell<Mutex<T>>);

// SAFETY: a `Mutex` is `Sync`. Only `renew` writes to the cell, and then there is no other thread.
unsafe impl<T: Send> Sync for Renewable<T> {}

impl<T> Renewable<T> {
    const_fn! {
        pub(super) fn new(value: T) -> Renewable<T> {
            Renewable(UnsafeCell::new(Mutex::new(value)))
        }
    }

    fn mutex(&self) -> &Mutex<T> {
        // SAFETY: the cell lives as long as `self`, and `renew` writes to it only while there is one thread.
        self.0.with(|mutex| unsafe { &*mutex })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, T> {
        self.mutex().lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the mutex usable in a forked child. If no thread of the parent had it locked, `keep` edits
    /// the value; else the value may be half-written, and `empty` replaces it.
    ///
    /// # Safety
    ///
    /// The calling thread is the process's only one, and has not locked this mutex.
    pub(super) unsafe fn renew(&self, keep: impl FnOnce(&mut T), empty: T) {
        match self.mutex().try_lock() {
            Ok(mut value) => keep(&mut value),
            Err(TryLockError::Poisoned(value)) => keep(&mut value.into_inner()),
            Err(TryLockError::WouldBlock) => {
                // SAFETY: there is no other thread, and the only references to the mutex or its value
                // are on the stacks of the parent's threads. The old value is leaked.
                self.0
                    .with_mut(|mutex| unsafe { mutex.write(Mutex::new(empty)) });
            }
        }
    }
}

/// Appends the values in `from`. It allocates while `from` is not locked: the allocator may use our
/// locks, whose calls write records.
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
