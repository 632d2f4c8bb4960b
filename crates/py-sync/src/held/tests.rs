//! Each way to hold a lock has its record, and a lock that is free has none.

mod record;

use super::store::{Renewable, Store};
use super::{ENABLED, Held, Hold, all, shared};
use crate::deadline::{AlwaysFair, Deadline, Monotonic};
use crate::flags::LockFlags;
use crate::sync::GIL_DISABLED;
use crate::{Mutex, OnceFlag, RawMutex, RecursiveMutex, RwMutex};
use py_thread::{Ident, LogicalThread};
use rstest::rstest;

/// The records that this thread has written: lock and kind.
fn own() -> Vec<(usize, Hold)> {
    let mine = |held: &Held| held.thread == Ident::own();
    let mine = all().into_iter().filter(mine);
    mine.map(|held| (held.key, held.hold)).collect()
}

/// What is expected of a build with the feature; without it there are no records.
fn holds(holds: &[Hold]) -> Vec<Hold> {
    if ENABLED { holds.to_vec() } else { Vec::new() }
}

/// The kinds of the records that this thread has written.
fn own_holds() -> Vec<Hold> {
    own().into_iter().map(|(_, hold)| hold).collect()
}

const SOON: Option<core::time::Duration> = Some(core::time::Duration::from_millis(1));

#[rstest]
#[case::lock(|m: &Mutex| { m.lock(); true })]
#[case::attached(|m: &Mutex| { m.lock_attached(); true })]
#[case::tried(Mutex::try_lock)]
#[case::timed(|m: &Mutex| m.lock_timed(SOON, LockFlags::NONE).is_acquired())]
#[case::bumped(|m: &Mutex| { m.lock(); m.bump(&Monotonic, LockFlags::NONE); true })]
#[case::with_signals(|m: &Mutex| m.lock_with_signals(None, || Ok::<_, ()>(())).unwrap())]
fn a_mutex_is_recorded_while_it_is_held(#[case] lock: fn(&Mutex) -> bool) {
    let m = Mutex::new();
    assert!(lock(&m));
    assert_eq!(own_holds(), holds(&[Hold::Exclusive]));
    assert!(!m.try_lock());
    assert!(!m.lock_timed(SOON, LockFlags::NONE).is_acquired());
    assert_eq!(
        own_holds(),
        holds(&[Hold::Exclusive]),
        "a try that fails changes nothing"
    );
    m.unlock();
    assert_eq!(own_holds(), []);
    assert!(!m.try_unlock());
    assert!(lock(&m) && m.unlock_fair());
    assert_eq!(own_holds(), []);
    drop(m.lock_guard());
    drop(m.try_lock_guard());
    assert_eq!(own_holds(), []);
}

#[test]
fn another_threads_unlock_removes_the_record() {
    let (m, rw, raw) = (Mutex::new(), RwMutex::new(), RawMutex::new());
    m.lock();
    raw.lock();
    rw.read_lock();
    rw.read_lock();
    let read = [Hold::Shared, Hold::Shared];
    assert_eq!(
        own().len(),
        holds(&[Hold::Exclusive; 2]).len() + holds(&read).len()
    );
    std::thread::scope(|scope| {
        scope.spawn(|| {
            m.unlock();
            raw.unlock();
            // Nobody knows which of the two readers this is for (H4).
            rw.read_unlock();
        });
    });
    assert_eq!(own(), []);
    rw.read_unlock();
    assert!(rw.try_write_lock());
    rw.write_unlock();
}

#[test]
fn a_reader_removes_its_own_record() {
    let rw = RwMutex::new();
    rw.read_lock();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            rw.read_lock();
            rw.read_unlock();
        });
    });
    assert_eq!(own_holds(), holds(&[Hold::Shared]));
    rw.read_unlock();
    assert_eq!(own_holds(), []);
}

#[test]
fn a_read_write_lock_is_recorded_as_it_is_held() {
    let (rw, never, none) = (RwMutex::new(), Deadline::Never, LockFlags::NONE);
    let is = |hold: &[Hold]| assert_eq!(own_holds(), holds(hold));
    rw.write_lock();
    is(&[Hold::Exclusive]);
    rw.downgrade_with(&Monotonic);
    is(&[Hold::Shared]);
    assert!(rw.try_read_lock() && rw.try_read_lock_recursive());
    is(&[Hold::Shared; 3]);
    assert!(!rw.try_write_lock() && !rw.write_lock_timed(SOON, none).is_acquired());
    rw.read_unlock();
    rw.read_unlock_owned();
    rw.read_unlock_fair();
    is(&[]);
    assert!(
        rw.upgradable_lock_with(&Monotonic, never, none)
            .is_acquired()
    );
    is(&[Hold::Upgradable]);
    assert!(!rw.try_upgradable_lock());
    assert!(
        !rw.upgradable_lock_with(&Monotonic, Deadline::after(SOON), none)
            .is_acquired()
    );
    is(&[Hold::Upgradable]);
    assert!(rw.upgrade_with(never).is_acquired());
    is(&[Hold::Exclusive]);
    rw.downgrade_to_upgradable_with(&Monotonic);
    is(&[Hold::Upgradable]);
    rw.downgrade_upgradable_with(&Monotonic);
    is(&[Hold::Shared]);
    assert!(rw.try_upgradable_lock());
    assert!(
        !rw.upgrade_with(Deadline::after(SOON)).is_acquired(),
        "there is a reader"
    );
    rw.upgradable_unlock_with(&Monotonic);
    is(&[Hold::Shared]);
    rw.read_unlock();
    assert!(rw.try_write_lock() && rw.write_unlock_with(&AlwaysFair));
    is(&[]);
}

#[test]
fn a_recursive_mutex_belongs_to_the_ident_that_it_was_locked_for() {
    let (m, generator) = (RecursiveMutex::new(), LogicalThread::new());
    let holder = || all().into_iter().find(|held| held.thread == Ident::own());
    m.lock_as(generator.ident());
    assert!(m.try_lock_as(generator.ident()));
    assert_eq!(
        holder().map(|held| held.holder),
        ENABLED.then(|| generator.ident())
    );
    m.unlock_as(generator.ident());
    assert_eq!(own_holds(), holds(&[Hold::Exclusive]));
    m.unlock_as(generator.ident());
    assert_eq!(own_holds(), []);
    m.lock();
    m.lock();
    let levels = m.unlock_all();
    assert_eq!(own_holds(), []);
    m.lock_levels(levels);
    assert_eq!(holder().map(|held| held.holder), ENABLED.then(Ident::own));
    m.unlock();
    m.unlock();
    assert_eq!(own_holds(), []);
}

#[test]
fn an_initialiser_is_recorded_while_it_runs_however_it_ends() {
    let once = OnceFlag::new();
    let held = || assert_eq!(own_holds(), holds(&[Hold::Exclusive]));
    let failed = once.call(|| {
        held();
        Err(())
    });
    assert!(failed.is_err());
    assert_eq!(own_holds(), []);
    let panicked = std::panic::AssertUnwindSafe(|| once.call(|| -> Result<(), ()> { panic!() }));
    assert!(std::panic::catch_unwind(panicked).is_err());
    assert_eq!(own_holds(), []);
    once.call(|| {
        held();
        Ok::<_, ()>(())
    })
    .unwrap();
    assert_eq!(own_holds(), []);
}

#[test]
fn sections_are_recorded_while_they_are_active() {
    if !GIL_DISABLED {
        return;
    }
    let (a, b) = (Mutex::new(), Mutex::new());
    crate::with_critical_section2(&a, &b, |_, _| {
        assert_eq!(own_holds(), holds(&[Hold::Exclusive; 2]));
        crate::detached(|| assert_eq!(own_holds(), []));
        assert_eq!(own_holds(), holds(&[Hold::Exclusive; 2]));
    });
    assert_eq!(own_holds(), []);
}

#[test]
fn an_exclusive_lock_replaces_the_records_of_an_older_lock_at_its_address() {
    let m = Mutex::new();
    m.lock();
    // As if a new lock had been made at this address.
    // SAFETY: no other thread knows the lock.
    unsafe { m.as_ptr().write(0) };
    let before = own();
    m.lock();
    assert_eq!(own(), before);
    m.unlock();
    assert_eq!(own(), []);
    let rw = RwMutex::new();
    shared(rw.as_ptr().addr());
    rw.write_lock();
    assert_eq!(own_holds(), holds(&[Hold::Exclusive]));
    rw.write_unlock();
    assert_eq!(own(), []);
}

#[test]
fn a_reinitialised_lock_has_no_record() {
    let (m, rw, raw, once) = (
        Mutex::new(),
        RwMutex::new(),
        RawMutex::new(),
        OnceFlag::new(),
    );
    m.lock();
    rw.read_lock();
    raw.lock();
    let _ = once.call(|| {
        // SAFETY: no other thread knows the locks, and they protect nothing.
        unsafe {
            m.at_fork_reinit();
            rw.at_fork_reinit();
            raw.at_fork_reinit();
            once.at_fork_reinit();
        }
        assert_eq!(own(), []);
        Err(())
    });
    assert_eq!(own(), []);
}

#[test]
fn a_resource_has_one_holder() {
    let key = (&raw const *Box::new(0u8)).addr();
    crate::deadlock::acquire_resource(key);
    crate::deadlock::acquire_resource(key);
    assert_eq!(
        own(),
        holds(&[Hold::Resource])
            .into_iter()
            .map(|h| (key, h))
            .collect::<Vec<_>>()
    );
    crate::deadlock::release_resource(key);
    assert_eq!(own(), []);
}

#[test]
fn a_store_keeps_what_is_not_removed() {
    let mut store = Store::new();
    assert!(store.as_slice().is_empty());
    for n in 0..100_u64 {
        store.push(n);
    }
    store.retain(|n| n % 3 != 0);
    store.remove(0);
    let mut kept = store.as_slice().to_vec();
    kept.sort_unstable();
    assert_eq!(kept.len(), 65);
    assert!(kept.iter().all(|n| n % 3 != 0 && *n < 100));
}

#[test]
fn renew_keeps_a_free_value_and_replaces_a_locked_one() {
    let number = Renewable::new(1);
    // SAFETY: no other thread knows it, and it is not locked.
    unsafe { number.renew(|n| *n += 1, 0) };
    assert_eq!(*number.lock(), 2);
    core::mem::forget(number.lock());
    // SAFETY: no other thread knows it. The forgotten guard stands for one of a thread of the parent.
    unsafe { number.renew(|_| unreachable!("it is locked"), 0) };
    assert_eq!(*number.lock(), 0);
}
