//! [`AdaptiveSpin`]: whether a thread spins for a moment before it sleeps.
//!
//! Two threads on two processors that answer each other at once need a microsecond for it awake,
//! and a hundred where each of them first has to be woken from an idle processor. A thread that
//! waits for longer wastes the moment. So each bucket remembers how its last spins ended:
//!
//! | state | means | a wait |
//! |---|---|---|
//! | 1 to [`MOST`] | spinning pays | spins: posted meanwhile, two up; not posted, one down, from 1 to rest |
//! | above | rest, counted down to [`MOST`] | sleeps at once; the last one of a rest starts over at 1 |
//!
//! Nothing but time depends on it. It is read and written without any order, and a lost update
//! costs a few microseconds.

use crate::deadline::Deadline;
use crate::sync::{AtomicU8, Relaxed, const_fn, has_many_processors, spin_loop};
use crate::sys::monotonic_ns;

/// Longer than it takes to wake a thread on an idle processor (17 us here): two threads that both
/// sleep find out that they need not, because one of them stays awake until the other answers.
const MOMENT_NS: u64 = 25_000;

/// So many vain moments in a row at most.
const MOST: u8 = 8;

/// So many waits sleep at once before the next try: a vain one is a tenth of a microsecond for each.
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

    /// Spins for a moment if that has paid lately; not beyond the deadline, nor once `done` is true.
    pub(super) fn spin(&self, deadline: Deadline, done: impl Fn() -> bool) {
        // Before the state is touched: a model has one processor and need not search this.
        if !has_many_processors() {
            return;
        }
        let before = self.0.load(Relaxed);
        let found = before <= MOST && spin_for_a_moment(deadline, done);
        let after = next(before, found);
        if after != before {
            self.0.store(after, Relaxed);
        }
    }
}

fn next(state: u8, found: bool) -> u8 {
    match state {
        _ if found => (state + 2).min(MOST),
        0 | 1 => MOST + REST,
        // The end of a rest.
        state if state == MOST + 1 => 1,
        state => state - 1,
    }
}

fn end_of_moment(now: u64, deadline: Deadline) -> u64 {
    let end = now.saturating_add(MOMENT_NS);
    match deadline {
        Deadline::Now => now,
        Deadline::At(at) => end.min(at),
        Deadline::Never => end,
    }
}

fn spin_for_a_moment(deadline: Deadline, done: impl Fn() -> bool) -> bool {
    let end = end_of_moment(monotonic_ns(), deadline);
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
    fn waits_that_are_posted_at_once_keep_looking() {
        let mut state = 1;
        for _ in 0..10 {
            state = next(state, true);
        }
        assert_eq!(state, MOST);
    }

    #[test]
    fn vain_looks_end_in_a_rest_and_a_rest_in_another_look() {
        let mut state = MOST;
        let mut looks = 0;
        while state <= MOST {
            state = next(state, false);
            looks += 1;
        }
        assert_eq!(looks, MOST);
        let mut rest = 0;
        while state > MOST {
            state = next(state, false);
            rest += 1;
        }
        assert_eq!((rest, state), (REST, 1));
    }

    #[rstest::rstest]
    #[case(Deadline::Now, 100)]
    #[case(Deadline::At(7), 7)]
    #[case(Deadline::At(101), 101)]
    #[case(Deadline::At(u64::MAX), 100 + MOMENT_NS)]
    #[case(Deadline::Never, 100 + MOMENT_NS)]
    fn a_moment_ends_at_the_deadline(#[case] deadline: Deadline, #[case] end: u64) {
        assert_eq!(end_of_moment(100, deadline), end);
    }

    #[test]
    fn a_look_ends_with_what_it_looks_for_or_with_the_moment() {
        let looks = core::cell::Cell::new(0);
        let third = || {
            looks.set(looks.get() + 1);
            looks.get() == 3
        };
        assert!(spin_for_a_moment(Deadline::Never, third));
        assert_eq!(looks.get(), 3);
        assert!(!spin_for_a_moment(Deadline::Never, || false));
    }
}
