//! Models under loom: the handle's state machine and the worker cache, as they are, over
//! `sys/model.rs`' threads, which check that each is joined or detached exactly once.
//!
//! A model has no clock: a timed wait is over as soon as it sleeps, and the scheduler decides how
//! late that is; so every race between a time-out and an end is run.

use crate::handle::state::{EXITED, Inner, JOINED, RUNNING};
use crate::primitive::{Arc, Ordering, UnsafeCell};
use crate::sys::OsThread;
use crate::sys::threads::{fail_next_join, unsettled};
use crate::{Builder, Handle, JoinError, Outcome, State, WorkerCache};
use core::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use core::time::Duration;

const SOON: Option<Duration> = Some(Duration::from_millis(1));

/// Runs a model, and tells how many executions it took.
fn explore(name: &str, model: impl Fn() + Sync + Send + 'static) {
    static EXECUTIONS: AtomicUsize = AtomicUsize::new(0);
    // One model at a time: the counters are those of the process.
    static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _turn = TURN
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    EXECUTIONS.store(0, SeqCst);
    let base = unsettled();
    loom::model(move || {
        // The execution before has ended entirely.
        assert_eq!(
            unsettled(),
            base,
            "a thread was neither joined nor detached"
        );
        EXECUTIONS.fetch_add(1, SeqCst);
        model();
    });
    assert_eq!(
        unsettled(),
        base,
        "a thread was neither joined nor detached"
    );
    let n = EXECUTIONS.load(SeqCst);
    println!("loom: {name}: {n} executions");
    assert!(n > 1, "an empty model");
}

/// Memory that the thread writes, and that a joiner may read without a race.
struct Work(UnsafeCell<u32>);

// SAFETY: loom checks every access.
unsafe impl Sync for Work {}
// SAFETY: as above.
unsafe impl Send for Work {}

impl Work {
    fn new() -> Arc<Work> {
        Arc::new(Work(UnsafeCell::new(0)))
    }

    fn set(&self, value: u32) {
        // SAFETY: loom checks that nobody else accesses it.
        self.0.with_mut(|p| unsafe { *p = value });
    }

    fn get(&self) -> u32 {
        // SAFETY: loom checks that nobody writes meanwhile.
        self.0.with(|p| unsafe { *p })
    }
}

fn start(work: &Arc<Work>) -> Handle {
    let work = Arc::clone(work);
    Builder::new()
        .start(move || work.set(7))
        .expect("a model has threads")
}

fn panics() -> Handle {
    let builder = Builder::new();
    builder
        .start(|| std::panic::panic_any("planned"))
        .expect("a model has threads")
}

/// Runs `f` without a word about planned panics.
fn quietly<R>(f: impl FnOnce() -> R) -> R {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.payload().downcast_ref::<&str>() != Some(&"planned") {
                hook(info);
            }
        }));
    });
    f()
}

mod handle {
    use super::*;

    #[test]
    fn join_sees_all_of_the_thread() {
        explore("join_sees_all_of_the_thread", || {
            let work = Work::new();
            let handle = start(&work);
            assert!(handle.ident().is_some());
            assert!(handle.join().unwrap().is_returned());
            assert_eq!(work.get(), 7);
            assert_eq!(handle.state(), State::Done);
            assert!(handle.join().unwrap().is_returned());
        });
    }

    #[test]
    fn two_joiners_join_once_and_get_the_same_panic() {
        quietly(|| {
            explore("two_joiners_join_once_and_get_the_same_panic", || {
                let handle = panics();
                let other = handle.clone();
                let joiner = loom::thread::spawn(move || {
                    let outcome = other.join().unwrap();
                    assert_eq!(other.state(), State::Done);
                    outcome
                });
                let ours = handle.join().unwrap();
                assert_eq!(handle.state(), State::Done);
                let theirs = joiner.join().unwrap();
                match (ours, theirs) {
                    (Outcome::Panicked(a), Outcome::Panicked(b)) => {
                        assert!(std::sync::Arc::ptr_eq(&a, &b));
                    }
                    other => panic!("{other:?}"),
                }
            });
        });
    }

    #[test]
    fn timed_join_against_exit() {
        explore("timed_join_against_exit", || {
            let work = Work::new();
            let handle = start(&work);
            if handle.join_timeout(SOON).unwrap().is_some() {
                assert_eq!(work.get(), 7);
                assert_eq!(handle.state(), State::Done);
            }
            assert!(handle.join().unwrap().is_returned());
            assert_eq!(work.get(), 7);
        });
    }

    #[test]
    fn timed_and_untimed_joiners() {
        explore("timed_and_untimed_joiners", || {
            let work = Work::new();
            let handle = start(&work);
            let (other, seen) = (handle.clone(), Arc::clone(&work));
            let joiner = loom::thread::spawn(move || {
                assert!(other.join().unwrap().is_returned());
                assert_eq!(seen.get(), 7);
            });
            if handle.join_timeout(SOON).unwrap().is_some() {
                assert_eq!(work.get(), 7);
            }
            drop(handle);
            joiner.join().unwrap();
        });
    }

    #[test]
    fn drop_against_exit_detaches_once() {
        explore("drop_against_exit_detaches_once", || {
            let work = Work::new();
            start(&work).detach();
        });
    }

    #[test]
    fn drop_against_join() {
        explore("drop_against_join", || {
            let work = Work::new();
            let handle = start(&work);
            let other = handle.clone();
            let dropper = loom::thread::spawn(move || drop(other));
            assert!(handle.join().unwrap().is_returned());
            assert_eq!(work.get(), 7);
            drop(handle);
            dropper.join().unwrap();
        });
    }

    #[test]
    fn has_exited_shows_the_work() {
        explore("has_exited_shows_the_work", || {
            let work = Work::new();
            let handle = start(&work);
            if handle.has_exited() {
                assert_eq!(work.get(), 7);
            }
        });
    }

    #[test]
    fn is_done_means_gone() {
        explore("is_done_means_gone", || {
            let work = Work::new();
            let handle = start(&work);
            if handle.is_done() {
                assert_eq!(work.get(), 7);
                assert_eq!(handle.state(), State::Done);
            }
        });
    }

    #[test]
    fn set_done_against_exit_and_join() {
        quietly(|| {
            explore("set_done_against_exit_and_join", || {
                let handle = panics();
                let other = handle.clone();
                let joiner = loom::thread::spawn(move || other.join().unwrap().is_returned());
                handle.set_done().unwrap();
                let ours = handle.join().unwrap().is_returned();
                // Whichever was first: the same for all, every time.
                assert_eq!(joiner.join().unwrap(), ours);
                assert_eq!(handle.join().unwrap().is_returned(), ours);
            });
        });
    }

    #[test]
    fn set_done_wakes_a_joiner() {
        explore("set_done_wakes_a_joiner", || {
            // As the main thread's: nothing but `set_done` ends it.
            let handle = Handle(Arc::new(Inner::adopted(crate::Ident::mint())));
            let other = handle.clone();
            let joiner = loom::thread::spawn(move || other.join().unwrap().is_returned());
            handle.set_done().unwrap();
            assert!(joiner.join().unwrap());
            assert!(handle.join().unwrap().is_returned());
        });
    }

    #[test]
    fn one_of_two_starts_wins() {
        explore("one_of_two_starts_wins", || {
            let handle = Handle::unstarted();
            let other = handle.clone();
            let second = loom::thread::spawn(move || other.start(Builder::new(), || ()).is_ok());
            let first = handle.start(Builder::new(), || ()).is_ok();
            assert!(first ^ second.join().unwrap());
            assert!(handle.join().unwrap().is_returned());
        });
    }

    #[test]
    fn ident_is_there_as_soon_as_it_runs() {
        explore("ident_is_there_as_soon_as_it_runs", || {
            let handle = Handle::unstarted();
            let other = handle.clone();
            let looker = loom::thread::spawn(move || {
                if other.state() == State::Running {
                    assert!(other.ident().is_some());
                }
                match other.join_timeout(Some(Duration::ZERO)) {
                    Ok(_) | Err(JoinError::NotStarted) => {}
                    Err(error) => panic!("{error}"),
                }
            });
            handle.start(Builder::new(), || ()).unwrap();
            looker.join().unwrap();
            handle.join().unwrap();
        });
    }

    #[test]
    fn shutdown_waits_for_a_thread_that_is_being_started() {
        explore("shutdown_waits_for_a_thread_that_is_being_started", || {
            let work = Work::new();
            let handle = Handle::unstarted();
            let (other, seen) = (handle.clone(), Arc::clone(&work));
            let shutdown = loom::thread::spawn(move || {
                // A registry knows a thread as soon as its start is claimed.
                if other.state() != State::NotStarted {
                    other.join_started(&()).unwrap();
                    assert_eq!(seen.get(), 7);
                }
            });
            let writer = Arc::clone(&work);
            handle.start(Builder::new(), move || writer.set(7)).unwrap();
            shutdown.join().unwrap();
        });
    }

    #[test]
    fn a_failed_join_can_be_tried_again() {
        explore("a_failed_join_can_be_tried_again", || {
            let inner = Arc::new(Inner::new());
            assert!(inner.claim(0));
            inner.prepare(crate::Ident::mint(), None);
            inner.publish(OsThread::ended());
            inner.exit(None);
            let handle = Handle(inner);
            let other = handle.clone();
            fail_next_join();
            let joiner = loom::thread::spawn(move || other.join().is_ok());
            let ours = handle.join().is_ok();
            assert!(ours ^ joiner.join().unwrap(), "one of them met the failure");
            assert!(handle.join().unwrap().is_returned());
        });
    }

    /// Who waits for `RUNNING` alone sees what was stored before it.
    #[test]
    fn running_publishes_the_thread() {
        explore("running_publishes_the_thread", || {
            let inner = Arc::new(Inner::new());
            assert!(inner.claim(0));
            let (other, ident) = (Arc::clone(&inner), crate::Ident::mint());
            let looker = loom::thread::spawn(move || {
                other.await_running();
                assert!(other.ident().is_some());
                assert!(other.view() & (RUNNING | EXITED | JOINED) == RUNNING);
            });
            inner.prepare(ident, None);
            inner.publish_without_os();
            looker.join().unwrap();
            // No OS thread stands behind it that could be detached.
            inner.fail();
        });
    }
}

mod worker {
    use super::*;

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
}
