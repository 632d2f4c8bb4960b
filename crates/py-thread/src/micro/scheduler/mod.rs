//! [`Scheduler`]: microthreads of one type, in rounds.
//!
//! A round runs one slice of each ready microthread, in the order of the list:
//!
//! ```text
//!   list:  kept ......... | a hole ... | still to run .........      next: woken, spawned, due
//!          0         keep                at                 len
//! ```
//!
//! A microthread that yields keeps its place. The list is swept in place: a run of neighbours that
//! yield is moved down as one, over the hole that others left before it. As long as none waits, the
//! list stays in order of index. A microthread that becomes ready goes into `next`, which is
//! appended when the next round begins.
//!
//! Invariants:
//! * M1: an index is in `list[..keep]`, `list[at..]` or `next` if and only if its slot is marked as
//!   listed, and then once (S1, S2 of `slot.rs`).
//! * M2: `ready` counts the ready microthreads, and `live` counts all that have not ended.
//! * M3: when user code panics in a slice, `at` is the place of its microthread, and everything
//!   else is as it was before the slice. So the sweep continues after it. (While a batch runs, `at`
//!   and the counts are in its `Place`, which is written back when a panic drops it.)
//! * M4: user code that is called outside of a slice (a destructor) is called last, when M1 to M3
//!   hold.

mod access;
mod count;
mod drive;
mod end;
mod sweep;
mod wait;

use super::cx::{Spawned, Spawner};
use super::id::Id;
use super::local::{Command, Local};
use super::offload::Offload;
use super::outcome::Outcomes;
use super::random::Random;
use super::remote::{Inbox, Notice};
use super::slot::{Gone, LISTED, Live, Slot};
use super::step::{Microthread, On};
use super::timers::Timers;
use crate::eval_breaker::EvalBreaker;
use core::fmt;
use count::{Count, Jobs, UnderWay};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

pub use drive::Stepped;

/// CPython's own, from 2.3 on: `sys.getcheckinterval()`.
const INTERVAL: u32 = 100;
/// How many threads the off-load pool has by default.
const OFFLOAD: usize = 8;

/// Runs microthreads of the type `A` in rounds: in each round every ready microthread gets one
/// slice of as many instructions as the check interval says.
///
/// A scheduler belongs to one thread, and its microthreads need not be `Send`. Other threads use
/// [`remote`](Scheduler::remote). The order is that of spawning: a microthread that yields keeps
/// its place, and one that was woken comes last. The same microthreads with the same input run in
/// the same order, however often a budget or the eval breaker interrupts the run.
///
/// ```
/// use py_thread::micro::{Scheduler, Step, Stop, from_fn};
/// let mut scheduler = Scheduler::new().interval(5);
/// let mut n = 0;
/// let id = scheduler.spawn(from_fn(move |ticker, _| {
///     while n < 12 {
///         if ticker.tick() {
///             return Step::Yield; // called again in the next round
///         }
///         n += 1; // one instruction
///     }
///     Step::Done(n)
/// }));
/// let report = scheduler.run();
/// assert_eq!((report.stop, report.rounds, report.steps), (Stop::Finished, 3, 12));
/// assert_eq!(scheduler.take(id).unwrap().done(), Some(12));
/// ```
///
/// A slice of a 16-byte microthread costs 1 to 3 ns, and its place 28 bytes: see the crate's front
/// page.
pub struct Scheduler<A: Microthread> {
    slots: Vec<Slot<A>>,
    list: Vec<u32>,
    next: Vec<u32>,
    at: usize,
    keep: usize,
    /// A round has begun and is not over.
    is_open: bool,
    /// What the interrupted microthread at `at` has left of its slice. 0 means that it begins a new
    /// slice.
    rest: u32,
    ready: usize,
    live: usize,
    now: u64,
    /// How many instructions the last slice counted.
    used: u64,
    count: Count,
    timers: Timers,
    /// What a microthread waits for, by place, unless that is a plain wake.
    on: HashMap<u32, On>,
    /// By place: the number of the timer of a microthread that waits with a timer, or the number of
    /// the join of one that joins.
    numbers: HashMap<u32, u64>,
    /// The joins: (the joined, the number of the join) to the joiner. Joins of one microthread are
    /// in the order in which they began.
    joiners: BTreeMap<(Id, u64), Id>,
    joins: u64,
    jobs: Jobs,
    outcomes: Outcomes<A::Output>,
    random: Option<Random>,
    local: Rc<Local>,
    spawned: Rc<Spawned<A>>,
    inbox: Arc<Inbox>,
    notices: Vec<Notice>,
    /// True inside a swarm's round: wakes and messages of other threads wait for the next round.
    defers_notices: bool,
    commands: Vec<Command>,
}

impl<A: Microthread> Scheduler<A> {
    /// A scheduler without microthreads, with a check interval of 100 instructions and an eval
    /// breaker of its own.
    ///
    /// ```
    /// use py_thread::micro::{Scheduler, Task};
    /// let scheduler = Scheduler::<Task<()>>::new();
    /// assert!(scheduler.is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Scheduler<A> {
        Scheduler::with_breaker(Arc::new(EvalBreaker::new()))
    }

    /// As [`new`](Scheduler::new), with the eval breaker of an interpreter's thread: a raise of it
    /// stops the run.
    ///
    /// ```
    /// use py_thread::{EvalBreaker, micro::{Scheduler, Task}};
    /// use std::sync::Arc;
    /// let breaker = Arc::new(EvalBreaker::new());
    /// let scheduler = Scheduler::<Task<()>>::with_breaker(Arc::clone(&breaker));
    /// assert!(Arc::ptr_eq(scheduler.breaker(), &breaker));
    /// ```
    #[must_use]
    pub fn with_breaker(breaker: Arc<EvalBreaker>) -> Scheduler<A> {
        Scheduler {
            slots: Vec::new(),
            list: Vec::new(),
            next: Vec::new(),
            at: 0,
            keep: 0,
            is_open: false,
            rest: 0,
            ready: 0,
            live: 0,
            now: 0,
            used: 0,
            count: Count::default(),
            timers: Timers::default(),
            on: HashMap::new(),
            numbers: HashMap::new(),
            joiners: BTreeMap::new(),
            joins: 0,
            jobs: Jobs {
                pool: None,
                delay: None,
                begun: 0,
                under_way: BTreeMap::new(),
            },
            outcomes: Outcomes::new(),
            random: None,
            local: Rc::new(Local::new(INTERVAL)),
            spawned: Rc::default(),
            inbox: Arc::new(Inbox::new(breaker)),
            notices: Vec::new(),
            defers_notices: false,
            commands: Vec::new(),
        }
    }

    /// Sets the check interval: how many instructions a slice has. 0 counts as 1.
    ///
    /// ```
    /// use py_thread::micro::{Scheduler, Step, from_fn};
    /// let mut scheduler = Scheduler::new().interval(7);
    /// let id = scheduler.spawn(from_fn(|ticker, _| Step::Done(ticker.left())));
    /// scheduler.run();
    /// assert_eq!(scheduler.take(id).unwrap().done(), Some(7));
    /// ```
    #[must_use]
    pub fn interval(mut self, interval: u32) -> Scheduler<A> {
        self.set_interval(interval);
        self
    }

    /// Shuffles the order in every round, to find code that depends on the order. The same seed
    /// gives the same orders.
    ///
    /// ```
    /// use py_thread::micro::{Scheduler, Task};
    /// let order = |seed| {
    ///     let mut scheduler = Scheduler::new().shuffled(seed);
    ///     for n in 0..50 {
    ///         scheduler.spawn(Task::new(async move { n }));
    ///     }
    ///     scheduler.run();
    ///     scheduler.finished().map(|(_, outcome)| outcome.done().unwrap()).collect::<Vec<_>>()
    /// };
    /// assert_eq!(order(1), order(1));
    /// assert_ne!(order(1), order(2));
    /// ```
    #[must_use]
    pub fn shuffled(mut self, seed: u64) -> Scheduler<A> {
        self.random = Some(Random::new(seed));
        self
    }

    /// Uses this pool for blocking jobs. Schedulers may share a pool. Without this call the first
    /// job makes a pool of eight threads.
    ///
    /// See [`Offload`] for an example.
    #[must_use]
    pub fn offload(mut self, pool: &Arc<Offload>) -> Scheduler<A> {
        self.jobs.pool = Some(Arc::clone(pool));
        self
    }

    /// Makes runs with jobs repeat exactly: each answer arrives `rounds` rounds (at least one)
    /// after its request, in the order of the requests. If an answer is not there when its round
    /// begins, the round waits for it. Without this call an answer arrives in the first round that
    /// begins after the job is done.
    ///
    /// ```
    /// use py_thread::micro::{Scheduler, Task, block, now};
    /// let mut scheduler = Scheduler::new().deterministic(5);
    /// let id = scheduler.spawn(Task::new(async {
    ///     block(|| ()).await.unwrap();
    ///     now()
    /// }));
    /// scheduler.run();
    /// assert_eq!(scheduler.take(id).unwrap().done(), Some(6));
    /// ```
    #[must_use]
    pub fn deterministic(mut self, rounds: u64) -> Scheduler<A> {
        self.jobs.delay = Some(rounds.max(1));
        self
    }

    /// Reserves room for this many microthreads.
    ///
    /// ```
    /// use py_thread::micro::{Scheduler, Task};
    /// let scheduler = Scheduler::<Task<()>>::new().capacity(1000);
    /// assert!(scheduler.is_empty());
    /// ```
    #[must_use]
    pub fn capacity(mut self, microthreads: usize) -> Scheduler<A> {
        self.slots.reserve_exact(microthreads);
        self.next.reserve_exact(microthreads);
        self
    }

    /// Sets the check interval of all slices that begin from now on; 0 is as 1.
    ///
    /// CPython: `Python/sysmodule.c`, `sys_setcheckinterval`.
    ///
    /// ```
    /// use py_thread::micro::{Scheduler, Task};
    /// let mut scheduler = Scheduler::<Task<()>>::new();
    /// scheduler.set_interval(1);
    /// ```
    #[doc(alias = "sys_setcheckinterval")]
    pub fn set_interval(&mut self, interval: u32) {
        self.local.interval.set(interval.max(1));
    }

    /// Spawns a microthread: it runs from the next round on, after those that are there.
    ///
    /// # Panics
    /// If there would be more than 2^32 at a time, or more than 2^48 in the life of the process.
    ///
    /// # Examples
    /// ```
    /// use py_thread::micro::{Scheduler, Task};
    /// let mut scheduler = Scheduler::new();
    /// let id = scheduler.spawn(Task::new(async { 42 }));
    /// scheduler.run();
    /// assert_eq!(scheduler.take(id).unwrap().done(), Some(42));
    /// ```
    #[doc(alias = "uthread.new")]
    pub fn spawn(&mut self, agent: A) -> Id {
        self.adopt_all();
        let id = self.local.new_id();
        self.admit(id, agent);
        id
    }

    /// A spawner for the microthreads themselves.
    ///
    /// See [`Spawner`] for an example.
    #[must_use]
    pub fn spawner(&self) -> Spawner<A> {
        Spawner {
            local: Rc::clone(&self.local),
            spawned: Rc::clone(&self.spawned),
        }
    }

    /// Adds a new microthread.
    fn admit(&mut self, id: Id, agent: A) {
        let index = id.index();
        if self.slots.len() <= index {
            self.slots.resize_with(index, || Slot::Gone(Gone::NOBODY));
            self.slots.push(Slot::Live(Live::new(id, agent)));
        } else {
            self.slots[index] = Slot::Live(Live::new(id, agent));
        }
        self.live += 1;
        self.enlist(index as u32);
    }

    /// The microthread is ready: lists it, unless it is listed. M1, M2.
    fn enlist(&mut self, index: u32) {
        if let Slot::Live(live) = &mut self.slots[index as usize] {
            self.ready += 1;
            if !live.has(LISTED) {
                live.add(LISTED);
                self.next.push(index);
            }
        }
    }

    fn live(&self, id: Id) -> Option<&Live<A>> {
        match self.slots.get(id.index()) {
            Some(Slot::Live(live)) if live.is(id) => Some(live),
            _ => None,
        }
    }

    fn live_mut(&mut self, id: Id) -> Option<&mut Live<A>> {
        match self.slots.get_mut(id.index()) {
            Some(Slot::Live(live)) if live.is(id) => Some(live),
            _ => None,
        }
    }
}

impl<A: Microthread> Default for Scheduler<A> {
    fn default() -> Self {
        Scheduler::new()
    }
}

impl<A: Microthread> fmt::Debug for Scheduler<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheduler")
            .field("now", &self.now)
            .field("live", &self.live)
            .field("ready", &self.ready)
            .field("jobs", &self.jobs.under_way.len())
            .finish_non_exhaustive()
    }
}

impl<A: Microthread> Drop for Scheduler<A> {
    /// Jobs that have not begun are dropped with their microthreads. Those that have begun run to
    /// their end, and their answers are dropped.
    fn drop(&mut self) {
        self.inbox.close();
    }
}
