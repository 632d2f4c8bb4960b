//! [`Mixed`]: a population of several types.

use super::remote::Inbox;
use super::report::{Deadlock, Report, Stop};
use super::scheduler::Scheduler;
use super::step::Microthread;
use crate::deadline::Deadline;
use core::any::Any;
use core::fmt;
use core::marker::PhantomData;
use std::sync::Arc;

/// A scheduler of any type.
trait Population: Any {
    fn round(&mut self) -> Report;
    fn is_empty(&self) -> bool;
    /// The next round in which it has something to do; or its deadlock, if all wait.
    fn next(&mut self) -> Next;
    fn pass_to(&mut self, round: u64);
    /// Sets the parent of its inbox: a poster notifies both.
    fn set_parent(&self, parent: &Arc<Inbox>);
    fn is_raised(&self) -> bool;
    fn as_any(&mut self) -> &mut dyn Any;
}

pub(super) enum Next {
    Round(u64),
    Jobs,
    Nothing(Deadlock),
}

impl<A: Microthread + 'static> Population for Scheduler<A> {
    fn round(&mut self) -> Report {
        Scheduler::round(self)
    }

    fn is_empty(&self) -> bool {
        Scheduler::is_empty(self)
    }

    fn next(&mut self) -> Next {
        self.next_round()
    }

    fn pass_to(&mut self, round: u64) {
        self.skip_to(round);
    }

    fn set_parent(&self, parent: &Arc<Inbox>) {
        self.set_parent_inbox(parent);
    }

    fn is_raised(&self) -> bool {
        self.breaker().is_raised()
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

/// Several schedulers, one for each type of microthread, that run their rounds together: each round
/// sweeps one type after another. The processor then predicts nearly every branch. Types mixed at
/// random in one `Scheduler<Box<dyn Microthread>>` cost three times as much.
///
/// ```
/// use py_thread::micro::{Mixed, Scheduler, Step, Task, from_fn, give_way};
/// let mut mixed = Mixed::new();
/// let (mut tanks, mut monsters) = (Scheduler::new(), Scheduler::new());
/// tanks.spawn(from_fn(|_, cx| match cx.now() {
///     ..10 => Step::Yield,
///     _ => Step::Done("tank"),
/// }));
/// monsters.spawn(Task::new(async { give_way().await; 7 }));
/// let tanks = mixed.add(tanks);
/// let monsters = mixed.add(monsters);
/// assert!(mixed.run().is_finished());
/// assert_eq!(mixed.get(tanks).finished().count(), 1);
/// assert_eq!(mixed.get(monsters).finished().count(), 1);
/// ```
#[derive(Default)]
pub struct Mixed {
    populations: Vec<Box<dyn Population>>,
}

/// Names one scheduler of a [`Mixed`], with its type.
pub struct Key<A>(usize, PhantomData<fn(A)>);

impl Mixed {
    /// No microthreads yet.
    ///
    /// ```
    /// assert!(py_thread::micro::Mixed::new().run().is_finished());
    /// ```
    #[must_use]
    pub fn new() -> Mixed {
        Mixed::default()
    }

    /// Adds the microthreads of one type.
    ///
    /// See [`Mixed`] for an example.
    pub fn add<A: Microthread + 'static>(&mut self, scheduler: Scheduler<A>) -> Key<A> {
        self.populations.push(Box::new(scheduler));
        Key(self.populations.len() - 1, PhantomData)
    }

    /// The scheduler of one type.
    ///
    /// # Panics
    /// If the key belongs to another `Mixed`.
    ///
    /// # Examples
    /// See [`Mixed`].
    pub fn get<A: Microthread + 'static>(&mut self, key: Key<A>) -> &mut Scheduler<A> {
        let population = self.populations.get_mut(key.0).map(|p| p.as_any());
        let scheduler = population.and_then(|p| p.downcast_mut());
        scheduler.expect("the key of another population")
    }

    /// Runs one round of every type, in the order in which they were added.
    ///
    /// ```
    /// # use py_thread::micro::Mixed;
    /// assert!(Mixed::new().round().is_empty());
    /// ```
    pub fn round(&mut self) -> Vec<Report> {
        self.populations.iter_mut().map(|p| p.round()).collect()
    }

    /// Runs rounds until all microthreads have ended, or all wait and none is left to wake them, or
    /// a breaker is raised.
    ///
    /// See [`Mixed`] for an example.
    ///
    /// # Blocking
    /// While all that is left waits for jobs, the thread sleeps.
    pub fn run(&mut self) -> Stop {
        let mut shared: Option<Arc<Inbox>> = None;
        loop {
            if self.populations.iter().all(|p| p.is_empty()) {
                return Stop::Finished;
            }
            let (mut next, mut jobs) = (None::<u64>, false);
            let mut waiting = Vec::new();
            for population in &mut self.populations {
                match population.next() {
                    Next::Round(round) => next = Some(next.map_or(round, |n| n.min(round))),
                    Next::Jobs => jobs = true,
                    Next::Nothing(deadlock) => waiting.extend(deadlock.waiting),
                }
            }
            match next {
                Some(round) => self.populations.iter_mut().for_each(|p| p.pass_to(round)),
                None if jobs => {
                    match shared.take() {
                        Some(shared) => self.sleep(&shared),
                        // D4: share an inbox, then look once more. A notice that comes after the
                        // second look ends the sleep.
                        None => shared = Some(self.share_inbox()),
                    }
                    continue;
                }
                None => {
                    waiting.sort_by_key(|w| w.id);
                    return Stop::Deadlock(Deadlock { waiting });
                }
            }
            shared = None;
            for report in self.round() {
                if let Stop::Raised(..) = report.stop {
                    return report.stop;
                }
            }
        }
    }
}

impl Mixed {
    fn share_inbox(&self) -> Arc<Inbox> {
        let shared = Arc::new(Inbox::new(Arc::default()));
        for population in &self.populations {
            population.set_parent(&shared);
        }
        shared
    }

    /// Sleeps until one of the inboxes has a notice, or a breaker is raised.
    fn sleep(&self, shared: &Inbox) {
        let is_raised = || self.populations.iter().any(|p| p.is_raised());
        shared.sleep_unless(Deadline::NEVER, is_raised);
    }
}

impl<A> Clone for Key<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for Key<A> {}

impl<A> fmt::Debug for Key<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.0)
    }
}

impl fmt::Debug for Mixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mixed({} types)", self.populations.len())
    }
}
