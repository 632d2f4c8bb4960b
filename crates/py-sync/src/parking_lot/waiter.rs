//! [`Waiter`], a parked thread on its own stack; [`Queue`], the waiters of a bucket; and [`Waiters`],
//! those of one key, as the thread that has locked the bucket sees them.
//!
//! Waiters are dereferenced in this file only: by [`Queue::at`], and through what borrows the queue. A
//! shared queue sits in a bucket, and only the bucket's lock gives access to it.
//!
//! Invariants:
//! * I1: links and outcome are written under the bucket lock. Two reads need no lock: the thread that
//!   took a waiter out reads its links, and the owner reads the outcome once it is out of the queue: after its
//!   post, or after it took itself out. Nobody writes it from then on.
//! * I2: a waiter in a queue is alive. Its owner returns only after its post, or after it took itself
//!   out under the bucket lock, having found there that nobody else had.
//! * I3: the outcome is set when another thread takes the waiter out, under the bucket lock. From then
//!   on a post is sure to come, and it is that thread's last touch of the waiter.
//! * I4: the waiters of a bucket stand in the order of their fair times, and those of one fair time in the
//!   order of their arrival. Waiters without a fair time stand at the end. A new waiter's fair time is later
//!   for each waiter in the bucket, and later than that of the last waiter of its key. One that parks again
//!   keeps its own. `earliest` is the fair time of the bucket's first waiter, so an unlock need not look at
//!   a waiter to learn that nobody is due.
//!
//! CPython: `Python/parking_lot.c`, `struct wait_entry`; `Include/internal/pycore_llist.h`.

use crate::deadline::FairTime;
use crate::record::{Kind, Record};
use crate::semaphore::Semaphore;
use crate::sync::{Alive, UnsafeCell};
use core::ptr;

/// What a parked thread waits for, and what its lock needs to know about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) kind: Kind,
    pub(crate) key: usize,
    /// For the lock: parking_lot's `ParkToken`. A read-write lock tells readers from writers by it, and
    /// [`park`](crate::park) passes its caller's.
    pub(crate) token: u64,
    /// [`FairTime::At`] while the waiter is queued. [`FairTime::NEVER`] if it waits for no lock.
    pub(crate) fair_time: FairTime,
}

impl Request {
    fn is_on(&self, kind: Kind, key: usize) -> bool {
        (self.kind, self.key) == (kind, key)
    }

    /// When the waiter has waited for so long that the lock is to be handed off to it.
    fn fair_at(&self) -> u64 {
        self.fair_time.ns()
    }
}

/// A parked thread.
#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) request: Request,
    /// `None` without the feature `diagnostics`.
    pub(super) record: Option<Record>,
    pub(super) semaphore: Semaphore,
    links: UnsafeCell<Links>,
    /// The reply of the thread that took it out. `None` until then.
    outcome: UnsafeCell<Option<u32>>,
    alive: Alive,
}

#[derive(Debug)]
struct Links {
    prev: *const Waiter,
    next: *const Waiter,
}

impl Waiter {
    pub(super) fn new(request: Request, record: Option<Record>, semaphore: Semaphore) -> Waiter {
        Waiter {
            request,
            record,
            semaphore,
            links: UnsafeCell::new(Links {
                prev: ptr::null(),
                next: ptr::null(),
            }),
            outcome: UnsafeCell::new(None),
            alive: Alive::new(),
        }
    }

    /// The reply of the thread that took it out, or 0. Called by the owner, once it is out of the queue.
    pub(super) fn reply(&self) -> u32 {
        // SAFETY: it is out of the queue, so nobody writes it (I1). If another thread has, then before the
        // post (I3), which the owner has acquired.
        let outcome = self.outcome.with(|outcome| unsafe { *outcome });
        outcome.unwrap_or(0)
    }

    fn links<R>(&self, f: impl FnOnce(&mut Links) -> R) -> R {
        // SAFETY: only `Queue` calls this, under the bucket lock (I1), on a waiter that is in the queue
        // or about to be. No `f` calls back, so the reference is the only one.
        self.links.with_mut(|links| f(unsafe { &mut *links }))
    }

    fn next(&self) -> *const Waiter {
        // SAFETY: a read while nobody writes (I1): either under the bucket lock, or by the thread that
        // took the waiter out.
        self.links.with(|links| unsafe { (*links).next })
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.alive.end();
    }
}

/// A linked list of waiters: those of a bucket, or those that were taken out of one.
#[derive(Debug)]
pub(super) struct Queue {
    head: *const Waiter,
    tail: *const Waiter,
    len: usize,
    /// The fair time of the first waiter (I4).
    earliest: FairTime,
}

impl Queue {
    pub(super) const fn new() -> Queue {
        Queue {
            head: ptr::null(),
            tail: ptr::null(),
            len: 0,
            earliest: FairTime::NEVER,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The waiter that a head, a tail or a link of this queue points to.
    fn at(&self, waiter: *const Waiter) -> Option<&Waiter> {
        // SAFETY: the pointer is null or points to a waiter of this queue. That is alive (I2), and
        // stays in the queue as long as the reference lives, since taking it out needs `&mut self`.
        let waiter = unsafe { waiter.as_ref() }?;
        waiter.alive.touch();
        Some(waiter)
    }

    /// The request with the fair time that its waiter has once it is queued (I4).
    pub(super) fn placed(&self, request: Request, put_off: fn(usize) -> u64) -> Request {
        let last = match request.fair_time {
            FairTime::NotBefore(_) => self.last_on(request.kind, request.key),
            FairTime::At(_) => None,
        };
        let last = last.map(|w| w.request.fair_time);
        Request {
            fair_time: request.fair_time.behind(last, put_off(self.len)),
            ..request
        }
    }

    fn last_on(&self, kind: Kind, key: usize) -> Option<&Waiter> {
        let mut waiter = self.at(self.tail);
        while let Some(other) = waiter.filter(|w| !w.request.is_on(kind, key)) {
            waiter = self.at(other.links(|links| links.prev));
        }
        waiter
    }

    /// Puts `waiter` in its place (I4).
    ///
    /// # Safety
    ///
    /// It is in no queue, and stays alive where it is until it was removed or posted.
    pub(super) unsafe fn insert(&mut self, waiter: &Waiter) {
        let this = ptr::from_ref(waiter);
        let is_later = |other: &&Waiter| other.request.fair_at() > waiter.request.fair_at();
        // A new waiter has the latest fair time of its key, mostly of the bucket, and goes to the end. One
        // that parks again keeps its fair time: its place is in front or near it, and is sought from
        // there, since a walk from the end would pass the whole crowd.
        let next = match self.at(self.tail).filter(is_later) {
            None => ptr::null(),
            Some(_) => self
                .iter()
                .find(is_later)
                .map_or(ptr::null(), ptr::from_ref),
        };
        let prev = self
            .at(next)
            .map_or(self.tail, |next| next.links(|links| links.prev));
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
            None => {
                self.head = first;
                let first = self.at(first).map(|w| w.request.fair_time);
                self.earliest = first.unwrap_or(FairTime::NEVER);
            }
        }
        match self.at(next) {
            Some(next) => next.links(|links| links.prev = last),
            None => self.tail = last,
        }
    }

    /// Takes `waiter` out, for its owner. False if another thread has taken it out: then a post will
    /// come.
    ///
    /// # Safety
    ///
    /// It was inserted into this queue and its owner has had no post.
    pub(super) unsafe fn take_back(&mut self, waiter: &Waiter) -> bool {
        let queued = !Queue::was_taken(self, waiter);
        if queued {
            // SAFETY: the caller has inserted it, and nobody has taken it out since.
            unsafe { self.remove(waiter) };
        }
        queued
    }

    /// True if another thread has taken `waiter` out of this queue.
    pub(super) fn was_taken(&self, waiter: &Waiter) -> bool {
        // SAFETY: the outcome is written under the bucket lock (I1), which the caller holds, since it
        // has the queue.
        waiter.outcome.with(|outcome| unsafe { *outcome }).is_some()
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

/// Waiters that were taken out. Dropping it wakes them, in their order.
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
            // SAFETY: the waiter was taken out once and is posted once (I3). Its owner may return at
            // once, so neither the waiter nor the reference to it is used after this.
            unsafe { Semaphore::post(semaphore) };
            waiter = next;
        }
    }
}

/// What [`Waiters::unpark_filter`] does with a waiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FilterOp {
    /// It is taken out and, once the bucket is unlocked, woken.
    Unpark,
    /// It stays queued, and the filter goes on with the next.
    Skip,
    /// It stays queued, and so do all behind it.
    Stop,
}

/// A hand-off, as its lock notes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HandOff {
    /// When the new owner first ran, by the lock's clock.
    pub(crate) at: u64,
    /// How long its critical section was, in nanoseconds.
    pub(crate) section: u64,
}

/// The waiters of one kind and key in a locked bucket.
pub(crate) struct Waiters<'a> {
    pub(super) kind: Kind,
    pub(super) key: usize,
    /// The last hand-off of the lock at `key`. None if another lock of the bucket had one since.
    pub(crate) last_hand_off: Option<HandOff>,
    pub(super) queue: &'a mut Queue,
    pub(super) taken: &'a mut Taken,
}

impl Waiters<'_> {
    /// Their requests, in the order of the queue.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Request> {
        let (kind, key) = (self.kind, self.key);
        let requests = self.queue.iter().map(|waiter| waiter.request);
        requests.filter(move |request| request.is_on(kind, key))
    }

    /// The fair time of the first waiter in the bucket, on this key or on another. Looks at no waiter.
    pub(crate) fn earliest(&self) -> FairTime {
        self.queue.earliest
    }

    /// How many threads are in the bucket, on this key or on others.
    pub(crate) fn bucket_len(&self) -> usize {
        self.queue.len()
    }

    /// Asks `filter` about each waiter, in the order of the queue. Those that it unparks get `reply`.
    /// True if any stay queued.
    pub(crate) fn unpark_filter(
        &mut self,
        reply: u32,
        mut filter: impl FnMut(Request) -> FilterOp,
    ) -> bool {
        let mut stay = false;
        let mut waiter = self.queue.head;
        while let Some(this) = self.queue.at(waiter) {
            let this = ptr::from_ref(this);
            // SAFETY: it was in the queue a moment ago, so it is alive until it is posted (I2), and
            // that is after this closure. Made from a pointer, the reference does not keep the queue
            // borrowed.
            let this = unsafe { &*this };
            waiter = this.next();
            if !this.request.is_on(self.kind, self.key) {
                continue;
            }
            match filter(this.request) {
                FilterOp::Skip => stay = true,
                FilterOp::Stop => return true,
                FilterOp::Unpark => {
                    // SAFETY: it is in this queue: the loop has found it there.
                    unsafe { self.queue.remove(this) };
                    // SAFETY: the bucket lock is held, and without it the owner reads the outcome only once
                    // it is out: after its post (I1).
                    this.outcome.with_mut(|o| unsafe { *o = Some(reply) });
                    // SAFETY: it is in no queue now, and alive until it is posted (I3). Waiters are
                    // taken in their order, so each goes to the end.
                    unsafe { self.taken.0.insert(this) };
                }
            }
        }
        stay
    }

    /// Unparks the first waiter, with `reply`. True if others stay queued.
    pub(crate) fn unpark_first(&mut self, reply: u32) -> bool {
        let mut taken = false;
        self.unpark_filter(reply, |_| match core::mem::replace(&mut taken, true) {
            false => FilterOp::Unpark,
            true => FilterOp::Stop,
        })
    }
}
