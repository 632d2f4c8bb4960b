//! Access for the models: the inbox and the pool, without a scheduler.

use super::id::{Id, serial};
use super::job::{Answer, QueuedJob, job};
use super::offload::Offload;
use super::remote::{Inbox, Notice, Remote};
use crate::deadline::Deadline;
use crate::{EvalBreaker, Events};
use std::sync::Arc;

/// The scheduler's side of an inbox.
pub(crate) struct Inside(Arc<Inbox>, Arc<EvalBreaker>);

impl Inside {
    pub(crate) fn new() -> Inside {
        let breaker = Arc::new(EvalBreaker::new());
        Inside(Arc::new(Inbox::new(Arc::clone(&breaker))), breaker)
    }

    pub(crate) fn remote(&self) -> Remote {
        Remote::new(Arc::clone(&self.0))
    }

    /// Sleeps until there is a notice. Returns how many wakes and answers came, and the events.
    pub(crate) fn wait(&self) -> (usize, usize, Events) {
        assert!(self.0.sleep(Deadline::NEVER), "nothing else ends it");
        let mut notices = Vec::new();
        self.0.collect(&mut notices);
        let wakes = notices.iter().filter(|l| matches!(l, Notice::Wake(_)));
        let answers = notices.iter().filter(|l| matches!(l, Notice::Done(_)));
        (wakes.count(), answers.count(), self.1.take())
    }

    /// Sets a parent, and sleeps on it until a notice comes, as a mixed population does.
    pub(crate) fn wait_for_parent(&self) -> usize {
        let parent = Arc::new(Inbox::new(Arc::default()));
        self.0.set_parent(&parent);
        let mut notices = Vec::new();
        self.0.collect(&mut notices);
        while notices.is_empty() {
            assert!(parent.sleep_unless(Deadline::NEVER, || self.1.is_raised()));
            if self.1.is_raised() {
                break;
            }
            parent.collect(&mut Vec::new());
            self.0.collect(&mut notices);
        }
        notices.len()
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
        pool.submit(QueuedJob {
            job,
            inbox: Arc::clone(&self.0),
            number: 0,
        });
        answer
    }
}

pub(crate) fn an_id() -> Id {
    Id::new(0, serial(1))
}
