//! [`Semaphore`]: permits that threads take and give back, first come, first served. One word.
//!
//! (`semaphore/`, the word that a single thread sleeps on, is something else, and is not public.)
//!
//! | word | meaning |
//! |---|---|
//! | 2n | n permits are free, and nobody waits |
//! | 1 | no permit is free, threads may be parked |
//!
//! ```text
//!     release           acquire                park, under the bucket lock
//!  4 ◀──────── 2 ────────────────▶ 0 ──────────────────────────▶ 1
//!              ▲                   ▲                             │ release, under the bucket lock,
//!              │                   │                             │ gives the permit to the first waiter:
//!              │                   └─────────────────────────────┤ nobody else waits (others do: 1)
//!              └─────────────────────────────────────────────────┘ nobody waited
//! ```
//!
//! A release gives its permit to the thread that has waited for longest, and to the word only if nobody
//! waits. So no later thread gets a permit before one that waits, not even by
//! [`try_acquire`](Semaphore::try_acquire): the order is exactly that of arrival. The price is that a
//! permit belongs to its thread before that thread has run. A mutex is better off barging; but a semaphore
//! counts things, and each of them serves the thread that has it.
//!
//! Invariants:
//! * I1: a thread is queued only if the word was 1 under the bucket lock. While it is 1 only a release
//!   changes it, under the bucket lock: to 1, or to the permits that are left once all waiters have one.
//! * I2: so permits are free only while nobody is queued, and no wake-up is lost: a release that finds 1
//!   takes the bucket lock after the threads that are queued, and serves them.
//! * I3: a waiter that was taken out has a permit, whatever its clock says or signal came (the lot's I2).
//! * I4: 1 may be left behind without waiters, by a thread whose time was up or in a forked child. The
//!   next release clears it.
//! * I5: a release's store, or compare-exchange, is its last touch of the word, and comes before the
//!   wake: the thread that gets the permit may free the semaphore at once.
//!
//! Orderings: a permit that goes through the word is given by `Release` and taken by `Acquire`. Takes in
//! between are read-modify-writes, and continue the release sequence. A permit that goes to a waiter is
//! ordered by its post. The rest is `Relaxed`: the bucket lock orders it.
//!
//! CPython: `Include/internal/pycore_semaphore.h`, `_PySemaphore`: [`new(0)`](Semaphore::new) is its
//! `_PySemaphore_Init`, [`acquire_timed`](Semaphore::acquire_timed) its `_PySemaphore_Wait`,
//! [`release`](Semaphore::release) its `_PySemaphore_Wakeup`. Differs from CPython: any number of threads
//! may wait for it, and nothing of it can fail or has to be destroyed.

use crate::deadline::Deadline;
use crate::flags::{LockFlags, LockStatus, ParkStatus};
use crate::hooks;
use crate::parking_lot::{FilterOp, Kind, Parking, Waiters, lot};
use crate::sync::{Acquire, AtomicUsize, Relaxed, Release, const_fn};
use core::fmt;
use core::time::Duration;

mod fork;
mod guard;
mod signals;
#[cfg(all(test, not(loom)))]
mod tests;

pub use guard::SemaphoreGuard;

/// No permit, and nobody waits.
const NONE: usize = 0;
/// No permit, and threads may be parked.
const WAITED_FOR: usize = 1;
/// One permit.
const PERMIT: usize = 2;

/// Permits that threads take and give back, first come, first served.
///
/// Any thread may release a permit, also one that it never took. So `new(0)` counts notifications: each
/// release lets one waiting thread go on. All zero is no permit. It must not move while a thread waits
/// for it, which a borrow ensures.
///
/// The order is strict: a permit goes to the thread that has waited for longest, and no thread passes
/// another. A thread that was handed a permit holds it before it runs.
///
/// CPython: `Include/internal/pycore_semaphore.h`, `_PySemaphore`.
///
/// ```
/// use py_sync::Semaphore;
/// static SEATS: Semaphore = Semaphore::new(2);
/// let (first, second) = (SEATS.acquire_guard(), SEATS.acquire_guard());
/// assert!(!SEATS.try_acquire());
/// drop(first);
/// assert!(SEATS.try_acquire());
/// SEATS.release();
/// # drop(second);
/// ```
#[doc(alias = "_PySemaphore")]
#[repr(transparent)]
pub struct Semaphore(AtomicUsize);

impl Semaphore {
    /// The most permits that can be free at a time.
    ///
    /// ```
    /// assert_eq!(py_sync::Semaphore::MAX_PERMITS, usize::MAX >> 1);
    /// ```
    pub const MAX_PERMITS: usize = usize::MAX >> 1;

    const_fn! {
        /// A semaphore with `permits` permits free.
        ///
        /// CPython: `Python/parking_lot.c`, `_PySemaphore_Init`, with none.
        ///
        /// # Panics
        ///
        /// If there are more than [`MAX_PERMITS`](Semaphore::MAX_PERMITS).
        ///
        /// # Examples
        ///
        /// ```
        /// static SEATS: py_sync::Semaphore = py_sync::Semaphore::new(3);
        /// assert_eq!(SEATS.permits(), 3);
        /// ```
        #[doc(alias = "_PySemaphore_Init")]
        #[must_use]
        pub fn new(permits: usize) -> Semaphore {
            assert!(permits <= Semaphore::MAX_PERMITS, "too many permits");
            Semaphore(AtomicUsize::new(permits * PERMIT))
        }
    }

    /// Takes a permit. One that is free costs one compare-exchange.
    ///
    /// # Blocking
    ///
    /// Sleeps until a permit is free and those that came before have theirs; the thread's critical
    /// sections are suspended and it is detached from the [`Runtime`](crate::Runtime) meanwhile.
    ///
    /// # Examples
    ///
    /// ```
    /// let ready = py_sync::Semaphore::new(0);
    /// std::thread::scope(|s| {
    ///     s.spawn(|| ready.release());
    ///     ready.acquire();
    /// });
    /// ```
    #[inline]
    pub fn acquire(&self) {
        let status = self.acquire_to(Deadline::Never, LockFlags::DETACH);
        debug_assert_eq!(status, LockStatus::Acquired);
    }

    /// Takes a permit if one is free; true if it did. None is free while anybody waits.
    ///
    /// ```
    /// let s = py_sync::Semaphore::new(1);
    /// assert!(s.try_acquire() && !s.try_acquire());
    /// ```
    #[inline]
    #[must_use = "the permit may not have been taken"]
    pub fn try_acquire(&self) -> bool {
        // Relaxed: decides only which compare-exchange to try.
        let mut word = self.0.load(Relaxed);
        while word >= PERMIT {
            // Acquire: what came before the release is seen. Relaxed on failure: only tried again.
            match self
                .0
                .compare_exchange_weak(word, word - PERMIT, Acquire, Relaxed)
            {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    /// Takes a permit within `timeout`: `None` waits for ever, `Some(ZERO)` not at all.
    ///
    /// [`LockFlags::DETACH`] suspends critical sections and detaches while asleep. With
    /// [`LockFlags::HANDLE_SIGNALS`] a signal asks the runtime's [`pending`](crate::Runtime::pending),
    /// which may end the wait with [`Intr`](LockStatus::Intr); without an [`install`](crate::install)ed
    /// runtime no signal ends it. [`LockFlags::FAIL_IF_INTERRUPTED`] and
    /// [`acquire_with_signals`](Semaphore::acquire_with_signals) need no runtime.
    ///
    /// CPython: `Python/parking_lot.c`, `_PySemaphore_Wait`, with `FAIL_IF_INTERRUPTED`: its
    /// `Py_PARK_OK`, `Py_PARK_TIMEOUT` and `Py_PARK_INTR` are the three statuses here.
    ///
    /// # Blocking
    ///
    /// Sleeps for `timeout` at most. The time is looked at after the sleep, so a thread that does not
    /// get the processor returns later.
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::{LockFlags, LockStatus, Semaphore};
    /// use std::time::Duration;
    /// let s = Semaphore::new(1);
    /// let soon = Some(Duration::from_millis(1));
    /// assert_eq!(s.acquire_timed(soon, LockFlags::DETACH), LockStatus::Acquired);
    /// assert_eq!(s.acquire_timed(soon, LockFlags::DETACH), LockStatus::Failure);
    /// ```
    #[doc(alias = "_PySemaphore_Wait")]
    pub fn acquire_timed(&self, timeout: Option<Duration>, flags: LockFlags) -> LockStatus {
        if self.try_acquire() {
            return LockStatus::Acquired;
        }
        if timeout == Some(Duration::ZERO) {
            return LockStatus::Failure;
        }
        self.acquire_contended(Deadline::after(timeout), flags)
    }

    /// Every call that may wait.
    #[inline]
    pub(crate) fn acquire_to(&self, deadline: Deadline, flags: LockFlags) -> LockStatus {
        match self.try_acquire() {
            true => LockStatus::Acquired,
            false => self.acquire_contended(deadline, flags),
        }
    }

    #[cold]
    fn acquire_contended(&self, deadline: Deadline, flags: LockFlags) -> LockStatus {
        loop {
            let parking = Parking::plain(Kind::Semaphore, self.key(), deadline, flags);
            // SAFETY: the key is our own address, and only waiters of this semaphore park on it;
            // `set_parked` does not call into the lot.
            let parked = unsafe { lot().park_with(parking, || self.set_parked()) };
            match parked.status {
                // The release has given us a permit (I3).
                ParkStatus::Ok => return LockStatus::Acquired,
                ParkStatus::Timeout => return LockStatus::Failure,
                ParkStatus::Intr if hooks::ends_wait(flags) => return LockStatus::Intr,
                // A permit was free when we came to park, or the runtime has handled a signal.
                ParkStatus::Again | ParkStatus::Intr => {}
            }
            if self.try_acquire() {
                return LockStatus::Acquired;
            }
        }
    }

    /// Sets the word to 1, so that a release looks at the queue. False if a permit is free. Runs under
    /// the bucket lock (I1).
    fn set_parked(&self) -> bool {
        // Relaxed, both: the bucket lock orders it, and a failure decides only what to do next.
        match self.0.compare_exchange(NONE, WAITED_FOR, Relaxed, Relaxed) {
            Ok(_) => true,
            Err(word) => word == WAITED_FOR,
        }
    }

    /// Gives a permit back, or one more: to the thread that has waited for longest, if any waits.
    ///
    /// The semaphore is not touched once the permit is given: the thread that takes it may free its
    /// memory.
    ///
    /// CPython: `Python/parking_lot.c`, `_PySemaphore_Wakeup`.
    ///
    /// # Panics
    ///
    /// If more than [`MAX_PERMITS`](Semaphore::MAX_PERMITS) would be free. Nothing has been changed.
    ///
    /// # Examples
    ///
    /// ```
    /// let s = py_sync::Semaphore::new(0);
    /// s.release();
    /// assert!(s.try_acquire());
    /// ```
    #[doc(alias = "_PySemaphore_Wakeup")]
    #[inline]
    #[track_caller]
    pub fn release(&self) {
        self.release_many(1);
    }

    /// Gives `permits` permits, as [`release`](Semaphore::release) each, at once: those that have
    /// waited for longest are woken together.
    ///
    /// # Panics
    ///
    /// As [`release`](Semaphore::release).
    ///
    /// # Examples
    ///
    /// ```
    /// let s = py_sync::Semaphore::new(0);
    /// s.release_many(3);
    /// assert_eq!(s.permits(), 3);
    /// ```
    #[inline]
    #[track_caller]
    pub fn release_many(&self, permits: usize) {
        if permits == 0 {
            return;
        }
        // Relaxed: decides only which way to go.
        let mut word = self.0.load(Relaxed);
        loop {
            let given = match word {
                WAITED_FOR => self.hand_off(permits),
                word => self.add(word, permits),
            };
            match given {
                Ok(()) => return,
                Err(now) => word = now,
            }
        }
    }

    /// Adds permits to the word, which was `word`; the error is what it is now.
    #[inline]
    #[track_caller]
    fn add(&self, word: usize, permits: usize) -> Result<(), usize> {
        let free = word / PERMIT;
        let fit = permits <= Semaphore::MAX_PERMITS - free;
        assert!(fit, "semaphore released too often");
        let free = (free + permits) * PERMIT;
        // Release: the thread that takes the permit sees what came before. The last touch of the word
        // (I5). Relaxed on failure: only tried again.
        let given = self.0.compare_exchange_weak(word, free, Release, Relaxed);
        given.map(|_| ())
    }

    /// Gives permits to the waiters, and what is left to the word. An error, and nothing done, if another
    /// release was faster.
    #[cold]
    #[track_caller]
    fn hand_off(&self, permits: usize) -> Result<(), usize> {
        // Checked before any permit is given.
        let fit = permits <= Semaphore::MAX_PERMITS;
        assert!(fit, "semaphore released too often");
        let serve = |waiters: &mut Waiters<'_>| {
            // Relaxed: if it is 1, nobody else changes it from here on (I1).
            let word = self.0.load(Relaxed);
            if word != WAITED_FOR {
                return Err(word);
            }
            let mut left = permits;
            let stay = waiters.unpark_filter(0, |_| match left {
                0 => FilterOp::Stop,
                _ => {
                    left -= 1;
                    FilterOp::Unpark
                }
            });
            let word = match stay {
                true => WAITED_FOR,
                false => left * PERMIT,
            };
            // Release: the thread that takes a permit sees what came before. The last touch (I5).
            self.0.store(word, Release);
            Ok(())
        };
        // SAFETY: the key is our own address, and `&self` keeps the semaphore alive, so the waiters on it
        // are ours; `serve` does not call into the lot.
        unsafe { lot().with_waiters(Kind::Semaphore, self.key(), serve) }
    }

    /// How many permits are free. Out of date at once: for assertions.
    ///
    /// ```
    /// assert_eq!(py_sync::Semaphore::new(2).permits(), 2);
    /// ```
    #[inline]
    #[must_use]
    pub fn permits(&self) -> usize {
        // Relaxed: a snapshot that orders nothing.
        self.0.load(Relaxed) / PERMIT
    }

    fn key(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }
}

impl Default for Semaphore {
    /// Without a permit.
    fn default() -> Self {
        Semaphore::new(0)
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Relaxed: a snapshot that orders nothing.
        let word = self.0.load(Relaxed);
        f.debug_struct("Semaphore")
            .field("permits", &(word / PERMIT))
            .field("parked", &(word == WAITED_FOR))
            .finish()
    }
}
