//! [`Slot`]: where a worker sleeps and gets its next job.
//!
//! | word | means | goes to |
//! |---|---|---|
//! | `IDLE` | listed, or about to be; awake | `SLEEPING` by the worker, `JOB` or `LEAVE` by who unlisted it |
//! | `SLEEPING` | listed; asleep, or about to be | `JOB` or `LEAVE` by who unlisted it |
//! | `JOB` | `job` is full | `IDLE` by the worker |
//! | `LEAVE` | the cache is gone | the end |
//!
//! Invariants:
//! * H1: only who took the slot off the pool's list may write `job` and set `JOB` or `LEAVE`, once.
//! * H2: `job` is read by the worker alone, after `JOB`.
//! * H3: who sets `JOB` or `LEAVE` over `SLEEPING` wakes. The worker sleeps on `SLEEPING` only, and
//!   is `prepare`d before it is listed.
//! * H4: a worker whose time is over takes itself off the list. If it is not there, a job is coming,
//!   and it waits for that.
//!
//! Orderings: `JOB` is set with Release and seen with Acquire, which carries the job over.

use crate::deadline::Deadline;
use crate::spin::yield_while;
use crate::sync::{Ordering, UnsafeCell};
use crate::sys::wait::{WaitWord, Waited};

const IDLE: u32 = 0;
const SLEEPING: u32 = 1;
const JOB: u32 = 2;
const LEAVE: u32 = 3;

#[derive(Debug)]
pub(super) struct Slot<J> {
    word: WaitWord,
    job: UnsafeCell<Option<J>>,
}

// SAFETY: H1 and H2 hand `job` from one thread to another, one at a time.
unsafe impl<J: Send> Send for Slot<J> {}
// SAFETY: as above.
unsafe impl<J: Send> Sync for Slot<J> {}

/// What a worker was woken for.
#[derive(Debug)]
pub(super) enum Next<J> {
    Job(J),
    Leave,
    /// The deadline passed without either.
    TimedOut,
}

impl<J> Slot<J> {
    pub(super) fn new() -> Slot<J> {
        Slot {
            word: WaitWord::new(IDLE),
            job: UnsafeCell::new(None),
        }
    }

    /// H3: before the slot is listed.
    pub(super) fn prepare(&self) {
        self.word.prepare();
    }

    /// Gives the worker its next job. By who took the slot off the list: H1.
    pub(super) fn hand_over(&self, job: J) {
        // SAFETY: H1, H2: nobody else looks at `job` before `JOB` is set.
        self.job.with_mut(|j| unsafe { *j = Some(job) });
        self.set(JOB);
    }

    /// Sends the worker away. By who took the slot off the list: H1.
    pub(super) fn send_away(&self) {
        self.set(LEAVE);
    }

    fn set(&self, word: u32) {
        // H3.
        if self.word.swap(word, Ordering::AcqRel) == SLEEPING {
            self.word.wake_all();
        }
    }

    /// The worker sleeps until it is wanted, or the deadline.
    pub(super) fn next(&self, deadline: Deadline) -> Next<J> {
        loop {
            match self.word.load(Ordering::Acquire) {
                JOB => return self.take(),
                LEAVE => return Next::Leave,
                // The next job often comes right after the last.
                IDLE if yield_while(|| self.word.load(Ordering::Acquire) == IDLE) => {}
                IDLE => {
                    // Whatever it finds, the loop looks again.
                    let _ = self.word.compare_exchange(
                        IDLE,
                        SLEEPING,
                        Ordering::AcqRel,
                        Ordering::Acquire,
                    );
                }
                _ => match self.word.wait(SLEEPING, deadline.sleep()) {
                    Waited::TimedOut if deadline.ends() => return Next::TimedOut,
                    _ => {}
                },
            }
        }
    }

    fn take(&self) -> Next<J> {
        // SAFETY: H2.
        let job = self.job.with_mut(|j| unsafe { (*j).take() });
        // Relaxed: listing the slot again publishes it.
        self.word.store(IDLE, Ordering::Relaxed);
        job.map_or(Next::Leave, Next::Job)
    }
}
