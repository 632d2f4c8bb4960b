//! The order around a sleep: the critical sections are given up before the thread detaches from its
//! runtime, and taken again after it is attached. A thread that waits to be attached, perhaps for
//! ever, keeps nobody out.
#![cfg(feature = "gil-disabled")]

use core::ops::ControlFlow;
use py_sync::{
    LockFlags, LockStatus, Mutex, Runtime, detached, install, with_critical_section,
    with_critical_section2,
};
use std::cell::RefCell;
use std::time::Duration;

/// The locks of the sections, and one to wait for.
static LOCKS: [Mutex; 3] = [const { Mutex::new() }; 3];

std::thread_local! {
    /// What was called, and which of the sections' locks were held then.
    static SEEN: RefCell<Vec<(&'static str, [bool; 2])>> = const { RefCell::new(Vec::new()) };
}

fn note(what: &'static str) {
    let held = [LOCKS[0].is_locked(), LOCKS[1].is_locked()];
    SEEN.with_borrow_mut(|seen| seen.push((what, held)));
}

struct Notes;

impl Runtime for Notes {
    fn detach(&self) -> bool {
        note("detach");
        true
    }

    fn attach(&self) {
        note("attach");
    }

    fn pending(&self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn world_stopped(&self) -> bool {
        false
    }
}

#[test]
fn sections_are_given_up_first_and_taken_again_last() {
    install(&Notes).unwrap();
    let free = [false, false];
    let expected = [("detach", free), ("away", free), ("attach", free)];
    with_critical_section(&LOCKS[0], |s| {
        detached(|| note("away"));
        assert!(s.is_held());
    });
    assert_eq!(SEEN.take(), expected);
    with_critical_section2(&LOCKS[0], &LOCKS[1], |s, t| {
        detached(|| note("away"));
        assert!(s.is_held() && t.unwrap().is_held());
    });
    assert_eq!(SEEN.take(), expected);
    // The same around the sleep of a lock.
    LOCKS[2].lock();
    with_critical_section(&LOCKS[1], |s| {
        let briefly = Some(Duration::from_millis(2));
        let status = LOCKS[2].lock_timed(briefly, LockFlags::DETACH);
        assert_eq!(status, LockStatus::Failure);
        assert!(s.is_held());
    });
    assert_eq!(SEEN.take(), [expected[0], expected[2]]);
    LOCKS[2].unlock();
}
