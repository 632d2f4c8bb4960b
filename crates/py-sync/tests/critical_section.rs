//! Critical sections on one thread and their closures. CPython:
//! `Modules/_testinternalcapi/test_critical_sections.c`.
//!
//! Every claim is made for both builds: [`LOCKS`] says whether a bare mutex is locked.

use py_sync::{
    CriticalSection, CsThread, Mutex, TopSection, assert_held, detached, with_critical_section,
    with_critical_section2,
};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

/// What a section does to its mutex in this build.
const LOCKS: bool = cfg!(feature = "gil-disabled");

fn depth() -> usize {
    top().map_or(0, |top| top.depth)
}

/// The innermost section of the thread's own stack.
fn top() -> Option<TopSection> {
    CsThread::with_current(CsThread::top)
}

fn message(panic: Box<dyn std::any::Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(words) => *words,
        Err(panic) => (*panic.downcast_ref::<&str>().expect("a text")).to_owned(),
    }
}

/// test_critical_sections, one mutex.
#[test]
fn a_section_locks_for_its_closure() {
    let m = Mutex::new();
    let result = with_critical_section(&m, |s| {
        assert_eq!(m.is_locked(), LOCKS);
        assert!(s.is_held());
        assert!(ptr::eq(s.object(), &m));
        assert_held(&m);
        7
    });
    assert_eq!(result, 7);
    assert!(!m.is_locked());
    assert_eq!(top(), None);
}

/// test_critical_sections, two mutexes, in either order of their addresses.
#[test]
fn a_pair_locks_both() {
    let pair = [Mutex::new(), Mutex::new()];
    for (a, b) in [(&pair[0], &pair[1]), (&pair[1], &pair[0])] {
        with_critical_section2(a, b, |s1, s2| {
            assert_eq!((a.is_locked(), b.is_locked()), (LOCKS, LOCKS));
            assert!(ptr::eq(s1.object(), a));
            assert!(ptr::eq(s2.as_ref().expect("two").object(), b));
            assert!(s1.is_held() && s2.expect("two").is_held());
            let top = top().unwrap();
            assert!(
                ptr::eq(top.first.unwrap().as_ptr(), &pair[0]),
                "sorted by address"
            );
            assert!(ptr::eq(top.second.unwrap().as_ptr(), &pair[1]));
        });
        assert!(!a.is_locked() && !b.is_locked());
    }
}

/// test_critical_sections, the same object twice.
#[test]
fn a_pair_of_one_mutex_locks_it_once() {
    let m = Mutex::new();
    with_critical_section2(&m, &m, |s1, s2| {
        assert!(s1.is_held() && s2.is_none());
        assert_eq!(m.is_locked(), LOCKS);
        assert_eq!(top().unwrap().second, None);
    });
    assert!(!m.is_locked());
}

/// test_critical_sections_nest: a recursion of 11 on one object.
#[test]
fn one_object_nests_eleven_deep() {
    fn recurse(m: &Mutex, left: usize) {
        with_critical_section(m, |s| {
            assert!(s.is_held());
            assert_eq!(m.is_locked(), LOCKS);
            assert_eq!(depth(), 1, "held already, so not pushed");
            if left > 0 {
                recurse(m, left - 1);
            }
            assert!(s.is_held());
        });
    }
    let m = Mutex::new();
    recurse(&m, 10);
    assert!(!m.is_locked());
}

/// test_critical_sections_nest: a recursion of 11 on a pair, given in the other order each time.
#[test]
fn a_pair_in_the_other_order_nests_eleven_deep() {
    fn recurse(a: &Mutex, b: &Mutex, left: usize) {
        with_critical_section2(a, b, |s1, s2| {
            assert!(s1.is_held() && s2.expect("two").is_held());
            assert_eq!((a.is_locked(), b.is_locked()), (LOCKS, LOCKS));
            assert_eq!(depth(), 1);
            if left > 0 {
                recurse(b, a, left - 1);
            }
        });
    }
    let (a, b) = (Mutex::new(), Mutex::new());
    recurse(&a, &b, 10);
    assert!(!a.is_locked() && !b.is_locked());
}

/// section1_reacquisition and section2_reacquisition: a second begin is no second section.
#[test]
fn what_the_top_holds_is_not_begun_again() {
    let (a, b) = (Mutex::new(), Mutex::new());
    with_critical_section2(&a, &b, |s1, _| {
        let before = top();
        for m in [&a, &b] {
            with_critical_section(m, |s| {
                assert!(s.is_held());
                assert_eq!(top(), before);
            });
        }
        with_critical_section2(&b, &a, |_, _| assert_eq!(top(), before));
        assert_eq!(top(), before, "the end of the copy is no end");
        assert!(s1.is_held());
    });
    with_critical_section(&a, |s| {
        // SAFETY: ended at once.
        let mut again = unsafe { CriticalSection::begin(&a) };
        again.end();
        assert!(s.is_held());
        assert_eq!(depth(), 1);
    });
}

/// An outer section is in the way of an inner one: it gives up and comes back.
#[rstest::rstest]
#[case::one(false)]
#[case::pair(true)]
fn an_outer_section_in_the_way_is_suspended_until_the_inner_ends(#[case] pair: bool) {
    let (a, b) = (Mutex::new(), Mutex::new());
    with_critical_section(&a, |outer| {
        with_critical_section(&b, |middle| {
            let inside = |inner_held: bool| {
                assert!(inner_held);
                assert_eq!(a.is_locked(), LOCKS);
                assert_eq!(depth(), 3);
                assert_eq!(outer.is_held(), !LOCKS, "suspended");
                assert_eq!(middle.is_held(), !LOCKS, "suspended");
                assert_eq!(b.is_locked(), LOCKS && pair);
            };
            match pair {
                false => with_critical_section(&a, |s| inside(s.is_held())),
                true => with_critical_section2(&a, &b, |s, _| inside(s.is_held())),
            }
            assert!(middle.is_held());
            assert_eq!(outer.is_held(), !LOCKS, "not the innermost");
        });
        assert!(outer.is_held());
        assert_eq!((a.is_locked(), b.is_locked()), (LOCKS, false));
    });
}

/// test_critical_sections_suspend.
#[test]
fn detached_gives_up_all_sections_and_takes_the_top_again() {
    let (a, b) = (Mutex::new(), Mutex::new());
    with_critical_section(&a, |outer| {
        with_critical_section(&b, |inner| {
            let read = detached(|| {
                assert!(!a.is_locked() && !b.is_locked());
                assert!(!outer.is_held() && !inner.is_held());
                // A detached thread stays detached.
                detached(|| assert!(!a.is_locked() && !b.is_locked()));
                assert!(!a.is_locked() && !b.is_locked());
                // A section of its own in there is none of the outer ones' business.
                with_critical_section(&a, |s| assert!(s.is_held() && !inner.is_held()));
                assert!(!a.is_locked() && !b.is_locked());
                5
            });
            assert_eq!(read, 5);
            assert!(inner.is_held() && !outer.is_held(), "the top alone");
            assert_eq!((a.is_locked(), b.is_locked()), (false, LOCKS));
        });
        assert!(outer.is_held());
        assert_eq!(a.is_locked(), LOCKS);
    });
    assert!(!a.is_locked() && !b.is_locked());
}

#[test]
fn a_panic_ends_the_sections_it_leaves() {
    let (a, b) = (Mutex::new(), Mutex::new());
    with_critical_section(&a, |outer| {
        let inner = || with_critical_section2(&a, &b, |_, _| detached(|| panic!("in the call")));
        let panic = catch_unwind(AssertUnwindSafe(inner)).unwrap_err();
        assert_eq!(message(panic), "in the call");
        assert!(outer.is_held());
        assert_eq!((a.is_locked(), b.is_locked()), (LOCKS, false));
        assert_eq!(depth(), 1);
    });
}

/// Deeper than the part of the stack that needs no heap, and out again.
#[test]
fn sections_nest_deeper_than_any_array() {
    fn recurse(rest: &[Mutex]) {
        let Some((m, rest)) = rest.split_first() else {
            return detached(|| ());
        };
        with_critical_section(m, |s| {
            assert_eq!(m.is_locked(), LOCKS);
            recurse(rest);
            assert!(s.is_held());
            assert_held(m);
        });
        assert!(!m.is_locked());
    }
    let mutexes: Vec<Mutex> = (0..if cfg!(miri) { 8 } else { 200 })
        .map(|_| Mutex::new())
        .collect();
    recurse(&mutexes);
    assert_eq!(depth(), 0);
}

#[test]
fn ending_out_of_order_panics_and_changes_nothing() {
    let (a, b) = (Mutex::new(), Mutex::new());
    // SAFETY: both are ended below, before `a` and `b` go.
    let (mut outer, mut inner) =
        unsafe { (CriticalSection::begin(&a), CriticalSection::begin(&b)) };
    let before = top();
    let panic = catch_unwind(AssertUnwindSafe(|| outer.end())).unwrap_err();
    assert_eq!(
        message(panic),
        "ending a critical section that is not the innermost one"
    );
    assert_eq!(top(), before);
    assert_eq!((a.is_locked(), b.is_locked()), (LOCKS, LOCKS));
    inner.end();
    outer.end();
    outer.end();
    assert_eq!(top(), None);
    assert!(!a.is_locked() && !b.is_locked());
}

#[test]
fn a_leaked_section_ends_with_the_one_around_it() {
    let (a, b) = (Mutex::new(), Mutex::new());
    let mut escaped = None;
    with_critical_section(&a, |_| {
        // SAFETY: ended by the end of the closure, before `b` goes.
        escaped = Some(unsafe { CriticalSection::begin(&b) });
        // SAFETY: as above; and again, with the same mutex on top: not pushed.
        mem::forget(unsafe { CriticalSection::begin(&b) });
        assert_eq!(depth(), 2);
    });
    assert_eq!(top(), None);
    assert!(!a.is_locked() && !b.is_locked());
    with_critical_section(&b, |s| {
        // Another section has its index now; the leaked guard does not end that one.
        with_critical_section(&a, |_| {
            let mut escaped = escaped.take().unwrap();
            let panic = catch_unwind(AssertUnwindSafe(|| escaped.end())).unwrap_err();
            assert_eq!(message(panic), "ending a critical section that is not open");
            mem::forget(escaped);
            assert_eq!(depth(), 2);
        });
        assert!(s.is_held());
    });
}

#[test]
fn a_guard_ends_its_section_when_dropped() {
    let m = Mutex::new();
    // SAFETY: ended by the drop below.
    let section = unsafe { CriticalSection::begin2(&m, &m) };
    assert_eq!(m.is_locked(), LOCKS);
    drop(section);
    assert!(!m.is_locked());
    assert_eq!(top(), None);
}

#[test]
fn assert_held_asks_the_top_alone() {
    let (a, b) = (Mutex::new(), Mutex::new());
    let refused = |m: &Mutex| {
        catch_unwind(AssertUnwindSafe(|| assert_held(m))).is_err() == cfg!(debug_assertions)
    };
    assert!(refused(&a));
    with_critical_section(&a, |_| {
        assert_held(&a);
        with_critical_section(&b, |_| assert!(refused(&a)));
        detached(|| assert!(refused(&a)));
    });
    a.lock();
    assert!(refused(&a), "locked, but by no section");
    a.unlock();
}

/// A debug build tells what outlives a detach in the wrong order.
#[test]
#[cfg(debug_assertions)]
fn a_section_begun_while_detached_and_not_ended_is_told() {
    let (a, b) = (Mutex::new(), Mutex::new());
    let wrong = || {
        with_critical_section(&a, |_| {
            detached(|| {
                // SAFETY: ended by the end of the closure, before `b` goes.
                mem::forget(unsafe { CriticalSection::begin(&b) });
            });
        });
    };
    let panic = catch_unwind(AssertUnwindSafe(wrong)).unwrap_err();
    assert!(message(panic).contains("begun while its thread was detached"));
    assert_eq!(top(), None);
    assert!(!a.is_locked() && !b.is_locked());

    // SAFETY: ended below, before `a` goes.
    let mut section = unsafe { CriticalSection::begin(&a) };
    let wrong = || detached(|| section.end());
    let panic = catch_unwind(AssertUnwindSafe(wrong)).unwrap_err();
    assert!(message(panic).contains("while its thread is detached"));
    assert_eq!(a.is_locked(), LOCKS, "resumed");
    section.end();
}

/// A runtime's own thread state: entered, left, and entered again.
#[test]
fn an_entered_stack_takes_the_place_of_the_threads_own() {
    let (a, b) = (Mutex::new(), Mutex::new());
    let thread = CsThread::new();
    with_critical_section(&a, |own| {
        let mut section = thread.enter(|| {
            assert!(!own.is_held() && !a.is_locked());
            // SAFETY: ended below, before `b` goes.
            let section = unsafe { thread.begin(&b) };
            assert_eq!(b.is_locked(), LOCKS);
            section
        });
        assert!(own.is_held() && !b.is_locked());
        assert!(!thread.top().unwrap().is_active);
        thread.enter(|| {
            assert_eq!(b.is_locked(), LOCKS);
            detached(|| assert!(!b.is_locked()));
            thread.enter(|| section.end());
        });
        assert!(own.is_held());
    });
    assert_eq!(thread.top(), None);
    assert!(!a.is_locked() && !b.is_locked());
}

/// The seed's own cases: begin, begin a pair, end both.
#[test]
fn an_explicit_stack_needs_no_entering() {
    let (a, b, thread) = (Mutex::new(), Mutex::new(), CsThread::new());
    // SAFETY: both are ended when dropped, before `a` and `b` go.
    let (one, two) = unsafe { (thread.begin(&a), thread.begin2(&b, &a)) };
    assert_eq!(thread.top().unwrap().depth, 2);
    drop(two);
    assert_eq!(thread.top().unwrap().depth, 1);
    assert!(thread.suspend_all());
    assert!(!thread.suspend_all());
    assert!(!a.is_locked());
    assert!(thread.resume());
    assert_eq!(a.is_locked(), LOCKS);
    drop(one);
    assert_eq!(thread.top(), None);
    assert_eq!(top(), None);
}

#[test]
fn a_stack_that_is_dropped_gives_up_what_was_leaked() {
    let (a, thread) = (Mutex::new(), CsThread::default());
    // SAFETY: `a` outlives `thread`.
    mem::forget(unsafe { thread.begin(&a) });
    assert_eq!(a.is_locked(), LOCKS);
    drop(thread);
    assert!(!a.is_locked());
}

/// Locks may be taken in the destructors of thread-locals, whatever their order.
#[test]
fn sections_work_in_thread_local_destructors() {
    struct Last(&'static Mutex);
    impl Drop for Last {
        fn drop(&mut self) {
            with_critical_section(self.0, |s| {
                assert!(s.is_held());
                detached(|| assert!(!s.is_held()));
                assert_eq!(self.0.is_locked(), LOCKS);
            });
        }
    }
    static M: Mutex = Mutex::new();
    thread_local!(static BEFORE: Last = const { Last(&M) });
    thread_local!(static AFTER: Last = const { Last(&M) });
    std::thread::spawn(|| {
        BEFORE.with(|_| ());
        with_critical_section(&M, |_| ());
        AFTER.with(|_| ());
    })
    .join()
    .unwrap();
    assert!(!M.is_locked());
}
