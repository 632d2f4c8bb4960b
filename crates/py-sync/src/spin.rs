//! Spinning: how a thread passes a moment without giving up its processor.
//!
//! | who | pauses between its looks at the lock | at 23 ns a pause |
//! |---|---|---|
//! | a thread that arrives | 2, 4, 8, 16, then 24 four times | 3 us |
//! | a waiter that was woken | 24, five times | 3 us |
//! | a thread that finds a bucket locked, and nobody asleep before it | as one that arrives | 3 us |
//!
//! Longer than a short section, shorter than a sleep and a wake-up (4 us on the same processor, 50
//! and more on one that idles). Few looks: each takes the lock's line away from its owner. Nobody
//! yields: a `sched_yield` costs as much as a section, and lets others run for whole slices.
//!
//! With one processor nobody spins: who is waited for is not running.
//!
//! A thread that parks looks at its own word instead, for 25 us, where that has paid lately
//! (`parking_lot/luck.rs`).

use crate::primitive::{has_many_processors, spin_loop};

const MOST_PAUSES: u32 = 24;

/// The looks that a thread has left.
#[derive(Debug)]
pub(crate) struct Spin {
    step: u32,
    end: u32,
}

impl Spin {
    /// For a thread that finds the lock taken.
    pub(crate) fn on_arrival() -> Spin {
        Spin { step: 0, end: 8 }
    }

    /// For a waiter that was woken.
    pub(crate) fn in_flight() -> Spin {
        Spin { step: 4, end: 9 }
    }

    /// Passes a moment; false, at once, if it is time to sleep.
    pub(crate) fn once(&mut self) -> bool {
        if self.step == self.end || !has_many_processors() {
            return false;
        }
        let pauses = (2 << self.step).min(MOST_PAUSES);
        self.step += 1;
        for _ in 0..if cfg!(miri) { 1 } else { pauses } {
            spin_loop();
        }
        true
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case(Spin::on_arrival(), 8)]
    #[case(Spin::in_flight(), 5)]
    fn a_spin_ends(#[case] mut spin: Spin, #[case] looks: usize) {
        let taken = core::iter::from_fn(|| spin.once().then_some(())).count();
        assert_eq!(taken, if has_many_processors() { looks } else { 0 });
        assert!(!spin.once());
    }
}
