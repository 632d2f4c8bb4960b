//! Time: the only file that knows what `now` is.
//!
//! | type | what | in a model |
//! |---|---|---|
//! | [`Deadline`] | until when a wait may last: now, never, at an instant | an instant has always passed, but for that of [`Late`]: a timed wait polls once, and the scheduler decides how late |
//! | [`Clock`] | the fairness clock of a lock call, a parameter inside | [`Frozen`]: no fair time ever comes; [`Leaping`]: every one has come; [`Ripening`]: from the second look on; [`Skewed`]: a waiter's has come, and its un-locker's clock does not say so; [`Late`]: all come when the model says so |
//!
//! Instants are nanoseconds of the monotonic clock in a `u64`: 584 years from boot. Additions
//! saturate, and the saturated instant is "never".
//!
//! CPython: `Python/pytime.c`, `_PyDeadline_Init`; `Python/lock.c`, `TIME_TO_BE_FAIR_NS`.

use crate::sys;
use core::time::Duration;

/// How long a waiter is passed over before the lock is handed to it: 1 ms.
pub(crate) const TIME_TO_BE_FAIR_NS: u64 = 1_000_000;

/// Until when a wait may last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deadline {
    /// Do not sleep.
    Now,
    /// Nanoseconds of the monotonic clock.
    At(u64),
    /// Sleep until woken.
    Never,
}

impl Deadline {
    /// `None` waits for ever, `Some(ZERO)` not at all. Reads the clock only for the rest.
    pub(crate) fn after(timeout: Option<Duration>) -> Deadline {
        match timeout {
            None => Deadline::Never,
            Some(Duration::ZERO) => Deadline::Now,
            Some(_) if cfg!(all(test, loom)) => Deadline::At(0),
            Some(timeout) => Deadline::at(sys::monotonic_ns(), timeout),
        }
    }

    fn at(now: u64, timeout: Duration) -> Deadline {
        let nanos = u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX);
        match now.saturating_add(nanos) {
            u64::MAX => Deadline::Never,
            at => Deadline::At(at),
        }
    }

    /// True once the time is up.
    pub(crate) fn has_passed(self) -> bool {
        match self {
            Deadline::Now => true,
            Deadline::Never => false,
            #[cfg(all(test, loom))]
            Deadline::At(at) => modelled::has_come(at),
            #[cfg(not(all(test, loom)))]
            Deadline::At(at) => sys::monotonic_ns() >= at,
        }
    }

    /// The earlier of the two.
    pub(crate) fn min(self, other: Deadline) -> Deadline {
        match (self, other) {
            (Deadline::Now, _) | (_, Deadline::Now) => Deadline::Now,
            (Deadline::Never, d) | (d, Deadline::Never) => d,
            (Deadline::At(a), Deadline::At(b)) => Deadline::At(a.min(b)),
        }
    }

    /// What is left, for a sleep that takes a duration. `None` is for ever.
    #[allow(
        dead_code,
        reason = "where the kernel waits to a deadline, only tests use it"
    )]
    pub(crate) fn remaining(self) -> Option<Duration> {
        match self {
            Deadline::Now => Some(Duration::ZERO),
            Deadline::Never => None,
            Deadline::At(at) => Some(Duration::from_nanos(at.saturating_sub(sys::monotonic_ns()))),
        }
    }

    /// The earlier of this and `step` from now: where signals do not end a sleep, one that
    /// should notice them goes in steps.
    #[cfg_attr(all(test, loom), allow(dead_code, reason = "no clock in a model"))]
    pub(crate) fn at_most(self, step: Duration) -> Deadline {
        match (self, Deadline::at(sys::monotonic_ns(), step)) {
            (Deadline::Now, _) => Deadline::Now,
            (Deadline::At(a), Deadline::At(b)) => Deadline::At(a.min(b)),
            (_, step) => step,
        }
    }
}

/// How long it is until `instant`: zero if that has passed.
#[cfg(all(feature = "lock_api", not(all(test, loom))))]
pub(crate) fn time_until(instant: std::time::Instant) -> Duration {
    instant.saturating_duration_since(std::time::Instant::now())
}

/// The instant `timeout` from now, if the clock can hold it.
#[cfg(all(feature = "lock_api_05", not(all(test, loom))))]
pub(crate) fn instant_after(timeout: Duration) -> Option<std::time::Instant> {
    std::time::Instant::now().checked_add(timeout)
}

/// What time it is for the hand-over rule, in nanoseconds from any fixed point.
///
/// Lock calls take it as a parameter; tests pass a fake.
pub(crate) trait Clock {
    fn now(&self) -> u64;

    /// The instant after which a waiter that starts now is due. Once per lock call, never renewed.
    fn time_to_be_fair(&self) -> u64 {
        self.now().saturating_add(TIME_TO_BE_FAIR_NS)
    }

    /// True strictly after `time_to_be_fair`.
    fn is_due(&self, time_to_be_fair: u64) -> bool {
        self.now() > time_to_be_fair
    }

    /// When a waiter looks for itself whether it is due: just after `time_to_be_fair`.
    fn again_at(&self, time_to_be_fair: u64) -> Deadline {
        Deadline::At(time_to_be_fair.saturating_add(1))
    }
}

/// The real clock. In a model it stands, or leaps from each look to the next, as [`leap`] says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Monotonic;

impl Clock for Monotonic {
    #[cfg(not(all(test, loom)))]
    fn now(&self) -> u64 {
        sys::monotonic_ns()
    }

    #[cfg(all(test, loom))]
    fn now(&self) -> u64 {
        let (now, step) = MODELLED.get();
        MODELLED.set((now + step, step));
        now
    }

    #[cfg(all(test, loom))]
    fn again_at(&self, _: u64) -> Deadline {
        match MODELLED.get() {
            (_, 0) => Deadline::Never,
            _ => Deadline::At(0),
        }
    }
}

/// A clock by which every waiter is due at once: that of a fair unlock, and of models.
#[cfg(any(feature = "lock_api", all(test, loom)))]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leaping;

#[cfg(any(feature = "lock_api", all(test, loom)))]
impl Clock for Leaping {
    fn now(&self) -> u64 {
        0
    }

    fn is_due(&self, _: u64) -> bool {
        true
    }
}

#[cfg(all(test, loom))]
pub(crate) use modelled::*;

#[cfg(all(test, loom))]
mod modelled {
    use super::{Clock, Deadline, TIME_TO_BE_FAIR_NS};
    use core::cell::Cell;

    std::thread_local! {
        /// What time it is, and what a look at it adds. All threads of a model share one OS thread.
        pub(super) static MODELLED: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
    }

    /// For code that takes no clock: an execution in which every waiter is due, or none.
    pub(crate) fn leap(always_fair: bool) {
        let step = u64::from(always_fair) * 2 * TIME_TO_BE_FAIR_NS;
        MODELLED.set((0, step));
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
}

#[cfg(all(test, loom))]
use modelled::MODELLED;

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case(None, Deadline::Never)]
    #[case(Some(Duration::ZERO), Deadline::Now)]
    #[case(Some(Duration::MAX), Deadline::Never)]
    #[case(Some(Duration::from_nanos(u64::MAX)), Deadline::Never)]
    fn extremes_saturate(#[case] timeout: Option<Duration>, #[case] expected: Deadline) {
        assert_eq!(Deadline::after(timeout), expected);
    }

    #[test]
    fn an_instant_passes_exactly_when_reached() {
        let d = Deadline::at(1_000, Duration::from_nanos(5));
        assert_eq!(d, Deadline::At(1_005));
        assert!(
            d.has_passed(),
            "the machine has been up for longer than a microsecond"
        );
        assert!(!Deadline::after(Some(Duration::from_secs(3600))).has_passed());
        assert!(!Deadline::Never.has_passed());
        assert!(Deadline::Now.has_passed());
    }

    #[test]
    fn a_waiter_is_due_strictly_after_one_millisecond() {
        struct At(core::cell::Cell<u64>);
        impl Clock for At {
            fn now(&self) -> u64 {
                self.0.get()
            }
        }
        let clock = At(core::cell::Cell::new(7));
        let due = clock.time_to_be_fair();
        assert_eq!(due, 1_000_007);
        clock.0.set(due);
        assert!(!clock.is_due(due));
        clock.0.set(due + 1);
        assert!(clock.is_due(due));
    }

    #[test]
    fn steps_never_outlast_the_deadline() {
        let step = Duration::from_millis(20);
        assert_eq!(Deadline::Now.at_most(step), Deadline::Now);
        assert_eq!(Deadline::At(3).at_most(step), Deadline::At(3));
        assert!(matches!(Deadline::Never.at_most(step), Deadline::At(_)));
    }
}
