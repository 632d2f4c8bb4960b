//! `typed::Once`: what parking_lot 0.13 and std have beside parking_lot 0.12's own, which
//! `drop_in/program.rs` tests.
#![cfg(feature = "typed")]

use py_sync::typed::{Once, OnceState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

fn poison(once: &Once) {
    let call = AssertUnwindSafe(|| once.call_once(|| panic!("no luck")));
    assert!(catch_unwind(call).is_err());
}

/// Lets waiters come to sleep. No test depends on it: it only makes the usual order usual.
fn a_moment() {
    std::thread::sleep(Duration::from_millis(20));
}

#[test]
fn while_it_runs_it_says_so() {
    let once = Once::new();
    once.call_once(|| assert_eq!(once.state(), OnceState::InProgress));
    assert_eq!(once.state(), OnceState::Done);
}

/// Who waits for one that nobody has tried leaves a mark, which is no poison.
#[test]
fn a_waiter_does_not_poison() {
    let once = Once::new();
    std::thread::scope(|scope| {
        scope.spawn(|| once.wait());
        a_moment();
        once.call_once_force(|state| assert!(!state.poisoned(), "nobody panicked"));
    });
}

#[test]
fn one_that_is_born_completed_runs_nothing() {
    static BORN: Once = Once::new_completed();
    BORN.call_once(|| unreachable!());
    BORN.call_once_force(|_| unreachable!());
    BORN.wait();
    BORN.wait_force();
    assert!(BORN.is_completed());
    assert_eq!(BORN.state(), OnceState::Done);
}

#[test]
fn the_states_have_both_names() {
    for state in [
        OnceState::New,
        OnceState::Poisoned,
        OnceState::InProgress,
        OnceState::Done,
    ] {
        assert_eq!(state.is_poisoned(), state == OnceState::Poisoned);
        assert_eq!(state.poisoned(), state.is_poisoned());
        assert_eq!(state.is_completed(), state == OnceState::Done);
        assert_eq!(state.done(), state.is_completed());
    }
}

#[test]
fn it_is_completed_at_the_end_and_not_before() {
    let once = Once::new();
    assert!(!once.is_completed());
    once.call_once(|| assert!(!once.is_completed()));
    assert!(once.is_completed());
    let once = Once::new();
    poison(&once);
    assert!(!once.is_completed() && once.state().is_poisoned());
}

#[test]
fn all_waiters_return_after_the_initialiser_and_see_what_it_wrote() {
    let (once, written) = (Once::new(), AtomicUsize::new(0));
    std::thread::scope(|s| {
        for i in 0..6 {
            let (once, written) = (&once, &written);
            s.spawn(move || {
                match i % 2 {
                    0 => once.wait(),
                    _ => once.wait_force(),
                }
                assert!(once.is_completed());
                // Relaxed: `Once` orders it.
                assert_eq!(written.load(Ordering::Relaxed), 1);
            });
        }
        a_moment();
        assert_eq!(once.state(), OnceState::New, "waiters are no try");
        once.call_once(|| {
            a_moment();
            written.store(1, Ordering::Relaxed);
        });
    });
    assert_eq!(once.state(), OnceState::Done);
}

#[test]
fn callers_and_waiters_wait_side_by_side() {
    let (once, runs) = (Once::new(), AtomicUsize::new(0));
    std::thread::scope(|s| {
        for i in 0..8 {
            let (once, runs) = (&once, &runs);
            s.spawn(move || match i % 2 {
                0 => once.wait(),
                _ => once.call_once(|| {
                    runs.fetch_add(1, Ordering::Relaxed);
                }),
            });
        }
    });
    assert_eq!(runs.into_inner(), 1);
}

#[test]
fn a_poison_ends_a_wait_with_a_panic_and_a_forced_wait_not() {
    let once = Once::new();
    std::thread::scope(|s| {
        let waiters = [0; 2].map(|_| s.spawn(|| once.wait()));
        let forced = [0; 2].map(|_| s.spawn(|| once.wait_force()));
        a_moment();
        poison(&once);
        for waiter in waiters {
            let told = waiter.join().unwrap_err();
            let words = told.downcast_ref::<&str>().unwrap();
            assert_eq!(*words, "Once instance has previously been poisoned");
        }
        a_moment();
        assert!(forced.iter().all(|waiter| !waiter.is_finished()));
        assert!(once.state().is_poisoned(), "who waits changes no state");
        let mut found = OnceState::New;
        once.call_once_force(|state| found = state);
        assert_eq!(found, OnceState::Poisoned);
        for waiter in forced {
            waiter.join().unwrap();
        }
    });
    // One that comes too late for the poison.
    once.wait();
}

#[test]
fn a_wait_for_a_poisoned_one_panics_at_once() {
    let once = Once::new();
    poison(&once);
    assert!(catch_unwind(AssertUnwindSafe(|| once.wait())).is_err());
    assert!(once.state().is_poisoned());
}

#[cfg(debug_assertions)]
#[test]
fn an_initialiser_that_waits_for_itself_is_told() {
    let once = Once::new();
    let call = AssertUnwindSafe(|| once.call_once(|| once.wait()));
    assert!(catch_unwind(call).is_err());
    assert!(once.state().is_poisoned());
}
