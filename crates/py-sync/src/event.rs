//! [`Event`]: one byte, CPython's `PyEvent`.
//!
//! | byte | meaning |
//! |---|---|
//! | 0 | not set, nobody is parked |
//! | 2 | not set, threads may be parked |
//! | 1 | set, for good |
//!
//! ```text
//!      wait              notify: wake all
//!  0 ────────▶ 2 ──────────────────────────▶ 1
//!  └─────────────────────────────────────────▲
//!                    notify
//! ```
//!
//! Invariants:
//! * I1: 1 is final.
//! * I2: a thread is queued only if the byte was 2 under the bucket lock. `notify` writes 1 first and
//!   takes the bucket lock afterwards: it wakes all that were queued before, and a thread that comes
//!   later finds 1.
//! * I3: a timed-out waiter leaves 2 behind, as in CPython. It costs `notify` one look at the lot.
//! * I4: the swap is `notify`'s last touch of the byte, since a waiter may free the event at once. The
//!   wake uses its address only.
//!
//! Orderings: setting the event is `Release`, finding it set `Acquire`, so what came before `notify` is
//! seen after `wait`. A later `notify` continues the release sequence of the first.
//!
//! CPython: `Python/lock.c`, `PyEvent_Wait`, `PyEvent_WaitTimed`, `_PyEvent_Notify`,
//! `_PyEvent_IsSet`. Differs from CPython: no signal ends `wait_timed`. One may end `wait_with`, which
//! tells a signal from a timeout.

use crate::bits::{HAS_PARKED, LOCKED, UNLOCKED};
use crate::deadline::Deadline;
use crate::flags::{LockFlags, LockStatus, ParkStatus};
use crate::hooks;
use crate::parking_lot::{Kind, Parking, lot};
use crate::sync::{Acquire, AtomicU8, Relaxed, Release, const_fn};
use crate::with_signals::across_signals;
use core::fmt;
use core::time::Duration;

const UNSET: u8 = UNLOCKED;
const WAITED_FOR: u8 = HAS_PARKED;
const SET: u8 = LOCKED;

/// Something that happens once, and that threads can wait for. One byte.
///
/// All zero is not set. It must not move while a thread waits for it, which a borrow ensures. There
/// is no way back: for another round, use another event.
///
/// CPython: `Include/internal/pycore_lock.h`, `PyEvent`.
///
/// ```
/// use py_sync::Event;
/// static READY: Event = Event::new();
/// let waiter = std::thread::spawn(|| READY.wait());
/// READY.notify();
/// waiter.join().unwrap();
/// assert_eq!(size_of::<Event>(), 1);
/// ```
#[doc(alias = "PyEvent")]
#[repr(transparent)]
pub struct Event(AtomicU8);

impl Event {
    const_fn! {
        /// An event that is not set.
        ///
        /// ```
        /// static READY: py_sync::Event = py_sync::Event::new();
        /// assert!(!READY.is_set());
        /// ```
        #[must_use]
        pub fn new() -> Event {
            Event(AtomicU8::new(UNSET))
        }
    }

    /// True once [`notify`](Event::notify) has been called. Costs one load.
    ///
    /// CPython: `Python/lock.c`, `_PyEvent_IsSet`.
    ///
    /// ```
    /// let e = py_sync::Event::new();
    /// e.notify();
    /// assert!(e.is_set());
    /// ```
    #[doc(alias = "_PyEvent_IsSet")]
    #[inline]
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.load(Acquire) == SET
    }

    /// Sets the event and wakes all that wait for it. Again, it does nothing.
    ///
    /// The event is not touched once it is set: a waiter may free its memory.
    ///
    /// CPython: `Python/lock.c`, `_PyEvent_Notify`.
    ///
    /// ```
    /// let e = py_sync::Event::new();
    /// e.notify();
    /// e.notify();
    /// e.wait();
    /// ```
    #[doc(alias = "_PyEvent_Notify")]
    pub fn notify(&self) {
        let key = self.key();
        // Release: a thread that finds it set sees what came before. The last touch of the byte (I4).
        if self.0.swap(SET, Release) == WAITED_FOR {
            // SAFETY: the key is the event's address, and only its waiters park on it. If the event is
            // gone and another lives there, its waiters are woken and look again.
            unsafe { lot().unpark_all_of(Kind::Event, key) };
        }
    }

    /// Waits until the event is set. If it is, that costs one load.
    ///
    /// CPython: `Python/lock.c`, `PyEvent_Wait`.
    ///
    /// # Blocking
    ///
    /// Sleeps until another thread calls [`notify`](Event::notify); the thread's critical sections
    /// are suspended and it is detached from the [`Runtime`](crate::Runtime) meanwhile.
    ///
    /// # Examples
    ///
    /// ```
    /// let e = py_sync::Event::new();
    /// std::thread::scope(|s| {
    ///     s.spawn(|| e.wait());
    ///     e.notify();
    /// });
    /// ```
    #[doc(alias = "PyEvent_Wait")]
    #[inline]
    pub fn wait(&self) {
        if !self.is_set() {
            let status = self.wait_contended(Deadline::Never, LockFlags::DETACH);
            debug_assert_eq!(status, LockStatus::Acquired);
        }
    }

    /// Waits until the event is set or the time is up; true if it is set. `None` waits for ever,
    /// `Some(ZERO)` not at all.
    ///
    /// `detach` stands for [`LockFlags::DETACH`]: the parameters are C's. A signal does not end the
    /// wait. [`wait_with`](Event::wait_with) takes flags, and tells a signal from a timeout.
    ///
    /// CPython: `Python/lock.c`, `PyEvent_WaitTimed`.
    ///
    /// # Blocking
    ///
    /// Sleeps for `timeout` at most. The time is looked at after the sleep, so a thread that does
    /// not get the processor returns later.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// let e = py_sync::Event::new();
    /// assert!(!e.wait_timed(Some(Duration::from_millis(1)), true));
    /// e.notify();
    /// assert!(e.wait_timed(Some(Duration::ZERO), true));
    /// ```
    #[doc(alias = "PyEvent_WaitTimed")]
    pub fn wait_timed(&self, timeout: Option<Duration>, detach: bool) -> bool {
        let flags = match detach {
            true => LockFlags::DETACH,
            false => LockFlags::NONE,
        };
        self.wait_with(timeout, flags) == LockStatus::Acquired
    }

    /// Waits as [`wait_timed`](Event::wait_timed), by the flags of a lock call:
    /// [`Acquired`](LockStatus::Acquired) if the event is set, [`Failure`](LockStatus::Failure)
    /// after `timeout`, and with [`LockFlags::HANDLE_SIGNALS`] [`Intr`](LockStatus::Intr) after a
    /// signal, if the runtime's [`pending`](crate::Runtime::pending) says so; without an
    /// [`install`](crate::install)ed runtime no signal ends the wait.
    /// [`LockFlags::FAIL_IF_INTERRUPTED`] and [`wait_with_signals`](Event::wait_with_signals) need no
    /// runtime.
    ///
    /// # Blocking
    ///
    /// As [`wait_timed`](Event::wait_timed).
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::{Event, LockFlags, LockStatus};
    /// use std::time::Duration;
    /// let e = Event::new();
    /// let flags = LockFlags::DETACH | LockFlags::HANDLE_SIGNALS;
    /// assert_eq!(e.wait_with(Some(Duration::from_millis(1)), flags), LockStatus::Failure);
    /// ```
    pub fn wait_with(&self, timeout: Option<Duration>, flags: LockFlags) -> LockStatus {
        if self.is_set() {
            return LockStatus::Acquired;
        }
        if timeout == Some(Duration::ZERO) {
            return self.mark_waited_for();
        }
        self.wait_contended(Deadline::after(timeout), flags)
    }

    /// Waits within `timeout`, and runs `check` after each signal that comes meanwhile, as
    /// [`Mutex::lock_with_signals`](crate::Mutex::lock_with_signals) does: see there. `Ok(true)` if the
    /// event is set, `Ok(false)` if the time is up.
    ///
    /// # Errors
    ///
    /// The first that `check` returns.
    ///
    /// # Blocking
    ///
    /// As [`wait`](Event::wait), for `timeout` at most.
    ///
    /// # Panics
    ///
    /// If `check` does.
    ///
    /// # Examples
    ///
    /// ```
    /// let e = py_sync::Event::new();
    /// py_sync::signal_arrived(); // as a handler would, just before the wait
    /// let check_signals = || Err("KeyboardInterrupt");
    /// assert_eq!(e.wait_with_signals(None, check_signals), Err("KeyboardInterrupt"));
    /// e.notify();
    /// assert_eq!(e.wait_with_signals(None, check_signals), Ok(true));
    /// ```
    pub fn wait_with_signals<E>(
        &self,
        timeout: Option<Duration>,
        check: impl FnMut() -> Result<(), E>,
    ) -> Result<bool, E> {
        if self.is_set() {
            return Ok(true);
        }
        if timeout == Some(Duration::ZERO) {
            return Ok(self.mark_waited_for().is_acquired());
        }
        let deadline = Deadline::after(timeout);
        let attempt = |fails| self.wait_contended(deadline, LockFlags::DETACH | fails);
        across_signals(attempt, check)
    }

    /// A wait with no time left: it does not sleep, but leaves 2 behind, as in CPython (I3).
    fn mark_waited_for(&self) -> LockStatus {
        // Relaxed on success: nobody is queued, so there is nothing to order.
        match self.0.compare_exchange(UNSET, WAITED_FOR, Relaxed, Acquire) {
            Err(SET) => LockStatus::Acquired,
            _ => LockStatus::Failure,
        }
    }

    #[cold]
    pub(crate) fn wait_contended(&self, deadline: Deadline, flags: LockFlags) -> LockStatus {
        loop {
            // Set the parked bit. Relaxed on success: the bucket lock orders the rest.
            if self
                .0
                .compare_exchange(UNSET, WAITED_FOR, Relaxed, Acquire)
                .is_err_and(|byte| byte == SET)
            {
                return LockStatus::Acquired;
            }
            // Relaxed: a `notify` that this load misses takes the bucket lock after us (I2).
            let unset = || self.0.load(Relaxed) == WAITED_FOR;
            let parking = Parking::plain(Kind::Event, self.key(), deadline, flags);
            // SAFETY: the key is our own address, and only waiters of this event park on it; `unset`
            // does not call into the lot.
            let parked = unsafe { lot().park_with(parking, unset) };
            let given_up = match parked.status {
                ParkStatus::Ok | ParkStatus::Again => continue,
                ParkStatus::Timeout => LockStatus::Failure,
                ParkStatus::Intr if hooks::ends_wait(flags) => LockStatus::Intr,
                ParkStatus::Intr => continue,
            };
            // It may have been set in the meantime.
            return match self.is_set() {
                true => LockStatus::Acquired,
                false => given_up,
            };
        }
    }

    fn key(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }
}

impl Default for Event {
    fn default() -> Self {
        Event::new()
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("set", &self.is_set())
            .finish()
    }
}
