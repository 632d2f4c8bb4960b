//! Models of [`RwMutex`] on the static lot, with a clock that never hands off and one that always does.
//!
//! Writers write what is guarded and readers read it, so loom reports one beside the other.

use super::{Guarded, check, together};
use crate::deadline::{AlwaysFair, Clock, Deadline, NeverFair, Skewed};
use crate::flags::{LockFlags, LockStatus};
use crate::rw_mutex::{Rank, RwMutex};
use core::time::Duration;

type Shared = (RwMutex, Guarded);
type Role = fn(&Shared) -> usize;

fn shared() -> Shared {
    (RwMutex::new(), Guarded::new())
}

fn deadline(timed: bool) -> Deadline {
    Deadline::after(timed.then_some(Duration::from_millis(1)))
}

/// Writes once if it gets the lock in time; returns how often it wrote.
fn write_with(shared: &Shared, clock: &impl Clock, timed: bool) -> usize {
    let (m, guarded) = shared;
    let status = m.write_lock_with(clock, deadline(timed), LockFlags::NONE);
    assert!(timed || status == LockStatus::Acquired);
    if status != LockStatus::Acquired {
        return 0;
    }
    guarded.increment();
    assert!(m.write_unlock_with(clock));
    1
}

fn write<const FAIR: bool, const TIMED: bool>(shared: &Shared) -> usize {
    match FAIR {
        true => write_with(shared, &AlwaysFair, TIMED),
        false => write_with(shared, &NeverFair, TIMED),
    }
}

/// Reads once if it gets the lock in time.
fn read<const TIMED: bool>(shared: &Shared) -> usize {
    let (m, guarded) = shared;
    let status = m.read_lock_with(&NeverFair, deadline(TIMED), LockFlags::NONE);
    assert!(TIMED || status == LockStatus::Acquired);
    if status == LockStatus::Acquired {
        guarded.get();
        m.read_unlock();
    }
    0
}

/// Reads, and reads again inside: a writer that waits must not stop it.
fn read_twice(shared: &Shared) -> usize {
    let (m, guarded) = shared;
    let _ = m.read_lock_with(&NeverFair, Deadline::Never, LockFlags::NONE);
    let inner = m.read_contended(&NeverFair, Rank::First, Deadline::Never, LockFlags::NONE);
    assert_eq!(inner, LockStatus::Acquired);
    guarded.get();
    m.read_unlock();
    m.read_unlock();
    0
}

fn contend(name: &str, roles: &'static [Role]) {
    check(name, || {
        let (shared, wrote) = together(shared(), roles);
        assert_eq!(shared.1.get(), wrote.into_iter().sum::<usize>());
        // Nobody is left, so nobody must be stopped for: not even by a bit that lies.
        let status = shared
            .0
            .read_lock_with(&NeverFair, Deadline::Never, LockFlags::NONE);
        assert_eq!(status, LockStatus::Acquired);
        shared.0.read_unlock();
        assert!(shared.0.try_write_lock());
    });
}

const WRITE: Role = write::<false, false>;
const WRITE_FAIR: Role = write::<true, false>;
const WRITE_TIMED: Role = write::<false, true>;
const READ: Role = read::<false>;
const READ_TIMED: Role = read::<true>;

#[test]
fn a_reader_and_a_writer() {
    contend("rw_mutex::a_reader_and_a_writer", &[READ, WRITE]);
}

#[test]
fn two_writers() {
    contend("rw_mutex::two_writers", &[WRITE, WRITE]);
}

#[test]
fn two_writers_always_fair() {
    contend(
        "rw_mutex::two_writers_always_fair",
        &[WRITE_FAIR, WRITE_FAIR],
    );
}

#[test]
fn two_readers_and_a_writer() {
    contend("rw_mutex::two_readers_and_a_writer", &[WRITE, READ, READ]);
}

/// One reader is in, the writer waits for it, the other gives up: the last to leave must wake it.
#[test]
fn a_reader_that_steps_back_may_be_the_last() {
    contend(
        "rw_mutex::a_reader_that_steps_back_may_be_the_last",
        &[READ, WRITE, READ],
    );
}

/// A writer wrote and reads on; the reader whom another writer lets in, giving up, sees it.
#[test]
fn who_is_let_in_sees_the_last_write() {
    let write_and_stay: Role = |shared| {
        let wrote = write_with(shared, &NeverFair, false);
        let _ = shared
            .0
            .read_lock_with(&NeverFair, Deadline::Never, LockFlags::NONE);
        wrote
    };
    check("rw_mutex::who_is_let_in_sees_the_last_write", move || {
        let (shared, wrote) = together(shared(), &[write_and_stay, WRITE_TIMED, READ]);
        assert_eq!(shared.1.get(), wrote.into_iter().sum::<usize>());
        shared.0.read_unlock();
        assert!(shared.0.try_write_lock());
    });
}

#[test]
fn two_readers_and_a_fair_writer() {
    contend(
        "rw_mutex::two_readers_and_a_fair_writer",
        &[WRITE_FAIR, READ, READ],
    );
}

#[test]
fn two_writers_and_a_reader() {
    contend("rw_mutex::two_writers_and_a_reader", &[WRITE, WRITE, READ]);
}

#[test]
fn two_fair_writers_and_a_reader() {
    contend(
        "rw_mutex::two_fair_writers_and_a_reader",
        &[WRITE_FAIR, WRITE_FAIR, READ],
    );
}

#[test]
fn a_timed_writer_and_two_readers() {
    contend(
        "rw_mutex::a_timed_writer_and_two_readers",
        &[READ, READ, WRITE_TIMED],
    );
}

#[test]
fn a_timed_writer_a_writer_and_a_reader() {
    contend(
        "rw_mutex::a_timed_writer_a_writer_and_a_reader",
        &[READ, WRITE, WRITE_TIMED],
    );
}

#[test]
fn two_timed_writers_and_a_reader() {
    contend(
        "rw_mutex::two_timed_writers_and_a_reader",
        &[WRITE_TIMED, READ, WRITE_TIMED],
    );
}

/// A writer and a reader wait for a writer, in either order.
#[test]
fn three_fair() {
    check("rw_mutex::three_fair", || {
        let shared = shared();
        assert!(shared.0.try_write_lock());
        let unlock: Role = |shared| {
            shared.1.increment();
            assert!(shared.0.write_unlock_with(&AlwaysFair));
            1
        };
        let (shared, wrote) = together(shared, &[unlock, WRITE_FAIR, READ]);
        assert_eq!(shared.1.get(), wrote.into_iter().sum::<usize>());
        assert!(shared.0.try_write_lock());
    });
}

#[test]
fn a_timed_reader_a_writer_and_a_reader() {
    contend(
        "rw_mutex::a_timed_reader_a_writer_and_a_reader",
        &[WRITE, READ, READ_TIMED],
    );
}

#[test]
fn a_recursive_reader_and_a_writer() {
    contend(
        "rw_mutex::a_recursive_reader_and_a_writer",
        &[read_twice, WRITE],
    );
}

#[test]
fn a_recursive_reader_and_two_writers() {
    contend(
        "rw_mutex::a_recursive_reader_and_two_writers",
        &[read_twice, WRITE, WRITE],
    );
}

/// A reader is in all the time; a writer gives up, and the reader behind it must come in.
#[test]
fn a_writer_that_gives_up_frees_the_readers_behind_it() {
    check(
        "rw_mutex::a_writer_that_gives_up_frees_the_readers_behind_it",
        || {
            let shared = shared();
            assert!(shared.0.try_read_lock());
            let (shared, wrote) = together(shared, &[WRITE_TIMED, READ]);
            assert_eq!(wrote, [0, 0], "a reader was in");
            assert!(shared.0.try_read_lock(), "the parked bit is gone");
            shared.0.read_unlock();
            shared.0.read_unlock();
        },
    );
}

#[test]
fn a_writer_that_gives_up_before_another() {
    check("rw_mutex::a_writer_that_gives_up_before_another", || {
        let shared = shared();
        assert!(shared.0.try_read_lock());
        let leave: Role = |shared| {
            shared.1.get();
            shared.0.read_unlock();
            0
        };
        let (shared, wrote) = together(shared, &[leave, WRITE_TIMED, WRITE]);
        assert_eq!(shared.1.get(), wrote.into_iter().sum::<usize>());
        assert!(shared.0.try_write_lock());
    });
}

/// A free lock is not refused for the sake of a bit that a timed-out waiter left.
#[test]
fn try_write_gets_a_free_lock() {
    check("rw_mutex::try_write_gets_a_free_lock", || {
        let shared = shared();
        assert!(shared.0.try_write_lock());
        let unlock: Role = |shared| {
            shared.1.increment();
            assert!(shared.0.write_unlock_with(&NeverFair));
            0
        };
        let (shared, wrote) = together(shared, &[unlock, WRITE_TIMED]);
        assert!(
            shared.0.try_write_lock(),
            "free, whatever the parked bit says"
        );
        assert_eq!(shared.1.get(), 1 + wrote[1]);
    });
}

/// A writer waits for the model's own thread, which unlocks and then, if it was parked, `look`s.
fn behind_me(
    name: &str,
    unlock: fn(&RwMutex) -> bool,
    start: fn(&RwMutex) -> bool,
    look: fn(&RwMutex, &dyn Fn() -> bool),
) {
    check(name, move || {
        // Not loom's: it is not part of the model.
        let had = std::sync::Arc::new(core::sync::atomic::AtomicBool::new(false));
        let shared = loom::sync::Arc::new(shared());
        let m = &shared.0;
        assert!(start(m));
        let writer = {
            let (shared, had) = (shared.clone(), had.clone());
            loom::thread::spawn(move || {
                let (m, guarded) = &*shared;
                let status = m.write_lock_with(&NeverFair, Deadline::Never, LockFlags::NONE);
                assert_eq!(status, LockStatus::Acquired);
                guarded.increment();
                had.store(true, core::sync::atomic::Ordering::SeqCst);
                assert!(m.write_unlock_with(&NeverFair));
            })
        };
        let parked = m.has_waiters();
        assert!(unlock(m));
        if parked {
            look(m, &|| had.load(core::sync::atomic::Ordering::SeqCst));
        }
        writer.join().unwrap();
        assert!(m.try_write_lock(), "nobody is left");
    });
}

fn has_it_or_had_it(m: &RwMutex, had: &dyn Fn() -> bool) {
    if !m.is_write_locked() {
        assert!(had(), "the lock was free after a writer's fair time");
    }
}

#[test]
fn a_due_writer_is_handed_it_by_the_last_reader() {
    behind_me(
        "rw_mutex::a_due_writer_is_handed_it_by_the_last_reader",
        |m| m.read_unlock_with(&AlwaysFair),
        RwMutex::try_read_lock,
        has_it_or_had_it,
    );
}

#[test]
fn a_due_writer_is_handed_it_by_a_writer() {
    behind_me(
        "rw_mutex::a_due_writer_is_handed_it_by_a_writer",
        |m| m.write_unlock_with(&AlwaysFair),
        RwMutex::try_write_lock,
        has_it_or_had_it,
    );
}

#[test]
fn a_woken_writer_is_not_passed_over_by_a_reader() {
    behind_me(
        "rw_mutex::a_woken_writer_is_not_passed_over_by_a_reader",
        |m| m.read_unlock_with(&NeverFair),
        RwMutex::try_read_lock,
        |m, had| {
            if m.try_read_lock() {
                assert!(had(), "a reader has passed the writer over");
                m.read_unlock();
            }
        },
    );
}

/// A reader whose fair time comes stays behind a writer while another thread reads.
#[test]
fn a_due_waiter_waits_for_its_turn() {
    check("rw_mutex::a_due_waiter_waits_for_its_turn", || {
        // Not loom's: it is not part of the model.
        let reads = std::sync::Arc::new(core::sync::atomic::AtomicBool::new(true));
        let shared = loom::sync::Arc::new(shared());
        assert!(shared.0.try_read_lock());
        let writer = {
            let shared = shared.clone();
            loom::thread::spawn(move || WRITE(&shared))
        };
        while !shared.0.has_waiters() {
            loom::thread::yield_now();
        }
        let reader = {
            let (shared, reads) = (shared.clone(), reads.clone());
            loom::thread::spawn(move || {
                let m = &shared.0;
                let status = m.read_lock_with(&Skewed, Deadline::Never, LockFlags::NONE);
                assert_eq!(status, LockStatus::Acquired);
                let reads = reads.load(core::sync::atomic::Ordering::SeqCst);
                assert!(!reads, "a reader has passed the writer over");
                m.read_unlock();
            })
        };
        loom::thread::yield_now();
        reads.store(false, core::sync::atomic::Ordering::SeqCst);
        shared.0.read_unlock();
        writer.join().unwrap();
        reader.join().unwrap();
        assert!(shared.0.try_write_lock(), "nobody is left");
    });
}

/// Two readers leave beside a writer: what they read is not written before they have left.
#[test]
fn two_readers_leave_a_writer() {
    let leave: Role = |shared| {
        shared.1.get();
        shared.0.read_unlock();
        0
    };
    check("rw_mutex::two_readers_leave_a_writer", move || {
        let shared = shared();
        assert!(shared.0.try_read_lock() && shared.0.try_read_lock());
        let (shared, wrote) = together(shared, &[leave, leave, WRITE]);
        assert_eq!(shared.1.get(), wrote.into_iter().sum::<usize>());
        assert!(shared.0.try_write_lock(), "nobody is left");
    });
}
