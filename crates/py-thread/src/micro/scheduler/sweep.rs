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

    fn sweep_unguarded(&mut self, borrowed: &Borrowed) -> Pause {
        while let Some(&index) = self.list.get(self.at) {
            if self.breaker().is_raised() {
                return Pause::Raised(self.interrupted());
            }
            if self.count.steps >= self.count.limit {
                return Pause::Budget(self.interrupted());
            }
            let Slot::Live(live) = &mut self.slots[index as usize] else {
                self.at += 1;
                self.rest = 0;
                self.unlist_gone(index);
                continue;
            };
            if live.status() != READY {
                live.remove(LISTED);
                self.at += 1;
                self.rest = 0;
                continue;
            }
            let whole = match self.rest {
                0 => self.local.interval.get().saturating_mul(live.weight()),
                rest => rest,
            };
            let budget = self.count.limit - self.count.steps;
            let grant = u32::try_from(budget).map_or(whole, |budget| budget.min(whole));
            borrowed.set(live.ident());
            self.ticker.begin(grant);
            let mut cx = Cx {
                id: live.id(index),
                now: self.now,
                local: &self.local,
                door: &self.door,
            };
            let step = live.agent.step(&mut self.ticker, &mut cx);
            let used = self.ticker.used();
            self.count.slices += 1;
            self.count.steps += used.max(1);
            self.rest = 0;
            if let Step::Yield = step {
                let rest = u64::from(whole).saturating_sub(used);
                if rest > 0 && self.ticker.told() {
                    // The budget or the breaker came before the end of its slice: it keeps the
                    // rest, which is not more than `whole`.
                    self.rest = rest as u32;
                    continue;
                }
                self.list[self.keep] = index;
                self.keep += 1;
                self.at += 1;
            } else {
                borrowed.pause();
                self.settle(index, step);
            }
        }
        Pause::RoundIsOver
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
