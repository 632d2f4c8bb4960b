//! The registry beside a system that refuses a start or a join.

use super::{Work, explore, explore_within, steps};
use crate::sync::Arc;
use crate::sys::threads::{fail_next_join, set_nameless};
use crate::{Builder, Handle, JoinError, StartError, State, Threads};
use std::io;

/// The thread may have left the registry before shutdown looks; then the join that fails is that of its
/// handle.
#[test]
fn a_join_that_fails_is_told_by_shutdown_and_can_be_tried_again() {
    let name = "a_join_that_fails_is_told_by_shutdown_and_can_be_tried_again";
    explore(name, || {
        let threads = Threads::new();
        let work = Work::new();
        let writer = Arc::clone(&work);
        let handle = threads.start(move || writer.set(7)).unwrap();
        fail_next_join();
        let told = match threads.shutdown(&()) {
            Ok(()) => false,
            Err(JoinError::Os(_)) => true,
            Err(other) => panic!("{other}"),
        };
        let met = handle.join().is_err();
        assert!(told ^ met, "one failure, told once");
        assert!(handle.join().unwrap().is_returned());
        assert_eq!(work.get(), 7);
        threads.shutdown(&()).expect("nobody is left");
    });
}

/// loom reports what a registry still has when the last handle is gone: they keep each other.
#[test]
fn a_thread_that_did_not_start_is_in_no_registry() {
    steps("a_thread_that_did_not_start_is_in_no_registry", || {
        let (threads, handle) = (Threads::new(), Handle::unstarted());
        let refused = |_, _| Err(io::Error::other("planned"));
        let started = threads.builder().start_by(&handle, 0, || (), refused);
        assert!(matches!(started, Err(StartError::Os(_))));
        assert_eq!(handle.state(), State::Done);
        assert_eq!(threads.count(), 0);
    });
}

/// Refused before the handle was used up, or after: then it is done, as after every start that failed.
#[test]
fn a_handle_that_a_registry_refuses_is_unused_or_done() {
    // One pre-emption is enough: between the two looks at the registry.
    let name = "a_handle_that_a_registry_refuses_is_unused_or_done";
    explore_within(Some(1), name, || {
        let threads = Arc::new(Threads::new());
        let finalizer = Arc::clone(&threads);
        let other = loom::thread::spawn(move || finalizer.set_finalizing());
        let handle = Handle::unstarted();
        match handle.start(threads.builder(), || ()) {
            Ok(()) => drop(handle.join()),
            Err(StartError::Finalizing) => {
                assert!(matches!(handle.state(), State::NotStarted | State::Done));
            }
            Err(other) => panic!("{other:?}"),
        }
        other.join().unwrap();
        threads.shutdown(&()).expect("nothing fails in this model");
        assert_eq!(threads.count(), 0);
    });
}

/// It is forgotten at its end, not at the next shutdown. loom reports what is kept.
#[test]
fn a_thread_that_has_ended_is_in_no_registry() {
    explore("a_thread_that_has_ended_is_in_no_registry", || {
        let threads = Threads::new();
        let handle = threads.start(|| ()).unwrap();
        assert!(handle.join().unwrap().is_returned());
        assert_eq!(threads.count(), 0);
    });
}

/// On a system that tells only the starter which thread it has started, the thread waits for it: it
/// does not end before it can be joined.
#[test]
fn a_thread_that_its_starter_has_not_shown_yet_does_not_end() {
    explore("a_thread_that_its_starter_has_not_shown_yet", || {
        set_nameless(true);
        let handle = Handle::unstarted();
        let other = handle.clone();
        let shutdown = loom::thread::spawn(move || {
            if other.state() != State::NotStarted {
                other.join_started(&()).unwrap();
            }
        });
        handle.start(Builder::new(), || ()).unwrap();
        shutdown.join().unwrap();
        assert!(handle.join().unwrap().is_returned());
        set_nameless(false);
    });
}
