//! The worker cache: every job is a thread of its own, on few threads of the system's.

use py_thread::{Builder, Handle, Ident, JoinError, OsIdent, State, WorkerCache};
use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const MANY: usize = if cfg!(miri) { 10 } else { 2000 };

fn until(what: &str, condition: impl Fn() -> bool) {
    let late = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < late, "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn one_worker_serves_one_job_after_another() {
    let cache = WorkerCache::new(4);
    let seen = Arc::new(Mutex::new((HashSet::new(), HashSet::new())));
    for _ in 0..MANY {
        let inner = Arc::clone(&seen);
        let handle = cache.start(move || {
            let mut seen = inner.lock().unwrap();
            seen.0.insert(Ident::own());
            seen.1.insert(OsIdent::current());
        });
        let handle = handle.unwrap();
        assert!(handle.join().unwrap().is_returned());
        assert_eq!(handle.state(), State::Done);
    }
    let seen = seen.lock().unwrap();
    assert_eq!(seen.0.len(), MANY, "an ident for each job");
    assert_eq!(seen.1.len(), 1, "one thread for all");
    assert_eq!(cache.idle(), 1);
}

#[test]
fn a_job_never_waits_for_a_worker() {
    let cache = WorkerCache::new(2);
    let jobs: Vec<_> = (0..6)
        .map(|_| {
            let (tx, rx) = channel::<()>();
            let (ready, is_ready) = channel::<()>();
            let handle = cache.start(move || {
                ready.send(()).unwrap();
                let _ = rx.recv();
            });
            is_ready.recv().unwrap();
            (handle.unwrap(), tx)
        })
        .collect();
    for (handle, tx) in jobs {
        assert!(handle.join_timeout(Some(Duration::ZERO)).unwrap().is_none());
        drop(tx);
        handle.join().unwrap();
    }
    until("the others leave", || cache.idle() <= 2);
}

#[test]
fn a_job_has_a_handle_and_an_ident_of_its_own() {
    let cache = WorkerCache::new(1);
    let (tx, rx) = channel();
    for _ in 0..3 {
        let tx = tx.clone();
        let job = move || {
            let me = Handle::current().unwrap();
            let joined = matches!(me.join(), Err(JoinError::CurrentThread));
            tx.send((me.ident().unwrap(), Ident::own(), Ident::current(), joined))
                .unwrap();
        };
        let handle = cache.start(job).unwrap();
        let (ident, own, current, joined) = rx.recv().unwrap();
        assert_eq!(Some(ident), handle.ident());
        assert_eq!((own, current, joined), (ident, ident, true));
        handle.join().unwrap();
    }
}

#[test]
fn a_panic_is_the_job_s_alone() {
    let cache = WorkerCache::new(1);
    let bad = cache.start(|| panic!("boom")).unwrap();
    assert_eq!(bad.join().unwrap().panic().unwrap().message(), "boom");
    until("the worker is idle again", || cache.idle() == 1);
    let good = cache.start(|| ()).unwrap();
    assert!(good.join().unwrap().is_returned());
}

/// The payload's drop runs on the worker, and starts a job and waits for it.
#[test]
fn a_payload_that_starts_a_job_as_it_is_dropped_gets_another_worker() {
    static CACHE: WorkerCache = WorkerCache::new(1);
    struct Starts(std::sync::mpsc::Sender<bool>);
    impl Drop for Starts {
        fn drop(&mut self) {
            let joined = CACHE.start(|| ()).unwrap().join();
            self.0.send(joined.unwrap().is_returned()).unwrap();
        }
    }
    let (tx, rx) = channel();
    let job = move || std::panic::panic_any(Starts(tx));
    CACHE.start(job).unwrap().detach();
    assert!(rx.recv_timeout(Duration::from_secs(60)).unwrap());
    // Miri asks that no thread outlives the main one: until the workers have left.
    if cfg!(miri) {
        std::thread::sleep(Duration::from_secs(10));
    }
}

#[test]
fn idle_workers_leave() {
    let cache = WorkerCache::with_linger(4, Duration::from_millis(5));
    cache.start(|| ()).unwrap().join().unwrap();
    until("it leaves", || cache.idle() == 0);
    cache.start(|| ()).unwrap().join().unwrap();
}

#[rstest::rstest]
#[case(Duration::ZERO, false)]
#[case(Duration::from_nanos(1), false)]
#[case(Duration::MAX, true)]
fn workers_linger_as_long_as_they_are_told(#[case] linger: Duration, #[case] stays: bool) {
    let cache = WorkerCache::with_linger(4, linger);
    for _ in 0..3 {
        cache.start(|| ()).unwrap().join().unwrap();
        let idle = usize::from(stays);
        until("idle for ever, or gone", || cache.idle() == idle);
    }
    std::thread::sleep(Duration::from_millis(5));
    assert_eq!(cache.idle(), usize::from(stays));
}

#[test]
fn a_limit_of_zero_keeps_none() {
    let cache = WorkerCache::new(0);
    for _ in 0..3 {
        cache.start(|| ()).unwrap().join().unwrap();
        assert_eq!(cache.idle(), 0);
    }
}

#[test]
fn a_dropped_cache_disturbs_no_job() {
    let cache = WorkerCache::new(4);
    let (tx, rx) = channel::<()>();
    let running = cache
        .start(move || {
            let _ = rx.recv();
        })
        .unwrap();
    cache.start(|| ()).unwrap().join().unwrap();
    drop(cache);
    assert!(!running.has_exited());
    drop(tx);
    assert!(running.join().unwrap().is_returned());
}

#[test]
fn many_starters_share_a_cache() {
    static CACHE: WorkerCache = WorkerCache::with_linger(2, Duration::from_micros(50));
    static RAN: AtomicU32 = AtomicU32::new(0);
    let each = MANY / 4;
    std::thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| {
                for n in 0..each {
                    let count = || {
                        RAN.fetch_add(1, Ordering::Relaxed);
                    };
                    let handle = CACHE.start(count).unwrap();
                    if n % 3 == 0 {
                        handle.detach();
                    } else {
                        handle.join().unwrap();
                    }
                }
            });
        }
    });
    let all = u32::try_from(4 * each).unwrap();
    until("all ran", || RAN.load(Ordering::Relaxed) == all);
}

#[test]
fn a_stack_of_its_own_is_a_thread_of_its_own() {
    let cache = WorkerCache::new(4);
    let handle = cache.start_with(Builder::new().stack_size(65536), || ());
    handle.unwrap().join().unwrap();
    assert_eq!(cache.idle(), 0);
}

#[test]
#[cfg(all(target_os = "linux", not(miri)))]
fn a_name_is_the_job_s_alone() {
    use py_thread::current_name;
    let cache = WorkerCache::new(1);
    let (tx, rx) = channel();
    for name in [None, Some("named"), None] {
        let tx = tx.clone();
        let job = move || tx.send(current_name().unwrap()).unwrap();
        let builder = name.map_or(Builder::new(), |n| Builder::new().name(n));
        cache.start_with(builder, job).unwrap().join().unwrap();
    }
    let names: Vec<_> = rx.try_iter().collect();
    assert_eq!(names[1], "named");
    assert_eq!(names[0], names[2]);
}

#[test]
fn set_done_gives_a_job_up() {
    let cache = WorkerCache::new(1);
    let (tx, rx) = channel::<()>();
    let handle = cache
        .start(move || {
            let _ = rx.recv();
        })
        .unwrap();
    handle.set_done().unwrap();
    assert!(handle.join().unwrap().is_returned());
    assert_eq!(handle.state(), State::Done);
    drop(tx);
    until("the worker is idle again", || cache.idle() == 1);
}

#[test]
fn a_job_finds_itself_running() {
    let cache = WorkerCache::new(1);
    for _ in 0..2 {
        let (tx, rx) = channel();
        let ask = move || tx.send(Handle::current().unwrap().state()).unwrap();
        let handle = cache.start(ask).unwrap();
        assert_eq!(rx.recv().unwrap(), State::Running);
        handle.join().unwrap();
    }
}
