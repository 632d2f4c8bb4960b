//! Handles: the rows of CPython's test_thread and test_threading that have a meaning here, and the
//! seed's tests with what they lacked.

use py_thread::{
    Builder, Handle, Ident, JoinError, OsIdent, Outcome, SetDoneError, StartError, State, start,
};
use static_assertions::assert_impl_all;
use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

assert_impl_all!(Handle: Send, Sync, Clone, std::fmt::Debug);
assert_impl_all!(Outcome: Send, Sync, Clone, std::fmt::Debug);
assert_impl_all!(StartError: Send, Sync, std::error::Error);
assert_impl_all!(JoinError: Send, Sync, std::error::Error);

const MANY: usize = if cfg!(miri) { 8 } else { 200 };

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
fn many_threads_start_and_all_run() {
    let ran = Arc::new(AtomicU32::new(0));
    let handles: Vec<_> = (0..MANY)
        .map(|_| {
            let ran = Arc::clone(&ran);
            start(move || {
                ran.fetch_add(1, Ordering::Relaxed);
            })
            .unwrap()
        })
        .collect();
    for handle in &handles {
        assert!(handle.join().unwrap().is_returned());
    }
    assert_eq!(ran.load(Ordering::Relaxed) as usize, MANY);
}

#[test]
fn idents_are_distinct_and_the_same_inside() {
    let handles: Vec<_> = (0..MANY)
        .map(|_| {
            let (tx, rx) = channel();
            (start(move || tx.send(Ident::own()).unwrap()).unwrap(), rx)
        })
        .collect();
    let mut seen = HashSet::from([Ident::own()]);
    for (handle, rx) in handles {
        let ident = handle.ident().unwrap();
        assert_eq!(rx.recv().unwrap(), ident);
        assert!(seen.insert(ident), "{ident} twice");
        handle.join().unwrap();
        assert_eq!(handle.ident(), Some(ident), "kept after the end");
    }
}

#[test]
fn the_handle_is_known_before_the_thread_runs() {
    for _ in 0..MANY {
        let (tx, rx) = channel();
        let handle = start(move || {
            let me = Handle::current().unwrap();
            tx.send((me.ident(), me.state(), me.os_ident())).unwrap();
        });
        let handle = handle.unwrap();
        let (ident, state, os) = rx.recv().unwrap();
        assert_eq!(ident, handle.ident());
        assert_eq!(state, State::Running);
        if cfg!(all(unix, not(miri))) {
            assert_eq!(os, handle.os_ident());
        }
        handle.join().unwrap();
    }
}

#[test]
#[cfg(all(unix, not(miri)))]
fn os_ident_is_that_of_the_thread() {
    let (tx, rx) = channel();
    let (go, wait) = channel::<()>();
    let handle = start(move || {
        tx.send(OsIdent::current()).unwrap();
        let _ = wait.recv();
    });
    let handle = handle.unwrap();
    assert_eq!(Some(rx.recv().unwrap()), handle.os_ident());
    drop(go);
    handle.join().unwrap();
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
fn a_payload_is_kept_whatever_it_is() {
    let handle = start(|| std::panic::panic_any(String::from("text"))).unwrap();
    let outcome = handle.join().unwrap();
    let panic = outcome.panic().unwrap();
    assert_eq!(
        (panic.message(), panic.to_string().as_str()),
        ("text", "text")
    );
    assert_eq!(format!("{panic:?}"), "Panic(\"text\")");
    panic.with(|p| p.downcast_mut::<String>().unwrap().push('!'));
    assert_eq!(
        panic.with(|p| p.downcast_ref::<String>().cloned()),
        Some("text!".into())
    );
    assert_eq!(panic.message(), "text", "said once and for all");
    // A panic inside `with` does not close the payload.
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        panic.with(|_| panic!("in with"));
    }));
    assert!(caught.is_err());
    assert!(panic.with(|p| p.is::<String>()));
}

#[test]
fn a_dropped_handle_lets_the_thread_run_on() {
    let (tx, rx) = channel();
    let (go, wait) = channel::<()>();
    let handle = start(move || {
        let _ = wait.recv();
        tx.send(()).unwrap();
    });
    handle.unwrap().detach();
    drop(go);
    rx.recv().unwrap();
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
fn an_unstarted_handle_can_be_neither_joined_nor_marked_done() {
    let handle = Handle::unstarted();
    assert!(matches!(handle.join(), Err(JoinError::NotStarted)));
    assert!(matches!(handle.set_done(), Err(SetDoneError::NotStarted)));
    assert!(!handle.is_done() && !handle.has_exited());
    assert_eq!((handle.ident(), handle.os_ident()), (None, None));
    assert_eq!(handle.state(), State::NotStarted);
    handle.start(Builder::new(), || ()).unwrap();
    assert!(handle.join().unwrap().is_returned());
}

#[test]
fn a_handle_starts_once() {
    let handle = Handle::unstarted();
    let wins: usize = std::thread::scope(|s| {
        let starts: Vec<_> = (0..4)
            .map(|_| s.spawn(|| handle.start(Builder::new(), || ()).is_ok()))
            .collect();
        starts
            .into_iter()
            .filter_map(|t| t.join().unwrap().then_some(()))
            .count()
    });
    assert_eq!(wins, 1);
    handle.join().unwrap();
    let again = handle.start(Builder::new(), || ());
    assert!(matches!(again, Err(StartError::AlreadyStarted)));
}

#[test]
fn a_refused_stack_size_uses_nothing_up() {
    let handle = Handle::unstarted();
    let error = handle
        .start(Builder::new().stack_size(1), || ())
        .unwrap_err();
    assert!(matches!(error, StartError::StackSize(_)));
    assert_eq!(handle.state(), State::NotStarted);
    handle.start(Builder::new(), || ()).unwrap();
    handle.join().unwrap();
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

#[test]
fn an_adopted_thread_is_running_until_marked_done() {
    let handle = Handle::adopt_current();
    assert_eq!(handle.ident(), Some(Ident::own()));
    assert_eq!(handle.state(), State::Running);
    assert!(matches!(handle.join(), Err(JoinError::CurrentThread)));
    let other = handle.clone();
    let joiner = std::thread::spawn(move || {
        assert!(other.join_timeout(Some(Duration::ZERO)).unwrap().is_none());
        other.join().unwrap().is_returned()
    });
    std::thread::sleep(Duration::from_millis(5));
    handle.set_done().unwrap();
    assert!(joiner.join().unwrap());
    assert!(
        handle.join().unwrap().is_returned(),
        "done, so even one's own"
    );
    assert_eq!(handle.state(), State::Done);
}

#[test]
fn what_the_thread_captured_is_dropped_before_a_join_returns() {
    struct Flag(Arc<AtomicBool>);
    impl Drop for Flag {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    for panics in [false, true] {
        let dropped = Arc::new(AtomicBool::new(false));
        let flag = Flag(Arc::clone(&dropped));
        let handle = start(move || {
            let _flag = flag;
            assert!(!panics, "planned");
        });
        handle.unwrap().join().unwrap();
        assert!(dropped.load(Ordering::Relaxed));
    }
}

#[test]
fn a_foreign_thread_has_no_handle_until_it_adopts_one() {
    assert!(Handle::current().is_none());
    std::thread::spawn(|| assert!(Handle::current().is_none()))
        .join()
        .unwrap();
}

/// CPython's BarrierTest, over std's barrier: threads that meet many times.
#[test]
fn threads_meet_at_a_barrier() {
    let rounds = if cfg!(miri) { 3 } else { 50 };
    let barrier = Arc::new(Barrier::new(4));
    let count = Arc::new(AtomicU32::new(0));
    let handles: Vec<_> = (0..4)
        .map(|_| {
            let (barrier, count) = (Arc::clone(&barrier), Arc::clone(&count));
            let meet = move || {
                for round in 1..=rounds {
                    count.fetch_add(1, Ordering::Relaxed);
                    barrier.wait();
                    assert_eq!(count.load(Ordering::Relaxed), 4 * round);
                    barrier.wait();
                }
            };
            start(meet).unwrap()
        })
        .collect();
    for handle in handles {
        assert!(handle.join().unwrap().is_returned());
    }
}

#[test]
fn init_twice_is_init_once() {
    py_thread::init();
    py_thread::init();
}
