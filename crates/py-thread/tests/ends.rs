#![cfg(all(unix, not(miri)))]
//! How a worker ends its job after a panic, and itself after a fork.

mod support;

use py_thread::WorkerCache;
use std::panic::panic_any;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;
use support::one_at_a_time;

const LONG: Duration = Duration::from_secs(60);

/// The payload's drop runs on the worker, since no handle is left, and waits for a job of its own.
#[test]
fn a_worker_is_not_listed_before_it_has_dropped_a_panic() {
    static CACHE: WorkerCache = WorkerCache::new(1);
    struct Starts(Sender<bool>);
    impl Drop for Starts {
        fn drop(&mut self) {
            let outcome = CACHE.start(|| ()).unwrap().join_timeout(Some(LONG / 2));
            self.0.send(outcome.unwrap().is_some()).unwrap();
        }
    }
    let _turn = one_at_a_time();
    let ((tx, rx), (go, wait)) = (channel(), channel::<()>());
    let job = move || {
        wait.recv().unwrap();
        panic_any(Starts(tx));
    };
    CACHE.start(job).unwrap().detach();
    go.send(()).unwrap();
    assert!(rx.recv_timeout(LONG).unwrap(), "another worker ran it");
}

/// In the child it is the only thread, so the process ends with it.
#[test]
fn a_worker_that_forked_ends_with_its_job() {
    static CACHE: WorkerCache = WorkerCache::with_linger(4, Duration::MAX);
    let _turn = one_at_a_time();
    let (tx, rx) = channel();
    let job = move || {
        // SAFETY: the child returns from this job and does nothing else.
        let pid = unsafe { libc::fork() };
        match pid {
            // SAFETY: the alarm ends a child that stays.
            0 => drop(unsafe { libc::alarm(20) }),
            _ => tx.send(pid).unwrap(),
        }
    };
    CACHE.start(job).unwrap().join().unwrap();
    let (pid, mut status) = (rx.recv().unwrap(), 0);
    // SAFETY: our child.
    assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
    assert!(libc::WIFEXITED(status), "it stayed: status {status:#x}");
    assert_eq!(libc::WEXITSTATUS(status), 0);
}
