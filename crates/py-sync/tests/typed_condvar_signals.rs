//! Real signals to a thread that waits for a typed condition variable, in a process without a runtime.
#![cfg(all(unix, not(miri), feature = "typed"))]

mod support;

use py_sync::typed::{Condvar, DetachingRawMutex, Mutex, MutexGuard, RawReentrantMutex, lock_api};
use py_sync::{Interrupted, LockStatus, signal_arrived};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

static PENDING: AtomicUsize = AtomicUsize::new(0);

extern "C" fn handler(_: libc::c_int) {
    PENDING.fetch_add(1, SeqCst);
}

const LONG: Duration = Duration::from_secs(600);

#[test]
fn a_signal_ends_an_interruptible_wait_with_the_mutex_locked() {
    type Wait = fn(&Condvar, &mut MutexGuard<'_, u32>) -> Result<(), Interrupted>;
    let waits: [Wait; 4] = [
        |condvar, guard| condvar.wait_interruptible(guard),
        |condvar, guard| condvar.wait_interruptible_for(guard, LONG).map(|_| ()),
        |condvar, guard| {
            let until = Instant::now() + LONG;
            condvar.wait_interruptible_until(guard, until).map(|_| ())
        },
        |condvar, guard| {
            let waited = condvar.wait_while_interruptible(guard, |n| *n == 0, Some(LONG));
            waited.map(|_| ())
        },
    ];
    for wait in waits {
        let (m, condvar) = (Mutex::new(0), Condvar::new());
        let waits = || {
            let mut guard = m.lock();
            let result = wait(&condvar, &mut guard);
            assert!(m.is_locked() && m.try_lock().is_none());
            result
        };
        let result = support::under_signals(&PENDING, handler, 0, waits, || false, || ());
        assert_eq!(result, Err(Interrupted));
        assert!(!m.is_locked());
        assert_eq!(condvar.notify_all(), 0, "nobody is left in the queue");
    }
}

#[test]
fn an_interruptible_wait_ends_by_notification_and_by_time_too() {
    let (m, condvar) = (Mutex::new(false), Condvar::new());
    let timeout = Duration::from_millis(5);
    let start = Instant::now();
    let result = condvar.wait_interruptible_for(&mut m.lock(), timeout);
    assert!(result.unwrap().timed_out() && start.elapsed() >= timeout);
    let waited = condvar.wait_while_interruptible(&mut m.lock(), |ready| !*ready, Some(timeout));
    assert_eq!(waited, Ok(false));
    let nothing = Duration::ZERO;
    let result = condvar.wait_interruptible_for(&mut m.lock(), nothing);
    assert!(result.unwrap().timed_out());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            *m.lock() = true;
            condvar.notify_one();
        });
        let mut guard = m.lock();
        while !*guard {
            assert_eq!(condvar.wait_interruptible(&mut guard), Ok(()));
        }
    });
}

/// A consumer as RustPython's queue has one, over a mutex that detaches.
#[test]
fn the_check_runs_with_the_mutex_unlocked_and_the_wait_goes_on() {
    type Queue = lock_api::Mutex<DetachingRawMutex, Vec<u32>>;
    let (queue, filled) = (Queue::new(Vec::new()), Condvar::new());
    let checks = AtomicUsize::new(0);
    let check = || {
        assert!(queue.try_lock().is_some(), "a handler may use the queue");
        checks.fetch_add(1, SeqCst);
        Ok::<(), ()>(())
    };
    let get = || {
        let mut guard = queue.lock();
        let filled = filled.wait_while_with_signals(&mut guard, |q| q.is_empty(), None, check);
        (filled, guard.pop())
    };
    let put = || {
        queue.lock().push(7);
        filled.notify_one();
    };
    let got = support::under_signals(&PENDING, handler, 0, get, || checks.load(SeqCst) >= 3, put);
    assert_eq!(got, (Ok(true), Some(7)));
}

#[test]
fn the_check_ends_the_wait() {
    let (queue, filled) = (Mutex::new(Vec::<u32>::new()), Condvar::new());
    let mut checks = 0;
    let check = || {
        checks += 1;
        if checks == 3 { Err("raised") } else { Ok(()) }
    };
    let get = || {
        let mut guard = queue.lock();
        filled.wait_while_with_signals(&mut guard, |q| q.is_empty(), Some(LONG), check)
    };
    assert_eq!(
        support::under_signals(&PENDING, handler, 0, get, || false, || ()),
        Err("raised")
    );
    assert_eq!(checks, 3);

    let timeout = Some(Duration::from_millis(40));
    let get = || {
        let mut guard = queue.lock();
        filled.wait_while_with_signals(&mut guard, |q| q.is_empty(), timeout, || Ok::<(), ()>(()))
    };
    assert_eq!(
        support::under_signals(&PENDING, handler, 0, get, || false, || ()),
        Ok(false)
    );
}

#[test]
fn a_check_that_panics_leaves_the_mutex_locked() {
    let (m, condvar) = (Mutex::new(0), Condvar::new());
    let mut guard = m.lock();
    signal_arrived();
    let panics = || -> Result<(), ()> { panic!("planned") };
    let wait = || condvar.wait_while_with_signals(&mut guard, |n| *n == 0, None, panics);
    assert!(catch_unwind(AssertUnwindSafe(wait)).is_err());
    assert!(m.try_lock().is_none(), "the guard has it");
    *guard += 1;
    drop(guard);
    assert_eq!(*m.lock(), 1);
}

#[test]
fn a_signal_ends_a_wait_for_a_reentrant_mutex() {
    static RLOCK: RawReentrantMutex = RawReentrantMutex::new();
    RLOCK.lock();
    let wait = || {
        let interrupted = RLOCK.lock_interruptible(Some(Instant::now() + LONG));
        (interrupted, RLOCK.is_owned_by_current_thread())
    };
    let status = support::under_signals(&PENDING, handler, 0, wait, || false, || ());
    assert_eq!(status, (LockStatus::Intr, false));
    let mut checks = 0;
    let check = || {
        checks += 1;
        if checks == 2 { Err("raised") } else { Ok(()) }
    };
    let wait = || RLOCK.lock_with_signals(None, check);
    assert_eq!(
        support::under_signals(&PENDING, handler, 0, wait, || false, || ()),
        Err("raised")
    );
    // The holder's own lock needs no waiting, and no signal ends it.
    signal_arrived();
    assert_eq!(RLOCK.lock_interruptible(None), LockStatus::Acquired);
    assert_eq!(RLOCK.lock_with_signals(None, || Err("no")), Ok(true));
    assert_eq!(RLOCK.unlock_all().get(), 3);
}
