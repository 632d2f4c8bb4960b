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

type Command<A> = Box<dyn FnOnce(&mut Scheduler<A>) + Send>;

struct Shard<A: Microthread> {
    commands: Option<Sender<Command<A>>>,
    handle: Handle,
}

/// Several schedulers (shards), each on a thread of its own. Microthreads stay on the thread that
/// spawned them. So they need not be `Send`, and each shard is as deterministic as one scheduler.
/// Shards meet at the end of [`each`](Swarm::each) and [`round`](Swarm::round). They exchange
/// messages with [`post`](super::post): a message that is sent in one round is read in the next.
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
    /// If the system cannot start a thread. The threads that were started end.
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
            let (commands, inbox) = channel::<Command<A>>();
            let make = Arc::clone(&make);
            let handle = handle::start(move || {
                let mut scheduler = make(n);
                for command in inbox {
                    command(&mut scheduler);
                }
            })?;
            shards.push(Shard {
                commands: Some(commands),
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

    /// Runs `f` on all threads at once, each with its scheduler, and returns the results in the
    /// order of the shards.
    ///
    /// # Blocking
    /// Until all are done.
    ///
    /// # Panics
    /// If `f` panics on one of them: with that payload, when all are done. Also if the `make` of a
    /// shard panicked, so that it has no scheduler.
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
                let command: Command<A> = Box::new(move |scheduler| {
                    let result = catch_unwind(AssertUnwindSafe(|| f(n, scheduler)));
                    // `each` waits for the answer, so the receiver exists.
                    drop(answer.send(result));
                });
                if let Some(commands) = &self.shards[n].commands {
                    drop(commands.send(command));
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

    /// Runs one round of every shard. What the shards [post](super::post) to each other in this
    /// round is read in the next one, no matter which thread is faster.
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
        // All shards read the messages of the last round before one of them sends in this round.
        self.each(|_, scheduler| scheduler.read_notices());
        self.each(|_, scheduler| scheduler.round_of_shard())
    }
}

impl<A: Microthread> Drop for Swarm<A> {
    /// Waits until the threads have dropped their schedulers.
    fn drop(&mut self) {
        for shard in &mut self.shards {
            shard.commands = None;
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
