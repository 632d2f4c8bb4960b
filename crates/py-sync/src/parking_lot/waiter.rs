//! [`Waiter`], a parked thread on its own stack. The list of them in a bucket is in `queue.rs`.
//!
//! Invariants:
//! * I1: everything in a waiter but its semaphore, its key and its record is read and written under
//!   the lock of its bucket, with two exceptions: an un-parker that has taken waiters out owns their
//!   links until it posts them (it reads them while the owner may look at `unparking`, so neither
//!   may write or borrow the whole), and a woken owner owns all of it.
//! * I2: a waiter in the queue is alive. Its owner returns only after it was posted, or after it
//!   took itself out under the bucket lock having found that nobody else had.
//! * I3: `unparking` goes from false to true when the waiter leaves the queue by somebody else's
//!   hand, under the bucket lock. From then on a post is sure to come.
//!
//! CPython: `Python/parking_lot.c`, `struct wait_entry`.

use super::record::{Kind, Record};
use crate::deadline::Deadline;
use crate::primitive::{Alive, UnsafeCell};
use crate::semaphore::{PendingWake, Semaphore, Wake};
use core::ptr;

/// What a parked thread and its un-parker tell each other, under the bucket lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ticket {
    /// From the parked thread: for a mutex, its time to be fair.
    pub(crate) token: u64,
    /// To the parked thread: for a mutex, whether it was handed over. 0 until written.
    pub(crate) reply: u32,
}

/// Who may take a waiter out. Somebody who has given up a lock may come to its address when another
/// lock lives there: a waiter of its own class takes that for a wake for nothing, and one of another
/// class is not for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// `unpark`, `unpark_all`, `unpark_run`.
    Plain,
    /// `standby.rs`: itself, and who hands it over.
    OnStandby,
    /// `line.rs`: who sends it on.
    InLine,
}

/// What a waiter has that keeps its place in the queue while it is awake. See `standby.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standby {
    /// When the lock is to be handed to it: its time to be fair.
    pub(crate) due: u64,
    /// When an unlock last looked at it, or it last landed; before that, when it was queued.
    pub(crate) looked: u64,
    /// How many short sections in a row have passed it over since it was woken.
    pub(crate) shorts: u32,
    /// Woken, and neither gone nor asleep for good.
    pub(crate) in_flight: bool,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) next: *const Waiter,
    pub(super) prev: *const Waiter,
    pub(super) unparking: bool,
    ticket: Ticket,
    standby: Option<Standby>,
}

/// A parked thread.
#[derive(Debug)]
pub(crate) struct Waiter {
    pub(super) key: usize,
    #[cfg_attr(
        not(feature = "diagnostics"),
        allow(dead_code, reason = "of no size, and told to nobody")
    )]
    pub(super) record: Record,
    /// Where it goes from here (`line.rs`): only who waits for a condition variable has one.
    next_stop: *const (),
    semaphore: Semaphore,
    state: UnsafeCell<State>,
    alive: Alive,
}

impl Waiter {
    pub(crate) fn new(key: usize, token: u64, record: Record) -> Waiter {
        let state = State {
            next: ptr::null(),
            prev: ptr::null(),
            unparking: false,
            ticket: Ticket { token, reply: 0 },
            standby: None,
        };
        Waiter::with_state(key, state, record)
    }

    /// A waiter that stays in the queue while it is awake.
    pub(crate) fn on_standby(key: usize, standby: Standby, kind: Kind) -> Waiter {
        let state = State {
            next: ptr::null(),
            prev: ptr::null(),
            unparking: false,
            ticket: Ticket {
                token: standby.due,
                reply: 0,
            },
            standby: Some(standby),
        };
        Waiter::with_state(key, state, Record::new(kind))
    }

    fn with_state(key: usize, state: State, record: Record) -> Waiter {
        Waiter {
            key,
            record,
            next_stop: ptr::null(),
            semaphore: Semaphore::new(),
            state: UnsafeCell::new(state),
            alive: Alive::new(),
        }
    }

    /// A waiter that who takes it out does not post, but sends on to `next_stop`.
    #[cfg(any(feature = "lock_api", all(test, loom)))]
    pub(super) fn that_goes_on(key: usize, kind: Kind, next_stop: *const ()) -> Waiter {
        let mut waiter = Waiter::new(key, 0, Record::new(kind));
        waiter.next_stop = next_stop;
        waiter
    }

    /// Where a waiter that was taken out goes on to.
    ///
    /// # Safety
    ///
    /// The caller took it out of the queue, and its owner was sent no message since.
    #[cfg(any(feature = "lock_api", all(test, loom)))]
    pub(super) unsafe fn next_stop(this: *const Waiter) -> *const () {
        // SAFETY: alive until its owner gets a message (I2, I3); the field never changes.
        let this = unsafe { &*this };
        this.alive.touch();
        this.next_stop
    }

    /// Makes it what a thread is that parks now. By who is going to queue it.
    ///
    /// # Safety
    ///
    /// The caller holds the bucket lock; the waiter is on standby, and in no queue.
    #[cfg(any(feature = "lock_api", all(test, loom)))]
    pub(super) unsafe fn set_standby(&self, standby: Standby) {
        // SAFETY: the caller's promise.
        unsafe { self.with_standby(|s| *s.expect("it is on standby") = standby) };
    }

    /// Puts a message back that the owner has taken, unless there is a newer one. By the owner only.
    #[cfg(any(feature = "lock_api", all(test, loom)))]
    pub(crate) fn put_back(&self, message: u32) {
        self.semaphore.put_back(message);
    }

    /// Sleeps until posted. By the owner only.
    pub(crate) fn wait(&self, deadline: Deadline, interruptible: bool) -> Wake {
        self.semaphore.wait(deadline, interruptible)
    }

    /// [`wait`](Waiter::wait), and the message that ended it. By the owner only.
    pub(crate) fn wait_for_message(
        &self,
        deadline: Deadline,
        interruptible: bool,
    ) -> Result<u32, Wake> {
        self.semaphore.wait_for_message(deadline, interruptible)
    }

    /// True if `message` is there to be taken. By the owner only.
    pub(crate) fn has(&self, message: u32) -> bool {
        self.semaphore.has(message)
    }

    /// True if a message is there to be taken by a wait. By the owner only.
    pub(super) fn is_posted(&self) -> bool {
        self.semaphore.is_posted()
    }

    /// What it is waited for.
    pub(crate) fn key(&self) -> usize {
        self.key
    }

    /// Runs `f` on the part that the bucket lock guards.
    ///
    /// # Safety
    ///
    /// The caller holds the bucket lock, or owns the waiter by one of the exceptions of I1.
    pub(super) unsafe fn with<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        self.alive.touch();
        // SAFETY: exclusive, as the caller promises; `f` gets no way back to this waiter's state.
        self.state.with_mut(|state| f(unsafe { &mut *state }))
    }

    /// True if somebody has taken it out of the queue and is going to post it.
    ///
    /// # Safety
    ///
    /// The caller holds the bucket lock.
    pub(crate) unsafe fn is_unparking(&self) -> bool {
        self.alive.touch();
        // SAFETY: under the bucket lock. A read, of one field: an un-parker that has taken this
        // waiter out may be reading the link beside it without the lock (I1).
        self.state.with(|state| unsafe { (*state).unparking })
    }

    /// What the un-parker answered.
    ///
    /// # Safety
    ///
    /// The caller is the owner and is out of the queue.
    pub(crate) unsafe fn reply(&self) -> u32 {
        // SAFETY: I1, the woken owner.
        unsafe { self.with(|state| state.ticket.reply) }
    }

    /// Runs `f` on the ticket.
    ///
    /// # Safety
    ///
    /// The caller holds the bucket lock, and the waiter is in the queue.
    pub(crate) unsafe fn with_ticket<R>(&self, f: impl FnOnce(&mut Ticket) -> R) -> R {
        // SAFETY: the caller's promise.
        unsafe { self.with(|state| f(&mut state.ticket)) }
    }

    /// Runs `f` on what a waiter on standby has; with `None` if it is a plain one.
    ///
    /// # Safety
    ///
    /// The caller holds the bucket lock.
    pub(crate) unsafe fn with_standby<R>(&self, f: impl FnOnce(Option<&mut Standby>) -> R) -> R {
        // SAFETY: the caller's promise.
        unsafe { self.with(|state| f(state.standby.as_mut())) }
    }

    /// Who may take it out.
    ///
    /// # Safety
    ///
    /// The caller holds the bucket lock.
    pub(super) unsafe fn class(&self) -> Class {
        if !self.next_stop.is_null() {
            return Class::InLine;
        }
        // SAFETY: the caller's promise.
        match unsafe { self.with_standby(|s| s.is_some()) } {
            true => Class::OnStandby,
            false => Class::Plain,
        }
    }

    /// True if it is on standby, and awake.
    ///
    /// # Safety
    ///
    /// The caller holds the bucket lock.
    pub(crate) unsafe fn is_in_flight(&self) -> bool {
        // SAFETY: the caller's promise.
        unsafe { self.with_standby(|s| s.is_some_and(|s| s.in_flight)) }
    }

    /// Marks one on standby as awake.
    ///
    /// # Safety
    ///
    /// The caller holds the bucket lock, and the waiter is in the queue.
    pub(crate) unsafe fn set_in_flight(&self) {
        // SAFETY: the caller's promise.
        unsafe { self.with_standby(|s| s.expect("it is on standby").in_flight = true) };
    }

    /// Marks one on standby as asleep since `now`.
    ///
    /// # Safety
    ///
    /// The caller holds the bucket lock, and the waiter is in the queue.
    pub(crate) unsafe fn set_landed(&self, now: u64) {
        // SAFETY: the caller's promise.
        unsafe {
            self.with_standby(|s| {
                let s = s.expect("it is on standby");
                (s.in_flight, s.looked) = (false, now);
            });
        }
    }

    /// Leaves a message; the wake, if one is needed, comes after the bucket is unlocked.
    ///
    /// # Safety
    ///
    /// The caller holds the bucket lock, under which `this` was in the queue.
    pub(crate) unsafe fn leave_message(this: *const Waiter, message: u32) -> Option<PendingWake> {
        // SAFETY: as below.
        unsafe { (*this).alive.touch() };
        // SAFETY: alive (I2), until this call if it was just taken out.
        unsafe { Semaphore::leave_message(&raw const (*this).semaphore, message) }
    }

    /// Wakes the owner, after which `this` may dangle.
    ///
    /// # Safety
    ///
    /// The caller took it out of the queue and posts it once.
    pub(crate) unsafe fn post(this: *const Waiter) {
        // SAFETY: alive until posted (I2, I3).
        unsafe { Semaphore::post(&raw const (*this).semaphore) };
    }

    /// The waiter after this one in the list that
    /// [`Queue::take_all`](super::queue::Queue::take_all) made.
    ///
    /// # Safety
    ///
    /// The caller made that list and has not posted `this` yet.
    pub(crate) unsafe fn next_taken(this: *const Waiter) -> *const Waiter {
        // SAFETY: alive until posted (I2).
        let this = unsafe { &*this };
        this.alive.touch();
        // SAFETY: the links are the un-parker's (I1). A read, of one field: the owner, whose time is
        // up, may be reading the one beside it under the bucket lock.
        this.state.with(|state| unsafe { (*state).next })
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.alive.end();
    }
}
