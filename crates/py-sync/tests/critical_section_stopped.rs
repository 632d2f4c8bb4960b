//! What a section asks of its runtime, on one thread: whether the world is stopped, and to be detached
//! only where it waits for another thread.
#![cfg(feature = "gil-disabled")]

use py_sync::{CsThread, Mutex, Runtime, with_critical_section, with_critical_section2};
use std::cell::Cell;
use std::ops::ControlFlow;
use std::sync::Once;

std::thread_local! {
    static STOPPED: Cell<bool> = const { Cell::new(false) };
    static DETACHES: Cell<u32> = const { Cell::new(0) };
}

struct Answers;

impl Runtime for Answers {
    fn detach(&self) -> bool {
        DETACHES.set(DETACHES.get() + 1);
        true
    }

    fn attach(&self) {}

    fn pending(&self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn world_stopped(&self) -> bool {
        STOPPED.get()
    }
}

fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| py_sync::install(&Answers).expect("nobody else installs"));
}

/// Runs `f` as the thread that has stopped the world.
fn stopped<R>(f: impl FnOnce() -> R) -> R {
    STOPPED.set(true);
    let result = f();
    STOPPED.set(false);
    result
}

fn depth() -> usize {
    CsThread::with_current(CsThread::top).map_or(0, |top| top.depth)
}

/// The outer section comes back with the end of the inner one.
#[test]
fn a_thread_in_its_own_way_is_not_detached() {
    install();
    let (a, b) = (Mutex::new(), Mutex::new());
    with_critical_section(&a, |outer| {
        with_critical_section(&b, |_| {
            with_critical_section(&a, |s| assert!(s.is_held() && !outer.is_held()));
            with_critical_section2(&a, &b, |s, _| assert!(s.is_held() && !outer.is_held()));
        });
        assert!(outer.is_held());
    });
    assert_eq!(DETACHES.get(), 0);
    assert!(!a.is_locked() && !b.is_locked());
}

/// Also on top of a suspended section, as that of the thread that has stopped the world.
#[test]
fn a_lock_that_is_free_is_taken_in_a_stopped_world() {
    install();
    let (around, pair) = (Mutex::new(), [Mutex::new(), Mutex::new()]);
    with_critical_section(&around, |_| {
        assert!(CsThread::with_current(CsThread::suspend_all));
        stopped(|| {
            with_critical_section(&pair[0], |s| {
                assert!(s.is_held() && pair[0].is_locked());
                assert_eq!(depth(), 2);
            });
            with_critical_section2(&pair[0], &pair[1], |s, _| {
                assert!(s.is_held() && pair.iter().all(Mutex::is_locked));
                assert_eq!(depth(), 2);
            });
        });
        assert!(!around.is_locked());
    });
    assert_eq!(DETACHES.get(), 0);
    assert!(!pair.iter().any(Mutex::is_locked));
}

/// Who holds it is stopped; what else the section would lock is left alone.
#[test]
fn a_lock_that_is_held_is_gone_without_in_a_stopped_world() {
    install();
    // An array: the lower address is locked first.
    let pair = [Mutex::new(), Mutex::new()];
    for (held, free) in [(0, 1), (1, 0)] {
        let (held, free) = (&pair[held], &pair[free]);
        held.lock();
        stopped(|| {
            with_critical_section(held, |s| {
                assert!(s.is_held());
                assert_eq!(depth(), 0);
            });
            with_critical_section2(held, free, |s, t| {
                assert!(s.is_held() && t.unwrap().is_held());
                assert!(held.is_locked() && !free.is_locked());
                assert_eq!(depth(), 0);
            });
        });
        assert!(held.is_locked());
        held.unlock();
    }
    assert_eq!(DETACHES.get(), 0);
}

#[test]
fn a_resume_takes_what_is_free_and_leaves_what_is_held_in_a_stopped_world() {
    install();
    let (pair, thread) = ([Mutex::new(), Mutex::new()], CsThread::new());
    // SAFETY: ended below, before the mutexes go.
    let mut section = unsafe { thread.begin2(&pair[0], &pair[1]) };
    assert!(thread.suspend_all());
    for (held, free) in [(0, 1), (1, 0)] {
        pair[held].lock();
        assert!(!stopped(|| thread.resume()));
        assert!(!thread.top().unwrap().is_active);
        assert!(pair[held].is_locked() && !pair[free].is_locked());
        pair[held].unlock();
    }
    assert!(stopped(|| thread.resume()));
    assert!(thread.top().unwrap().is_active);
    assert!(pair.iter().all(Mutex::is_locked));
    section.end();
    assert_eq!(DETACHES.get(), 0);
    assert!(!pair.iter().any(Mutex::is_locked));
}
