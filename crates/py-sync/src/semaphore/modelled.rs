//! A futex for the model: loom's mutex and condition variable, which outlive the word.
//!
//! The wake takes the mutex, so it cannot fall between the sleeper's check of the word and its sleep.
//! loom has no time: a timed sleep returns at once, and the wait then finds that its deadline has
//! passed. How late that is, the scheduler decides.

use crate::deadline::Deadline;
use crate::semaphore::{Semaphore, Sleeper};
use crate::signals::{self, ASLEEP};
use crate::sync::{AtomicU32, Relaxed};
use loom::sync::{Condvar, Mutex};
use std::sync::Arc;

/// The kernel's side of one word.
#[derive(Debug)]
pub(crate) struct Native(Arc<(Mutex<()>, Condvar)>);

impl Sleeper for Native {
    type Waker = Arc<(Mutex<()>, Condvar)>;

    fn new() -> Self {
        Native(Arc::new((Mutex::new(()), Condvar::new())))
    }

    fn sleep(&self, word: &AtomicU32, deadline: Deadline, _interruptible: bool) -> bool {
        let (queue, wakes) = &*self.0;
        let guard = queue.lock().unwrap();
        // Relaxed: the kernel compares under its own lock and orders nothing for the caller.
        if deadline == Deadline::Never && word.load(Relaxed) == ASLEEP {
            drop(wakes.wait(guard).unwrap());
        } else if !deadline.has_passed() {
            drop(guard);
            // The time comes, or a post does, by what another thread does.
            loom::thread::yield_now();
        }
        false
    }

    fn waker(&self) -> Self::Waker {
        Arc::clone(&self.0)
    }

    fn wake(waker: Self::Waker, _: *const AtomicU32) {
        let (queue, wakes) = &*waker;
        let guard = queue.lock().unwrap();
        wakes.notify_one();
        drop(guard);
    }
}

impl Semaphore<Native> {
    /// A handler of the waiting thread: it says [`interrupt`](signals::interrupt), and by the time it
    /// returns the kernel's sleep has ended. True if it found the wait begun.
    pub(crate) fn interrupt_as_a_handler(&self) -> bool {
        let begun = signals::interrupt(&self.word);
        Native::wake(self.sleeper.waker(), &raw const self.word);
        begun
    }
}
