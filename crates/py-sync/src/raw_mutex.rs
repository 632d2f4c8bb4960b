//! [`RawMutex`]: a mutex of one word, with its waiters' list in the word. The buckets' lock.
//!
//! | word | meaning |
//! |---|---|
//! | null | free, nobody waits |
//! | address 1 | locked, nobody waits |
//! | waiter | free, threads wait, and one that was woken is on its way; `waiter` is the newest |
//! | waiter, bit 0 set | locked, threads wait |
//! | waiter, bit 1 set | free, threads wait, and an unlock is about to pop one |
//! | waiter, both set | the same, and somebody has locked meanwhile |
//!
//! ```text
//!            lock                wait (push)
//!   null ──────────▶ 1 ──────────────────────▶ w|1 ◀─────────────────────┐
//!     ▲   unlock     │                         │ ▲  lock                 │
//!     └──────────────┘        unlock: the right│ └───── w ◀──┐           │
//!                                       to pop ▼             │ pop, post │
//!                                             w|2 ───────────┘           │
//!                                              │ ▲                       │
//!                                         lock ▼ │ unlock                │
//!                                             w|3 ───────────────────────┘
//!                                                  its unlock will pop
//! ```
//!
//! Invariants:
//! * I1: a waiter in the list lives until it is posted: its owner returns from the wait only after
//!   its own post (the semaphore's I4).
//! * I2: only who has set bit 1 pops, and bit 1 is set by one compare-exchange that also clears bit
//!   0. Of two unlocks at once, right or wrong, one finds bit 0 clear and touches nothing.
//! * I3: while bit 1 is set the list is not empty, and the waiter whose `next` the popper reads is
//!   in it: it was not replaced by another at its address meanwhile.
//! * I4: a pop reads `next` before its compare-exchange and posts after it; the post is its last
//!   touch of the waiter. Its compare-exchange is its last touch of the mutex, which the waiter
//!   that it posts still borrows.
//! * I5: free with a list, either bit 1 is set or a woken thread has not competed yet: somebody
//!   will come to pop. A popper that finds the mutex locked leaves the pop to that unlock.
//! * I6: never handed over: a woken thread competes again.
//!
//! Orderings: taking the lock is `Acquire`, giving it up is `Release`. Pushing a waiter is
//! `Release`, so that the popper's `Acquire` sees its `next`; the pop is `Release`, so that what it
//! read of a waiter that stays comes before what that one writes, once a later popper has woken it.
//! The word is changed by compare-exchanges alone, each of which carries on what those before it
//! released.
//!
//! The list is last in, first out, and unfair: the sections under it are a few instructions long.
//! Never detaches, never times out.
//!
//! CPython: `Python/lock.c`, `_PyRawMutex_LockSlow`, `_PyRawMutex_UnlockSlow`. Differs from
//! CPython: unlocking an unlocked mutex panics instead of aborting, and two unlocks at once cannot
//! reach into one waiter's stack, which is what bit 1 is for.

mod guard;

pub use guard::RawMutexGuard;

use crate::bits;
use crate::deadline::Deadline;
use crate::primitive::{AcqRel, Acquire, Alive, AtomicPtr, Relaxed, Release, UnsafeCell, const_fn};
use crate::semaphore::Semaphore;
use crate::spin::Spin;
use core::fmt;
use core::ptr;

const LOCKED: usize = bits::LOCKED as usize;
const POPPING: usize = 2;

/// One sleeping thread, on its own stack. The low bits of its address are free for ours.
#[repr(align(8))]
struct Waiter {
    semaphore: Semaphore,
    next: UnsafeCell<*mut Waiter>,
    alive: Alive,
}

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
pub struct RawMutex {
    state: AtomicPtr<Waiter>,
}

/// How the first half of an unlock ended.
pub(crate) enum Released {
    NotLocked,
    Unlocked,
    MustPop(RightToPop),
}

/// Stands for bit 1: whoever holds it pops. With the word as it was when the bit was set.
pub(crate) struct RightToPop(*mut Waiter);

fn is_locked(state: *mut Waiter) -> bool {
    state.addr() & LOCKED != 0
}

fn is_popping(state: *mut Waiter) -> bool {
    state.addr() & POPPING != 0
}

fn newest(state: *mut Waiter) -> *mut Waiter {
    state.map_addr(|a| a & !(LOCKED | POPPING))
}

/// `state` with the bits of `set` set and those of `clear` clear.
fn with(state: *mut Waiter, set: usize, clear: usize) -> *mut Waiter {
    state.map_addr(|a| a & !clear | set)
}

fn locked(state: *mut Waiter) -> *mut Waiter {
    with(state, LOCKED, 0)
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
            RawMutex { state: AtomicPtr::new(ptr::null_mut()) }
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
            self.lock_contended();
        }
    }

    #[inline]
    fn lock_free(&self) -> bool {
        let (free, taken) = (ptr::null_mut(), ptr::without_provenance_mut(LOCKED));
        // Relaxed on failure: the slow path loads again.
        self.state
            .compare_exchange(free, taken, Acquire, Relaxed)
            .is_ok()
    }

    #[cold]
    fn lock_contended(&self) {
        let waiter = Waiter {
            semaphore: Semaphore::new(),
            next: UnsafeCell::new(ptr::null_mut()),
            alive: Alive::new(),
        };
        let this = ptr::from_ref(&waiter).cast_mut();
        let mut spin = Spin::on_bucket();
        loop {
            // Relaxed: what is read decides only which compare-exchange to try.
            let state = self.state.load(Relaxed);
            if !is_locked(state) {
                // Acquire: the section starts here. Relaxed on failure: load again.
                if self
                    .state
                    .compare_exchange(state, locked(state), Acquire, Relaxed)
                    .is_ok()
                {
                    waiter.alive.end();
                    return;
                }
                continue;
            }
            // The sections are shorter than a sleep. Who finds others asleep joins them.
            if newest(state).is_null() && spin.once() {
                continue;
            }
            // SAFETY: not in the list, so nobody else looks at it (I1, I2).
            waiter
                .next
                .with_mut(|next| unsafe { *next = newest(state) });
            let pushed = with(this, state.addr() & POPPING | LOCKED, 0);
            // Release: the popper reads `next`. Relaxed on failure: load again.
            if self
                .state
                .compare_exchange(state, pushed, Release, Relaxed)
                .is_ok()
            {
                waiter.semaphore.wait(Deadline::Never, false);
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
        // Relaxed: decides only which compare-exchange to try.
        let mut state = self.state.load(Relaxed);
        while !is_locked(state) {
            // Acquire: the section starts here. Relaxed on failure: only tried again.
            match self
                .state
                .compare_exchange(state, locked(state), Acquire, Relaxed)
            {
                Ok(_) => return true,
                Err(now) => state = now,
            }
        }
        false
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
        let (free, taken) = (ptr::null_mut(), ptr::without_provenance_mut(LOCKED));
        // Release: the section ends here. Relaxed on failure: the slow path loads again.
        self.state
            .compare_exchange(taken, free, Release, Relaxed)
            .is_ok()
            || self.unlock_contended()
    }

    #[cold]
    fn unlock_contended(&self) -> bool {
        match self.release() {
            Released::NotLocked => return false,
            Released::Unlocked => {}
            Released::MustPop(right) => self.pop(right),
        }
        true
    }

    /// The first half of an unlock: clears bit 0, and sets bit 1 if there is somebody to wake.
    pub(crate) fn release(&self) -> Released {
        // Relaxed: decides only which compare-exchange to try.
        let mut state = self.state.load(Relaxed);
        while is_locked(state) {
            let pops = !newest(state).is_null() && !is_popping(state);
            let unlocked = with(state, if pops { POPPING } else { 0 }, LOCKED);
            // Release: the section ends here. Acquire: pairs with the push, for `next`. Relaxed on
            // failure: only tried again.
            match self
                .state
                .compare_exchange(state, unlocked, AcqRel, Relaxed)
            {
                Ok(_) if pops => return Released::MustPop(RightToPop(unlocked)),
                Ok(_) => return Released::Unlocked,
                Err(now) => state = now,
            }
        }
        Released::NotLocked
    }

    /// The second half: wakes the newest waiter, or leaves that to whoever has locked meanwhile.
    pub(crate) fn pop(&self, RightToPop(mut state): RightToPop) {
        loop {
            let waiter = newest(state);
            let left_to_its_unlock = is_locked(state);
            let rest = if left_to_its_unlock {
                with(state, 0, POPPING)
            } else {
                // SAFETY: in the list, hence alive (I1, I3); only we pop (I2).
                unsafe { (*waiter).next() }
            };
            // Release: we may have read the `next` of a waiter that another popper will wake, and
            // that writes it then. Acquire on failure: a newer waiter's `next`.
            match self.state.compare_exchange(state, rest, Release, Acquire) {
                Ok(_) if left_to_its_unlock => return,
                Ok(_) => {
                    // SAFETY: popped by us, so the one post of its wait (I2, I4).
                    unsafe { Semaphore::post(&raw const (*waiter).semaphore) };
                    return;
                }
                Err(now) => state = now,
            }
        }
    }

    /// True if threads wait in its list.
    #[cfg(all(test, loom))]
    pub(crate) fn has_waiters(&self) -> bool {
        !newest(self.state.load(Relaxed)).is_null()
    }

    /// True while somebody holds it. Out of date at once: for assertions.
    ///
    /// ```
    /// assert!(!py_sync::RawMutex::new().is_locked());
    /// ```
    #[doc(alias = "_PyRawMutex_IsLocked")]
    #[must_use]
    pub fn is_locked(&self) -> bool {
        // Relaxed: a snapshot that orders nothing.
        is_locked(self.state.load(Relaxed))
    }

    /// Makes it unlocked with no waiters, whatever it was.
    ///
    /// # Safety
    ///
    /// No other thread uses it: the waiters are those of the parent of a fork.
    pub(crate) unsafe fn reset(&self) {
        // Relaxed: a forked child has one thread.
        self.state.store(ptr::null_mut(), Relaxed);
    }
}

impl Waiter {
    /// # Safety
    ///
    /// `self` is in the list and the caller has the right to pop.
    unsafe fn next(&self) -> *mut Waiter {
        self.alive.touch();
        // SAFETY: nobody writes `next` while the waiter is in the list.
        self.next.with(|next| unsafe { *next })
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
