//! [`Offload`]: the threads that do what would block.
//!
//! Invariants:
//! * O1: while `running` is below the limit the queue is empty, or somebody is about to start a
//!   worker for what it holds: who adds an order counts a worker in under the same lock.
//! * O2: a worker is counted out, under the lock, only when it finds the queue empty. So an order
//!   that is added while `running` is at the limit is found by one of those that run.
//! * O3: each order is carried out or failed, once: it is in the queue, or in one worker's hands.
//!   If no thread can be started, the last one that was counted in fails what is left.
//! * O4: no order is carried out, failed or dropped under the lock.
//!
//! Orderings: everything is under the lock.

use super::job::{JobError, Order};
use crate::primitive::{Mutex, lock};
use crate::worker::WorkerCache;
use core::mem;
use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;

/// A pool of threads that do jobs: started when they are needed, at most so many, each leaving when
/// it was idle for a while. Schedulers may share one.
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
    orders: VecDeque<Order>,
    /// The workers that run, or are being started.
    running: usize,
}

impl Offload {
    /// A pool of at most `limit` threads (at least one), each of which leaves when it was idle for
    /// five seconds. Starts none.
    ///
    /// ```
    /// assert_eq!(py_thread::micro::Offload::new(4).limit(), 4);
    /// ```
    #[must_use]
    pub fn new(limit: usize) -> Arc<Offload> {
        Offload::with_linger(limit, Duration::from_secs(5))
    }

    /// The same, with idle threads that leave after `linger`.
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
                orders: VecDeque::new(),
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

    /// Takes an order: O1.
    pub(super) fn submit(self: &Arc<Offload>, order: Order) {
        {
            let mut queue = lock(&self.queue);
            queue.orders.push_back(order);
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

    /// The worker that was counted in did not come: O3.
    fn give_up(&self, error: &JobError) {
        let mut queue = lock(&self.queue);
        queue.running -= 1;
        let left = match queue.running {
            0 => mem::take(&mut queue.orders),
            _ => VecDeque::new(),
        };
        drop(queue);
        for order in left {
            order.fail(error.clone());
        }
    }

    /// A worker's turn: one order after the other.
    fn work(&self) {
        while let Some(order) = self.next() {
            order.carry_out();
        }
    }

    /// O2.
    fn next(&self) -> Option<Order> {
        let mut queue = lock(&self.queue);
        let order = queue.orders.pop_front();
        if order.is_none() {
            queue.running -= 1;
        }
        order
    }
}
