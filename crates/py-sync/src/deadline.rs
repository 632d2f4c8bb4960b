//! Time: this is the only file that reads the clock.
//!
//! | type | what it is | in a model |
//! |---|---|---|
//! | [`Deadline`] | until when a wait may last: now, never, or an instant | every instant has passed, except that of [`ManualClock`]: a timed wait polls once, and the scheduler decides how late |
//! | [`Clock`] | the fairness clock of a lock call, a parameter of the inner functions | see below |
//!
//! Public calls take their time limit as CPython does (`Option<Duration>`) or as lock_api does
//! (`Duration`, `Instant`). Each turns it into a [`Deadline`], by [`Deadline::after`] or
//! [`Deadline::until`], and everything below them takes that.
//!
//! | clock of a model | fair times |
//! |---|---|
//! | [`NeverFair`] | none ever comes |
//! | [`AlwaysFair`] | every one has come |
//! | [`FairFromSecondLook`] | each comes at the second look |
//! | [`Skewed`] | each has come for the waiter, but not for the thread that unlocks |
//! | [`ManualClock`] | all come when the model says so |
//!
//! Instants are nanoseconds of the monotonic clock in a `u64`: 584 years from boot. Additions
//! saturate, and the saturated instant is "never".
//!
//! CPython: `Python/pytime.c`, `_PyDeadline_Init`; `Python/lock.c`, `TIME_TO_BE_FAIR_NS`.

#[cfg_attr(all(test, loom), path = "deadline/modelled.rs")]
mod clocks;

pub(crate) use clocks::*;

use crate::sync::{MODEL, monotonic_ns};
use core::time::Duration;

/// How long other threads may pass a waiter before the lock is handed off to it: 1 ms. A mutex that lies by
/// itself hands itself off sooner.
pub(crate) const TIME_TO_BE_FAIR_NS: u64 = 1_000_000;

/// When the lock is to be handed off to a waiter: a lock call's *fair time*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FairTime {
    /// The thread has not been queued in this lock call: not before this instant.
    NotBefore(u64),
    /// It was queued, with this fair time. It keeps that to the end of its lock call.
    At(u64),
}

impl FairTime {
    /// That of a thread that waits for no lock.
    pub(crate) const NEVER: FairTime = FairTime::At(u64::MAX);

    /// Nanoseconds of the lock's clock.
    pub(crate) fn ns(self) -> u64 {
        let (FairTime::NotBefore(ns) | FairTime::At(ns)) = self;
        ns
    }

    /// The fair time of a waiter that is queued behind others, if the last one's is `last`: put off by so many
    /// nanoseconds. And always later than the last one's, so that they stay in their order, also when one of
    /// them parks again.
    ///
    /// It does not depend on the distance of those in front. Most waiters of a crowd are woken long before
    /// they are due, and the fair times would run away from the clock if each were some time after the last.
    pub(crate) fn behind(self, last: Option<FairTime>, put_off: u64) -> FairTime {
        match (self, last) {
            (FairTime::NotBefore(ns), Some(last)) => {
                let after_last = last.ns().saturating_add(1);
                FairTime::At(ns.saturating_add(put_off).max(after_last))
            }
            _ => FairTime::At(self.ns()),
        }
    }
}

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
            Some(_) if MODEL => Deadline::At(0),
            Some(timeout) => Deadline::at(monotonic_ns(), timeout),
        }
    }

    /// At `instant`: at once if that has passed.
    pub(crate) fn until(instant: std::time::Instant) -> Deadline {
        Deadline::after(Some(time_until(instant)))
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
            Deadline::At(at) => monotonic_ns() >= at,
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
            Deadline::At(at) => Some(Duration::from_nanos(at.saturating_sub(monotonic_ns()))),
        }
    }

    /// The earlier of this and `step` from now: where signals do not end a sleep, one that
    /// should notice them goes in steps.
    pub(crate) fn at_most(self, step: Duration) -> Deadline {
        match (self, Deadline::at(monotonic_ns(), step)) {
            (Deadline::Now, _) => Deadline::Now,
            (Deadline::At(a), Deadline::At(b)) => Deadline::At(a.min(b)),
            (_, step) => step,
        }
    }
}

/// How long it is until `instant`: zero if that has passed.
pub(crate) fn time_until(instant: std::time::Instant) -> Duration {
    instant.saturating_duration_since(std::time::Instant::now())
}

/// The instant `timeout` from now, if the clock can hold it.
pub(crate) fn instant_after(timeout: Duration) -> Option<std::time::Instant> {
    std::time::Instant::now().checked_add(timeout)
}

/// The clock of the hand-off rule, in nanoseconds from any fixed point.
///
/// The inner lock calls take it as a parameter, so that tests and models can pass another one.
pub(crate) trait Clock {
    fn now(&self) -> u64;

    /// The fair time of a lock call that starts to wait now, and which others may pass for `nanos`. Asked once
    /// per lock call, never renewed.
    fn time_to_be_fair(&self, nanos: u64) -> FairTime {
        FairTime::NotBefore(self.now().saturating_add(nanos))
    }

    /// The fair time that the lock call had in the end.
    fn was_fair_at(&self, _: FairTime) {}

    /// True once the fair time has come: strictly after it.
    fn should_be_fair(&self, fair_time: FairTime) -> bool {
        self.now() > fair_time.ns()
    }

    /// When a waiter with this fair time looks for itself at the lock, after `looks` looks before: just after
    /// the fair time, 1, 3, 7 ms after that, and so on. In a model it looks once, or it would look for ever,
    /// except by `ManualClock`.
    fn next_look(&self, fair_time: FairTime, looks: u32) -> Deadline {
        match looks {
            0 => Deadline::At(fair_time.ns().saturating_add(1)),
            _ if MODEL => Deadline::Never,
            _ => {
                let later = (1_u64 << looks.min(63)) - 1;
                let later = Duration::from_nanos(later.saturating_mul(TIME_TO_BE_FAIR_NS));
                Deadline::at(fair_time.ns().saturating_add(1), later)
            }
        }
    }
}

/// A clock by which every fair time has come: that of a fair unlock, and of models.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AlwaysFair;

impl Clock for AlwaysFair {
    fn now(&self) -> u64 {
        0
    }

    fn should_be_fair(&self, _: FairTime) -> bool {
        true
    }
}

#[cfg(all(test, not(loom)))]
pub(crate) mod tests {
    use super::*;
    use core::sync::atomic::{AtomicU64, Ordering::SeqCst};

    /// A clock that a test sets. By it no waiter validates again by itself.
    pub(crate) struct SetClock(AtomicU64);

    impl SetClock {
        pub(crate) const fn at(now: u64) -> SetClock {
            SetClock(AtomicU64::new(now))
        }

        pub(crate) fn set(&self, now: u64) {
            self.0.store(now, SeqCst);
        }
    }

    impl Clock for SetClock {
        fn now(&self) -> u64 {
            self.0.load(SeqCst)
        }

        fn next_look(&self, _: FairTime, _: u32) -> Deadline {
            Deadline::Never
        }
    }

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
    fn a_fair_time_comes_strictly_after_one_millisecond() {
        let clock = SetClock::at(7);
        let fair_time = clock.time_to_be_fair(TIME_TO_BE_FAIR_NS);
        assert_eq!(fair_time, FairTime::NotBefore(1_000_007));
        clock.set(1_000_007);
        assert!(!clock.should_be_fair(fair_time));
        clock.set(1_000_008);
        assert!(clock.should_be_fair(fair_time));
    }

    #[rstest::rstest]
    #[case::alone(FairTime::NotBefore(9), None, 0, 9)]
    #[case::long_after(FairTime::NotBefore(90_000), Some(7), 50_000, 140_000)]
    #[case::at_once(FairTime::NotBefore(7), Some(7), 50_000, 50_007)]
    #[case::those_in_front_of_the_last_have_gone(
        FairTime::NotBefore(8),
        Some(90_007),
        50_000,
        90_008
    )]
    #[case::not_before_the_last(FairTime::NotBefore(9), Some(2_000_000), 50_000, 2_000_001)]
    #[case::at_the_end_of_time(FairTime::NotBefore(u64::MAX - 9), Some(9), 50_000, u64::MAX)]
    #[case::behind_the_end_of_time(FairTime::NotBefore(9), Some(u64::MAX), 50_000, u64::MAX)]
    #[case::of_very_many(FairTime::NotBefore(9), Some(1), u64::MAX, u64::MAX)]
    #[case::in_a_bucket_of_other_locks(FairTime::NotBefore(9), None, 50_000, 9)]
    #[case::queued_again(FairTime::At(9), Some(7), 50_000, 9)]
    #[case::queued_again_in_front(FairTime::At(9), Some(2_000_000), 50_000, 9)]
    fn a_new_waiter_is_put_off_and_due_after_the_last(
        #[case] fair_time: FairTime,
        #[case] last: Option<u64>,
        #[case] put_off: u64,
        #[case] at: u64,
    ) {
        let last = last.map(FairTime::At);
        assert_eq!(fair_time.behind(last, put_off), FairTime::At(at));
    }

    #[rstest::rstest]
    #[case::at_the_fair_time(7, 0, Deadline::At(8))]
    #[case::a_millisecond_later(7, 1, Deadline::At(1_000_008))]
    #[case::after_twice_the_time(7, 2, Deadline::At(3_000_008))]
    #[case::and_twice_that(7, 3, Deadline::At(7_000_008))]
    #[case::at_the_end_of_time(7, 63, Deadline::Never)]
    #[case::after_very_many(7, u32::MAX, Deadline::Never)]
    #[case::of_one_due_at_the_end_of_time(u64::MAX - 9, 1, Deadline::Never)]
    fn a_waiter_looks_more_and_more_rarely(
        #[case] fair_time: u64,
        #[case] looks: u32,
        #[case] at: Deadline,
    ) {
        let fair_time = FairTime::At(fair_time);
        assert_eq!(Monotonic.next_look(fair_time, looks), at);
    }

    #[test]
    fn steps_never_outlast_the_deadline() {
        let step = Duration::from_millis(20);
        assert_eq!(Deadline::Now.at_most(step), Deadline::Now);
        assert_eq!(Deadline::At(3).at_most(step), Deadline::At(3));
        assert!(matches!(Deadline::Never.at_most(step), Deadline::At(_)));
    }
}
