//! [`Outcome`]: how a microthread ended; and where the outcomes are kept.

use super::Id;
use crate::handle::Panic;
use core::mem;
use core::panic::AssertUnwindSafe;
use std::any::Any;
use std::panic::catch_unwind;
use std::sync::Arc;

/// Drops a value, and returns the payload if its drop panicked.
pub(super) fn dropped<T>(value: T) -> Result<(), Box<dyn Any + Send>> {
    catch_unwind(AssertUnwindSafe(|| drop(value)))
}

/// Drops the payload of a panic that nobody can take. If this drop panics too, the payload of that second
/// panic is leaked: its drop could panic once more, and so on.
#[cold]
pub(super) fn discard(payload: Box<dyn Any + Send>) {
    dropped(payload).unwrap_or_else(mem::forget);
}

/// Drops a value. A panic of its drop is caught, and lost.
pub(super) fn dropped_quietly<T>(value: T) {
    dropped(value).unwrap_or_else(discard);
}

/// How a microthread ended.
///
/// ```
/// use py_thread::micro::{Microthread, Outcome, Scheduler, Step, from_fn};
/// let mut scheduler = Scheduler::new();
/// type Agent = Box<dyn Microthread<Output = u8>>;
/// let good = scheduler.spawn(Box::new(from_fn(|_, _| Step::Done(7_u8))) as Agent);
/// let bad = scheduler.spawn(Box::new(from_fn(|_, _| panic!("boom"))) as Agent);
/// scheduler.run();
/// assert!(matches!(scheduler.take(good), Some(Outcome::Done(7))));
/// assert_eq!(scheduler.take(bad).unwrap().panic().unwrap().message(), "boom");
/// ```
#[derive(Clone, Debug)]
pub enum Outcome<T> {
    /// It is done, with this result.
    Done(T),
    /// It panicked, in a slice or when it was dropped.
    Panicked(Arc<Panic>),
    /// Another microthread [killed](super::Cx::kill) it.
    Killed,
}

impl<T> Outcome<T> {
    /// Its result, if it is done.
    ///
    /// ```
    /// # use py_thread::micro::Outcome;
    /// assert_eq!(Outcome::Done(3).done(), Some(3));
    /// assert_eq!(Outcome::<u8>::Killed.done(), None);
    /// ```
    #[must_use]
    pub fn done(self) -> Option<T> {
        match self {
            Outcome::Done(value) => Some(value),
            Outcome::Panicked(_) | Outcome::Killed => None,
        }
    }

    /// Its panic, if it panicked.
    ///
    /// ```
    /// # use py_thread::micro::Outcome;
    /// assert!(Outcome::Done(3).panic().is_none());
    /// ```
    #[must_use]
    pub fn panic(&self) -> Option<&Arc<Panic>> {
        match self {
            Outcome::Panicked(panic) => Some(panic),
            Outcome::Done(_) | Outcome::Killed => None,
        }
    }
}

/// Outcomes that were not taken yet. Places are reused.
#[derive(Debug)]
pub(super) struct Outcomes<T> {
    kept: Vec<Option<Kept<T>>>,
    free: Vec<u32>,
    /// How many were kept so far: it gives them an order.
    count: u64,
}

#[derive(Debug)]
struct Kept<T> {
    order: u64,
    id: Id,
    outcome: Outcome<T>,
}

impl<T> Outcomes<T> {
    pub(super) fn new() -> Outcomes<T> {
        Outcomes {
            kept: Vec::new(),
            free: Vec::new(),
            count: 0,
        }
    }

    /// Keeps an outcome, and returns its place.
    pub(super) fn keep(&mut self, id: Id, outcome: Outcome<T>) -> u32 {
        let kept = Some(Kept {
            order: self.count,
            id,
            outcome,
        });
        self.count += 1;
        match self.free.pop() {
            Some(at) => {
                self.kept[at as usize] = kept;
                at
            }
            None => {
                self.kept.push(kept);
                // There are never more outcomes than indices, and an index is a `u32`.
                (self.kept.len() - 1) as u32
            }
        }
    }

    /// Takes the outcome of `id`, if it is kept there.
    pub(super) fn take(&mut self, at: u32, id: Id) -> Option<Outcome<T>> {
        let is_its = |kept: &Option<Kept<T>>| kept.as_ref().is_some_and(|kept| kept.id == id);
        self.kept.get(at as usize).filter(|kept| is_its(kept))?;
        let kept = self.kept.get_mut(at as usize)?.take()?;
        self.free.push(at);
        Some(kept.outcome)
    }

    /// All of them, in the order in which they ended.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = (Id, Outcome<T>)> + use<T> {
        self.free.clear();
        let mut all: Vec<Kept<T>> = self.kept.drain(..).flatten().collect();
        all.sort_unstable_by_key(|kept| kept.order);
        all.into_iter().map(|kept| (kept.id, kept.outcome))
    }
}
