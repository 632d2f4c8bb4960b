//! Sleeping through `std::thread::park`, where the system has no wait on an address for us.
//!
//! The program may use the thread's park token too. So our wake may end one of its `park`s early, and
//! its `unpark` one of ours. Both loop, as the contract of `park` asks.

use crate::deadline::Deadline;
use crate::semaphore::sleeper::{SIGNAL_STEP, Sleeper};
use crate::sync::AtomicU32;
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
