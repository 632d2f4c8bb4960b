//! [`Mutex`]: one byte, CPython's `PyMutex`.
//!
//! This file has the public calls and the fast paths, which the compiler inlines. The states, the
//! invariants and the slow paths are in `protocol.rs`, the guard in `guard.rs`.

mod fair;
mod guard;
mod protocol;
mod signals;
#[cfg(all(test, not(loom)))]
mod tests;

pub use guard::MutexGuard;

use crate::bits::{HAS_PARKED, LOCKED, UNLOCKED};
use crate::deadline::{Clock, Deadline, Monotonic};
use crate::flags::{LockFlags, LockStatus};
use crate::held::{self, Hold};
use crate::spin::Placement;
use crate::sync::{Acquire, AtomicU8, Relaxed, Release, const_fn};
use core::fmt;
use core::time::Duration;

/// A mutex of one byte that is handed off to a waiter after 1 ms.
///
/// A waiter that has waited for 1 ms gets the lock from the next unlock, however short or long the
/// critical sections are; in a crowd, 50 us and a wake-up later for each waiter in front of it (waiters of
/// another lock may count, if both have one of the 257 queues). Today a mutex that lies by itself, not in an
/// object, is handed off sooner: after 0.1 ms, mostly 50 us or 30 critical sections after the last hand-off. No
/// waiter depends on another. If one that was woken does not run, the others look for themselves: when they are
/// to be handed the lock, and 1, 3, 7 ms and so on after that. A thread that *was handed* the lock owns it,
/// though, and others wait until it has run, as with CPython. So they do for one that is stopped in the fraction
/// of a microsecond in which it has the lock of its queue: as it parks, unlocks or looks, but mostly not at its
/// first look. These times are exceeded by the time until the waiter or the holder next runs.
///
/// It carries no data, has no owner (any thread may unlock it) and is not recursive. All zero is
/// unlocked. It must not move while a thread waits for it, which a borrow ensures.
///
/// CPython: `Include/cpython/lock.h`, `PyMutex`.
///
/// ```
/// use py_sync::Mutex;
/// static LOCK: Mutex = Mutex::new();
/// LOCK.lock();
/// assert!(!LOCK.try_lock());
/// LOCK.unlock();
/// assert_eq!(size_of::<Mutex>(), 1);
/// ```
#[doc(alias = "PyMutex")]
#[repr(transparent)]
pub struct Mutex(AtomicU8);

fn is_locked(byte: u8) -> bool {
    byte & LOCKED != 0
}

fn has_parked(byte: u8) -> bool {
    byte & HAS_PARKED != 0
}

impl Mutex {
    const_fn! {
        /// An unlocked mutex.
        ///
        /// ```
        /// static LOCK: py_sync::Mutex = py_sync::Mutex::new();
        /// assert!(!LOCK.is_locked());
        /// ```
        #[must_use]
        pub fn new() -> Mutex {
            Mutex(AtomicU8::new(UNLOCKED))
        }
    }

    /// Locks. A free lock costs one compare-exchange.
    ///
    /// CPython: `Python/lock.c`, `PyMutex_Lock`.
    ///
    /// # Blocking
    ///
    /// Sleeps until the lock is free or handed off; the thread's critical sections are suspended
    /// and it is detached from the [`Runtime`](crate::Runtime) meanwhile. A thread that locks twice
    /// sleeps for ever.
    ///
    /// # Examples
    ///
    /// ```
    /// let m = py_sync::Mutex::new();
    /// m.lock();
    /// assert!(m.is_locked());
    /// m.unlock();
    /// ```
    #[doc(alias = "PyMutex_Lock")]
    #[inline]
    pub fn lock(&self) {
        let status = self.lock_with(&Monotonic, Deadline::Never, LockFlags::DETACH);
        debug_assert_eq!(status, LockStatus::Acquired);
    }

    /// Locks without detaching: as [`lock`](Mutex::lock), but the thread keeps its critical sections
    /// and stays attached to the [`Runtime`](crate::Runtime) while it sleeps. [`LockFlags::NONE`] says
    /// where that would deadlock.
    ///
    /// CPython: `Include/internal/pycore_lock.h`, `PyMutex_LockFlags`, with `_Py_LOCK_DONT_DETACH`.
    ///
    /// # Blocking
    ///
    /// Sleeps until the lock is free or handed off.
    ///
    /// # Examples
    ///
    /// ```
    /// let m = py_sync::Mutex::new();
    /// m.lock_attached();
    /// m.unlock();
    /// ```
    #[doc(alias = "PyMutex_LockFlags")]
    #[inline]
    pub fn lock_attached(&self) {
        let status = self.lock_with(&Monotonic, Deadline::Never, LockFlags::NONE);
        debug_assert_eq!(status, LockStatus::Acquired);
    }

    /// Every blocking lock call, with the fairness clock as a parameter.
    #[inline]
    pub(crate) fn lock_with(
        &self,
        clock: &impl Clock,
        deadline: Deadline,
        flags: LockFlags,
    ) -> LockStatus {
        if self.lock_free() {
            return self.acquired();
        }
        self.lock_contended(clock, deadline, flags, Placement::Alone)
    }

    /// [`lock`](Mutex::lock) of a mutex in an object's header: a critical section's, CPython's own.
    #[inline]
    pub(crate) fn lock_in_object(&self) {
        let (never, detach) = (Deadline::Never, LockFlags::DETACH);
        let status = match self.lock_free() {
            true => self.acquired(),
            false => self.lock_contended(&Monotonic, never, detach, Placement::InObject),
        };
        debug_assert_eq!(status, LockStatus::Acquired);
    }

    /// Records that the calling thread has locked it.
    #[inline]
    fn acquired(&self) -> LockStatus {
        held::exclusive(self.key());
        LockStatus::Acquired
    }

    /// Locks if the byte is 0. Records nothing.
    #[inline]
    pub(crate) fn lock_free(&self) -> bool {
        // Relaxed on failure: the slow path loads again.
        self.0
            .compare_exchange(UNLOCKED, LOCKED, Acquire, Relaxed)
            .is_ok()
    }

    /// Locks if that needs no waiting; true if it did. Never fails on a free lock.
    ///
    /// CPython: `Include/internal/pycore_lock.h`, `PyMutex_LockFast`.
    ///
    /// ```
    /// let m = py_sync::Mutex::new();
    /// assert!(m.try_lock());
    /// assert!(!m.try_lock());
    /// ```
    #[doc(alias = "PyMutex_LockFast")]
    #[inline]
    #[must_use = "the lock may not have been acquired"]
    pub fn try_lock(&self) -> bool {
        let locked = self.lock_free() || self.take(LOCKED);
        if locked {
            held::exclusive(self.key());
        }
        locked
    }

    /// Locks within `timeout`: `None` waits for ever, `Some(ZERO)` not at all.
    ///
    /// [`LockFlags::DETACH`] suspends critical sections and detaches while asleep. With
    /// [`LockFlags::HANDLE_SIGNALS`] a signal asks the runtime's
    /// [`pending`](crate::Runtime::pending), which may end the wait with
    /// [`Intr`](LockStatus::Intr); without an [`install`](crate::install)ed runtime no signal ends
    /// it. [`LockFlags::FAIL_IF_INTERRUPTED`] and [`lock_with_signals`](Mutex::lock_with_signals) need
    /// no runtime. To wait for ever without detaching, see [`lock_attached`](Mutex::lock_attached).
    ///
    /// CPython: `Python/lock.c`, `_PyMutex_LockTimed`.
    ///
    /// # Blocking
    ///
    /// Sleeps for `timeout` at most. The time is looked at after the sleep, so a thread that does
    /// not get the processor returns later.
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::{LockFlags, LockStatus, Mutex};
    /// use std::time::Duration;
    /// let m = Mutex::new();
    /// m.lock();
    /// let soon = Some(Duration::from_millis(1));
    /// assert_eq!(m.lock_timed(soon, LockFlags::DETACH), LockStatus::Failure);
    /// ```
    #[doc(alias = "_PyMutex_LockTimed")]
    #[doc(alias = "PyMutex_LockTimed")]
    #[doc(alias = "PyMutex_LockFlags")]
    pub fn lock_timed(&self, timeout: Option<Duration>, flags: LockFlags) -> LockStatus {
        self.lock_timed_in(timeout, flags, Placement::Alone)
    }

    /// [`lock_timed`](Mutex::lock_timed) of a mutex with this placement.
    #[inline]
    pub(crate) fn lock_timed_in(
        &self,
        timeout: Option<Duration>,
        flags: LockFlags,
        place: Placement,
    ) -> LockStatus {
        if self.try_lock() {
            return LockStatus::Acquired;
        }
        if timeout == Some(Duration::ZERO) {
            return LockStatus::Failure;
        }
        self.lock_contended(&Monotonic, Deadline::after(timeout), flags, place)
    }

    /// Unlocks. Without waiters it costs one compare-exchange.
    ///
    /// Any thread may unlock. The mutex is not touched once it is free: the thread that locks it next
    /// may free its memory.
    ///
    /// CPython: `Python/lock.c`, `PyMutex_Unlock`.
    ///
    /// # Panics
    ///
    /// If it is not locked: `unlocking mutex that is not locked`. Nothing has been changed.
    ///
    /// # Examples
    ///
    /// ```should_panic
    /// py_sync::Mutex::new().unlock();
    /// ```
    #[doc(alias = "PyMutex_Unlock")]
    #[inline]
    #[track_caller]
    pub fn unlock(&self) {
        assert!(self.try_unlock(), "unlocking mutex that is not locked");
    }

    /// Unlocks if it is locked; false, and nothing changed, if it is not.
    ///
    /// CPython: `Python/lock.c`, `_PyMutex_TryUnlock`.
    ///
    /// ```
    /// let m = py_sync::Mutex::new();
    /// assert!(!m.try_unlock());
    /// m.lock();
    /// assert!(m.try_unlock());
    /// ```
    #[doc(alias = "_PyMutex_TryUnlock")]
    #[inline]
    #[must_use = "false means that it was not locked"]
    pub fn try_unlock(&self) -> bool {
        self.unlock_with(&Monotonic)
    }

    /// [`try_unlock`](Mutex::try_unlock) with the fairness clock as a parameter.
    #[inline]
    pub(crate) fn unlock_with(&self, clock: &impl Clock) -> bool {
        held::released(self.key(), Hold::Exclusive);
        self.unlock_unparked() || self.unlock_contended(clock)
    }

    /// Unlocks if the byte is 1. Removes no record.
    #[inline]
    pub(crate) fn unlock_unparked(&self) -> bool {
        // Release: the section ends here. Relaxed on failure: the slow path loads again.
        self.0
            .compare_exchange(LOCKED, UNLOCKED, Release, Relaxed)
            .is_ok()
    }

    /// True while it is held. The answer may be out of date at once: for assertions.
    ///
    /// CPython: `Python/lock.c`, `PyMutex_IsLocked`.
    ///
    /// ```
    /// let m = py_sync::Mutex::new();
    /// assert!(!m.is_locked());
    /// ```
    #[doc(alias = "PyMutex_IsLocked")]
    #[inline]
    #[must_use]
    pub fn is_locked(&self) -> bool {
        is_locked(self.byte())
    }

    #[inline]
    fn key(&self) -> usize {
        self.as_ptr().addr()
    }

    /// The byte, out of date at once.
    #[inline]
    pub(crate) fn byte(&self) -> u8 {
        // Relaxed: a snapshot that orders nothing.
        self.0.load(Relaxed)
    }

    /// Unlocks it in the child of a fork.
    pub(crate) fn reset(&self) {
        held::forget(self.key());
        // Relaxed: the child has one thread.
        self.0.store(UNLOCKED, Relaxed);
    }

    /// The byte, for a runtime that shows it to C or embeds it in an object's header.
    ///
    /// ```
    /// let m = py_sync::Mutex::new();
    /// m.lock();
    /// // SAFETY: no other thread knows the mutex.
    /// assert_eq!(unsafe { *m.as_ptr() }, 1);
    /// ```
    #[inline]
    #[must_use]
    pub const fn as_ptr(&self) -> *mut u8 {
        core::ptr::from_ref(self).cast_mut().cast()
    }

    /// The mutex whose byte is at `byte`.
    ///
    /// # Safety
    ///
    /// For all of `'a` the byte is alive, does not move, and is touched only atomically: by mutexes
    /// made from it, or by C's inlined `PyMutex_Lock` and `PyMutex_Unlock`. It is 0 to 3.
    ///
    /// All threads that touch it use one parking lot. Each copy of this crate in a process has its own
    /// (two versions of it, or a shared library and a main program that were both linked with it), and
    /// so have CPython's functions. An unlock that looks in another lot does not find a waiter, which
    /// then sleeps for ever. So C's inlined functions may touch the byte only if the slow functions that
    /// they call, `PyMutex_Lock` and `PyMutex_Unlock` of the process, are this copy's.
    ///
    /// # Examples
    ///
    /// ```
    /// let header = Box::into_raw(Box::new(0u8));
    /// // SAFETY: the box lives until the last line, and nobody else touches it.
    /// let m = unsafe { py_sync::Mutex::from_ptr(header) };
    /// m.lock();
    /// m.unlock();
    /// // SAFETY: made by `into_raw` above, and `m` is not used again.
    /// drop(unsafe { Box::from_raw(header) });
    /// ```
    #[inline]
    #[must_use]
    pub const unsafe fn from_ptr<'a>(byte: *mut u8) -> &'a Mutex {
        // SAFETY: a `Mutex` has the layout of a byte (repr(transparent) over AtomicU8). That the byte
        // is alive and touched only atomically is the caller's promise.
        unsafe { &*byte.cast::<Mutex>() }
    }
}

impl Default for Mutex {
    fn default() -> Self {
        Mutex::new()
    }
}

impl fmt::Debug for Mutex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Relaxed: a snapshot that orders nothing.
        let byte = self.0.load(Relaxed);
        f.debug_struct("Mutex")
            .field("locked", &is_locked(byte))
            .field("parked", &has_parked(byte))
            .finish()
    }
}
