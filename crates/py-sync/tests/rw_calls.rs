//! Calls of [`RwMutex`] that wait for nobody.

use py_sync::RwMutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

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
