//! [`py_sync::OnceFlag`]: the initialiser is an operation of its own, with a beginning and an end.

use crate::record::{Recorder, assert_found, assert_linearizable};
use crate::search::Spec;
use py_sync::OnceFlag;
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Once {
    Todo,
    Runs(usize),
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    /// The initialiser of the calling thread begins.
    Begin,
    /// The call of a thread whose initialiser ran, and how that ended.
    Ran(bool),
    /// That of one whose initialiser did not run.
    Found,
    IsDone(bool),
}

impl Spec for Once {
    type Op = Op;

    fn step(&self, who: usize, op: Op) -> Option<Once> {
        match (op, self) {
            (Op::Begin, Once::Todo) => Some(Once::Runs(who)),
            (Op::Ran(true), Once::Runs(runs)) if *runs == who => Some(Once::Done),
            (Op::Ran(false), Once::Runs(runs)) if *runs == who => Some(Once::Todo),
            (Op::Found, Once::Done) => Some(Once::Done),
            (Op::IsDone(is), state) => (is == (*state == Once::Done)).then(|| state.clone()),
            _ => None,
        }
    }
}

trait Subject: Sync + Default {
    fn is_done(&self) -> bool;
    fn call(&self, f: impl FnOnce() -> Result<(), ()>) -> Result<(), ()>;
}

#[derive(Default)]
struct Real(OnceFlag);

impl Subject for Real {
    fn is_done(&self) -> bool {
        self.0.is_done()
    }

    fn call(&self, f: impl FnOnce() -> Result<(), ()>) -> Result<(), ()> {
        self.0.call(f)
    }
}

/// Takes a failure for a success.
#[derive(Default)]
struct ForgetsFailures(AtomicBool, OnceFlag);

impl Subject for ForgetsFailures {
    fn is_done(&self) -> bool {
        self.0.load(SeqCst) || self.1.is_done()
    }

    fn call(&self, f: impl FnOnce() -> Result<(), ()>) -> Result<(), ()> {
        if self.is_done() {
            return Ok(());
        }
        let result = self.1.call(f);
        self.0.store(true, SeqCst);
        result
    }
}

fn program<L: Subject>(once: &L, recorder: &mut Recorder<'_, Op>) {
    for _ in 0..3 {
        if recorder.dice(3) == 0 {
            recorder.record(|| Op::IsDone(once.is_done()));
            continue;
        }
        let succeeds = recorder.dice(3) == 0;
        let ran = Cell::new(false);
        let op = recorder.record(|| {
            let result = once.call(|| {
                ran.set(true);
                std::thread::yield_now();
                succeeds.then_some(()).ok_or(())
            });
            match ran.get() {
                true => Op::Begin,
                false if result.is_ok() => Op::Found,
                // No initialiser of its own, and an error: of none.
                false => Op::Ran(false),
            }
        });
        if op == Op::Begin {
            recorder.second_part(Op::Ran(succeeds));
        }
    }
}

#[test]
fn a_once_flag_is_linearizable() {
    assert_linearizable(&Once::Todo, Real::default, program);
}

#[test]
fn a_failure_that_is_taken_for_a_success_is_found() {
    assert_found(&Once::Todo, ForgetsFailures::default, program);
}
