//! [`Pool`]: the idle workers of one cache, in one process; and the loop of a worker.
//!
//! Invariants:
//! * P1: a worker lists its own slot, at most once, and only while it has no job.
//! * P2: a worker lists its slot before it publishes the end of its job. So a thread that joins a
//!   job and starts another finds this worker. Between the two steps the worker runs no user code.
//!   A job that panicked is published first, because that may drop the payload, which is user code.
//! * P3: after `close` no slot is listed any more.
//! * P4: no lock of another process's pool is ever taken. A worker that forked ends after its job.

use super::job::Job;
use super::slot::{Next, Slot};
use crate::deadline::Deadline;
use crate::fork;
use crate::sync::{Arc, Mutex, lock};
use crate::sys::{self, Main};
use crate::timeout::Timeout;
use core::time::Duration;
use std::io;
use std::sync::Arc as StdArc;

type Worker = Arc<Slot<Box<dyn Job>>>;

#[derive(Debug)]
pub(crate) struct Pool {
    limit: usize,
    linger: Duration,
    /// The process that it belongs to.
    generation: u32,
    list: Mutex<List>,
}

#[derive(Debug)]
struct List {
    /// The worker that became idle last is used first: its stack is warm, and the others may end.
    idle: Vec<Worker>,
    closed: bool,
}

impl Pool {
    pub(super) fn new(limit: usize, linger: Duration, generation: u32) -> Pool {
        Pool {
            limit,
            linger,
            generation,
            list: Mutex::new(List {
                idle: Vec::new(),
                closed: false,
            }),
        }
    }

    pub(super) fn is_of_this_process(&self) -> bool {
        self.generation == fork::generation()
    }

    pub(super) fn idle(&self) -> usize {
        lock(&self.list).idle.len()
    }

    /// P3.
    pub(super) fn close(&self) {
        let mut list = lock(&self.list);
        list.closed = true;
        let idle = core::mem::take(&mut list.idle);
        drop(list);
        for worker in idle {
            worker.send_away();
        }
    }

    /// Runs `job` on an idle worker, or on a new one.
    pub(crate) fn run(self: &StdArc<Pool>, job: Box<dyn Job>, stack_size: usize) -> io::Result<()> {
        let idle = lock(&self.list).idle.pop();
        if let Some(worker) = idle {
            worker.hand_over(job);
            return Ok(());
        }
        let life = Box::new(Life {
            pool: StdArc::clone(self),
            job,
        });
        // No one joins a worker. A detach of a thread that we have just started cannot fail.
        sys::spawn(life, stack_size, |os| drop(os.detach()))
    }

    /// Lists the worker as idle; false if it should end.
    fn put(&self, worker: &Worker) -> bool {
        if !self.is_of_this_process() {
            return false;
        }
        worker.prepare();
        let mut list = lock(&self.list);
        if list.closed || list.idle.len() >= self.limit {
            return false;
        }
        list.idle.push(Arc::clone(worker));
        true
    }

    /// Takes the worker off the list; false if another thread has taken it off.
    fn take_back(&self, worker: &Worker) -> bool {
        let mut list = lock(&self.list);
        let at = list.idle.iter().position(|w| Arc::ptr_eq(w, worker));
        at.map(|at| list.idle.remove(at)).is_some()
    }

    /// Waits for the listed worker's next job; `None` if it should end.
    fn wait(&self, worker: &Worker) -> Option<Box<dyn Job>> {
        let linger = Some(self.linger).filter(|&linger| linger != Duration::MAX);
        let mut deadline = Deadline::after(Timeout::from(linger));
        loop {
            match worker.next(deadline) {
                Next::Job(job) => return Some(job),
                Next::Leave => return None,
                Next::TimedOut if self.take_back(worker) => return None,
                // H4: another thread took the worker off the list, and is about to hand it a job.
                Next::TimedOut => deadline = Deadline::NEVER,
            }
        }
    }
}

/// The thread of a worker: it runs one job after another.
struct Life {
    pool: StdArc<Pool>,
    job: Box<dyn Job>,
}

impl Main for Life {
    fn run(self: Box<Self>) {
        let Life { pool, mut job } = *self;
        let worker: Worker = Arc::new(Slot::new());
        loop {
            let ended = job.run();
            // P2: listed first, then published; the other way round after a panic.
            let stays = if ended.panic.is_none() {
                let stays = pool.put(&worker);
                ended.publish();
                stays
            } else {
                ended.publish();
                pool.put(&worker)
            };
            if !stays {
                return;
            }
            match pool.wait(&worker) {
                Some(next) => job = next,
                None => return,
            }
        }
    }
}
