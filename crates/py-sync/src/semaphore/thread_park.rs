//! Sleeping through `std::thread::park`, where the system has no wait on an address for us.
//!
//! The thread's park token is shared with the program's own use of it: a wake of ours may end a
//! `park` of theirs early, and theirs ours. Both loop, as `park`'s contract asks.

use crate::deadline::Deadline;
use crate::primitive::AtomicU32;
use crate::semaphore::sleeper::{SIGNAL_STEP, Sleeper};
use std::thread::{self, Thread};

/// The thread that waits.
#[derive(Debug)]
pub(crate) struct Native(Thread);

impl Sleeper for Native {
    type Waker = Thread;

    fn new() -> Self {
        Native(thread::current())
    }

    fn sleep(&self, _: &AtomicU32, deadline: Deadline, interruptible: bool) -> bool {
        let deadline = if interruptible {
            deadline.at_most(SIGNAL_STEP)
        } else {
            deadline
        };
        match deadline.remaining() {
            None => thread::park(),
            Some(left) => thread::park_timeout(left),
        }
        interruptible && deadline.has_passed()
    }

    fn waker(&self) -> Thread {
        self.0.clone()
    }

    fn wake(thread: Thread, _: *const AtomicU32) {
        thread.unpark();
    }
}
