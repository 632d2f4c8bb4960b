//! Rounds and runs.

use super::super::id::Id;
use super::super::mixed::Next;
use super::super::report::{Deadlock, Report, Stop};
use super::super::slot::READY;
use super::super::step::Microthread;
use super::sweep::Pause;
use super::{Count, Scheduler};
use crate::deadline::Deadline;

/// What [`Scheduler::step`] did.
///
/// ```
/// use py_thread::micro::{Scheduler, Step, Stepped, from_fn};
/// let mut scheduler = Scheduler::new();
/// let id = scheduler.spawn(from_fn(|_, _| Step::<()>::Sleep(3)));
/// assert!(matches!(scheduler.step(id, 1), Stepped::Ran { is_ready: false, .. }));
/// assert_eq!(scheduler.step(id, 1), Stepped::NotReady);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stepped {
    /// It ran one slice.
    Ran {
        /// How many instructions it counted.
        steps: u64,
        /// Whether it has more to do at once ("still working" in the mail of 1999).
        is_ready: bool,
    },
    /// It ran one slice, and has ended.
    Ended,
    /// It waits, and was not run.
    NotReady,
    /// It has ended, or the id is unknown.
    Unknown,
}

/// What to do when a round is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Until {
    Round,
    End,
}

/// What there is to do.
#[derive(Debug)]
enum Work {
    /// Begin this round.
    Begin(u64),
    /// Sleep until an answer comes.
    Await,
    Stop(Stop),
}

impl<A: Microthread> Scheduler<A> {
    /// Runs one microthread for one slice of `steps` instructions, outside of the rounds and their
    /// order (`uthread.step` in the mail of 1999). Its requests take effect at once.
    ///
    /// ```
    /// use py_thread::micro::{Scheduler, Step, Stepped, from_fn};
    /// let mut scheduler = Scheduler::new();
    /// let mut counter = 0;
    /// let id = scheduler.spawn(from_fn(move |ticker, _| {
    ///     while counter < 12 {
    ///         if ticker.tick() {
    ///             return Step::Yield;
    ///         }
    ///         counter += 1;
    ///     }
    ///     Step::Done(counter)
    /// }));
    /// assert_eq!(scheduler.step(id, 10), Stepped::Ran { steps: 10, is_ready: true });
    /// assert_eq!(scheduler.step(id, 10), Stepped::Ended);
    /// assert_eq!(scheduler.take(id).unwrap().done(), Some(12));
    /// ```
    #[doc(alias = "uthread.step")]
    pub fn step(&mut self, id: Id, steps: u32) -> Stepped {
        self.read_notices();
        self.apply_commands_between_slices();
        let index = id.index() as u32;
        match self.live(id) {
            None => return Stepped::Unknown,
            Some(live) if live.status() != READY => return Stepped::NotReady,
            Some(_) => {}
        }
        if self.list.get(self.at) == Some(&index) {
            // It was interrupted, and this is a new slice: forget the rest of the old one.
            self.rest = 0;
        }
        if let Some(step) = self.slice(index, steps) {
            self.leave(index, step);
        }
        let used = self.used;
        self.apply_commands_between_slices();
        match self.live(id) {
            None => Stepped::Ended,
            Some(live) => Stepped::Ran {
                steps: used,
                is_ready: live.status() == READY,
            },
        }
    }

    /// Carries out requests at once if no round is open. In an open round they wait for its end.
    fn apply_commands_between_slices(&mut self) {
        if !self.is_open {
            self.apply_commands();
        }
    }

    /// Runs a round: one slice for each microthread that is ready. If the breaker is raised it
    /// stops in the middle, and the next call goes on there.
    ///
    /// ```
    /// use py_thread::micro::{Scheduler, Step, Stop, from_fn};
    /// let mut scheduler = Scheduler::new();
    /// for _ in 0..3 {
    ///     scheduler.spawn(from_fn(|_, _| Step::<()>::Yield));
    /// }
    /// let report = scheduler.round();
    /// assert_eq!((report.stop, report.slices), (Stop::Round, 3));
    /// ```
    pub fn round(&mut self) -> Report {
        self.drive(u64::MAX, Until::Round)
    }

    /// Runs until all microthreads have ended, or all wait and none is left to wake them, or the
    /// breaker is raised. If all sleep, the rounds up to the first timer are skipped. While all
    /// wait for jobs, the thread sleeps.
    ///
    /// ```
    /// use py_thread::micro::{Scheduler, Task, sleep};
    /// let mut scheduler = Scheduler::new();
    /// scheduler.spawn(Task::new(sleep(1_000_000)));
    /// assert!(scheduler.run().stop.is_finished());
    /// ```
    ///
    /// # Blocking
    /// For as long as microthreads run, and while all of them wait for jobs.
    pub fn run(&mut self) -> Report {
        self.drive(u64::MAX, Until::End)
    }

    /// As [`run`](Scheduler::run), for at most `steps` instructions. The limit is exact if the
    /// microthreads ask the ticker before each instruction. The report names the microthread that
    /// was interrupted. It does not matter where a run ends: `run_for(3)` and then `run_for(5)` run
    /// the same as `run_for(8)`.
    ///
    /// ```
    /// use py_thread::micro::{Scheduler, Step, Stop, from_fn};
    /// let mut scheduler = Scheduler::new();
    /// let id = scheduler.spawn(from_fn(|ticker, _| {
    ///     while !ticker.tick() {} // for ever
    ///     Step::<()>::Yield
    /// }));
    /// let report = scheduler.run_for(42);
    /// assert_eq!((report.stop, report.steps), (Stop::Budget(Some(id)), 42));
    /// ```
    ///
    /// # Blocking
    /// As [`run`](Scheduler::run).
    #[doc(alias = "stackless.run")]
    pub fn run_for(&mut self, steps: u64) -> Report {
        self.drive(steps, Until::End)
    }

    fn drive(&mut self, budget: u64, until: Until) -> Report {
        let before = self.count;
        self.count.limit = before.steps.saturating_add(budget);
        let stop = self.drive_until(until);
        self.report(before, stop)
    }

    fn drive_until(&mut self, until: Until) -> Stop {
        loop {
            if !self.is_open {
                if self.breaker().is_raised() {
                    return Stop::Raised(self.breaker().peek(), None);
                }
                if self.count.steps >= self.count.limit {
                    return Stop::Budget(None);
                }
                match self.next_work(until) {
                    Work::Stop(stop) => return stop,
                    Work::Await => {
                        self.inbox.sleep(Deadline::NEVER);
                        continue;
                    }
                    Work::Begin(round) if !self.begin(round) => continue,
                    Work::Begin(_) => {}
                }
            }
            match self.sweep() {
                Pause::RoundIsOver => self.end_round(),
                Pause::Budget(id) => return Stop::Budget(id),
                Pause::Raised(id) => return Stop::Raised(self.breaker().peek(), id),
            }
            if until == Until::Round {
                return match self.is_empty() {
                    true => Stop::Finished,
                    false => Stop::Round,
                };
            }
        }
    }

    /// Decides between two rounds what to do next.
    fn next_work(&mut self, until: Until) -> Work {
        self.read_notices();
        self.apply_commands();
        let next = self.now + 1;
        if self.live == 0 {
            return Work::Stop(Stop::Finished);
        }
        if self.ready > 0 || until == Until::Round {
            return Work::Begin(next);
        }
        let (timer, answer) = (self.next_timer(), self.next_answer());
        match timer.into_iter().chain(answer).min() {
            Some(due) => Work::Begin(due.max(next)),
            None if !self.jobs.under_way.is_empty() => Work::Await,
            None => Work::Stop(Stop::Deadlock(self.deadlock())),
        }
    }

    /// For a mixed population: the next round in which there is something to do.
    pub(in super::super) fn next_round(&mut self) -> Next {
        if self.is_open || self.breaker().is_raised() {
            return Next::Round(self.now + 1);
        }
        match self.next_work(Until::End) {
            Work::Begin(round) => Next::Round(round),
            Work::Await => Next::Jobs,
            Work::Stop(Stop::Deadlock(deadlock)) => Next::Nothing(deadlock),
            Work::Stop(_) => Next::Nothing(Deadlock {
                waiting: Vec::new(),
            }),
        }
    }

    /// For a mixed population, between rounds: the next one is `round`.
    pub(in super::super) fn skip_to(&mut self, round: u64) {
        if !self.is_open {
            self.now = self.now.max(round - 1);
        }
    }

    /// Begins a round. False if the breaker was raised before the answers of this round had
    /// arrived.
    fn begin(&mut self, round: u64) -> bool {
        if !self.await_answers(round) {
            return false;
        }
        self.now = round;
        self.count.rounds += 1;
        self.fire_timers();
        if self.list.is_empty() {
            // Swap instead of a copy: a large population is never in two vectors.
            core::mem::swap(&mut self.list, &mut self.next);
        } else {
            self.list.append(&mut self.next);
        }
        if let Some(random) = &mut self.random {
            random.shuffle(&mut self.list);
        }
        (self.at, self.keep, self.is_open) = (0, 0, true);
        true
    }

    fn end_round(&mut self) {
        self.list.truncate(self.keep);
        (self.at, self.keep, self.is_open) = (0, 0, false);
        self.apply_commands();
    }

    fn report(&self, before: Count, stop: Stop) -> Report {
        let now = self.count;
        Report {
            stop,
            rounds: now.rounds - before.rounds,
            slices: now.slices - before.slices,
            steps: now.steps - before.steps,
            ended: now.ended - before.ended,
            panicked: now.panicked - before.panicked,
        }
    }
}
