//! Models of [`Semaphore`]: no permit is lost or made, no waiter is passed, and all that came before a
//! release is seen.

use super::{Guarded, check, together};
use crate::counting_semaphore::Semaphore;
use crate::deadline::Deadline;
use crate::flags::{LockFlags, LockStatus};
use crate::signals::signal_arrived;
use core::time::Duration;

const NONE: LockFlags = LockFlags::NONE;

/// What one permit guards.
type Shared = (Semaphore, Guarded);

fn shared(permits: usize) -> Shared {
    (Semaphore::new(permits), Guarded::new())
}

/// A section under the one permit.
fn section(shared: &Shared) -> bool {
    let status = shared.0.acquire_to(Deadline::Never, NONE);
    assert_eq!(status, LockStatus::Acquired);
    shared.1.increment();
    shared.0.release();
    true
}

/// The same, if it comes to that in time.
fn hasty_section(shared: &Shared) -> bool {
    let briefly = Some(Duration::from_millis(1));
    let taken = shared.0.acquire_timed(briefly, NONE) == LockStatus::Acquired;
    if taken {
        shared.1.increment();
        shared.0.release();
    }
    taken
}

/// The same, unless a signal that came just before the wait ends it.
fn interrupted_section(shared: &Shared) -> bool {
    signal_arrived();
    let fails = LockFlags::FAIL_IF_INTERRUPTED;
    let taken = shared.0.acquire_to(Deadline::Never, fails) == LockStatus::Acquired;
    if taken {
        shared.1.increment();
        shared.0.release();
    }
    taken
}

/// The same, and goes on after the signal.
fn section_across_a_signal(shared: &Shared) -> bool {
    signal_arrived();
    let checks = &mut 0;
    let check = || {
        *checks += 1;
        Ok::<(), ()>(())
    };
    let taken = shared.0.acquire_checking(Deadline::Never, NONE, check);
    assert_eq!(taken, Ok(true));
    assert!(*checks <= 1, "one signal, one check");
    shared.1.increment();
    shared.0.release();
    true
}

/// One permit, as a mutex: each section excludes the others, and in the end the permit is free.
fn sections(name: &str, roles: &'static [fn(&Shared) -> bool]) {
    check(name, || {
        let (shared, entered) = together(shared(1), roles);
        assert_eq!(shared.0.permits(), 1, "neither lost nor made");
        assert!(shared.0.try_acquire(), "by a call that sees the sections");
        let entered = entered.into_iter().filter(|&entered| entered).count();
        assert_eq!(shared.1.get(), entered);
        shared.0.release();
    });
}

#[test]
fn two_sections() {
    sections("counting_semaphore::two_sections", &[section, section]);
}

#[test]
fn three_sections() {
    let roles: &[fn(&Shared) -> bool] = &[section, section, section];
    sections("counting_semaphore::three_sections", roles);
}

#[test]
fn two_sections_and_one_in_a_hurry() {
    let roles: &[fn(&Shared) -> bool] = &[section, hasty_section, section];
    sections("counting_semaphore::two_sections_and_one_in_a_hurry", roles);
}

#[test]
fn one_that_a_signal_calls_off() {
    let roles: &[fn(&Shared) -> bool] = &[section, interrupted_section, section];
    sections("counting_semaphore::one_that_a_signal_calls_off", roles);
}

#[test]
fn one_that_goes_on_after_a_signal() {
    let roles: &[fn(&Shared) -> bool] = &[section, section_across_a_signal];
    sections("counting_semaphore::one_that_goes_on_after_a_signal", roles);
}

/// Nobody releases: what ends the wait is the signal.
#[test]
fn one_that_a_signal_alone_calls_off() {
    fn look(shared: &Shared) -> bool {
        assert_eq!(shared.0.permits(), 0);
        false
    }
    check(
        "counting_semaphore::one_that_a_signal_alone_calls_off",
        || {
            let (_, taken) = together(shared(0), &[interrupted_section, look]);
            assert!(!taken[0]);
        },
    );
}

fn wait(shared: &Shared) -> bool {
    let status = shared.0.acquire_to(Deadline::Never, NONE);
    assert_eq!(status, LockStatus::Acquired);
    assert_eq!(shared.1.get(), 1, "what came before the release is seen");
    true
}

/// `_PySemaphore`'s use: one waits, one wakes it, before or after.
#[test]
fn a_release_wakes_who_waits() {
    fn wake(shared: &Shared) -> bool {
        shared.1.increment();
        shared.0.release();
        true
    }
    check("counting_semaphore::a_release_wakes_who_waits", || {
        let (shared, _) = together(shared(0), &[wait, wake]);
        assert!(!shared.0.try_acquire(), "each release counts once");
    });
}

/// The permits of one call go to all waiters, and what is left is free.
#[test]
fn many_permits_at_once() {
    fn wake_three(shared: &Shared) -> bool {
        shared.1.increment();
        shared.0.release_many(3);
        true
    }
    check("counting_semaphore::many_permits_at_once", || {
        let (shared, _) = together(shared(0), &[wake_three, wait, wait]);
        assert_eq!(shared.0.permits(), 1);
        assert!(shared.0.try_acquire() && !shared.0.try_acquire());
    });
}

/// Releases at once, and a thread that takes: each release counts, also one that comes to the bucket lock
/// when the line is served and a permit is free.
#[test]
fn three_releases_and_three_takes() {
    fn wake(shared: &Shared) -> bool {
        shared.0.release();
        true
    }
    fn wake_twice(shared: &Shared) -> bool {
        wake(shared) && wake(shared)
    }
    fn take_three(shared: &Shared) -> bool {
        (0..3).all(|_| shared.0.acquire_to(Deadline::Never, NONE) == LockStatus::Acquired)
    }
    check("counting_semaphore::three_releases_and_three_takes", || {
        let (shared, served) = together(shared(0), &[wake, wake_twice, take_three]);
        assert!(served.into_iter().all(|served| served));
        assert_eq!(shared.0.permits(), 0);
    });
}

/// What was released before is seen by a later take, although another took in between.
#[test]
fn a_take_in_between_hands_on_what_came_before() {
    fn give_two(shared: &Shared) -> bool {
        shared.1.increment();
        shared.0.release_many(2);
        true
    }
    fn try_take(shared: &Shared) -> bool {
        let taken = shared.0.try_acquire();
        if taken {
            assert_eq!(shared.1.get(), 1);
        }
        taken
    }
    check(
        "counting_semaphore::a_take_in_between_hands_on_what_came_before",
        || {
            let (shared, taken) = together(shared(0), &[give_two, try_take, try_take]);
            let taken = taken[1..].iter().filter(|&&taken| taken).count();
            assert_eq!(shared.0.permits(), 2 - taken);
        },
    );
}
