//! [`Offload`]: the pool of threads that run blocking calls.
//!
//! Invariants:
//! * O1: a thread that adds a job also counts one more worker in `running`, under the same lock, if
//!   the limit allows it. So while `running` is below the limit, the queue is empty or a worker is
//!   about to be started for it.
//! * O2: a worker takes itself off `running`, under the lock, only when it finds the queue empty.
//!   So a job that is added while `running` is at the limit is found by a running worker.
//! * O3: each job is run or failed once: it is in the queue, or one worker has it. If no thread can
//!   be started and no worker runs, the jobs in the queue are failed.
//! * O4: no job is run, failed or dropped under the lock.
//!
//! Orderings: everything is under the lock.

use super::job::{JobError, QueuedJob};
use crate::sync::{Mutex, lock};
use crate::worker::WorkerCache;
use core::mem;
use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;

/// A pool of threads for blocking jobs. Threads are started when they are needed, up to a limit,
/// and end when they were idle for a while. Several schedulers may share one pool.
///
/// ```
/// use py_thread::micro::{Offload, Scheduler, Task, block};
/// let pool = Offload::new(2);
/// let mut scheduler = Scheduler::new().offload(&pool);
/// for n in 0..10 {
///     scheduler.spawn(Task::new(async move { block(move || n * n).await.unwrap() }));
/// }
/// scheduler.run();
/// let sum: i32 = scheduler.finished().filter_map(|(_, outcome)| outcome.done()).sum();
/// assert_eq!(sum, 285);
/// ```
#[derive(Debug)]
pub struct Offload {
    limit: usize,
    cache: WorkerCache,
    queue: Mutex<Queue>,
}

#[derive(Debug)]
struct Queue {
    jobs: VecDeque<QueuedJob>,
    /// The workers that run, or are being started.
    running: usize,
}

impl Offload {
    /// A pool of at most `limit` threads (at least one), each of which ends when it was idle for
    /// five seconds. Starts no thread yet.
    ///
    /// ```
    /// assert_eq!(py_thread::micro::Offload::new(4).limit(), 4);
    /// ```
    #[must_use]
    pub fn new(limit: usize) -> Arc<Offload> {
        Offload::with_linger(limit, Duration::from_secs(5))
    }

    /// As [`new`](Offload::new), with idle threads that end after `linger`.
    ///
    /// ```
    /// use std::time::Duration;
    /// let pool = py_thread::micro::Offload::with_linger(4, Duration::from_millis(1));
    /// assert_eq!(pool.idle(), 0);
    /// ```
    #[must_use]
    pub fn with_linger(limit: usize, linger: Duration) -> Arc<Offload> {
        let limit = limit.max(1);
        Arc::new(Offload {
            limit,
            cache: WorkerCache::with_linger(limit, linger),
            queue: Mutex::new(Queue {
                jobs: VecDeque::new(),
                running: 0,
            }),
        })
    }

    /// The most threads that it uses.
    ///
    /// See [`new`](Offload::new) for an example.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// How many of its threads are idle now.
    ///
    /// See [`with_linger`](Offload::with_linger) for an example.
    #[must_use]
    pub fn idle(&self) -> usize {
        self.cache.idle()
    }

    /// Adds a job: O1.
    pub(super) fn submit(self: &Arc<Offload>, job: QueuedJob) {
        {
            let mut queue = lock(&self.queue);
            queue.jobs.push_back(job);
            if queue.running == self.limit {
                return;
            }
            queue.running += 1;
        }
        let pool = Arc::clone(self);
        if let Err(error) = self.cache.start(move || pool.work()) {
            self.give_up(&JobError::NotStarted(Arc::new(error)));
        }
    }

    /// The worker that was counted could not be started: O3.
    fn give_up(&self, error: &JobError) {
        let mut queue = lock(&self.queue);
        queue.running -= 1;
        let left = match queue.running {
            0 => mem::take(&mut queue.jobs),
            _ => VecDeque::new(),
        };
        drop(queue);
        for job in left {
            job.fail(error.clone());
        }
    }

    /// The loop of a worker: one job after another.
    fn work(&self) {
        while let Some(job) = self.next() {
            job.run();
        }
    }

    /// The next job. With none left, the worker is taken off the count: O2.
    fn next(&self) -> Option<QueuedJob> {
        let mut queue = lock(&self.queue);
        let job = queue.jobs.pop_front();
        if job.is_none() {
            queue.running -= 1;
        }
        job
    }
}
