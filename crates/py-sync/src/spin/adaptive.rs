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
pub(super) const SPIN_NS: u64 = 25_000;

/// At most so many spins in a row end in vain.
pub(super) const MAX_CREDIT: u8 = 8;

/// So many waits sleep at once before the next try. One spin in vain in 240 waits is a tenth of a
/// microsecond for each.
pub(super) const REST: u8 = 240;

/// How the spins of one bucket ended lately.
#[derive(Debug)]
pub(crate) struct AdaptiveSpin(pub(super) AtomicU8);

impl AdaptiveSpin {
    const_fn! {
        pub(crate) fn new() -> AdaptiveSpin {
            AdaptiveSpin(AtomicU8::new(1))
        }
    }

    /// Spins for a moment if that has paid lately, until `done` is true or the deadline has passed.
    pub(crate) fn spin(&self, deadline: Deadline, done: impl Fn() -> bool) {
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

pub(super) fn next(state: u8, posted: bool) -> u8 {
    match state {
        _ if posted => (state + 2).min(MAX_CREDIT),
        // The credit is used up.
        0 | 1 => MAX_CREDIT + REST,
        // The rest is over.
        state if state == MAX_CREDIT + 1 => 1,
        state => state - 1,
    }
}

pub(super) fn end_of_spin(now: u64, deadline: Deadline) -> u64 {
    let end = now.saturating_add(SPIN_NS);
    match deadline {
        Deadline::Now => now,
        Deadline::At(at) => end.min(at),
        Deadline::Never => end,
    }
}

pub(super) fn spin_until(deadline: Deadline, done: impl Fn() -> bool) -> bool {
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
