//! [`Microthread`] and [`Step`]: what an agent is, and how a slice of it ends.

use super::{Cx, Id, Job, Ticker};
use core::fmt;

/// Something that runs a slice at a time: an interpreter's frames, a robot, a closure.
///
/// Each call of `step` is one slice. It continues where the last one stopped, and asks the ticker
/// before each instruction. It returns when the ticker says so, when it has to wait, or when it is
/// done. Its state is in `self`, because a microthread has no stack of its own.
///
/// [`from_fn`] makes a microthread of a closure, and [`Task`](super::Task) makes one of a future. A
/// `Box` of a microthread is a microthread too, `dyn` included.
///
/// ```
/// use py_thread::micro::{Cx, Microthread, Scheduler, Step, Ticker};
///
/// /// Sums up to a limit, one addition an instruction.
/// struct Sum {
///     next: u64,
///     limit: u64,
///     sum: u64,
/// }
///
/// impl Microthread for Sum {
///     type Output = u64;
///
///     fn step(&mut self, ticker: &mut Ticker, _: &mut Cx<'_>) -> Step<u64> {
///         while self.next <= self.limit {
///             if ticker.tick() {
///                 return Step::Yield;
///             }
///             self.sum += self.next;
///             self.next += 1;
///         }
///         Step::Done(self.sum)
///     }
/// }
///
/// let mut scheduler = Scheduler::new().interval(10);
/// let id = scheduler.spawn(Sum { next: 1, limit: 1000, sum: 0 });
/// assert_eq!(scheduler.run().slices, 100);
/// assert_eq!(scheduler.take(id).unwrap().done(), Some(500_500));
/// ```
pub trait Microthread {
    /// Its result.
    type Output;

    /// Runs one slice.
    ///
    /// A panic ends this microthread alone, with [`Outcome::Panicked`](super::Outcome::Panicked).
    fn step(&mut self, ticker: &mut Ticker, cx: &mut Cx<'_>) -> Step<Self::Output>;
}

/// How a slice ended: what the microthread wants next.
///
/// ```
/// use py_thread::micro::{Scheduler, Step, from_fn};
/// let mut scheduler = Scheduler::new();
/// let mut slept = false;
/// let id = scheduler.spawn(from_fn(move |_, cx| {
///     match core::mem::replace(&mut slept, true) {
///         false => Step::Sleep(9),
///         true => Step::Done(cx.now()),
///     }
/// }));
/// scheduler.run();
/// assert_eq!(scheduler.take(id).unwrap().done(), Some(10), "slept from round 1 to round 10");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Step<T> {
    /// It has more to do, and keeps its place in the round. ("Still working" in the mail of 1999.)
    Yield,
    /// It sleeps for this many rounds. 0 is the same as `Yield`. A wake does not end the sleep.
    Sleep(u64),
    /// It waits until it is woken. If it was woken since its last wait, this is the same as
    /// `Yield`.
    Wait(On),
    /// It waits until it is woken, at most for this many rounds.
    WaitFor(On, u64),
    /// It waits for the end of that microthread of the same scheduler. If that has ended, or the id
    /// is unknown, this is the same as `Yield`. A wake does not end the wait.
    Join(Id),
    /// It waits until a thread of the off-load pool has run this job. The other microthreads run
    /// on.
    Block(Job),
    /// It is done, with this result, and is dropped.
    Done(T),
}

/// What a microthread waits for, as a deadlock reports it.
///
/// ```
/// use py_thread::micro::{On, Scheduler, Step, Stop, from_fn};
/// let mut scheduler = Scheduler::new();
/// scheduler.spawn(from_fn(|_, _| Step::<()>::Wait(On::Named("a target"))));
/// let Stop::Deadlock(deadlock) = scheduler.run().stop else { panic!() };
/// assert_eq!(deadlock.to_string(), "1 microthread waits, and nobody is left to wake it: \
///     #0 for a target");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum On {
    /// A wake.
    Wake,
    /// A message in the mailbox with this number.
    Mail(u64),
    /// Room in the mailbox with this number.
    Room(u64),
    /// The end of that microthread.
    End(Id),
    /// Something that the embedder names.
    Named(&'static str),
}

impl fmt::Display for On {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            On::Wake => f.write_str("a wake"),
            On::Mail(n) => write!(f, "a message in mailbox {n}"),
            On::Room(n) => write!(f, "room in mailbox {n}"),
            On::End(id) => write!(f, "the end of {id}"),
            On::Named(what) => f.write_str(what),
        }
    }
}

/// A closure as a microthread: [`from_fn`] makes it.
pub struct FromFn<F>(F);

/// Makes a microthread of a closure that runs one slice.
///
/// ```
/// use py_thread::micro::{Scheduler, Step, from_fn};
/// let mut scheduler = Scheduler::new();
/// let mut rounds = 0;
/// let id = scheduler.spawn(from_fn(move |_, _| {
///     rounds += 1;
///     if rounds < 3 { Step::Yield } else { Step::Done(rounds) }
/// }));
/// scheduler.run();
/// assert_eq!(scheduler.take(id).unwrap().done(), Some(3));
/// ```
pub fn from_fn<T, F: FnMut(&mut Ticker, &mut Cx<'_>) -> Step<T>>(f: F) -> FromFn<F> {
    FromFn(f)
}

impl<F> fmt::Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FromFn")
    }
}

impl<T, F: FnMut(&mut Ticker, &mut Cx<'_>) -> Step<T>> Microthread for FromFn<F> {
    type Output = T;

    #[inline]
    fn step(&mut self, ticker: &mut Ticker, cx: &mut Cx<'_>) -> Step<T> {
        (self.0)(ticker, cx)
    }
}

impl<M: Microthread + ?Sized> Microthread for Box<M> {
    type Output = M::Output;

    #[inline]
    fn step(&mut self, ticker: &mut Ticker, cx: &mut Cx<'_>) -> Step<M::Output> {
        (**self).step(ticker, cx)
    }
}
