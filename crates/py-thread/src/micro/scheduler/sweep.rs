//! The sweep: one slice after the other.

use super::super::cx::Cx;
use super::super::id::Id;
use super::super::outcome::Outcome;
use super::super::slot::{LISTED, READY, Slot};
use super::super::step::{Microthread, Step};
use super::Scheduler;
use crate::Panic;
use crate::ident::Borrowed;
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;

/// Why a sweep ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pause {
    /// Nobody is left in this round.
    RoundIsOver,
    /// The budget is used up; in the middle of this one's slice.
    Budget(Option<Id>),
    /// The breaker is raised.
    Raised(Option<Id>),
}

impl<A: Microthread> Scheduler<A> {
    /// Sweeps on until something ends it. A panic ends its microthread, and the sweep goes on behind
    /// it: nothing is paid for that but once per sweep.
    pub(super) fn sweep(&mut self) -> Pause {
        let borrowed = Borrowed::new();
        loop {
            match catch_unwind(AssertUnwindSafe(|| self.sweep_unguarded(&borrowed))) {
                Ok(pause) => return pause,
                Err(payload) => {
                    borrowed.pause();
                    let index = self.list[self.at];
                    self.count.slices += 1;
                    self.count.steps += self.ticker.used().max(1);
                    self.rest = 0;
                    // M3: `at` is its place.
                    self.at += 1;
                    if let Slot::Live(live) = &mut self.slots[index as usize] {
                        live.remove(LISTED);
                    }
                    self.bury(index, Outcome::Panicked(Arc::new(Panic::new(payload))));
                }
            }
        }
    }

    /// `at`, `keep` and the count are in registers, and written back for whoever may read them: for
    /// the handler of a panic before each slice, for everybody else before the return.
    fn sweep_unguarded(&mut self, borrowed: &Borrowed) -> Pause {
        let (mut at, mut keep) = (self.at, self.keep);
        let (mut slices, mut steps) = (self.count.slices, self.count.steps);
        let (limit, now) = (self.count.limit, self.now);
        let breaker = Arc::clone(self.breaker());
        let pause = loop {
            let Some(&index) = self.list.get(at) else {
                break Pause::RoundIsOver;
            };
            if breaker.is_raised() {
                break Pause::Raised(None);
            }
            if steps >= limit {
                break Pause::Budget(None);
            }
            let live = match &mut self.slots[index as usize] {
                Slot::Live(live) if live.status() == READY => live,
                _ => {
                    at += 1;
                    self.rest = 0;
                    self.unlist(index);
                    continue;
                }
            };
            let whole = match self.rest {
                0 => self.local.interval.get().saturating_mul(live.weight()),
                rest => rest,
            };
            let budget = limit - steps;
            let grant = if budget < u64::from(whole) {
                budget as u32
            } else {
                whole
            };
            borrowed.set(live.ident());
            self.ticker.begin(grant);
            let mut cx = Cx {
                id: live.id(index),
                now,
                local: &self.local,
                door: &self.door,
            };
            (self.at, self.keep) = (at, keep);
            (self.count.slices, self.count.steps) = (slices, steps);
            let step = live.agent.step(&mut self.ticker, &mut cx);
            let used = self.ticker.used();
            slices += 1;
            steps += used.max(1);
            self.rest = 0;
            if let Step::Yield = step {
                if self.ticker.told() && used < u64::from(whole) {
                    // The budget or the breaker came before the end of its slice: it keeps the
                    // rest, which is less than `whole`.
                    self.rest = whole - used as u32;
                    continue;
                }
                self.list[keep] = index;
                keep += 1;
                at += 1;
            } else {
                borrowed.pause();
                (self.count.slices, self.count.steps) = (slices, steps);
                self.settle(index, step);
                (at, keep) = (self.at, self.keep);
            }
        };
        (self.at, self.keep) = (at, keep);
        (self.count.slices, self.count.steps) = (slices, steps);
        match pause {
            Pause::Budget(_) => Pause::Budget(self.interrupted()),
            Pause::Raised(_) => Pause::Raised(self.interrupted()),
            Pause::RoundIsOver => Pause::RoundIsOver,
        }
    }

    /// A sweep came to somebody who is not ready, or has ended.
    #[cold]
    fn unlist(&mut self, index: u32) {
        match &mut self.slots[index as usize] {
            Slot::Live(live) => drop(live.remove(LISTED)),
            Slot::Gone(_) => self.unlist_gone(index),
        }
    }

    /// Who has a rest of its slice to run.
    fn interrupted(&self) -> Option<Id> {
        let index = *self.list.get(self.at).filter(|_| self.rest > 0)?;
        match &self.slots[index as usize] {
            Slot::Live(live) => Some(live.id(index)),
            Slot::Gone(_) => None,
        }
    }

    /// Runs one slice of a microthread that is ready, outside of the rounds.
    pub(super) fn slice(&mut self, index: u32, grant: u32) -> Option<Step<A::Output>> {
        let borrowed = Borrowed::new();
        let Slot::Live(live) = &mut self.slots[index as usize] else {
            return None;
        };
        borrowed.set(live.ident());
        self.ticker.begin(grant);
        let mut cx = Cx {
            id: live.id(index),
            now: self.now,
            local: &self.local,
            door: &self.door,
        };
        let ticker = &mut self.ticker;
        let result = catch_unwind(AssertUnwindSafe(|| live.agent.step(ticker, &mut cx)));
        drop(borrowed);
        self.count.slices += 1;
        self.count.steps += self.ticker.used().max(1);
        match result {
            Ok(step) => Some(step),
            Err(payload) => {
                self.bury(index, Outcome::Panicked(Arc::new(Panic::new(payload))));
                None
            }
        }
    }
}
