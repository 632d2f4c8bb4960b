//! Waking several waiters of one key at once: a decision about its queue.
//!
//! A read-write lock wants to wake one writer or several readers, and to change its word in the
//! same breath. `unpark` shows its callback one waiter that goes in any case; here the callback is
//! told of all that can go together, and then says whether they go.

use super::callback;
use super::queue::Queue;
use super::table::ParkingLot;
use super::waiter::{Class, Waiter};

/// Whether a waiter goes with those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goes {
    /// It goes.
    Along,
    /// It stays; the next is asked.
    Not,
    /// It stays, and so do all behind it.
    NorAnyBehind,
}

/// The waiters of a key that go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run<S> {
    /// The token of the first that goes; 0 if none does.
    pub(crate) token: u64,
    /// How many go.
    pub(crate) len: usize,
    /// Others stay parked on this very key. Exact, unlike `unpark`'s `has_more`.
    pub(crate) more: bool,
    /// What `goes` made of its state.
    pub(crate) state: S,
}

/// Asks each waiter of this class and key in turn whether it goes, and hands those that do to
/// `each`.
///
/// # Safety
///
/// The caller holds the bucket lock; `each` does no more than to take the waiter out.
unsafe fn ask<S: Copy>(
    queue: &mut Queue,
    (class, key): (Class, usize),
    state: S,
    goes: impl Fn(&mut S, u64) -> Goes,
    mut each: impl FnMut(&mut Queue, *const Waiter),
) -> Run<S> {
    let mut run = Run {
        token: 0,
        len: 0,
        more: false,
        state,
    };
    // SAFETY: under the bucket lock.
    let mut waiter = unsafe { queue.first(key) };
    while !waiter.is_null() {
        // SAFETY: under the bucket lock, and in the queue.
        let next = unsafe { queue.next(waiter, key) };
        // SAFETY: as above.
        if unsafe { (*waiter).class() } != class {
            waiter = next;
            continue;
        }
        // SAFETY: as above.
        let token = unsafe { (*waiter).with_ticket(|ticket| ticket.token) };
        match goes(&mut run.state, token) {
            Goes::Along => {
                if run.len == 0 {
                    run.token = token;
                }
                run.len += 1;
                each(queue, waiter);
            }
            Goes::Not => run.more = true,
            Goes::NorAnyBehind => {
                run.more = true;
                break;
            }
        }
        waiter = next;
    }
    run
}

impl<const N: usize> ParkingLot<N> {
    /// Wakes the waiters of `key` that go together, if `decide` agrees and with its answer as their
    /// reply.
    ///
    /// `goes` is asked in the order of the queue, with a state that starts as `state` and with the
    /// waiter's token. It is asked twice if `decide` agrees, and has to say the same. Both run under
    /// the bucket lock. If one panics, nothing has happened.
    ///
    /// # Safety
    ///
    /// As for [`unpark`](crate::unpark); neither closure calls into the lot.
    pub(crate) unsafe fn unpark_run<S: Copy>(
        &self,
        key: usize,
        state: S,
        goes: impl Fn(&mut S, u64) -> Goes,
        decide: impl FnOnce(Run<S>) -> Option<u32>,
    ) {
        // SAFETY: the caller's promise; each is taken out, and posted once.
        unsafe {
            let post = |waiter| Waiter::post(waiter);
            self.take_run((Class::Plain, key), state, goes, decide, post);
        }
    }

    /// As [`unpark_run`](ParkingLot::unpark_run), but `send` does what makes the owner of a waiter
    /// go on; it runs without the bucket lock.
    ///
    /// # Safety
    ///
    /// As for `unpark_run`; and `send` sees to it that the owner gets a message.
    pub(super) unsafe fn take_run<S: Copy>(
        &self,
        (class, key): (Class, usize),
        state: S,
        goes: impl Fn(&mut S, u64) -> Goes,
        decide: impl FnOnce(Run<S>) -> Option<u32>,
        send: impl Fn(*const Waiter),
    ) {
        callback::assert_outside();
        let mut bucket = self.bucket(key);
        // SAFETY: under the bucket lock.
        let run =
            bucket.queue(|queue| unsafe { ask(queue, (class, key), state, &goes, |_, _| ()) });
        let reply = callback::guarded(|| decide(run));
        let Some(reply) = reply.filter(|_| run.len > 0) else {
            return;
        };
        let mut taken = Queue::new();
        let take = |queue: &mut Queue, waiter: *const Waiter| {
            // SAFETY: under the bucket lock, and in the queue.
            unsafe { (*waiter).with_ticket(|ticket| ticket.reply = reply) };
            // SAFETY: as above; sent below.
            unsafe { queue.take(waiter) };
            // SAFETY: in no queue now, and alive until its owner gets a message.
            unsafe { taken.push_back(waiter) };
        };
        // SAFETY: under the bucket lock still.
        bucket.queue(|queue| unsafe { ask(queue, (class, key), state, &goes, take) });
        drop(bucket);
        let mut waiter = taken.into_first();
        while !waiter.is_null() {
            // SAFETY: ours, and not sent yet.
            let next = unsafe { Waiter::next_taken(waiter) };
            send(waiter);
            waiter = next;
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::super::record::Kind;
    use super::super::waiter::Standby;
    use super::*;

    /// What an un-parker whose lock is gone finds where a mutex or a condition variable lives now.
    #[test]
    fn waiters_of_another_class_are_left_alone() {
        let lot = ParkingLot::<1>::new();
        let standby = Standby {
            due: 0,
            looked: 0,
            shorts: 0,
            in_flight: false,
        };
        let of_a_mutex = Waiter::on_standby(7, standby, Kind::Mutex);
        #[cfg(feature = "lock_api")]
        let in_line = Waiter::that_goes_on(7, Kind::Condvar, (&raw const standby).cast());
        // SAFETY: the lot and the key are this test's; the waiters leave below.
        unsafe {
            assert!(lot.join(&of_a_mutex, |_| true));
            #[cfg(feature = "lock_api")]
            assert!(lot.enqueue(&in_line, || true));
        }
        let decide = |run: Run<()>| {
            assert_eq!((run.len, run.more), (0, false));
            Some(0)
        };
        // SAFETY: as above.
        unsafe {
            lot.unpark_run(7, (), |(), _| Goes::Along, decide);
            lot.unpark(7, |token, _| assert_eq!(token, None));
            assert_eq!(lot.unpark_all(7), 0);
        }
        // SAFETY: as above; they are this thread's.
        unsafe {
            #[cfg(feature = "lock_api")]
            assert!(lot.take_back(&in_line));
            assert!(lot.leave(&of_a_mutex, |_, others| others));
        }
    }
}
