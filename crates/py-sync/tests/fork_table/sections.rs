//! Critical sections that are open at the fork.

use super::{MS, Others, beside, forked};
use py_sync::{
    CriticalSection, CsThread, Event, LockFlags, LockStatus, Mutex, with_critical_section,
    with_critical_section2,
};
use rstest::rstest;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// Critical sections of the forking thread are open in the child as they were; who waited for their
/// mutexes is not there.
#[rstest]
fn each_cell_of_critical_sections(
    #[values(1, 2)] mutexes: usize,
    #[values(false, true)] waited_for: bool,
    #[values("end", "suspend", "inner", "sleep", "share")] what: &str,
) {
    let [a, b]: [&'static Mutex; 2] = [(); 2].map(|()| &*Box::leak(Box::new(Mutex::new())));
    let b = if mutexes == 2 { b } else { a };
    let mut others = Others::default();
    // SAFETY: ended below, in this thread, by both processes.
    let mut section = unsafe { CriticalSection::begin2(a, b) };
    if waited_for {
        others.wait(|| with_critical_section2(a, b, |_, _| ()));
    }
    let taken = |m: &Mutex| {
        let failed = AtomicUsize::new(0);
        let other = || {
            let status = m.lock_timed(Some(MS), LockFlags::NONE);
            failed.store(usize::from(status == LockStatus::Failure), SeqCst);
        };
        // Whoever waits for a thread gives its sections up: this one looks for its end.
        let ended = Event::new();
        let and_say = || {
            other();
            ended.notify();
        };
        beside(&[&and_say], || {
            while !ended.is_set() {
                std::thread::yield_now();
            }
        });
        failed.into_inner() == 1
    };
    let enter = || with_critical_section2(b, a, |_, _| with_critical_section(a, |_| ()));
    let share = || beside(&[&enter, &enter], || ());
    forked(|| {
        assert!(taken(a) && taken(b), "held, as in the parent");
        match what {
            "end" => {}
            "suspend" => CsThread::with_current(|thread| {
                assert!(thread.suspend_all());
                share();
                assert!(thread.resume());
            }),
            "inner" => with_critical_section(a, |_| assert!(taken(a))),
            // A sleep gives them up: the child's threads get in, and the sections are back after it.
            "sleep" => {
                let done = Event::new();
                let enter_and_say = || {
                    enter();
                    done.notify();
                };
                beside(&[&enter_and_say], || done.wait());
            }
            // Those wait until the section ends.
            _ => {
                let wait = || with_critical_section2(a, b, |_, _| ());
                beside(&[&wait], || {
                    std::thread::sleep(MS);
                    section.end();
                });
            }
        }
        if what != "share" {
            assert!(taken(a) && taken(b), "held again");
            section.end();
        }
        assert!(a.try_lock());
        a.unlock();
        share();
    });
    section.end();
    others.end();
}
