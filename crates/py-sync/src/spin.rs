//! Spinning: how a thread waits for a moment without giving up its processor.
//!
//! | which thread | pauses between its looks at the lock | at 23 ns a pause |
//! |---|---|---|
//! | one that arrives and finds the lock taken | 2, 4, 8, 16, then 24 four times, the last two with a yield | 3 us |
//! | a waiter that was woken | 24, five times | 3 us |
//! | one that begins a critical section and finds the object locked | 600, three times, the last with a yield | 40 us |
//! | the same, when it was woken | 600, once | 14 us |
//! | one that finds a bucket locked, and nobody asleep before it | as one that arrives, without the yields | 3 us |
//! | a reader whose compare-exchange lost to another reader's ([`Backoff`]) | 8, 16, then 32 each time | 0.2 us and more |
//!
//! A spin is longer than a short critical section, and shorter than a sleep and a wake-up (4 us on the
//! same processor, 50 and more on one that idles). It looks rarely, since each look takes the lock's
//! cache line away from its owner. A yield lets a holder run that has lost its processor. More than two
//! yields gain little and let others run for whole time slices (figures: `benches/README.md`).
//!
//! With one processor no thread spins: the thread that it waits for is not running.
//!
//! Before it sleeps, a thread that has parked spins on its own word instead, where that has paid lately
//! (`parking_lot/adaptive.rs`).

use crate::sync::{MIRI, has_many_processors, spin_loop, yield_now};

/// What is left of a thread's spin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spin {
    /// The pauses before the next look. They double from look to look, up to `most`.
    pauses: u32,
    most: u32,
    looks: u32,
    /// How many of the last looks come after a yield, too.
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

    /// Pauses before the next look; false, at once, if it is time to sleep.
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
pub(crate) enum Placement {
    /// By itself, or among data that only its holder uses.
    Alone,
    /// In an object's header, beside the reference count. Every thread that uses the object takes that
    /// cache line from the holder, with the lock or without it. Threads that run one at a time, in long
    /// bursts, do more than threads that pass the line on, so those that wait look rarely.
    InObject,
}

impl Placement {
    /// The spin of a thread that finds the lock taken.
    pub(crate) fn on_arrival(self) -> Spin {
        match self {
            Placement::Alone => Spin::on_arrival(),
            Placement::InObject => Spin {
                looks: 3,
                yields: 1,
                ..self.woken()
            },
        }
    }

    /// The spin of a waiter that was woken.
    pub(crate) fn woken(self) -> Spin {
        match self {
            Placement::Alone => Spin::woken(),
            Placement::InObject => Spin {
                pauses: 600,
                most: 600,
                looks: 1,
                yields: 0,
            },
        }
    }
}

/// The pauses of a thread that lost a compare-exchange: meanwhile the winner keeps the cache line for
/// some more turns.
#[derive(Debug)]
pub(crate) struct Backoff {
    pauses: u32,
}

impl Backoff {
    pub(crate) fn new() -> Backoff {
        Backoff { pauses: 8 }
    }

    /// Pauses: 8 times, then 16, then 32 each time.
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

    /// The rows of the table at the head.
    #[rstest::rstest]
    #[case(Placement::Alone.on_arrival(), 8, 126)]
    #[case(Placement::Alone.woken(), 5, 120)]
    #[case(Placement::InObject.on_arrival(), 3, 1800)]
    #[case(Placement::InObject.woken(), 1, 600)]
    #[case(Spin::on_bucket(), 8, 126)]
    fn a_spin_ends(#[case] mut spin: Spin, #[case] looks: usize, #[case] pauses: u32) {
        let mut paused = 0;
        let look = || {
            let pauses = spin.pauses;
            spin.once().then(|| paused += pauses)
        };
        let taken = core::iter::from_fn(look).count();
        match has_many_processors() {
            true => assert_eq!((taken, paused), (looks, pauses)),
            false => assert_eq!(taken, 0),
        }
        assert!(!spin.once());
    }
}
