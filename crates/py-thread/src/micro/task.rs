//! [`Task`]: a future as a microthread.
//!
//! A future has no ticker and no context in its hands: for the time of its slice they are in the
//! thread's storage, as plain numbers, and the ticker is brought up to date when it ends.

use super::cx::Cx;
use super::id::Id;
use super::job::Job;
use super::remote::{Letter, Remote};
use super::step::{Microthread, On, Step};
use super::ticker::Ticker;
use core::cell::Cell;
use core::fmt;
use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::sync::Arc;
use std::task::{Wake, Waker};

/// The slice that this thread's innermost task is in. Plain numbers, so that the storage needs no
/// destructor, and an access costs nothing but itself.
pub(super) struct Slice {
    is_on: Cell<bool>,
    pub(super) now: Cell<u64>,
    /// Ticks left, and used.
    left: Cell<u32>,
    used: Cell<u32>,
    /// What the future wants of its scheduler.
    wish: Cell<Wish>,
}

std::thread_local! {
    static SLICE: Slice = const {
        Slice {
            is_on: Cell::new(false),
            now: Cell::new(0),
            left: Cell::new(0),
            used: Cell::new(0),
            wish: Cell::new(Wish::Nothing),
        }
    };
    /// The job that is wished for.
    pub(super) static JOB: Cell<Option<Job>> = const { Cell::new(None) };
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Wish {
    Nothing,
    Yield,
    /// The slice is over.
    Over,
    Sleep(u64),
    Wait(On),
    Join(Id),
    Block,
    /// Look at the breaker.
    Check,
}

/// A future as a microthread. It needs no runtime, and no runtime's futures work in it: those of
/// this module do, and any that only wakes its waker, from whatever thread.
///
/// A task waits for one of this module's futures at a time. Two in one `join!` or `select!` are a
/// panic: spawn a second task for the other.
///
/// ```
/// use py_thread::micro::{Scheduler, Task, ticker};
/// let mut scheduler = Scheduler::new().interval(10);
/// let id = scheduler.spawn(Task::new(async {
///     let mut sum = 0;
///     for n in 0..100 {
///         ticker().tick().await; // gives way when the slice is over
///         sum += n;
///     }
///     sum
/// }));
/// assert_eq!(scheduler.run().slices, 10);
/// assert_eq!(scheduler.take(id).unwrap().done(), Some(4950));
/// ```
pub struct Task<T> {
    future: Pin<Box<dyn Future<Output = T>>>,
    /// Made at the first slice.
    waker: Option<Waker>,
}

impl<T> Task<T> {
    /// Makes a microthread of a future.
    ///
    /// See [`Task`] for an example.
    #[must_use]
    pub fn new(future: impl Future<Output = T> + 'static) -> Task<T> {
        Task {
            future: Box::pin(future),
            waker: None,
        }
    }
}

/// Puts the slice of the task around this one back. (It is not polled now, so it has no wish.)
struct Outer {
    is_on: bool,
    now: u64,
    left: u32,
    used: u32,
}

impl Outer {
    fn leave() -> Outer {
        SLICE.with(|slice| {
            if slice.wish.replace(Wish::Nothing) == Wish::Block {
                // What a task wished for that panicked then.
                drop(JOB.take());
            }
            Outer {
                is_on: slice.is_on.replace(true),
                now: slice.now.get(),
                left: slice.left.get(),
                used: slice.used.get(),
            }
        })
    }
}

impl Drop for Outer {
    fn drop(&mut self) {
        SLICE.with(|slice| {
            slice.is_on.set(self.is_on);
            slice.now.set(self.now);
            slice.left.set(self.left);
            slice.used.set(self.used);
        });
    }
}

impl<T> Task<T> {
    /// Polls the future once, with the ticker brought up to date.
    fn poll(&mut self, ticker: &mut Ticker, cx: &Cx<'_>) -> Poll<T> {
        SLICE.with(|slice| {
            slice.now.set(cx.now());
            slice.left.set(ticker.left());
            slice.used.set(0);
        });
        let waker = self.waker.get_or_insert_with(|| {
            Waker::from(Arc::new(TaskWaker {
                remote: cx.remote(),
                id: cx.id(),
            }))
        });
        let polled = self.future.as_mut().poll(&mut Context::from_waker(waker));
        ticker.charge(SLICE.with(|slice| slice.used.get()));
        polled
    }
}

impl<T> Microthread for Task<T> {
    type Output = T;

    fn step(&mut self, ticker: &mut Ticker, cx: &mut Cx<'_>) -> Step<T> {
        let _outer = Outer::leave();
        loop {
            let polled = self.poll(ticker, cx);
            let wish = SLICE.with(|slice| slice.wish.replace(Wish::Nothing));
            if let Poll::Ready(value) = polled {
                if wish == Wish::Block {
                    // Whoever wished for it was dropped instead.
                    drop(JOB.take());
                }
                return Step::Done(value);
            }
            return match wish {
                Wish::Check if !ticker.check() => continue,
                Wish::Over => {
                    // Its own copy of the ticker said so: now the ticker has told it too.
                    let _ = ticker.tick();
                    Step::Yield
                }
                Wish::Yield | Wish::Check => Step::Yield,
                Wish::Sleep(rounds) => Step::Sleep(rounds),
                Wish::Wait(on) => Step::Wait(on),
                Wish::Join(id) => Step::Join(id),
                Wish::Block => JOB.take().map_or(Step::Yield, Step::Block),
                Wish::Nothing => Step::Wait(On::Wake),
            };
        }
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Task")
    }
}

/// Wakes a task through the door, so that any thread may.
struct TaskWaker {
    remote: Remote,
    id: Id,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.remote.post(Letter::Wake(self.id));
    }
}

/// Runs `f` with the slice of the task that runs.
pub(super) fn slice<R>(f: impl FnOnce(&Slice) -> R) -> R {
    SLICE.with(|slice| {
        assert!(slice.is_on.get(), "called outside of a task");
        f(slice)
    })
}

/// Gives way until the scheduler has done what is wished for: the task is polled again only then.
pub(super) async fn wish(wish: Wish) {
    let mut wish = Some(wish);
    poll_fn(move |_| match wish.take() {
        Some(wish) => {
            make(wish);
            Poll::Pending
        }
        None => Poll::Ready(()),
    })
    .await;
}

/// A task waits for one thing at a time: of two, one would be lost.
pub(super) fn make(wish: Wish) {
    let before = slice(|slice| slice.wish.replace(wish));
    assert!(
        before == Wish::Nothing,
        "a task waits for two things at once: let another task wait for one of them"
    );
}

/// The ticker of the task that runs.
///
/// See [`Task`] for an example.
#[must_use]
pub fn ticker() -> TaskTicker {
    TaskTicker(())
}

/// The ticker of the task that runs: [`Ticker`] with `.await`.
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
    /// Counts one instruction; gives way first if the slice is over.
    ///
    /// # Panics
    /// If it is polled outside of a [`Task`].
    ///
    /// # Examples
    /// See [`Task`].
    pub async fn tick(&mut self) {
        loop {
            let granted = slice(|slice| match slice.left.get().checked_sub(1) {
                Some(left) => {
                    slice.left.set(left);
                    slice.used.set(slice.used.get() + 1);
                    true
                }
                None => false,
            });
            if granted {
                return;
            }
            wish(Wish::Over).await;
        }
    }

    /// The same, and gives way if the eval breaker is raised.
    ///
    /// # Panics
    /// If it is polled outside of a [`Task`].
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
    pub async fn check(&mut self) {
        wish(Wish::Check).await;
    }

    /// Counts `n` instructions at once; the next [`tick`](TaskTicker::tick) gives way if they were
    /// more than the slice has.
    ///
    /// # Panics
    /// If it is called outside of a [`Task`].
    ///
    /// # Examples
    /// See [`TaskTicker`].
    pub fn charge(&mut self, n: u32) {
        slice(|slice| {
            slice.left.set(slice.left.get().saturating_sub(n));
            slice.used.set(slice.used.get().saturating_add(n));
        });
    }
}
