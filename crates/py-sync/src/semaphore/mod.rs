//! The wait word: one thread sleeps on it, one other wakes it, once per wait.
//!
//! | word | meaning | next, by the owner | next, by the poster |
//! |---|---|---|---|
//! | [`EMPTY`] 0 | awake, not posted | `ASLEEP`, about to sleep | `POSTED` |
//! | [`ASLEEP`] 1 | asleep or about to be | `EMPTY`, gives up | `POSTED`, and a wake |
//! | [`POSTED`] 2 | posted, not yet noticed | `EMPTY`, taken | |
//! | [`ASKED`] 3 | asleep, and asked where it is (feature `deadlock`) | `EMPTY`, to answer | `POSTED` |
//!
//! Invariants:
//! * I1: only the owner writes `EMPTY` and `ASLEEP` (its signal handlers run on its thread), only a
//!   poster writes `POSTED`, and only a thread that asks writes `ASKED`, in the place of `ASLEEP`.
//! * I2: no post is lost: taking it and giving up are swaps, and the owner acts on what they return.
//! * I3: the poster's swap is its last touch of the semaphore, since the owner may return and free its
//!   frame at once. So what the wake needs is copied out before the swap, and the wake uses the word's
//!   address only.
//! * I4: `wait` returns `Woken` only after its own post. (CPython's gh-148820: a waiter that leaves for
//!   another reason may free what the poster is about to touch.)
//! * I5: the thread that asks wakes the owner, so a post that finds `ASKED` does not have to. If a signal
//!   comes with the question, the wait reports the signal, not the question.
//!
//! Orderings: the post's swap is `Release`, and the owner's swap that takes it is `Acquire`, so all that
//! the poster did before is seen after the wake-up. The reset to `EMPTY` needs no `Release`: the next
//! poster learns of the waiter through the word of a lock or of a bucket, to which the owner publishes
//! with `Release` afterwards.
//!
//! A signal ends the sleep of an interruptible wait where the system reports it (Linux, Android,
//! FreeBSD). Elsewhere such a wait sleeps in steps of [`SIGNAL_STEP`](sleeper::SIGNAL_STEP), and reports
//! each as a signal. A handler that calls [`signal_arrived`](crate::signal_arrived) sets `ASLEEP` back to
//! `EMPTY`, at any moment of the wait, and the kernel refuses the sleep. So no signal falls between the
//! runtime's last check and the sleep. Without that call one may, as in CPython, whose `sem_wait` has the
//! same gap.
//!
//! CPython: `Python/parking_lot.c`, `_PySemaphore_Init`, `_PySemaphore_Wait`, `_PySemaphore_Wakeup`.
//! Differs from CPython: a futex word instead of a `sem_t`, so there is nothing to create, to destroy or
//! to fail.

use crate::deadline::Deadline;
use crate::signals::{self, ASLEEP, EMPTY, Published};
use crate::sync::{Acquire, AtomicU32, DEADLOCK, MODEL, Relaxed, Release};

// Each file has one way of sleeping, by the name `Native`.
#[cfg_attr(all(test, loom), path = "modelled.rs")]
#[cfg_attr(
    not(any(
        target_os = "linux",
        target_os = "android",
        target_os = "freebsd",
        windows,
        all(test, loom)
    )),
    path = "thread_park.rs"
)]
mod native;
mod sleeper;
#[cfg(all(test, not(loom)))]
mod tests;

pub(crate) use native::Native;
use sleeper::Sleeper;

const POSTED: u32 = 2;
const ASKED: u32 = 3;

/// Whether anybody asks.
const ASKS: bool = DEADLOCK || MODEL;

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// Posted.
    Woken,
    /// The time was up, and no post had come.
    TimedOut,
    /// A signal, perhaps, and no post had come.
    Interrupted,
    /// Asked, and no post had come.
    Asked,
}

/// The wait word of one thread, on its own stack.
#[derive(Debug)]
pub(crate) struct Semaphore<S: Sleeper = Native> {
    word: AtomicU32,
    sleeper: S,
}

impl<S: Sleeper> Semaphore<S> {
    /// Made by the thread that is going to wait.
    pub(crate) fn new() -> Self {
        Semaphore {
            word: AtomicU32::new(EMPTY),
            sleeper: S::new(),
        }
    }

    /// Sleeps until posted, until the deadline, or (if `interruptible`) until a signal arrives.
    ///
    /// Only the thread that made the semaphore may call it. A post that came before the call counts.
    pub(crate) fn wait(&self, deadline: Deadline, interruptible: bool) -> Wake {
        if deadline == Deadline::Now {
            return self.give_up(Wake::TimedOut);
        }
        // Relaxed: if it fails, the swap in `give_up` takes the post.
        if self
            .word
            .compare_exchange(EMPTY, ASLEEP, Relaxed, Relaxed)
            .is_err()
        {
            return self.give_up(Wake::Woken);
        }
        let _published = interruptible.then(|| Published::new(&self.word));
        if interruptible && signals::take_mark() {
            return self.give_up(Wake::Interrupted);
        }
        loop {
            let signal = self.sleeper.sleep(&self.word, deadline, interruptible);
            // Relaxed: the swap in `give_up` takes the post.
            let word = self.word.load(Relaxed);
            if word == POSTED {
                return self.give_up(Wake::Woken);
            }
            if deadline.has_passed() {
                return self.give_up(Wake::TimedOut);
            }
            if interruptible && (signal || word == EMPTY) {
                // The signal is reported now, so its mark is used up.
                signals::take_mark();
                return self.give_up(Wake::Interrupted);
            }
            if ASKS && word == ASKED {
                return self.give_up(Wake::Asked);
            }
        }
    }

    /// Takes the post if there is one (I2).
    fn give_up(&self, why: Wake) -> Wake {
        match self.word.swap(EMPTY, Acquire) {
            POSTED => Wake::Woken,
            _ => why,
        }
    }

    /// True if it has been posted and no wait has taken the post. For the owner only.
    pub(crate) fn is_posted(&self) -> bool {
        // Relaxed: the owner then takes it by a wait.
        self.word.load(Relaxed) == POSTED
    }

    /// Makes the wait that is going on return [`Wake::Asked`], if it is asleep; true if it is. The
    /// semaphore stays alive meanwhile: the owner is kept from leaving by a lock that the caller has.
    pub(crate) fn ask(&self) -> bool {
        let waker = self.sleeper.waker();
        // Relaxed, both: nothing is handed on but the question.
        let asleep = self
            .word
            .compare_exchange(ASLEEP, ASKED, Relaxed, Relaxed)
            .is_ok();
        if asleep {
            S::wake(waker, &raw const self.word);
        }
        asleep
    }

    /// Ends the one wait that is going on or to come.
    ///
    /// # Safety
    ///
    /// `this` points to a semaphore whose owner does not return from its wait before this post:
    /// it was not posted before for the same wait. After the call `this` may dangle.
    pub(crate) unsafe fn post(this: *const Self) {
        // SAFETY: the caller promises that the semaphore is alive until the swap below.
        let waker = unsafe { (*this).sleeper.waker() };
        // SAFETY: the semaphore is still alive, and this only computes an address within it.
        let word = unsafe { &raw const (*this).word };
        // SAFETY: the semaphore is alive until this swap, the last touch of it (I3). Release: see the
        // head.
        if unsafe { (*word).swap(POSTED, Release) } == ASLEEP {
            S::wake(waker, word);
        }
    }
}
