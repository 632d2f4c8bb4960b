//! A job that is faster than the thread that starts it.

use super::{Work, steps};
use crate::handle::state::NO_OS;
use crate::sync::Arc;
use crate::worker::Job;
use crate::{Builder, Handle, State};

/// The worker runs all of the job before its starter goes on: the job says itself that it runs.
#[test]
fn a_job_that_has_begun_is_running_whatever_its_starter_does() {
    steps("a_job_that_has_begun_is_running", || {
        let (handle, work) = (Handle::unstarted(), Work::new());
        let (inside, writer) = (handle.clone(), Arc::clone(&work));
        let job = move || {
            assert_eq!(inside.state(), State::Running);
            assert!(inside.ident().is_some());
            writer.set(7);
        };
        let at_once = |body, _| {
            Job::run(Box::new(body)).publish();
            Ok(())
        };
        Builder::new()
            .start_by(&handle, NO_OS, job, at_once)
            .unwrap();
        assert_eq!(work.get(), 7);
        assert!(handle.join().unwrap().is_returned());
    });
}
