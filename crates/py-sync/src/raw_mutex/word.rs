//! The word of a [`RawMutex`](super::RawMutex), and the lists of waiters that go in and out of it.
//!
//! The types carry the argument about provenance. A [`Seen`] is what a load of the word found: only its
//! address counts. A [`List`] is a pointer that may be followed: it comes from a waiter that is alive,
//! or from the successful exchange that took it out of the word, and it is moved, never copied.

use crate::bits;
use crate::deadline::Deadline;
use crate::held;
use crate::semaphore::Semaphore;
use crate::sync::{
    Alive, AtomicPtr, Ordering, Origin, OriginCell, Relaxed, Release, UnsafeCell, const_fn,
};
use core::ptr::{self, NonNull};

pub(super) const LOCKED: usize = bits::LOCKED as usize;

/// One sleeping thread, on its own stack. Its alignment keeps bit 0 of its address free for the lock.
#[repr(align(8))]
pub(super) struct Waiter {
    semaphore: Semaphore,
    /// The waiters that came before it. Only the thread that holds the list touches it.
    next: UnsafeCell<Option<List>>,
    alive: Alive,
    origin: Origin,
}

impl Waiter {
    pub(super) fn new() -> Waiter {
        Waiter {
            semaphore: Semaphore::new(),
            next: UnsafeCell::new(None),
            alive: Alive::new(),
            origin: Origin::new(),
        }
    }

    /// Puts the calling thread, which owns the waiter, before `older`.
    ///
    /// # Safety
    ///
    /// The waiter is in no list, and its owner neither moves nor drops it, nor does this again,
    /// before a [`wait`](Self::wait) has returned.
    pub(super) unsafe fn join(&self, older: Option<List>) -> List {
        // SAFETY: the waiter is in no list, as the caller promises, so no other thread reads `next`.
        self.next.with_mut(|next| unsafe { *next = older });
        List {
            newest: NonNull::from(self),
            origin: self.origin,
        }
    }

    /// # Safety
    ///
    /// The caller has the list that the waiter is in, and posts nobody of it while the reference
    /// lives.
    unsafe fn next<'a>(&self) -> Option<&'a Waiter> {
        // SAFETY: the caller has the list, so no other thread touches `next`; and what `next` holds is
        // in the same list, hence alive.
        self.next
            .with(|next| unsafe { (*next).as_ref().map(|next| next.newest()) })
    }

    /// Sleeps until posted: for the mutex at `key`, if that is to be told.
    pub(super) fn wait(&self, key: Option<usize>) {
        match key {
            Some(key) => held::sleep_in_word(key, &self.semaphore),
            None => {
                self.semaphore.wait(Deadline::Never, false);
            }
        }
    }

    /// The owner's last act.
    pub(super) fn end(&self) {
        self.alive.end();
    }
}

/// One waiter or more, newest first. Only the owner of this value touches them.
///
/// Each waits for its post, and is alive until then. If the list were dropped, they would sleep for
/// ever.
#[must_use = "its threads sleep until somebody wakes them"]
pub(crate) struct List {
    newest: NonNull<Waiter>,
    origin: Origin,
}

impl List {
    /// # Safety
    ///
    /// The waiter is not posted while the reference lives.
    unsafe fn newest<'a>(&self) -> &'a Waiter {
        // SAFETY: it is in a list, so it has not been posted, and the caller promises not to post it
        // while the reference lives. So it is alive (I1).
        let waiter = unsafe { self.newest.as_ref() };
        self.origin.check(waiter.origin);
        waiter.alive.touch();
        waiter
    }

    /// Separates the newest from the others.
    pub(super) fn split(self) -> (List, Option<List>) {
        // SAFETY: nobody is posted in this function.
        let newest = unsafe { self.newest() };
        // SAFETY: it is in our list, so no other thread touches its `next`.
        let others = newest.next.with_mut(|next| unsafe { (*next).take() });
        (self, others)
    }

    /// Links `older` behind these, which it walks: they are the ones that came in the meantime.
    pub(super) fn before(self, older: List) -> List {
        // SAFETY: nobody is posted in this function.
        let mut last = unsafe { self.newest() };
        // SAFETY: we hold the list that `last` is in, and post nobody of it here.
        while let Some(next) = unsafe { last.next() } {
            last = next;
        }
        // SAFETY: `last` is in our list, so no other thread touches its `next`.
        last.next.with_mut(|next| unsafe { *next = Some(older) });
        self
    }

    /// Wakes the newest, which is the only one.
    pub(super) fn post(self) {
        // SAFETY: it has not been posted yet, and the reference ends with this statement.
        unsafe { self.newest() };
        // SAFETY: it is in our list, hence alive until this post, the only one of its wait.
        unsafe { Semaphore::post(&raw const (*self.newest.as_ptr()).semaphore) };
    }
}

/// The word as a load found it. Only an address: the waiter there may be another one by now.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    addr: usize,
    #[allow(
        dead_code,
        reason = "a planted fault follows it, and a model catches that"
    )]
    origin: Origin,
}

impl Seen {
    pub(super) fn is_locked(self) -> bool {
        self.addr & LOCKED != 0
    }

    pub(super) fn has_waiters(self) -> bool {
        self.addr & !LOCKED != 0
    }

    /// Bit 0 as it was, and nothing else.
    pub(super) fn bit(self) -> usize {
        self.addr & LOCKED
    }

    /// Without the waiters, which have just been taken.
    pub(super) fn emptied(self) -> Seen {
        Seen {
            addr: self.bit(),
            ..self
        }
    }

    fn expected(self) -> *mut Waiter {
        ptr::without_provenance_mut(self.addr)
    }
}

/// The word of the mutex.
#[repr(C)]
pub(super) struct Word {
    word: AtomicPtr<Waiter>,
    origin: OriginCell,
}

impl Word {
    const_fn! {
        pub(super) fn new() -> Word {
            Word { word: AtomicPtr::new(ptr::null_mut()), origin: OriginCell::new() }
        }
    }

    /// Loads the word. Orders nothing.
    #[inline]
    pub(super) fn look(&self) -> Seen {
        // Relaxed: what is read decides only which compare-exchange to try.
        self.seen(self.word.load(Relaxed))
    }

    #[inline]
    fn seen(&self, word: *mut Waiter) -> Seen {
        Seen {
            addr: word.addr(),
            origin: self.origin.get(),
        }
    }

    /// Replaces a word without waiters.
    #[inline]
    pub(super) fn swap_bits(&self, from: usize, to: usize, order: Ordering) -> bool {
        let (from, to) = (
            ptr::without_provenance_mut(from),
            ptr::without_provenance_mut(to),
        );
        // Relaxed on failure: the caller loads the word again.
        self.word.compare_exchange(from, to, order, Relaxed).is_ok()
    }

    /// Takes the waiters out and leaves `bits`, if the word is still as it was seen.
    pub(super) fn take(
        &self,
        seen: Seen,
        bits: usize,
        order: Ordering,
    ) -> Result<Option<List>, Seen> {
        let left = ptr::without_provenance_mut(bits);
        // Relaxed on failure: only tried again.
        match self
            .word
            .compare_exchange(seen.expected(), left, order, Relaxed)
        {
            // The pointer that the exchange returns, not the one that was seen: at the same address
            // there may be another waiter (I3).
            Ok(taken) => Ok(list(taken, self.origin.get())),
            Err(now) => Err(self.seen(now)),
        }
    }

    /// Puts waiters into a word that has none, beside its bits, if it is still as it was seen.
    pub(super) fn put(&self, seen: Seen, list: List) -> Result<(), (Seen, List)> {
        debug_assert!(!seen.has_waiters(), "they would be lost");
        let full = list.newest.as_ptr().map_addr(|a| a | seen.bit());
        // Release: the thread that takes them reads and writes each `next`. Relaxed on failure: only
        // tried again.
        match self
            .word
            .compare_exchange(seen.expected(), full, Release, Relaxed)
        {
            Ok(_) => {
                self.origin.set(list.origin);
                Ok(())
            }
            Err(now) => Err((self.seen(now), list)),
        }
    }

    /// Makes it null, whatever it was. For a thread that is alone.
    pub(super) fn clear(&self) {
        // Relaxed: a forked child has one thread.
        self.word.store(ptr::null_mut(), Relaxed);
    }
}

fn list(taken: *mut Waiter, origin: Origin) -> Option<List> {
    let newest = NonNull::new(taken.map_addr(|a| a & !LOCKED))?;
    Some(List { newest, origin })
}

#[cfg(all(test, loom))]
mod model {
    use super::*;
    use crate::raw_mutex::{FREE, RawMutex};
    use crate::sync::AcqRel;

    impl RawMutex {
        /// Puts waiters back that [`release`](Self::release) took, instead of waking one.
        pub(crate) fn put_back(&self, list: List) {
            self.put_or_wake(self.word.look(), list);
        }

        /// True if threads wait in the word.
        pub(crate) fn has_waiters(&self) -> bool {
            self.word.look().has_waiters()
        }
    }

    /// Of three newer ones the last is followed by the older one, and all leave in that order.
    #[test]
    fn newer_waiters_come_before_all_older_ones() {
        let name = "raw_mutex::word::newer_waiters_come_before_all_older_ones";
        crate::model::check_steps(name, || {
            let waiters = [(); 4].map(|()| Waiter::new());
            // SAFETY: each is new, and lives until it has waited, below.
            let join = |n: usize, older| unsafe { waiters[n].join(older) };
            let newer = (1..4).fold(None, |older, n| Some(join(n, older)));
            let mut left = newer.map(|newer| newer.before(join(0, None)));
            for n in [3, 2, 1, 0] {
                let (newest, others) = left.take().expect("they are four").split();
                newest.post();
                left = others;
                assert!(waiters[n].semaphore.is_posted());
                waiters[n].wait(None);
                waiters[n].end();
            }
            assert!(left.is_none());
        });
    }

    /// A waiter is seen, woken, and waits again at its address: what a take returns is the second, and
    /// its pointer is not the one that was seen.
    #[test]
    fn a_take_follows_what_it_replaced() {
        crate::model::check_steps("raw_mutex::word::a_take_follows_what_it_replaced", || {
            let word = Word::new();
            let enter = |waiter: &Waiter| {
                // SAFETY: the waiter is new, and it lives until it has waited, below.
                let list = unsafe { waiter.join(None) };
                assert!(word.put(word.look(), list).is_ok(), "nobody else is there");
            };
            let leave = |seen: Seen| {
                let taken = word.take(seen, FREE, AcqRel).ok().flatten();
                let (newest, others) = taken.expect("one waits").split();
                assert!(others.is_none());
                newest.post();
            };
            let mut waiter = Waiter::new();
            enter(&waiter);
            let seen = word.look();
            leave(seen);
            waiter.wait(None);
            waiter.end();
            waiter = Waiter::new();
            enter(&waiter);
            leave(seen);
            waiter.wait(None);
            waiter.end();
        });
    }
}
