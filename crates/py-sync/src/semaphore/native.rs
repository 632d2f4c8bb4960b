//! Sleeping on the word itself, in the kernel.

use crate::deadline::Deadline;
use crate::semaphore::sleeper::{SIGNAL_STEP, Sleeper};
use crate::signals::ASLEEP;
use crate::sync::AtomicU32;
use crate::sys::futex;

/// The kernel's wait on an address.
#[derive(Debug)]
pub(crate) struct Native;

impl Sleeper for Native {
    type Waker = ();

    fn new() -> Self {
        Native
    }

    fn sleep(&self, word: &AtomicU32, deadline: Deadline, interruptible: bool) -> bool {
        if interruptible && !futex::SIGNALS_END_SLEEP {
            if let Deadline::At(until) = deadline.at_most(SIGNAL_STEP) {
                futex::wait_until(word, ASLEEP, Some(until));
            }
            return true;
        }
        match deadline {
            Deadline::Now => false,
            Deadline::Never if interruptible => futex::wait_until(word, ASLEEP, None),
            Deadline::Never => {
                futex::wait(word, ASLEEP);
                false
            }
            Deadline::At(until) => futex::wait_until(word, ASLEEP, Some(until)),
        }
    }

    fn waker(&self) {}

    fn wake((): (), word: *const AtomicU32) {
        futex::wake_one(word);
    }
}
