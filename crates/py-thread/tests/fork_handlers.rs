#![cfg(all(unix, not(miri)))]
//! A program's own fork handlers, beside ours: in the child they may start threads, join them, and
//! leave them running, whenever they were registered.
//!
//! One test: handlers belong to the process, and cannot be taken back.

use py_thread::{Builder, Handle, State, WorkerCache, start};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

const FORKS: u32 = 100;

static STARTED: Mutex<Vec<Handle>> = Mutex::new(Vec::new());
static RELEASE: AtomicBool = AtomicBool::new(false);
static JOINED: AtomicU32 = AtomicU32::new(0);
static CACHE: WorkerCache = WorkerCache::new(2);

/// Starts a thread that lives until `RELEASE`, a job, and a thread that it joins.
fn start_some() {
    let stay = || {
        while !RELEASE.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_micros(100));
        }
    };
    let mut started = STARTED.lock().unwrap();
    started.push(start(stay).unwrap());
    started.push(CACHE.start_with(Builder::new(), stay).unwrap());
    if start(|| ()).unwrap().join().unwrap().is_returned() {
        JOINED.fetch_add(1, Ordering::Relaxed);
    }
}

/// Registered by the test, after ours.
extern "C" fn late() {
    start_some();
}

/// Registered before ours, as by a program that loads this crate with `dlopen`.
#[cfg(target_os = "linux")]
mod early {
    use super::*;

    extern "C" fn early() {
        // SAFETY: the child's only thread, within its `fork`.
        unsafe { py_thread::after_fork() };
        start_some();
    }

    extern "C" fn register() {
        // SAFETY: registers a handler that does what one may.
        unsafe { libc::pthread_atfork(None, None, Some(early)) };
    }

    #[used]
    #[unsafe(link_section = ".init_array.00100")]
    static BEFORE_OURS: extern "C" fn() = register;
}

/// How many handlers start threads in the child.
const HANDLERS: usize = if cfg!(target_os = "linux") { 2 } else { 1 };

fn child() -> bool {
    let started = STARTED.lock().unwrap();
    let alive = started.len() == 2 * HANDLERS
        && JOINED.load(Ordering::Relaxed) as usize == HANDLERS
        && started.iter().all(|h| {
            h.state() == State::Running
                && !h.is_done()
                && h.join_timeout(Some(Duration::from_micros(50)))
                    .is_ok_and(|o| o.is_none())
        });
    RELEASE.store(true, Ordering::Relaxed);
    alive
        && started.iter().all(|h| {
            h.join().is_ok_and(|o| o.is_returned()) && h.is_done() && h.state() == State::Done
        })
}

#[test]
fn a_handler_of_the_program_s_own_may_start_threads_and_join() {
    // SAFETY: the handler does what a fork handler may do.
    assert_eq!(unsafe { libc::pthread_atfork(None, None, Some(late)) }, 0);
    // The process's first thread comes after the handler.
    start(|| ()).unwrap().join().unwrap();
    for _ in 0..FORKS {
        // SAFETY: the child runs `child` and leaves.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            // SAFETY: ends the process if it hangs, and at its end.
            unsafe {
                libc::alarm(30);
                libc::_exit(i32::from(!child()))
            };
        }
        let mut status = 0;
        // SAFETY: our child.
        assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
        assert_eq!(status, 0, "the child hung, or says no");
    }
}

#[test]
fn init_may_be_called_in_any_handler() {
    extern "C" fn handler() {
        py_thread::init();
    }
    // SAFETY: `init` does nothing there, where we registered before `main`.
    let rc = unsafe { libc::pthread_atfork(Some(handler), Some(handler), Some(handler)) };
    assert_eq!(rc, 0);
    // SAFETY: the child ends at once.
    match unsafe { libc::fork() } {
        // SAFETY: ends the child.
        0 => unsafe { libc::_exit(0) },
        pid => {
            let mut status = 1;
            // SAFETY: our child.
            unsafe { libc::waitpid(pid, &mut status, 0) };
            assert_eq!(status, 0);
        }
    }
}
