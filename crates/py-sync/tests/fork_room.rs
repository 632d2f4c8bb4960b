//! A program that has used up the room for fork hooks: whoever would lock a bucket of the lot is told
//! that a child of a fork could not free it.
#![cfg(all(unix, not(miri)))]

use py_sync::{LockFlags, RwMutex, park, unpark, unpark_all};
use std::panic::catch_unwind;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

static SUM: AtomicUsize = AtomicUsize::new(0);

/// Hooks that differ, so that each takes a place.
fn hook<const N: usize>() {
    SUM.fetch_add(N, Relaxed);
}

macro_rules! hooks {
    ($($n:literal)+) => {
        [$(hook::<$n> as fn()),+]
    };
}

fn use_up_the_room() {
    static USED_UP: Once = Once::new();
    USED_UP.call_once(|| {
        // The records of the feature `deadlock` have a hook of their own, from the first lock on.
        drop(py_sync::Mutex::new().lock_guard());
        let hooks = hooks!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20);
        // SAFETY: the hooks add a number.
        let has_room = hooks.map(|hook| unsafe { py_thread::on_fork_child(hook) }.is_ok());
        assert!(!has_room[19], "there is room for more than twenty");
    });
}

fn assert_there_is_no_room(call: fn()) {
    use_up_the_room();
    let panic = catch_unwind(call).expect_err("there is no room");
    let message = panic.downcast_ref::<String>().expect("a message");
    let expected = "room for the hook of the lot";
    assert!(message.starts_with(expected), "{message}");
}

#[test]
fn nobody_parks_where_a_child_could_not_wake() {
    // SAFETY: nobody else uses the key 8, here and below.
    assert_there_is_no_room(|| unsafe {
        let no_time = Some(Duration::ZERO);
        let _ = park(8, || true, 0, no_time, LockFlags::NONE);
    });
}

#[test]
fn nobody_looks_for_waiters_in_a_bucket_that_a_child_could_not_free() {
    // SAFETY: as above.
    assert_there_is_no_room(|| unsafe { unpark(8, |_, _| ()) });
    // SAFETY: as above.
    assert_there_is_no_room(|| unsafe {
        let _ = unpark_all(8);
    });
}

/// A writer that gives up looks at the queue. Here there is none to look at, and a second panic would end
/// the process.
#[test]
fn a_writer_panics_once_and_the_reader_goes_on() {
    assert_there_is_no_room(|| {
        let m = RwMutex::new();
        let _reads = m.read_guard();
        let _ = m.write_lock_timed(Some(Duration::from_millis(1)), LockFlags::NONE);
    });
}

#[cfg(feature = "typed")]
#[test]
fn an_upgrade_panics_once_and_stays_upgradable() {
    use py_sync::typed::RawRwLock;
    use py_sync::typed::lock_api::{
        RawRwLock as _, RawRwLockUpgrade as _, RawRwLockUpgradeTimed as _,
    };
    static RAW: RawRwLock = RawRwLock::INIT;
    RAW.lock_shared();
    RAW.lock_upgradable();
    // SAFETY: held so until the end of the test.
    assert_there_is_no_room(|| unsafe {
        RAW.try_upgrade_for(Duration::from_millis(1));
    });
    assert!(RAW.try_lock_shared(), "no upgrade stops readers");
    // SAFETY: read twice, and upgradable.
    unsafe {
        RAW.unlock_shared();
        RAW.unlock_shared();
        RAW.unlock_upgradable();
    }
}

#[test]
fn a_program_learns_it_at_its_start_if_it_asks_then() {
    assert_there_is_no_room(py_sync::init);
}

#[cfg(feature = "diagnostics")]
#[test]
fn nobody_takes_a_snapshot_of_buckets_that_a_child_could_not_free() {
    assert_there_is_no_room(|| drop(py_sync::diagnostics::snapshot()));
}

#[cfg(feature = "typed")]
#[test]
fn nobody_waits_for_a_condition_where_a_child_could_not_wake() {
    use py_sync::typed::{Condvar, Mutex};
    assert_there_is_no_room(|| {
        let (mutex, condvar) = (Mutex::new(()), Condvar::new());
        let _ = condvar.wait_for(&mut mutex.lock(), Duration::ZERO);
    });
}
