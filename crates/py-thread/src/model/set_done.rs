//! `set_done` beside joiners of a thread that runs on.

use super::{explore, explore_fully, steps, thread};
use crate::handle::state::JOINED;
use crate::sync::{Arc, Condvar, Mutex, lock};
use crate::sys::OsThread;
use crate::{Handle, JoinError, SetDoneError, State};

/// The joiner sleeps in the system's join, and the thread ends after `set_done` has returned.
#[test]
fn set_done_waits_for_no_lone_joiner() {
    explore_fully("set_done_waits_for_no_lone_joiner", || {
        let os = OsThread::running();
        let (handle, _of_the_thread) = thread(os);
        let handle = std::sync::Arc::new(handle);
        let other = std::sync::Arc::clone(&handle);
        let joiner = loom::thread::spawn(move || other.join().unwrap().is_returned());
        // Without the yield loom never lets the joiner begin first.
        loom::thread::yield_now();
        handle.set_done().unwrap();
        assert_eq!(handle.state(), State::Done);
        assert!(!handle.is_daemon());
        os.end();
        assert!(joiner.join().unwrap());
    });
}

/// The thread ends after the joiner has returned. A joiner in the system's join would not.
#[test]
fn set_done_frees_a_joiner_with_a_handle_of_its_own() {
    explore("set_done_frees_a_joiner_with_a_handle_of_its_own", || {
        let os = OsThread::running();
        let (handle, _of_the_thread) = thread(os);
        let other = handle.clone();
        let joiner = loom::thread::spawn(move || other.join().unwrap().is_returned());
        // Without the yield loom never lets the joiner begin first.
        loom::thread::yield_now();
        handle.set_done().unwrap();
        assert!(joiner.join().unwrap());
        os.end();
    });
}

/// Two joiners borrow the only handle. One is in the system's join, and the other waits for that one;
/// the thread ends after one of them has returned.
#[test]
fn set_done_frees_whom_a_lone_joiner_keeps_waiting() {
    explore("set_done_frees_whom_a_lone_joiner_keeps_waiting", || {
        let os = OsThread::running();
        let (handle, _of_the_thread) = thread(os);
        let handle = std::sync::Arc::new(handle);
        let back = Arc::new((Mutex::new(false), Condvar::new()));
        let joiners = [(); 2].map(|()| {
            let (handle, back) = (std::sync::Arc::clone(&handle), Arc::clone(&back));
            loom::thread::spawn(move || {
                assert!(handle.join().unwrap().is_returned());
                *lock(&back.0) = true;
                back.1.notify_all();
            })
        });
        loom::thread::yield_now();
        handle.set_done().unwrap();
        let mut one_is = lock(&back.0);
        while !*one_is {
            one_is = back.1.wait(one_is).unwrap();
        }
        drop(one_is);
        os.end();
        joiners.into_iter().for_each(|j| j.join().unwrap());
    });
}

/// It has ended by itself, so whoever joins it settles it soon.
#[test]
fn set_done_of_a_thread_that_has_ended_waits_for_its_joiner() {
    let name = "set_done_of_a_thread_that_has_ended_waits_for_its_joiner";
    explore_fully(name, || {
        let (handle, of_the_thread) = thread(OsThread::ended());
        of_the_thread.exit(None);
        let other = handle.clone();
        let joiner = loom::thread::spawn(move || other.join().unwrap().is_returned());
        loom::thread::yield_now();
        handle.set_done().unwrap();
        assert_ne!(handle.0.view() & JOINED, 0, "it is not settled");
        assert!(joiner.join().unwrap());
    });
}

#[test]
fn a_thread_that_is_being_started_is_neither_joined_nor_marked_done() {
    steps("a_thread_that_is_being_started", || {
        let handle = Handle::unstarted();
        assert!(handle.0.claim(0));
        assert_eq!(handle.state(), State::Starting);
        assert!(matches!(handle.join(), Err(JoinError::NotStarted)));
        assert!(matches!(handle.set_done(), Err(SetDoneError::NotStarted)));
        assert_eq!((handle.ident(), handle.is_done()), (None, false));
        handle.0.fail();
        assert_eq!(handle.state(), State::Done);
        handle.set_done().unwrap();
        assert!(handle.join().unwrap().is_returned());
    });
}

/// The model's system gives its threads no numbers.
#[test]
fn a_thread_without_a_number_has_no_os_ident() {
    steps("a_thread_without_a_number_has_no_os_ident", || {
        let (handle, _of_the_thread) = thread(OsThread::ended());
        assert!(handle.ident().is_some());
        assert_eq!(handle.os_ident(), None);
        handle.set_done().unwrap();
    });
}
