//! The worker cache: hand-over, linger, the end of the cache.

use super::{Work, explore};
use crate::sync::{Arc, Ordering};
use crate::sys::threads::started;
use crate::{State, WorkerCache};
use core::time::Duration;

#[test]
fn start_after_join_against_the_idle_worker() {
    explore("start_after_join_against_the_idle_worker", || {
        let cache = WorkerCache::new(1);
        let (a, b) = (Work::new(), Work::new());
        for work in [&a, &b] {
            let writer = Arc::clone(work);
            let handle = cache.start(move || writer.set(7)).unwrap();
            assert!(handle.join().unwrap().is_returned());
            assert_eq!(work.get(), 7);
            assert_eq!(handle.state(), State::Done);
        }
    });
}

/// A thread that joined a job finds its worker: the worker is listed before the end is published.
#[test]
fn a_joined_job_s_worker_takes_the_next() {
    explore("a_joined_job_s_worker_takes_the_next", || {
        let cache = WorkerCache::with_linger(1, Duration::MAX);
        let before = started();
        for _ in 0..2 {
            assert!(cache.start(|| ()).unwrap().join().unwrap().is_returned());
        }
        assert_eq!(
            started() - before,
            1,
            "the second job is the first one's worker's"
        );
    });
}

#[test]
fn the_linger_runs_out_against_a_start() {
    explore("the_linger_runs_out_against_a_start", || {
        let cache = WorkerCache::with_linger(1, Duration::from_millis(1));
        let work = Work::new();
        cache.start(|| ()).unwrap().detach();
        let writer = Arc::clone(&work);
        let handle = cache.start(move || writer.set(7)).unwrap();
        assert!(handle.join().unwrap().is_returned());
        assert_eq!(work.get(), 7);
    });
}

#[test]
fn the_cache_is_dropped_against_a_job() {
    explore("the_cache_is_dropped_against_a_job", || {
        let cache = WorkerCache::with_linger(1, Duration::MAX);
        let work = Work::new();
        let writer = Arc::clone(&work);
        let handle = cache.start(move || writer.set(7)).unwrap();
        drop(cache);
        assert!(handle.join().unwrap().is_returned());
        assert_eq!(work.get(), 7);
    });
}

#[test]
fn two_starters_two_jobs() {
    explore("two_starters_two_jobs", || {
        let cache = std::sync::Arc::new(WorkerCache::new(1));
        let ran = Arc::new(loom::sync::atomic::AtomicU32::new(0));
        let (other, theirs) = (std::sync::Arc::clone(&cache), Arc::clone(&ran));
        let second = loom::thread::spawn(move || {
            let job = move || {
                theirs.fetch_add(1, Ordering::Relaxed);
            };
            other.start(job).unwrap().join().unwrap();
        });
        let ours = Arc::clone(&ran);
        let job = move || {
            ours.fetch_add(1, Ordering::Relaxed);
        };
        cache.start(job).unwrap().join().unwrap();
        second.join().unwrap();
        assert_eq!(ran.load(Ordering::Relaxed), 2);
    });
}
