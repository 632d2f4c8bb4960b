//! Spinning: how a thread passes a moment without giving up its processor.
//!
//! | who | pauses between its looks at the lock | at 23 ns a pause |
//! |---|---|---|
//! | a thread that arrives | 2, 4, 8, 16, then 24 four times, the last two with a yield | 3 us |
//! | a waiter that was woken | 24, five times | 3 us |
//! | a thread that begins a critical section, and finds the object locked | 600, three times, the last with a yield | 40 us |
//! | the same, when it was woken | 600, once | 14 us |
//! | a thread that finds a bucket locked, and nobody asleep before it | as one that arrives, without the yields | 3 us |
//! | a reader whose compare-exchange lost to another reader's ([`Backoff`]) | 8, 16, then 32 each time | 0.2 us and more |
//!
//! Longer than a short section, shorter than a sleep and a wake-up (4 us on the same processor, 50
//! and more on one that idles). Few looks: each takes the lock's line away from its owner. A yield
//! lets a holder run that has lost its processor; more of them than two gain little and let others
//! run for whole slices (the figures are in `benches/README.md`).
//!
//! With one processor nobody spins: who is waited for is not running.
//!
//! A thread that parks spins on its own word instead, where that has paid lately
//! (`parking_lot/adaptive.rs`).

use crate::primitive::{MIRI, has_many_processors, spin_loop, yield_now};

/// The looks that a thread has left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spin {
    /// The pauses before the next look. They double from look to look, up to `most`.
    pauses: u32,
    most: u32,
    looks: u32,
    /// How many of the last looks come after a yield besides.
    yields: u32,
}

impl Spin {
    /// For a thread that finds a lock taken.
    pub(crate) fn on_arrival() -> Spin {
        Spin {
            pauses: 2,
            most: 24,
            looks: 8,
            yields: 2,
        }
    }

    /// For a waiter that was woken.
    pub(crate) fn woken() -> Spin {
        Spin {
            pauses: 24,
            most: 24,
            looks: 5,
            yields: 0,
        }
    }

    /// For a thread that finds a bucket locked.
    pub(crate) fn on_bucket() -> Spin {
        Spin {
            yields: 0,
            ..Spin::on_arrival()
        }
    }

    /// Passes a moment; false, at once, if it is time to sleep.
    pub(crate) fn once(&mut self) -> bool {
        if self.looks == 0 || !has_many_processors() {
            return false;
        }
        pause(self.pauses);
        self.pauses = (self.pauses * 2).min(self.most);
        self.looks -= 1;
        if self.looks < self.yields {
            yield_now();
        }
        true
    }
}

/// Where a lock lies, which decides how its threads spin.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// By itself, or among data that only its holder uses.
    Alone,
    /// In an object's header, beside the reference count: whoever uses the object takes that line from
    /// the holder, with the lock or without. One thread at a time in long bursts does more than several
    /// that pass the line on, so the others look rarely.
    InObject,
}

impl Place {
    /// The looks of a thread that finds the lock taken.
    pub(crate) fn on_arrival(self) -> Spin {
        match self {
            Place::Alone => Spin::on_arrival(),
            Place::InObject => Spin {
                looks: 3,
                yields: 1,
                ..self.woken()
            },
        }
    }

    /// The looks of a waiter that was woken.
    pub(crate) fn woken(self) -> Spin {
        match self {
            Place::Alone => Spin::woken(),
            Place::InObject => Spin {
                pauses: 600,
                most: 600,
                looks: 1,
                yields: 0,
            },
        }
    }
}

/// The pauses of a thread that lost a compare-exchange to others: while it stands aside, the winner has
/// the line to itself for some more turns.
#[derive(Debug)]
pub(crate) struct Backoff {
    pauses: u32,
}

impl Backoff {
    pub(crate) fn new() -> Backoff {
        Backoff { pauses: 8 }
    }

    /// Stands aside for a moment: 8, 16, then 32 pauses.
    pub(crate) fn once(&mut self) {
        if has_many_processors() {
            pause(self.pauses);
        }
        self.pauses = (self.pauses * 2).min(32);
    }
}

fn pause(times: u32) {
    for _ in 0..if MIRI { 1 } else { times } {
        spin_loop();
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case(Spin::on_arrival(), 8)]
    #[case(Spin::woken(), 5)]
    fn a_spin_ends(#[case] mut spin: Spin, #[case] looks: usize) {
        let taken = core::iter::from_fn(|| spin.once().then_some(())).count();
        assert_eq!(taken, if has_many_processors() { looks } else { 0 });
        assert!(!spin.once());
    }
}
