//! Handles in a forked child. A model cannot fork: `advance` makes it the child of what it was, in which
//! every thread of before has vanished, and a word is set as a fork leaves it.

use super::{Work, explore, explore_fully, steps, thread};
use crate::generation::{advance, generation};
use crate::handle::state::{DAEMON, Inner, JOINED, NO_OS, joining_in};
use crate::sync::{Arc, AtomicU32, Ordering};
use crate::sys::OsThread;
use crate::sys::threads::fail_next_join;
use crate::{Handle, Ident, JoinError, State};

/// A thread that forked while its parent's only joiner was in the system's join. It goes on in this
/// process, and nobody may settle it any more.
fn survivor() -> (Handle, Arc<Inner>) {
    let (handle, of_the_thread) = thread(OsThread::ended());
    of_the_thread.change(joining_in(generation().wrapping_sub(1)), 0);
    OsThread::forget_one();
    (handle, of_the_thread)
}

/// There is nothing to settle, but its end to wait for, also with the only handle.
#[test]
fn a_lone_joiner_of_the_thread_that_forked_waits_for_its_end() {
    let name = "a_lone_joiner_of_the_thread_that_forked_waits_for_its_end";
    explore_fully(name, || {
        advance();
        let (handle, of_the_thread) = survivor();
        let thread = loom::thread::spawn(move || of_the_thread.exit(None));
        assert!(handle.join().unwrap().is_returned());
        assert!(handle.has_exited());
        assert_eq!(handle.state(), State::Done);
        thread.join().unwrap();
    });
}

/// Beside another thread that finds the joiner gone.
#[test]
fn who_sees_the_end_of_the_thread_that_forked_sees_its_work() {
    let name = "who_sees_the_end_of_the_thread_that_forked_sees_its_work";
    explore(name, || {
        advance();
        let (handle, of_the_thread) = survivor();
        let work = Work::new();
        let (other, writer) = (handle.clone(), Arc::clone(&work));
        let looks = loom::thread::spawn(move || {
            let _ = other.state();
        });
        let thread = loom::thread::spawn(move || {
            writer.set(7);
            of_the_thread.exit(None);
        });
        if handle.has_exited() {
            assert_eq!(work.get(), 7);
        }
        looks.join().unwrap();
        thread.join().unwrap();
    });
}

/// Neither takes the other for one of the parent's: both return after the thread is gone.
#[test]
fn two_joiners_of_a_child_know_each_other() {
    explore("two_joiners_of_a_child_know_each_other", || {
        advance();
        let os = OsThread::running();
        let (handle, of_the_thread) = thread(os);
        of_the_thread.exit(None);
        let gone = Arc::new(AtomicU32::new(0));
        let joiners = [(); 2].map(|()| {
            let (handle, gone) = (handle.clone(), Arc::clone(&gone));
            loom::thread::spawn(move || {
                assert!(handle.join().unwrap().is_returned());
                // Relaxed: the model's system orders it.
                assert_eq!(gone.load(Ordering::Relaxed), 1, "the thread is still there");
            })
        });
        gone.store(1, Ordering::Relaxed);
        os.end();
        joiners.into_iter().for_each(|j| j.join().unwrap());
    });
}

#[test]
fn a_thread_that_is_being_started_in_a_child_is_not_taken_for_a_dead_one() {
    explore_fully("a_thread_that_is_being_started_in_a_child", || {
        advance();
        let handle = Handle::unstarted();
        let other = handle.clone();
        let looker = loom::thread::spawn(move || other.state());
        assert!(handle.0.claim(0));
        let state = looker.join().unwrap();
        assert!(matches!(state, State::NotStarted | State::Starting));
        handle.0.fail();
    });
}

/// An era that stayed would be taken for a part of a later joiner's.
#[test]
fn the_era_of_a_join_that_failed_goes_with_it() {
    steps("the_era_of_a_join_that_failed_goes_with_it", || {
        advance();
        let (handle, of_the_thread) = thread(OsThread::ended());
        of_the_thread.exit(None);
        let before = handle.0.view();
        fail_next_join();
        assert!(matches!(handle.join(), Err(JoinError::Os(_))));
        assert_eq!(handle.0.view(), before);
        assert!(handle.join().unwrap().is_returned());
        assert_eq!(handle.0.view(), before | JOINED);
    });
}

#[test]
fn a_thread_that_adopts_itself_in_a_child_is_there_and_gone_in_the_next() {
    steps("a_thread_that_adopts_itself_in_a_child", || {
        advance();
        let handle = Handle(Arc::new(Inner::adopted(Ident::mint())));
        assert_eq!(handle.state(), State::Running);
        advance();
        assert_eq!(handle.state(), State::Done);
        assert!(handle.join().unwrap().is_returned());
    });
}

/// It stays a daemon, which is what it was started as.
#[test]
fn a_job_that_ran_in_the_parent_is_gone_in_the_child() {
    steps("a_job_that_ran_in_the_parent_is_gone_in_the_child", || {
        let handle = Handle::unstarted();
        assert!(handle.0.claim(NO_OS | DAEMON));
        handle.0.prepare(Ident::mint(), None);
        handle.0.publish_without_os();
        assert_eq!(handle.state(), State::Running);
        advance();
        assert_eq!(handle.state(), State::Done);
        assert!(handle.join().unwrap().is_returned());
        assert!(handle.is_daemon());
    });
}

/// Its OS thread is not in the child, so nobody settles it there.
#[test]
fn a_thread_that_had_ended_in_the_parent_is_not_joined_in_the_child() {
    let name = "a_thread_that_had_ended_in_the_parent_is_not_joined_in_the_child";
    steps(name, || {
        let (handle, of_the_thread) = thread(OsThread::ended());
        of_the_thread.exit(None);
        advance();
        assert_eq!(handle.state(), State::Done);
        assert!(handle.join().unwrap().is_returned());
        OsThread::forget_one();
    });
}

/// Nobody may settle it, but all may stop waiting for it.
#[test]
fn the_thread_that_forked_is_marked_done_and_not_detached() {
    steps(
        "the_thread_that_forked_is_marked_done_and_not_detached",
        || {
            advance();
            let (handle, _of_the_thread) = survivor();
            handle.set_done().unwrap();
            assert_eq!(handle.state(), State::Done);
            assert!(handle.join().unwrap().is_returned());
        },
    );
}

/// It has survived one fork and not the next.
#[test]
fn the_thread_that_forked_is_gone_in_a_child_of_the_child() {
    steps(
        "the_thread_that_forked_is_gone_in_a_child_of_the_child",
        || {
            advance();
            let (handle, _of_the_thread) = survivor();
            assert_eq!(handle.state(), State::Running);
            advance();
            assert_eq!(handle.state(), State::Done);
            assert!(handle.join().unwrap().is_returned());
        },
    );
}
