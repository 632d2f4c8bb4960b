#![cfg(all(target_os = "linux", not(miri)))]
//! Starts that fail, one test after another.

mod support;

use py_thread::{Builder, Handle, StartError, State, Threads, WorkerCache};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use support::{forked, limit_address_space, one_at_a_time};

#[test]
fn a_stack_of_a_terabyte_is_refused_at_the_start() {
    let _turn = one_at_a_time();
    let overcommit = std::fs::read_to_string("/proc/sys/vm/overcommit_memory").unwrap();
    let handle = Handle::unstarted();
    let result = handle.start(Builder::new().stack_size(1 << 40), || ());
    if overcommit.trim() == "1" {
        drop(handle.join());
        return;
    }
    let error = result.unwrap_err();
    assert!(matches!(error, StartError::Os(_)), "{error:?}");
    assert_eq!(error.to_string(), "can't start new thread");
    // As in CPython: after a failed start the handle is done, and a join returns at once.
    assert_eq!(handle.state(), State::Done);
    assert!(handle.is_done() && handle.ident().is_none());
    assert!(handle.join().unwrap().is_returned());
    let again = handle.start(Builder::new(), || ());
    assert!(matches!(again, Err(StartError::AlreadyStarted)));
}

static THREADS: Threads = Threads::new();
static CACHE: WorkerCache = WorkerCache::new(64);

type Job = Box<dyn FnOnce() + Send>;

/// Starts threads that wait, in a child whose address space ends soon, until one cannot be started;
/// then what it captured is dropped, the others go on, and there is room again. The step that
/// failed, or 0.
fn run_out_of_address_space(start: fn(Job) -> Result<Handle, StartError>) -> i32 {
    limit_address_space(64 << 20);
    let (tx, rx) = channel::<()>();
    let rx = Arc::new(Mutex::new(rx));
    let mut handles = Vec::new();
    let error = loop {
        let rx = Arc::clone(&rx);
        let wait = move || {
            let _ = rx.lock().unwrap().recv();
        };
        match start(Box::new(wait)) {
            Ok(handle) => handles.push(handle),
            Err(error) => break error,
        }
        if handles.len() > 1000 {
            return 2;
        }
    };
    if !matches!(error, StartError::Os(_)) || handles.is_empty() {
        return 3;
    }
    if Arc::strong_count(&rx) != handles.len() + 1 {
        return 4;
    }
    drop(tx);
    for handle in handles {
        if !handle.join().is_ok_and(|o| o.is_returned()) {
            return 5;
        }
    }
    i32::from(!start(Box::new(|| ())).is_ok_and(|h| h.join().is_ok()))
}

/// As under `ulimit -v`; std's threads would panic here.
#[rstest::rstest]
#[case::plain(|job| py_thread::start(job))]
#[case::of_a_registry(|job| THREADS.start(job))]
#[case::cached(|job| CACHE.start(job))]
fn a_start_without_address_space_is_an_error(#[case] start: fn(Job) -> Result<Handle, StartError>) {
    let _turn = one_at_a_time();
    let code = forked(|| match run_out_of_address_space(start) {
        // Who failed to start is in no registry.
        0 if THREADS.count() > 0 || THREADS.shutdown(&()).is_err() => 6,
        code => code,
    });
    assert_eq!(code, 0, "the number of the check");
}
