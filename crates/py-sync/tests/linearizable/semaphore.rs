//! [`py_sync::Semaphore`].

use crate::record::{Recorder, assert_found, assert_linearizable};
use crate::search::Spec;
use py_sync::{LockFlags, LockStatus, Semaphore};
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Permits(usize);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Acquire,
    Try(bool),
    Timed(bool),
    Release(usize),
    Permits(usize),
}

impl Spec for Permits {
    type Op = Op;

    fn step(&self, _: usize, op: Op) -> Option<Permits> {
        match op {
            Op::Acquire | Op::Try(true) | Op::Timed(true) => self.0.checked_sub(1).map(Permits),
            Op::Try(false) | Op::Timed(false) => (self.0 == 0).then(|| self.clone()),
            Op::Release(more) => Some(Permits(self.0 + more)),
            Op::Permits(are) => (are == self.0).then(|| self.clone()),
        }
    }
}

trait Subject: Sync {
    fn semaphore(&self) -> &Semaphore;

    fn release(&self, permits: usize) {
        self.semaphore().release_many(permits);
    }
}

struct Real(Semaphore);

impl Subject for Real {
    fn semaphore(&self) -> &Semaphore {
        &self.0
    }
}

/// Gives one permit more when it is to give two.
struct GivesTooMany(Semaphore);

impl Subject for GivesTooMany {
    fn semaphore(&self) -> &Semaphore {
        &self.0
    }

    fn release(&self, permits: usize) {
        self.0.release_many(permits + permits / 2);
    }
}

fn program<L: Subject>(lock: &L, recorder: &mut Recorder<'_, Op>) {
    let semaphore = lock.semaphore();
    let mut taken = 0;
    for _ in 0..6 {
        let op = match recorder.dice(5) {
            0 => recorder.record(|| Op::Permits(semaphore.permits())),
            1 => recorder.record(|| Op::Try(semaphore.try_acquire())),
            2 => {
                let timeout = Some(Duration::from_micros(recorder.dice(60)));
                let acquired = LockStatus::Acquired;
                let timed = || semaphore.acquire_timed(timeout, LockFlags::DETACH) == acquired;
                recorder.record(|| Op::Timed(timed()))
            }
            // Who has none may wait: the others give theirs back.
            3 if taken == 0 => recorder.record(|| {
                semaphore.acquire();
                Op::Acquire
            }),
            _ => {
                let gives = std::mem::take(&mut taken);
                recorder.record(|| {
                    lock.release(gives);
                    Op::Release(gives)
                })
            }
        };
        taken += usize::from(matches!(op, Op::Acquire | Op::Try(true) | Op::Timed(true)));
    }
    recorder.record(|| {
        lock.release(taken);
        Op::Release(taken)
    });
}

#[test]
fn a_semaphore_is_linearizable() {
    let make = || Real(Semaphore::new(2));
    assert_linearizable(&Permits(2), make, program);
}

#[test]
fn a_permit_too_many_is_found() {
    let make = || GivesTooMany(Semaphore::new(2));
    assert_found(&Permits(2), make, program);
}
