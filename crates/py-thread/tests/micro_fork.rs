//! A fork while jobs of microthreads run. In the parent they end as usual. In the child they are
//! reported as lost, and the scheduler goes on with a pool of its own.
#![cfg(all(unix, feature = "micro", not(miri)))]

mod support;

use py_thread::micro::{
    Answer, JobError, Offload, On, Scheduler, Step, Task, block, from_fn, job, wait,
};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use support::{forked, one_at_a_time};

/// How a job went.
fn told<T>(answer: Result<T, JobError>) -> &'static str {
    match answer {
        Ok(_) => "done",
        Err(JobError::Forked) => "lost in a fork",
        Err(_) => "another",
    }
}

/// A job that waits for the gate; says when it has begun.
fn gated(gate: Receiver<()>, begun: std::sync::mpsc::Sender<()>) -> Task<&'static str> {
    Task::new(async move {
        let answer = block(move || {
            begun.send(()).unwrap();
            gate.recv().unwrap();
        });
        told(answer.await)
    })
}

#[test]
fn jobs_under_way_are_done_in_the_parent_and_lost_in_the_child() {
    let _turn = one_at_a_time();
    for rounds in [None, Some(3)] {
        let pool = Offload::new(1);
        let mut scheduler = Scheduler::new().offload(&pool);
        if let Some(rounds) = rounds {
            scheduler = scheduler.deterministic(rounds);
        }
        let (open, gate) = channel();
        let (begun, has_begun) = channel();
        let running = scheduler.spawn(gated(gate, begun));
        let queued = scheduler.spawn(Task::new(async { told(block(|| ()).await) }));
        scheduler.round();
        has_begun.recv().unwrap();
        let code = forked(|| {
            if !scheduler.run().stop.is_finished() {
                return 1;
            }
            let mut said = |id| scheduler.take(id).and_then(|outcome| outcome.done());
            if (said(running), said(queued)) != (Some("lost in a fork"), Some("lost in a fork")) {
                return 2;
            }
            // The child has a pool of its own.
            let again = scheduler.spawn(Task::new(async { told(block(|| ()).await) }));
            if !scheduler.run().stop.is_finished() {
                return 3;
            }
            match scheduler.take(again).and_then(|outcome| outcome.done()) {
                Some("done") => 0,
                _ => 4,
            }
        });
        assert_eq!(code, 0, "check {code}, deterministic: {rounds:?}");
        open.send(()).unwrap();
        assert!(scheduler.run().stop.is_finished());
        let mut said = |id| scheduler.take(id).unwrap().done();
        assert_eq!((said(running), said(queued)), (Some("done"), Some("done")));
    }
}

#[test]
fn an_answer_that_was_there_at_the_fork_is_there_on_both_sides() {
    let _turn = one_at_a_time();
    let pool = Offload::new(1);
    let mut scheduler = Scheduler::new().offload(&pool);
    let mut answer: Option<Answer<u8>> = None;
    let id = scheduler.spawn(from_fn(move |_, _| match &mut answer {
        None => {
            let (job, place) = job(|| 7);
            answer = Some(place);
            Step::Block(job)
        }
        Some(answer) => Step::Done((answer.take().map(Result::unwrap), answer.take().is_none())),
    }));
    scheduler.round();
    let start = Instant::now();
    while pool.idle() == 0 {
        assert!(start.elapsed() < Duration::from_secs(60));
        std::thread::yield_now();
    }
    let code = forked(|| {
        scheduler.run();
        match scheduler.take(id).and_then(|outcome| outcome.done()) {
            Some((Some(7), true)) => 0,
            _ => 1,
        }
    });
    assert_eq!(code, 0);
    scheduler.run();
    assert_eq!(scheduler.take(id).unwrap().done(), Some((Some(7), true)));
}

#[test]
fn a_lost_answer_is_told_once() {
    let _turn = one_at_a_time();
    let pool = Offload::new(1);
    let mut scheduler = Scheduler::new().offload(&pool);
    let (open, gate) = channel::<()>();
    let mut gate = Some(gate);
    let mut answer: Option<Answer<()>> = None;
    let id = scheduler.spawn(from_fn(move |_, _| match &mut answer {
        None => {
            let gate = gate.take().unwrap();
            let (job, place) = job(move || gate.recv().unwrap());
            answer = Some(place);
            Step::Block(job)
        }
        Some(answer) => Step::Done([answer.take().map(told), answer.take().map(told)]),
    }));
    scheduler.round();
    let code = forked(|| {
        scheduler.run();
        match scheduler.take(id).and_then(|outcome| outcome.done()) {
            Some([Some("lost in a fork"), None]) => 0,
            _ => 1,
        }
    });
    assert_eq!(code, 0);
    drop(open);
    scheduler.run();
    // The gate was never opened, so the job panicked; but it is not reported as lost.
    assert_eq!(
        scheduler.take(id).unwrap().done(),
        Some([Some("another"), None])
    );
}

#[test]
fn many_forks_beside_a_busy_pool_lose_nothing_in_the_parent() {
    let _turn = one_at_a_time();
    let pool = Offload::new(2);
    let mut scheduler = Scheduler::new().offload(&pool);
    let mut done = 0;
    for _ in 0..50 {
        for _ in 0..8 {
            scheduler.spawn(Task::new(async {
                told(block(std::thread::yield_now).await)
            }));
        }
        scheduler.round();
        let code = forked(|| {
            if !scheduler.run().stop.is_finished() {
                return 1;
            }
            let known = scheduler
                .finished()
                .all(|(_, outcome)| matches!(outcome.done(), Some("done" | "lost in a fork")));
            i32::from(!known)
        });
        assert_eq!(code, 0);
        assert!(scheduler.run().stop.is_finished());
        done += scheduler
            .finished()
            .filter(|(_, outcome)| matches!(outcome.clone().done(), Some("done")))
            .count();
    }
    assert_eq!(done, 400);
}

#[test]
fn a_waker_that_was_kept_before_the_fork_still_wakes_in_the_child() {
    let _turn = one_at_a_time();
    let mut scheduler = Scheduler::new();
    let kept = std::rc::Rc::new(std::cell::RefCell::new(None));
    let keeper = std::rc::Rc::clone(&kept);
    let id = scheduler.spawn(Task::new(async move {
        let mut is_kept = false;
        std::future::poll_fn(|cx| {
            if std::mem::replace(&mut is_kept, true) {
                return std::task::Poll::Ready(());
            }
            *keeper.borrow_mut() = Some(cx.waker().clone());
            std::task::Poll::Pending
        })
        .await;
    }));
    scheduler.spawn(Task::new(wait(On::Named("nobody"))));
    scheduler.run();
    let wakes = |scheduler: &mut Scheduler<Task<()>>| {
        let waker = kept.borrow().clone().unwrap();
        waker.wake();
        scheduler.run();
        i32::from(scheduler.take(id).is_none())
    };
    // On other systems the child's scheduler has a new inbox, and handles of the old one reach
    // nothing.
    let goes_on = cfg!(any(target_os = "linux", target_os = "android"));
    assert_eq!(forked(|| wakes(&mut scheduler)), i32::from(!goes_on));
    assert_eq!(wakes(&mut scheduler), 0);
}
