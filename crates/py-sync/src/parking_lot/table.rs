//! [`ParkingLot`]: a table of buckets; and [`lot`], the static one in which the locks park.
//!
//! The child of a fork has one thread, but a copy of its parent's lot: with waiters on the stacks of threads
//! that do not exist, and buckets locked by threads that will never unlock them. So [`empty_in_child`] runs in
//! every child, as a hook of py-thread, which registered its fork handlers before `main`. A program's own
//! child handler comes after it, and may park and unpark.
//!
//! The first use of the lot puts the hook into py-thread's list. That takes no lock and calls no function
//! of the C library, so it may happen inside a fork handler, or while another thread is within `fork`:
//! the child's memory has both the hook and the waiters, or neither. If two threads come first at the
//! same time, both register the same hook.

use super::bucket::Bucket;
use super::waiter::{FilterOp, HandOff, Queue, Request, Taken, Waiter, Waiters};
use crate::deadline::{Clock, Deadline, FairTime};
use crate::flags::{LockFlags, ParkStatus};
use crate::hooks;
use crate::record::{self, Kind, Record};
use crate::semaphore::{Semaphore, Wake};
use crate::sync::{Acquire, AtomicU8, FORKS, NUM_BUCKETS, Release, const_fn, lot_static, repeat};
use core::cell::OnceCell;
use core::fmt;

/// A table of `N` queues of parked threads, found by a key.
///
/// The locks of this crate share the one static table behind [`park`](crate::park). A table of your own
/// keeps other keys out. A table of one bucket makes every key collide, which is useful in tests.
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

/// The arguments of a park: what for, until when, and how.
#[derive(Clone, Copy)]
pub(crate) struct Parking<'a> {
    pub(crate) request: Request,
    /// How many nanoseconds the fair time of a new waiter is put off, by how many are queued in front of it.
    pub(crate) put_off: fn(usize) -> u64,
    /// The clock by which the thread looks for itself, from its fair time on, if nobody has taken it out by
    /// then. Without one it never looks.
    pub(crate) looks: Option<&'a dyn Clock>,
    pub(crate) deadline: Deadline,
    pub(crate) flags: LockFlags,
}

impl Parking<'_> {
    /// Without a fair time, for a thread that waits for something other than a lock.
    pub(crate) fn plain(kind: Kind, key: usize, deadline: Deadline, flags: LockFlags) -> Self {
        let request = Request {
            kind,
            key,
            token: 0,
            fair_time: FairTime::NEVER,
        };
        Parking {
            request,
            put_off: |_| 0,
            looks: None,
            deadline,
            flags,
        }
    }
}

/// How a park ended, and the un-parker's reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parked {
    pub(crate) status: ParkStatus,
    /// parking_lot's `UnparkToken`. 0 unless the status is `Ok`.
    pub(crate) reply: u32,
    /// For the next park of the same lock call.
    pub(crate) fair_time: FairTime,
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

    /// Queues the thread if `validate` returns true. It sleeps until it is taken out, until the
    /// deadline, or until a signal arrives that the flags say it handles.
    ///
    /// At its fair time, and more and more rarely after that, the thread *looks*: it calls `validate` again, under
    /// the bucket lock. If that returns true, the thread sleeps on in its place. If not, it leaves with
    /// [`Again`](ParkStatus::Again). So its wake-up does not depend on another waiter being run.
    ///
    /// # Safety
    ///
    /// As for [`park`](crate::park).
    pub(crate) unsafe fn park_with(
        &self,
        parking: Parking<'_>,
        validate: impl FnMut() -> bool,
    ) -> Parked {
        // SAFETY: the caller owns the key, and its `validate` does not call into the lot.
        unsafe { self.park_then(parking, validate, || false, || ()) }
    }

    /// As [`park_with`](ParkingLot::park_with), with two things more.
    ///
    /// The first look asks `will_look` before it takes the bucket lock: is there a lock that is held, and will its
    /// unlock look at the queue? If so the thread sleeps on until its next look. One that is stopped as it asks
    /// keeps nobody.
    ///
    /// `release` runs once the thread is queued and the bucket unlocked. If it panics, the process aborts.
    ///
    /// # Safety
    ///
    /// As for [`park`](crate::park).
    pub(crate) unsafe fn park_then(
        &self,
        parking: Parking<'_>,
        mut validate: impl FnMut() -> bool,
        will_look: impl FnOnce() -> bool,
        release: impl FnOnce(),
    ) -> Parked {
        // Made before the bucket is locked: where threads park through std, the first one allocates, and the
        // allocator may use our locks.
        let semaphore = Semaphore::new();
        let record = Record::new(parking.deadline, parking.flags);
        let frame = OnceCell::new();
        let queued = self.bucket(parking.request.key).lock(|queue| {
            validate().then(|| {
                let request = queue.placed(parking.request, parking.put_off);
                let waiter = frame.get_or_init(|| Waiter::new(request, record, semaphore));
                // SAFETY: it is in no queue yet, and it stays in this frame until `sleep_queued` returns,
                // which is after it has left the queue.
                unsafe { queue.insert(waiter) };
                waiter
            })
        });
        let Some(waiter) = queued else {
            return Parked {
                status: ParkStatus::Again,
                reply: 0,
                fair_time: parking.request.fair_time,
            };
        };
        hooks::aborts_on_unwind(release);
        let status = match parking.deadline {
            // Nobody sleeps, so no hook runs. It was queued for a moment, as in C.
            Deadline::Now => self.sleep_queued(waiter, parking, validate, will_look),
            _ => {
                record::count_wait();
                hooks::around_sleep(parking.flags, || {
                    self.sleep_queued(waiter, parking, validate, will_look)
                })
            }
        };
        Parked {
            status,
            reply: waiter.reply(),
            fair_time: waiter.request.fair_time,
        }
    }

    /// Sleeps, and returns with the waiter out of the queue.
    fn sleep_queued(
        &self,
        waiter: &Waiter,
        parking: Parking<'_>,
        mut validate: impl FnMut() -> bool,
        will_look: impl FnOnce() -> bool,
    ) -> ParkStatus {
        let (deadline, bucket) = (parking.deadline, self.bucket(parking.request.key));
        let mut will_look = Some(will_look);
        let fair_time = waiter.request.fair_time;
        let interruptible = parking.flags.notices_signals();
        // Spin first, where that has paid lately. Not with a fair time: a waiter of a lock has spun on
        // the lock. Not if a signal may end the wait: the spin would have to look for that too.
        if deadline != Deadline::Now && fair_time == FairTime::NEVER && !interruptible {
            bucket.spin.spin(deadline, || waiter.semaphore.is_posted());
        }
        let next_look = |looks| match parking.looks {
            Some(clock) => clock.next_look(fair_time, looks),
            None => Deadline::Never,
        };
        let mut looks = 0;
        if let FairTime::At(_) = parking.request.fair_time {
            // It parks again, and has validated just now: what has passed is left out, unless nothing comes
            // after it, as in a model.
            while next_look(looks).has_passed() && next_look(looks + 1) != Deadline::Never {
                looks += 1;
            }
        }
        let mut until = deadline.min(next_look(looks));
        if let Some(record) = &waiter.record {
            record.falls_asleep();
        }
        loop {
            let status = match waiter.semaphore.wait(until, interruptible) {
                Wake::Woken => return ParkStatus::Ok,
                Wake::Asked => {
                    if let Some(record) = &waiter.record {
                        record.answer();
                    }
                    continue;
                }
                // The time to look has come, and the deadline has not.
                Wake::TimedOut if until != deadline && !deadline.has_passed() => ParkStatus::Again,
                Wake::TimedOut => ParkStatus::Timeout,
                Wake::Interrupted => ParkStatus::Intr,
            };
            let look = |queue: &mut Queue| {
                // Stay queued if there is still something to wait for.
                status == ParkStatus::Again
                    && !queue.was_taken(waiter)
                    && validate()
                    // Otherwise leave, unless another thread has taken us out: then its post comes.
                    // SAFETY: the caller has queued the waiter, and it has had no post.
                    || !unsafe { queue.take_back(waiter) }
            };
            // A thread that was taken out may ask too. It sleeps on until its post comes.
            let mut first = || will_look.take().is_some_and(|will_look| will_look());
            let stays = status == ParkStatus::Again && first() || bucket.lock(look);
            if !stays {
                return status;
            }
            until = match status {
                ParkStatus::Again => {
                    looks += 1;
                    deadline.min(next_look(looks))
                }
                // We were taken out, and the post is sure to come, whatever the clock says (I2).
                _ => Deadline::Never,
            };
        }
    }

    /// Runs `f` on the waiters of a kind and key with the bucket locked. Those that it unparks are woken
    /// once the bucket is unlocked.
    ///
    /// # Safety
    ///
    /// As for [`unpark`](crate::unpark): the waiters of this kind on `key` are the caller's and
    /// understand the replies, and `f` does not call into the lot.
    pub(crate) unsafe fn with_waiters<R>(
        &self,
        kind: Kind,
        key: usize,
        f: impl FnOnce(&mut Waiters<'_>) -> R,
    ) -> R {
        // Dropped last, so the waiters are woken without the lock, also if `f` panics.
        let mut taken = Taken::new();
        let bucket = self.bucket(key);
        bucket.lock(|queue| {
            let mut waiters = Waiters {
                kind,
                key,
                last_hand_off: bucket.last_hand_off.of(key),
                queue,
                taken: &mut taken,
            };
            f(&mut waiters)
        })
    }

    /// Notes the last hand-off of the lock at `key`. It takes no lock, so a callback may call it.
    pub(crate) fn note_hand_off(&self, key: usize, hand_off: HandOff) {
        self.bucket(key).last_hand_off.set(key, hand_off);
    }

    /// The last hand-off of the lock at `key`, unless another lock of its bucket had one since. It takes no lock.
    pub(crate) fn last_hand_off(&self, key: usize) -> Option<HandOff> {
        self.bucket(key).last_hand_off.of(key)
    }

    /// Wakes all threads of a kind that are parked on `key`, and returns how many they were.
    ///
    /// # Safety
    ///
    /// As for [`unpark_all`](crate::unpark_all).
    pub(crate) unsafe fn unpark_all_of(&self, kind: Kind, key: usize) -> usize {
        let take_all = |waiters: &mut Waiters<'_>| {
            let mut woken = 0;
            waiters.unpark_filter(0, |_| {
                woken += 1;
                FilterOp::Unpark
            });
            woken
        };
        // SAFETY: the caller owns the key; `take_all` does not call into the lot.
        unsafe { self.with_waiters(kind, key, take_all) }
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

lot_static! {
    static REGISTERED: AtomicU8 = AtomicU8::new(0);
}

/// The static lot of this process, or of this execution of a model. Who has it may be forked: the child
/// finds it empty.
#[inline]
pub(crate) fn lot() -> &'static ParkingLot<NUM_BUCKETS> {
    // Acquire: a thread that finds it registered finds the hook in its slot.
    if FORKS && REGISTERED.load(Acquire) == 0 {
        register();
    }
    &LOT
}

/// Registers [`empty_in_child`].
#[cold]
fn register() {
    // For systems on which it did not run before `main`.
    py_thread::init();
    // SAFETY: the hook resets the buckets, which takes no lock and does not unwind.
    let done = unsafe { py_thread::on_fork_child(empty_in_child) };
    done.expect("room for the hook of the lot");
    // Release: see `lot`.
    REGISTERED.store(1, Release);
}

/// The hook: runs in the child, from within `fork`.
fn empty_in_child() {
    // SAFETY: py-thread calls the hook on the child's only thread, and a thread must not fork from
    // within a call of the lot.
    unsafe { empty_lot() };
}

/// Empties the static lot.
///
/// # Safety
///
/// As for [`ParkingLot::after_fork`].
pub(crate) unsafe fn empty_lot() {
    // SAFETY: the caller is the child's only thread, and none of its frames is in a call of the lot.
    unsafe { LOT.after_fork() };
}
