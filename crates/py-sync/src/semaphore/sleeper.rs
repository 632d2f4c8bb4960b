//! [`Sleeper`]: what each way of sleeping gives the semaphore.

use crate::deadline::Deadline;
use crate::sync::AtomicU32;
use core::time::Duration;

/// How long an interruptible sleep is where no signal ends it.
pub(crate) const SIGNAL_STEP: Duration = Duration::from_millis(20);

/// A way to sleep on one word. It may return too early, but not too late.
pub(crate) trait Sleeper {
    /// What a poster needs for the wake, and copies out before it posts (I3).
    type Waker;

    /// For a wait of the calling thread.
    fn new() -> Self;

    /// Sleeps while `word` is `ASLEEP`. True if a signal may have ended it.
    fn sleep(&self, word: &AtomicU32, deadline: Deadline, interruptible: bool) -> bool;

    /// Copies out what the wake needs.
    fn waker(&self) -> Self::Waker;

    /// Ends the sleep on `word`, which may dangle.
    fn wake(waker: Self::Waker, word: *const AtomicU32);
}
