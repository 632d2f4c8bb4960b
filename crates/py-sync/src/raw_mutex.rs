//! [`RawMutex`]: a mutex of one word, with its waiters' list in the word. The buckets' lock.
//!
//! | word | meaning |
//! |---|---|
//! | null | free; nobody waits in the word |
//! | address 1 | locked; nobody waits in the word |
//! | waiter | free, threads wait, and one that was woken is on its way; `waiter` is the newest |
//! | waiter, bit 0 set | locked, threads wait |
//!
//! ```text
//!                    put, to wait; or what is left
//!            1 ─────────────────────────────────────────▶ w|1
//!          ▲ │ ▲ ◀──────────────────────────────────────── │
//!     lock │ │ └───────────── take, and lock ────────┐     │
//!          │ │ unlock           take, to wait        │     │
//!          │ ▼                                       │     │
//!          null ──────────────────────────────────▶  w     │
//!           ▲       put what is left, then post one        │
//!           └──────────────────────────────────────────────┘
//!                          take, and unlock
//! ```
//!
//! The list is *in the word*, or *in hand*: whoever wants to touch a waiter takes all of them out,
//! by a compare-exchange that leaves bits only, and puts back those that stay, by one that finds
//! bits only. So no exchange puts in what it is about to replace, and the pointer that is followed
//! is the one that a take returned. Somebody else may take, put, lock and unlock meanwhile: who then
//! finds other waiters in the word takes those too, and puts them back as one list.
//!
//! Invariants:
//! * I1: a waiter in a list lives until it is posted: its owner returns from the wait only after
//!   its own post (the semaphore's I4).
//! * I2: each waiter is in one list, and each list is in the word or in the hand of one thread: a
//!   [`List`] is moved, never copied. Who has it in hand alone reads, links and posts its waiters.
//! * I3: a pointer that is followed comes from the waiter itself or from the exchange that took it.
//!   A look gives an address ([`Seen`]). Addresses return: a waiter is woken, waits again in the
//!   same frame, and a compare-exchange succeeds with what was seen of the first. The second's
//!   pointer is what it returns.
//! * I4: who wakes one first puts the others back; its post is its last touch of the waiter and
//!   comes after its last touch of the mutex, which that waiter still borrows.
//! * I5: while the mutex is free and threads wait, one is awake that will compete, or one has
//!   waiters in hand and will wake one. For, a list is put beside a free mutex only by who then
//!   posts a waiter; every other thread puts it beside a locked one, whose unlock takes it, or
//!   becomes one that wakes.
//! * I6: never handed over: a woken thread competes again.
//! * I7: of two unlocks at once, right or wrong, one finds bit 0 clear and touches nothing. A wrong
//!   one that frees the mutex under a locker with waiters in hand makes that one wake one of them.
//!
//! A thread that is stopped with waiters in hand holds those up, and nobody else: all others lock,
//! unlock, wait and wake as before, and nobody spins on it. That lasts as long as a stop of a thread
//! that holds the mutex would: between a take and its put are a few instructions, as in the sections
//! that this mutex is for. No loop here waits for one thread: an exchange fails only because that of
//! another succeeded, and the walk over the waiters that came in between is as long as those are
//! many.
//!
//! Orderings: taking the lock is `Acquire`, giving it up is `Release`. A put is `Release` and a take
//! `Acquire`, so that who takes waiters sees how those before it linked them, and may link them
//! anew; a take that only puts its own waiter before the others reads none of them, and is `Relaxed`. A waiter's owner writes its `next` again only after its post, which comes after all of
//! that. The word is changed by compare-exchanges alone, each of which carries on what those before
//! it released: a lock that takes from a put still sees the unlock before that put.
//!
//! The list is last in, first out, and unfair: the sections under it are a few instructions long.
//! Never detaches, never times out.
//!
//! CPython: `Python/lock.c`, `_PyRawMutex_LockSlow`, `_PyRawMutex_UnlockSlow`. Differs from
//! CPython: unlocking an unlocked mutex panics instead of aborting, and two unlocks at once cannot
//! reach into one waiter's stack, since each takes what it touches.

mod guard;
mod untold;
mod word;

pub use guard::RawMutexGuard;

use crate::bits;
use crate::held::{self, Hold};
use crate::primitive::{AcqRel, Acquire, Relaxed, Release, const_fn};
use crate::spin::Spin;
use core::fmt;
use word::{List, Seen, Waiter, Word};

const FREE: usize = 0;
const LOCKED: usize = bits::LOCKED as usize;

/// A mutex of one machine word that sleeps without the parking lot.
///
/// Not fair, not recursive, not owned: it protects sections of a few instructions.
///
/// CPython: `Include/internal/pycore_lock.h`, `_PyRawMutex`.
///
/// ```
/// use py_sync::RawMutex;
/// static LOCK: RawMutex = RawMutex::new();
/// let guard = LOCK.lock_guard();
/// assert!(LOCK.is_locked());
/// drop(guard);
/// assert!(LOCK.try_lock());
/// LOCK.unlock();
/// ```
#[doc(alias = "_PyRawMutex")]
#[cfg_attr(not(all(test, loom)), repr(transparent))]
pub struct RawMutex {
    word: Word,
}

/// How the first half of an unlock ended.
pub(crate) enum Released {
    NotLocked,
    Unlocked,
    /// One of these is to be woken.
    MustWake(List),
}

impl RawMutex {
    const_fn! {
        /// An unlocked mutex.
        ///
        /// ```
        /// static LOCK: py_sync::RawMutex = py_sync::RawMutex::new();
        /// assert!(!LOCK.is_locked());
        /// ```
        #[must_use]
        pub fn new() -> RawMutex {
            RawMutex { word: Word::new() }
        }
    }

    /// Locks.
    ///
    /// # Blocking
    ///
    /// Sleeps until the lock is free; never detaches from a runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// let m = py_sync::RawMutex::new();
    /// m.lock();
    /// assert!(m.is_locked());
    /// ```
    #[doc(alias = "_PyRawMutex_Lock")]
    #[inline]
    pub fn lock(&self) {
        if !self.lock_free() {
            self.lock_contended::<{ held::TOLD }>();
        }
        held::exclusive(self.key());
    }

    #[inline]
    fn lock_free(&self) -> bool {
        // Acquire: the section starts here.
        self.word.swap_bits(FREE, LOCKED, Acquire)
    }

    #[cold]
    fn lock_contended<const TOLD: bool>(&self) {
        let waiter = Waiter::new();
        let mut spin = Spin::on_bucket();
        loop {
            let seen = self.word.look();
            if !seen.is_locked() {
                if self.lock_beside_waiters(seen) {
                    waiter.end();
                    return;
                }
            } else if !seen.has_waiters() && spin.once() {
                // The sections are shorter than a sleep. Who finds others asleep joins them.
            } else if let Some((seen, older)) = self.take_to_wait(seen) {
                // SAFETY: in no list now, and it stays where it is until the wait is over.
                let list = unsafe { waiter.join(older) };
                self.put_or_wake(seen, list);
                waiter.wait(TOLD.then(|| self.key()));
            }
        }
    }

    /// What the mutex holds before a thread joins, in hand.
    fn take_to_wait(&self, seen: Seen) -> Option<(Seen, Option<List>)> {
        if !seen.has_waiters() {
            return Some((seen, None));
        }
        // Relaxed: nothing of them is read here, and our put carries on what theirs released.
        let older = self.word.take(seen, LOCKED, Relaxed).ok()?;
        Some((seen.emptied(), older))
    }

    /// Locks, if it still is as seen: free.
    fn lock_beside_waiters(&self, seen: Seen) -> bool {
        // Acquire: the section starts here.
        match self.word.take(seen, LOCKED, Acquire) {
            Ok(Some(list)) => {
                self.put_or_wake(self.word.look(), list);
                true
            }
            Ok(None) => true,
            Err(_) => false,
        }
    }

    /// Puts `list` beside the locked mutex, whose unlock will wake one of it; or wakes one, if it
    /// is free.
    fn put_or_wake(&self, seen: Seen, list: List) {
        if let Err(list) = self.put(seen, list, false) {
            self.wake(list);
        }
    }

    /// Puts `list` into the word, before it those that have come there meanwhile. Beside a free
    /// mutex only if the caller is about to wake somebody: else it gives the list back.
    fn put(&self, mut seen: Seen, mut list: List, wakes: bool) -> Result<(), List> {
        loop {
            if !seen.is_locked() && !wakes {
                return Err(list);
            }
            if seen.has_waiters() {
                // Acquire: we walk them.
                match self.word.take(seen, seen.bit(), Acquire) {
                    Ok(newer) => {
                        seen = seen.emptied();
                        if let Some(newer) = newer {
                            list = newer.before(list);
                        }
                    }
                    Err(now) => seen = now,
                }
                continue;
            }
            match self.word.put(seen, list) {
                Ok(()) => return Ok(()),
                Err((now, back)) => (seen, list) = (now, back),
            }
        }
    }

    /// Locks if that needs no waiting; true if it did.
    ///
    /// ```
    /// let m = py_sync::RawMutex::new();
    /// assert!(m.try_lock());
    /// assert!(!m.try_lock());
    /// ```
    #[inline]
    #[must_use = "the lock may not have been acquired"]
    pub fn try_lock(&self) -> bool {
        loop {
            let seen = self.word.look();
            if seen.is_locked() {
                return false;
            }
            if self.lock_beside_waiters(seen) {
                held::exclusive(self.key());
                return true;
            }
        }
    }

    /// Unlocks, and wakes the newest waiter.
    ///
    /// Any thread may unlock. An unlock too many, even beside the right one, finds the mutex
    /// unlocked and panics, or unlocks it for whoever has locked it since.
    ///
    /// # Panics
    ///
    /// If the mutex is not locked: `unlocking mutex that is not locked`. Nothing has been changed.
    ///
    /// # Examples
    ///
    /// ```
    /// let m = py_sync::RawMutex::new();
    /// m.lock();
    /// m.unlock();
    /// assert!(!m.is_locked());
    /// ```
    #[doc(alias = "_PyRawMutex_Unlock")]
    #[inline]
    #[track_caller]
    pub fn unlock(&self) {
        assert!(self.try_unlock(), "unlocking mutex that is not locked");
    }

    /// Unlocks if it is locked; false, and nothing changed, if it is not.
    ///
    /// ```
    /// let m = py_sync::RawMutex::new();
    /// assert!(!m.try_unlock());
    /// m.lock();
    /// assert!(m.try_unlock());
    /// ```
    #[inline]
    #[must_use = "false means that it was not locked"]
    pub fn try_unlock(&self) -> bool {
        held::released(self.key(), Hold::Exclusive);
        self.unlock_untold()
    }

    #[inline]
    fn unlock_untold(&self) -> bool {
        // Release: the section ends here.
        self.word.swap_bits(LOCKED, FREE, Release) || self.unlock_contended()
    }

    #[cold]
    fn unlock_contended(&self) -> bool {
        match self.release() {
            Released::NotLocked => return false,
            Released::Unlocked => {}
            Released::MustWake(list) => self.wake(list),
        }
        true
    }

    /// The first half of an unlock: clears bit 0, and takes the waiters out.
    pub(crate) fn release(&self) -> Released {
        let mut seen = self.word.look();
        while seen.is_locked() {
            // Release: the section ends here. Acquire: the next of the newest is read.
            match self.word.take(seen, FREE, AcqRel) {
                Ok(Some(list)) => return Released::MustWake(list),
                Ok(None) => return Released::Unlocked,
                Err(now) => seen = now,
            }
        }
        Released::NotLocked
    }

    /// The second half: puts back all but the newest, and wakes that one.
    pub(crate) fn wake(&self, list: List) {
        let (newest, others) = list.split();
        if let Some(others) = others {
            let put = self.put(self.word.look(), others, true);
            debug_assert!(put.is_ok(), "it takes them, free or locked");
        }
        newest.post();
    }

    /// True while somebody holds it. Out of date at once: for assertions.
    ///
    /// ```
    /// assert!(!py_sync::RawMutex::new().is_locked());
    /// ```
    #[doc(alias = "_PyRawMutex_IsLocked")]
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.word.look().is_locked()
    }

    /// Makes it unlocked with no waiters, whatever it was.
    ///
    /// # Safety
    ///
    /// No other thread uses it: the waiters are those of the parent of a fork.
    pub(crate) unsafe fn reset(&self) {
        self.word.clear();
    }
}

#[cfg(all(test, loom))]
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

impl Default for RawMutex {
    fn default() -> Self {
        RawMutex::new()
    }
}

impl fmt::Debug for RawMutex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawMutex")
            .field("locked", &self.is_locked())
            .finish_non_exhaustive()
    }
}
