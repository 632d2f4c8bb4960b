//! Faults that another port of the same C files carried, one test each: what it did, and what must
//! be true instead. The numbers are of the list in that port's review.
//!
//! Elsewhere: 6 (waiters after a fork) is `fork.rs`; 10 (signals and detaching are ignored) is
//! `signals.rs`; 11, first half (critical sections that lock nothing) is `critical_section.rs`; 13
//! (lost wake-ups: none was found) is what the models in `src/model/` are for. 9 (keys that move
//! with the stack) cannot be written: a borrow keeps a lock where it is.

use py_sync::{LockFlags, LockStatus, Mutex, OnceFlag, ParkingLot, RawMutex, RecursiveMutex};
use py_sync::{RwMutex, SeqLock};
use py_thread::Ident;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

fn panics<R>(f: impl FnOnce() -> R) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}

/// "Initialised" had the value of "locked": a second caller returned at once, and an initialiser
/// that failed or panicked had been reported as done.
#[test]
fn bug_1_a_running_initialiser_is_not_a_finished_one() {
    let (once, inside, ended) = (OnceFlag::new(), Barrier::new(2), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let failed = once.call(|| {
                inside.wait();
                std::thread::sleep(Duration::from_millis(10));
                Err(())
            });
            assert_eq!(failed, Err(()));
        });
        inside.wait();
        assert!(!once.is_done());
        let second = once.call(|| {
            ended.store(true, SeqCst);
            Ok::<(), ()>(())
        });
        assert_eq!(second, Ok(()));
        assert!(
            ended.load(SeqCst),
            "the first failed, so the second had to run"
        );
    });
    let once = OnceFlag::new();
    assert!(panics(|| once.call(|| -> Result<(), ()> { panic!("boom") })));
    assert!(!once.is_done());
}

/// The mutex was four bytes.
#[test]
fn bug_2_a_mutex_is_one_byte_as_in_c() {
    assert_eq!((size_of::<Mutex>(), align_of::<Mutex>()), (1, 1));
    assert_eq!(size_of::<[Mutex; 3]>(), 3);
}

/// A try gave up after one lost compare-exchange, though the lock was free.
#[test]
fn bug_3_a_try_never_fails_on_a_free_lock() {
    // Free, and the parked bit is set: the first compare-exchange, from 0, must fail.
    for take in [Mutex::try_lock as fn(&Mutex) -> bool, |m: &Mutex| {
        m.lock_timed(Some(Duration::ZERO), LockFlags::NONE) == LockStatus::Acquired
    }] {
        let mut header = 2;
        // SAFETY: `header` outlives the mutex and is touched through it alone.
        assert!(take(unsafe { Mutex::from_ptr(&raw mut header) }));
        assert_eq!(header, 3);
    }
}

/// `RUnlock` panicked after it had subtracted, `Unlock` after it had stored 0: the readers were lost.
#[test]
fn bug_4_a_wrong_unlock_of_a_read_write_lock_changes_nothing() {
    let m = RwMutex::new();
    assert!(panics(|| m.read_unlock()) && panics(|| m.write_unlock()));
    assert!(m.try_write_lock(), "still free");
    assert!(panics(|| m.read_unlock()));
    m.write_unlock();
    m.read_lock();
    assert!(panics(|| m.write_unlock()));
    assert!(m.is_read_locked(), "the reader is not lost");
    m.read_unlock();
    assert!(!m.is_read_locked() && m.try_write_lock());
}

/// Ident 0 owned every unlocked mutex, and locking as 0 locked nothing.
#[test]
fn bug_5_nobody_owns_an_unlocked_recursive_mutex() {
    assert_eq!(Ident::from_u64(0), None, "there is no ident 0");
    assert_eq!(size_of::<Option<Ident>>(), size_of::<u64>());
    let m = RecursiveMutex::new();
    assert!(!m.is_locked_by_current_thread() && panics(|| m.unlock()));
    m.lock();
    assert!(m.is_locked());
}

/// A panic in a callback left the bucket locked: every address in it hung from then on.
#[test]
fn bug_7_a_panicking_callback_unlocks_its_bucket() {
    let lot = ParkingLot::<1>::new();
    let park = |validate: fn() -> bool| {
        let zero = Some(Duration::ZERO);
        // SAFETY: the lot is this test's own.
        unsafe { lot.park(4, validate, 0, zero, LockFlags::NONE) }
    };
    assert!(panics(|| park(|| panic!("boom"))));
    // SAFETY: as above.
    assert!(panics(|| unsafe { lot.unpark(4, |_, _| panic!("boom")) }));
    assert_eq!(park(|| false), py_sync::ParkStatus::Again);
}

/// `has_more` was found by a second walk of the bucket, under its lock. Here it is a counter, and
/// like C's it speaks of the bucket: true if anybody else is in it, never false if one of ours is.
#[test]
fn bug_8_has_more_speaks_of_the_bucket() {
    static LOT: ParkingLot<1> = ParkingLot::new();
    let parked = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for key in [1, 2] {
            let parked = &parked;
            scope.spawn(move || {
                let queued = || parked.fetch_add(1, SeqCst) < 2;
                // SAFETY: the lot is this test's own.
                let status = unsafe { LOT.park(key, queued, key, None, LockFlags::NONE) };
                assert_eq!(status, py_sync::ParkStatus::Ok);
            });
        }
        while parked.load(SeqCst) < 2 {
            std::thread::yield_now();
        }
        // SAFETY: as above.
        let unpark = |key| unsafe { LOT.unpark(key, |token, more| (token, more)) };
        assert_eq!(
            unpark(1),
            (Some(1), true),
            "the other key's waiter is in the bucket"
        );
        assert_eq!(unpark(2), (Some(2), false));
        assert_eq!(unpark(2), (None, false));
    });
}

/// Ending a write that nobody had begun left the counter odd: all readers span for ever.
#[test]
fn bug_11_ending_no_write_of_a_sequence_lock_changes_nothing() {
    let lock = SeqLock::new();
    assert!(panics(|| lock.unlock_write()) && panics(|| lock.abandon_write()));
    assert_eq!(lock.begin_read(), 0);
}

/// Unlocking looked at the lock without holding it: two threads that unlocked at once raced. Here
/// one compare-exchange both looks and unlocks; `tests/raw_mutex.rs` has the race.
#[test]
fn bug_12_unlocking_an_unlocked_raw_mutex_changes_nothing() {
    let m = RawMutex::new();
    assert!(panics(|| m.unlock()));
    assert!(!m.is_locked() && m.try_lock());
    assert_eq!(size_of::<RawMutex>(), size_of::<usize>(), "a word, as in C");
}
