//! [`Slot`]: where a worker sleeps and gets its next job.
//!
//! | word | means | goes to |
//! |---|---|---|
//! | `IDLE` | listed, or about to be; awake | `SLEEPING` by the worker, `JOB` or `LEAVE` by the giver |
//! | `SLEEPING` | listed; asleep, or about to be | `JOB` or `LEAVE` by the giver |
//! | `JOB` | `job` is full | `IDLE` by the worker |
//! | `LEAVE` | the cache is gone | the end |
//!
//! The *giver* is the thread that took the slot off the pool's list.
//!
//! Invariants:
//! * H1: only the giver may write `job` and set `JOB` or `LEAVE`, and it does so once.
//! * H2: only the worker reads `job`, after it saw `JOB`.
//! * H3: if the giver finds `SLEEPING`, it wakes the worker. The worker sleeps on `SLEEPING` only,
//!   and it calls `prepare` before it is listed.
//! * H4: a worker whose deadline has passed takes itself off the list. If it is not on the list, a
//!   giver has it, and the worker waits for the job.
//!
//! Orderings: `JOB` is set with Release and seen with Acquire, so the worker sees the job.

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

// SAFETY: a slot owns its job, and the job is `Send`.
unsafe impl<J: Send> Send for Slot<J> {}
// SAFETY: H1 and H2: the giver writes `job` before JOB, and the worker takes it after. So one
// thread at a time has the job, and it is `Send`.
unsafe impl<J: Send> Sync for Slot<J> {}

/// Why a worker's sleep ended.
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

    /// Gives the worker its next job. To be called by the giver: H1.
    pub(super) fn hand_over(&self, job: J) {
        // SAFETY: H1: this is the one giver. H2: the worker does not read `job` before JOB is set.
        self.job.with_mut(|j| unsafe { *j = Some(job) });
        self.set(JOB);
    }

    /// Tells the worker to end. To be called by the giver: H1.
    pub(super) fn send_away(&self) {
        self.set(LEAVE);
    }

    fn set(&self, word: u32) {
        // H3: wake the worker if it sleeps.
        if self.word.swap(word, Ordering::AcqRel) == SLEEPING {
            self.word.wake_all();
        }
    }

    /// The worker sleeps until it gets a job, until it has to end, or until the deadline.
    pub(super) fn next(&self, deadline: Deadline) -> Next<J> {
        loop {
            match self.word.load(Ordering::Acquire) {
                JOB => return self.take(),
                LEAVE => return Next::Leave,
                // The next job often comes right after the last: yield before a sleep.
                IDLE if yield_while(|| self.word.load(Ordering::Acquire) == IDLE) => {}
                IDLE => {
                    // Announce the sleep. The loop looks again, whether this succeeds or not.
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
        // SAFETY: H2: this is the worker, and it saw JOB. No giver has the slot now (H1).
        let job = self.job.with_mut(|j| unsafe { (*j).take() });
        // Relaxed: the pool's lock publishes it when the slot is listed again.
        self.word.store(IDLE, Ordering::Relaxed);
        job.map_or(Next::Leave, Next::Job)
    }
}
