//! A panic in code of the caller's leaves every lock as it was before. (Those of the lot's callbacks
//! are in `parking_lot.rs`, of the runtime's hooks in `hook_panics.rs`, of `OnceFlag` and `SeqCell`
//! in their own files.)

use py_sync::{
    CriticalCell, CsThread, Mutex, OnceFlag, RawMutex, RecursiveMutex, RwMutex, SeqLock, detached,
    with_critical_section, with_critical_section_mutex, with_critical_section_mutex2,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

/// Runs `f`, which panics with "planned".
#[track_caller]
fn unwinds<R>(f: impl FnOnce() -> R) {
    let panic = catch_unwind(AssertUnwindSafe(|| drop(f()))).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"planned"));
}

fn planned<R>() -> R {
    panic!("planned")
}

#[test]
fn a_guard_that_unwinding_drops_unlocks() {
    let (mutex, raw, recursive) = (Mutex::new(), RawMutex::new(), RecursiveMutex::new());
    let (rw, seq) = (RwMutex::new(), SeqLock::new());
    for _ in 0..2 {
        unwinds(|| (mutex.lock_guard(), planned::<()>()));
        unwinds(|| (raw.lock_guard(), planned::<()>()));
        unwinds(|| {
            (
                recursive.lock_guard(),
                recursive.lock_guard(),
                planned::<()>(),
            )
        });
        unwinds(|| (rw.read_guard(), planned::<()>()));
        unwinds(|| (rw.write_guard(), planned::<()>()));
        unwinds(|| (seq.write_guard(), planned::<()>()));
    }
    assert!(mutex.try_lock() && raw.try_lock() && rw.try_write_lock());
    assert!(!recursive.is_locked());
    let sequence = seq.begin_read();
    assert!(seq.end_read(sequence));
}

#[test]
fn waiters_of_who_panics_get_the_lock() {
    let (mutex, rw, once) = (Mutex::new(), RwMutex::new(), OnceFlag::new());
    let locked = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let holder = scope.spawn(|| {
            let _all = (mutex.lock_guard(), rw.write_guard());
            once.call(|| {
                locked.store(true, SeqCst);
                // Until the others wait.
                std::thread::sleep(Duration::from_millis(10));
                planned::<Result<(), ()>>()
            })
        });
        while !locked.load(SeqCst) {
            std::thread::yield_now();
        }
        let waiters = [
            scope.spawn(|| drop(mutex.lock_guard())),
            scope.spawn(|| drop(rw.read_guard())),
            scope.spawn(|| once.call(|| Ok::<(), ()>(())).unwrap()),
        ];
        assert!(holder.join().is_err());
        waiters.into_iter().for_each(|w| w.join().unwrap());
    });
    assert!(once.is_done());
}

#[test]
fn a_borrow_of_a_cell_that_panics_ends() {
    let (a, b) = (CriticalCell::new(1), CriticalCell::new(2));
    with_critical_section_mutex2(&a, &b, |a, b| {
        let b = b.unwrap();
        unwinds(|| a.hold(|a| b.hold(|b| (*a = *b, planned::<()>()))));
        // Neither is lent, both are held, and what was written stays.
        assert_eq!((a.copied(), b.copied()), (2, 2));
        assert!(a.is_held() && b.is_held());
        // A section can begin again.
        with_critical_section(&Mutex::new(), |s| assert!(s.is_held()));
    });
    unwinds(|| with_critical_section_mutex(&a, |_| planned::<()>()));
    assert!(!a.is_locked() && !b.is_locked());
}

#[test]
fn an_entered_stack_that_panics_is_left() {
    let (thread, m) = (CsThread::new(), Mutex::new());
    with_critical_section(&m, |section| {
        let own = CsThread::with_current(|t| t.top().unwrap().depth);
        unwinds(|| thread.enter(|| with_critical_section(&Mutex::new(), |_| planned::<()>())));
        unwinds(|| CsThread::with_current(|_| planned::<()>()));
        assert!(thread.top().is_none());
        assert_eq!(CsThread::with_current(|t| t.top().unwrap().depth), own);
        assert!(section.is_held());
    });
    assert!(!m.is_locked());
}

#[test]
fn a_detached_call_that_panics_comes_back_to_its_section() {
    let m = Mutex::new();
    with_critical_section(&m, |section| {
        unwinds(|| detached(planned::<()>));
        assert!(section.is_held());
    });
    assert!(!m.is_locked());
}
