//! [`Swarm`]: schedulers on several threads.

use super::report::Report;
use super::scheduler::Scheduler;
use super::step::Microthread;
use crate::handle::{self, Handle, StartError};
use core::fmt;
use core::panic::AssertUnwindSafe;
use std::panic::{catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

type Order<A> = Box<dyn FnOnce(&mut Scheduler<A>) + Send>;

struct Shard<A: Microthread> {
    orders: Option<Sender<Order<A>>>,
    handle: Handle,
}

/// So many schedulers, each on a thread of its own, with microthreads that stay where they were
/// spawned: so they need not be `Send`, and each shard is as deterministic as one scheduler. Shards
/// meet at the end of [`each`](Swarm::each) and [`round`](Swarm::round), and send each other what
/// [`post`](super::post) carries: what is sent in one round is read in the next.
///
/// ```
/// use py_thread::micro::{Scheduler, Step, Swarm, Task, give_way};
/// let swarm = Swarm::start(2, |shard| {
///     let mut scheduler = Scheduler::new();
///     for n in 0..10 {
///         scheduler.spawn(Task::new(async move { give_way().await; shard * 100 + n }));
///     }
///     scheduler
/// })?;
/// swarm.each(|_, scheduler| scheduler.run());
/// let sums = swarm.each(|_, scheduler| {
///     scheduler.finished().filter_map(|(_, outcome)| outcome.done()).sum::<usize>()
/// });
/// assert_eq!(sums, [45, 1045]);
/// # Ok::<(), py_thread::StartError>(())
/// ```
pub struct Swarm<A: Microthread> {
    shards: Vec<Shard<A>>,
}

impl<A: Microthread + 'static> Swarm<A> {
    /// Starts `threads` threads (at least one), and on each of them makes its scheduler.
    ///
    /// # Errors
    /// If the system has no thread to give; those that were started end.
    ///
    /// # Examples
    /// See [`Swarm`].
    pub fn start(
        threads: usize,
        make: impl Fn(usize) -> Scheduler<A> + Send + Sync + 'static,
    ) -> Result<Swarm<A>, StartError> {
        let make = Arc::new(make);
        let mut shards = Vec::new();
        for n in 0..threads.max(1) {
            let (orders, inbox) = channel::<Order<A>>();
            let make = Arc::clone(&make);
            let handle = handle::start(move || {
                let mut scheduler = make(n);
                for order in inbox {
                    order(&mut scheduler);
                }
            })?;
            shards.push(Shard {
                orders: Some(orders),
                handle,
            });
        }
        Ok(Swarm { shards })
    }

    /// How many there are.
    ///
    /// ```
    /// # use py_thread::micro::{Scheduler, Swarm, Task};
    /// let swarm = Swarm::<Task<()>>::start(3, |_| Scheduler::new())?;
    /// assert_eq!(swarm.threads(), 3);
    /// # Ok::<(), py_thread::StartError>(())
    /// ```
    #[must_use]
    pub fn threads(&self) -> usize {
        self.shards.len()
    }

    /// Runs `f` on each thread with its scheduler, all at once, and gives what it returned, in the
    /// order of the shards.
    ///
    /// # Blocking
    /// Until all are done.
    ///
    /// # Panics
    /// If `f` does on one of them, with its payload, when all are done; or if that shard's `make`
    /// did, so that there is none.
    ///
    /// # Examples
    /// See [`Swarm`].
    pub fn each<R: Send + 'static>(
        &self,
        f: impl Fn(usize, &mut Scheduler<A>) -> R + Send + Sync + 'static,
    ) -> Vec<R> {
        let f = Arc::new(f);
        let answers: Vec<_> = (0..self.threads())
            .map(|n| {
                let (answer, result) = channel();
                let f = Arc::clone(&f);
                let order: Order<A> = Box::new(move |scheduler| {
                    let result = catch_unwind(AssertUnwindSafe(|| f(n, scheduler)));
                    // `each` waits for it.
                    drop(answer.send(result));
                });
                if let Some(orders) = &self.shards[n].orders {
                    drop(orders.send(order));
                }
                result
            })
            .collect();
        let results: Vec<_> = answers.into_iter().map(|answer| answer.recv()).collect();
        let unpacked = results.into_iter().map(|result| match result {
            Ok(Ok(value)) => value,
            Ok(Err(payload)) => resume_unwind(payload),
            Err(_) => panic!("a shard has no scheduler: making it panicked"),
        });
        unpacked.collect()
    }

    /// Runs one round of every shard. What the shards [post](super::post) to each other in it is
    /// read in the next one, whichever thread is faster.
    ///
    /// # Blocking
    /// Until all are done.
    ///
    /// # Panics
    /// As [`each`](Swarm::each).
    ///
    /// # Examples
    /// ```
    /// use py_thread::micro::{Scheduler, Step, Swarm, from_fn};
    /// let swarm = Swarm::start(2, |_| {
    ///     let mut scheduler = Scheduler::new();
    ///     scheduler.spawn(from_fn(|_, _| Step::<()>::Yield));
    ///     scheduler
    /// })?;
    /// assert_eq!(swarm.round().iter().map(|report| report.slices).sum::<u64>(), 2);
    /// # Ok::<(), py_thread::StartError>(())
    /// ```
    pub fn round(&self) -> Vec<Report> {
        // What was sent in the round before is read by all before one begins to send in this.
        self.each(|_, scheduler| scheduler.read_letters());
        self.each(|_, scheduler| scheduler.round_of_shard())
    }
}

impl<A: Microthread> Drop for Swarm<A> {
    /// Waits until the threads have dropped their schedulers.
    fn drop(&mut self) {
        for shard in &mut self.shards {
            shard.orders = None;
        }
        for shard in &self.shards {
            drop(shard.handle.join());
        }
    }
}

impl<A: Microthread> fmt::Debug for Swarm<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Swarm({} threads)", self.shards.len())
    }
}
