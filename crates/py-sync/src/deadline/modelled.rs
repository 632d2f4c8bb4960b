//! The clocks of models.

use super::{Clock, Deadline, FairTime, TIME_TO_BE_FAIR_NS};
use crate::sync::{TO_COME, monotonic_ns, set_monotonic_ns};
use core::cell::Cell;

std::thread_local! {
    /// What time it is, and what a look at it adds. All threads of a model share one OS thread.
    static MODELLED: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
}

/// For code that takes no clock: an execution in which every fair time has come, or none.
pub(crate) fn set_always_fair(always_fair: bool) {
    let step = u64::from(always_fair) * 2 * TIME_TO_BE_FAIR_NS;
    MODELLED.set((0, step));
}

/// The clock of every public call. It stands still, or every look at it adds 2 ms, as
/// [`set_always_fair`] says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Monotonic;

impl Clock for Monotonic {
    fn now(&self) -> u64 {
        let (now, step) = MODELLED.get();
        MODELLED.set((now + step, step));
        now
    }

    fn next_look(&self, _: FairTime, looks: u32) -> Deadline {
        match (looks, MODELLED.get()) {
            (0, (_, 1..)) => Deadline::At(0),
            _ => Deadline::Never,
        }
    }
}

/// A clock that stands still: no fair time ever comes, and no waiter wakes by itself. Only another
/// thread wakes one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NeverFair;

impl Clock for NeverFair {
    fn now(&self) -> u64 {
        0
    }

    fn next_look(&self, _: FairTime, _: u32) -> Deadline {
        Deadline::Never
    }
}

/// Two clocks that differ: each waiter finds that its fair time has come, and no unlock does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Skewed;

impl Clock for Skewed {
    fn now(&self) -> u64 {
        0
    }
}

/// What a fair time is put off for each waiter in front, in the lock that puts it off by most.
const MOST_APART_NS: u64 = 50_000;

/// A clock by which all fair times come at once, when the model says so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ManualClock;

impl ManualClock {
    /// Says whether they have come.
    pub(crate) fn set(has_come: bool) {
        set_monotonic_ns(if has_come { u64::MAX } else { TO_COME - 1 });
    }

    /// Goes on to where a new waiter behind so many others is due, in any lock, but not much further. Returns
    /// that time.
    pub(crate) fn set_to_fair_time_behind(others: u64) -> u64 {
        let fair_time = TO_COME + others * MOST_APART_NS;
        set_monotonic_ns(fair_time + 1);
        fair_time
    }
}

impl Clock for ManualClock {
    /// 0 until the fair times come: a pause that begins before is over then.
    fn now(&self) -> u64 {
        Some(monotonic_ns())
            .filter(|&now| now >= TO_COME)
            .unwrap_or(0)
    }

    fn time_to_be_fair(&self, _: u64) -> FairTime {
        FairTime::NotBefore(TO_COME)
    }

    /// A second time, and no third.
    fn next_look(&self, fair_time: FairTime, looks: u32) -> Deadline {
        match looks {
            0 => Deadline::At(fair_time.ns() + 1),
            1 => Deadline::At(fair_time.ns() + u64::MAX / 4),
            _ => Deadline::Never,
        }
    }
}

/// A clock by which a fair time has not come at the first look at it, and has come at the second.
#[derive(Clone, Debug, Default)]
pub(crate) struct FairFromSecondLook(std::sync::Arc<core::sync::atomic::AtomicBool>);

impl Clock for FairFromSecondLook {
    fn now(&self) -> u64 {
        0
    }

    fn should_be_fair(&self, _: FairTime) -> bool {
        // Not loom's: it is not part of the model.
        self.0.swap(true, core::sync::atomic::Ordering::Relaxed)
    }
}
