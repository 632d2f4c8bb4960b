//! Every deadlock is found, whichever locks it is made of, and there are no false alarms.
#![cfg(feature = "deadlock")]

mod cycles;
mod no_cycles;
mod released;
mod report;
mod rw;
mod torture;

use py_sync::deadlock::DeadlockedThread;
use py_sync::diagnostics::{self, Kind};
use py_sync::{LockFlags, Mutex, RawMutex, deadlock};
use std::sync::{Mutex as StdMutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

const TICK: Duration = Duration::from_millis(2);

/// What one thread of a cycle waits for.
type Wait = (Kind, usize);

/// What all checks of this process have found. The tests share it: a deadlock is reported once.
static FOUND: StdMutex<Vec<Vec<Wait>>> = StdMutex::new(Vec::new());

/// Runs a check, and returns every deadlock found so far with a lock at one of `addresses`.
fn found_at(addresses: &[usize]) -> Vec<Vec<Wait>> {
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    let new = deadlock::check_deadlock();
    found.extend(new.iter().map(|threads| waits_of(threads)));
    let here = |cycle: &&Vec<Wait>| cycle.iter().any(|(_, at)| addresses.contains(at));
    found.iter().filter(here).cloned().collect()
}

fn waits_of(threads: &[DeadlockedThread]) -> Vec<Wait> {
    let waits = threads.iter().map(DeadlockedThread::waiting);
    waits.map(|wait| (wait.kind, wait.address)).collect()
}

/// Starts a thread that deadlocks with itself at `address`, and returns its report. No other test can run
/// a check meanwhile, so none takes the report.
fn report_of(
    address: usize,
    start: impl FnOnce() -> JoinHandle<()>,
) -> (JoinHandle<()>, DeadlockedThread) {
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    let thread = start();
    loop {
        for mut threads in deadlock::check_deadlock() {
            found.push(waits_of(&threads));
            if threads[0].waiting().address == address {
                return (thread, threads.remove(0));
            }
        }
        thread::sleep(TICK);
    }
}

/// Waits until the cycle is found. Fails if another deadlock with its locks is found.
#[track_caller]
fn find(cycle: &[Wait]) {
    let addresses: Vec<usize> = cycle.iter().map(|&(_, at)| at).collect();
    for _ in 0..30_000 {
        let found = found_at(&addresses);
        if let [found] = &found[..] {
            let turned = |n| cycle.iter().cycle().skip(n).take(cycle.len()).eq(found);
            assert!((0..cycle.len()).any(turned), "{found:?}, not {cycle:?}");
            return;
        }
        assert_eq!(found.len(), 0, "more than {cycle:?}: {found:?}");
        thread::sleep(TICK);
    }
    panic!("{cycle:?} was not found\n{}", diagnostics::snapshot());
}

/// Runs many checks. Fails if one finds a deadlock with any of these locks.
#[track_caller]
fn find_nothing(addresses: &[usize]) {
    for _ in 0..if cfg!(miri) { 3 } else { 20 } {
        let none: Vec<Vec<Wait>> = Vec::new();
        assert_eq!(found_at(addresses), none);
        thread::sleep(TICK);
    }
}

/// Waits until `n` threads are parked at `address`.
fn until_waiting(address: usize, n: usize) {
    while diagnostics::snapshot().of(address).len() != n {
        thread::sleep(TICK);
    }
}

fn at(m: &Mutex) -> usize {
    m.as_ptr().addr()
}

fn on(m: &Mutex) -> Wait {
    (Kind::Mutex, at(m))
}

/// Locks without suspending sections, and without end.
fn lock_attached(m: &Mutex) {
    assert!(m.lock_timed(None, LockFlags::NONE).is_acquired());
}

/// What is given up on behalf of a thread that sleeps, and then by that thread, perhaps in vain.
trait Lock {
    fn lock(&self);
    fn give_up(&self) -> bool;
}

impl Lock for Mutex {
    fn lock(&self) {
        Mutex::lock(self);
    }

    fn give_up(&self) -> bool {
        self.try_unlock()
    }
}

impl Lock for RawMutex {
    fn lock(&self) {
        RawMutex::lock(self);
    }

    fn give_up(&self) -> bool {
        self.try_unlock()
    }
}

fn give_up(lock: &impl Lock) {
    let _ = lock.give_up();
}

/// Locks, and unlocks what others may have unlocked meanwhile.
fn pass(m: &Mutex) {
    m.lock();
    give_up(m);
}

/// Does what ends a deadlock until all its threads have returned.
fn end(threads: Vec<JoinHandle<()>>, unlock: impl Fn()) {
    while threads.iter().any(|thread| !thread.is_finished()) {
        unlock();
        thread::sleep(TICK);
    }
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
}
