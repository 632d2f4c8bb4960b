//! [`ticker`] and [`TaskTicker`]: the ticker for tasks.

use super::task::{Kind, Suspend, charge, grant, make};
use core::pin::Pin;
use core::task::{Context, Poll};

/// The ticker of the task that runs.
///
/// See [`Task`](super::Task) for an example.
#[must_use]
pub fn ticker() -> TaskTicker {
    TaskTicker(())
}

/// The ticker of the task that runs: [`Ticker`](super::Ticker) with `.await`.
///
/// ```
/// use py_thread::micro::{Scheduler, Task, ticker};
/// let mut scheduler = Scheduler::new().interval(100);
/// scheduler.spawn(Task::new(async {
///     ticker().charge(1000); // a long primitive
///     ticker().tick().await;
/// }));
/// assert_eq!(scheduler.run().slices, 2);
/// ```
#[derive(Debug)]
pub struct TaskTicker(());

impl TaskTicker {
    /// Counts one instruction; yields first if the slice is over.
    ///
    /// # Panics
    /// If it is polled outside of a [`Task`](super::Task).
    ///
    /// # Examples
    /// See [`Task`](super::Task).
    #[inline]
    pub fn tick(&mut self) -> impl Future<Output = ()> {
        Tick(())
    }

    /// As [`tick`](TaskTicker::tick), and yields if the eval breaker is raised.
    ///
    /// # Panics
    /// If it is polled outside of a [`Task`](super::Task).
    ///
    /// # Examples
    /// ```
    /// use py_thread::{Events, micro::{Scheduler, Task, Stop, ticker}};
    /// let mut scheduler = Scheduler::new();
    /// scheduler.spawn(Task::new(async {
    ///     loop {
    ///         ticker().check().await;
    ///     }
    /// }));
    /// # scheduler.spawn(Task::new(async {}));
    /// let remote = scheduler.remote();
    /// let other = std::thread::spawn(move || remote.interrupt(Events::PLEASE_STOP));
    /// assert!(matches!(scheduler.run().stop, Stop::Raised(Events::PLEASE_STOP, _)));
    /// # other.join().unwrap();
    /// ```
    pub fn check(&mut self) -> impl Future<Output = ()> {
        Suspend::of(Kind::Check)
    }

    /// Counts `n` instructions at once. If the slice has fewer, the next [`tick`](TaskTicker::tick)
    /// yields.
    ///
    /// # Panics
    /// If it is called outside of a [`Task`](super::Task).
    ///
    /// # Examples
    /// See [`TaskTicker`].
    pub fn charge(&mut self, n: u32) {
        charge(n);
    }
}

/// One instruction, when it is granted.
struct Tick(());

impl Future for Tick {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if grant() {
            return Poll::Ready(());
        }
        make(Kind::Over);
        Poll::Pending
    }
}
