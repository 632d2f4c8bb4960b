//! Joins: the rows of CPython's test_thread and test_threading that have a meaning here, and the
//! seed's tests with what they lacked.

use py_thread::{Handle, JoinError, State, start};
use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

/// A thread that runs until the sender is dropped.
fn blocked() -> (Handle, Sender<()>) {
    let (tx, rx): (_, Receiver<()>) = channel();
    (
        start(move || {
            let _ = rx.recv();
        })
        .unwrap(),
        tx,
    )
}

#[test]
fn join_waits_for_the_end() {
    let done = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&done);
    let handle = start(move || {
        std::thread::sleep(Duration::from_millis(20));
        flag.store(true, Ordering::Relaxed);
    });
    handle.unwrap().join().unwrap();
    assert!(done.load(Ordering::Relaxed));
}

#[test]
fn a_thread_that_already_ended_can_be_joined() {
    let handle = start(|| ()).unwrap();
    while !handle.has_exited() {
        std::thread::yield_now();
    }
    assert!(handle.join().unwrap().is_returned());
}

#[test]
fn join_can_be_repeated() {
    let handle = start(|| ()).unwrap();
    for _ in 0..3 {
        assert!(handle.join().unwrap().is_returned());
        assert!(handle.join_timeout(Some(Duration::ZERO)).unwrap().is_some());
        assert_eq!(handle.state(), State::Done);
    }
}

#[test]
fn many_threads_join_one() {
    let (handle, tx) = blocked();
    let barrier = Arc::new(Barrier::new(5));
    let joiners: Vec<_> = (0..4)
        .map(|n| {
            let (handle, barrier) = (handle.clone(), Arc::clone(&barrier));
            std::thread::spawn(move || {
                barrier.wait();
                if n % 2 == 0 {
                    handle.join().unwrap()
                } else {
                    let long = Some(Duration::from_secs(600));
                    handle.join_timeout(long).unwrap().unwrap()
                }
            })
        })
        .collect();
    barrier.wait();
    drop(tx);
    for joiner in joiners {
        assert!(joiner.join().unwrap().is_returned());
    }
}

#[test]
fn every_joiner_gets_the_same_panic() {
    let handle = start(|| panic!("boom {}", 7)).unwrap();
    let outcomes: Vec<_> = std::thread::scope(|s| {
        let joins: Vec<_> = (0..3).map(|_| s.spawn(|| handle.join().unwrap())).collect();
        joins.into_iter().map(|j| j.join().unwrap()).collect()
    });
    let first = outcomes[0].panic().unwrap();
    assert_eq!(first.message(), "boom 7");
    for outcome in &outcomes {
        assert!(Arc::ptr_eq(outcome.panic().unwrap(), first));
    }
    assert!(Arc::ptr_eq(handle.join().unwrap().panic().unwrap(), first));
}

#[test]
fn a_thread_cannot_join_itself() {
    let (tx, rx) = channel();
    let handle = start(move || {
        let me = Handle::current().unwrap();
        tx.send(me.join().unwrap_err().to_string()).unwrap();
        let poll = me.join_timeout(Some(Duration::ZERO));
        assert!(matches!(poll, Err(JoinError::CurrentThread)));
    });
    let handle = handle.unwrap();
    assert_eq!(rx.recv().unwrap(), "Cannot join current thread");
    assert!(handle.join().unwrap().is_returned());
}

/// CPython's test_join_then_self_join: another thread joins first.
#[test]
fn self_join_fails_also_while_another_joins() {
    let (go, wait) = channel::<()>();
    let handle = start(move || {
        let _ = wait.recv();
        let me = Handle::current().unwrap();
        assert!(matches!(me.join(), Err(JoinError::CurrentThread)));
    });
    let handle = handle.unwrap();
    let other = handle.clone();
    let joiner = std::thread::spawn(move || other.join().unwrap().is_returned());
    drop(go);
    assert!(joiner.join().unwrap());
}

#[test]
fn a_thread_local_destructor_cannot_join_its_thread() {
    struct Joins(Handle, Sender<bool>);
    impl Drop for Joins {
        fn drop(&mut self) {
            let current = matches!(self.0.join(), Err(JoinError::CurrentThread));
            self.1.send(current && self.0.is_done()).unwrap();
        }
    }
    std::thread_local!(static LAST: RefCell<Option<Joins>> = const { RefCell::new(None) });
    let (tx, rx) = channel();
    let handle = start(move || {
        let me = Handle::current().unwrap();
        LAST.with(|l| *l.borrow_mut() = Some(Joins(me, tx)));
    });
    assert!(rx.recv().unwrap());
    assert!(handle.unwrap().join().unwrap().is_returned());
}

#[test]
fn thread_local_destructors_have_run_when_a_join_returns() {
    struct Slow(Arc<AtomicBool>);
    impl Drop for Slow {
        fn drop(&mut self) {
            std::thread::sleep(Duration::from_millis(30));
            self.0.store(true, Ordering::Relaxed);
        }
    }
    std::thread_local!(static LAST: RefCell<Option<Slow>> = const { RefCell::new(None) });
    for by_is_done in [false, true] {
        let flag = Arc::new(AtomicBool::new(false));
        let inner = Arc::clone(&flag);
        let handle = start(move || LAST.with(|l| *l.borrow_mut() = Some(Slow(inner)))).unwrap();
        if by_is_done {
            while !handle.is_done() {
                std::thread::yield_now();
            }
        } else {
            handle.join().unwrap();
        }
        assert!(flag.load(Ordering::Relaxed));
        assert_eq!(handle.state(), State::Done);
    }
}

#[test]
fn join_with_timeout_comes_back_and_later_succeeds() {
    let (handle, tx) = blocked();
    let begin = Instant::now();
    let short = Duration::from_millis(30);
    assert!(handle.join_timeout(Some(short)).unwrap().is_none());
    assert!(begin.elapsed() >= short);
    assert!(!handle.is_done());
    assert!(handle.join_timeout(Some(Duration::ZERO)).unwrap().is_none());
    assert!(
        handle
            .join_timeout(Some(Duration::from_nanos(1)))
            .unwrap()
            .is_none()
    );
    drop(tx);
    assert!(handle.join_timeout(Some(Duration::MAX)).unwrap().is_some());
    assert!(handle.is_done());
}

#[test]
fn set_done_releases_joiners_of_a_running_thread() {
    let (handle, tx) = blocked();
    let other = handle.clone();
    let joiner = std::thread::spawn(move || other.join().unwrap().is_returned());
    handle.set_done().unwrap();
    assert!(joiner.join().unwrap());
    assert!(handle.is_done());
    assert_eq!(handle.state(), State::Done);
    handle.set_done().unwrap();
    assert!(handle.join().unwrap().is_returned());
    drop(tx);
}

/// A joiner that borrows the only handle sleeps in the system's join.
#[test]
fn set_done_beside_a_lone_joiner_leaves_the_thread_to_it() {
    let (handle, tx) = blocked();
    std::thread::scope(|s| {
        let joiner = s.spawn(|| handle.join().unwrap().is_returned());
        std::thread::sleep(Duration::from_millis(10));
        handle.set_done().unwrap();
        assert_eq!(handle.state(), State::Done);
        assert!(handle.join().unwrap().is_returned(), "at once");
        drop(tx);
        assert!(joiner.join().unwrap());
    });
}

#[test]
fn the_outcome_stays_what_set_done_made_it() {
    let (go, wait) = channel::<()>();
    let (tx, rx) = channel::<()>();
    let handle = start(move || {
        let _ = wait.recv();
        let _dropped_while_unwinding = tx;
        panic!("late");
    });
    let handle = handle.unwrap();
    handle.set_done().unwrap();
    assert!(handle.join().unwrap().is_returned());
    drop(go);
    assert!(rx.recv().is_err());
    std::thread::sleep(Duration::from_millis(5));
    assert!(handle.join().unwrap().is_returned());
}
