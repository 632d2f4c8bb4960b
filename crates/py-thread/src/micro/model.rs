//! What the models need to reach: the door and the pool, without a scheduler.

use super::id::{Id, serial};
use super::job::{Answer, Order, job};
use super::offload::Offload;
use super::remote::{Door, Letter, Remote};
use crate::deadline::Deadline;
use crate::{EvalBreaker, Events};
use std::sync::Arc;

/// The scheduler's side of a door.
pub(crate) struct Inside(Arc<Door>, Arc<EvalBreaker>);

impl Inside {
    pub(crate) fn new() -> Inside {
        let breaker = Arc::new(EvalBreaker::new());
        Inside(Arc::new(Door::new(Arc::clone(&breaker))), breaker)
    }

    pub(crate) fn remote(&self) -> Remote {
        Remote::new(Arc::clone(&self.0))
    }

    /// Sleeps until something comes; how many wakes and answers there were, and the events.
    pub(crate) fn wait(&self) -> (usize, usize, Events) {
        assert!(self.0.sleep(Deadline::NEVER), "nothing else ends it");
        let mut letters = Vec::new();
        self.0.collect(&mut letters);
        let wakes = letters.iter().filter(|l| matches!(l, Letter::Wake(_)));
        let answers = letters.iter().filter(|l| matches!(l, Letter::Done(_)));
        (wakes.count(), answers.count(), self.1.take())
    }

    /// Hangs a bell, and sleeps until it rings, unless there is something already: as a mixed
    /// population does.
    pub(crate) fn wait_for_bell(&self) -> usize {
        let bell = Arc::new(Door::new(Arc::default()));
        self.0.hang(&bell);
        let mut letters = Vec::new();
        self.0.collect(&mut letters);
        while letters.is_empty() {
            assert!(bell.sleep_unless(Deadline::NEVER, || self.1.is_raised()));
            if self.1.is_raised() {
                break;
            }
            bell.collect(&mut Vec::new());
            self.0.collect(&mut letters);
        }
        letters.len()
    }

    pub(crate) fn close(&self) {
        self.0.close();
    }

    /// Gives a job to the pool.
    pub(crate) fn submit<T: Send + 'static>(
        &self,
        pool: &Arc<Offload>,
        f: impl FnOnce() -> T + Send + 'static,
    ) -> Answer<T> {
        let (job, answer) = job(f);
        pool.submit(Order {
            job,
            door: Arc::clone(&self.0),
            number: 0,
        });
        answer
    }
}

pub(crate) fn an_id() -> Id {
    Id::new(0, serial(1))
}
