//! Waits that a signal ends without a [`Runtime`](crate::Runtime): the loop that runs the caller's own
//! check after each signal, and [`Interrupted`], for waits that leave even the loop to the caller.
//!
//! The loop is py-thread's, [`acquire_across_signals`]. Each of its attempts is a lock call, and all have
//! the same deadline. [`OneCall`] gives them one fair time as well: signals that keep coming do not
//! delay the hand-off to a thread.

use crate::deadline::{Clock, Deadline, FairTime};
use crate::flags::{LockFlags, LockStatus};
use core::cell::Cell;
use core::fmt;
use py_thread::acquire_across_signals;

/// A signal ended a wait before it succeeded.
///
/// ```
/// assert_eq!(py_sync::Interrupted.to_string(), "the wait was interrupted by a signal");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the wait was interrupted by a signal")
    }
}

impl core::error::Error for Interrupted {}

/// Calls `attempt`, with the flag by which a signal ends it, until it ends otherwise. Runs `check` after
/// each attempt that a signal has ended.
pub(crate) fn across_signals<E>(
    mut attempt: impl FnMut(LockFlags) -> LockStatus,
    check: impl FnMut() -> Result<(), E>,
) -> Result<bool, E> {
    acquire_across_signals(|| attempt(LockFlags::FAIL_IF_INTERRUPTED).into(), check)
}

/// A clock that gives several lock calls one fair time: that of the first.
pub(crate) struct OneCall<'a, C> {
    clock: &'a C,
    fair_time: Cell<Option<FairTime>>,
}

impl<'a, C> OneCall<'a, C> {
    pub(crate) fn new(clock: &'a C) -> Self {
        let fair_time = Cell::new(None);
        OneCall { clock, fair_time }
    }
}

impl<C: Clock> Clock for OneCall<'_, C> {
    fn now(&self) -> u64 {
        self.clock.now()
    }

    fn time_to_be_fair(&self, nanos: u64) -> FairTime {
        let first = self.fair_time.get();
        first.unwrap_or_else(|| self.clock.time_to_be_fair(nanos))
    }

    fn was_fair_at(&self, fair_time: FairTime) {
        self.fair_time.set(Some(fair_time));
    }

    fn should_be_fair(&self, fair_time: FairTime) -> bool {
        self.clock.should_be_fair(fair_time)
    }

    fn next_look(&self, fair_time: FairTime, looks: u32) -> Deadline {
        self.clock.next_look(fair_time, looks)
    }
}
