//! The retry loop: which attempts it makes, with which time, and what ends it.

use py_thread::{AcquireStatus, Runtime, Timeout, acquire_with_retries};
use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// Counts what the loop asks of an interpreter.
#[derive(Default)]
struct Interpreter {
    attached: Cell<bool>,
    pending: Cell<u32>,
    raises_at: Option<u32>,
}

impl Runtime for Interpreter {
    fn detach<R>(&self, wait: impl FnOnce() -> R) -> R {
        self.attached.set(false);
        let result = wait();
        self.attached.set(true);
        result
    }
    fn pending(&self) -> ControlFlow<()> {
        assert!(self.attached.get(), "handlers run attached");
        self.pending.set(self.pending.get() + 1);
        if self.raises_at == Some(self.pending.get()) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

fn never(_: Timeout) -> AcquireStatus {
    panic!("no wait")
}

#[test]
fn a_free_lock_is_taken_without_detaching() {
    for timeout in [Timeout::NOW, Timeout::FOREVER, Timeout::from_nanos(5)] {
        let status = acquire_with_retries(timeout, &(), || true, never);
        assert_eq!(status, AcquireStatus::Acquired);
    }
}

#[test]
fn a_timeout_of_zero_tries_once() {
    let tries = Cell::new(0);
    let busy = || {
        tries.set(tries.get() + 1);
        false
    };
    let status = acquire_with_retries(Timeout::NOW, &(), busy, never);
    assert_eq!((status, tries.get()), (AcquireStatus::Failure, 1));
}

#[test]
fn the_wait_is_detached_and_the_try_is_not() {
    let interpreter = Interpreter::default();
    interpreter.attached.set(true);
    let status = acquire_with_retries(
        Timeout::FOREVER,
        &interpreter,
        || {
            assert!(interpreter.attached.get());
            false
        },
        |timeout| {
            assert!(!interpreter.attached.get());
            assert_eq!(timeout, Timeout::FOREVER);
            AcquireStatus::Acquired
        },
    );
    assert_eq!(status, AcquireStatus::Acquired);
}

#[test]
fn an_interrupted_wait_goes_on_with_the_time_that_is_left() {
    let interpreter = Interpreter::default();
    let waits = RefCell::new(Vec::new());
    let begin = Instant::now();
    let total = Duration::from_millis(40);
    let status = acquire_with_retries(
        Timeout::from(total),
        &interpreter,
        || false,
        |left| {
            waits.borrow_mut().push(left);
            std::thread::sleep(Duration::from_millis(10));
            AcquireStatus::Intr
        },
    );
    assert_eq!(status, AcquireStatus::Failure);
    assert!(begin.elapsed() >= total);
    let waits = waits.into_inner();
    assert_eq!(waits[0], Timeout::from(total));
    assert!(waits.windows(2).all(|w| w[1] < w[0]), "{waits:?}");
    assert_eq!(interpreter.pending.get() as usize, waits.len());
}

#[test]
fn a_handler_that_raises_ends_the_wait() {
    let interpreter = Interpreter {
        raises_at: Some(3),
        ..Interpreter::default()
    };
    let wait = |_| AcquireStatus::Intr;
    let status = acquire_with_retries(Timeout::FOREVER, &interpreter, || false, wait);
    assert_eq!(
        (status, interpreter.pending.get()),
        (AcquireStatus::Intr, 3)
    );
}

#[test]
fn a_lock_that_a_handler_freed_is_taken_without_another_wait() {
    let interpreter = Interpreter::default();
    let waits = Cell::new(0);
    let status = acquire_with_retries(
        Timeout::FOREVER,
        &interpreter,
        || interpreter.pending.get() == 1,
        |_| {
            waits.set(waits.get() + 1);
            AcquireStatus::Intr
        },
    );
    assert_eq!((status, waits.get()), (AcquireStatus::Acquired, 1));
}

#[test]
fn the_statuses_have_c_s_numbers() {
    let numbers = [
        AcquireStatus::Failure,
        AcquireStatus::Acquired,
        AcquireStatus::Intr,
    ];
    assert_eq!(numbers.map(|s| s as u32), [0, 1, 2]);
}
