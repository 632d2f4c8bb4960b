//! [`Job`]: what a worker runs.

use crate::handle::child::{Body, Ended};
use crate::name;

/// A thread's whole work.
pub(crate) trait Job: Send {
    /// Runs it, except for its exit.
    fn run(self: Box<Self>) -> Ended;
}

impl core::fmt::Debug for dyn Job {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Job")
    }
}

/// The body on a worker of the cache.
impl<F: FnOnce() + Send> Job for Body<F> {
    fn run(self: Box<Self>) -> Ended {
        self.inner.publish_without_os();
        // Keep the worker's name: the next job on it may have none.
        let before = self.name.as_ref().and_then(|_| name::current_name());
        let ended = (*self).run();
        if let Some(before) = before {
            name::set_current_name(&before);
        }
        ended
    }
}
