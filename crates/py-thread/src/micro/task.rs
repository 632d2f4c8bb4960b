//! [`Task`]: a future as a microthread.
//!
//! A future does not get the ticker and the context as arguments. During its slice they are plain
//! numbers in thread-local storage, and the ticker is updated when the slice ends.

use super::cx::Cx;
use super::id::Id;
use super::job::Job;
use super::outcome::dropped_quietly;
use super::step::{Microthread, On, Step};
use super::task_waker::OwnWaker;
use super::ticker::Ticker;
use core::cell::{Cell, RefCell};
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::task::Waker;

// The slice of this thread's innermost task. Each number is a variable of its own without a
// destructor, so an access costs one instruction.
std::thread_local! {
    static KIND: Cell<Kind> = const { Cell::new(Kind::Off) };
    /// The request, if the kind alone does not describe it.
    static REQUEST: Cell<Request> = const { Cell::new(Request::Sleep(0)) };
    /// The round.
    static NOW: Cell<u64> = const { Cell::new(0) };
    static TICKS: Cell<Ticks> = const { Cell::new(Ticks { left: 0, over: 0 }) };
    /// The job that the task has requested.
    pub(super) static JOB: Cell<Option<Job>> = const { Cell::new(None) };
    /// The slices of the outer tasks: a task may run a scheduler, whose tasks may do the same.
    static OUTER: RefCell<Vec<Outer>> = const { RefCell::new(Vec::new()) };
}

/// The instructions that are left, and those that were charged beyond them.
#[derive(Clone, Copy)]
struct Ticks {
    left: u32,
    over: u32,
}

/// The kind of request that the polled future makes. It is one byte, because most futures yield: a
/// larger value that is written in parts and then read as a whole costs more than the rest of a
/// slice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// No task is polled.
    Off,
    Nothing,
    Yield,
    /// The slice is over.
    Over,
    /// Look at the breaker.
    Check,
    /// `JOB`.
    Block,
    /// `REQUEST`.
    More,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Request {
    Sleep(u64),
    Wait(On),
    Join(Id),
}

/// A future as a microthread. It needs no async runtime. The futures of this module work in it, and
/// so does any future that only wakes its waker, from any thread. The futures of an async runtime
/// do not.
///
/// A task waits for one of this module's futures at a time. Two of them in one `join!` or `select!`
/// panic; spawn a second task instead.
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
    waker: OwnWaker,
}

impl<T> Task<T> {
    /// Makes a microthread of a future.
    ///
    /// See [`Task`] for an example.
    #[must_use]
    pub fn new(future: impl Future<Output = T> + 'static) -> Task<T> {
        Task {
            future: Box::pin(future),
            waker: OwnWaker::default(),
        }
    }
}

/// Marks that a task is polled in this thread. The drop restores the outer task, if there is one.
struct Inside {
    is_nested: bool,
}

/// The saved slice of an outer task.
struct Outer {
    kind: Kind,
    request: Request,
    job: Option<Job>,
    now: u64,
    ticks: Ticks,
}

impl Inside {
    #[inline]
    fn enter() -> Inside {
        let kind = KIND.replace(Kind::Nothing);
        let is_nested = kind != Kind::Off;
        if is_nested {
            save_outer(kind);
        }
        Inside { is_nested }
    }
}

impl Drop for Inside {
    #[inline(always)]
    fn drop(&mut self) {
        if KIND.replace(Kind::Off) == Kind::Block {
            drop_job();
        }
        if self.is_nested {
            restore_outer();
        }
    }
}

#[cold]
fn save_outer(kind: Kind) {
    let outer = Outer {
        kind,
        request: REQUEST.get(),
        job: JOB.take(),
        now: NOW.get(),
        ticks: TICKS.get(),
    };
    OUTER.with_borrow_mut(|all| all.push(outer));
}

#[cold]
fn restore_outer() {
    if let Some(outer) = OUTER.with_borrow_mut(Vec::pop) {
        KIND.set(outer.kind);
        REQUEST.set(outer.request);
        JOB.set(outer.job);
        NOW.set(outer.now);
        TICKS.set(outer.ticks);
    }
}

/// Drops the job of a task that requested it and then panicked. A panic in this drop is caught:
/// during the first panic's unwinding it would abort the process.
#[cold]
fn drop_job() {
    dropped_quietly(JOB.take());
}

impl<T> Task<T> {
    /// Polls the future once, and updates the ticker.
    #[inline]
    fn poll(&mut self, ticker: &mut Ticker, cx: &Cx<'_>) -> Poll<T> {
        let left = ticker.left();
        TICKS.set(Ticks { left, over: 0 });
        let future = self.future.as_mut();
        let poll = |waker: &Waker| future.poll(&mut Context::from_waker(waker));
        let polled = self.waker.with(cx.polled(), &cx.local.waker, poll);
        let ticks = TICKS.get();
        if ticks.left < left || ticks.over > 0 {
            ticker.charge((left - ticks.left).saturating_add(ticks.over));
        }
        polled
    }

    /// The future did more than yield: turns its request into a step.
    #[inline(never)]
    fn settle(&mut self, mut polled: Poll<T>, ticker: &mut Ticker, cx: &Cx<'_>) -> Step<T> {
        loop {
            let kind = KIND.replace(Kind::Nothing);
            if let Poll::Ready(value) = polled {
                if kind == Kind::Block {
                    // The future that requested the job was dropped, and another one is ready.
                    drop(JOB.take());
                }
                return Step::Done(value);
            }
            return match kind {
                Kind::Check if !ticker.check() => {
                    polled = self.poll(ticker, cx);
                    continue;
                }
                Kind::Yield | Kind::Check => Step::Yield,
                Kind::Over => {
                    // The task's copy of the ticker ran out: let the ticker itself run out too.
                    let _ = ticker.tick();
                    Step::Yield
                }
                Kind::Block => JOB.take().map_or(Step::Yield, Step::Block),
                Kind::More => match REQUEST.get() {
                    Request::Sleep(rounds) => Step::Sleep(rounds),
                    Request::Wait(on) => Step::Wait(on),
                    Request::Join(id) => Step::Join(id),
                },
                Kind::Nothing | Kind::Off => Step::Wait(On::Wake),
            };
        }
    }
}

impl<T> Microthread for Task<T> {
    type Output = T;

    #[inline]
    fn step(&mut self, ticker: &mut Ticker, cx: &mut Cx<'_>) -> Step<T> {
        let inside = Inside::enter();
        NOW.set(cx.now());
        let polled = self.poll(ticker, cx);
        if polled.is_pending() && KIND.get() == Kind::Yield && !inside.is_nested {
            // A shortcut for the drop of `inside`.
            core::mem::forget(inside);
            KIND.set(Kind::Off);
            return Step::Yield;
        }
        self.settle(polled, ticker, cx)
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Task")
    }
}

/// Panics outside of a task.
#[inline]
fn assert_inside() {
    if KIND.get() == Kind::Off {
        outside_of_a_task();
    }
}

/// The round of the task that runs.
pub(super) fn round() -> u64 {
    assert_inside();
    NOW.get()
}

#[cold]
fn outside_of_a_task() -> ! {
    panic!("called outside of a task");
}

/// Suspends the task once, with a request. The task is polled again when the scheduler has carried
/// it out.
#[derive(Debug)]
pub(super) struct Suspend {
    kind: Kind,
    is_made: bool,
}

impl Suspend {
    #[inline]
    pub(super) fn of(kind: Kind) -> Suspend {
        Suspend {
            kind,
            is_made: false,
        }
    }
}

impl Future for Suspend {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if core::mem::replace(&mut self.is_made, true) {
            return Poll::Ready(());
        }
        make(self.kind);
        Poll::Pending
    }
}

/// As [`Suspend`], for a request that its kind alone does not describe.
pub(super) async fn request(request: Request) {
    let suspended = Suspend::of(Kind::More);
    REQUEST.set(request);
    suspended.await;
}

/// Records the request. A task waits for one thing at a time, so a second request panics.
#[inline]
pub(super) fn make(kind: Kind) {
    let before = KIND.get();
    if before != Kind::Nothing {
        refuse(before);
    }
    KIND.set(kind);
}

#[cold]
fn refuse(before: Kind) -> ! {
    if before == Kind::Off {
        outside_of_a_task();
    }
    panic!("a task waits for two things at once: let another task wait for one of them");
}

/// Takes one instruction of the slice, if there is one left.
#[inline]
pub(super) fn grant() -> bool {
    assert_inside();
    let Ticks { left, over } = TICKS.get();
    let left = left.checked_sub(1);
    left.map(|left| TICKS.set(Ticks { left, over })).is_some()
}

/// Takes `n`, and counts what is more than there are.
pub(super) fn charge(n: u32) {
    assert_inside();
    let Ticks { left, over } = TICKS.get();
    TICKS.set(Ticks {
        left: left.saturating_sub(n),
        over: over.saturating_add(n.saturating_sub(left)),
    });
}
