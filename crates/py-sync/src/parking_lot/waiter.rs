//! [`Waiter`], a parked thread on its own stack, and [`Queue`], the list of them in a bucket.
//!
//! Invariants:
//! * I1: everything in a waiter but its semaphore, its key and its record is read and written under the lock
//!   of its bucket, with two exceptions: an un-parker that has taken waiters out owns their links
//!   until it posts them, and a woken owner owns all of it.
//! * I2: a waiter in the queue is alive. Its owner returns only after it was posted, or after it
//!   took itself out under the bucket lock having found that nobody else had.
//! * I3: `unparking` goes from false to true when the waiter leaves the queue by somebody else's
//!   hand, under the bucket lock. From then on a post is sure to come.
//!
//! CPython: `Python/parking_lot.c`, `struct wait_entry`; `Include/internal/pycore_llist.h`.

use super::record::Record;
use crate::deadline::Deadline;
use crate::primitive::{Alive, UnsafeCell};
use crate::semaphore::{Semaphore, Wake};
use core::ptr;

/// What a parked thread and its un-parker tell each other, under the bucket lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ticket {
    /// From the parked thread: for a mutex, its time to be fair.
    pub(crate) token: u64,
    /// To the parked thread: for a mutex, whether it was handed over. 0 until written.
    pub(crate) reply: u32,
}

#[derive(Debug)]
struct State {
    next: *const Waiter,
    prev: *const Waiter,
    unparking: bool,
    ticket: Ticket,
}

/// A parked thread.
#[derive(Debug)]
pub(crate) struct Waiter {
    key: usize,
    #[cfg_attr(
        not(feature = "diagnostics"),
        allow(dead_code, reason = "of no size, and told to nobody")
    )]
    record: Record,
    semaphore: Semaphore,
    state: UnsafeCell<State>,
    alive: Alive,
}

impl Waiter {
    pub(crate) fn new(key: usize, token: u64, record: Record) -> Waiter {
        let state = State {
            next: ptr::null(),
            prev: ptr::null(),
            unparking: false,
            ticket: Ticket { token, reply: 0 },
        };
        Waiter {
            key,
            record,
            semaphore: Semaphore::new(),
            state: UnsafeCell::new(state),
            alive: Alive::new(),
        }
    }

    /// Sleeps until posted. By the owner only.
    pub(crate) fn wait(&self, deadline: Deadline, interruptible: bool) -> Wake {
        self.semaphore.wait(deadline, interruptible)
    }

    /// Runs `f` on the part that the bucket lock guards.
    ///
    /// # Safety
    ///
    /// The caller holds the bucket lock, or owns the waiter by one of the exceptions of I1.
    unsafe fn with<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        self.alive.touch();
        // SAFETY: exclusive, as the caller promises; `f` gets no way back to this waiter's state.
        self.state.with_mut(|state| f(unsafe { &mut *state }))
    }

    /// True if somebody has taken it out of the queue and is going to post it.
    ///
    /// # Safety
    ///
    /// The caller holds the bucket lock.
    pub(crate) unsafe fn is_unparking(&self) -> bool {
        // SAFETY: the caller's promise.
        unsafe { self.with(|state| state.unparking) }
    }

    /// What the un-parker answered.
    ///
    /// # Safety
    ///
    /// The caller is the owner and is out of the queue.
    pub(crate) unsafe fn reply(&self) -> u32 {
        // SAFETY: I1, the woken owner.
        unsafe { self.with(|state| state.ticket.reply) }
    }

    /// Runs `f` on the ticket.
    ///
    /// # Safety
    ///
    /// The caller holds the bucket lock, and the waiter is in the queue.
    pub(crate) unsafe fn with_ticket<R>(&self, f: impl FnOnce(&mut Ticket) -> R) -> R {
        // SAFETY: the caller's promise.
        unsafe { self.with(|state| f(&mut state.ticket)) }
    }

    /// Wakes the owner, after which `this` may dangle.
    ///
    /// # Safety
    ///
    /// The caller took it out of the queue and posts it once.
    pub(crate) unsafe fn post(this: *const Waiter) {
        // SAFETY: alive until posted (I2, I3).
        unsafe { Semaphore::post(&raw const (*this).semaphore) };
    }

    /// The waiter after this one in the list that [`Queue::take_all`] made.
    ///
    /// # Safety
    ///
    /// The caller made that list and has not posted `this` yet.
    pub(crate) unsafe fn next_taken(this: *const Waiter) -> *const Waiter {
        // SAFETY: alive until posted (I2); the links are the un-parker's (I1).
        unsafe { (*this).with(|state| state.next) }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.alive.end();
    }
}

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

    /// Takes out all that are parked on `key`, as a list in their order.
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
            if unsafe { (*waiter).key } == key {
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

    /// Takes out the first `n` that are parked on `key` and answers them, as a list in their order.
    ///
    /// # Safety
    ///
    /// The caller holds the bucket lock, so many are parked, and the caller posts each.
    pub(crate) unsafe fn take_first(&mut self, key: usize, n: usize, reply: u32) -> *const Waiter {
        let mut taken = Queue::new();
        for _ in 0..n {
            // SAFETY: under the bucket lock.
            let waiter = unsafe { self.first(key) };
            // SAFETY: there are so many; in the queue, so alive (I2), under the bucket lock (I1).
            unsafe { (*waiter).with_ticket(|ticket| ticket.reply = reply) };
            // SAFETY: found in this queue; it lives until posted.
            unsafe { self.take(waiter) };
            // SAFETY: in no queue now, and alive until posted.
            unsafe { taken.push_back(waiter) };
        }
        taken.head
    }
}
