//! The read-write lock's: each kind of waiter stops, beside each other.

use super::super::{Guarded, check};
use super::{beside, spawn};
use crate::deadline::{Clock, Deadline, ManualClock, NeverFair};
use crate::flags::{LockFlags, LockStatus};
use crate::rw_mutex::RwMutex;
use loom::sync::Arc;

type Shared = (RwMutex, Guarded);

const ONE_READER: usize = 1 << crate::bits::READER_SHIFT;

fn write((m, guarded): &Shared, clock: &impl Clock, flags: LockFlags) {
    let status = m.write_lock_with(clock, Deadline::Never, flags);
    assert_eq!(status, LockStatus::Acquired);
    guarded.increment();
    assert!(m.write_unlock_with(clock));
}

fn read((m, guarded): &Shared, clock: &impl Clock, flags: LockFlags) {
    let status = m.read_lock_with(clock, Deadline::Never, flags);
    assert_eq!(status, LockStatus::Acquired);
    guarded.get();
    assert!(m.read_unlock_with(clock));
}

const WRITE: fn(&Shared) = |shared| write(shared, &ManualClock, LockFlags::NONE);
const READ: fn(&Shared) = |shared| read(shared, &ManualClock, LockFlags::NONE);
const STOPPED_WRITE: fn(&Shared) = |shared| write(shared, &NeverFair, LockFlags::DETACH);
const STOPPED_READ: fn(&Shared) = |shared| read(shared, &NeverFair, LockFlags::DETACH);

/// The lock is held for writing or reading while they come: one that stops, and others.
fn rw(name: &str, writing: bool, stopped: fn(&Shared), others: &'static [fn(&Shared)]) {
    check(name, move || {
        let shared = Arc::new((RwMutex::new(), Guarded::new()));
        let m = &shared.0;
        match writing {
            true => assert!(m.try_write_lock()),
            false => assert!(m.try_read_lock()),
        }
        let others = || {
            let others: Vec<_> = others.iter().map(|&role| spawn(&shared, role)).collect();
            let unlocked = match writing {
                true => m.write_unlock_with(&ManualClock),
                false => m.read_unlock_with(&ManualClock),
            };
            assert!(unlocked);
            ManualClock::set(true);
            for other in others {
                other.join().unwrap();
            }
        };
        beside(&shared, (1, stopped), |(m, _)| m.has_waiters(), others);
        assert!(m.try_write_lock(), "nobody is left");
    });
}

macro_rules! rw_models {
    ($($name:ident: $writing:literal, $stopped:ident beside $($other:ident)+;)+) => {
        $(
            #[test]
            fn $name() {
                rw(concat!("stopped::rw::", stringify!($name)), $writing, $stopped, &[$($other),+]);
            }
        )+
    };
}

rw_models! {
    a_writer_beside_a_reader_after_a_reader: false, STOPPED_WRITE beside READ;
    a_writer_beside_a_writer_after_a_reader: false, STOPPED_WRITE beside WRITE;
    a_writer_beside_a_reader_after_a_writer: true, STOPPED_WRITE beside READ;
    a_writer_beside_a_writer_after_a_writer: true, STOPPED_WRITE beside WRITE;
    a_reader_beside_a_reader_after_a_writer: true, STOPPED_READ beside READ;
    a_reader_beside_a_writer_after_a_writer: true, STOPPED_READ beside WRITE;
}

/// As with the mutex: another has looked already when an unlock that hands nothing off wakes the writer that stops.
fn rw_in_a_pause(name: &str, other: fn(&Shared)) {
    check(name, move || {
        let shared = Arc::new((RwMutex::new(), Guarded::new()));
        let m = &shared.0;
        assert!(m.try_write_lock());
        let others = || {
            let other = spawn(&shared, other);
            ManualClock::set_to_fair_time_behind(1);
            assert!(m.write_unlock_with(&NeverFair));
            ManualClock::set(true);
            other.join().unwrap();
        };
        beside(
            &shared,
            (1, STOPPED_WRITE),
            |(m, _)| m.has_waiters(),
            others,
        );
        assert!(m.try_write_lock(), "nobody is left");
    });
}

#[test]
fn a_writer_beside_a_reader_in_a_pause() {
    rw_in_a_pause("stopped::rw::a_writer_beside_a_reader_in_a_pause", READ);
}

#[test]
fn a_writer_beside_a_writer_in_a_pause() {
    rw_in_a_pause("stopped::rw::a_writer_beside_a_writer_in_a_pause", WRITE);
}

/// A writer stops right after it has announced itself, and has not even parked.
fn rw_announced(name: &str, other: fn(&Shared)) {
    check(name, move || {
        ManualClock::set(false);
        let shared = Arc::new((RwMutex::new(), Guarded::new()));
        let m = &shared.0;
        assert!(m.try_read_lock());
        m.announce(ONE_READER);
        let other = spawn(&shared, other);
        assert!(m.read_unlock_with(&ManualClock));
        ManualClock::set(true);
        other.join().unwrap();
        assert!(m.try_write_lock(), "nobody is left");
    });
}

#[test]
fn a_reader_beside_an_announced_writer() {
    rw_announced("stopped::rw::a_reader_beside_an_announced_writer", READ);
}

#[test]
fn a_writer_beside_an_announced_writer() {
    rw_announced("stopped::rw::a_writer_beside_an_announced_writer", WRITE);
}

#[test]
fn an_upgradable_reader_beside_an_announced_writer() {
    let name = "stopped::rw::an_upgradable_reader_beside_an_announced_writer";
    rw_announced(name, |(m, _)| {
        let status = m.upgradable_lock_with(&ManualClock, Deadline::Never, LockFlags::NONE);
        assert_eq!(status, LockStatus::Acquired);
        // Another reader that the announcement has not stopped for good.
        let status = m.read_lock_with(&NeverFair, Deadline::Never, LockFlags::NONE);
        assert_eq!(status, LockStatus::Acquired);
        assert!(m.read_unlock_with(&NeverFair));
        m.upgradable_unlock_with(&ManualClock);
    });
}

/// The parked bit has gone with the stopped writer. An upgradable reader waits for a reader in the queue.
#[test]
fn a_reader_beside_an_upgradable_reader_after_a_writer() {
    check(
        "stopped::rw::a_reader_beside_an_upgradable_reader_after_a_writer",
        || {
            let shared = Arc::new((RwMutex::new(), Guarded::new()));
            let m = &shared.0;
            assert!(m.try_write_lock());
            let others = || {
                let reader = spawn(&shared, READ);
                assert!(m.write_unlock_with(&ManualClock));
                let _ = m.upgradable_lock_with(&ManualClock, Deadline::Never, LockFlags::NONE);
                ManualClock::set(true);
                reader.join().unwrap();
                m.upgradable_unlock_with(&ManualClock);
            };
            let asleep: fn(&Shared) -> bool = |(m, _)| m.has_waiters();
            beside(&shared, (1, STOPPED_WRITE), asleep, others);
            assert!(m.try_write_lock(), "nobody is left");
        },
    );
}
