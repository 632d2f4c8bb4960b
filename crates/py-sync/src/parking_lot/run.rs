//! Waking several waiters of one key at once: a decision about the front of its queue.
//!
//! A read-write lock wants to wake one writer or several readers, and to change its word in the
//! same breath. `unpark` shows its callback one waiter that goes in any case; here the callback is
//! told of the whole run at the front, and then says whether it goes.

use super::callback;
use super::queue::Queue;
use super::table::ParkingLot;
use super::waiter::Waiter;

/// The waiters at the front of a key's queue that go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// The first one's.
    pub(crate) token: u64,
    /// How many they are, at least one.
    pub(crate) len: usize,
    /// Others are parked on this very key behind them. Exact, unlike `unpark`'s `has_more`.
    pub(crate) more: bool,
}

/// # Safety
///
/// The caller holds the bucket lock.
unsafe fn front(queue: &Queue, key: usize, joins: impl Fn(u64, u64) -> bool) -> Option<Run> {
    // SAFETY: under the bucket lock.
    let first = unsafe { queue.first(key) };
    if first.is_null() {
        return None;
    }
    // SAFETY: under the bucket lock, and in the queue.
    let token = unsafe { (*first).with_ticket(|ticket| ticket.token) };
    let mut len = 1;
    // SAFETY: as above.
    let mut next = unsafe { queue.next(first, key) };
    // SAFETY: as above.
    while !next.is_null() && joins(token, unsafe { (*next).with_ticket(|t| t.token) }) {
        len += 1;
        // SAFETY: as above.
        next = unsafe { queue.next(next, key) };
    }
    let more = !next.is_null();
    Some(Run { token, len, more })
}

impl<const N: usize> ParkingLot<N> {
    /// Wakes the first waiter of `key` and those right behind it for whose token
    /// `joins(first's, theirs)` holds, if `decide` agrees and with its answer as their reply.
    ///
    /// `decide` runs under the bucket lock; `None` tells it that nobody is parked. If it panics,
    /// nothing has happened.
    ///
    /// # Safety
    ///
    /// As for [`unpark`](crate::unpark); neither closure calls into the lot.
    pub(crate) unsafe fn unpark_run(
        &self,
        key: usize,
        joins: impl Fn(u64, u64) -> bool,
        decide: impl FnOnce(Option<Run>) -> Option<u32>,
    ) {
        callback::assert_outside();
        let mut bucket = self.bucket(key);
        // SAFETY: under the bucket lock.
        let run = bucket.queue(|queue| unsafe { front(queue, key, joins) });
        let reply = callback::guarded(|| decide(run));
        let (Some(run), Some(reply)) = (run, reply) else {
            return;
        };
        // SAFETY: under the bucket lock still, so `run` holds; all are posted below.
        let mut waiter = bucket.queue(|queue| unsafe { queue.take_first(key, run.len, reply) });
        drop(bucket);
        while !waiter.is_null() {
            // SAFETY: ours, and not posted yet.
            let next = unsafe { Waiter::next_taken(waiter) };
            // SAFETY: taken out above, and posted once.
            unsafe { Waiter::post(waiter) };
            waiter = next;
        }
    }
}
