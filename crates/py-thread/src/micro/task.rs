//! [`Task`]: a future as a microthread.
//!
//! A future has no ticker and no context in its hands: for the time of its slice they are in the
//! thread's storage, as plain numbers, and the ticker is brought up to date when it ends.

use super::cx::Cx;
use super::id::Id;
use super::job::Job;
use super::step::{Microthread, On, Step};
use super::task_waker::OwnWaker;
use super::ticker::Ticker;
use core::cell::{Cell, RefCell};
use core::fmt;
use core::panic::AssertUnwindSafe;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::panic::catch_unwind;
use std::task::Waker;

// The slice that this thread's innermost task is in. The numbers have a variable each, without a
// destructor, so that an access costs one instruction.
std::thread_local! {
    static KIND: Cell<Kind> = const { Cell::new(Kind::Off) };
    /// What is wished for, if the kind does not say all.
    static WISH: Cell<Wish> = const { Cell::new(Wish::Sleep(0)) };
    /// The round.
    static NOW: Cell<u64> = const { Cell::new(0) };
    static TICKS: Cell<Ticks> = const { Cell::new(Ticks { left: 0, over: 0 }) };
    /// The job that is wished for.
    pub(super) static JOB: Cell<Option<Job>> = const { Cell::new(None) };
    /// The slices of tasks that run schedulers, in the one above or in each other.
    static OUTER: RefCell<Vec<Outer>> = const { RefCell::new(Vec::new()) };
}

/// Instructions that are left, and what was charged beyond them.
#[derive(Clone, Copy)]
struct Ticks {
    left: u32,
    over: u32,
}

/// What the future that is polled wants of its scheduler. A byte, since most want to yield: a
/// larger value that is written in parts and read at once costs more than all else of a slice.
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
    /// `WISH`.
    More,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Wish {
    Sleep(u64),
    Wait(On),
    Join(Id),
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

/// A task is polled in this thread. When this is dropped, none is, or the one around it.
struct Inside {
    is_nested: bool,
}

/// The slice of a task that runs a scheduler.
struct Outer {
    kind: Kind,
    wish: Wish,
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
            put_aside(kind);
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
            take_up();
        }
    }
}

#[cold]
fn put_aside(kind: Kind) {
    let outer = Outer {
        kind,
        wish: WISH.get(),
        job: JOB.take(),
        now: NOW.get(),
        ticks: TICKS.get(),
    };
    OUTER.with_borrow_mut(|all| all.push(outer));
}

#[cold]
fn take_up() {
    if let Some(outer) = OUTER.with_borrow_mut(Vec::pop) {
        KIND.set(outer.kind);
        WISH.set(outer.wish);
        JOB.set(outer.job);
        NOW.set(outer.now);
        TICKS.set(outer.ticks);
    }
}

/// Drops what a task wished for and then panicked. It may be on its way out of that panic, which a
/// second one would turn into an abort.
#[cold]
fn drop_job() {
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(JOB.take())));
    dropped.unwrap_or_else(core::mem::forget);
}

impl<T> Task<T> {
    /// Polls the future once, and brings the ticker up to date.
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

    /// The future did not just yield: what becomes of its wish.
    #[inline(never)]
    fn fulfil(&mut self, mut polled: Poll<T>, ticker: &mut Ticker, cx: &Cx<'_>) -> Step<T> {
        loop {
            let kind = KIND.replace(Kind::Nothing);
            if let Poll::Ready(value) = polled {
                if kind == Kind::Block {
                    // Whoever wished for it was dropped instead.
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
                    // Its own copy of the ticker said so: now the ticker has told it too.
                    let _ = ticker.tick();
                    Step::Yield
                }
                Kind::Block => JOB.take().map_or(Step::Yield, Step::Block),
                Kind::More => match WISH.get() {
                    Wish::Sleep(rounds) => Step::Sleep(rounds),
                    Wish::Wait(on) => Step::Wait(on),
                    Wish::Join(id) => Step::Join(id),
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
            // What its drop would do.
            core::mem::forget(inside);
            KIND.set(Kind::Off);
            return Step::Yield;
        }
        self.fulfil(polled, ticker, cx)
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
        nobody();
    }
}

/// The round of the task that runs.
pub(super) fn round() -> u64 {
    assert_inside();
    NOW.get()
}

#[cold]
fn nobody() -> ! {
    panic!("called outside of a task");
}

/// Gives way once, with what is wished for: the task is polled again only when the scheduler has
/// done it.
#[derive(Debug)]
pub(super) struct Wished {
    kind: Kind,
    is_made: bool,
}

impl Wished {
    #[inline]
    pub(super) fn of(kind: Kind) -> Wished {
        Wished {
            kind,
            is_made: false,
        }
    }
}

impl Future for Wished {
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

/// The same for a wish that is more than its kind.
pub(super) async fn wish(wish: Wish) {
    let wished = Wished::of(Kind::More);
    WISH.set(wish);
    wished.await;
}

/// A task waits for one thing at a time: of two, one would be lost.
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
        nobody();
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
