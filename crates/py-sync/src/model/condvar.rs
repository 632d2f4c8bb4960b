//! Models of [`Condvar`] with [`Mutex`]: producers, consumers, and consumers that give up.

use super::{Guarded, check, together};
use crate::condvar::Condvar;
use crate::deadline::{Deadline, NeverFair};
use crate::flags::{LockFlags, LockStatus};
use crate::mutex::Mutex;
use core::time::Duration;

/// The mutex guards how many things were made and how many used.
struct Shared {
    mutex: Mutex,
    condvar: Condvar,
    made: Guarded,
    used: Guarded,
}

type Role = fn(&Shared) -> usize;

impl Shared {
    fn new() -> Shared {
        Shared {
            mutex: Mutex::new(),
            condvar: Condvar::new(),
            made: Guarded::new(),
            used: Guarded::new(),
        }
    }

    fn lock(&self) {
        let status = self
            .mutex
            .lock_with(&NeverFair, Deadline::Never, LockFlags::NONE);
        assert_eq!(status, LockStatus::Acquired);
    }

    fn unlock(&self) {
        assert!(self.mutex.unlock_with(&NeverFair));
    }

    /// With the mutex in hand.
    fn wait(&self, deadline: Deadline) -> bool {
        let release = || self.unlock();
        let until = (deadline, LockFlags::NONE);
        self.condvar.wait(&NeverFair, &self.mutex, release, until)
    }

    fn make(&self, n: usize) {
        (0..n).for_each(|_| self.made.increment());
    }

    /// Uses one thing, and says so; or gives up once it was not notified in time.
    fn use_one(&self, timed: bool) -> usize {
        let deadline = Deadline::after(timed.then_some(Duration::from_millis(1)));
        self.lock();
        let mut notified = true;
        while self.made.get() == self.used.get() && notified {
            notified = self.wait(deadline);
            assert!(timed || notified);
        }
        let there = self.made.get() > self.used.get();
        if there {
            self.used.increment();
        }
        self.unlock();
        usize::from(there)
    }
}

const USE: Role = |shared| shared.use_one(false);
const USE_TIMED: Role = |shared| shared.use_one(true);

/// Notifies with the mutex in hand.
const MAKE_ONE_INSIDE: Role = |shared| {
    shared.lock();
    shared.make(1);
    shared.condvar.notify_one();
    shared.unlock();
    0
};

/// The same, and hands the mutex off to the first of its queue then.
const MAKE_ONE_INSIDE_FAIR: Role = |shared| {
    shared.lock();
    shared.make(1);
    shared.condvar.notify_one();
    assert!(shared.mutex.unlock_fair());
    0
};

/// Notifies all with the mutex in hand.
const MAKE_TWO_INSIDE: Role = |shared| {
    shared.lock();
    shared.make(2);
    assert!(shared.condvar.notify_all() <= 2);
    shared.unlock();
    0
};

/// Notifies after the mutex.
const MAKE_ONE: Role = |shared| {
    shared.lock();
    shared.make(1);
    shared.unlock();
    shared.condvar.notify_one();
    0
};

const MAKE_TWO: Role = |shared| {
    shared.lock();
    shared.make(2);
    shared.unlock();
    assert!(shared.condvar.notify_all() <= 2);
    0
};

const MAKE_ONE_TWICE: Role = |shared| {
    MAKE_ONE(shared);
    MAKE_ONE(shared)
};

fn contend(name: &str, roles: &'static [Role]) {
    check(name, || {
        let (shared, used) = together(Shared::new(), roles);
        shared.lock();
        assert_eq!(shared.used.get(), used.into_iter().sum::<usize>());
        shared.unlock();
        assert_eq!(shared.condvar.notify_all(), 0, "nobody is left");
        assert!(!shared.condvar.may_have_waiters(), "and the byte says so");
    });
}

#[test]
fn one_made_one_used() {
    contend("condvar::one_made_one_used", &[USE, MAKE_ONE]);
}

#[test]
fn one_made_inside_one_used() {
    contend("condvar::one_made_inside_one_used", &[USE, MAKE_ONE_INSIDE]);
}

#[test]
fn two_made_two_used() {
    contend("condvar::two_made_two_used", &[MAKE_TWO, USE, USE]);
}

#[test]
fn one_made_and_handed_over() {
    contend(
        "condvar::one_made_and_handed_over",
        &[USE, MAKE_ONE_INSIDE_FAIR],
    );
}

#[test]
fn two_made_inside_two_used() {
    contend(
        "condvar::two_made_inside_two_used",
        &[MAKE_TWO_INSIDE, USE, USE],
    );
}

#[test]
fn two_made_inside_one_in_a_hurry() {
    contend(
        "condvar::two_made_inside_one_in_a_hurry",
        &[MAKE_TWO_INSIDE, USE_TIMED, USE],
    );
}

#[test]
fn a_plain_and_a_fair_maker() {
    contend(
        "condvar::a_plain_and_a_fair_maker",
        &[MAKE_ONE_INSIDE, MAKE_ONE_INSIDE_FAIR, USE],
    );
}

/// Two make and notify, so that the mutex is held by one while the other sends on.
#[test]
fn two_makers_and_one_in_a_hurry() {
    contend(
        "condvar::two_makers_and_one_in_a_hurry",
        &[MAKE_ONE_INSIDE_FAIR, MAKE_ONE, USE_TIMED],
    );
}

#[test]
fn one_made_twice_two_used() {
    contend(
        "condvar::one_made_twice_two_used",
        &[MAKE_ONE_TWICE, USE, USE],
    );
}

#[test]
fn two_makers() {
    contend("condvar::two_makers", &[MAKE_ONE, MAKE_ONE_INSIDE, USE]);
}

/// One may give up; the other is served all the same, by a maker of two.
#[test]
fn one_in_a_hurry() {
    contend("condvar::one_in_a_hurry", &[MAKE_ONE_TWICE, USE_TIMED, USE]);
}

/// Two wait, one thing is made and one is notified. If it is one that has just given up, nobody
/// else is: so whoever was notified has to say so, and here passes it on.
#[test]
fn a_notification_is_not_spent_on_who_gives_up() {
    const WAIT: fn(&Shared, bool) -> usize = |shared, timed| {
        let deadline = Deadline::after(timed.then_some(Duration::from_millis(1)));
        shared.lock();
        let mut notified = false;
        if shared.made.get() == 0 {
            notified = shared.wait(deadline);
        }
        shared.unlock();
        usize::from(notified)
    };
    const NOTIFY: Role = |shared| {
        shared.lock();
        shared.make(1);
        let notified = shared.condvar.notify_one();
        shared.unlock();
        // Not part of the sum: a notified waiter counts itself.
        usize::from(notified) << 8
    };
    check(
        "condvar::a_notification_is_not_spent_on_who_gives_up",
        || {
            let (shared, results) = together(Shared::new(), &[NOTIFY, |s| WAIT(s, true)]);
            assert_eq!(results[0] >> 8, results[1], "notified, and returned so");
            assert_eq!(shared.condvar.notify_all(), 0);
        },
    );
}
