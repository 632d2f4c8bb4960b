//! Models of [`RwMutex`]'s upgradable readers, downgrades and fair unlocks.
//!
//! What is guarded is written by writers and read by readers. A second cell is written by upgradable
//! readers: of those there is one at a time, and no writer beside it.

use super::{Guarded, check, check_within, together};
use crate::deadline::{AlwaysFair, Clock, Deadline, NeverFair};
use crate::flags::{LockFlags, LockStatus};
use crate::rw_mutex::{Rank, RwMutex};
use core::time::Duration;

/// The lock, what it guards, and what the upgradable readers have among themselves.
type Shared = (RwMutex, Guarded, Guarded);
type Role = fn(&Shared) -> usize;

const NONE: LockFlags = LockFlags::NONE;

fn shared() -> Shared {
    (RwMutex::new(), Guarded::new(), Guarded::new())
}

fn deadline(timed: bool) -> Deadline {
    Deadline::after(timed.then_some(Duration::from_millis(1)))
}

const READ: Role = |(m, guarded, _)| {
    let _ = m.read_lock_with(&NeverFair, Deadline::Never, NONE);
    guarded.get();
    m.read_unlock_owned();
    0
};

/// A reader that unlocks fairly.
const READ_FAIR: Role = |(m, guarded, _)| {
    let _ = m.read_lock_with(&NeverFair, Deadline::Never, NONE);
    guarded.get();
    m.read_unlock_fair();
    0
};

/// Reads, and reads again inside: neither a waiting writer nor an upgrade must stop it.
const READ_TWICE: Role = |(m, guarded, _)| {
    let _ = m.read_lock_with(&NeverFair, Deadline::Never, NONE);
    let _ = m.read_contended(&NeverFair, Rank::First, Deadline::Never, NONE);
    guarded.get();
    m.read_unlock_owned();
    m.read_unlock_owned();
    0
};

fn write_with(shared: &Shared, clock: &impl Clock, timed: bool) -> usize {
    let (m, guarded, _) = shared;
    if m.write_lock_with(clock, deadline(timed), NONE) != LockStatus::Acquired {
        assert!(timed);
        return 0;
    }
    guarded.increment();
    assert!(m.write_unlock_with(clock));
    1
}

const WRITE: Role = |shared| write_with(shared, &NeverFair, false);
const WRITE_FAIR: Role = |shared| write_with(shared, &AlwaysFair, false);
const WRITE_TIMED: Role = |shared| write_with(shared, &NeverFair, true);

fn upgradable<const TIMED: bool>(shared: &Shared) -> bool {
    let (m, guarded, among) = shared;
    if m.upgradable_lock_with(&NeverFair, deadline(TIMED), NONE) != LockStatus::Acquired {
        assert!(TIMED);
        return false;
    }
    guarded.get();
    among.increment();
    true
}

/// Reads as the upgradable one, and leaves as such.
const LOOK: Role = |shared| {
    assert!(upgradable::<false>(shared));
    shared.0.upgradable_unlock_with(&NeverFair);
    0
};
const LOOK_FAIR: Role = |shared| {
    assert!(upgradable::<false>(shared));
    shared.0.upgradable_unlock_with(&AlwaysFair);
    0
};
const LOOK_TIMED: Role = |shared| {
    if upgradable::<true>(shared) {
        shared.0.upgradable_unlock_with(&NeverFair);
    }
    0
};

/// Reads, becomes the writer, writes.
fn upgrade<const TIMED: bool>(shared: &Shared) -> usize {
    let (m, guarded, among) = shared;
    assert!(upgradable::<false>(shared));
    if m.upgrade_with(deadline(TIMED)) != LockStatus::Acquired {
        assert!(TIMED);
        among.increment();
        m.upgradable_unlock_with(&NeverFair);
        return 0;
    }
    assert!(m.is_write_locked());
    guarded.increment();
    assert!(m.write_unlock_with(&NeverFair));
    1
}

const UPGRADE: Role = upgrade::<false>;
const UPGRADE_TIMED: Role = upgrade::<true>;

/// Writes, and stays as a reader.
const WRITE_AND_READ: Role = |(m, guarded, _)| {
    let _ = m.write_lock_with(&NeverFair, Deadline::Never, NONE);
    guarded.increment();
    m.downgrade_with(&NeverFair);
    guarded.get();
    m.read_unlock_owned();
    1
};

/// Writes, stays as the upgradable reader, then as a reader.
const WRITE_AND_LOOK: Role = |(m, guarded, among)| {
    let _ = m.write_lock_with(&NeverFair, Deadline::Never, NONE);
    guarded.increment();
    m.downgrade_to_upgradable_with(&NeverFair);
    guarded.get();
    among.increment();
    m.downgrade_upgradable_with(&NeverFair);
    guarded.get();
    m.read_unlock_owned();
    1
};

fn contend(name: &str, roles: &'static [Role]) {
    contend_from(name, |_| (), roles);
}

/// All `roles`, from what `start` makes of the lock: the first role is to end that.
fn contend_from(name: &str, start: fn(&RwMutex), roles: &'static [Role]) {
    check(name, move || {
        let shared = shared();
        start(&shared.0);
        let (shared, wrote) = together(shared, roles);
        assert_eq!(shared.1.get(), wrote.into_iter().sum::<usize>());
        // Nobody is left, so nobody must be stopped for: not even by a bit that lies.
        assert!(shared.0.try_read_lock(), "{:?}", shared.0);
        shared.0.read_unlock();
        assert!(shared.0.try_upgradable_lock() && shared.0.try_upgrade());
    });
}

macro_rules! models {
    ($($name:ident: $($role:ident)+;)+) => {
        $(
            #[test]
            fn $name() {
                contend(concat!("rw_upgrade::", stringify!($name)), &[$($role),+]);
            }
        )+
    };
}

models! {
    two_upgradable_readers: LOOK LOOK;
    an_upgradable_reader_and_a_writer: LOOK WRITE;
    an_upgrade_and_a_reader: UPGRADE READ;
    an_upgrade_and_a_writer: UPGRADE WRITE;
    two_upgrades: UPGRADE UPGRADE;
    an_upgrade_and_two_readers: UPGRADE READ READ;
    an_upgrade_and_a_recursive_reader: UPGRADE READ_TWICE;
    an_upgrade_a_recursive_reader_and_a_writer: UPGRADE READ_TWICE WRITE;
    an_upgrade_a_reader_and_a_writer: UPGRADE READ WRITE;
    two_upgrades_and_a_reader: UPGRADE UPGRADE READ;
    an_upgrade_that_may_give_up_and_a_reader: UPGRADE_TIMED READ;
    an_upgrade_that_may_give_up_and_two_readers: UPGRADE_TIMED READ READ;
    an_upgrade_that_may_give_up_a_reader_and_a_writer: UPGRADE_TIMED READ WRITE;
    an_upgradable_reader_a_reader_and_a_writer: LOOK READ WRITE;
    an_upgradable_reader_and_two_writers: LOOK WRITE WRITE;
    two_upgradable_readers_and_a_writer: LOOK LOOK WRITE;
    two_upgradable_readers_and_a_fair_writer: LOOK LOOK WRITE_FAIR;
    an_upgradable_reader_a_reader_and_a_timed_writer: LOOK READ WRITE_TIMED;
    a_timed_upgradable_reader_and_two_writers: LOOK_TIMED WRITE WRITE;
    a_timed_upgradable_reader_another_and_a_reader: LOOK_TIMED LOOK READ;
    fair_upgradable_readers_and_a_writer: LOOK_FAIR LOOK_FAIR WRITE;
    a_downgrade_and_a_reader: WRITE_AND_READ READ;
    a_downgrade_and_two_writers: WRITE_AND_READ WRITE WRITE;
    a_downgrade_a_reader_and_a_writer: WRITE_AND_READ READ WRITE;
    a_downgrade_an_upgradable_reader_and_a_writer: WRITE_AND_READ LOOK WRITE;
    two_steps_down_and_a_reader: WRITE_AND_LOOK READ;
    two_steps_down_and_an_upgrade: WRITE_AND_LOOK UPGRADE;
    two_steps_down_a_reader_and_a_writer: WRITE_AND_LOOK READ WRITE;
    two_fair_readers_and_a_writer: READ_FAIR READ_FAIR WRITE;
    a_fair_reader_and_an_upgrade: READ_FAIR UPGRADE;
    a_fair_reader_an_upgrade_and_a_writer: READ_FAIR UPGRADE WRITE;
}

/// The upgradable reader has it for as long as the others live: a writer that waits for it must not
/// keep the reader out, since the reader may be what the upgradable one waits for.
#[test]
fn who_waits_for_an_upgradable_reader_stops_no_reader() {
    check(
        "rw_upgrade::who_waits_for_an_upgradable_reader_stops_no_reader",
        || {
            let shared = shared();
            assert!(shared.0.try_upgradable_lock());
            let (shared, wrote) = together(shared, &[READ, WRITE_TIMED, LOOK_TIMED]);
            assert_eq!(wrote, [0, 0, 0], "the lock was upgradable all the time");
            shared.0.upgradable_unlock_with(&NeverFair);
            assert!(shared.0.try_write_lock(), "nobody is left");
        },
    );
}

/// Becomes the upgradable reader, and leaves the end of that to others.
const BECOME: Role = |shared| {
    assert!(upgradable::<false>(shared));
    0
};

/// A thread of a model that has more to say than a role.
fn spawn(shared: &loom::sync::Arc<Shared>, role: Role) -> loom::thread::JoinHandle<usize> {
    let shared = loom::sync::Arc::clone(shared);
    loom::thread::spawn(move || role(&shared))
}

/// The writer does not announce itself there either: the upgradable reader goes on until the reader has come.
#[test]
fn a_writer_that_finds_an_upgradable_reader_stops_no_reader() {
    check(
        "rw_upgrade::a_writer_that_finds_an_upgradable_reader_stops_no_reader",
        || {
            let shared = loom::sync::Arc::new(shared());
            assert!(shared.0.try_upgradable_lock());
            let [writer, reader] = [WRITE, READ].map(|role| spawn(&shared, role));
            reader.join().unwrap();
            shared.0.upgradable_unlock_with(&NeverFair);
            writer.join().unwrap();
            assert!(shared.0.try_write_lock(), "nobody is left");
        },
    );
}

/// The same from a write: a reader that is parked, if behind a writer, comes in with the downgrade.
/// The upgradable reader goes on until it has.
#[test]
fn a_downgrade_lets_in_whom_only_the_write_stopped() {
    check(
        "rw_upgrade::a_downgrade_lets_in_whom_only_the_write_stopped",
        || {
            let shared = loom::sync::Arc::new(shared());
            assert!(shared.0.try_write_lock());
            let (writer, reader) = (spawn(&shared, WRITE), spawn(&shared, READ));
            shared.1.increment();
            shared.0.downgrade_to_upgradable_with(&NeverFair);
            reader.join().unwrap();
            shared.0.upgradable_unlock_with(&NeverFair);
            writer.join().unwrap();
            assert!(shared.0.try_write_lock() && shared.1.get() == 2);
        },
    );
}

/// The upgradable reader was woken, and a reader has parked behind a writer before it is there. It
/// goes on until that reader has been in.
#[test]
fn who_becomes_upgradable_lets_in_whom_a_writer_stopped() {
    check(
        "rw_upgrade::who_becomes_upgradable_lets_in_whom_a_writer_stopped",
        || {
            let shared = loom::sync::Arc::new(shared());
            assert!(shared.0.try_write_lock());
            let (upgradable, writer) = (spawn(&shared, BECOME), spawn(&shared, WRITE));
            shared.1.increment();
            assert!(shared.0.write_unlock_with(&NeverFair));
            READ(&shared);
            upgradable.join().unwrap();
            shared.0.upgradable_unlock_with(&NeverFair);
            writer.join().unwrap();
            assert!(shared.0.try_write_lock() && shared.1.get() == 2);
        },
    );
}

/// From a write, with an upgradable reader, a writer and a reader behind it.
#[test]
fn behind_a_writer_an_upgradable_reader_and_a_reader() {
    contend_from(
        "rw_upgrade::behind_a_writer_an_upgradable_reader_and_a_reader",
        |m| assert!(m.try_write_lock()),
        &[
            |shared| {
                shared.1.increment();
                assert!(shared.0.write_unlock_with(&AlwaysFair));
                1
            },
            UPGRADE,
            READ,
        ],
    );
}

const UNLOCK_WRITE: Role = |shared| {
    shared.1.increment();
    assert!(shared.0.write_unlock_with(&NeverFair));
    1
};

/// From a write, with two upgradable readers behind it: one may come past the other.
#[test]
fn behind_a_writer_two_upgradable_readers() {
    contend_from(
        "rw_upgrade::behind_a_writer_two_upgradable_readers",
        |m| assert!(m.try_write_lock()),
        &[UNLOCK_WRITE, LOOK, LOOK],
    );
}

/// A reader is in from the start.
#[test]
fn the_last_reader_leaves_an_upgrade() {
    contend_from(
        "rw_upgrade::the_last_reader_leaves_an_upgrade",
        |m| assert!(m.try_read_lock()),
        &[
            |shared| {
                shared.1.get();
                shared.0.read_unlock_owned();
                0
            },
            UPGRADE,
        ],
    );
}

/// The upgradable reader and a reader are in for as long as the others live: an upgrade that gives
/// up must let those in whom it stopped, at once.
#[test]
fn an_upgrade_that_gives_up_lets_readers_in_at_once() {
    let give_up: Role = |shared| {
        let status = shared.0.upgrade_with(deadline(true));
        assert_eq!(status, LockStatus::Failure, "there is a reader");
        0
    };
    check(
        "rw_upgrade::an_upgrade_that_gives_up_lets_readers_in_at_once",
        move || {
            let shared = shared();
            assert!(shared.0.try_read_lock() && shared.0.try_upgradable_lock());
            let (shared, _) = together(shared, &[give_up, READ]);
            shared.0.upgradable_unlock_with(&NeverFair);
            shared.0.read_unlock();
            assert!(shared.0.try_write_lock(), "nobody is left");
        },
    );
}

/// An upgradable reader was woken and another waits, while a writer gives up for the sake of a
/// reader: it looks whom it has stopped, and meanwhile the first one gets there.
#[test]
fn a_writer_gives_up_while_another_becomes_upgradable() {
    check_within(
        1,
        "rw_upgrade::a_writer_gives_up_while_another_becomes_upgradable",
        || {
            let shared = loom::sync::Arc::new(shared());
            assert!(shared.0.try_write_lock());
            let (becomes, looks) = (spawn(&shared, BECOME), spawn(&shared, LOOK));
            loom::thread::yield_now();
            assert!(shared.0.write_unlock_with(&NeverFair));
            assert!(shared.0.try_read_lock_recursive());
            assert_eq!(WRITE_TIMED(&shared), 0, "there is a reader");
            shared.0.read_unlock_owned();
            becomes.join().unwrap();
            shared.0.upgradable_unlock_with(&NeverFair);
            looks.join().unwrap();
            assert!(shared.0.try_write_lock(), "nobody is left");
        },
    );
}
