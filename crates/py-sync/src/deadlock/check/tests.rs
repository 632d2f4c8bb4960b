//! A simulation of locks and threads, of which snapshots are taken while the threads run: every cycle
//! that two snapshots agree on is a deadlock, and every deadlock is found.
//!
//! The simulation has mutexes and read-write locks with queues, hand-offs, critical sections that a
//! sleeping thread releases, and waits with a timeout. A step of a thread is one change that other
//! threads can see. `snapshot` lets the schedule run threads before each queue and each store that it
//! reads.

use super::graph::{Graph, Needs, Wait};
use crate::held::{Held, Hold};
use crate::parking_lot::Kind;
use crate::rw_mutex::queue::WaitsTo;
use crate::sync::MIRI;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use py_thread::Ident;
use std::collections::VecDeque;

const LOCKS: usize = 4;
/// From here on they are read-write locks.
const FIRST_RW: usize = 2;

/// How a thread takes a lock, and whether that is part of a critical section.
#[derive(Clone, Copy, Debug)]
struct Take {
    lock: usize,
    to: WaitsTo,
    section: bool,
    timed: bool,
}

/// What a thread is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// It runs: next it takes the next lock of its list, or releases one.
    Going,
    /// It has taken the lock; the record is not written yet.
    Took,
    /// It is in the queue, and still has its critical sections.
    Queued,
    Asleep,
    /// It has erased the record of the lock that it is about to release.
    Erased,
}

#[derive(Clone, Debug)]
struct Thread {
    takes: Vec<Take>,
    next: usize,
    has: Vec<Take>,
    at: At,
    wait: u64,
}

#[derive(Clone, Debug, Default)]
struct Lock {
    writer: bool,
    readers: usize,
    queue: VecDeque<(usize, Take)>,
}

#[derive(Clone, Debug)]
struct World {
    threads: Vec<Thread>,
    locks: Vec<Lock>,
    held: Vec<Held>,
    ids: u64,
}

impl World {
    fn new(programs: &[Vec<Take>]) -> World {
        let thread = |takes: &Vec<Take>| Thread {
            takes: takes.clone(),
            next: 0,
            has: Vec::new(),
            at: At::Going,
            wait: 0,
        };
        World {
            threads: programs.iter().map(thread).collect(),
            locks: vec![Lock::default(); LOCKS],
            held: Vec::new(),
            ids: 0,
        }
    }

    fn id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    /// One step of a thread; false if it cannot make one.
    fn step(&mut self, t: usize, hands_over: bool) -> bool {
        match self.threads[t].at {
            At::Going => return self.go(t),
            At::Took => {
                let take = self.threads[t].takes[self.threads[t].next];
                let id = self.id();
                self.held.push(held(t, take, id));
                self.threads[t].has.push(take);
                self.threads[t].next += 1;
                self.threads[t].at = At::Going;
            }
            At::Queued => {
                // Before it sleeps, it releases its critical sections one after the other.
                let sections = self.threads[t].has.iter();
                match sections.clone().rposition(|take| take.section) {
                    Some(i) => {
                        let take = self.threads[t].has.remove(i);
                        self.erase(t, take);
                        self.release(take, hands_over);
                    }
                    None => self.threads[t].at = At::Asleep,
                }
            }
            At::Asleep => return self.give_up_timed(t),
            At::Erased => {
                let take = self.threads[t].has.pop().expect("what it erased");
                self.threads[t].at = At::Going;
                self.release(take, hands_over);
            }
        }
        true
    }

    fn go(&mut self, t: usize) -> bool {
        let thread = &self.threads[t];
        let Some(&take) = thread.takes.get(thread.next) else {
            // Its list is done: it releases its locks, the last first.
            let Some(&take) = thread.has.last() else {
                return false;
            };
            self.erase(t, take);
            self.threads[t].at = At::Erased;
            return true;
        };
        if self.may_have(take) {
            self.give(take);
            self.threads[t].at = At::Took;
            return true;
        }
        self.threads[t].wait = self.id();
        self.locks[take.lock].queue.push_back((t, take));
        self.threads[t].at = At::Queued;
        true
    }

    fn may_have(&self, take: Take) -> bool {
        let lock = &self.locks[take.lock];
        match take.to {
            WaitsTo::Read => !lock.writer && lock.queue.is_empty(),
            _ => !lock.writer && lock.readers == 0,
        }
    }

    fn give(&mut self, take: Take) {
        let lock = &mut self.locks[take.lock];
        match take.to {
            WaitsTo::Read => lock.readers += 1,
            _ => lock.writer = true,
        }
    }

    fn erase(&mut self, t: usize, take: Take) {
        let ours = |held: &Held| held.key == take.lock && held.holder == ident(t);
        let i = self.held.iter().rposition(ours).expect("a record");
        self.held.remove(i);
    }

    fn release(&mut self, take: Take, hands_over: bool) {
        let lock = &mut self.locks[take.lock];
        match take.to {
            WaitsTo::Read => lock.readers -= 1,
            _ => lock.writer = false,
        }
        self.wake(take.lock, hands_over);
    }

    /// Wakes the front of the queue: the first writer, or the readers before one.
    fn wake(&mut self, lock: usize, hands_over: bool) {
        let mut first = true;
        while let Some(&(t, take)) = self.locks[lock].queue.front() {
            let state = &self.locks[lock];
            let free = !state.writer && (take.to == WaitsTo::Read || state.readers == 0);
            if !free || !(first || take.to == WaitsTo::Read) {
                return;
            }
            first = false;
            self.locks[lock].queue.pop_front();
            // A reader always gets the lock by hand-off, so that no writer can barge in.
            if hands_over || take.to == WaitsTo::Read {
                self.give(take);
                self.threads[t].at = At::Took;
            } else {
                self.threads[t].at = At::Going;
                return;
            }
        }
    }

    fn give_up_timed(&mut self, t: usize) -> bool {
        let take = self.threads[t].takes[self.threads[t].next];
        if !take.timed {
            return false;
        }
        self.locks[take.lock].queue.retain(|&(other, _)| other != t);
        self.threads[t].next += 1;
        self.threads[t].at = At::Going;
        // It may have been the only obstacle for those behind it.
        self.wake(take.lock, true);
        true
    }

    /// Runs all threads until none can make a step.
    fn run(&mut self) {
        while (0..self.threads.len()).any(|t| self.step(t, false)) {}
    }

    /// A snapshot, during which threads run as the schedule says.
    fn snapshot(&mut self, schedule: &mut impl Iterator<Item = u8>) -> Graph {
        let mut waits = Vec::new();
        for lock in 0..LOCKS {
            self.disturb(schedule);
            let queue = self.locks[lock].queue.iter();
            waits.extend(queue.map(|&(t, take)| self.wait(t, take)));
        }
        let mut held = Vec::new();
        for lock in 0..LOCKS {
            self.disturb(schedule);
            held.extend(self.held.iter().filter(|held| held.key == lock));
        }
        Graph::new(waits, &held)
    }

    fn disturb(&mut self, schedule: &mut impl Iterator<Item = u8>) {
        let steps = schedule.next().unwrap_or(0) % 4;
        for _ in 0..steps {
            let choice = schedule.next().unwrap_or(0);
            let t = usize::from(choice >> 1) % self.threads.len();
            self.step(t, choice & 1 != 0);
        }
    }

    fn wait(&self, t: usize, take: Take) -> Wait {
        let needs = match take.lock < FIRST_RW {
            true => Needs::Holder(Hold::Exclusive),
            false => Needs::RwMutex(take.to),
        };
        Wait {
            id: self.threads[t].wait,
            kind: Kind::Mutex,
            address: take.lock,
            key: take.lock,
            needs,
            own: ident(t),
            current: ident(t),
            since: 0,
            interruptible: false,
            counts: self.threads[t].at == At::Asleep && !take.timed,
        }
    }

    fn is_stuck(&self, wait: &Wait) -> bool {
        let stuck = |t: usize| ident(t) == wait.own && self.threads[t].wait == wait.id;
        (0..self.threads.len()).any(|t| stuck(t) && self.threads[t].at == At::Asleep)
    }
}

fn ident(t: usize) -> Ident {
    Ident::from_u64(t as u64 + 1).expect("not zero")
}

fn held(t: usize, take: Take, id: u64) -> Held {
    let hold = match take.to {
        WaitsTo::Read => Hold::Shared,
        _ => Hold::Exclusive,
    };
    Held {
        key: take.lock,
        hold,
        holder: ident(t),
        thread: ident(t),
        id,
    }
}

fn takes() -> impl Strategy<Value = Take> {
    let flags = (
        any::<bool>(),
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.15),
    );
    (0..LOCKS, flags).prop_map(|(lock, (read, section, timed))| Take {
        lock,
        to: match read && lock >= FIRST_RW {
            true => WaitsTo::Read,
            false => WaitsTo::Write,
        },
        section: section && lock < FIRST_RW,
        timed,
    })
}

fn programs() -> impl Strategy<Value = Vec<Vec<Take>>> {
    prop::collection::vec(prop::collection::vec(takes(), 1..5), 2..5)
}

fn schedules() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 20..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if MIRI { 20 } else { 4_000 }))]

    #[test]
    fn a_cycle_in_two_snapshots_is_a_deadlock(
        programs in programs(),
        before in schedules(),
        during in schedules(),
    ) {
        let mut world = World::new(&programs);
        let mut before = before.into_iter();
        while before.len() > 0 {
            world.disturb(&mut before);
        }
        let mut during = during.into_iter();
        let first = world.snapshot(&mut during);
        let graph = first.confirmed_by(&world.snapshot(&mut during));
        let cycles = graph.cycles();
        world.run();
        for &wait in cycles.iter().flatten() {
            prop_assert!(world.is_stuck(&graph.waits()[wait]), "{cycles:?} in {graph:?}");
        }
    }

    #[test]
    fn every_deadlock_is_found(programs in programs(), before in schedules()) {
        let mut world = World::new(&programs);
        let mut before = before.into_iter();
        while before.len() > 0 {
            world.disturb(&mut before);
        }
        world.run();
        let none = &mut [].into_iter();
        let first = world.snapshot(none);
        let graph = first.confirmed_by(&world.snapshot(none));
        // Each thread that is stuck is in a cycle, or waits for one that is.
        let stuck = world.threads.iter().any(|thread| thread.at == At::Asleep);
        prop_assert_eq!(!graph.cycles().is_empty(), stuck, "{:?}", graph);
    }
}

/// Why there are two snapshots: in one, threads that make progress may seem to be in a cycle.
#[test]
fn one_snapshot_would_raise_false_alarms() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = (programs(), schedules(), schedules());
    let worlds = if MIRI { 20 } else { 20_000 };
    let false_alarm = (0..worlds).any(|_| {
        let tree = strategy.new_tree(&mut runner).expect("a world");
        let (programs, before, during) = tree.current();
        let mut world = World::new(&programs);
        let mut before = before.into_iter();
        while before.len() > 0 {
            world.disturb(&mut before);
        }
        let graph = world.snapshot(&mut during.into_iter());
        let cycles = graph.cycles();
        world.run();
        let mut found = cycles.iter().flatten();
        found.any(|&wait| !world.is_stuck(&graph.waits()[wait]))
    });
    assert!(false_alarm || MIRI, "no schedule needs the second snapshot");
}
