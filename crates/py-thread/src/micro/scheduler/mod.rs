//! [`Scheduler`]: microthreads of one type, in rounds.
//!
//! A round gives each microthread that is ready one slice, in the order of the list:
//!
//! ```text
//!   list:  kept ......... | a hole ... | still to run .........      next: woken, spawned, due
//!          0         keep                at                 len
//! ```
//!
//! Who yields keeps its place: a run of those that do is moved down as one, when it ends, over the hole
//! that others left before it. So the list is swept in place, and is in order of index as long as
//! nobody waits. Who becomes ready is put into `next`, which is appended when the next round begins.
//!
//! Invariants:
//! * M1: an index is in `list[..keep]`, `list[at..]` or `next` exactly if its slot says that it is
//!   listed, and then once (S1, S2 of `slot.rs`).
//! * M2: `ready` counts the microthreads that are ready, `live` all that have not ended.
//! * M3: when user code panics in a slice, `at` is the place of its microthread, and everything else
//!   is as it was before the slice: the sweep goes on behind it. (While a stretch runs, `at` and the
//!   counts are in its `Place`, which is written back by the panic too.)
//! * M4: user code that is called outside of a slice (a destructor) is called last, when all of the
//!   above holds.

mod access;
mod count;
mod drive;
mod end;
mod sweep;
mod wait;

use super::cx::{Nursery, Spawner};
use super::id::Id;
use super::local::{Command, Local};
use super::offload::Offload;
use super::outcome::Outcomes;
use super::random::Random;
use super::remote::{Door, Letter};
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
/// How many threads the off-load pool has if nobody says.
const OFFLOAD: usize = 8;

/// Runs microthreads of the type `A` a slice at a time, in rounds: each that is ready gets one slice
/// of as many instructions as the check interval says.
///
/// It belongs to one thread, and so may its microthreads; [`remote`](Scheduler::remote) is the door
/// for the others. The order is that of spawning: who yields keeps its place, who was woken comes
/// last. The same microthreads with the same input run in the same order, however often the run was
/// interrupted, by a budget or by the eval breaker.
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
    /// What the interrupted microthread at `at` has left of its slice; 0: it begins a new one.
    rest: u32,
    ready: usize,
    live: usize,
    now: u64,
    /// How many instructions the last slice counted.
    used: u64,
    count: Count,
    timers: Timers,
    /// What those that wait for something special wait for, by place.
    on: HashMap<u32, On>,
    /// The number of the timer of those that wait with one, and of the join of those that join, by
    /// place.
    numbers: HashMap<u32, u64>,
    /// Who waits for whose end, in the order in which they began to.
    joiners: BTreeMap<(Id, u64), Id>,
    joins: u64,
    jobs: Jobs,
    outcomes: Outcomes<A::Output>,
    random: Option<Random>,
    local: Rc<Local>,
    nursery: Rc<Nursery<A>>,
    door: Arc<Door>,
    letters: Vec<Letter>,
    /// Inside a swarm's round: letters of other threads are for the next one.
    holds_letters: bool,
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

    /// The same with the eval breaker of an interpreter's thread: a raise of it stops the run.
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
            nursery: Rc::default(),
            door: Arc::new(Door::new(breaker)),
            letters: Vec::new(),
            holds_letters: false,
            commands: Vec::new(),
        }
    }

    /// With this check interval: how many instructions a slice has; 0 is as 1.
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

    /// With an order that changes from round to round: it finds what rests on the order, and the
    /// same seed gives the same orders.
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

    /// With this pool for blocking jobs, which other schedulers may share. Without it, the first job
    /// makes a pool of eight threads.
    ///
    /// See [`Offload`] for an example.
    #[must_use]
    pub fn offload(mut self, pool: &Arc<Offload>) -> Scheduler<A> {
        self.jobs.pool = Some(Arc::clone(pool));
        self
    }

    /// With the answers of jobs arriving exactly `rounds` rounds after they were asked for (at least
    /// one), in the order in which they were asked for: a round that comes to an answer which is not
    /// there yet waits for it. So a run with jobs is the same every time. Without it, an answer
    /// arrives in the first round that begins when the job is done.
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

    /// With room for so many microthreads.
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
    /// If there are 2^32 at a time, or were 2^48 in this process.
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

    /// A way to spawn from inside of microthreads.
    ///
    /// See [`Spawner`] for an example.
    #[must_use]
    pub fn spawner(&self) -> Spawner<A> {
        Spawner {
            local: Rc::clone(&self.local),
            nursery: Rc::clone(&self.nursery),
        }
    }

    /// Takes a new microthread in.
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

    /// The microthread is ready: lists it, if it is not. M1, M2.
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
    /// Jobs that were not begun are dropped with the microthreads that want them; those under way
    /// end without anybody to hear it.
    fn drop(&mut self) {
        self.door.close();
    }
}
