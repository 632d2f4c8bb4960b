//! What the embedder may look at and change between runs.

use super::super::id::Id;
use super::super::outcome::Outcome;
use super::super::remote::Remote;
use super::super::slot::{DETACHED, NO_OUTCOME, Slot};
use super::super::step::Microthread;
use super::Scheduler;
use crate::eval_breaker::EvalBreaker;
use core::num::NonZeroU8;
use std::sync::Arc;

/// What the embedder may look at and change between runs.
impl<A: Microthread> Scheduler<A> {
    /// The microthread, if it has not ended.
    ///
    /// ```
    /// use py_thread::micro::{Microthread, Scheduler, Step, Ticker, Cx};
    /// struct Tank {
    ///     fuel: u32,
    /// }
    /// # impl Microthread for Tank {
    /// #     type Output = ();
    /// #     fn step(&mut self, _: &mut Ticker, _: &mut Cx<'_>) -> Step<()> { Step::Yield }
    /// # }
    /// let mut scheduler = Scheduler::new();
    /// let id = scheduler.spawn(Tank { fuel: 10 });
    /// scheduler.get_mut(id).unwrap().fuel = 20;
    /// assert_eq!(scheduler.get(id).unwrap().fuel, 20);
    /// ```
    #[must_use]
    pub fn get(&self, id: Id) -> Option<&A> {
        self.live(id).map(|live| &live.agent)
    }

    /// As [`get`](Scheduler::get), to change it. A microthread that another one spawned in a round
    /// that is not over is adopted now.
    ///
    /// See [`get`](Scheduler::get) for an example.
    pub fn get_mut(&mut self, id: Id) -> Option<&mut A> {
        self.adopt_all();
        self.live_mut(id).map(|live| &mut live.agent)
    }

    /// All microthreads that have not ended, by place.
    ///
    /// ```
    /// use py_thread::micro::{Scheduler, Task};
    /// let mut scheduler = Scheduler::new();
    /// let ids = [scheduler.spawn(Task::new(async {})), scheduler.spawn(Task::new(async {}))];
    /// assert!(scheduler.iter().map(|(id, _)| id).eq(ids));
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (Id, &A)> {
        (0_u32..)
            .zip(&self.slots)
            .filter_map(|(index, slot)| match slot {
                Slot::Live(live) => Some((live.id(index), &live.agent)),
                Slot::Gone(_) => None,
            })
    }

    /// Gives the microthread slices of `weight` times the interval, from its next slice on. A
    /// weight of 0 counts as 1. False if it has ended.
    ///
    /// ```
    /// use py_thread::micro::{Scheduler, Step, from_fn};
    /// let mut scheduler = Scheduler::new().interval(10);
    /// let id = scheduler.spawn(from_fn(|ticker, _| Step::Done(ticker.left())));
    /// assert!(scheduler.set_weight(id, 3));
    /// scheduler.run();
    /// assert_eq!(scheduler.take(id).unwrap().done(), Some(30));
    /// ```
    pub fn set_weight(&mut self, id: Id, weight: u8) -> bool {
        self.adopt_all();
        let weight = NonZeroU8::new(weight).unwrap_or(NonZeroU8::MIN);
        let live = self.live_mut(id);
        live.map(|live| live.set_weight(weight)).is_some()
    }

    /// Gives up the microthread's outcome: as soon as it ends, the outcome is dropped and its place
    /// is free. False if the id is unknown.
    ///
    /// ```
    /// use py_thread::micro::{Scheduler, Task};
    /// let mut scheduler = Scheduler::new();
    /// let id = scheduler.spawn(Task::new(async { 42 }));
    /// assert!(scheduler.detach(id));
    /// assert_eq!(scheduler.run().ended, 1);
    /// assert!(scheduler.take(id).is_none());
    /// ```
    pub fn detach(&mut self, id: Id) -> bool {
        self.adopt_all();
        let live = self.live_mut(id);
        live.map(|live| live.add(DETACHED)).is_some() || self.take(id).is_some()
    }

    /// Takes the outcome of a microthread that has ended. Until then its place is kept.
    ///
    /// See [`Outcome`] for an example.
    pub fn take(&mut self, id: Id) -> Option<Outcome<A::Output>> {
        match self.slots.get_mut(id.index())? {
            Slot::Gone(gone) => {
                let outcome = self.outcomes.take(gone.outcome, id)?;
                gone.outcome = NO_OUTCOME;
                self.free_if_unused(id.index() as u32);
                Some(outcome)
            }
            Slot::Live(_) => None,
        }
    }

    /// Takes all outcomes, in the order in which the microthreads ended.
    ///
    /// ```
    /// use py_thread::micro::{Scheduler, Task};
    /// let mut scheduler = Scheduler::new();
    /// for n in 0..3 {
    ///     scheduler.spawn(Task::new(async move { n }));
    /// }
    /// scheduler.run();
    /// let results: Vec<_> = scheduler.finished().map(|(_, o)| o.done().unwrap()).collect();
    /// assert_eq!(results, [0, 1, 2]);
    /// ```
    pub fn finished(&mut self) -> impl Iterator<Item = (Id, Outcome<A::Output>)> + use<A> {
        let all: Vec<_> = self.outcomes.take_all().collect();
        for (id, _) in &all {
            if let Slot::Gone(gone) = &mut self.slots[id.index()] {
                gone.outcome = NO_OUTCOME;
                self.free_if_unused(id.index() as u32);
            }
        }
        all.into_iter()
    }

    /// How many microthreads have not ended.
    ///
    /// ```
    /// use py_thread::micro::{Scheduler, Task};
    /// let mut scheduler = Scheduler::new();
    /// scheduler.spawn(Task::new(async {}));
    /// assert_eq!(scheduler.len(), 1);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.live + self.spawned.borrow().len()
    }

    /// Whether all have ended.
    ///
    /// See [`new`](Scheduler::new) for an example.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of the round: how many have begun. Rounds that were skipped because all
    /// microthreads slept count too.
    ///
    /// ```
    /// use py_thread::micro::{Scheduler, Task, sleep};
    /// let mut scheduler = Scheduler::new();
    /// scheduler.spawn(Task::new(sleep(1000)));
    /// let report = scheduler.run();
    /// assert_eq!((scheduler.now(), report.rounds), (1001, 2));
    /// ```
    #[must_use]
    pub fn now(&self) -> u64 {
        self.now
    }

    /// The eval breaker that stops this scheduler's runs.
    ///
    /// See [`Remote::interrupt`] for an example.
    #[must_use]
    pub fn breaker(&self) -> &Arc<EvalBreaker> {
        self.inbox.breaker()
    }

    /// A handle of this scheduler for other threads.
    ///
    /// See [`Remote`] for an example.
    #[must_use]
    pub fn remote(&self) -> Remote {
        Remote::new(Arc::clone(&self.inbox))
    }
}
