//! [`Report`] and [`Stop`]: what a run did, and why it stopped.

use super::{Id, On};
use crate::eval_breaker::Events;
use core::fmt;

/// What a run did, and why it stopped.
///
/// ```
/// use py_thread::micro::{Scheduler, Step, from_fn};
/// let mut scheduler = Scheduler::new().interval(10);
/// scheduler.spawn(from_fn(|ticker, _| {
///     while !ticker.tick() {} // for ever
///     Step::<()>::Yield
/// }));
/// let report = scheduler.run_for(25);
/// assert_eq!((report.slices, report.steps), (3, 25));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Why it stopped.
    pub stop: Stop,
    /// How many rounds were begun.
    pub rounds: u64,
    /// How many slices were run.
    pub slices: u64,
    /// How many instructions were counted. A slice that counted none counts as one.
    pub steps: u64,
    /// How many microthreads ended, those that panicked or were killed included.
    pub ended: u64,
    /// How many of them panicked.
    pub panicked: u64,
}

/// Why a run stopped.
///
/// ```
/// use py_thread::micro::{Scheduler, Stop, Task};
/// let mut scheduler = Scheduler::<Task<()>>::new();
/// assert_eq!(scheduler.run().stop, Stop::Finished);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// Every microthread has ended.
    Finished,
    /// The round that was asked for is over.
    Round,
    /// The budget is used up. If that was in the middle of a slice, this microthread was
    /// interrupted. The next run continues it first, with the rest of its slice, so the order stays
    /// the same as without the interruption.
    Budget(Option<Id>),
    /// The eval breaker was raised, with these events. Nothing runs until they are taken. If that
    /// was in the middle of a slice, this microthread was interrupted.
    Raised(Events, Option<Id>),
    /// All microthreads wait, and there is no timer, no job and no running microthread that could
    /// wake one. A [`Remote`](super::Remote) or the embedder still may.
    Deadlock(Deadlock),
}

impl Stop {
    /// Whether every microthread has ended.
    ///
    /// ```
    /// # use py_thread::micro::Stop;
    /// assert!(Stop::Finished.is_finished());
    /// assert!(!Stop::Round.is_finished());
    /// ```
    #[must_use]
    pub fn is_finished(&self) -> bool {
        matches!(self, Stop::Finished)
    }

    /// Which microthread was interrupted in the middle of its slice.
    ///
    /// ```
    /// # use py_thread::micro::Stop;
    /// assert_eq!(Stop::Budget(None).interrupted(), None);
    /// ```
    #[must_use]
    pub fn interrupted(&self) -> Option<Id> {
        match self {
            Stop::Budget(id) | Stop::Raised(_, id) => *id,
            Stop::Finished | Stop::Round | Stop::Deadlock(_) => None,
        }
    }
}

/// The microthreads of a deadlock, and what each waits for. `Display` names the first eight, and
/// the circle of those that wait for each other's end.
///
/// ```
/// use py_thread::micro::{Scheduler, Stop, Task, join};
/// let mut scheduler = Scheduler::new();
/// let first = scheduler.spawn(Task::new(async { std::future::pending().await }));
/// scheduler.spawn(Task::new(async move { join(first).await }));
/// let Stop::Deadlock(deadlock) = scheduler.run().stop else { panic!() };
/// assert_eq!(deadlock.waiting().len(), 2);
/// assert_eq!(deadlock.to_string(), "2 microthreads wait, and nobody is left to wake them: \
///     #0 for a wake, #1 for the end of #0");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadlock {
    pub(super) waiting: Vec<Waiting>,
}

/// A microthread of a [`Deadlock`].
///
/// ```
/// use py_thread::micro::{On, Scheduler, Step, Stop, from_fn};
/// let mut scheduler = Scheduler::new();
/// let id = scheduler.spawn(from_fn(|_, _| Step::<()>::Wait(On::Wake)));
/// let Stop::Deadlock(deadlock) = scheduler.run().stop else { panic!() };
/// assert_eq!((deadlock.waiting()[0].id, deadlock.waiting()[0].on), (id, On::Wake));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waiting {
    /// The microthread.
    pub id: Id,
    /// What it waits for.
    pub on: On,
}

impl Deadlock {
    /// All of them, by place.
    ///
    /// See [`Deadlock`] for an example.
    #[must_use]
    pub fn waiting(&self) -> &[Waiting] {
        &self.waiting
    }

    /// Those that wait for each other's end in a circle, if there are any.
    ///
    /// ```
    /// use py_thread::micro::{Cx, Scheduler, Step, Stop, from_fn};
    /// let mut scheduler = Scheduler::new();
    /// scheduler.spawn(from_fn(|_, cx: &mut Cx<'_>| Step::<()>::Join(cx.id())));
    /// let Stop::Deadlock(deadlock) = scheduler.run().stop else { panic!() };
    /// assert_eq!(deadlock.circle().len(), 1);
    /// ```
    #[must_use]
    pub fn circle(&self) -> Vec<Id> {
        let at = |id: Id| self.waiting.binary_search_by_key(&id, |w| w.id).ok();
        let next = |i: usize| match self.waiting[i].on {
            On::End(other) => at(other),
            _ => None,
        };
        // For each microthread, the walk that passed it first. Each is passed once, and a walk that
        // meets itself has found a circle.
        let mut walk = vec![usize::MAX; self.waiting.len()];
        for start in 0..self.waiting.len() {
            let mut here = Some(start);
            while let Some(i) = here.filter(|&i| walk[i] == usize::MAX) {
                walk[i] = start;
                here = next(i);
            }
            if let Some(first) = here.filter(|&i| walk[i] == start) {
                let rest = core::iter::successors(next(first), |&i| next(i));
                let rest = rest.take_while(|&i| i != first);
                let ids = core::iter::once(first).chain(rest);
                return ids.map(|i| self.waiting[i].id).collect();
            }
        }
        Vec::new()
    }
}

impl fmt::Display for Deadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 8;
        let n = self.waiting.len();
        match n {
            1 => f.write_str("1 microthread waits, and nobody is left to wake it:")?,
            _ => write!(f, "{n} microthreads wait, and nobody is left to wake them:")?,
        }
        for (i, w) in self.waiting.iter().take(SHOWN).enumerate() {
            let comma = if i == 0 { "" } else { "," };
            write!(f, "{comma} {} for {}", w.id, w.on)?;
        }
        if n > SHOWN {
            write!(f, ", and {} more", n - SHOWN)?;
        }
        let circle = self.circle();
        if let Some(first) = circle.first() {
            f.write_str("; in a circle:")?;
            for id in &circle {
                write!(f, " {id},")?;
            }
            write!(f, " {first}")?;
        }
        Ok(())
    }
}
