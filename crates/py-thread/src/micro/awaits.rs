//! What a [`Task`](super::Task) can wait for. Each wait is a request to its scheduler.

use super::id::Id;
use super::job::{Answer, Job, JobError, job};
use super::step::On;
use super::task::{JOB, Kind, Request, Suspend, make, request, round};
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};

/// Yields until the next round.
///
/// ```
/// use py_thread::micro::{Scheduler, Task, give_way, now};
/// let mut scheduler = Scheduler::new();
/// let id = scheduler.spawn(Task::new(async {
///     give_way().await;
///     now()
/// }));
/// scheduler.run();
/// assert_eq!(scheduler.take(id).unwrap().done(), Some(2));
/// ```
#[inline]
pub fn give_way() -> impl Future<Output = ()> {
    Suspend::of(Kind::Yield)
}

/// Sleeps for this many rounds.
///
/// ```
/// use py_thread::micro::{Scheduler, Task, now, sleep};
/// let mut scheduler = Scheduler::new();
/// let id = scheduler.spawn(Task::new(async {
///     sleep(5).await;
///     now()
/// }));
/// scheduler.run();
/// assert_eq!(scheduler.take(id).unwrap().done(), Some(6));
/// ```
pub async fn sleep(rounds: u64) {
    request(Request::Sleep(rounds)).await;
}

/// Waits until the task is woken.
///
/// ```
/// use py_thread::micro::{On, Scheduler, Task, wait};
/// let mut scheduler = Scheduler::new();
/// let id = scheduler.spawn(Task::new(wait(On::Named("a nudge"))));
/// scheduler.run();
/// scheduler.wake(id);
/// assert!(scheduler.run().stop.is_finished());
/// ```
pub async fn wait(on: On) {
    request(Request::Wait(on)).await;
}

/// Waits for the end of another microthread of the same scheduler.
///
/// ```
/// use py_thread::micro::{Scheduler, Task, join, now, sleep};
/// let mut scheduler = Scheduler::new();
/// let first = scheduler.spawn(Task::new(async { sleep(3).await; 0 }));
/// let second = scheduler.spawn(Task::new(async move { join(first).await; now() }));
/// scheduler.run();
/// assert_eq!(scheduler.take(second).unwrap().done(), Some(5));
/// ```
pub async fn join(id: Id) {
    request(Request::Join(id)).await;
}

/// The number of this round.
///
/// # Panics
/// Outside of a [`Task`](super::Task).
///
/// # Examples
/// See [`sleep`].
#[must_use]
pub fn now() -> u64 {
    round()
}

/// Calls `f` on a thread of the off-load pool, and waits for its answer; the other microthreads run
/// on. The job begins at the first poll.
///
/// # Errors
/// If `f` panicked, or no thread could be started for it.
///
/// # Examples
/// ```
/// use py_thread::micro::{Scheduler, Task, block};
/// let mut scheduler = Scheduler::new();
/// let id = scheduler.spawn(Task::new(async {
///     block(|| std::env::args().count()).await.unwrap()
/// }));
/// scheduler.run();
/// assert!(scheduler.take(id).unwrap().done().unwrap() > 0);
/// ```
pub fn block<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> Block<T> {
    let (job, answer) = job(f);
    Block {
        job: Some(job),
        answer,
    }
}

/// The future of [`block`]'s answer.
#[must_use = "nothing is done before it is polled"]
pub struct Block<T> {
    job: Option<Job>,
    answer: Answer<T>,
}

impl<T> Future for Block<T> {
    type Output = Result<T, JobError>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(job) = self.job.take() {
            make(Kind::Block);
            JOB.set(Some(job));
            return Poll::Pending;
        }
        match self.answer.take() {
            Some(result) => Poll::Ready(result),
            // The task was woken for another reason: the answer has not come yet.
            None => Poll::Pending,
        }
    }
}

impl<T> fmt::Debug for Block<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Block")
    }
}
