//! The clocks of models.

use super::{Clock, Deadline, TIME_TO_BE_FAIR_NS};
use core::cell::Cell;

std::thread_local! {
    /// What time it is, and what a look at it adds. All threads of a model share one OS thread.
    static MODELLED: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
}

/// For code that takes no clock: an execution in which every waiter is due, or none.
pub(crate) fn leap(always_fair: bool) {
    let step = u64::from(always_fair) * 2 * TIME_TO_BE_FAIR_NS;
    MODELLED.set((0, step));
}

/// The clock of every public call: it stands, or leaps from each look to the next, as [`leap`] says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Monotonic;

impl Clock for Monotonic {
    fn now(&self) -> u64 {
        let (now, step) = MODELLED.get();
        MODELLED.set((now + step, step));
        now
    }

    fn again_at(&self, _: u64) -> Deadline {
        match MODELLED.get() {
            (_, 0) => Deadline::Never,
            _ => Deadline::At(0),
        }
    }
}

/// A clock that stands: nobody is ever due, and nobody wakes by itself. What wakes a thread is
/// another thread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frozen;

impl Clock for Frozen {
    fn now(&self) -> u64 {
        0
    }

    fn again_at(&self, _: u64) -> Deadline {
        Deadline::Never
    }
}

/// Clocks that differ: each waiter finds that its fair time has come, and no unlock does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Skewed;

impl Clock for Skewed {
    fn now(&self) -> u64 {
        0
    }
}

/// The one instant that has not always passed.
const LATE: u64 = u64::MAX / 2;

std::thread_local! {
    static LATE_HAS_COME: Cell<bool> = const { Cell::new(false) };
}

/// A clock by which all fair times come at one instant, of which the model says when it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Late;

impl Late {
    /// The instant is still to come, or it has come.
    pub(crate) fn set(has_come: bool) {
        LATE_HAS_COME.set(has_come);
    }
}

impl Clock for Late {
    fn now(&self) -> u64 {
        if LATE_HAS_COME.get() { LATE + 1 } else { 0 }
    }

    fn time_to_be_fair(&self) -> u64 {
        LATE
    }

    fn again_at(&self, _: u64) -> Deadline {
        Deadline::At(LATE)
    }
}

/// True if the instant `at` of a model has passed.
pub(super) fn has_come(at: u64) -> bool {
    at != LATE || LATE_HAS_COME.get()
}

/// A clock by which nobody is due when first looked at, and everybody from then on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ripening(std::sync::Arc<core::sync::atomic::AtomicBool>);

impl Clock for Ripening {
    fn now(&self) -> u64 {
        0
    }

    fn is_due(&self, _: u64) -> bool {
        // Not loom's: it is not part of the model.
        self.0.swap(true, core::sync::atomic::Ordering::Relaxed)
    }
}
