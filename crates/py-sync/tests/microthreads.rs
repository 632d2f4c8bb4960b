//! Locks and critical sections inside of microthreads: each is a thread of its own to them.

#[cfg(feature = "gil-disabled")]
use py_sync::{CsThread, Mutex, with_critical_section};
use py_sync::{LockFlags, LockStatus, RecursiveMutex};
use py_thread::micro::{Cx, Microthread, Scheduler, Step, Ticker, from_fn};
use std::rc::Rc;
use std::time::Duration;

type Agent = Box<dyn Microthread<Output = u32>>;

fn agent(f: impl FnMut(&mut Ticker, &mut Cx<'_>) -> Step<u32> + 'static) -> Agent {
    Box::new(from_fn(f))
}

/// The lock that is held over a yield is its holder's, although all run on one OS thread.
#[test]
fn a_recursive_mutex_is_held_by_one_agent_over_its_slices() {
    let m = Rc::new(RecursiveMutex::new());
    let mut scheduler = Scheduler::<Agent>::new();
    let lock = Rc::clone(&m);
    let mut slice = 0;
    let holder = scheduler.spawn(agent(move |_, cx| {
        slice += 1;
        match slice {
            1 | 2 => {
                lock.lock(); // one level deeper: it has it already
                Step::Yield
            }
            3 => {
                assert!(lock.is_locked_by(cx.id().ident()));
                lock.unlock();
                lock.unlock();
                Step::Done(3)
            }
            _ => unreachable!(),
        }
    }));
    let lock = Rc::clone(&m);
    let mut refused = 0;
    let other = scheduler.spawn(agent(move |_, _| {
        // It must not inherit the holder's lock, nor may it unlock it.
        if !lock.try_lock() {
            assert!(!lock.try_unlock());
            let soon = Some(Duration::ZERO);
            assert_eq!(lock.lock_timed(soon, LockFlags::NONE), LockStatus::Failure);
            refused += 1;
            return Step::Yield;
        }
        lock.unlock();
        Step::Done(refused)
    }));
    assert!(scheduler.run().stop.is_finished());
    assert_eq!(scheduler.take(holder).unwrap().done(), Some(3));
    assert_eq!(scheduler.take(other).unwrap().done(), Some(2));
    assert!(!m.is_locked());
}

#[cfg(feature = "gil-disabled")]
#[test]
fn a_critical_section_of_a_slice_ends_with_it() {
    let m = Rc::new(Mutex::new());
    let mut scheduler = Scheduler::<Agent>::new();
    for _ in 0..3 {
        let m = Rc::clone(&m);
        scheduler.spawn(agent(move |_, cx| {
            assert!(!m.is_locked(), "another one's section");
            with_critical_section(&m, |_| assert!(m.is_locked()));
            if cx.now() < 3 {
                Step::Yield
            } else {
                Step::Done(0)
            }
        }));
    }
    let report = scheduler.run();
    assert_eq!((report.ended, report.panicked), (3, 0));
}

/// A section that stays open over a yield: each agent has a stack of sections of its own, which is
/// suspended while the others run, and none sees another's.
#[cfg(feature = "gil-disabled")]
#[test]
fn an_agent_keeps_its_open_sections_and_sees_no_others() {
    static MUTEX: Mutex = Mutex::new();
    let m = &MUTEX;
    let mut scheduler = Scheduler::<Agent>::new();
    let threads = [(); 3].map(|()| Box::into_raw(Box::new(CsThread::new())));
    for thread in threads {
        // SAFETY: it lives until the scheduler, and so every agent, is gone.
        let thread: &'static CsThread = unsafe { &*thread };
        let mut section = None;
        scheduler.spawn(agent(move |_, cx| {
            let now = cx.now();
            thread.enter(|| {
                match now {
                    1 => {
                        assert!(thread.top().is_none(), "inherited a section");
                        // SAFETY: the mutex is a static, so it outlives the section.
                        section = Some(unsafe { thread.begin(m) });
                    }
                    2 | 3 => assert_eq!(
                        thread.top().map(|t| (t.depth, t.is_active)),
                        Some((1, true))
                    ),
                    _ => section.as_mut().unwrap().end(),
                }
                assert_eq!(m.is_locked(), now < 4);
            });
            assert!(!m.is_locked(), "given up between the slices");
            if now < 4 { Step::Yield } else { Step::Done(0) }
        }));
    }
    let report = scheduler.run();
    assert_eq!((report.ended, report.panicked), (3, 0));
    drop(scheduler);
    for thread in threads {
        // SAFETY: made by `Box::into_raw` above, and nobody refers to it any more.
        drop(unsafe { Box::from_raw(thread) });
    }
}
