//! [`ParkingLot`]: a table of buckets, and the one static table that the locks park in.

use super::bucket::{Bucket, LockedBucket};
use super::record::{self, Kind, Record};
use super::waiter::{Class, Ticket, Waiter};
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
    buckets: [Bucket; N],
}

/// How a park ended, and what the un-parker answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parked {
    pub(crate) status: ParkStatus,
    /// The ticket's reply; 0 unless the status is `Ok`.
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
    pub(super) fn bucket(&self, key: usize) -> LockedBucket<'_> {
        self.buckets[key % N].lock()
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
        // SAFETY: the caller's promise.
        unsafe { self.park_until(Kind::Park, key, validate, token as u64, deadline, flags) }.status
    }

    /// [`park`](ParkingLot::park) with a kind, a deadline, a token of 64 bits, and the un-parker's
    /// answer.
    ///
    /// # Safety
    ///
    /// As for [`park`](crate::park).
    pub(crate) unsafe fn park_until(
        &self,
        kind: Kind,
        key: usize,
        validate: impl FnOnce() -> bool,
        token: u64,
        deadline: Deadline,
        flags: LockFlags,
    ) -> Parked {
        let waiter = Waiter::new(key, token, Record::new(kind));
        // SAFETY: the caller's promise; the waiter stays where it is until `sleep_queued` has it out.
        if unsafe { self.enqueue(&waiter, validate) } {
            return self.sleep_queued(&waiter, deadline, flags);
        }
        Parked {
            status: ParkStatus::Again,
            reply: 0,
        }
    }

    /// Queues `waiter` if `validate` agrees. True if it did.
    ///
    /// # Safety
    ///
    /// As for [`park`](crate::park); and `waiter`, which is in no queue, lives and stays where it is
    /// until [`sleep_queued`](ParkingLot::sleep_queued) has returned.
    pub(super) unsafe fn enqueue(&self, waiter: &Waiter, validate: impl FnOnce() -> bool) -> bool {
        super::callback::assert_outside();
        let mut bucket = self.bucket(waiter.key());
        let queued = super::callback::guarded(validate);
        if queued {
            // SAFETY: under the lock; the caller keeps it until it is out.
            bucket.queue(|queue| unsafe { queue.push_back(waiter) });
        }
        queued
    }

    /// Sleeps until the queued `waiter` is woken or its time is up; it is out of the queue then.
    pub(super) fn sleep_queued(
        &self,
        waiter: &Waiter,
        deadline: Deadline,
        flags: LockFlags,
    ) -> Parked {
        let status = if deadline == Deadline::Now {
            self.sleep(waiter, deadline, flags)
        } else {
            record::count_wait();
            hooks::around_sleep(flags, || self.sleep(waiter, deadline, flags))
        };
        let reply = match status {
            // SAFETY: woken, so out of the queue and ours.
            ParkStatus::Ok => unsafe { waiter.reply() },
            _ => 0,
        };
        if reply != 0 {
            record::count_hand_off();
        }
        Parked { status, reply }
    }

    /// Sleeps, after a look around where that pays, and returns with the waiter out of the queue.
    ///
    /// A time that is up while somebody is already waking us counts for nothing: the un-parker may
    /// have handed us its lock.
    fn sleep(&self, waiter: &Waiter, deadline: Deadline, flags: LockFlags) -> ParkStatus {
        let interruptible = flags.contains(LockFlags::HANDLE_SIGNALS);
        // Not where a signal is to end the wait: it would have to be looked for too.
        if deadline != Deadline::Now && !interruptible {
            self.look(waiter.key(), deadline, waiter);
        }
        let status = match waiter.wait(deadline, interruptible) {
            Wake::Woken => return ParkStatus::Ok,
            Wake::TimedOut => ParkStatus::Timeout,
            Wake::Interrupted => ParkStatus::Intr,
        };
        // SAFETY: queued by the caller, whose waiter it is.
        if unsafe { self.take_back(waiter) } {
            return status;
        }
        waiter.wait(Deadline::Never, false);
        ParkStatus::Ok
    }

    /// Looks for a moment whether `waiter` has been posted, if that has paid for this key lately.
    pub(super) fn look(&self, key: usize, deadline: Deadline, waiter: &Waiter) {
        let luck = self.buckets[key % N].luck();
        luck.look(deadline, || waiter.is_posted());
    }

    /// Takes `waiter` out, by its owner. False if somebody else has, and a message will come.
    ///
    /// # Safety
    ///
    /// `waiter` was queued in this lot, and its owner has not had a message.
    pub(super) unsafe fn take_back(&self, waiter: &Waiter) -> bool {
        let mut bucket = self.bucket(waiter.key());
        // SAFETY: under the bucket lock.
        let is_queued = !unsafe { waiter.is_unparking() };
        if is_queued {
            // SAFETY: under the lock, and nobody has taken it out.
            bucket.queue(|queue| unsafe { queue.remove(waiter) });
        }
        is_queued
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
        let callback = |ticket: Option<&mut Ticket>, has_more| {
            callback(ticket.map(|t| t.token as usize), has_more)
        };
        // SAFETY: the caller's promise.
        unsafe { self.unpark_ticket(key, callback) }
    }

    /// [`unpark`](ParkingLot::unpark) with the whole ticket, so that the callback can answer.
    ///
    /// The callback runs before the waiter is taken out: if it panics, nothing has happened.
    ///
    /// # Safety
    ///
    /// As for [`unpark`](crate::unpark).
    pub(crate) unsafe fn unpark_ticket<R>(
        &self,
        key: usize,
        callback: impl FnOnce(Option<&mut Ticket>, bool) -> R,
    ) -> R {
        super::callback::assert_outside();
        let mut bucket = self.bucket(key);
        // SAFETY: under the bucket lock.
        let (waiter, len) = bucket.queue(|queue| unsafe {
            let first = queue.first_of(Class::Plain, key);
            (first, queue.len())
        });
        if waiter.is_null() {
            return super::callback::guarded(|| callback(None, false));
        }
        // SAFETY: under the bucket lock, and in the queue.
        let result = unsafe {
            (*waiter).with_ticket(|t| super::callback::guarded(|| callback(Some(t), len > 1)))
        };
        // SAFETY: under the bucket lock, in the queue, and posted below.
        bucket.queue(|queue| unsafe { queue.take(waiter) });
        drop(bucket);
        // SAFETY: taken out above, and posted once.
        unsafe { Waiter::post(waiter) };
        result
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
        super::callback::assert_outside();
        // SAFETY: under the bucket lock, and all are posted below.
        let mut waiter = self
            .bucket(key)
            .queue(|queue| unsafe { queue.take_all(key) });
        let mut woken = 0;
        while !waiter.is_null() {
            // SAFETY: ours, and not posted yet.
            let next = unsafe { Waiter::next_taken(waiter) };
            // SAFETY: taken out above, and posted once.
            unsafe { Waiter::post(waiter) };
            waiter = next;
            woken += 1;
        }
        woken
    }

    /// Calls `f` with the key and the record of each waiter of one bucket, under its lock, if there
    /// are no more than `room`. How many there are.
    #[cfg(feature = "diagnostics")]
    pub(crate) fn visit(&self, bucket: usize, room: usize, f: impl FnMut(usize, &Record)) -> usize {
        super::callback::assert_outside();
        self.buckets[bucket].lock().queue(|queue| {
            if queue.len() <= room {
                // SAFETY: under the bucket lock.
                unsafe { queue.for_each(f) };
            }
            queue.len()
        })
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
