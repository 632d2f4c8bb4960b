//! A real signal to a waiting thread, and a toy runtime that stops on it.
#![cfg(all(unix, not(miri)))]

use core::ops::ControlFlow;
use py_sync::{AlreadyInstalled, LockFlags, LockStatus, Mutex, ParkStatus, Runtime, install, park};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::time::Duration;

static ATTACHED: AtomicUsize = AtomicUsize::new(0);
static DETACHES: AtomicUsize = AtomicUsize::new(0);
static STOP: AtomicBool = AtomicBool::new(false);
static ASKED: AtomicUsize = AtomicUsize::new(0);

/// Counts who is attached; every thread is, until it sleeps.
struct Toy;

impl Runtime for Toy {
    fn detach(&self) -> bool {
        ATTACHED.fetch_sub(1, SeqCst);
        DETACHES.fetch_add(1, SeqCst);
        true
    }

    fn attach(&self) {
        ATTACHED.fetch_add(1, SeqCst);
    }

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

extern "C" fn handler(_: libc::c_int) {}

fn handle_sigusr1_without_restart() {
    // SAFETY: all zero is a valid sigaction; the handler does nothing, as a handler may.
    unsafe {
        let mut action: libc::sigaction = core::mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        assert_eq!(
            libc::sigaction(libc::SIGUSR1, &raw const action, core::ptr::null_mut()),
            0
        );
    }
}

/// Signals `thread` until `done`: a signal before the sleep ends no sleep.
fn signal_until(thread: libc::pthread_t, done: impl Fn() -> bool) {
    while !done() {
        // SAFETY: the thread has not been joined.
        assert_eq!(unsafe { libc::pthread_kill(thread, libc::SIGUSR1) }, 0);
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// One test, since runtime, handler and counters are the process's.
#[test]
fn a_signal_reaches_the_runtime_of_a_sleeping_thread() {
    handle_sigusr1_without_restart();
    assert_eq!(install(&Toy), Ok(()));
    assert_eq!(install(&Toy), Err(AlreadyInstalled));
    static HELD: Mutex = Mutex::new();
    HELD.lock();

    let (send, receive) = mpsc::channel();
    let waiter = std::thread::spawn(move || {
        // SAFETY: asks who this thread is.
        send.send(unsafe { libc::pthread_self() }).unwrap();
        ATTACHED.fetch_add(1, SeqCst);
        let status = HELD.lock_timed(None, LockFlags::DETACH | LockFlags::HANDLE_SIGNALS);
        ATTACHED.fetch_sub(1, SeqCst);
        status
    });
    let thread = receive.recv().unwrap();
    signal_until(thread, || ASKED.load(SeqCst) >= 3);
    assert!(!waiter.is_finished(), "the runtime said: go on");
    while ATTACHED.load(SeqCst) != 0 {
        std::thread::yield_now();
    }
    STOP.store(true, SeqCst);
    signal_until(thread, || waiter.is_finished());
    assert_eq!(waiter.join().unwrap(), LockStatus::Intr);
    assert_eq!(
        ATTACHED.load(SeqCst),
        0,
        "attached again for the return, as often as detached"
    );
    assert!(DETACHES.load(SeqCst) > 3);

    // Without HANDLE_SIGNALS nobody is asked, and the wait lasts.
    let asked = ASKED.load(SeqCst);
    let (send, receive) = mpsc::channel();
    let deaf = std::thread::spawn(move || {
        // SAFETY: as above.
        send.send(unsafe { libc::pthread_self() }).unwrap();
        HELD.lock_timed(Some(Duration::from_millis(100)), LockFlags::NONE)
    });
    let thread = receive.recv().unwrap();
    signal_until(thread, || deaf.is_finished());
    assert_eq!(deaf.join().unwrap(), LockStatus::Failure);
    assert_eq!(ASKED.load(SeqCst), asked);

    // A direct call of `park` returns `Intr`.
    let (send, receive) = mpsc::channel();
    let parked = std::thread::spawn(move || {
        // SAFETY: as above.
        send.send(unsafe { libc::pthread_self() }).unwrap();
        // SAFETY: the key is the address of a static of this test's.
        unsafe {
            park(
                (&raw const STOP).addr(),
                || true,
                0,
                None,
                LockFlags::HANDLE_SIGNALS,
            )
        }
    });
    let thread = receive.recv().unwrap();
    signal_until(thread, || parked.is_finished());
    assert_eq!(parked.join().unwrap(), ParkStatus::Intr);
    HELD.unlock();
}
