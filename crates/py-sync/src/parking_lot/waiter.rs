//! [`Waiter`], a parked thread on its own stack; [`Queue`], the waiters of a bucket; and [`Waiters`],
//! those of one key, as who has locked the bucket sees them.
//!
//! Waiters are dereferenced in this file only, by [`Queue::at`], and by what borrows the queue. A
//! queue that is shared sits in a bucket, whose lock hands it out.
//!
//! Invariants:
//! * I1: links and outcome are written under the bucket lock. Links of a waiter that was taken are
//!   read without it, by who took it; the outcome of one that was posted, by its owner.
//! * I2: a waiter in a queue is alive. Its owner returns only after its post, or after it took
//!   itself out under the bucket lock, having found there that nobody else had.
//! * I3: `taken` turns true when somebody else takes the waiter out, under the bucket lock. From
//!   then on its post is sure to come, and it is the last touch.
//! * I4: the waiters of a key stand in the order of their fair times, those of one time in the order
//!   of their arrival. Plain ones have none, and stand at the end.
//!
//! CPython: `Python/parking_lot.c`, `struct wait_entry`; `Include/internal/pycore_llist.h`.

use super::record::{Kind, Record};
use crate::primitive::{Alive, UnsafeCell};
use crate::semaphore::Semaphore;
use core::ptr;

/// What a parked thread waits for, and what its lock wants to know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) kind: Kind,
    pub(crate) key: usize,
    /// What the lock makes of it.
    pub(crate) token: u64,
    /// When it has waited for so long that the lock is to be handed to it; [`NEVER_FAIR`] for who
    /// waits for no lock.
    pub(crate) fair_at: u64,
}

/// The fair time of who has none.
pub(crate) const NEVER_FAIR: u64 = u64::MAX;

/// A parked thread.
#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) request: Request,
    /// Nothing without diagnostics.
    pub(super) record: Option<Record>,
    pub(super) semaphore: Semaphore,
    links: UnsafeCell<Links>,
    outcome: UnsafeCell<Outcome>,
    alive: Alive,
}

#[derive(Debug)]
struct Links {
    prev: *const Waiter,
    next: *const Waiter,
}

#[derive(Clone, Copy, Debug)]
struct Outcome {
    taken: bool,
    reply: u32,
}

impl Waiter {
    pub(super) fn new(request: Request, record: Option<Record>) -> Waiter {
        Waiter {
            request,
            record,
            semaphore: Semaphore::new(),
            links: UnsafeCell::new(Links {
                prev: ptr::null(),
                next: ptr::null(),
            }),
            outcome: UnsafeCell::new(Outcome {
                taken: false,
                reply: 0,
            }),
            alive: Alive::new(),
        }
    }

    /// What who took it out has answered. By the owner, after the post.
    pub(super) fn reply(&self) -> u32 {
        // SAFETY: written before the post (I3), which the owner has acquired.
        self.outcome.with(|outcome| unsafe { (*outcome).reply })
    }

    fn links<R>(&self, f: impl FnOnce(&mut Links) -> R) -> R {
        // SAFETY: called by `Queue` alone, on waiters that are in it or on their way in, under the
        // bucket lock (I1); no `f` calls back.
        self.links.with_mut(|links| f(unsafe { &mut *links }))
    }

    fn next(&self) -> *const Waiter {
        // SAFETY: as for `links`, or of a taken waiter by who took it: a read, beside which nobody
        // writes (I1).
        self.links.with(|links| unsafe { (*links).next })
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.alive.end();
    }
}

/// Waiters in a row: those of a bucket, or those that were taken out of one.
#[derive(Debug)]
pub(super) struct Queue {
    head: *const Waiter,
    tail: *const Waiter,
    len: usize,
}

impl Queue {
    pub(super) const fn new() -> Queue {
        Queue {
            head: ptr::null(),
            tail: ptr::null(),
            len: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The waiter that a head, a tail or a link of this queue points to.
    fn at(&self, waiter: *const Waiter) -> Option<&Waiter> {
        // SAFETY: null, or of this queue and so alive (I2): it leaves by `&mut self` only.
        let waiter = unsafe { waiter.as_ref() }?;
        waiter.alive.touch();
        Some(waiter)
    }

    /// Puts `waiter` in its place (I4).
    ///
    /// # Safety
    ///
    /// It is in no queue, and stays alive where it is until it was removed or posted.
    pub(super) unsafe fn insert(&mut self, waiter: &Waiter) {
        let this = ptr::from_ref(waiter);
        let mut prev = self.at(self.tail);
        // Who comes anew goes to the end; who comes again, having waited, passes the others.
        while let Some(before) = prev.filter(|w| w.request.fair_at > waiter.request.fair_at) {
            prev = self.at(before.links(|links| links.prev));
        }
        let next = prev.map_or(self.head, Waiter::next);
        let prev = prev.map_or(ptr::null(), ptr::from_ref);
        waiter.links(|links| *links = Links { prev, next });
        self.link(prev, this, next, this);
        self.len += 1;
    }

    /// Takes `waiter` out.
    ///
    /// # Safety
    ///
    /// It is in this queue.
    unsafe fn remove(&mut self, waiter: &Waiter) {
        let (prev, next) = waiter.links(|links| (links.prev, links.next));
        self.link(prev, next, next, prev);
        self.len -= 1;
    }

    /// Makes `first` what follows `prev`, and `last` what comes before `next`.
    fn link(
        &mut self,
        prev: *const Waiter,
        first: *const Waiter,
        next: *const Waiter,
        last: *const Waiter,
    ) {
        match self.at(prev) {
            Some(prev) => prev.links(|links| links.next = first),
            None => self.head = first,
        }
        match self.at(next) {
            Some(next) => next.links(|links| links.prev = last),
            None => self.tail = last,
        }
    }

    /// Takes `waiter` out, by its owner; false if somebody else has, and a post will come.
    ///
    /// # Safety
    ///
    /// It was inserted into this queue and its owner has had no post.
    pub(super) unsafe fn take_back(&mut self, waiter: &Waiter) -> bool {
        let queued = !Queue::was_taken(self, waiter);
        if queued {
            // SAFETY: the caller's promise, and nobody has taken it out.
            unsafe { self.remove(waiter) };
        }
        queued
    }

    /// True if somebody has taken `waiter` out of this queue.
    pub(super) fn was_taken(&self, waiter: &Waiter) -> bool {
        // SAFETY: written under the bucket lock, which whoever has a shared queue holds (I1).
        waiter.outcome.with(|outcome| unsafe { (*outcome).taken })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Waiter> {
        let mut waiter = self.head;
        core::iter::from_fn(move || {
            let this = self.at(waiter)?;
            waiter = this.next();
            Some(this)
        })
    }
}

/// Waiters that were taken out. Dropped, it wakes them, in their order.
pub(super) struct Taken(Queue);

impl Taken {
    pub(super) fn new() -> Taken {
        Taken(Queue::new())
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut waiter = self.0.head;
        while let Some(this) = self.0.at(waiter) {
            let (next, semaphore) = (this.next(), &raw const this.semaphore);
            // SAFETY: taken once, posted once (I3). Its owner may return at once, so neither the
            // waiter nor the reference to it is used any more.
            unsafe { Semaphore::post(semaphore) };
            waiter = next;
        }
    }
}

/// What becomes of a waiter that is visited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visit {
    /// It is taken out and, once the bucket is unlocked, woken.
    Take,
    /// It stays; the next is visited.
    Keep,
    /// It stays, and so do all behind it.
    Stop,
}

/// The waiters of one kind and key in a locked bucket.
pub(crate) struct Waiters<'a> {
    pub(super) kind: Kind,
    pub(super) key: usize,
    pub(super) queue: &'a mut Queue,
    pub(super) taken: &'a mut Taken,
}

impl Waiters<'_> {
    /// What they wait for, in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Request> {
        let (kind, key) = (self.kind, self.key);
        let requests = self.queue.iter().map(|waiter| waiter.request);
        requests.filter(move |request| (request.kind, request.key) == (kind, key))
    }

    /// How many are in the bucket, on this key or on others.
    pub(crate) fn bucket_len(&self) -> usize {
        self.queue.len()
    }

    /// Asks for each in their order what becomes of it. `reply` goes to those that are taken.
    /// True if any stay.
    pub(crate) fn take(&mut self, reply: u32, mut visit: impl FnMut(Request) -> Visit) -> bool {
        let mut stay = false;
        let mut waiter = self.queue.head;
        while let Some(this) = self.queue.at(waiter) {
            let this = ptr::from_ref(this);
            // SAFETY: of the queue, just now, and so alive until it is posted (I2), which is after
            // this visit; the reference does not keep the queue borrowed.
            let this = unsafe { &*this };
            waiter = this.next();
            if (this.request.kind, this.request.key) != (self.kind, self.key) {
                continue;
            }
            match visit(this.request) {
                Visit::Keep => stay = true,
                Visit::Stop => return true,
                Visit::Take => {
                    // SAFETY: of this queue.
                    unsafe { self.queue.remove(this) };
                    let outcome = Outcome { taken: true, reply };
                    // SAFETY: under the bucket lock, and its owner has not been posted (I1).
                    this.outcome.with_mut(|o| unsafe { *o = outcome });
                    // SAFETY: in no queue now, and alive until posted (I3). The same order: what
                    // is taken in order goes to the end.
                    unsafe { self.taken.0.insert(this) };
                }
            }
        }
        stay
    }

    /// Takes the first one out, with `reply`. True if more stay.
    pub(crate) fn take_first(&mut self, reply: u32) -> bool {
        let mut taken = false;
        self.take(reply, |_| match core::mem::replace(&mut taken, true) {
            false => Visit::Take,
            true => Visit::Stop,
        })
    }
}
