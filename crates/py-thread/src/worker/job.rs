//! [`Job`]: what a worker runs.

use crate::handle::child::{Body, Ended};
use crate::name;

/// A thread's whole work, from its ident on.
pub(crate) trait Job: Send {
    /// Runs it, all but its exit.
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
        // The next job on this worker may have no name.
        let before = self.name.as_ref().and_then(|_| name::current_name());
        let ended = (*self).run();
        if let Some(before) = before {
            name::set_current_name(&before);
        }
        ended
    }
}
