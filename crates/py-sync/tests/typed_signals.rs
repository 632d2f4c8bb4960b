//! A real signal to a thread that waits in a typed lock, and a runtime that stops on it.
#![cfg(all(unix, not(miri), feature = "typed"))]

mod support;

use core::ops::ControlFlow;
use py_sync::typed::lock_api::RawMutex as _;
use py_sync::typed::{Condvar, DetachingRawMutex, Mutex, RawByteMutex, RawMutex, const_mutex};
use py_sync::{Interrupted, LockStatus, Runtime, install};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::time::{Duration, Instant};

static ASKED: AtomicUsize = AtomicUsize::new(0);
static STOP: AtomicBool = AtomicBool::new(false);

struct Asked;

impl Runtime for Asked {
    fn detach(&self) -> bool {
        true
    }

    fn attach(&self) {}

    fn pending(&self) -> ControlFlow<()> {
        ASKED.fetch_add(1, SeqCst);
        match STOP.load(SeqCst) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    fn world_stopped(&self) -> bool {
        false
    }
}

extern "C" fn handler(_: libc::c_int) {
    py_sync::signal_arrived();
}

fn a_signal_ends_the_wait<const DETACH: bool, const FAIR: bool>(
    raw: &RawByteMutex<DETACH, FAIR>,
    deadline: Option<Instant>,
) {
    STOP.store(false, SeqCst);
    raw.lock();
    std::thread::scope(|scope| {
        let (tell, told) = mpsc::channel();
        let waiter = scope.spawn(move || {
            tell.send(support::this_thread()).unwrap();
            let status = raw.lock_interruptible(deadline);
            // Signals until the end of the test find the thread alive.
            std::thread::sleep(Duration::from_millis(20));
            status
        });
        let thread = told.recv().unwrap();
        let asked = ASKED.load(SeqCst);
        support::send_until(thread, libc::SIGUSR1, || ASKED.load(SeqCst) > asked + 2);
        STOP.store(true, SeqCst);
        let asked = ASKED.load(SeqCst);
        support::send_until(thread, libc::SIGUSR1, || ASKED.load(SeqCst) > asked);
        assert_eq!(waiter.join().unwrap(), LockStatus::Intr);
    });
    assert!(raw.try_unlock(), "still this thread's");
    assert!(raw.try_lock() && raw.try_unlock(), "nobody is left in line");
}

/// The runtime is asked with the mutex unlocked; as long as it says to go on, the wait returns as if
/// notified, and looks again.
fn a_signal_ends_a_wait_for_a_condition() {
    STOP.store(false, SeqCst);
    static QUEUE: Mutex<u32> = const_mutex(0);
    let filled = Condvar::new();
    std::thread::scope(|scope| {
        let (tell, told) = mpsc::channel();
        let filled = &filled;
        let waiter = scope.spawn(move || {
            tell.send(support::this_thread()).unwrap();
            let mut guard = QUEUE.lock();
            let waited = filled.wait_while_interruptible(&mut guard, |n| *n == 0, None);
            drop(guard);
            std::thread::sleep(Duration::from_millis(20));
            waited
        });
        let thread = told.recv().unwrap();
        let asked = ASKED.load(SeqCst);
        support::send_until(thread, libc::SIGUSR1, || ASKED.load(SeqCst) > asked + 2);
        STOP.store(true, SeqCst);
        let asked = ASKED.load(SeqCst);
        support::send_until(thread, libc::SIGUSR1, || ASKED.load(SeqCst) > asked);
        assert_eq!(waiter.join().unwrap(), Err(Interrupted));
    });
    assert_eq!(filled.notify_all(), 0, "nobody is left in the queue");
}

#[test]
fn a_signal_ends_an_interruptible_wait_if_the_runtime_says_so() {
    install(&Asked).unwrap();
    support::handle(libc::SIGUSR1, handler, 0);
    let (plain, detaching) = (RawMutex::INIT, DetachingRawMutex::INIT);
    a_signal_ends_the_wait(&plain, None);
    let deadline = Instant::now() + Duration::from_secs(600);
    a_signal_ends_the_wait(&detaching, Some(deadline));
    a_signal_ends_a_wait_for_a_condition();
}
