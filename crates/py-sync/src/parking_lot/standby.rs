//! Waiters on standby: queued while asleep, and still queued while awake.
//!
//! A plain waiter is taken out of its queue by who wakes it. One on standby keeps its place: it is
//! woken *in flight*, tries to get what it waits for, and takes itself out when it has it, or
//! *lands*: goes back to sleep where it is. Who comes later sees that somebody is on the way, and
//! one that has waited too long can be handed the thing whether it is asleep or not.
//!
//! ```text
//!            join                wake_first: Wake, WakeOnce, NextOnce
//!   (out) ─────────▶ queued ─────────────────────────────────▶ in flight
//!     ▲                │ ▲                    land                 │
//!     │                │ └─────────────────────────────────────────┤
//!     └────────────────┴───────────────────────────────────────────┘
//!       leave: by its own hand           wake_first: HandOver
//! ```
//!
//! Invariants, beside those of `waiter.rs`:
//! * S1: a waiter on standby is touched under the bucket lock only, its messages included. It goes
//!   by its own hand under that lock, or after the message [`HANDED_OVER`], which is the last touch
//!   of whoever left it. The wake that follows goes by address.
//! * S2: the messages come in the order of the bucket lock, and the last one stays: a waiter that
//!   was handed over finds that out however many wakes it had before.
//! * S3: places are kept: nobody but the owner of a waiter moves it, and only out.

use super::table::ParkingLot;
use super::waiter::{Standby, Waiter};
use super::{callback, fork, record};
use crate::semaphore::{POSTED, PendingWake};

/// The message: the waiter is in flight.
const WOKEN: u32 = POSTED;

/// The message: the waiter is out of the queue, and owns what it waited for.
pub(crate) const HANDED_OVER: u32 = POSTED + 1;

/// The message: the waiter is in flight, and had better land at once if it does not get what it
/// waits for.
pub(crate) const WOKEN_ONCE: u32 = POSTED + 2;

/// Who is woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nobody.
    Leave,
    /// The first waiter: it is in flight now.
    Wake,
    /// The same, with the advice to land at once.
    WakeOnce,
    /// The first waiter that is not in flight yet, with the same advice.
    NextOnce,
    /// The first waiter: it is taken out, and told that it is the owner.
    HandOver,
}

impl<const N: usize> ParkingLot<N> {
    /// Queues `waiter` if `validate` agrees, which is told whether the first one of the key is in
    /// flight.
    ///
    /// # Safety
    ///
    /// As for [`park`](crate::park); and `waiter`, which is on standby and in no queue, lives and
    /// stays where it is until it has left or been handed over.
    pub(crate) unsafe fn join(&self, waiter: &Waiter, validate: impl FnOnce(bool) -> bool) -> bool {
        callback::assert_outside();
        fork::register();
        let mut bucket = self.bucket(waiter.key());
        // SAFETY: under the bucket lock.
        let first = bucket.queue(|queue| unsafe { queue.first(waiter.key()) });
        // SAFETY: under the bucket lock, and in the queue.
        let in_flight = !first.is_null() && unsafe { (*first).is_in_flight() };
        let joins = callback::guarded(|| validate(in_flight));
        if joins {
            // SAFETY: under the bucket lock; the caller keeps it until it is out.
            bucket.queue(|queue| unsafe { queue.push_back(waiter) });
            record::count_wait();
        }
        joins
    }

    /// Makes `waiter` one that is not in flight, if `validate` agrees. True if its owner may sleep:
    /// a message is there or will come. `now` is what time it is, for who looks at it next.
    ///
    /// # Safety
    ///
    /// The caller is the owner, and `waiter` has joined this lot and not left it.
    pub(crate) unsafe fn land(
        &self,
        waiter: &Waiter,
        now: u64,
        validate: impl FnOnce() -> bool,
    ) -> bool {
        callback::assert_outside();
        let _bucket = self.bucket(waiter.key());
        // SAFETY: under the bucket lock.
        if unsafe { waiter.is_unparking() } {
            return true;
        }
        let lands = callback::guarded(validate);
        if lands {
            // SAFETY: under the bucket lock, and in the queue: nobody has taken it out.
            unsafe { waiter.set_landed(now) };
        }
        lands
    }

    /// Takes `waiter` out, by its owner. False if it was handed over instead.
    ///
    /// `callback` is told whether the waiter was in flight and whether another one of the key is
    /// queued; if it returns true, the first of those is woken.
    ///
    /// # Safety
    ///
    /// The caller is the owner, and `waiter` has joined this lot and not left it.
    pub(crate) unsafe fn leave(
        &self,
        waiter: &Waiter,
        callback: impl FnOnce(bool, bool) -> bool,
    ) -> bool {
        let mut bucket = self.bucket(waiter.key());
        // SAFETY: under the bucket lock.
        if unsafe { waiter.is_unparking() } {
            return false;
        }
        // SAFETY: under the bucket lock, and in the queue: nobody has taken it out.
        let (in_flight, next) = bucket.queue(|queue| unsafe {
            queue.remove(waiter);
            (waiter.is_in_flight(), queue.first(waiter.key()))
        });
        let others = !next.is_null();
        if callback::guarded(|| callback(in_flight, others)) && others {
            // SAFETY: under the bucket lock, and in the queue.
            let wake = unsafe { wake(next, WOKEN) };
            drop(bucket);
            PendingWake::send_if(wake);
        }
        true
    }

    /// Asks who is woken of the waiters of `key`, and sees to it.
    ///
    /// `callback` runs under the bucket lock with the first waiter, if it is one on standby, and
    /// with whether anybody else is in the bucket, on this key or on another.
    ///
    /// # Safety
    ///
    /// As for [`unpark`](crate::unpark); with a first waiter that is not on standby the verdict is
    /// [`Leave`](Verdict::Leave).
    pub(crate) unsafe fn wake_first(
        &self,
        key: usize,
        callback: impl FnOnce(Option<&mut Standby>, bool) -> Verdict,
    ) {
        callback::assert_outside();
        let mut bucket = self.bucket(key);
        // SAFETY: under the bucket lock.
        let (first, len) = bucket.queue(|queue| (unsafe { queue.first(key) }, queue.len()));
        if first.is_null() {
            callback::guarded(|| callback(None, false));
            return;
        }
        let decide = |standby: Option<&mut Standby>| callback(standby, len > 1);
        // SAFETY: under the bucket lock, and in the queue.
        let verdict = unsafe { (*first).with_standby(|s| callback::guarded(|| decide(s))) };
        let pending = match verdict {
            Verdict::Leave => None,
            // SAFETY: as above.
            Verdict::Wake => unsafe { wake(first, WOKEN) },
            // SAFETY: as above.
            Verdict::WakeOnce => unsafe { wake(first, WOKEN_ONCE) },
            Verdict::NextOnce => {
                // SAFETY: as above.
                let next = bucket.queue(|queue| unsafe { queue.first_not_in_flight(key) });
                // SAFETY: as above, where it is not null.
                (!next.is_null())
                    .then(|| unsafe { wake(next, WOKEN_ONCE) })
                    .flatten()
            }
            Verdict::HandOver => {
                // SAFETY: as above; the message follows.
                bucket.queue(|queue| unsafe { queue.take(first) });
                record::count_hand_off();
                // SAFETY: as above; the last touch (S1).
                unsafe { Waiter::leave_message(first, HANDED_OVER) }
            }
        };
        drop(bucket);
        PendingWake::send_if(pending);
    }
}

/// # Safety
///
/// The caller holds the bucket lock, and `waiter` is on standby in the queue.
unsafe fn wake(waiter: *const Waiter, message: u32) -> Option<PendingWake> {
    // SAFETY: the caller's promise.
    unsafe {
        (*waiter).set_in_flight();
        Waiter::leave_message(waiter, message)
    }
}
