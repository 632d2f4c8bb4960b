//! The one thread that waits: it does one thing at a time and says when it has done it.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

type Task = Box<dyn FnOnce() -> u64 + Send>;

/// A thread that runs the jobs that it is sent.
pub(crate) struct Helper {
    tasks: Sender<Task>,
    results: Receiver<u64>,
}

impl Helper {
    pub(crate) fn new() -> Helper {
        let (tasks, todo) = channel::<Task>();
        let (done, results) = channel();
        std::thread::spawn(move || todo.into_iter().try_for_each(|task| done.send(task())));
        Helper { tasks, results }
    }

    /// Lets it start, and goes on.
    pub(crate) fn start(&self, task: impl FnOnce() -> u64 + Send + 'static) {
        self.tasks.send(Box::new(task)).expect("the helper lives");
    }

    /// Waits until it has finished.
    pub(crate) fn finish(&self) -> u64 {
        let limit = Duration::from_secs(60);
        self.results
            .recv_timeout(limit)
            .expect("the helper was woken")
    }

    pub(crate) fn run(&self, task: impl FnOnce() -> u64 + Send + 'static) -> u64 {
        self.start(task);
        self.finish()
    }
}

/// Waits until `condition` holds.
pub(crate) fn until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(60), "never: {what}");
        std::thread::yield_now();
    }
}
