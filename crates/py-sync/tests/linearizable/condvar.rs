//! [`py_sync::typed::Condvar`]. A wait has parts: it lets the mutex go and is a waiter, at once; it has
//! been woken, or its time is up and it is no waiter any more; it has the mutex again.

use crate::record::{Recorder, assert_found, assert_linearizable};
use crate::search::Spec;
use py_sync::typed::{Condvar, Mutex, MutexGuard};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

/// Waiters that nobody has woken, and those that were and have not come back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    locked: bool,
    waiting: usize,
    woken: usize,
}

const START: State = State {
    locked: false,
    waiting: 0,
    woken: 0,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Lock,
    Unlock,
    BeginWait,
    /// It has been woken and has the mutex.
    Woken,
    TimeIsUp,
    /// It was not woken and has the mutex.
    TimedOut,
    NotifyOne(bool),
    NotifyAll(usize),
}

impl Spec for State {
    type Op = Op;

    fn step(&self, _: usize, op: Op) -> Option<State> {
        let State {
            locked,
            waiting,
            woken,
        } = *self;
        let state = |locked, waiting, woken| State {
            locked,
            waiting,
            woken,
        };
        let (may, after) = match op {
            Op::Lock => (!locked, state(true, waiting, woken)),
            Op::Unlock => (locked, state(false, waiting, woken)),
            Op::BeginWait => (locked, state(false, waiting + 1, woken)),
            Op::Woken => (
                !locked && woken > 0,
                state(true, waiting, woken.wrapping_sub(1)),
            ),
            Op::TimeIsUp => (waiting > 0, state(locked, waiting.wrapping_sub(1), woken)),
            Op::TimedOut => (!locked, state(true, waiting, woken)),
            Op::NotifyOne(true) => (
                waiting > 0,
                state(locked, waiting.wrapping_sub(1), woken + 1),
            ),
            Op::NotifyOne(false) => (waiting == 0, self.clone()),
            Op::NotifyAll(n) => (waiting == n, state(locked, 0, woken + n)),
        };
        may.then_some(after)
    }
}

trait Subject: Sync + Default {
    fn parts(&self) -> (&Mutex<()>, &Condvar);

    fn notify_one(&self) -> bool {
        self.parts().1.notify_one()
    }
}

#[derive(Default)]
struct Real(Mutex<()>, Condvar);

impl Subject for Real {
    fn parts(&self) -> (&Mutex<()>, &Condvar) {
        (&self.0, &self.1)
    }
}

/// Loses its fourth wake-up, and says that it woke somebody.
#[derive(Default)]
struct LosesWakes(Real, AtomicU32);

impl Subject for LosesWakes {
    fn parts(&self) -> (&Mutex<()>, &Condvar) {
        self.0.parts()
    }

    fn notify_one(&self) -> bool {
        self.1.fetch_add(1, Relaxed) % 4 == 3 || self.0.notify_one()
    }
}

fn program<L: Subject>(subject: &L, recorder: &mut Recorder<'_, Op>) {
    let (mutex, condvar) = subject.parts();
    for _ in 0..4 {
        match recorder.dice(4) {
            0 => {
                recorder.record(|| Op::NotifyOne(subject.notify_one()));
            }
            1 => {
                recorder.record(|| Op::NotifyAll(condvar.notify_all()));
            }
            _ => wait(subject, recorder, (mutex, condvar)),
        }
    }
}

fn wait<L: Subject>(
    subject: &L,
    recorder: &mut Recorder<'_, Op>,
    (mutex, condvar): (&Mutex<()>, &Condvar),
) {
    let mut guard: Option<MutexGuard<'_, ()>> = None;
    recorder.record(|| {
        guard = Some(mutex.lock());
        Op::Lock
    });
    let mut guard = guard.expect("locked just now");
    if recorder.dice(4) == 0 {
        recorder.record(|| Op::NotifyOne(subject.notify_one()));
    }
    let soon = Duration::from_micros(recorder.dice(200));
    let mut timed_out = false;
    recorder.record(|| {
        timed_out = condvar.wait_for(&mut guard, soon).timed_out();
        Op::BeginWait
    });
    if timed_out {
        recorder.second_part(Op::TimeIsUp);
        recorder.second_part(Op::TimedOut);
    } else {
        recorder.second_part(Op::Woken);
    }
    recorder.record(|| {
        drop(guard);
        Op::Unlock
    });
}

#[test]
fn a_condition_variable_is_linearizable() {
    assert_linearizable(&START, Real::default, program);
}

#[test]
fn a_wake_that_is_lost_is_found() {
    assert_found(&START, LosesWakes::default, program);
}
