//! Waiters that go on to a second queue: those of a condition variable, to that of their mutex.
//!
//! A thread that waits for a condition variable has two waiters on its stack: one in the queue of
//! the variable, and one that belongs into the queue of its mutex. Who takes the first one out either
//! puts the second one in, if the mutex is held (its unlock will look after it), or tells the thread
//! to go on by itself. Either way the thread sleeps until there is something to do: it is not woken
//! to find the mutex held by who has notified it.
//!
//! ```text
//!   wait                            notify                           unlock of the mutex
//!     queue 1 ── sleep ──▶ taken out ──▶ mutex held: queue 2 ──────▶ message: woken, handed over
//!       │ time up                    └─▶ free: message NOTIFIED
//!       └─▶ still in queue 1: out
//! ```
//!
//! Invariants, beside those of `waiter.rs` and `standby.rs`:
//! * R1: the owner sleeps on the semaphore of the second waiter; the first one's is not used.
//! * R2: who has been taken out of queue 1 gets a message: `NOTIFIED`, or those of queue 2, in
//!   which it is only if its mutex looks after it. It waits for that whatever its clock says.
//! * R3: whoever has taken the first waiter out owns the second one until it is queued or has its
//!   message; after that it touches neither of them, nor the mutex.

use super::record::{self, Kind};
use super::run::{Goes, Run};
use super::standby::WOKEN_ONCE;
use super::table::{ParkingLot, lot};
use super::waiter::{Class, Standby, Waiter};
use super::{callback, fork};
use crate::deadline::Deadline;
use crate::flags::LockFlags;
use crate::hooks::{self, AbortOnUnwind};
use crate::semaphore::PendingWake;

/// The message: notified, and in no queue.
const NOTIFIED: u32 = WOKEN_ONCE + 1;

/// The second queue's part of a waiting thread, on its stack.
struct NextStop {
    waiter: *const Waiter,
    /// What the line knows its mutex by.
    mutex: *const (),
}

/// How a wait in line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The time was up before anybody took it out of the first queue.
    TimedOut,
    /// In no queue.
    Notified,
    /// The mutex is the thread's.
    Owner,
}

/// One call of a wait: which queues, until when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    /// The first queue's.
    pub(crate) key: usize,
    /// What the second queue's mutex is known by to who sends the waiter on.
    pub(crate) mutex: *const (),
    pub(crate) deadline: Deadline,
    pub(crate) flags: LockFlags,
}

/// Queues the thread on `line.key`, calls `release`, and sleeps until the time is up or a
/// message has come. A message of the second queue's is left to `stay`, which is to return with
/// the mutex taken and `second` out of its queue.
///
/// `announce` runs under the bucket lock; `release` without it. If `release` panics, the process
/// ends: the thread is queued.
///
/// # Safety
///
/// As for [`park`](crate::park); `announce` does not call into the lot; `second` is on standby
/// and in no queue; `line.mutex` is what whoever notifies on this key takes it for.
pub(crate) unsafe fn wait_in_line(
    line: Line,
    second: &Waiter,
    announce: impl FnOnce(),
    release: impl FnOnce(),
    stay: impl FnOnce(&Waiter),
) -> Arrival {
    fork::register();
    let next_stop = NextStop {
        waiter: second,
        mutex: line.mutex,
    };
    let first = Waiter::that_goes_on(line.key, Kind::Condvar, (&raw const next_stop).cast());
    let announced = || {
        announce();
        true
    };
    // SAFETY: the caller's promise; the waiter stays where it is until it is out, below.
    let queued = unsafe { lot().enqueue(&first, announced) };
    debug_assert!(queued);
    let bomb = AbortOnUnwind;
    release();
    core::mem::forget(bomb);
    let mut deadline = line.deadline;
    if deadline == Deadline::Now {
        // SAFETY: queued above, and no message has been taken.
        if unsafe { lot().take_back(&first) } {
            return Arrival::TimedOut;
        }
        deadline = Deadline::Never;
    }
    record::count_wait();
    hooks::around_sleep(line.flags, || {
        lot().look(line.key, deadline, second);
        let message = match second.wait_for_message(deadline, false) {
            Ok(message) => message,
            // SAFETY: queued above, and no message has come.
            Err(_) if unsafe { lot().take_back(&first) } => return Arrival::TimedOut,
            Err(_) => match second.wait_for_message(Deadline::Never, false) {
                Ok(message) => message,
                Err(why) => unreachable!("a wait for ever, uninterrupted, ended: {why:?}"),
            },
        };
        if message == NOTIFIED {
            return Arrival::Notified;
        }
        second.put_back(message);
        stay(second);
        Arrival::Owner
    })
}

impl<const N: usize> ParkingLot<N> {
    /// Takes out up to `most` of those that wait in line on `key`, and sends them on:
    /// `line_up(mutex, waiter)` queues the second waiter and says true, or does nothing and says
    /// false. How many they were, which `settle` is told under the bucket lock, with whether
    /// that were all.
    ///
    /// # Safety
    ///
    /// As for [`unpark`](crate::unpark); all that wait on `key` wait in line; `settle` does not
    /// call into the lot.
    pub(crate) unsafe fn send_on(
        &self,
        key: usize,
        most: usize,
        settle: impl FnOnce(usize, bool),
        line_up: impl Fn(*const (), *const Waiter) -> bool,
    ) {
        let goes = |left: &mut usize, _| match left.checked_sub(1) {
            Some(fewer) => {
                *left = fewer;
                Goes::Along
            }
            None => Goes::NorAnyBehind,
        };
        let decide = |run: Run<usize>| {
            settle(run.len, !run.more);
            Some(0)
        };
        let send = |first: *const Waiter| {
            // SAFETY: just taken out, and its owner has had no message.
            let next_stop: *const NextStop = unsafe { Waiter::next_stop(first) }.cast();
            // SAFETY: on the owner's stack, which is there until its message.
            let (mutex, second) = unsafe { ((*next_stop).mutex, (*next_stop).waiter) };
            if !line_up(mutex, second) {
                // SAFETY: not queued, so it is ours (R3), and this its only message.
                PendingWake::send_if(unsafe { Waiter::leave_message(second, NOTIFIED) });
            }
        };
        // SAFETY: the caller's promise; each gets a message, at once or by its mutex (R2).
        unsafe { self.take_run((Class::InLine, key), most, goes, decide, send) };
    }

    /// Queues `waiter`, on standby and of another thread, as if that had just joined, if
    /// `validate` agrees, which is told whether the first one of the key is in flight.
    ///
    /// # Safety
    ///
    /// As for [`join`](ParkingLot::join); the caller owns the waiter (R3), and
    /// touches it no more if this says true.
    pub(crate) unsafe fn join_for(
        &self,
        waiter: *const Waiter,
        standby: Standby,
        validate: impl FnOnce(bool) -> bool,
    ) -> bool {
        callback::assert_outside();
        // SAFETY: alive until it is queued or has its message.
        let key = unsafe { (*waiter).key() };
        let mut bucket = self.bucket(key);
        // SAFETY: under the bucket lock.
        let first = bucket.queue(|queue| unsafe { queue.first(key) });
        // SAFETY: under the bucket lock, and in the queue.
        let in_flight = !first.is_null() && unsafe { (*first).is_in_flight() };
        let joins = callback::guarded(|| validate(in_flight));
        if joins {
            // SAFETY: under the bucket lock; in no queue, and the caller's.
            unsafe { (*waiter).set_standby(standby) };
            // SAFETY: under the bucket lock; its owner keeps it until it is out.
            bucket.queue(|queue| unsafe { queue.push_back(waiter) });
        }
        joins
    }
}
