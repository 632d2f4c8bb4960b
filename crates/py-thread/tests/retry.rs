//! The retry loop: which attempts it makes, with which time, and what ends it.

use py_thread::{AcquireStatus, Runtime, Timeout, acquire_across_signals, acquire_with_retries};
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

/// From the shortest timeout to the longest that a clock can count: the wait gets each unchanged.
#[test]
fn any_timeout_but_zero_waits_for_that_long() {
    for nanos in [1, 1_000, i64::MAX] {
        let timeout = Timeout::from_nanos(nanos);
        let told = Cell::new(None);
        let wait = |left| {
            told.set(Some(left));
            AcquireStatus::Failure
        };
        let status = acquire_with_retries(timeout, &(), || false, wait);
        assert_eq!(
            (status, told.get()),
            (AcquireStatus::Failure, Some(timeout))
        );
    }
    // A signal ends the shortest; the longest goes on with hardly less.
    let signals = |nanos, times: u32| {
        let (waits, last) = (Cell::new(0), Cell::new(None));
        let wait = |left| {
            last.set(Some(left));
            waits.set(waits.get() + 1);
            std::thread::sleep(Duration::from_micros(10));
            match waits.get() < times {
                true => AcquireStatus::Intr,
                false => AcquireStatus::Acquired,
            }
        };
        let status = acquire_with_retries(Timeout::from_nanos(nanos), &(), || false, wait);
        (status, waits.get(), last.get().unwrap())
    };
    let (status, waits, _) = signals(1, 3);
    assert_eq!((status, waits), (AcquireStatus::Failure, 1));
    let (status, waits, left) = signals(i64::MAX, 3);
    assert_eq!((status, waits), (AcquireStatus::Acquired, 3));
    assert!(left > Timeout::from_nanos(i64::MAX / 2));
}

/// Whichever of the four callbacks panics, the panic is the caller's, and nothing goes on.
#[rstest::rstest]
#[case("try_acquire", 0)]
#[case("wait", 1)]
#[case("detach", 0)]
#[case("pending", 1)]
fn a_panic_in_a_callback_ends_the_loop(#[case] whose: &'static str, #[case] waits: u32) {
    struct Panics(&'static str);
    impl Runtime for Panics {
        fn detach<R>(&self, wait: impl FnOnce() -> R) -> R {
            assert!(self.0 != "detach", "{}", self.0);
            wait()
        }
        fn pending(&self) -> ControlFlow<()> {
            assert!(self.0 != "pending", "{}", self.0);
            ControlFlow::Continue(())
        }
    }
    let count = Cell::new(0);
    let acquire = || {
        let try_acquire = || {
            assert!(whose != "try_acquire", "{whose}");
            false
        };
        let wait = |_| {
            count.set(count.get() + 1);
            assert!(whose != "wait", "{whose}");
            AcquireStatus::Intr
        };
        acquire_with_retries(Timeout::FOREVER, &Panics(whose), try_acquire, wait)
    };
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(acquire)).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().unwrap(), whose);
    assert_eq!(count.get(), waits);
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

#[rstest::rstest]
#[case(AcquireStatus::Acquired, Ok(true))]
#[case(AcquireStatus::Failure, Ok(false))]
fn the_loop_alone_checks_after_each_signal(
    #[case] last: AcquireStatus,
    #[case] result: Result<bool, &'static str>,
    #[values(0, 1, 3)] signals: u32,
) {
    let (attempts, checks) = (Cell::new(0), Cell::new(0));
    let attempt = || {
        assert_eq!(
            checks.get(),
            attempts.get(),
            "checked before it waits again"
        );
        attempts.set(attempts.get() + 1);
        match attempts.get() > signals {
            true => last,
            false => AcquireStatus::Intr,
        }
    };
    let check = || {
        checks.set(checks.get() + 1);
        Ok::<(), &'static str>(())
    };
    assert_eq!(acquire_across_signals(attempt, check), result);
    assert_eq!((attempts.get(), checks.get()), (signals + 1, signals));
}

#[test]
fn what_a_handler_raised_ends_the_loop_and_is_passed_on() {
    let attempts = Cell::new(0);
    let attempt = || {
        attempts.set(attempts.get() + 1);
        AcquireStatus::Intr
    };
    let check = || match attempts.get() {
        2 => Err("KeyboardInterrupt"),
        _ => Ok(()),
    };
    assert_eq!(
        acquire_across_signals(attempt, check),
        Err("KeyboardInterrupt")
    );
    assert_eq!(attempts.get(), 2);
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
