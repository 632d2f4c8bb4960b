//! Models of the calls of [`RwMutex`] that never wait: who gets the lock by one sees what came before,
//! and who does not comes back.
//!
//! Writers write what is guarded and readers read it. A second cell is written by upgradable readers.

use super::{Guarded, check, together};
use crate::deadline::{Deadline, NeverFair};
use crate::flags::{LockFlags, LockStatus};
use crate::rw_mutex::RwMutex;

type Shared = (RwMutex, Guarded, Guarded);

/// Says how often it wrote.
type Role = fn(&Shared) -> usize;

fn written((m, guarded, _): &Shared) -> usize {
    guarded.increment();
    assert!(m.write_unlock_with(&NeverFair));
    1
}

fn read((m, guarded, _): &Shared) -> usize {
    guarded.get();
    assert!(m.read_unlock_with(&NeverFair));
    0
}

const WRITE: Role = |shared| {
    let status = shared
        .0
        .write_lock_with(&NeverFair, Deadline::Never, LockFlags::NONE);
    assert_eq!(status, LockStatus::Acquired);
    written(shared)
};

const READ: Role = |shared| {
    let status = shared
        .0
        .read_lock_with(&NeverFair, Deadline::Never, LockFlags::NONE);
    assert_eq!(status, LockStatus::Acquired);
    read(shared)
};

const TRY_WRITE: Role = |shared| match shared.0.try_write_lock() {
    true => written(shared),
    false => 0,
};

const TRY_READ: Role = |shared| match shared.0.try_read_lock() {
    true => read(shared),
    false => 0,
};

const TRY_READ_RECURSIVE: Role = |shared| match shared.0.try_read_lock_recursive() {
    true => read(shared),
    false => 0,
};

/// Becomes the writer if nobody else reads.
const TRY_UPGRADE: Role = |shared| {
    let (m, guarded, among) = shared;
    if !m.try_upgradable_lock() {
        return 0;
    }
    guarded.get();
    among.increment();
    if m.try_upgrade() {
        return written(shared);
    }
    m.upgradable_unlock_with(&NeverFair);
    0
};

macro_rules! models {
    ($($name:ident: $($role:ident)+;)+) => {
        $(
            #[test]
            fn $name() {
                check(concat!("rw_try::", stringify!($name)), || {
                    let shared = (RwMutex::new(), Guarded::new(), Guarded::new());
                    let (shared, wrote) = together(shared, &[$($role),+]);
                    assert!(shared.0.try_write_lock(), "nobody is left");
                    assert_eq!(shared.1.get(), wrote.into_iter().sum::<usize>());
                });
            }
        )+
    };
}

models! {
    to_write_beside_a_writer: TRY_WRITE WRITE;
    to_write_beside_a_reader: TRY_WRITE READ;
    to_write_beside_one_that_tries_too: TRY_WRITE TRY_WRITE;
    to_write_beside_two_that_wait: TRY_WRITE WRITE WRITE;
    to_read_beside_a_writer: TRY_READ WRITE;
    to_read_again_beside_a_writer: TRY_READ_RECURSIVE WRITE;
    to_upgrade_beside_a_writer: TRY_UPGRADE WRITE;
    to_upgrade_beside_a_reader: TRY_UPGRADE READ;
    to_upgrade_beside_one_that_tries_too: TRY_UPGRADE TRY_UPGRADE;
    to_upgrade_beside_one_that_tries_to_write: TRY_UPGRADE TRY_WRITE;
}

/// Two want to be the upgradable reader while another reads. The one that loses finds out after the other
/// has begun to upgrade, and must not touch the parked bit, which that one relies on.
#[test]
fn who_has_lost_leaves_an_upgrade_alone() {
    check("rw_try::who_has_lost_leaves_an_upgrade_alone", || {
        let shared = (RwMutex::new(), Guarded::new(), Guarded::new());
        assert!(shared.0.try_read_lock());
        let upgrade: Role = |shared| {
            if !shared.0.try_upgradable_lock() {
                return 0;
            }
            let status = shared.0.upgrade_with(Deadline::Never);
            assert_eq!(status, LockStatus::Acquired);
            written(shared)
        };
        let (shared, wrote) = together(shared, &[read, upgrade, TRY_UPGRADE]);
        assert!(shared.0.try_write_lock(), "nobody is left");
        assert_eq!(shared.1.get(), wrote.into_iter().sum::<usize>());
    });
}

/// Before it parks, a writer that finds readers stops those that come.
#[test]
fn a_writer_announces_itself_before_it_parks() {
    use core::sync::atomic::{AtomicBool, Ordering::SeqCst};
    // Of all executions, so not loom's.
    static SEEN: AtomicBool = AtomicBool::new(false);
    check("rw_try::a_writer_announces_itself_before_it_parks", || {
        let shared = loom::sync::Arc::new((RwMutex::new(), Guarded::new(), Guarded::new()));
        let m = &shared.0;
        assert!(m.try_read_lock());
        let writer = {
            let shared = loom::sync::Arc::clone(&shared);
            loom::thread::spawn(move || WRITE(&shared))
        };
        match m.try_upgradable_lock() {
            true => m.upgradable_unlock_with(&NeverFair),
            // Nobody can write: this thread reads.
            false if !m.has_waiters() => SEEN.store(true, SeqCst),
            false => {}
        }
        assert!(m.read_unlock_with(&NeverFair));
        assert_eq!(writer.join().unwrap(), 1);
    });
    assert!(SEEN.load(SeqCst), "it was never seen");
}
