//! [`py_sync::Event`].

use crate::record::{Recorder, assert_found, assert_linearizable};
use crate::search::Spec;
use py_sync::Event;
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Set(bool);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Notify,
    IsSet(bool),
    Wait,
    Timed(bool),
}

impl Spec for Set {
    type Op = Op;

    fn step(&self, _: usize, op: Op) -> Option<Set> {
        match op {
            Op::Notify => Some(Set(true)),
            Op::Wait => self.0.then(|| self.clone()),
            Op::IsSet(is) | Op::Timed(is) => (is == self.0).then(|| self.clone()),
        }
    }
}

trait Subject: Sync + Default {
    fn event(&self) -> &Event;

    fn wait_timed(&self, timeout: Duration) -> bool {
        self.event().wait_timed(Some(timeout), true)
    }
}

#[derive(Default)]
struct Real(Event);

impl Subject for Real {
    fn event(&self) -> &Event {
        &self.0
    }
}

/// Says that its time was up, however it ended.
#[derive(Default)]
struct AlwaysTimesOut(Event);

impl Subject for AlwaysTimesOut {
    fn event(&self) -> &Event {
        &self.0
    }

    fn wait_timed(&self, timeout: Duration) -> bool {
        self.0.wait_timed(Some(timeout), true);
        false
    }
}

fn program<L: Subject>(lock: &L, recorder: &mut Recorder<'_, Op>) {
    let event = lock.event();
    for turn in 0..4 {
        // One thread sets it, at one time or another, and waits for nobody.
        let sets = recorder.who == 0;
        match recorder.dice(4) {
            0 if sets => recorder.record(|| {
                event.notify();
                Op::Notify
            }),
            1 => recorder.record(|| Op::IsSet(event.is_set())),
            2 if !sets && turn > 0 => recorder.record(|| {
                event.wait();
                Op::Wait
            }),
            _ => {
                let timeout = Duration::from_micros(recorder.dice(60));
                recorder.record(|| Op::Timed(lock.wait_timed(timeout)))
            }
        };
    }
    if recorder.who == 0 {
        recorder.record(|| {
            event.notify();
            Op::Notify
        });
    }
}

#[test]
fn an_event_is_linearizable() {
    assert_linearizable(&Set(false), Real::default, program);
}

#[test]
fn a_timeout_of_an_event_that_was_set_is_found() {
    assert_found(&Set(false), AlwaysTimesOut::default, program);
}
