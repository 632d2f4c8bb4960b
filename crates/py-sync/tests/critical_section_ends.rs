//! Ends of sections where something is in the way: a panic, a guard that is dropped out of turn or is
//! not that of the top, sections that are suspended, and a nesting that has been deep before.

use py_sync::{
    CriticalSection, CsThread, Mutex, detached, with_critical_section, with_critical_section2,
};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

const LOCKS: bool = cfg!(feature = "gil-disabled");

fn depth() -> usize {
    CsThread::with_current(CsThread::top).map_or(0, |top| top.depth)
}

/// Whether `f` panics; a panic inside that panic would abort.
fn unwinds(f: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}

#[test]
fn a_guard_ends_its_section_in_a_panic() {
    let m = Mutex::new();
    assert!(unwinds(|| {
        // SAFETY: ended when dropped, before `m` goes.
        let _section = unsafe { CriticalSection::begin(&m) };
        assert_eq!(m.is_locked(), LOCKS);
        panic!("planned");
    }));
    assert!(!m.is_locked());
    assert_eq!(depth(), 0);
}

/// The outer guard's section ends with the one around both.
#[test]
fn guards_that_a_panic_drops_out_of_order_end_what_they_can() {
    let (around, a, b) = (Mutex::new(), Mutex::new(), Mutex::new());
    with_critical_section(&around, |s| {
        assert!(unwinds(|| {
            // SAFETY: both are ended by the end of the section around them, before `a` and `b` go.
            let _guards = unsafe { (CriticalSection::begin(&a), CriticalSection::begin(&b)) };
            panic!("planned");
        }));
        assert_eq!(depth(), 2, "the inner one is ended");
        assert_eq!((a.is_locked(), b.is_locked()), (LOCKS, false));
        assert!(s.is_held());
    });
    assert!(!around.is_locked() && !a.is_locked());
    assert_eq!(depth(), 0);
}

#[test]
fn a_guard_that_is_dropped_out_of_order_tells() {
    let (around, a, b) = (Mutex::new(), Mutex::new(), Mutex::new());
    with_critical_section(&around, |_| {
        // SAFETY: both are ended by the end of the section around them, before `a` and `b` go.
        let (outer, inner) = unsafe { (CriticalSection::begin(&a), CriticalSection::begin(&b)) };
        assert!(unwinds(|| drop(outer)));
        assert_eq!((depth(), b.is_locked()), (3, LOCKS));
        drop(inner);
        assert_eq!((depth(), b.is_locked()), (2, false));
    });
    assert!(!a.is_locked() && !around.is_locked());
}

/// Its stack is empty, and its number is the first.
#[test]
fn a_guard_whose_section_is_gone_is_silent_in_a_panic() {
    let (a, b, thread) = (Mutex::new(), Mutex::new(), CsThread::new());
    assert!(unwinds(|| {
        let mut gone = None;
        thread.enter(|| {
            with_critical_section(&a, |_| {
                // SAFETY: ended by the end of the closure, before `b` goes.
                gone = Some(unsafe { thread.begin(&b) });
            });
        });
        assert_eq!(thread.top(), None);
        panic!("planned");
    }));
    assert!(!a.is_locked() && !b.is_locked());
}

/// By the numbers of the guards: both sections lie in the same place.
#[test]
fn a_guard_whose_section_is_gone_ends_no_other_guard_s() {
    let (around, m, n) = (Mutex::new(), Mutex::new(), Mutex::new());
    let mut gone = None;
    with_critical_section(&around, |_| {
        // SAFETY: ended by the end of the closure, before `m` goes.
        gone = Some(unsafe { CriticalSection::begin(&m) });
    });
    let mut gone = gone.unwrap();
    with_critical_section(&around, |_| {
        // SAFETY: ended below, before `n` goes.
        let mut section = unsafe { CriticalSection::begin(&n) };
        assert!(unwinds(|| gone.end()));
        assert_eq!((depth(), n.is_locked()), (2, LOCKS));
        section.end();
    });
    mem::forget(gone);
    assert!(!n.is_locked());
}

/// What is begun inside a section of the same mutexes is none of its own, whatever its form.
#[test]
fn the_end_of_what_was_not_begun_leaves_the_guard_around_it() {
    let (a, b) = (Mutex::new(), Mutex::new());
    // SAFETY: ended below, before `a` and `b` go.
    let mut outer = unsafe { CriticalSection::begin2(&a, &b) };
    // SAFETY: as above.
    let mut inner = unsafe { CriticalSection::begin(&b) };
    inner.end();
    with_critical_section2(&a, &a, |s, _| assert!(s.is_held()));
    assert!(unwinds(|| with_critical_section2(&a, &b, |_, _| panic!(
        "planned"
    ))));
    assert!(unwinds(|| with_critical_section(&a, |_| panic!("planned"))));
    assert_eq!(depth(), 1);
    assert_eq!((a.is_locked(), b.is_locked()), (LOCKS, LOCKS));
    outer.end();
    assert_eq!(depth(), 0);
}

/// The guard around it may end first. What lies in its place then is another section.
#[test]
fn what_lies_in_a_section_that_has_ended_is_not_held() {
    let (a, b) = (Mutex::new(), Mutex::new());
    // SAFETY: ended below, before `a` goes.
    let mut outer = unsafe { CriticalSection::begin(&a) };
    with_critical_section(&a, |s| {
        assert!(s.is_held());
        outer.end();
        assert!(!s.is_held());
        with_critical_section(&b, |t| assert!(t.is_held() && !s.is_held()));
    });
    assert_eq!(depth(), 0);
    assert!(!a.is_locked() && !b.is_locked());
}

/// A stack that its runtime has suspended stays so.
#[test]
fn a_suspended_section_that_ends_leaves_the_others_suspended() {
    let (a, b) = (Mutex::new(), Mutex::new());
    with_critical_section(&a, |outer| {
        with_critical_section(&b, |_| {
            assert!(CsThread::with_current(CsThread::suspend_all));
        });
        assert!(!outer.is_held() && !a.is_locked());
        // It is not held, so it is begun again, and that end does not resume it either.
        with_critical_section(&a, |s| {
            assert!(s.is_held());
            assert_eq!((depth(), a.is_locked()), (2, LOCKS));
        });
        assert!(!outer.is_held() && !a.is_locked());
    });
    assert!(!a.is_locked() && !b.is_locked());
}

/// Beyond the array of the stack, back, and there again: what lay there is forgotten.
#[test]
fn a_deep_nesting_may_be_left_and_come_back_to() {
    fn nest(mutexes: &[Mutex]) {
        let Some((m, rest)) = mutexes.split_first() else {
            return detached(|| ());
        };
        with_critical_section(m, |s| {
            assert!(s.is_held());
            nest(rest);
            assert!(s.is_held());
            assert_eq!(m.is_locked(), LOCKS);
        });
        assert!(!m.is_locked());
    }
    let mutexes: Vec<Mutex> = (0..20).map(|_| Mutex::new()).collect();
    for first in 0..4 {
        nest(&mutexes[first..]);
        assert_eq!(depth(), 0);
    }
    // Around the end of the array, without the rest of the way.
    for deep in 1..mutexes.len() {
        let (outer, inner) = mutexes.split_at(deep);
        // SAFETY: they are ended below, the innermost first, before the mutexes go.
        let begin = |m| unsafe { CriticalSection::begin(m) };
        let mut outer: Vec<_> = outer.iter().map(begin).collect();
        for m in inner {
            with_critical_section(m, |s| {
                detached(|| assert!(!s.is_held()));
                assert!(s.is_held());
            });
            assert!(!m.is_locked());
        }
        outer.iter_mut().rev().for_each(CriticalSection::end);
        assert!(mutexes.iter().all(|m| !m.is_locked()));
    }
}
