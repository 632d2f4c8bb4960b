//! The sweep: one slice after another.
//!
//! Most slices count and yield, and the sweep over them is the cost of a large population. So there
//! are two ways to run a slice. [`run_batch`](Loan::run_batch) runs whole slices of ready
//! microthreads with all counters in registers, and stops at anything else.
//! [`run_one`](Loan::run_one) runs one slice of any kind. Both leave `at` at the microthread that
//! panics (M3): a panic drops the [`Place`], and that writes it back.

use super::super::cx::Cx;
use super::super::id::Id;
use super::super::outcome::Outcome;
use super::super::slot::{LISTED, Slot};
use super::super::step::{Microthread, Step};
use super::super::ticker::Ticker;
use super::{Count, Scheduler};
use crate::eval_breaker::EvalBreaker;
use crate::handle::Panic;
use crate::ident::Borrowed;
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;

/// Why a sweep ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pause {
    /// The round is over.
    RoundIsOver,
    /// The budget is used up, perhaps in the middle of this microthread's slice.
    Budget(Option<Id>),
    /// The breaker is raised, perhaps in the middle of this microthread's slice.
    Raised(Option<Id>),
}

impl<A: Microthread> Scheduler<A> {
    /// Sweeps until something ends the sweep. A panic ends its microthread, and the sweep continues
    /// after it. The `catch_unwind` is paid once per sweep, not once per slice.
    pub(super) fn sweep(&mut self) -> Pause {
        let borrowed = Borrowed::new();
        loop {
            match catch_unwind(AssertUnwindSafe(|| self.sweep_unguarded(&borrowed))) {
                Ok(pause) => return pause,
                Err(payload) => {
                    borrowed.pause();
                    let index = self.list[self.at];
                    self.count.add_slice(self.used);
                    self.rest = 0;
                    // M3: `at` is its place.
                    self.at += 1;
                    if let Slot::Live(live) = &mut self.slots[index as usize] {
                        live.remove(LISTED);
                    }
                    self.end_early(index, Outcome::Panicked(Arc::new(Panic::new(payload))));
                }
            }
        }
    }

    fn sweep_unguarded(&mut self, borrowed: &Borrowed) -> Pause {
        let mut loan = Loan::new(self);
        loop {
            match loan.run_batch(borrowed) {
                Halt::RoundIsOver => return Pause::RoundIsOver,
                Halt::Look => {}
                Halt::Interrupted(rest) => {
                    loan.scheduler.count.slices += 1;
                    loan.scheduler.rest = rest;
                }
                Halt::Said(index, step) => {
                    loan.scheduler.count.slices += 1;
                    borrowed.pause();
                    loan.scheduler.settle(index, step);
                    continue;
                }
            }
            if let Some(pause) = loan.run_one(borrowed) {
                return pause;
            }
        }
    }

    /// Takes a microthread that is not ready, or has ended, off the list.
    #[cold]
    fn unlist(&mut self, index: u32) {
        match &mut self.slots[index as usize] {
            Slot::Live(live) => drop(live.remove(LISTED)),
            Slot::Gone(_) => self.unlist_gone(index),
        }
    }

    /// The microthread that has a rest of its slice to run.
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
        let result = {
            let mut loan = Loan::new(self);
            catch_unwind(AssertUnwindSafe(|| loan.slice(index, grant, &borrowed)))
        };
        drop(borrowed);
        self.count.add_slice(self.used);
        match result {
            Ok(step) => step,
            Err(payload) => {
                self.end_early(index, Outcome::Panicked(Arc::new(Panic::new(payload))));
                None
            }
        }
    }
}

/// Why a batch ended.
enum Halt<T> {
    RoundIsOver,
    /// The entry at `at` is not a whole slice of a ready microthread.
    Look,
    /// The breaker was raised in the slice at `at`, which yielded with this much left.
    Interrupted(u32),
    /// The slice at `at` did not end with a yield.
    Said(u32, Step<T>),
}

/// The scheduler and its ticker, for one sweep. Only the slices use the ticker, so the compiler can
/// keep it in registers; its count is added up at the end.
struct Loan<'s, A: Microthread> {
    scheduler: &'s mut Scheduler<A>,
    ticker: Ticker,
}

impl<'s, A: Microthread> Loan<'s, A> {
    fn new(scheduler: &'s mut Scheduler<A>) -> Loan<'s, A> {
        let ticker = Ticker::new(1, Arc::clone(scheduler.breaker()));
        Loan { scheduler, ticker }
    }

    /// Runs slices, each whole, while their microthreads are ready and yield.
    #[inline]
    fn run_batch(&mut self, borrowed: &Borrowed) -> Halt<A::Output> {
        let scheduler = &mut *self.scheduler;
        let limit = scheduler.count.limit;
        if scheduler.rest > 0 || scheduler.count.steps > limit {
            return Halt::Look;
        }
        let slots = &mut scheduler.slots[..];
        let breaker: &EvalBreaker = scheduler.inbox.breaker();
        let interval = &scheduler.local.interval;
        let mut cx = Cx {
            index: 0,
            serial: 0,
            now: scheduler.now,
            local: &scheduler.local,
            inbox: &scheduler.inbox,
        };
        let mut place = Place {
            first: scheduler.at,
            at: scheduler.at,
            steps: scheduler.count.steps,
            list: &mut scheduler.list,
            home: (&mut scheduler.at, &mut scheduler.keep),
            count: &mut scheduler.count,
        };
        loop {
            let Some(&index) = place.list.get(place.at) else {
                return Halt::RoundIsOver;
            };
            let Some(Slot::Live(live)) = slots.get_mut(index as usize) else {
                return Halt::Look;
            };
            let Some(whole) = live.slice(interval.get()) else {
                return Halt::Look;
            };
            // `steps` is not above the limit, here and always.
            if limit - place.steps < u64::from(whole) || breaker.is_raised() {
                return Halt::Look;
            }
            (cx.index, cx.serial) = (index, live.serial());
            borrowed.set(cx.serial);
            self.ticker.begin_slice(whole);
            let step = live.agent.step(&mut self.ticker, &mut cx);
            let used = self.ticker.used();
            place.steps += used.max(1);
            let Step::Yield = step else {
                return Halt::Said(index, step);
            };
            if self.ticker.is_marked() {
                if self.ticker.told() && used < u64::from(whole) {
                    return Halt::Interrupted(whole - used as u32);
                }
                if place.steps > limit {
                    place.at += 1;
                    return Halt::Look;
                }
            }
            place.at += 1;
        }
    }

    /// Runs the entry at `at`, whatever it is.
    #[cold]
    fn run_one(&mut self, borrowed: &Borrowed) -> Option<Pause> {
        let scheduler = &mut *self.scheduler;
        let Some(&index) = scheduler.list.get(scheduler.at) else {
            return Some(Pause::RoundIsOver);
        };
        if scheduler.breaker().is_raised() {
            return Some(Pause::Raised(scheduler.interrupted()));
        }
        let budget = scheduler.count.limit.saturating_sub(scheduler.count.steps);
        if budget == 0 {
            return Some(Pause::Budget(scheduler.interrupted()));
        }
        let whole = match &scheduler.slots[index as usize] {
            Slot::Live(live) => live.slice(scheduler.local.interval.get()),
            Slot::Gone(_) => None,
        };
        let Some(whole) = whole else {
            scheduler.at += 1;
            scheduler.rest = 0;
            scheduler.unlist(index);
            return None;
        };
        let whole = match scheduler.rest {
            0 => whole,
            rest => rest,
        };
        let grant = u32::try_from(budget).map_or(whole, |budget| budget.min(whole));
        let step = self.slice(index, grant, borrowed)?;
        let used = self.ticker.used();
        let told = self.ticker.told();
        let scheduler = &mut *self.scheduler;
        scheduler.count.add_slice(used);
        scheduler.rest = 0;
        if let Step::Yield = step {
            if told && used < u64::from(whole) {
                // The budget or the breaker ended the slice early. The microthread keeps the rest,
                // which is less than `whole`.
                scheduler.rest = whole - used as u32;
                return None;
            }
            scheduler.list[scheduler.keep] = index;
            scheduler.keep += 1;
            scheduler.at += 1;
        } else {
            borrowed.pause();
            scheduler.settle(index, step);
        }
        None
    }

    /// Runs one slice, and leaves the scheduler as it is.
    fn slice(&mut self, index: u32, grant: u32, borrowed: &Borrowed) -> Option<Step<A::Output>> {
        let scheduler = &mut *self.scheduler;
        let Slot::Live(live) = &mut scheduler.slots[index as usize] else {
            return None;
        };
        borrowed.set(live.serial());
        self.ticker.begin(grant);
        let mut cx = Cx {
            index,
            serial: live.serial(),
            now: scheduler.now,
            local: &scheduler.local,
            inbox: &scheduler.inbox,
        };
        Some(live.agent.step(&mut self.ticker, &mut cx))
    }
}

impl<A: Microthread> Drop for Loan<'_, A> {
    fn drop(&mut self) {
        self.scheduler.used = self.ticker.used();
    }
}

/// The position of a batch: all entries from `first` to `at` yielded, and are kept.
struct Place<'s> {
    first: usize,
    at: usize,
    steps: u64,
    list: &'s mut [u32],
    home: (&'s mut usize, &'s mut usize),
    count: &'s mut Count,
}

impl Drop for Place<'_> {
    /// Inlined, so that its address is never taken and it stays in registers while the batch runs.
    #[inline(always)]
    fn drop(&mut self) {
        let (at, keep) = &mut self.home;
        if **keep != self.first {
            close(self.list, self.first, self.at, **keep);
        }
        **keep += self.at - self.first;
        **at = self.at;
        self.count.slices += (self.at - self.first) as u64;
        self.count.steps = self.steps;
    }
}

/// Moves the kept entries from `first` to `at` down, over the hole before them.
#[inline(never)]
fn close(list: &mut [u32], first: usize, at: usize, keep: usize) {
    list.copy_within(first..at, keep);
}
