//! The registry of one interpreter: CPython's ThreadJoinOnShutdown, test__count, and daemons.

use py_thread::{Handle, JoinError, Runtime, StartError, Threads, Timeout, WorkerCache};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

fn blocked(threads: &Threads, daemon: bool) -> (Handle, Sender<()>) {
    let (tx, rx): (_, Receiver<()>) = channel();
    let builder = threads.builder().daemon(daemon);
    (
        builder
            .start(move || {
                let _ = rx.recv();
            })
            .unwrap(),
        tx,
    )
}

fn until(what: &str, condition: impl Fn() -> bool) {
    let late = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < late, "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn the_count_goes_up_and_back() {
    let threads = Threads::new();
    assert_eq!(threads.count(), 0);
    let (a, a_tx) = blocked(&threads, false);
    let (b, b_tx) = blocked(&threads, true);
    assert_eq!(threads.count(), 2);
    drop(a_tx);
    a.join().unwrap();
    assert_eq!(threads.count(), 1);
    drop(b_tx);
    b.join().unwrap();
    assert_eq!(threads.count(), 0);
}

#[test]
fn shutdown_joins_what_is_no_daemon() {
    let threads = Threads::new();
    let done = Arc::new(AtomicU32::new(0));
    let handles: Vec<_> = (0..4)
        .map(|n| {
            let done = Arc::clone(&done);
            let slow = move || {
                std::thread::sleep(Duration::from_millis(n * 5));
                done.fetch_add(1, Ordering::Relaxed);
            };
            threads.start(slow).unwrap()
        })
        .collect();
    let (daemon, tx) = blocked(&threads, true);
    threads.shutdown(&()).unwrap();
    assert_eq!(done.load(Ordering::Relaxed), 4);
    assert!(handles.iter().all(Handle::has_exited));
    assert!(!daemon.has_exited());
    assert!(daemon.is_daemon());
    drop(tx);
    daemon.join().unwrap();
    threads.shutdown(&()).unwrap();
}

#[test]
fn shutdown_waits_for_threads_that_are_started_meanwhile() {
    static THREADS: Threads = Threads::new();
    static RAN: AtomicU32 = AtomicU32::new(0);
    fn chain(left: u32) {
        RAN.fetch_add(1, Ordering::Relaxed);
        if left > 0 {
            std::thread::sleep(Duration::from_millis(1));
            THREADS.start(move || chain(left - 1)).unwrap();
        }
    }
    THREADS.start(|| chain(9)).unwrap();
    THREADS.shutdown(&()).unwrap();
    assert_eq!(RAN.load(Ordering::Relaxed), 10);
    assert_eq!(THREADS.count(), 0);
}

#[test]
fn shutdown_skips_the_thread_that_calls_it() {
    static THREADS: Threads = Threads::new();
    let handle = THREADS.start(|| THREADS.shutdown(&()).unwrap()).unwrap();
    assert!(handle.join().unwrap().is_returned());
}

#[test]
fn two_threads_that_shut_down_wait_for_the_others_only() {
    static THREADS: Threads = Threads::new();
    let (worker, tx) = blocked(&THREADS, false);
    let outside = std::thread::spawn(|| THREADS.shutdown(&()).unwrap());
    drop(tx);
    THREADS.shutdown(&()).unwrap();
    outside.join().unwrap();
    assert!(worker.is_done());
}

#[test]
fn a_thread_that_was_only_marked_done_does_not_hold_up_shutdown() {
    let threads = Threads::new();
    let (handle, tx) = blocked(&threads, false);
    handle.set_done().unwrap();
    threads.shutdown(&()).unwrap();
    assert_eq!(threads.count(), 1, "it runs on");
    drop(tx);
    until("the thread leaves", || threads.count() == 0);
}

/// A runtime whose handlers raise as soon as they are asked.
struct Raises;

impl Runtime for Raises {
    fn detach<R>(&self, wait: impl FnOnce() -> R) -> R {
        wait()
    }
    fn pending(&self) -> ControlFlow<()> {
        ControlFlow::Break(())
    }
}

#[test]
fn after_set_finalizing_nothing_starts() {
    let threads = Threads::new();
    assert!(!threads.is_finalizing());
    threads.set_finalizing();
    assert!(threads.is_finalizing());
    let handle = Handle::unstarted();
    let error = handle.start(threads.builder(), || ()).unwrap_err();
    assert!(matches!(error, StartError::Finalizing));
    assert_eq!(handle.state(), py_thread::State::NotStarted, "not used up");
    let cache = WorkerCache::new(1);
    let cached = cache.start_with(threads.builder(), || ());
    assert!(matches!(cached, Err(StartError::Finalizing)));
    assert_eq!(threads.count(), 0);
    // Another interpreter is none of its business.
    handle.start(Threads::new().builder(), || ()).unwrap();
    handle.join().unwrap();
}

/// gh-87135: a daemon may hang for ever, so a join of one fails instead.
#[test]
fn a_running_thread_cannot_be_joined_during_finalization() {
    let threads = Threads::new();
    let (handle, tx) = blocked(&threads, true);
    let ended = threads.start(|| ()).unwrap();
    until("it ends", || ended.has_exited());
    threads.set_finalizing();
    assert!(matches!(handle.join(), Err(JoinError::Finalizing)));
    let poll = handle.join_timeout(Some(Duration::ZERO));
    assert!(matches!(poll, Err(JoinError::Finalizing)));
    assert!(ended.join().unwrap().is_returned(), "it has ended");
    drop(tx);
    until("it ends", || handle.has_exited());
    assert!(handle.join().unwrap().is_returned());
}

/// What a thread leaves may be dropped by its registry, and that may ask the registry.
#[test]
fn a_payload_may_ask_the_registry_when_it_is_dropped() {
    struct Asks(Arc<Threads>);
    impl Drop for Asks {
        fn drop(&mut self) {
            let _ = self.0.count();
        }
    }
    let threads = Arc::new(Threads::new());
    let (go, gone) = channel();
    let asks = Asks(Arc::clone(&threads));
    let start = threads.start(move || {
        gone.recv().unwrap();
        std::panic::resume_unwind(Box::new(asks));
    });
    drop(start.unwrap());
    go.send(()).unwrap();
    until("it leaves", || threads.count() == 0);
}

/// CPython's finalize_daemon_thread_hang.
#[test]
#[cfg(not(miri))] // Miri cannot leave a thread hanging.
fn a_daemon_that_comes_back_hangs() {
    static THREADS: Threads = Threads::new();
    let (go, wait) = channel::<()>();
    let passed = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&passed);
    let daemon = THREADS.builder().daemon(true).start(move || {
        THREADS.hang_if_finalizing();
        count.fetch_add(1, Ordering::Relaxed);
        let _ = wait.recv();
        THREADS.hang_if_finalizing();
        count.fetch_add(1, Ordering::Relaxed);
    });
    let daemon = daemon.unwrap();
    until("it passed once", || passed.load(Ordering::Relaxed) == 1);
    THREADS.shutdown(&()).unwrap();
    THREADS.set_finalizing();
    THREADS.hang_if_finalizing();
    drop(go);
    std::thread::sleep(Duration::from_millis(30));
    assert_eq!(passed.load(Ordering::Relaxed), 1);
    assert!(!daemon.has_exited());
}

#[test]
fn a_registry_may_be_dropped_while_its_threads_run() {
    let threads = Threads::new();
    let (handle, tx) = blocked(&threads, false);
    drop(threads);
    drop(tx);
    assert!(handle.join().unwrap().is_returned());
}

#[test]
fn the_stack_size_belongs_to_the_registry() {
    let (a, b) = (Threads::new(), Threads::new());
    a.set_stack_size(262_144).unwrap();
    assert_eq!((a.stack_size(), b.stack_size()), (262_144, 0));
    assert!(a.set_stack_size(4096).is_err());
    assert_eq!(a.stack_size(), 262_144);
    a.start(|| ()).unwrap().join().unwrap();
    a.set_stack_size(0).unwrap();
    assert_eq!(a.stack_size(), 0);
}

#[test]
fn workers_of_the_cache_can_belong_to_a_registry() {
    static SEEN: OnceLock<usize> = OnceLock::new();
    static THREADS: Threads = Threads::new();
    let cache = WorkerCache::new(2);
    let handle = cache.start_with(THREADS.builder(), || {
        SEEN.set(THREADS.count()).unwrap();
    });
    THREADS.shutdown(&()).unwrap();
    assert_eq!(SEEN.get(), Some(&1));
    handle.unwrap().join().unwrap();
    assert_eq!(THREADS.count(), 0);
}

/// Where signals cannot end a sleep, the sleep is cut; where they can, none came.
#[test]
fn a_runtime_is_asked_only_when_something_is_pending() {
    let threads = Threads::new();
    let (handle, tx) = blocked(&threads, false);
    let soon = Timeout::from(Duration::from_millis(5));
    assert!(handle.join_with(soon, &Raises).unwrap().is_none());
    drop(tx);
    handle.join().unwrap();
}
