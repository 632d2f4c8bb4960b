//! Models of [`Event`]: no wake-up is lost, and all that came before `notify` is seen.

use super::{Guarded, check, together};
use crate::event::Event;
use crate::flags::{LockFlags, LockStatus};
use core::time::Duration;

type Shared = (Event, Guarded);

fn shared() -> Shared {
    (Event::new(), Guarded::new())
}

fn notify(shared: &Shared) -> bool {
    shared.1.increment();
    shared.0.notify();
    true
}

fn wait(shared: &Shared) -> bool {
    shared.0.wait();
    assert_eq!(shared.1.get(), 1);
    true
}

/// Gives up at once, or finds it set.
fn wait_briefly(shared: &Shared) -> bool {
    let briefly = Some(Duration::from_millis(1));
    let set = shared.0.wait_with(briefly, LockFlags::NONE) == LockStatus::Acquired;
    if set {
        assert_eq!(shared.1.get(), 1);
    }
    set
}

fn look(shared: &Shared) -> bool {
    let set = shared.0.is_set();
    if set {
        assert_eq!(shared.1.get(), 1);
    }
    set
}

/// Has no time to wait, and may find it set between its first look and its second.
fn wait_without_time(shared: &Shared) -> bool {
    let set = shared.0.wait_with(Some(Duration::ZERO), LockFlags::NONE) == LockStatus::Acquired;
    if set {
        assert_eq!(shared.1.get(), 1);
    }
    set
}

#[test]
fn notify_wakes_the_waiter() {
    check("event::notify_wakes_the_waiter", || {
        together(shared(), &[notify, wait]);
    });
}

/// The other way round: the bound on pre-emptions reaches other executions.
#[test]
fn the_waiter_is_woken() {
    check("event::the_waiter_is_woken", || {
        together(shared(), &[wait, notify]);
    });
}

#[test]
fn notify_wakes_both_waiters() {
    check("event::notify_wakes_both_waiters", || {
        let (shared, _) = together(shared(), &[notify, wait, wait]);
        assert!(shared.0.is_set());
    });
}

/// The mark that a timed-out waiter leaves is not taken for another waiter, nor is one missed.
#[test]
fn a_timeout_beside_a_waiter() {
    check("event::a_timeout_beside_a_waiter", || {
        let (shared, _) = together(shared(), &[notify, wait_briefly, wait]);
        assert!(wait_briefly(&shared), "set for good");
    });
}

#[test]
fn who_finds_it_set_sees_what_came_before() {
    check("event::who_finds_it_set_sees_what_came_before", || {
        together(shared(), &[notify, look]);
    });
}

#[test]
fn who_has_no_time_and_finds_it_set_sees_what_came_before() {
    let name = "event::who_has_no_time_and_finds_it_set_sees_what_came_before";
    check(name, || {
        together(shared(), &[notify, wait_without_time]);
    });
}

/// The second call finds it set and changes nothing.
#[test]
fn two_notify_and_one_waits() {
    fn notify_only(shared: &Shared) -> bool {
        shared.0.notify();
        true
    }
    fn wait_only(shared: &Shared) -> bool {
        shared.0.wait();
        shared.0.is_set()
    }
    check("event::two_notify_and_one_waits", || {
        let (_, results) = together(shared(), &[notify_only, notify_only, wait_only]);
        assert!(results.into_iter().all(|set| set));
    });
}
