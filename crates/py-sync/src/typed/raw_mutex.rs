//! The raw mutexes: [`crate::Mutex`] behind the traits of `lock_api`.
//!
//! The byte and its protocol are in `mutex/`. Here two constants choose among its calls: whether a
//! sleep detaches, and whether every unlock is a fair one.

use super::lock_api::{self, GuardNoSend};
use crate::deadline::{Deadline, Monotonic, time_until};
use crate::flags::{LockFlags, LockStatus};
use crate::mutex::Mutex;
use core::fmt;
use std::time::{Duration, Instant};

/// A mutex of one byte without data, for `lock_api`: the type behind [`RawMutex`],
/// [`DetachingRawMutex`] and [`RawFairMutex`].
///
/// | `DETACH` | while a thread sleeps |
/// |---|---|
/// | `false` | it stays attached: nothing of the [`Runtime`](crate::Runtime) is called |
/// | `true` | it is detached from the [`Runtime`](crate::Runtime), and its critical sections are suspended |
///
/// | `FAIR` | an unlock |
/// |---|---|
/// | `false` | hands the lock off to a waiter that has waited for 1 ms; before that, threads compete |
/// | `true` | always hands the lock off to the first waiter |
///
/// All zero is unlocked, and any thread may unlock it. A guard may not be sent to another thread.
/// It may be locked in the destructors of thread-locals. In the child of a fork, one that another
/// thread held stays held: [`at_fork_reinit`](RawByteMutex::at_fork_reinit), or zero its byte.
///
/// ```
/// use py_sync::typed::{Mutex, RawByteMutex, RawMutex, lock_api, lock_api::RawMutex as _};
/// static RAW: RawMutex = RawMutex::INIT;
/// RAW.lock();
/// assert!(RAW.is_locked() && !RAW.try_lock());
/// // SAFETY: locked above.
/// unsafe { RAW.unlock() };
/// assert_eq!(size_of::<RawMutex>(), 1);
///
/// type AnyMutex<const DETACH: bool, const FAIR: bool, T> =
///     lock_api::Mutex<RawByteMutex<DETACH, FAIR>, T>;
/// fn sum<const D: bool, const F: bool>(numbers: &AnyMutex<D, F, Vec<u32>>) -> u32 {
///     numbers.lock().iter().sum()
/// }
/// assert_eq!(sum(&Mutex::new(vec![1, 2])), 3);
/// ```
#[repr(transparent)]
pub struct RawByteMutex<const DETACH: bool, const FAIR: bool>(Mutex);

/// The raw mutex of [`Mutex`](super::Mutex): one byte, and it never detaches. Nothing of the
/// [`Runtime`](crate::Runtime) is called, and critical sections are kept, while a thread waits.
///
/// The name is that of `lock_api`'s trait and of parking_lot's type. [`py_sync::RawMutex`] is another
/// type: one word, its list of waiters in the word, without the parking lot.
///
/// [`py_sync::RawMutex`]: crate::RawMutex
///
/// ```
/// use py_sync::typed::{RawMutex, lock_api};
/// type PyMutex<T> = lock_api::Mutex<RawMutex, T>;
/// static COUNT: PyMutex<u32> = PyMutex::new(0);
/// *COUNT.lock() += 1;
/// ```
pub type RawMutex = RawByteMutex<false, false>;

/// A raw mutex of one byte that detaches: while it sleeps, the thread's critical sections are
/// suspended and it is off the [`Runtime`](crate::Runtime), so that a world that is to be stopped
/// does not wait for it.
///
/// Not for a lock that the runtime itself takes in `detach` or `attach`.
///
/// ```
/// use py_sync::typed::{DetachingRawMutex, lock_api};
/// static NAMES: lock_api::Mutex<DetachingRawMutex, Vec<String>> =
///     lock_api::Mutex::new(Vec::new());
/// NAMES.lock().push("spam".to_owned());
/// ```
pub type DetachingRawMutex = RawByteMutex<true, false>;

/// A raw mutex of one byte whose every unlock hands it off to the first waiter, so that no thread
/// barges.
///
/// Under contention each turn costs a sleep and a wake.
///
/// ```
/// use py_sync::typed::{RawFairMutex, lock_api::RawMutex as _};
/// let raw = RawFairMutex::INIT;
/// assert!(raw.try_lock() && !raw.try_lock());
/// ```
pub type RawFairMutex = RawByteMutex<false, true>;

impl<const DETACH: bool, const FAIR: bool> RawByteMutex<DETACH, FAIR> {
    /// What a sleep does besides sleeping.
    pub(super) const FLAGS: LockFlags = match DETACH {
        true => LockFlags::DETACH,
        false => LockFlags::NONE,
    };

    /// Locks until `deadline` (`None`: whenever it is free), unless a signal says otherwise.
    ///
    /// # Blocking
    ///
    /// Sleeps until the lock is free or handed off, or the deadline has passed. A signal asks the
    /// runtime's [`pending`](crate::Runtime::pending), which may end the wait with
    /// [`Intr`](LockStatus::Intr); without an [`install`](crate::install)ed runtime any signal ends
    /// it so.
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::{LockStatus, typed::{RawMutex, lock_api::RawMutex as _}};
    /// use std::time::{Duration, Instant};
    /// let raw = RawMutex::INIT;
    /// assert_eq!(raw.lock_interruptible(None), LockStatus::Acquired);
    /// let soon = Instant::now() + Duration::from_millis(1);
    /// assert_eq!(raw.lock_interruptible(Some(soon)), LockStatus::Failure);
    /// ```
    pub fn lock_interruptible(&self, deadline: Option<Instant>) -> LockStatus {
        let flags = Self::FLAGS | LockFlags::INTERRUPTIBLE;
        self.0.lock_timed(deadline.map(time_until), flags)
    }

    /// Unlocks if it is locked; false, and nothing changed, if it is not.
    ///
    /// This is safe, since a raw mutex carries no data. A lock with data that is built on it must not give
    /// it to safe code, and `lock_api`'s does not: `raw()` is `unsafe`.
    ///
    /// ```
    /// use py_sync::typed::{RawMutex, lock_api::RawMutex as _};
    /// let raw = RawMutex::INIT;
    /// assert!(!raw.try_unlock());
    /// raw.lock();
    /// assert!(raw.try_unlock());
    /// ```
    #[inline]
    #[must_use = "false means that it was not locked"]
    pub fn try_unlock(&self) -> bool {
        self.release()
    }

    /// The mutex inside.
    pub(super) fn mutex(&self) -> &Mutex {
        &self.0
    }

    #[inline]
    fn release(&self) -> bool {
        match FAIR {
            true => self.0.unlock_fair(),
            false => self.0.try_unlock(),
        }
    }
}

// SAFETY: a `Mutex` has one holder at a time; `INIT` is unlocked.
unsafe impl<const DETACH: bool, const FAIR: bool> lock_api::RawMutex
    for RawByteMutex<DETACH, FAIR>
{
    const INIT: Self = RawByteMutex(Mutex::new());

    type GuardMarker = GuardNoSend;

    #[inline]
    fn lock(&self) {
        let status = self.0.lock_with(&Monotonic, Deadline::Never, Self::FLAGS);
        debug_assert_eq!(status, LockStatus::Acquired);
    }

    #[inline]
    fn try_lock(&self) -> bool {
        self.0.try_lock()
    }

    #[inline]
    unsafe fn unlock(&self) {
        let unlocked = self.release();
        debug_assert!(unlocked, "unlocking mutex that is not locked");
    }

    #[inline]
    fn is_locked(&self) -> bool {
        self.0.is_locked()
    }
}

// SAFETY: the locks are those of `RawMutex`, with a time limit; a call that returns false has not locked.
unsafe impl<const DETACH: bool, const FAIR: bool> lock_api::RawMutexTimed
    for RawByteMutex<DETACH, FAIR>
{
    type Duration = Duration;
    type Instant = Instant;

    fn try_lock_for(&self, timeout: Duration) -> bool {
        self.0.lock_timed(Some(timeout), Self::FLAGS) == LockStatus::Acquired
    }

    fn try_lock_until(&self, timeout: Instant) -> bool {
        self.0.lock_timed(Some(time_until(timeout)), Self::FLAGS) == LockStatus::Acquired
    }
}

// SAFETY: a fair unlock unlocks, and hands off; when `bump` returns the caller holds the lock again.
unsafe impl<const DETACH: bool, const FAIR: bool> lock_api::RawMutexFair
    for RawByteMutex<DETACH, FAIR>
{
    unsafe fn unlock_fair(&self) {
        let unlocked = self.0.unlock_fair();
        debug_assert!(unlocked, "unlocking mutex that is not locked");
    }

    unsafe fn bump(&self) {
        self.0.bump(&Monotonic, Self::FLAGS);
    }
}

impl<const DETACH: bool, const FAIR: bool> fmt::Debug for RawByteMutex<DETACH, FAIR> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawMutex")
            .field("locked", &self.0.is_locked())
            .finish()
    }
}
