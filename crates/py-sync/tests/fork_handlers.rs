//! A program's own fork handlers, beside ours: they may wait in the parent and in the child, and
//! start threads in the child that wait, whenever they were registered, and also if theirs is the
//! process's first wait.
#![cfg(all(unix, not(miri)))]

mod support;

use py_sync::{Event, LockFlags, LockStatus, Mutex};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;
use support::{in_forked_child, start};

const FORKS: usize = 100;
const SECONDS: Duration = Duration::from_secs(10);
const MS: Duration = Duration::from_millis(1);

static HELD: Mutex = Mutex::new();
static WORK: Event = Event::new();
/// Workers that the child's handlers started, and those that were woken.
static STARTED: AtomicUsize = AtomicUsize::new(0);
static WORKED: AtomicUsize = AtomicUsize::new(0);

/// A wait that times out: with the first of them the lot comes into use.
fn wait_a_little() {
    assert!(!Event::new().wait_timed(Some(Duration::from_micros(10)), false));
}

extern "C" fn waits() {
    wait_a_little();
}

/// Starts a worker that parks, on a lock and on an event, and sees it parked.
fn start_a_worker() {
    STARTED.fetch_add(1, SeqCst);
    HELD.lock();
    start(|| {
        HELD.lock();
        HELD.unlock();
        WORK.wait();
        WORKED.fetch_add(1, SeqCst);
    });
    // Its parked bit.
    // SAFETY: the byte of a static, read as the lock itself does.
    let byte = unsafe { core::sync::atomic::AtomicU8::from_ptr(HELD.as_ptr()) };
    while byte.load(SeqCst) & 2 == 0 {
        std::thread::yield_now();
    }
    std::thread::sleep(MS); // until it sleeps
    HELD.unlock();
    std::thread::sleep(MS); // until it waits for the event
}

extern "C" fn in_child() {
    start_a_worker();
}

/// Registered before ours, as by a program that loads this crate with `dlopen`.
#[cfg(target_os = "linux")]
mod early {
    use super::*;

    extern "C" fn in_child() {
        // SAFETY: the child's only thread, in no call of the lot.
        unsafe { py_sync::after_fork() };
        start_a_worker();
    }

    extern "C" fn register() {
        // SAFETY: registers a handler that does what one may.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    }

    #[used]
    #[unsafe(link_section = ".init_array.00100")]
    static BEFORE_OURS: extern "C" fn() = register;
}

/// Whether the workers that the child's handlers started, `n` of them, are woken and done.
fn all_work(n: usize) -> bool {
    WORK.notify();
    let give_up = std::time::Instant::now() + SECONDS;
    while WORKED.load(SeqCst) < n {
        if std::time::Instant::now() > give_up {
            return false;
        }
        std::thread::sleep(MS / 10);
    }
    STARTED.load(SeqCst) == n
        && HELD.lock_timed(Some(SECONDS), LockFlags::NONE) == LockStatus::Acquired
}

/// One test: handlers belong to the process, and the first wait is the first only once.
#[test]
fn the_program_s_own_handlers_wait_and_start_waiters() {
    let early = usize::from(cfg!(target_os = "linux"));
    // SAFETY: handlers that do what ours allow.
    let rc = unsafe { libc::pthread_atfork(Some(waits), Some(waits), Some(waits)) };
    assert_eq!(rc, 0);
    // The process's first wait is in the handler before this fork.
    in_forked_child(|| all_work(early));
    // SAFETY: as above.
    let rc = unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    assert_eq!(rc, 0);
    for _ in 0..FORKS {
        in_forked_child(|| all_work(early + 1));
    }
    // Beside threads that sleep in the parent, in the same buckets.
    static STAY: Event = Event::new();
    let sleeping: Vec<_> = (0..4).map(|_| std::thread::spawn(|| STAY.wait())).collect();
    for _ in 0..FORKS {
        in_forked_child(|| all_work(early + 1));
    }
    STAY.notify();
    for thread in sleeping {
        thread.join().unwrap();
    }
}
