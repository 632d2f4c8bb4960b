//! Futures as microthreads: whose waker is whose, and tasks that run schedulers.
#![cfg(feature = "micro")]

use py_thread::micro::{Id, On, Scheduler, Stop, Task, block, give_way, now, sleep, ticker, wait};
use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};

type Kept = Rc<RefCell<Vec<Option<Waker>>>>;

/// Keeps its waker at `n` in its first slice, and ends in its second.
fn keeper(kept: &Kept, n: usize) -> Task<usize> {
    let kept = Rc::clone(kept);
    let mut slices = 0;
    Task::new(poll_fn(move |cx| {
        slices += 1;
        if slices == 1 {
            kept.borrow_mut()[n] = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(n)
    }))
}

#[test]
fn a_waker_that_is_kept_names_its_own_task_for_ever() {
    const TASKS: usize = 30;
    let kept: Kept = Rc::new(RefCell::new(vec![None; TASKS]));
    let mut scheduler = Scheduler::new();
    // Between them are some that keep nothing, and so share one.
    let ids: Vec<Id> = (0..TASKS)
        .map(|n| match n % 3 {
            0 => scheduler.spawn(Task::new(async move {
                give_way().await;
                sleep(2).await;
                n
            })),
            _ => scheduler.spawn(keeper(&kept, n)),
        })
        .collect();
    assert!(matches!(scheduler.run().stop, Stop::Deadlock(_)));
    // From the last to the first, on threads of their own.
    for n in (0..TASKS).rev() {
        if let Some(waker) = kept.borrow_mut()[n].take() {
            assert!(scheduler.get(ids[n]).is_some());
            let report = {
                std::thread::spawn(move || waker.wake()).join().unwrap();
                scheduler.run()
            };
            assert_eq!((report.slices, report.ended), (1, 1), "task {n}");
        }
        assert_eq!(scheduler.take(ids[n]).unwrap().done(), Some(n));
    }
    assert!(scheduler.is_empty());
}

#[test]
fn a_waker_that_a_panicking_task_kept_wakes_nobody_else() {
    let kept: Kept = Rc::new(RefCell::new(vec![None]));
    let keep = Rc::clone(&kept);
    let mut scheduler = Scheduler::new();
    scheduler.spawn(Task::new(poll_fn(move |cx| -> Poll<()> {
        keep.borrow_mut()[0] = Some(cx.waker().clone());
        std::panic::resume_unwind(Box::new("planned"));
    })));
    let other = scheduler.spawn(Task::new(wait(On::Wake)));
    assert_eq!(scheduler.round().panicked, 1);
    kept.borrow_mut()[0].take().unwrap().wake();
    assert!(matches!(scheduler.run().stop, Stop::Deadlock(_)));
    assert!(scheduler.wake(other));
    assert!(scheduler.run().stop.is_finished());
}

#[test]
fn a_wake_in_the_slice_itself_is_for_the_task_that_runs() {
    let mut scheduler = Scheduler::new();
    for _ in 0..3 {
        let mut slices = 0;
        scheduler.spawn(Task::new(poll_fn(move |cx| {
            slices += 1;
            cx.waker().wake_by_ref();
            match slices {
                ..4 => Poll::Pending,
                _ => Poll::Ready(()),
            }
        })));
    }
    // Each wait finds its wake, or is woken by it in the next round.
    let mut runs = 0;
    while !scheduler.run().stop.is_finished() {
        runs += 1;
        assert!(runs < 10);
    }
}

#[test]
fn a_task_that_runs_a_scheduler_keeps_its_own_wish_and_its_own_ticks() {
    let mut scheduler = Scheduler::new().interval(10);
    let id = scheduler.spawn(Task::new(async {
        ticker().tick().await;
        let mut slept = Box::pin(sleep(3));
        poll_fn(|cx| {
            let polled = slept.as_mut().poll(cx);
            if polled.is_pending() {
                // Now it wishes to sleep. What another scheduler does in between is not its own.
                let mut inner = Scheduler::new().interval(2);
                for _ in 0..5 {
                    inner.spawn(Task::new(async {
                        for _ in 0..7 {
                            ticker().tick().await;
                        }
                        give_way().await;
                        sleep(4).await;
                        assert_eq!(now(), 9);
                    }));
                }
                let report = inner.run();
                assert!(report.stop.is_finished());
                assert_eq!((report.panicked, report.steps), (0, 5 * (7 + 2)));
            }
            polled
        })
        .await;
        now()
    }));
    let report = scheduler.run();
    assert_eq!(report.steps, 2, "one tick, and a slice without one");
    assert_eq!(scheduler.take(id).unwrap().done(), Some(4));
}

#[test]
fn a_task_that_is_killed_and_spawned_again_has_a_waker_of_its_new_name() {
    let kept = Rc::new(RefCell::new(None));
    let keep = Rc::clone(&kept);
    let mut slices = 0;
    let task = Task::new(poll_fn(move |cx| {
        slices += 1;
        *keep.borrow_mut() = Some(cx.waker().clone());
        match slices {
            ..3 => Poll::Pending,
            _ => Poll::Ready(()),
        }
    }));
    let mut first = Scheduler::new();
    let id = first.spawn(task);
    first.run();
    let task = first.kill(id).unwrap();
    let mut second = Scheduler::new();
    let id = second.spawn(task);
    second.run();
    kept.borrow_mut().take().unwrap().wake();
    assert!(second.run().stop.is_finished());
    assert!(second.take(id).is_some());
}

#[test]
fn a_task_that_panics_after_it_asked_for_a_job_takes_the_job_along() {
    let kept = Arc::new(());
    let inside = Arc::clone(&kept);
    let mut scheduler = Scheduler::<Task<()>>::new();
    scheduler.spawn(Task::new(async move {
        let mut blocked = Box::pin(block(move || drop(inside)));
        poll_fn(|cx| -> Poll<()> {
            assert!(blocked.as_mut().poll(cx).is_pending());
            std::panic::resume_unwind(Box::new("planned"));
        })
        .await;
    }));
    assert_eq!(scheduler.round().panicked, 1);
    assert_eq!(Arc::strong_count(&kept), 1);
}

#[test]
fn a_charge_after_the_last_instruction_counts() {
    let mut scheduler = Scheduler::new().interval(1);
    scheduler.spawn(Task::new(async {
        ticker().check().await;
        ticker().charge(5);
        ticker().tick().await;
    }));
    let report = scheduler.run();
    assert_eq!((report.slices, report.steps), (2, 1 + 5 + 1));
}
