//! [`RawMutex`]: a mutex of one word, with its list of waiters in the word. It locks the buckets.
//!
//! (`typed::RawMutex` is another type: the one-byte [`Mutex`](crate::Mutex) behind `lock_api`'s traits.)
//!
//! | word | meaning |
//! |---|---|
//! | null | free; no waiters in the word |
//! | address 1 | locked; no waiters in the word |
//! | waiter | free, and threads wait, one of which was woken and is on its way; `waiter` is the newest |
//! | waiter, bit 0 set | locked, and threads wait |
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
//! A thread that wants to touch a waiter first *takes* the whole list out of the word, by a
//! compare-exchange that leaves only the bits. It then *puts* back the waiters that stay, by a
//! compare-exchange that expects only the bits. So no exchange stores a pointer that it also compares
//! with, and the pointer that is followed is the one that a take has returned. Meanwhile other threads
//! may take, put, lock and unlock. If a put finds new waiters in the word, it takes those too and puts
//! all of them back as one list.
//!
//! Invariants:
//! * I1: a waiter in a list is alive until it is posted: its owner returns from its wait only after its
//!   own post (the semaphore's I4).
//! * I2: each waiter is in one list, and each list is either in the word or held by one thread: a
//!   [`List`] is moved, never copied. Only the thread that holds it reads, links and posts its waiters.
//! * I3: a pointer that is followed comes from the waiter itself or from the exchange that took it. A
//!   load gives an address only ([`Seen`]). Addresses come back: a waiter is woken and waits again in
//!   the same frame, and a compare-exchange with what was seen of the first wait succeeds. It returns
//!   the pointer of the second.
//! * I4: a thread that wakes a waiter puts the others back first. The post is its last touch of the
//!   waiter, and comes after its last touch of the mutex, which that waiter still borrows.
//! * I5: while the mutex is free and threads wait, one of them is awake and will compete, or a thread
//!   holds waiters and will wake one. For a list is put beside a free mutex only by a thread that then
//!   posts a waiter. Every other thread puts it beside a locked mutex, whose unlock takes it, or wakes a
//!   waiter itself.
//! * I6: the lock is never handed off: a woken thread competes again.
//! * I7: of two unlocks at once, rightful or not, one finds bit 0 clear and changes nothing. If a
//!   wrongful unlock frees the mutex while a thread is about to put waiters back, that thread wakes one.
//!
//! A thread that is stopped while it holds waiters delays those, and nobody else: all other threads
//! lock, unlock, wait and wake as before, and none spins on it. The few instructions between a take and
//! its put are like a critical section of this mutex, during which a stopped thread delays others too.
//! No loop here waits for one thread: an exchange fails only because that of another succeeded, and the
//! walk over newly come waiters is as long as they are many.
//!
//! Orderings: taking the lock is `Acquire`, releasing it `Release`. A put is `Release` and a take
//! `Acquire`, so a thread that takes waiters sees how others have linked them, and may link them anew.
//! A take that only links its own waiter in front of the others reads none of them, and is `Relaxed`.
//! A waiter's owner writes its `next` again only after its post, which comes after all of that. The word
//! changes by compare-exchanges only, and each continues the release sequences of those before it: a
//! lock that reads from a put still sees the unlock before that put.
//!
//! The list is last in, first out, and unfair: the critical sections under it are a few instructions
//! long. It never detaches and never times out.
//!
//! CPython: `Python/lock.c`, `_PyRawMutex_LockSlow`, `_PyRawMutex_UnlockSlow`. Differs from CPython:
//! unlocking an unlocked mutex panics instead of aborting. In C, two unlocks at once may both reach
//! into one waiter's stack; here each touches only what it has taken.

mod guard;
mod word;

pub use guard::RawMutexGuard;

use crate::held::{self, Hold};
use crate::spin::Spin;
use crate::sync::{AcqRel, Acquire, Relaxed, Release, const_fn};
use core::fmt;
use word::{LOCKED, List, Seen, Waiter, Word};

const FREE: usize = 0;

/// A mutex of one machine word that sleeps without the parking lot, whose buckets it locks.
///
/// It is not fair, not recursive, and has no owner. It is for critical sections of a few instructions;
/// for anything else use [`Mutex`](crate::Mutex).
///
/// `py_sync::typed::RawMutex` is another type: the one-byte [`Mutex`](crate::Mutex) behind the traits of
/// `lock_api`.
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
#[repr(C)]
pub struct RawMutex {
    word: Word,
}

/// How the first half of an unlock ended.
pub(crate) enum Released {
    NotLocked,
    Unlocked,
    /// Unlocked, and the newest of these is to be woken.
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
            self.lock_contended::<{ held::ENABLED }>();
        }
        held::exclusive(self.key());
    }

    /// As [`lock`](RawMutex::lock), but `held` is told nothing: for a bucket, which is locked for a
    /// moment, and under which nobody waits; and for C, whose inlined functions tell nothing either.
    #[inline]
    pub(crate) fn lock_unrecorded(&self) {
        if !self.lock_free() {
            self.lock_contended::<false>();
        }
    }

    pub(crate) fn key(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }

    #[inline]
    fn lock_free(&self) -> bool {
        // Acquire: the section starts here.
        self.word.swap_bits(FREE, LOCKED, Acquire)
    }

    #[cold]
    fn lock_contended<const RECORDED: bool>(&self) {
        let waiter = Waiter::new();
        let mut spin = Spin::on_bucket();
        loop {
            let seen = self.word.look();
            if !seen.is_locked() {
                if self.lock_beside_waiters(seen) {
                    waiter.end();
                    return;
                }
            } else if spin.once() {
                // Spin: the critical sections are shorter than a sleep. Beside sleepers too: the newest
                // of them is woken first, and the oldest only when no new ones come.
            } else if let Some((seen, older)) = self.take_to_wait(seen) {
                // SAFETY: the waiter is in no list now, and it stays in this frame until the wait below
                // has returned.
                let list = unsafe { waiter.join(older) };
                self.put_or_wake(seen, list);
                waiter.wait(RECORDED.then(|| self.key()));
            }
        }
    }

    /// Takes the waiters out of the locked mutex, for a thread that is about to join them. `None` if the
    /// word has changed.
    fn take_to_wait(&self, seen: Seen) -> Option<(Seen, Option<List>)> {
        if !seen.has_waiters() {
            return Some((seen, None));
        }
        // Relaxed: none of the waiters is read here, and our put continues the release sequences of
        // theirs.
        let older = self.word.take(seen, LOCKED, Relaxed).ok()?;
        Some((seen.emptied(), older))
    }

    /// Locks, if the word is still as it was seen: free.
    fn lock_beside_waiters(&self, seen: Seen) -> bool {
        // Acquire: the section starts here.
        match self.word.take(seen, LOCKED, Acquire) {
            // Locked, with the waiters taken out: put them back.
            Ok(Some(list)) => {
                self.put_or_wake(self.word.look(), list);
                true
            }
            Ok(None) => true,
            Err(_) => false,
        }
    }

    /// Puts `list` beside the locked mutex, whose unlock will wake one of its waiters. If the mutex is
    /// free, wakes one itself (I5).
    fn put_or_wake(&self, seen: Seen, list: List) {
        if let Err(list) = self.put(seen, list, false) {
            self.wake(list);
        }
    }

    /// Puts `list` into the word, behind the waiters that have come there meanwhile. If the mutex is free
    /// and the caller is not about to wake a waiter, gives the list back instead (I5).
    fn put(&self, mut seen: Seen, mut list: List, wakes: bool) -> Result<(), List> {
        loop {
            if !seen.is_locked() && !wakes {
                return Err(list);
            }
            if seen.has_waiters() {
                // New waiters have come: take them, and put all back as one list. Acquire: we walk them.
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
    /// Any thread may unlock. One unlock too many, even at the same time as the right one, finds the
    /// mutex unlocked and panics, or unlocks it for the thread that has locked it since.
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
        self.unlock_unrecorded()
    }

    /// As [`try_unlock`](RawMutex::try_unlock) of a lock that was locked by
    /// [`lock_unrecorded`](RawMutex::lock_unrecorded).
    #[inline]
    pub(crate) fn unlock_unrecorded(&self) -> bool {
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
            // Release: the critical section ends here. Acquire: the newest waiter's `next` is read.
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
            debug_assert!(
                put.is_ok(),
                "a thread that wakes puts them beside a free mutex too"
            );
        }
        newest.post();
    }

    /// True while it is held. The answer may be out of date at once: for assertions.
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
