//! The handle's state machine: join, exit, drop, set_done, time-outs.

use super::{SOON, Work, explore, explore_fully, explore_within, panics, quietly, start};
use crate::handle::state::{EXITED, Inner, JOINED, RUNNING, joining_in};
use crate::sync::Arc;
use crate::sys::OsThread;
use crate::sys::threads::fail_next_join;
use crate::{Builder, Handle, JoinError, Outcome, State};
use core::time::Duration;

#[test]
fn join_sees_all_of_the_thread() {
    explore_fully("join_sees_all_of_the_thread", || {
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
    explore_fully("drop_against_exit_detaches_once", || {
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
    explore_fully("has_exited_shows_the_work", || {
        let work = Work::new();
        let handle = start(&work);
        if handle.has_exited() {
            assert_eq!(work.get(), 7);
        }
    });
}

#[test]
fn is_done_means_gone() {
    explore_fully("is_done_means_gone", || {
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
            // All joiners get the same outcome, whichever thread was first.
            assert_eq!(joiner.join().unwrap(), ours);
            assert_eq!(handle.join().unwrap().is_returned(), ours);
        });
    });
}

/// One handle, borrowed by a joiner that sleeps in the system's join, and by `set_done`. The thread
/// itself is only a reference here, and has not said that it ended.
#[test]
fn set_done_beside_a_lone_joiner() {
    explore_fully("set_done_beside_a_lone_joiner", || {
        let inner = Arc::new(Inner::new());
        assert!(inner.claim(0));
        inner.prepare(crate::Ident::mint(), None);
        inner.publish(OsThread::ended());
        let _of_the_thread = Arc::clone(&inner);
        let handle = std::sync::Arc::new(Handle(inner));
        let other = std::sync::Arc::clone(&handle);
        let joiner = loom::thread::spawn(move || other.join().unwrap().is_returned());
        // Without the yield loom never lets the joiner begin first.
        loom::thread::yield_now();
        handle.set_done().unwrap();
        assert_eq!(handle.state(), State::Done);
        assert!(handle.join().unwrap().is_returned());
        assert!(joiner.join().unwrap());
    });
}

#[test]
fn two_borrowed_joins() {
    explore("two_borrowed_joins", || {
        let work = Work::new();
        let handle = std::sync::Arc::new(start(&work));
        let (other, seen) = (std::sync::Arc::clone(&handle), Arc::clone(&work));
        let joiner = loom::thread::spawn(move || {
            if other.join_timeout(SOON).unwrap().is_some() {
                assert_eq!(seen.get(), 7);
            }
        });
        assert!(handle.join().unwrap().is_returned());
        assert_eq!(work.get(), 7);
        assert_eq!(handle.state(), State::Done);
        joiner.join().unwrap();
    });
}

#[test]
fn set_done_wakes_a_joiner() {
    explore_fully("set_done_wakes_a_joiner", || {
        // A handle like that of the main thread: only `set_done` ends it.
        let handle = Handle(Arc::new(Inner::adopted(crate::Ident::mint())));
        let other = handle.clone();
        let joiner = loom::thread::spawn(move || other.join().unwrap().is_returned());
        handle.set_done().unwrap();
        assert!(joiner.join().unwrap());
        assert!(handle.join().unwrap().is_returned());
    });
}

/// The thread panics before or after it was marked done. All joins return the same as the first.
#[test]
fn what_set_done_made_of_it_stays() {
    quietly(|| {
        explore_within(Some(3), "what_set_done_made_of_it_stays", || {
            let handle = panics();
            handle.set_done().unwrap();
            let first = handle.join().unwrap().is_returned();
            assert_eq!(handle.join().unwrap().is_returned(), first);
        });
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

/// A thread that waits for `RUNNING` alone sees what was stored before it.
#[test]
fn running_publishes_the_thread() {
    explore_fully("running_publishes_the_thread", || {
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
        // There is no OS thread that the drop could detach.
        inner.fail();
    });
}

/// A forked child whose parent was joining the thread that forked. Two threads of the child join
/// that thread while it ends, and neither touches the OS thread. (A model cannot fork, so the word
/// is set as a fork leaves it.)
#[test]
fn a_joiner_of_another_era_is_gone() {
    explore("a_joiner_of_another_era_is_gone", || {
        let inner = Arc::new(Inner::new());
        assert!(inner.claim(0));
        inner.prepare(crate::Ident::mint(), None);
        // If it were joined or detached here, the count of unsettled threads would be wrong.
        inner.publish(OsThread::ended());
        inner.change(joining_in(crate::fork::generation() + 1), 0);
        let handle = Handle(Arc::clone(&inner));
        let other = handle.clone();
        let joiner = loom::thread::spawn(move || other.join().unwrap().is_returned());
        let thread = loom::thread::spawn(move || inner.exit(None));
        assert!(handle.join().unwrap().is_returned());
        assert_eq!(handle.state(), State::Done);
        assert!(joiner.join().unwrap());
        thread.join().unwrap();
        OsThread::forget_one();
    });
}
