//! [`AdaptiveSpin`]: whether a thread spins for a moment before it sleeps.
//!
//! Two threads on two processors that answer each other at once take a microsecond for it if both stay
//! awake, and a hundred if each is first woken on an idle processor. But a thread that waits for longer
//! spins in vain. So each bucket keeps a state that says whether spinning has paid lately:
//!
//! | state | meaning | what the next wait does |
//! |---|---|---|
//! | 1 to [`MAX_CREDIT`] | credit: spinning pays | spins. Posted meanwhile: +2. Not posted: -1, and from 1 to the top of the rest |
//! | above | rest: a countdown | sleeps at once, and counts down; the last one starts again at 1 |
//!
//! Only time depends on this state. It is read and written with no ordering, and a lost update costs a
//! few microseconds.

use crate::deadline::Deadline;
use crate::sync::{AtomicU8, Relaxed, const_fn, has_many_processors, spin_loop};
use crate::sys::monotonic_ns;

/// How long a spin lasts. It is longer than waking a thread on an idle processor takes (17 us here), so
/// two threads that both sleep find out that spinning would pay: one of them is still awake when the
/// other answers.
const SPIN_NS: u64 = 25_000;

/// At most so many spins in a row end in vain.
const MAX_CREDIT: u8 = 8;

/// So many waits sleep at once before the next try. One spin in vain in 240 waits is a tenth of a
/// microsecond for each.
const REST: u8 = 240;

/// How the spins of one bucket ended lately.
#[derive(Debug)]
pub(super) struct AdaptiveSpin(AtomicU8);

impl AdaptiveSpin {
    const_fn! {
        pub(super) fn new() -> AdaptiveSpin {
            AdaptiveSpin(AtomicU8::new(1))
        }
    }

    /// Spins for a moment if that has paid lately, until `done` is true or the deadline has passed.
    pub(super) fn spin(&self, deadline: Deadline, done: impl Fn() -> bool) {
        // First of all: a model has one processor, and need not search the states below.
        if !has_many_processors() {
            return;
        }
        let before = self.0.load(Relaxed);
        let posted = before <= MAX_CREDIT && spin_until(deadline, done);
        let after = next(before, posted);
        if after != before {
            self.0.store(after, Relaxed);
        }
    }
}

fn next(state: u8, posted: bool) -> u8 {
    match state {
        _ if posted => (state + 2).min(MAX_CREDIT),
        // The credit is used up.
        0 | 1 => MAX_CREDIT + REST,
        // The rest is over.
        state if state == MAX_CREDIT + 1 => 1,
        state => state - 1,
    }
}

fn end_of_spin(now: u64, deadline: Deadline) -> u64 {
    let end = now.saturating_add(SPIN_NS);
    match deadline {
        Deadline::Now => now,
        Deadline::At(at) => end.min(at),
        Deadline::Never => end,
    }
}

fn spin_until(deadline: Deadline, done: impl Fn() -> bool) -> bool {
    let end = end_of_spin(monotonic_ns(), deadline);
    loop {
        for _ in 0..8 {
            if done() {
                return true;
            }
            spin_loop();
        }
        if monotonic_ns() >= end {
            return false;
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn waits_that_are_posted_at_once_keep_spinning() {
        let mut state = 1;
        for _ in 0..10 {
            state = next(state, true);
        }
        assert_eq!(state, MAX_CREDIT);
    }

    #[test]
    fn spins_in_vain_end_in_a_rest_and_a_rest_in_another_spin() {
        let mut state = MAX_CREDIT;
        let mut looks = 0;
        while state <= MAX_CREDIT {
            state = next(state, false);
            looks += 1;
        }
        assert_eq!(looks, MAX_CREDIT);
        let mut rest = 0;
        while state > MAX_CREDIT {
            state = next(state, false);
            rest += 1;
        }
        assert_eq!((rest, state), (REST, 1));
    }

    #[rstest::rstest]
    #[case(Deadline::Now, 100)]
    #[case(Deadline::At(7), 7)]
    #[case(Deadline::At(101), 101)]
    #[case(Deadline::At(u64::MAX), 100 + SPIN_NS)]
    #[case(Deadline::Never, 100 + SPIN_NS)]
    fn a_spin_ends_at_the_deadline(#[case] deadline: Deadline, #[case] end: u64) {
        assert_eq!(end_of_spin(100, deadline), end);
    }

    #[test]
    fn a_spin_ends_when_it_is_done_or_its_time_is_up() {
        let looks = core::cell::Cell::new(0);
        let third = || {
            looks.set(looks.get() + 1);
            looks.get() == 3
        };
        assert!(spin_until(Deadline::Never, third));
        assert_eq!(looks.get(), 3);
        assert!(!spin_until(Deadline::Never, || false));
    }

    #[rstest::rstest]
    #[case::first(1, true, 3)]
    #[case::full(MAX_CREDIT, true, MAX_CREDIT)]
    #[case::last_of_the_rest(MAX_CREDIT + 1, false, 1)]
    #[case::rest(MAX_CREDIT + REST, false, MAX_CREDIT + REST - 1)]
    fn credit_spins_and_rest_does_not(#[case] before: u8, #[case] spins: bool, #[case] after: u8) {
        if !has_many_processors() {
            println!("skipped: it never spins on one processor");
            return;
        }
        let (spin, looked) = (AdaptiveSpin::new(), core::cell::Cell::new(false));
        assert_eq!(spin.0.load(Relaxed), 1);
        spin.0.store(before, Relaxed);
        spin.spin(Deadline::Never, || {
            looked.set(true);
            true
        });
        assert_eq!((looked.get(), spin.0.load(Relaxed)), (spins, after));
    }

    #[test]
    fn a_spin_in_vain_costs_credit() {
        let spin = AdaptiveSpin(AtomicU8::new(5));
        spin.spin(Deadline::Never, || false);
        let left = if has_many_processors() { 4 } else { 5 };
        assert_eq!(spin.0.load(Relaxed), left);
    }
}
