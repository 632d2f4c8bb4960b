//! [`Queue`]: the parked threads of one bucket, in the order of their arrival. The invariants are
//! in `waiter.rs`.
//!
//! CPython: `Include/internal/pycore_llist.h`.

#[cfg(feature = "diagnostics")]
use super::record::Record;
use super::waiter::{Class, Waiter};
use core::ptr;

/// The parked threads of one bucket, first in, first out.
#[derive(Debug)]
pub(crate) struct Queue {
    head: *const Waiter,
    tail: *const Waiter,
    len: usize,
}

impl Queue {
    pub(crate) const fn new() -> Queue {
        Queue {
            head: ptr::null(),
            tail: ptr::null(),
            len: 0,
        }
    }

    /// How many are parked, for all keys of the bucket together.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Appends `waiter`.
    ///
    /// # Safety
    ///
    /// The caller holds the bucket lock; `waiter` is in no queue and lives until it is out of
    /// this one.
    pub(crate) unsafe fn push_back(&mut self, waiter: *const Waiter) {
        let prev = self.tail;
        // SAFETY: `waiter` is the caller's and in no queue.
        unsafe { (*waiter).with(|s| (s.next, s.prev) = (ptr::null(), prev)) };
        match prev.is_null() {
            true => self.head = waiter,
            // SAFETY: in the queue, so alive (I2), under the bucket lock (I1).
            false => unsafe { (*prev).with(|s| s.next = waiter) },
        }
        self.tail = waiter;
        self.len += 1;
    }

    /// The first one parked on `key`; null if there is none.
    ///
    /// # Safety
    ///
    /// The caller holds the bucket lock.
    pub(crate) unsafe fn first(&self, key: usize) -> *const Waiter {
        let mut waiter = self.head;
        // SAFETY: in the queue, so alive (I2), under the bucket lock (I1).
        while !waiter.is_null() && unsafe { (*waiter).key } != key {
            // SAFETY: as above.
            waiter = unsafe { (*waiter).with(|s| s.next) };
        }
        waiter
    }

    /// The first one of this class parked on `key`; null if there is none.
    ///
    /// # Safety
    ///
    /// The caller holds the bucket lock.
    pub(super) unsafe fn first_of(&self, class: Class, key: usize) -> *const Waiter {
        // SAFETY: the caller's promise.
        let mut waiter = unsafe { self.first(key) };
        // SAFETY: in the queue, so alive (I2), under the bucket lock (I1).
        while !waiter.is_null() && unsafe { (*waiter).class() } != class {
            // SAFETY: as above.
            waiter = unsafe { self.next(waiter, key) };
        }
        waiter
    }

    /// The first one on standby for `key` that is not in flight; null if there is none.
    ///
    /// # Safety
    ///
    /// The caller holds the bucket lock.
    pub(crate) unsafe fn first_not_in_flight(&self, key: usize) -> *const Waiter {
        let mut waiter = self.head;
        // SAFETY: in the queue, so alive (I2), under the bucket lock (I1).
        while !waiter.is_null() && unsafe { (*waiter).key != key || (*waiter).is_in_flight() } {
            // SAFETY: as above.
            waiter = unsafe { (*waiter).with(|s| s.next) };
        }
        waiter
    }

    /// The next one parked on `key` behind `waiter`; null if there is none.
    ///
    /// # Safety
    ///
    /// The caller holds the bucket lock, and `waiter` is in this queue.
    pub(crate) unsafe fn next(&self, waiter: *const Waiter, key: usize) -> *const Waiter {
        // SAFETY: in the queue, so alive (I2), under the bucket lock (I1).
        let mut next = unsafe { (*waiter).with(|s| s.next) };
        // SAFETY: as above.
        while !next.is_null() && unsafe { (*next).key } != key {
            // SAFETY: as above.
            next = unsafe { (*next).with(|s| s.next) };
        }
        next
    }

    /// Takes `waiter` out.
    ///
    /// # Safety
    ///
    /// The caller holds the bucket lock, and `waiter` is in this queue.
    pub(crate) unsafe fn remove(&mut self, waiter: *const Waiter) {
        // SAFETY: in the queue, so alive (I2), under the bucket lock (I1).
        let (next, prev) = unsafe { (*waiter).with(|s| (s.next, s.prev)) };
        match prev.is_null() {
            true => self.head = next,
            // SAFETY: as above.
            false => unsafe { (*prev).with(|s| s.next = next) },
        }
        match next.is_null() {
            true => self.tail = prev,
            // SAFETY: as above.
            false => unsafe { (*next).with(|s| s.prev = prev) },
        }
        self.len -= 1;
    }

    /// Takes `waiter` out in order to post it: from here on its owner waits for the post.
    ///
    /// # Safety
    ///
    /// As for [`remove`](Queue::remove); and the caller posts it.
    pub(crate) unsafe fn take(&mut self, waiter: *const Waiter) {
        // SAFETY: the caller's promise.
        unsafe { self.remove(waiter) };
        // SAFETY: its owner cannot have left: it would have to take the bucket lock.
        unsafe { (*waiter).with(|s| s.unparking = true) };
    }

    /// Takes out all plain ones that are parked on `key`, as a list in their order.
    ///
    /// # Safety
    ///
    /// The caller holds the bucket lock, and posts each.
    pub(crate) unsafe fn take_all(&mut self, key: usize) -> *const Waiter {
        let mut taken = Queue::new();
        let mut waiter = self.head;
        while !waiter.is_null() {
            // SAFETY: in the queue, so alive (I2), under the bucket lock (I1).
            let next = unsafe { (*waiter).with(|s| s.next) };
            // SAFETY: as above.
            if unsafe { (*waiter).key == key && (*waiter).class() == Class::Plain } {
                // SAFETY: found in this queue; it lives until posted.
                unsafe { self.take(waiter) };
                // SAFETY: in no queue now, and alive until posted.
                unsafe { taken.push_back(waiter) };
            }
            waiter = next;
        }
        taken.head
    }

    /// Calls `f` with the key and the record of each waiter, in their order.
    ///
    /// # Safety
    ///
    /// The caller holds the bucket lock, and `f` takes no lock.
    #[cfg(feature = "diagnostics")]
    pub(crate) unsafe fn for_each(&self, mut f: impl FnMut(usize, &Record)) {
        let mut waiter = self.head;
        while !waiter.is_null() {
            // SAFETY: in the queue, so alive (I2); key and record never change.
            unsafe { f((*waiter).key, &(*waiter).record) };
            // SAFETY: as above, under the bucket lock (I1).
            waiter = unsafe { (*waiter).with(|s| s.next) };
        }
    }

    /// The first of all: of a list of waiters that were taken out of another queue.
    pub(crate) fn into_first(self) -> *const Waiter {
        self.head
    }
}
