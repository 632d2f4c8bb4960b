//! The state of a running machine: virtual time, processors, threads, lines, the kernel's wait queues.
//!
//! Time goes from event to event. While a thread runs, everything that it does up to the next event of
//! anybody is done in one go; what would end later is an event of its own, and somebody else's turn.
//! So all accesses happen in the order of virtual time, and nothing depends on the real machine.

mod sleep;

use crate::costs::{Machine, Ps};
use crate::lines::{Access, Lines};
use crate::queue::{Entity, Queue, ThreadId};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

/// Nobody's processor: a timer acts, and no thread.
const TIMER: usize = usize::MAX;

/// The loop's next act.
pub(crate) enum Next {
    Run(ThreadId),
    /// No event is left.
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// What the thread of a processor was doing is done, if the stamp is still that.
    Done { processor: usize, stamp: u64 },
    /// The scheduler looks at a processor.
    Tick { processor: usize },
    /// Another processor has asked it to look whether somebody else's turn has come.
    Kick { processor: usize },
    /// An idle processor has woken up.
    Awake { processor: usize },
    /// A timed sleep is over, if it still lasts.
    Timer { thread: ThreadId, stamp: u64 },
}

#[derive(Debug, Default)]
struct Processor {
    running: Option<ThreadId>,
    queue: Queue,
    /// Of the one valid `Done`, which is at `done_at`.
    stamp: u64,
    done_at: Ps,
    accounted: Ps,
    idle_since: Ps,
    awaking: bool,
    ticks: bool,
    /// A kick is on its way.
    kicked: bool,
    /// Its thread goes back to the queue before its next act.
    must_yield: bool,
}

#[derive(Debug, Default)]
struct Thread {
    processor: usize,
    /// What is left of what it was doing when it lost the processor.
    left: Ps,
    ran_for: Ps,
    /// Of what it has waited for, so much goes on beside the next computation.
    hidden: Ps,
    sleeps_on: Option<usize>,
    sleep: u64,
}

/// What a run has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Lines that went from one processor to another.
    pub transfers: u64,
    /// Threads that went to sleep.
    pub sleeps: u64,
    /// Threads that were woken by another.
    pub wakes: u64,
    /// Threads that a processor began to run.
    pub switches: u64,
}

pub(crate) struct State {
    pub(crate) machine: Machine,
    pub(crate) now: Ps,
    /// The processor whose thread is running at the moment.
    here: usize,
    order: u64,
    events: BinaryHeap<Reverse<(Ps, u64, Event)>>,
    processors: Vec<Processor>,
    threads: Vec<Thread>,
    entities: Vec<Entity>,
    lines: Lines,
    sleepers: BTreeMap<usize, VecDeque<ThreadId>>,
    kernel_lines: BTreeMap<usize, usize>,
    random: u64,
    counts: Counts,
}

impl State {
    pub(crate) fn new(machine: Machine, threads: usize) -> State {
        let mut state = State {
            machine,
            now: 0,
            here: 0,
            order: 0,
            events: BinaryHeap::new(),
            processors: Vec::new(),
            threads: Vec::new(),
            entities: vec![Entity::default(); threads],
            lines: Lines::default(),
            sleepers: BTreeMap::new(),
            kernel_lines: BTreeMap::new(),
            random: machine.seed.wrapping_mul(2).wrapping_add(1),
            counts: Counts::default(),
        };
        state
            .processors
            .resize_with(machine.processors, Processor::default);
        state.threads.resize_with(threads, Thread::default);
        for thread in 0..threads {
            state.threads[thread].processor = thread % machine.processors;
            // Not all at one instant.
            state.threads[thread].left = state.chance(2_000_000);
            state.entities[thread].deadline = state.chance(machine.costs.slice) as i64;
            state.enqueue(thread);
        }
        state
    }

    /// A number below `below`.
    pub(crate) fn chance(&mut self, below: Ps) -> Ps {
        chance(&mut self.random, below)
    }

    /// About so much: no two of anything last equally long.
    pub(crate) fn about(&mut self, time: Ps) -> Ps {
        time - time / 20 + self.chance(time / 10 + 1)
    }

    pub(crate) fn thread_here(&self) -> ThreadId {
        self.processors[self.here].running.expect("a thread runs")
    }

    pub(crate) fn ran_for(&self, thread: ThreadId) -> Ps {
        self.threads[thread].ran_for
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts {
            transfers: self.lines.transfers,
            ..self.counts
        }
    }

    fn at(&mut self, time: Ps, event: Event) {
        self.order += 1;
        self.events.push(Reverse((time, self.order, event)));
    }

    pub(crate) fn next(&mut self) -> Next {
        while let Some(Reverse((time, _, event))) = self.events.pop() {
            self.now = time;
            match event {
                Event::Done { processor, stamp } if self.processors[processor].stamp == stamp => {
                    self.here = processor;
                    return Next::Run(self.thread_here());
                }
                Event::Done { .. } => {}
                Event::Tick { processor } => self.tick(processor),
                Event::Kick { processor } => {
                    self.processors[processor].kicked = false;
                    self.look(processor);
                }
                Event::Awake { processor } => {
                    self.processors[processor].awaking = false;
                    if self.processors[processor].running.is_none() {
                        self.dispatch(processor, 0);
                    }
                }
                Event::Timer { thread, stamp } => self.time_is_up(thread, stamp),
            }
        }
        Next::Over
    }

    /// The running thread does something that takes `time`. True if it must stand aside until then.
    #[must_use]
    pub(crate) fn spend(&mut self, time: Ps) -> bool {
        if self.processors[self.here].must_yield {
            self.preempt(self.here, time);
            return true;
        }
        let done = self.now + time;
        match self.events.peek() {
            Some(Reverse((next, ..))) if *next <= done => {
                self.done_at(self.here, done);
                true
            }
            _ => {
                self.now = done;
                false
            }
        }
    }

    /// An access or a look at the counter takes `time`, and the next computation may overlap with it.
    pub(crate) fn latency(&mut self, time: Ps) -> Ps {
        let (thread, most) = (self.thread_here(), self.machine.costs.overlap);
        let hidden = &mut self.threads[thread].hidden;
        *hidden = (*hidden + time).min(most);
        time
    }

    /// A computation takes `time` by itself.
    pub(crate) fn computation(&mut self, time: Ps) -> Ps {
        let thread = self.thread_here();
        time.saturating_sub(std::mem::take(&mut self.threads[thread].hidden))
    }

    fn done_at(&mut self, processor: usize, at: Ps) {
        let this = &mut self.processors[processor];
        this.stamp += 1;
        this.done_at = at;
        let stamp = this.stamp;
        self.at(at, Event::Done { processor, stamp });
    }

    /// How long the running thread's access takes.
    pub(crate) fn access(&mut self, address: usize, access: Access) -> Ps {
        let random = &mut self.random;
        let mut chance = |below| chance(random, below);
        let (machine, now) = (&self.machine, self.now);
        let lines = &mut self.lines;
        let done = lines.access(machine, address, self.here, access, now, &mut chance);
        done - self.now
    }

    fn average(&self, processor: usize) -> i64 {
        let this = &self.processors[processor];
        this.queue.average(this.running, &self.entities)
    }

    /// Writes down for how long the processor's thread has run.
    fn account(&mut self, processor: usize) {
        let this = &mut self.processors[processor];
        if let Some(thread) = this.running {
            let time = self.now.saturating_sub(this.accounted);
            self.threads[thread].ran_for += time;
            self.entities[thread].run(time);
        }
        this.accounted = self.now.max(this.accounted);
    }

    /// Puts a thread into the queue of its processor. True if another processor had to be kicked.
    fn enqueue(&mut self, thread: ThreadId) -> bool {
        let processor = self.threads[thread].processor;
        self.account(processor);
        self.processors[processor].queue.push(thread);
        match self.processors[processor].running {
            Some(running) => {
                self.start_ticks(processor);
                if self.entities[running].slice_is_over() {
                    return self.resched(processor);
                }
            }
            None if !self.processors[processor].awaking => {
                self.processors[processor].awaking = true;
                let idle = self
                    .now
                    .saturating_sub(self.processors[processor].idle_since);
                let exit = self.machine.costs.idle(idle).exit;
                let at = self.now.max(self.processors[processor].idle_since) + self.about(exit);
                self.at(at, Event::Awake { processor });
            }
            None => {}
        }
        false
    }

    /// Another thread's turn on that processor: before its thread's next act if it is this one, at once
    /// if its own timer says so, or else when it hears of it. True if it has to be told.
    fn resched(&mut self, processor: usize) -> bool {
        match self.here {
            here if here == processor => self.processors[processor].must_yield = true,
            TIMER => self.look(processor),
            _ if !self.processors[processor].kicked => {
                self.processors[processor].kicked = true;
                let delay = self.machine.costs.kick.exit;
                self.at(self.now + delay, Event::Kick { processor });
                return true;
            }
            _ => {}
        }
        false
    }

    /// Lets another thread run if the slice is over and one waits. The thread that runs is in the
    /// middle of something.
    fn look(&mut self, processor: usize) {
        self.account(processor);
        let this = &self.processors[processor];
        let over = this
            .running
            .is_some_and(|running| self.entities[running].slice_is_over());
        if over && this.queue.len() > 0 {
            let left = this.done_at.saturating_sub(self.now);
            self.preempt(processor, left);
        }
    }

    /// The processor's thread, which has `left` to do, goes back to the queue.
    fn preempt(&mut self, processor: usize, left: Ps) {
        self.account(processor);
        let this = &mut self.processors[processor];
        this.must_yield = false;
        let thread = this.running.take().expect("a thread runs");
        this.stamp += 1;
        this.queue.push(thread);
        self.threads[thread].left = left;
        self.entities[thread].renew(self.machine.costs.slice);
        self.dispatch(processor, 0);
    }

    fn start_ticks(&mut self, processor: usize) {
        if !self.processors[processor].ticks {
            self.processors[processor].ticks = true;
            let tick = self.machine.costs.tick;
            self.at((self.now / tick + 1) * tick, Event::Tick { processor });
        }
    }

    fn tick(&mut self, processor: usize) {
        self.processors[processor].ticks = false;
        self.account(processor);
        if self.processors[processor].queue.len() == 0 {
            return;
        }
        self.start_ticks(processor);
        self.look(processor);
    }

    /// Begins to run the next thread, in `after` from now at the earliest.
    fn dispatch(&mut self, processor: usize, after: Ps) {
        let mut next = self.processors[processor].queue.take_next(&self.entities);
        if next.is_none() && !self.machine.pinned {
            next = self.pull(processor);
        }
        let Some(thread) = next else {
            self.processors[processor].idle_since = self.now + after;
            return;
        };
        self.counts.switches += 1;
        self.threads[thread].processor = processor;
        self.processors[processor].running = Some(thread);
        self.processors[processor].accounted = self.now;
        let left = std::mem::take(&mut self.threads[thread].left);
        let starts = self.now + after + self.about(self.machine.costs.switch);
        self.done_at(processor, starts + left);
        if self.processors[processor].queue.len() > 0 {
            self.start_ticks(processor);
        }
    }

    /// A thread that waits for another processor, the one with most of them.
    fn pull(&mut self, processor: usize) -> Option<ThreadId> {
        let waiting = |other: &usize| (self.processors[*other].queue.len(), Reverse(*other));
        let from = (0..self.processors.len()).max_by_key(waiting)?;
        let thread = self.processors[from].queue.take_last()?;
        let (there, here) = (self.average(from), self.average(processor));
        self.entities[thread].sleeps(there);
        self.entities[thread].wakes(here, self.machine.costs.slice, false);
        Some(thread)
    }

    /// The running thread lets others run. True if there are any.
    #[must_use]
    pub(crate) fn yields(&mut self) -> bool {
        let here = self.here;
        if self.processors[here].queue.len() == 0 {
            return false;
        }
        self.account(here);
        let average = self.average(here);
        let thread = self.thread_here();
        self.entities[thread].yields(average, self.machine.costs.slice);
        self.preempt(here, 0);
        true
    }
}

/// A number below `below`, by Marsaglia's xorshift, of which the upper half is used.
fn chance(random: &mut u64, below: Ps) -> Ps {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    (*random >> 32) % below.max(1)
}
