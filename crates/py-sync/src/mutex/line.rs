//! The part of a [`Mutex`] in a condition variable: waiters that others put into its queue.

use super::Mutex;
use crate::deadline::{Clock, Deadline};
use crate::flags::{LockFlags, LockStatus};
use crate::parking_lot::{Arrival, Kind, Line, Standby, Waiter, lot, wait_in_line};
use crate::semaphore::Wake;

/// What a waiter is that has just joined.
fn just_joined(clock: &impl Clock) -> Standby {
    Standby {
        due: clock.time_to_be_fair(),
        looked: clock.now(),
        shorts: 0,
        in_flight: false,
    }
}

impl Mutex {
    /// By the holder: unlocks with `release` once it is queued on `key`, sleeps until sent on or
    /// until the deadline, and returns with the mutex locked. True if it was sent on.
    ///
    /// # Safety
    ///
    /// As for [`wait_in_line`], and whoever sends on those that wait on `key` does that by
    /// [`line_up`](Mutex::line_up).
    pub(crate) unsafe fn release_until_sent_on(
        &self,
        clock: &impl Clock,
        key: usize,
        announce: impl FnOnce(),
        release: impl FnOnce(),
        (deadline, flags): (Deadline, LockFlags),
    ) -> bool {
        let second = Waiter::on_standby(self.key(), just_joined(clock), Kind::Mutex);
        let mutex = core::ptr::from_ref(self).cast();
        let line = Line {
            key,
            mutex,
            deadline,
            flags,
        };
        let stay = |waiter: &Waiter| {
            // For its dozes only: who unlocks goes by what `line_up` has set (I5).
            let due = clock.time_to_be_fair();
            let never = Deadline::Never;
            let end = self.stay(waiter, clock, due, never, LockFlags::NONE);
            debug_assert_eq!(end, Wake::Woken, "there was no deadline");
        };
        // SAFETY: the caller's promise; `second` is on standby for this mutex, in no queue.
        let arrival = unsafe { wait_in_line(line, &second, announce, release, stay) };
        if arrival != Arrival::Owner {
            let status = self.lock_with(clock, Deadline::Never, flags);
            debug_assert_eq!(status, LockStatus::Acquired);
        }
        arrival != Arrival::TimedOut
    }

    /// Queues `waiter`, which waits in line for the mutex at `this`, if somebody holds that and will
    /// look after it. The waiter is touched no more then, nor is the mutex.
    ///
    /// # Safety
    ///
    /// Both are what [`send_on`](crate::parking_lot::ParkingLot::send_on) gave.
    pub(crate) unsafe fn line_up(
        clock: &impl Clock,
        this: *const (),
        waiter: *const Waiter,
    ) -> bool {
        // SAFETY: made from a reference by the waiter's owner, who keeps that until its message.
        let this = unsafe { &*this.cast::<Mutex>() };
        // A look without the bucket: who finds it free takes it by itself.
        this.is_locked() && {
            let standby = just_joined(clock);
            let looked_after = |in_flight| in_flight && this.is_locked() || this.set_parked();
            // SAFETY: the caller's promise; the key is the mutex's address, and only mutexes park on
            // their byte; the closure does not call into the lot.
            unsafe { lot().join_for(waiter, standby, looked_after) }
        }
    }
}
