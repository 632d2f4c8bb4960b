//! The raw mutexes: [`crate::Mutex`] behind the traits of `lock_api`.
//!
//! Nothing is decided here. The byte and its protocol are in `mutex/`; a [`Policy`] says what a
//! sleep does beside sleeping, and which unlock it is.

use super::lock_api::{self, GuardNoSend};
use super::policy::{Attached, Detaching, Handing, Policy};
use crate::deadline::{Deadline, Monotonic, time_until};
use crate::flags::{LockFlags, LockStatus};
use crate::mutex::Mutex;
use core::fmt;
use core::marker::PhantomData;
use std::time::{Duration, Instant};

/// A mutex of one byte without data, for `lock_api`: [`RawMutex`], [`DetachingRawMutex`] or
/// [`RawFairMutex`].
///
/// All zero is unlocked, and any thread may unlock it. A guard may not be sent to another thread.
/// It may be locked in the destructors of thread-locals. In the child of a fork, one that another
/// thread held stays held: [`at_fork_reinit`](RawByteMutex::at_fork_reinit), or zero its byte.
///
/// ```
/// use py_sync::typed::{RawMutex, lock_api::RawMutex as _};
/// static RAW: RawMutex = RawMutex::INIT;
/// RAW.lock();
/// assert!(RAW.is_locked() && !RAW.try_lock());
/// // SAFETY: locked above.
/// unsafe { RAW.unlock() };
/// assert_eq!(size_of::<RawMutex>(), 1);
/// ```
#[repr(transparent)]
pub struct RawByteMutex<P>(Mutex, PhantomData<fn() -> P>);

/// A raw mutex of one byte that never detaches: nothing of the [`Runtime`](crate::Runtime) is
/// called, and critical sections are kept, while it waits.
///
/// ```
/// use py_sync::typed::{RawMutex, lock_api};
/// type PyMutex<T> = lock_api::Mutex<RawMutex, T>;
/// static COUNT: PyMutex<u32> = PyMutex::new(0);
/// *COUNT.lock() += 1;
/// ```
pub type RawMutex = RawByteMutex<Attached>;

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
pub type DetachingRawMutex = RawByteMutex<Detaching>;

/// A raw mutex of one byte each unlock of which hands it to the first in line: no thread barges.
///
/// Throughput under contention is that of a sleep and a wake for each turn.
///
/// ```
/// use py_sync::typed::{RawFairMutex, lock_api::RawMutex as _};
/// let raw = RawFairMutex::INIT;
/// assert!(raw.try_lock() && !raw.try_lock());
/// ```
pub type RawFairMutex = RawByteMutex<Handing>;

impl<P: Policy> RawByteMutex<P> {
    /// Locks until `deadline` (`None`: whenever it is free), unless a signal says otherwise.
    ///
    /// # Blocking
    ///
    /// Sleeps until the lock is free or handed over, or the deadline has passed. A signal asks the
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
        let flags = P::FLAGS | LockFlags::INTERRUPTIBLE;
        self.0.lock_timed(deadline.map(time_until), flags)
    }

    /// Unlocks if it is locked; false, and nothing changed, if it is not.
    ///
    /// Safe, since a raw mutex carries no data: whoever builds a lock with data on it must not give
    /// it out to safe code, as `lock_api` does not (its `raw()` is `unsafe`).
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
        self.give_up()
    }

    /// The mutex under it.
    pub(super) fn mutex(&self) -> &Mutex {
        &self.0
    }

    #[inline]
    fn give_up(&self) -> bool {
        match P::HANDS_OVER {
            true => self.0.unlock_fair(),
            false => self.0.try_unlock(),
        }
    }
}

// SAFETY: `Mutex` excludes; `INIT` is unlocked.
unsafe impl<P: Policy> lock_api::RawMutex for RawByteMutex<P> {
    const INIT: Self = RawByteMutex(Mutex::new(), PhantomData);

    type GuardMarker = GuardNoSend;

    #[inline]
    fn lock(&self) {
        let status = self.0.lock_with(&Monotonic, Deadline::Never, P::FLAGS);
        debug_assert_eq!(status, LockStatus::Acquired);
    }

    #[inline]
    fn try_lock(&self) -> bool {
        self.0.try_lock()
    }

    #[inline]
    unsafe fn unlock(&self) {
        let unlocked = self.give_up();
        debug_assert!(unlocked, "unlocking mutex that is not locked");
    }

    #[inline]
    fn is_locked(&self) -> bool {
        self.0.is_locked()
    }
}

// SAFETY: as above; a timed call that returns false has not locked.
unsafe impl<P: Policy> lock_api::RawMutexTimed for RawByteMutex<P> {
    type Duration = Duration;
    type Instant = Instant;

    fn try_lock_for(&self, timeout: Duration) -> bool {
        self.0.lock_timed(Some(timeout), P::FLAGS) == LockStatus::Acquired
    }

    fn try_lock_until(&self, timeout: Instant) -> bool {
        self.0.lock_timed(Some(time_until(timeout)), P::FLAGS) == LockStatus::Acquired
    }
}

// SAFETY: as above; `bump` holds the lock again when it returns.
unsafe impl<P: Policy> lock_api::RawMutexFair for RawByteMutex<P> {
    unsafe fn unlock_fair(&self) {
        let unlocked = self.0.unlock_fair();
        debug_assert!(unlocked, "unlocking mutex that is not locked");
    }

    unsafe fn bump(&self) {
        self.0.bump(&Monotonic, P::FLAGS);
    }
}

impl<P> fmt::Debug for RawByteMutex<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawMutex")
            .field("locked", &self.0.is_locked())
            .finish()
    }
}
