//! A cell's value that is lent out: its section stays as it is meanwhile, and no other begins.

use py_sync::{
    CriticalCell, CsThread, EnteredCriticalSection, Mutex, detached, with_critical_section,
    with_critical_section_mutex, with_critical_section_mutex2, with_critical_section2,
};
use std::panic::{AssertUnwindSafe, catch_unwind};

const BORROWED: &str = "a critical section was begun while a cell's data is borrowed";

/// The message of the panic of `f`.
#[track_caller]
fn refused(f: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(f)).expect_err("a panic");
    match panic.downcast::<String>() {
        Ok(words) => *words,
        Err(panic) => (*panic.downcast_ref::<&str>().expect("a text")).to_owned(),
    }
}

fn keeps_its_lock(s: &EnteredCriticalSection<'_, CriticalCell<u32>>) {
    detached(|| assert!(s.is_held() && s.object().is_locked()));
    assert!(!CsThread::with_current(CsThread::suspend_all));
    assert!(s.is_held() && s.object().is_locked());
}

fn gives_its_lock_away(s: &EnteredCriticalSection<'_, CriticalCell<u32>>) {
    detached(|| assert!(!s.is_held() && !s.object().is_locked()));
    assert!(s.is_held());
}

#[test]
fn a_value_that_is_lent_out_keeps_its_section_through_a_detach() {
    let (outer, cell) = (CriticalCell::new(0), CriticalCell::new(0));
    with_critical_section_mutex(&outer, |_| {
        with_critical_section_mutex(&cell, |s| {
            gives_its_lock_away(&s);
            s.hold(|n| {
                keeps_its_lock(&s);
                *n = 1;
            });
            gives_its_lock_away(&s);
            assert_eq!(s.copied(), 1);
        });
    });
}

/// Of two values that are lent out, each keeps the sections.
#[test]
fn the_last_value_that_comes_back_frees_the_sections() {
    let (a, b) = (CriticalCell::new(0), CriticalCell::new(0));
    with_critical_section_mutex2(&a, &b, |a, b| {
        let b = b.unwrap();
        a.hold(|_| {
            b.hold(|_| keeps_its_lock(&a));
            keeps_its_lock(&a);
            assert_eq!(
                refused(|| with_critical_section(&Mutex::new(), |_| ())),
                BORROWED
            );
        });
        gives_its_lock_away(&a);
    });
}

#[test]
fn no_section_begins_while_a_value_is_lent_out() {
    let (cell, other) = (CriticalCell::new(0), CriticalCell::new(0));
    let (a, b) = (Mutex::new(), Mutex::new());
    with_critical_section_mutex(&cell, |s| {
        s.hold(|_| {
            let none_begins = |begin: &dyn Fn()| {
                assert_eq!(refused(begin), BORROWED);
                assert!(!other.is_locked() && !a.is_locked() && !b.is_locked());
            };
            none_begins(&|| with_critical_section(&a, |_| ()));
            none_begins(&|| with_critical_section2(&a, &b, |_, _| ()));
            none_begins(&|| with_critical_section_mutex(&other, |_| ()));
            none_begins(&|| with_critical_section_mutex2(&cell, &other, |_, _| ()));
            // The section that is open already.
            none_begins(&|| with_critical_section_mutex(&cell, |_| ()));
        });
        // Then all begin again.
        with_critical_section2(&a, &b, |s, _| assert!(s.is_held()));
        with_critical_section_mutex2(&cell, &other, |s, _| assert!(s.is_held()));
        assert!(s.is_held());
    });
    assert!(!cell.is_locked());
}

/// Also from a section that is begun on top.
#[test]
fn a_value_is_out_of_reach_while_its_section_is_suspended() {
    let (cell, other) = (CriticalCell::new(1), Mutex::new());
    let suspended = |panic: String| panic.contains("suspended");
    with_critical_section_mutex(&cell, |s| {
        // Inside it, what is held already is none of its own.
        with_critical_section_mutex(&cell, |inner| assert_eq!(inner.copied(), 1));
        assert!(CsThread::with_current(CsThread::suspend_all));
        assert!(suspended(refused(|| s.set(2))));
        with_critical_section(&other, |_| assert!(suspended(refused(|| s.set(2)))));
    });
    assert_eq!(cell.into_inner(), 1);
}
