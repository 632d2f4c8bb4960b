//! Calls of [`RwMutex`] that wait for nobody.

use py_sync::{LockFlags, RwMutex};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

/// The word, as C would read it.
fn word(m: &RwMutex) -> usize {
    // SAFETY: `RwMutex` is `repr(transparent)` over one atomic word.
    unsafe { &*std::ptr::from_ref(m).cast::<AtomicUsize>() }.load(SeqCst)
}

#[rstest::rstest]
#[case::free(|_: &RwMutex| ())]
#[case::read(|m: &RwMutex| (m.read_lock(), m.read_lock()).0)]
#[case::written(RwMutex::write_lock)]
fn made_anew_it_is_free(#[case] lock: fn(&RwMutex)) {
    let m = RwMutex::new();
    lock(&m);
    // SAFETY: nobody waits for it, and it guards nothing.
    unsafe { m.at_fork_reinit() };
    assert_eq!(word(&m), 0);
    assert!(m.try_write_lock());
}

#[test]
fn guards_that_need_no_waiting_are_had_at_once_and_unlock() {
    let m = RwMutex::new();
    {
        let _one_of_two = (m.try_read_guard().unwrap(), m.try_read_guard().unwrap());
        assert!(m.is_read_locked() && m.try_write_guard().is_none());
    }
    {
        let _alone = m.try_write_guard().unwrap();
        assert!(m.is_write_locked() && m.try_read_guard().is_none());
    }
    assert_eq!(word(&m), 0);
}

/// Not even a mark that somebody was there.
#[rstest::rstest]
#[case::of_a_writer(RwMutex::write_lock)]
#[case::of_a_reader(RwMutex::read_lock)]
fn a_call_that_may_not_wait_leaves_the_word_alone(#[case] lock: fn(&RwMutex)) {
    let m = RwMutex::new();
    lock(&m);
    let before = word(&m);
    let no_time = Some(Duration::ZERO);
    assert!(!m.write_lock_timed(no_time, LockFlags::NONE).is_acquired());
    assert_eq!(word(&m), before);
    for read in [
        RwMutex::read_lock_timed as fn(&RwMutex, _, _) -> _,
        RwMutex::read_lock_recursive_timed,
    ] {
        let reads = read(&m, no_time, LockFlags::NONE).is_acquired();
        assert_eq!(reads, !m.is_write_locked());
        if reads {
            m.read_unlock();
        }
        assert_eq!(word(&m), before);
    }
}

#[cfg(feature = "typed")]
#[test]
fn an_upgrade_beside_nobody_needs_no_time() {
    use py_sync::typed::RawRwLock;
    use py_sync::typed::lock_api::{
        RawRwLock as _, RawRwLockUpgrade as _, RawRwLockUpgradeTimed as _,
    };
    let raw = RawRwLock::INIT;
    raw.lock_upgradable();
    // SAFETY: held, and given up once.
    unsafe {
        assert!(raw.try_upgrade_for(Duration::ZERO));
        assert!(raw.is_locked_exclusive());
        raw.unlock_exclusive();
    }
    assert!(!raw.is_locked());
}
