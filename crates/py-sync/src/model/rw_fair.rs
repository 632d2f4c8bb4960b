//! Models of who goes when at a [`RwMutex`] that is read, or upgradable: fair times, upgrades, wakes.

use super::{check, check_within};
use crate::deadline::{Clock, Deadline, ManualClock, NeverFair, Skewed};
use crate::flags::{LockFlags, LockStatus};
use crate::parking_lot::{Kind, Waiters, lot};
use crate::rw_mutex::RwMutex;
use loom::sync::Arc;
use loom::thread;

const NEVER: Deadline = Deadline::Never;
const NONE: LockFlags = LockFlags::NONE;

/// How many are queued.
fn queued(m: &RwMutex) -> usize {
    let count = |waiters: &mut Waiters<'_>| waiters.iter().count();
    let key = core::ptr::from_ref(m).addr();
    // SAFETY: the lock is the model's own; the closure does not call into the lot.
    unsafe { lot().with_waiters(Kind::RwMutex, key, count) }
}

fn until(condition: impl Fn() -> bool) {
    while !condition() {
        thread::yield_now();
    }
}

fn read(m: &RwMutex, clock: &impl Clock) {
    let status = m.read_lock_with(clock, NEVER, NONE);
    assert_eq!(status, LockStatus::Acquired);
}

fn write(m: &RwMutex) {
    let status = m.write_lock_with(&NeverFair, NEVER, NONE);
    assert_eq!(status, LockStatus::Acquired);
    assert!(m.write_unlock_with(&NeverFair));
}

/// A writer was woken, and the parked bit has gone with it. An upgradable reader comes first, and sees
/// nobody whom it could let in. So the reader that is queued comes in by itself once its fair time has
/// come, whoever else reads by then.
#[test]
fn a_due_reader_comes_in_beside_an_upgradable_one_and_another() {
    let name = "rw_fair::a_due_reader_comes_in_beside_an_upgradable_one_and_another";
    check_within(1, name, || {
        ManualClock::set(false);
        let m = Arc::new(RwMutex::new());
        assert!(m.try_write_lock());
        let spawn = |role: fn(&RwMutex)| {
            let (others, m) = (queued(&m), Arc::clone(&m));
            let thread = thread::spawn({
                let m = Arc::clone(&m);
                move || role(&m)
            });
            until(|| queued(&m) > others);
            thread
        };
        let writer = spawn(write);
        let reader = spawn(|m| {
            read(m, &ManualClock);
            m.read_unlock();
        });
        assert!(m.write_unlock_with(&ManualClock));
        let upgradable = m.try_upgradable_lock();
        let reads = upgradable && m.try_read_lock();
        ManualClock::set(true);
        reader.join().unwrap();
        if reads {
            m.read_unlock();
        }
        if upgradable {
            m.upgradable_unlock_with(&NeverFair);
        }
        writer.join().unwrap();
        assert!(m.try_write_lock(), "nobody is left");
    });
}

/// An upgrade stops new readers also when their fair time comes: it waits for those only that read
/// already.
#[test]
fn a_due_reader_waits_for_an_upgrade() {
    check("rw_fair::a_due_reader_waits_for_an_upgrade", || {
        // Not loom's: it is not part of the model.
        let upgraded = std::sync::Arc::new(core::sync::atomic::AtomicBool::new(false));
        let m = Arc::new(RwMutex::new());
        assert!(m.try_read_lock() && m.try_upgradable_lock());
        let upgrade = {
            let (m, upgraded) = (Arc::clone(&m), std::sync::Arc::clone(&upgraded));
            thread::spawn(move || {
                assert_eq!(m.upgrade_with(NEVER), LockStatus::Acquired);
                upgraded.store(true, core::sync::atomic::Ordering::SeqCst);
                assert!(m.write_unlock_with(&NeverFair));
            })
        };
        until(|| m.has_waiters());
        let reader = {
            let (m, upgraded) = (Arc::clone(&m), std::sync::Arc::clone(&upgraded));
            thread::spawn(move || {
                read(&m, &Skewed);
                let upgraded = upgraded.load(core::sync::atomic::Ordering::SeqCst);
                assert!(upgraded, "it has passed the upgrade over");
                m.read_unlock();
            })
        };
        until(|| queued(&m) == 1);
        m.read_unlock();
        upgrade.join().unwrap();
        reader.join().unwrap();
        assert!(m.try_write_lock(), "nobody is left");
    });
}

/// The last reader leaves, and before the upgrading one comes to it another reads that may pass it over.
/// The upgrade waits for that one too.
#[test]
fn an_upgrade_waits_on_for_who_comes_past_it() {
    check("rw_fair::an_upgrade_waits_on_for_who_comes_past_it", || {
        let m = Arc::new(RwMutex::new());
        assert!(m.try_read_lock() && m.try_upgradable_lock());
        let upgrade = {
            let m = Arc::clone(&m);
            thread::spawn(move || {
                assert_eq!(m.upgrade_with(NEVER), LockStatus::Acquired);
                assert!(m.is_write_locked() && m.write_unlock_with(&NeverFair));
            })
        };
        until(|| m.has_waiters());
        m.read_unlock();
        if m.try_read_lock_recursive() {
            m.read_unlock();
        }
        upgrade.join().unwrap();
        assert!(m.try_write_lock(), "nobody is left");
    });
}

/// A reader leaves beside another, and a writer parks in the midst of it: it sleeps on, in its place, since
/// it could not write yet.
#[test]
fn nobody_is_woken_by_a_reader_that_is_not_the_last() {
    check(
        "rw_fair::nobody_is_woken_by_a_reader_that_is_not_the_last",
        || {
            let m = Arc::new(RwMutex::new());
            assert!(m.try_read_lock() && m.try_read_lock());
            let writer = {
                let m = Arc::clone(&m);
                thread::spawn(move || write(&m))
            };
            m.read_unlock_owned();
            if m.has_waiters() {
                assert_eq!(queued(&m), 1, "somebody reads");
            }
            m.read_unlock_owned();
            writer.join().unwrap();
            assert!(m.try_write_lock(), "nobody is left");
        },
    );
}
