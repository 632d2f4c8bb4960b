//! [`ParkingLot`]: a table of buckets, and the one static table that the locks park in.

use super::bucket::{Bucket, assert_outside, guarded};
use super::record::{self, Kind};
use super::waiter::{NEVER_FAIR, Request, Taken, Visit, Waiter, Waiters};
use crate::deadline::Deadline;
use crate::flags::{LockFlags, ParkStatus};
use crate::hooks;
use crate::primitive::{NUM_BUCKETS, const_fn, lot_static, repeat};
use crate::semaphore::Wake;
use core::fmt;
use core::time::Duration;

/// A table of `N` queues of parked threads, found by a key.
///
/// The locks of this crate share the one static table behind [`park`](crate::park); a table of
/// one's own keeps foreign keys out, and a table of one bucket makes every key collide, which is
/// what tests want.
///
/// CPython: `Python/parking_lot.c`, `buckets`.
///
/// ```
/// use py_sync::{LockFlags, ParkStatus, ParkingLot};
/// use std::time::Duration;
/// static LOT: ParkingLot<7> = ParkingLot::new();
/// // SAFETY: nobody else parks in this lot.
/// let status = unsafe { LOT.park(1, || true, 0, Some(Duration::ZERO), LockFlags::NONE) };
/// assert_eq!(status, ParkStatus::Timeout);
/// ```
pub struct ParkingLot<const N: usize> {
    pub(super) buckets: [Bucket; N],
}

/// One call of a park: what for, until when, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parking {
    pub(crate) request: Request,
    /// When the thread validates again, if nobody has taken it out by then: its fair time.
    pub(crate) again_at: Deadline,
    pub(crate) deadline: Deadline,
    pub(crate) flags: LockFlags,
}

impl Parking {
    /// For who waits for no lock.
    pub(crate) fn plain(kind: Kind, key: usize, deadline: Deadline, flags: LockFlags) -> Parking {
        let request = Request {
            kind,
            key,
            token: 0,
            fair_at: NEVER_FAIR,
        };
        Parking {
            request,
            again_at: Deadline::Never,
            deadline,
            flags,
        }
    }
}

/// How a park ended, and what the un-parker answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parked {
    pub(crate) status: ParkStatus,
    /// 0 unless the status is `Ok`.
    pub(crate) reply: u32,
}

impl<const N: usize> ParkingLot<N> {
    const_fn! {
        /// An empty lot.
        ///
        /// Does not compile for `N = 0`.
        ///
        /// ```
        /// static LOT: py_sync::ParkingLot<3> = py_sync::ParkingLot::new();
        /// # let _ = &LOT;
        /// ```
        #[must_use]
        pub fn new() -> ParkingLot<N> {
            const { assert!(N > 0, "a parking lot needs a bucket") };
            ParkingLot { buckets: repeat![Bucket::new(); N] }
        }
    }

    /// CPython: `address % NUM_BUCKETS`, and no other hash. Any number is a key.
    pub(super) fn bucket(&self, key: usize) -> &Bucket {
        &self.buckets[key % N]
    }

    /// As [`park`](crate::park), in this lot.
    ///
    /// # Safety
    ///
    /// As for [`park`](crate::park).
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::{LockFlags, ParkStatus, ParkingLot};
    /// let lot = ParkingLot::<1>::new();
    /// // SAFETY: nobody else parks in this lot.
    /// let status = unsafe { lot.park(1, || false, 0, None, LockFlags::NONE) };
    /// assert_eq!(status, ParkStatus::Again);
    /// ```
    #[doc(alias = "_PyParkingLot_Park")]
    pub unsafe fn park(
        &self,
        key: usize,
        validate: impl FnOnce() -> bool,
        token: usize,
        timeout: Option<Duration>,
        flags: LockFlags,
    ) -> ParkStatus {
        let deadline = Deadline::after(timeout);
        let mut parking = Parking::plain(Kind::Park, key, deadline, flags);
        parking.request.token = token as u64;
        let mut validate = Some(validate);
        // Asked once: it never validates again.
        let once = || validate.take().is_none_or(|validate| validate());
        // SAFETY: the caller's promise.
        unsafe { self.park_with(parking, once) }.status
    }

    /// Queues the thread if `validate` agrees, and sleeps until it is taken out, until the deadline,
    /// or until a signal arrives that it is to handle.
    ///
    /// At `again_at` the thread asks `validate` again, under the bucket lock. If that agrees, it
    /// sleeps on in its place; if not, it leaves with [`Again`](ParkStatus::Again). So it need not
    /// trust any other thread to run before it is looked after.
    ///
    /// # Safety
    ///
    /// As for [`park`](crate::park).
    pub(crate) unsafe fn park_with(
        &self,
        parking: Parking,
        validate: impl FnMut() -> bool,
    ) -> Parked {
        // SAFETY: the caller's promise.
        unsafe { self.park_then(parking, validate, || ()) }
    }

    /// [`park_with`](ParkingLot::park_with), and runs `release` once the thread is queued. If that
    /// panics, the process ends.
    ///
    /// # Safety
    ///
    /// As for [`park`](crate::park).
    pub(crate) unsafe fn park_then(
        &self,
        parking: Parking,
        mut validate: impl FnMut() -> bool,
        release: impl FnOnce(),
    ) -> Parked {
        assert_outside();
        let waiter = Waiter::new(parking.request, parking.record());
        let queued = self.bucket(parking.request.key).lock(|queue| {
            let queued = guarded(&mut validate);
            if queued {
                // SAFETY: in no queue yet; it stays here until `sleep_queued` has it out.
                unsafe { queue.insert(&waiter) };
            }
            queued
        });
        if queued {
            hooks::aborts_on_unwind(release);
        }
        let status = match queued {
            false => ParkStatus::Again,
            true if parking.deadline == Deadline::Now => {
                self.sleep_queued(&waiter, parking, validate)
            }
            true => {
                record::count_wait();
                hooks::around_sleep(parking.flags, || {
                    self.sleep_queued(&waiter, parking, validate)
                })
            }
        };
        let reply = match status {
            ParkStatus::Ok => waiter.reply(),
            _ => 0,
        };
        Parked { status, reply }
    }

    /// Sleeps, and returns with the waiter out of the queue.
    fn sleep_queued(
        &self,
        waiter: &Waiter,
        parking: Parking,
        mut validate: impl FnMut() -> bool,
    ) -> ParkStatus {
        let (deadline, bucket) = (parking.deadline, self.bucket(parking.request.key));
        let interruptible = parking.flags.notices_signals();
        // Not where a signal is to end the wait: it would have to be looked for too.
        if deadline != Deadline::Now && parking.request.fair_at == NEVER_FAIR && !interruptible {
            bucket.spin.spin(deadline, || waiter.semaphore.is_posted());
        }
        let mut until = deadline.min(parking.again_at);
        waiter.falls_asleep();
        loop {
            let status = match waiter.semaphore.wait(until, interruptible) {
                Wake::Woken => return ParkStatus::Ok,
                Wake::Asked => {
                    waiter.answer();
                    continue;
                }
                Wake::TimedOut if until != deadline && !deadline.has_passed() => ParkStatus::Again,
                Wake::TimedOut => ParkStatus::Timeout,
                Wake::Interrupted => ParkStatus::Intr,
            };
            let stays = bucket.lock(|queue| {
                // The fair time has come, and there is still something to wait for.
                status == ParkStatus::Again
                    && !queue.was_taken(waiter)
                    && guarded(&mut validate)
                    // SAFETY: queued by the caller, and not posted.
                    || !unsafe { queue.take_back(waiter) }
            });
            if !stays {
                return status;
            }
            // Taken out already, and the post will come, whatever the clock says; or still queued.
            until = match status {
                ParkStatus::Again => deadline,
                _ => Deadline::Never,
            };
        }
    }

    /// As [`unpark`](crate::unpark), in this lot.
    ///
    /// # Safety
    ///
    /// As for [`unpark`](crate::unpark).
    ///
    /// # Examples
    ///
    /// ```
    /// let lot = py_sync::ParkingLot::<1>::new();
    /// // SAFETY: nobody else parks in this lot.
    /// let token = unsafe { lot.unpark(1, |token, _has_more| token) };
    /// assert_eq!(token, None);
    /// ```
    #[doc(alias = "_PyParkingLot_Unpark")]
    pub unsafe fn unpark<R>(
        &self,
        key: usize,
        callback: impl FnOnce(Option<usize>, bool) -> R,
    ) -> R {
        let visit = |waiters: &mut Waiters<'_>| {
            let first = waiters.iter().next();
            let has_more = first.is_some() && waiters.bucket_len() > 1;
            // Before anything is taken out: if it panics, nothing has happened.
            let result = callback(first.map(|request| request.token as usize), has_more);
            waiters.take_first(0);
            result
        };
        // SAFETY: the caller's promise.
        unsafe { self.visit(Kind::Park, key, visit) }
    }

    /// Runs `f` on the waiters of a kind and key with the bucket locked, and wakes those that it
    /// took out once the bucket is unlocked.
    ///
    /// # Safety
    ///
    /// As for [`unpark`](crate::unpark): the kind's waiters on `key` are the caller's, and know what
    /// to make of the reply; `f` does not call into the lot.
    pub(crate) unsafe fn visit<R>(
        &self,
        kind: Kind,
        key: usize,
        f: impl FnOnce(&mut Waiters<'_>) -> R,
    ) -> R {
        assert_outside();
        // Dropped last: woken without the lock, also if `f` panics.
        let mut taken = Taken::new();
        self.bucket(key).lock(|queue| {
            let mut waiters = Waiters {
                kind,
                key,
                queue,
                taken: &mut taken,
            };
            guarded(|| f(&mut waiters))
        })
    }

    /// As [`unpark_all`](crate::unpark_all), in this lot.
    ///
    /// # Safety
    ///
    /// As for [`unpark_all`](crate::unpark_all).
    ///
    /// # Examples
    ///
    /// ```
    /// let lot = py_sync::ParkingLot::<1>::new();
    /// // SAFETY: nobody else parks in this lot.
    /// assert_eq!(unsafe { lot.unpark_all(1) }, 0);
    /// ```
    #[doc(alias = "_PyParkingLot_UnparkAll")]
    pub unsafe fn unpark_all(&self, key: usize) -> usize {
        // SAFETY: the caller's promise.
        unsafe { self.unpark_all_of(Kind::Park, key) }
    }

    /// Wakes all of a kind that are parked on `key`; how many they were.
    ///
    /// # Safety
    ///
    /// As for [`unpark_all`](crate::unpark_all).
    pub(crate) unsafe fn unpark_all_of(&self, kind: Kind, key: usize) -> usize {
        let take_all = |waiters: &mut Waiters<'_>| {
            let mut woken = 0;
            waiters.take(0, |_| {
                woken += 1;
                Visit::Take
            });
            woken
        };
        // SAFETY: the caller's promise.
        unsafe { self.visit(kind, key, take_all) }
    }

    /// Forgets all waiters and unlocks all buckets, in the child of a fork.
    ///
    /// # Safety
    ///
    /// The process has forked, and the calling thread is the child's only one; none of its own
    /// frames is in a call of this lot.
    ///
    /// # Examples
    ///
    /// ```
    /// let lot = py_sync::ParkingLot::<1>::new();
    /// // SAFETY: nobody else knows this lot.
    /// unsafe { lot.after_fork() };
    /// ```
    #[doc(alias = "_PyParkingLot_AfterFork")]
    pub unsafe fn after_fork(&self) {
        for bucket in &self.buckets {
            // SAFETY: the caller's promise.
            unsafe { bucket.reset() };
        }
    }
}

impl<const N: usize> Default for ParkingLot<N> {
    fn default() -> Self {
        ParkingLot::new()
    }
}

impl<const N: usize> fmt::Debug for ParkingLot<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParkingLot").field("buckets", &N).finish()
    }
}

lot_static! {
    static LOT: ParkingLot<NUM_BUCKETS> = ParkingLot::new();
}

/// The static lot of this process, or of this execution of a model.
pub(crate) fn lot() -> &'static ParkingLot<NUM_BUCKETS> {
    &LOT
}
