//! [`py_sync::RecursiveMutex`]: an owner and a level.

use crate::record::{Recorder, assert_found, assert_linearizable};
use crate::search::Spec;
use py_sync::{LockFlags, LockStatus, RecursiveMutex};
use std::time::Duration;

/// The owner, and how often it has locked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Owned(Option<(usize, u32)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Lock,
    Try(bool),
    Timed(bool),
    TryUnlock(bool),
    IsLocked(bool),
    IsMine(bool),
}

impl Spec for Owned {
    type Op = Op;

    fn step(&self, who: usize, op: Op) -> Option<Owned> {
        let mine = self.0.filter(|(owner, _)| *owner == who);
        let theirs = self.0.is_some() && mine.is_none();
        let level = mine.map_or(0, |(_, level)| level);
        let (may, after) = match op {
            Op::Lock | Op::Try(true) | Op::Timed(true) => (!theirs, Some((who, level + 1))),
            Op::Try(false) | Op::Timed(false) => (theirs, self.0),
            Op::TryUnlock(true) => (level > 0, (level > 1).then(|| (who, level - 1))),
            Op::TryUnlock(false) => (level == 0, self.0),
            Op::IsLocked(is) => (is == self.0.is_some(), self.0),
            Op::IsMine(is) => (is == mine.is_some(), self.0),
        };
        may.then_some(Owned(after))
    }
}

trait Subject: Sync + Default {
    fn mutex(&self) -> &RecursiveMutex;

    fn try_unlock(&self) -> bool {
        self.mutex().try_unlock()
    }
}

#[derive(Default)]
struct Real(RecursiveMutex);

impl Subject for Real {
    fn mutex(&self) -> &RecursiveMutex {
        &self.0
    }
}

/// An unlock gives up all levels.
#[derive(Default)]
struct ForgetsLevels(RecursiveMutex);

impl Subject for ForgetsLevels {
    fn mutex(&self) -> &RecursiveMutex {
        &self.0
    }

    fn try_unlock(&self) -> bool {
        let held = self.0.is_locked_by_current_thread();
        while self.0.try_unlock() {}
        held
    }
}

fn program<L: Subject>(lock: &L, recorder: &mut Recorder<'_, Op>) {
    let mutex = lock.mutex();
    let mut level = 0;
    for _ in 0..6 {
        let op = match recorder.dice(6) {
            0 => recorder.record(|| Op::IsLocked(mutex.is_locked())),
            1 => recorder.record(|| Op::IsMine(mutex.is_locked_by_current_thread())),
            2 => recorder.record(|| Op::Try(mutex.try_lock())),
            3 => {
                let timeout = Some(Duration::from_micros(recorder.dice(60)));
                let acquired = LockStatus::Acquired;
                let timed = || mutex.lock_timed(timeout, LockFlags::DETACH) == acquired;
                recorder.record(|| Op::Timed(timed()))
            }
            4 => recorder.record(|| {
                mutex.lock();
                Op::Lock
            }),
            _ => recorder.record(|| Op::TryUnlock(lock.try_unlock())),
        };
        match op {
            Op::Lock | Op::Try(true) | Op::Timed(true) => level += 1,
            Op::TryUnlock(true) => level -= 1,
            _ => {}
        }
    }
    for _ in 0..level {
        recorder.record(|| Op::TryUnlock(lock.try_unlock()));
    }
}

#[test]
fn a_recursive_mutex_is_linearizable() {
    assert_linearizable(&Owned(None), Real::default, program);
}

#[test]
fn an_unlock_of_all_levels_is_found() {
    assert_found(&Owned(None), ForgetsLevels::default, program);
}
