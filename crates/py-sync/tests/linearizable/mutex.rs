//! [`py_sync::Mutex`], with tries and times.

use crate::record::{Recorder, assert_found, assert_linearizable};
use crate::search::Spec;
use py_sync::{LockFlags, LockStatus, Mutex};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Locked(bool);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Lock,
    Try(bool),
    Timed(bool),
    Unlock,
    TryUnlock(bool),
    IsLocked(bool),
}

impl Spec for Locked {
    type Op = Op;

    fn step(&self, _: usize, op: Op) -> Option<Locked> {
        let (before, after) = match op {
            Op::Lock | Op::Try(true) | Op::Timed(true) => (false, true),
            // A try and a timed call fail on a lock that is held, and on no other.
            Op::Try(false) | Op::Timed(false) => (true, true),
            Op::Unlock | Op::TryUnlock(true) => (true, false),
            Op::TryUnlock(false) => (false, false),
            Op::IsLocked(is) => (is, is),
        };
        (self.0 == before).then_some(Locked(after))
    }
}

trait Subject: Sync + Default {
    fn mutex(&self) -> &Mutex;

    fn lock(&self) {
        self.mutex().lock();
    }

    fn try_lock(&self) -> bool {
        self.mutex().try_lock()
    }

    fn lock_timed(&self, timeout: Duration) -> bool {
        self.mutex().lock_timed(Some(timeout), LockFlags::DETACH) == LockStatus::Acquired
    }

    fn unlock(&self) {
        self.mutex().unlock();
    }
}

#[derive(Default)]
struct Real(Mutex);

impl Subject for Real {
    fn mutex(&self) -> &Mutex {
        &self.0
    }
}

/// Its eighth try fails, whatever the lock.
#[derive(Default)]
struct TriesInVain(Mutex, AtomicU32);

impl Subject for TriesInVain {
    fn mutex(&self) -> &Mutex {
        &self.0
    }

    fn try_lock(&self) -> bool {
        self.1.fetch_add(1, Relaxed) % 8 != 7 && self.0.try_lock()
    }
}

/// Takes the end of its time for the lock. It needs threads that meet.
#[derive(Default)]
struct TakesTimeForTheLock(Mutex);

impl Subject for TakesTimeForTheLock {
    fn mutex(&self) -> &Mutex {
        &self.0
    }

    fn lock_timed(&self, timeout: Duration) -> bool {
        let _ = self.0.lock_timed(Some(timeout), LockFlags::DETACH);
        true
    }

    fn unlock(&self) {
        // False if it was never taken.
        let _ = self.0.try_unlock();
    }
}

fn program<L: Subject>(lock: &L, recorder: &mut Recorder<'_, Op>) {
    for _ in 0..4 {
        let held = match recorder.dice(4) {
            0 => {
                recorder.record(|| Op::IsLocked(lock.mutex().is_locked()));
                continue;
            }
            1 => recorder.record(|| Op::Try(lock.try_lock())),
            2 => {
                let timeout = Duration::from_micros(recorder.dice(60));
                recorder.record(|| Op::Timed(lock.lock_timed(timeout)))
            }
            _ => recorder.record(|| {
                lock.lock();
                Op::Lock
            }),
        };
        if matches!(held, Op::Try(false) | Op::Timed(false)) {
            continue;
        }
        recorder.linger();
        if recorder.dice(3) == 0 {
            recorder.record(|| Op::IsLocked(lock.mutex().is_locked()));
        }
        recorder.record(|| {
            lock.unlock();
            Op::Unlock
        });
    }
}

#[test]
fn a_mutex_is_linearizable() {
    assert_linearizable(&Locked(false), Real::default, program);
}

/// Any thread may unlock, and of two that try one does.
#[test]
fn unlocks_of_two_threads_are_linearizable() {
    let program = |lock: &Real, recorder: &mut Recorder<'_, Op>| {
        for _ in 0..4 {
            match recorder.dice(2) {
                0 => recorder.record(|| Op::Try(lock.try_lock())),
                _ => recorder.record(|| Op::TryUnlock(lock.0.try_unlock())),
            };
        }
    };
    assert_linearizable(&Locked(false), Real::default, program);
}

#[test]
#[cfg_attr(miri, ignore = "needs hundreds of histories")]
fn a_try_that_fails_on_a_free_mutex_is_found() {
    assert_found(&Locked(false), TriesInVain::default, program);
}

#[test]
#[cfg_attr(miri, ignore = "needs threads that meet")]
fn a_timeout_that_is_taken_for_the_lock_is_found() {
    assert_found(&Locked(false), TakesTimeForTheLock::default, program);
}
