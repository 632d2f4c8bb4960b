//! Models of misuse: several threads at once release one hold of a lock. One of them succeeds, and the
//! others learn that the lock was not held.

use super::check;
use crate::deadline::{AlwaysFair, Clock, Deadline, NeverFair};
use crate::flags::{LockFlags, LockStatus};
use crate::mutex::Mutex;
use crate::rw_mutex::RwMutex;
use loom::sync::Arc;
use loom::thread;

const NONE: LockFlags = LockFlags::NONE;

/// Runs `release` here and on another thread, beside those that `take`; says how many releases
/// found a lock to release.
fn twice<T: Send + Sync + 'static>(
    lock: &Arc<T>,
    release: fn(&T) -> bool,
    take: Option<fn(&T)>,
) -> usize {
    let taker = take.map(|take| {
        let lock = Arc::clone(lock);
        thread::spawn(move || take(&lock))
    });
    let other = {
        let lock = Arc::clone(lock);
        thread::spawn(move || release(&lock))
    };
    let released = usize::from(release(lock)) + usize::from(other.join().unwrap());
    assert!(released > 0, "it was locked, and nobody else released it");
    if let Some(taker) = taker {
        taker.join().unwrap();
    }
    released
}

/// Locks, and stays.
fn lock_and_stay(m: &Mutex) {
    let status = m.lock_with(&NeverFair, Deadline::Never, NONE);
    assert_eq!(status, LockStatus::Acquired);
}

fn two_unlocks(name: &str, release: fn(&Mutex) -> bool, take: Option<fn(&Mutex)>) {
    check(name, move || {
        let m = Arc::new(Mutex::new());
        assert!(m.try_lock());
        let takes = 1 + usize::from(take.is_some());
        let released = twice(&m, release, take);
        let held = usize::from(m.is_locked());
        assert_eq!(takes, released + held, "taken, and released or held");
        if held == 1 {
            assert!(m.unlock_with(&NeverFair));
        }
        assert!(!m.unlock_with(&NeverFair), "it is released");
        assert_eq!(m.byte(), 0, "nobody is there");
    });
}

#[test]
fn two_unlocks_of_one_mutex() {
    two_unlocks(
        "releases::two_unlocks_of_one_mutex",
        |m| m.unlock_with(&NeverFair),
        None,
    );
}

#[test]
fn two_unlocks_beside_a_waiter() {
    two_unlocks(
        "releases::two_unlocks_beside_a_waiter",
        |m| m.unlock_with(&NeverFair),
        Some(lock_and_stay),
    );
}

#[test]
fn two_fair_unlocks_beside_a_waiter() {
    two_unlocks(
        "releases::two_fair_unlocks_beside_a_waiter",
        |m| m.unlock_with(&AlwaysFair),
        Some(lock_and_stay),
    );
}

/// How many have it.
fn holders(m: &RwMutex) -> usize {
    let mut holders = 0;
    while m.read_unlock_with(&NeverFair) || m.write_unlock_with(&NeverFair) {
        holders += 1;
    }
    holders
}

const READ: fn(&RwMutex) = |m| {
    let status = m.read_lock_with(&NeverFair, Deadline::Never, NONE);
    assert_eq!(status, LockStatus::Acquired);
};
const WRITE: fn(&RwMutex) = |m| {
    let status = m.write_lock_with(&NeverFair, Deadline::Never, NONE);
    assert_eq!(status, LockStatus::Acquired);
};

fn by<C: Clock>(writes: bool, clock: &C) -> impl Fn(&RwMutex) -> bool {
    move |m| match writes {
        true => m.write_unlock_with(clock),
        false => m.read_unlock_with(clock),
    }
}

const READ_UNLOCK: fn(&RwMutex) -> bool = |m| by(false, &NeverFair)(m);
const READ_UNLOCK_FAIR: fn(&RwMutex) -> bool = |m| by(false, &AlwaysFair)(m);
const WRITE_UNLOCK: fn(&RwMutex) -> bool = |m| by(true, &NeverFair)(m);
const WRITE_UNLOCK_FAIR: fn(&RwMutex) -> bool = |m| by(true, &AlwaysFair)(m);

/// Two releases of a lock that `start` has taken once, beside one that takes it and stays.
fn two_releases(
    name: &str,
    start: fn(&RwMutex),
    release: fn(&RwMutex) -> bool,
    take: Option<fn(&RwMutex)>,
) {
    check(name, move || {
        let m = Arc::new(RwMutex::new());
        start(&m);
        let takes = 1 + usize::from(take.is_some());
        let released = twice(&m, release, take);
        assert_eq!(takes, released + holders(&m), "taken, and released or held");
        assert!(m.try_write_lock(), "{m:?}: nobody is left");
        assert!(m.write_unlock_with(&NeverFair));
        assert!(
            !m.has_waiters(),
            "an unlock that finds nobody leaves nothing"
        );
    });
}

macro_rules! rw_models {
    ($($name:ident: $start:ident, $release:ident, $take:expr;)+) => {
        $(
            #[test]
            fn $name() {
                two_releases(concat!("releases::", stringify!($name)), $start, $release, $take);
            }
        )+
    };
}

rw_models! {
    two_write_unlocks: WRITE, WRITE_UNLOCK, None;
    two_write_unlocks_beside_a_reader: WRITE, WRITE_UNLOCK, Some(READ);
    two_write_unlocks_beside_a_writer: WRITE, WRITE_UNLOCK, Some(WRITE);
    two_fair_write_unlocks_beside_a_reader: WRITE, WRITE_UNLOCK_FAIR, Some(READ);
    two_fair_write_unlocks_beside_a_writer: WRITE, WRITE_UNLOCK_FAIR, Some(WRITE);
    two_read_unlocks: READ, READ_UNLOCK, None;
    two_read_unlocks_beside_a_reader: READ, READ_UNLOCK, Some(READ);
    two_read_unlocks_beside_a_writer: READ, READ_UNLOCK, Some(WRITE);
    two_fair_read_unlocks_beside_a_writer: READ, READ_UNLOCK_FAIR, Some(WRITE);
}
