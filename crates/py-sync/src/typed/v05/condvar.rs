//! The condition variable behind lock_api 0.5's traits.

use super::super::lock_api::RawMutex as _;
use super::super::raw_mutex::RawMutex;
use super::lock_api::{self, GuardNoSend};
use crate::condvar;
use crate::deadline::{Deadline, Monotonic, instant_after};
use crate::flags::LockFlags;
use core::fmt;
use std::time::{Duration, Instant};

/// The raw condition variable behind lock_api 0.5's trait. One byte. A wait ends only by a notification or
/// a timeout, never spuriously.
///
/// ```
/// use py_sync::typed::v05::{RawCondvar, lock_api::RawCondvar as _};
/// static CHANGED: RawCondvar = RawCondvar::INIT;
/// assert!(!CHANGED.notify_one());
/// assert_eq!(size_of::<RawCondvar>(), 1);
/// ```
#[repr(transparent)]
pub struct RawCondvar(condvar::Condvar);

/// [`typed::Condvar`](crate::typed::Condvar) over lock_api 0.5, for its [`Mutex`](super::Mutex) alone.
///
/// ```
/// use py_sync::typed::v05::{Condvar, Mutex};
/// use std::time::Duration;
/// let (m, changed) = (Mutex::new(()), Condvar::new());
/// assert!(changed.wait_for(&mut m.lock(), Duration::from_millis(1)).timed_out());
/// assert!(!changed.notify_one());
/// ```
pub type Condvar = lock_api::Condvar<RawCondvar>;

impl RawCondvar {
    /// True if notified.
    ///
    /// # Safety
    ///
    /// The caller holds `mutex`, and uses what it guards only when this has returned.
    unsafe fn wait_to(&self, mutex: &RawMutex, deadline: Deadline) -> bool {
        // SAFETY: the caller holds the mutex, and the wait locks it again before it returns; nothing
        // in between unwinds.
        let release = || unsafe { mutex.unlock() };
        let until = (deadline, LockFlags::NONE);
        self.0.wait(&Monotonic, mutex.mutex(), release, until)
    }
}

// SAFETY: the thread is queued before the mutex is unlocked, and holds it again when the wait returns;
// nothing in between unwinds, and the guard has no state.
unsafe impl lock_api::RawCondvar for RawCondvar {
    const INIT: RawCondvar = RawCondvar(condvar::Condvar::new());

    type RawMutex = RawMutex;

    unsafe fn wait(&self, mutex: &RawMutex, _: &mut GuardNoSend) {
        // SAFETY: the caller holds the mutex, and uses what it guards only when this has returned.
        let notified = unsafe { self.wait_to(mutex, Deadline::Never) };
        debug_assert!(notified, "there was no deadline");
    }

    #[inline]
    fn notify_one(&self) -> bool {
        self.0.notify_one()
    }

    #[inline]
    fn notify_all(&self) -> usize {
        self.0.notify_all()
    }
}

// SAFETY: the waits are those of `RawCondvar`, with a deadline: the mutex is held when they return.
unsafe impl lock_api::RawCondvarTimed for RawCondvar {
    fn checked_duration_to_instant(timeout: &Duration) -> Option<Instant> {
        instant_after(*timeout)
    }

    unsafe fn wait_until(&self, mutex: &RawMutex, _: &mut GuardNoSend, timeout: &Instant) -> bool {
        let deadline = Deadline::until(*timeout);
        // SAFETY: the caller holds the mutex, and uses what it guards only when this has returned. True is
        // a timeout.
        !unsafe { self.wait_to(mutex, deadline) }
    }

    unsafe fn wait_for(&self, mutex: &RawMutex, _: &mut GuardNoSend, timeout: &Duration) -> bool {
        // SAFETY: the caller holds the mutex, and uses what it guards only when this has returned. True is
        // a timeout.
        !unsafe { self.wait_to(mutex, Deadline::after(Some(*timeout))) }
    }
}

impl fmt::Debug for RawCondvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawCondvar")
            .field("may_have_waiters", &self.0.may_have_waiters())
            .finish()
    }
}
