//! Microthreads: the inbox into which other threads post, and the off-load pool.

use super::{Work, explore, explore_fully};
use crate::Events;
use crate::micro::Offload;
use crate::micro::model::{Inside, an_id};
use crate::sync::Arc;
use core::time::Duration;

#[test]
fn a_wake_ends_the_sleep() {
    explore_fully("a_wake_ends_the_sleep", || {
        let inside = Inside::new();
        let (remote, work) = (inside.remote(), Work::new());
        let writer = Arc::clone(&work);
        let other = loom::thread::spawn(move || {
            writer.set(7);
            assert!(remote.wake(an_id()));
        });
        let mut wakes = 0;
        while wakes == 0 {
            wakes += inside.wait().0;
        }
        assert_eq!((wakes, work.get()), (1, 7));
        other.join().unwrap();
    });
}

#[test]
fn two_wakes_are_two() {
    explore("two_wakes_are_two", || {
        let inside = Inside::new();
        let others: Vec<_> = (0..2)
            .map(|_| {
                let remote = inside.remote();
                loom::thread::spawn(move || assert!(remote.wake(an_id())))
            })
            .collect();
        let mut wakes = 0;
        while wakes < 2 {
            wakes += inside.wait().0;
        }
        assert_eq!(wakes, 2);
        for other in others {
            other.join().unwrap();
        }
    });
}

#[test]
fn an_interrupt_ends_the_sleep() {
    explore_fully("an_interrupt_ends_the_sleep", || {
        let inside = Inside::new();
        let remote = inside.remote();
        let other = loom::thread::spawn(move || remote.interrupt(Events::PLEASE_STOP));
        let mut events = Events::NONE;
        while events.is_empty() {
            events = inside.wait().2;
        }
        assert_eq!(events, Events::PLEASE_STOP);
        other.join().unwrap();
    });
}

#[test]
fn a_wake_notifies_the_parent() {
    explore_fully("a_wake_notifies_the_parent", || {
        let inside = Inside::new();
        let remote = inside.remote();
        let other = loom::thread::spawn(move || assert!(remote.wake(an_id())));
        assert_eq!(inside.wait_for_parent(), 1);
        other.join().unwrap();
    });
}

#[test]
fn an_interrupt_notifies_the_parent() {
    explore_fully("an_interrupt_notifies_the_parent", || {
        let inside = Inside::new();
        let remote = inside.remote();
        let other = loom::thread::spawn(move || remote.interrupt(Events::PLEASE_STOP));
        assert_eq!(inside.wait_for_parent(), 0);
        other.join().unwrap();
    });
}

#[test]
fn a_closed_inbox_takes_nothing() {
    explore_fully("a_closed_inbox_takes_nothing", || {
        let inside = Inside::new();
        let remote = inside.remote();
        let other = loom::thread::spawn(move || (remote.wake(an_id()), remote.wake(an_id())));
        inside.close();
        let (first, second) = other.join().unwrap();
        assert!(first || !second, "closed, and open again");
    });
}

#[test]
fn jobs_are_done_and_answered() {
    explore("jobs_are_done_and_answered", || {
        let inside = Inside::new();
        let pool = Offload::with_linger(1, Duration::from_millis(1));
        let work = Work::new();
        let writer = Arc::clone(&work);
        let mut first = inside.submit(&pool, move || writer.set(7));
        let mut second = inside.submit(&pool, || 8);
        let mut answers = 0;
        while answers < 2 {
            answers += inside.wait().1;
        }
        assert_eq!((answers, work.get()), (2, 7));
        assert!(first.take().unwrap().is_ok());
        assert_eq!(second.take().unwrap().unwrap(), 8);
    });
}

#[test]
fn a_job_that_nobody_wants_is_still_reported() {
    explore("a_job_that_nobody_wants_is_still_reported", || {
        let inside = Inside::new();
        let pool = Offload::with_linger(1, Duration::from_millis(1));
        drop(inside.submit(&pool, || 8));
        let mut answers = 0;
        while answers < 1 {
            answers += inside.wait().1;
        }
    });
}
