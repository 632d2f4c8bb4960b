#![cfg(all(any(target_os = "linux", target_os = "android"), not(miri)))]
//! Real signals: they end a sleep, pending calls run, and the wait goes on or stops.

use py_thread::{
    AcquireStatus, EvalBreaker, Events, JoinError, Runtime, Threads, Timeout, acquire_with_retries,
    start,
};
use std::cell::Cell;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

static BREAKER: EvalBreaker = EvalBreaker::new();
/// The one that a test shares with its scheduler.
static SHARED: OnceLock<Arc<EvalBreaker>> = OnceLock::new();

extern "C" fn handler(_signal: libc::c_int) {
    BREAKER.raise(Events::SIGNALS_PENDING);
    if let Some(breaker) = SHARED.get() {
        breaker.raise(Events::SIGNALS_PENDING);
    }
}

/// Installs the handler as CPython does, without SA_RESTART; one test at a time.
fn with_handler() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: a zeroed action is a valid one, and the handler only raises an event.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as extern "C" fn(libc::c_int) as usize;
        assert_eq!(
            libc::sigaction(libc::SIGUSR1, &action, std::ptr::null_mut()),
            0
        );
    }
    BREAKER.clear(Events::ALL);
    turn
}

/// Signals the thread that made it every 20 ms, until dropped: a signal that comes before the wait
/// ends none.
struct Signals {
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Signals {
    fn begin() -> Signals {
        // SAFETY: no preconditions.
        let target = unsafe { libc::pthread_self() };
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            loop {
                std::thread::sleep(Duration::from_millis(20));
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                // SAFETY: the target waits for us before it ends.
                unsafe { libc::pthread_kill(target, libc::SIGUSR1) };
            }
        });
        Signals {
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// Runs the handler of the signal, which may raise.
struct Interpreter {
    handled: Cell<u32>,
    raises: bool,
}

impl Interpreter {
    fn new(raises: bool) -> Interpreter {
        Interpreter {
            handled: Cell::new(0),
            raises,
        }
    }
}

impl Runtime for Interpreter {
    fn detach<R>(&self, wait: impl FnOnce() -> R) -> R {
        wait()
    }
    fn pending(&self) -> ControlFlow<()> {
        if BREAKER.take_of(Events::SIGNALS_PENDING).is_empty() {
            return ControlFlow::Continue(());
        }
        self.handled.set(self.handled.get() + 1);
        if self.raises {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

#[test]
fn an_interrupted_join_runs_pending_calls_and_goes_on() {
    let _turn = with_handler();
    let (tx, rx) = channel::<()>();
    let handle = start(move || {
        let _ = rx.recv();
    });
    let handle = handle.unwrap();
    let interpreter = Interpreter::new(false);
    let signals = Signals::begin();
    let begin = Instant::now();
    let total = Duration::from_millis(150);
    let outcome = handle
        .join_with(Timeout::from(total), &interpreter)
        .unwrap();
    assert!(outcome.is_none());
    assert!(begin.elapsed() >= total, "with the time that is left");
    assert!(interpreter.handled.get() >= 1);
    drop(signals);
    drop(tx);
    handle.join().unwrap();
}

#[test]
fn a_handler_that_raises_ends_the_join_at_once() {
    let _turn = with_handler();
    let (tx, rx) = channel::<()>();
    let handle = start(move || {
        let _ = rx.recv();
    });
    let handle = handle.unwrap();
    let signals = Signals::begin();
    let result = handle.join_with(Timeout::FOREVER, &Interpreter::new(true));
    assert!(matches!(result, Err(JoinError::Interrupted)));
    drop(signals);
    drop(tx);
    assert!(
        handle.join().unwrap().is_returned(),
        "it can be joined later"
    );
}

/// The panic is the joiner's; the thread and its handle know nothing of it.
#[test]
fn a_hook_that_panics_in_a_join_leaves_the_handle_as_it_was() {
    struct Panics {
        in_detach: bool,
    }
    impl Runtime for Panics {
        fn detach<R>(&self, wait: impl FnOnce() -> R) -> R {
            assert!(!self.in_detach, "planned");
            let result = wait();
            // A panic after the wait, as of a runtime that cannot attach again.
            assert!(BREAKER.take().is_empty(), "planned");
            result
        }
        fn pending(&self) -> ControlFlow<()> {
            panic!("planned")
        }
    }
    let _turn = with_handler();
    for in_detach in [true, false] {
        let (tx, rx) = channel::<()>();
        let handle = start(move || {
            let _ = rx.recv();
        });
        let handle = handle.unwrap();
        let signals = Signals::begin();
        let join = || {
            handle
                .join_with(Timeout::FOREVER, &Panics { in_detach })
                .is_ok()
        };
        let join = std::panic::AssertUnwindSafe(join);
        assert!(std::panic::catch_unwind(join).is_err());
        drop(signals);
        BREAKER.clear(Events::ALL);
        let still = handle.join_timeout(Some(Duration::from_millis(1)));
        assert!(still.unwrap().is_none());
        drop(tx);
        assert!(handle.join().unwrap().is_returned());
    }
}

#[test]
fn an_interrupted_shutdown_stops_waiting() {
    let _turn = with_handler();
    let threads = Threads::new();
    let (tx, rx) = channel::<()>();
    let handle = threads.start(move || {
        let _ = rx.recv();
    });
    let signals = Signals::begin();
    let result = threads.shutdown(&Interpreter::new(true));
    assert!(matches!(result, Err(JoinError::Interrupted)));
    drop(signals);
    drop(tx);
    threads.shutdown(&()).unwrap();
    assert!(handle.unwrap().is_done());
}

#[test]
fn a_join_without_a_runtime_outlasts_signals() {
    let _turn = with_handler();
    let handle = start(|| std::thread::sleep(Duration::from_millis(100))).unwrap();
    let signals = Signals::begin();
    assert!(handle.join().unwrap().is_returned());
    drop(signals);
    assert_eq!(BREAKER.take(), Events::SIGNALS_PENDING);
}

/// A wait that a signal ends, as a semaphore's.
fn nap(left: Timeout) -> AcquireStatus {
    let left = left.as_duration().expect("timed");
    let mut time = libc::timespec {
        tv_sec: libc::time_t::try_from(left.as_secs()).unwrap(),
        tv_nsec: left.subsec_nanos() as _,
    };
    // SAFETY: both times are ours.
    match unsafe { libc::nanosleep(&time, &mut time) } {
        0 => AcquireStatus::Failure,
        _ => AcquireStatus::Intr,
    }
}

/// As CPython's: 200 ms with harmless signals fail after 200 ms; a handler that raises ends it.
#[test]
fn the_retry_loop_keeps_cpython_s_times() {
    let _turn = with_handler();
    for (raises, status, least, most) in [
        (false, AcquireStatus::Failure, 200, 5000),
        (true, AcquireStatus::Intr, 20, 5000),
    ] {
        let signals = Signals::begin();
        let begin = Instant::now();
        let timeout = Timeout::from(Duration::from_millis(200));
        let interpreter = Interpreter::new(raises);
        let got = acquire_with_retries(timeout, &interpreter, || false, nap);
        let took = begin.elapsed().as_millis();
        drop(signals);
        assert_eq!(got, status);
        assert!((least..=most).contains(&took), "{took} ms");
    }
}

/// The handler raises the breaker and notifies no inbox: the signal itself ends the sleep.
#[cfg(feature = "micro")]
#[test]
fn a_signal_ends_the_sleep_of_a_mixed_population() {
    use py_thread::micro::{Mixed, Scheduler, Stop, Task, block};
    let _turn = with_handler();
    let breaker = SHARED.get_or_init(Arc::default);
    let (open, gate) = channel::<()>();
    let mut jobs = Scheduler::new();
    jobs.spawn(Task::new(async move {
        block(move || gate.recv().unwrap()).await.unwrap();
    }));
    let mut mixed = Mixed::new();
    mixed.add(jobs);
    mixed.add(Scheduler::<Task<()>>::with_breaker(Arc::clone(breaker)));
    let signals = Signals::begin();
    let stop = mixed.run();
    drop(signals);
    assert_eq!(stop, Stop::Raised(Events::SIGNALS_PENDING, None));
    breaker.clear(Events::ALL);
    open.send(()).unwrap();
    assert!(mixed.run().is_finished());
}
