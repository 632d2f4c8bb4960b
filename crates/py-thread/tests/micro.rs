//! Microthreads: slices, rounds, budgets, ends, jobs, and the traps of their ancestors.
#![cfg(feature = "micro")]

use py_thread::micro::{
    Answer, Cx, Id, JobError, Microthread, Mixed, Offload, On, Outcome, Received, Scheduler, Step,
    Stop, Swarm, Task, Ticker, block, bounded, from_fn, give_way, job, join, mailbox, post, sleep,
};
use py_thread::{Events, Ident};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

type Agent<T> = Box<dyn Microthread<Output = T>>;

fn agent<T: 'static>(f: impl FnMut(&mut Ticker, &mut Cx<'_>) -> Step<T> + 'static) -> Agent<T> {
    Box::new(from_fn(f))
}

/// Ticks for ever.
fn endless() -> Agent<()> {
    agent(|ticker, _| {
        while !ticker.check() {}
        Step::Yield
    })
}

#[test]
fn an_endless_agent_delays_the_others_by_its_interval_at_most() {
    let mut scheduler = Scheduler::new().interval(10);
    let steps = Rc::new(Cell::new(0));
    scheduler.spawn(endless());
    let seen = Rc::clone(&steps);
    let id = scheduler.spawn(agent(move |_, _| {
        seen.set(seen.get() + 1);
        if seen.get() == 5 {
            Step::Done(())
        } else {
            Step::Yield
        }
    }));
    let report = scheduler.run_for(54);
    assert!(scheduler.take(id).is_none(), "four rounds of 10 and 1");
    assert_eq!((report.steps, steps.get()), (54, 4));
    scheduler.run_for(1);
    assert!(matches!(scheduler.take(id), Some(Outcome::Done(()))));
}

#[test]
fn a_raise_from_another_thread_stops_an_endless_agent() {
    let mut scheduler = Scheduler::new().interval(u32::MAX);
    let (runs, is_running) = channel();
    let mut runs = Some(runs);
    let id = scheduler.spawn(agent(move |ticker, _| {
        if let Some(runs) = runs.take() {
            runs.send(()).unwrap();
        }
        while !ticker.check() {}
        Step::<()>::Yield
    }));
    let remote = scheduler.remote();
    let other = std::thread::spawn(move || {
        is_running.recv().unwrap();
        remote.interrupt(Events::SIGNALS_PENDING);
    });
    assert_eq!(
        scheduler.run().stop,
        Stop::Raised(Events::SIGNALS_PENDING, Some(id))
    );
    // Nothing runs until somebody takes it.
    assert_eq!(scheduler.run().slices, 0);
    assert_eq!(scheduler.breaker().take(), Events::SIGNALS_PENDING);
    assert_eq!(scheduler.run_for(5).steps, 5);
    other.join().unwrap();
}

/// It is interrupted before its first instruction, and has its whole slice left.
#[test]
fn a_raise_before_the_first_instruction_costs_nothing_of_the_slice() {
    let breaker = std::sync::Arc::new(py_thread::EvalBreaker::new());
    for interval in [1, 5] {
        let mut scheduler = Scheduler::with_breaker(breaker.clone()).interval(interval);
        let (raise, mut is_first) = (breaker.clone(), true);
        let mut n = 0;
        let id = scheduler.spawn(agent(move |ticker, _| {
            if std::mem::take(&mut is_first) {
                raise.raise(Events::SIGNALS_PENDING);
            }
            while !ticker.check() {
                n += 1;
            }
            if n < interval {
                Step::Yield
            } else {
                Step::Done(n)
            }
        }));
        let report = scheduler.run();
        assert_eq!(
            report.stop,
            Stop::Raised(Events::SIGNALS_PENDING, Some(id)),
            "interval {interval}"
        );
        // What is interrupted is a slice that was run, and one that counted nothing counts as one.
        assert_eq!((report.slices, report.steps), (1, 1));
        let _ = breaker.take();
        // In the same round, with all of it.
        assert_eq!(scheduler.round().rounds, 0);
        assert_eq!(scheduler.take(id).unwrap().done(), Some(interval));
    }
}

#[test]
fn an_interval_of_one_makes_progress() {
    let mut scheduler = Scheduler::new().interval(1);
    let mut n = 0;
    scheduler.spawn(from_fn(move |ticker, _| {
        while n < 100 {
            if ticker.tick() {
                return Step::Yield;
            }
            n += 1;
        }
        Step::Done(n)
    }));
    let report = scheduler.run_for(1000);
    assert_eq!((report.stop, report.steps), (Stop::Finished, 100));
}

#[test]
fn a_wake_before_the_wait_is_not_lost() {
    let mut scheduler = Scheduler::new();
    let mut slices = 0;
    let id = scheduler.spawn(from_fn(move |_, _| {
        slices += 1;
        if slices == 1 {
            Step::Wait(On::Wake)
        } else {
            Step::Done(slices)
        }
    }));
    assert!(scheduler.wake(id));
    assert!(scheduler.run().stop.is_finished());
}

#[test]
fn a_killed_receiver_takes_no_message_along() {
    let mut scheduler = Scheduler::<Agent<()>>::new();
    let (tx, mut rx) = bounded::<u8>(1);
    let first = tx.clone();
    let waiting = |tx: py_thread::micro::Sender<u8>| {
        agent(move |_, cx| match tx.send(1) {
            Ok(()) => Step::Done(()),
            Err(_) => tx.wait(cx),
        })
    };
    tx.send(0).unwrap();
    let victim = scheduler.spawn(waiting(first));
    let other = scheduler.spawn(waiting(tx));
    assert!(matches!(scheduler.run().stop, Stop::Deadlock(_)));
    // The room is offered to the one that is killed, and to the other.
    assert_eq!(rx.try_receive(), Some(0));
    scheduler.kill(victim);
    scheduler.run();
    assert!(scheduler.take(other).is_some());
    assert_eq!((rx.len(), rx.try_receive()), (1, Some(1)));
}

#[test]
fn closed_ends_are_told_apart() {
    let mut scheduler = Scheduler::<Agent<&str>>::new();
    let (tx, mut rx) = mailbox::<u8>();
    let (back, gone) = mailbox::<u8>();
    let reader = scheduler.spawn(agent(move |_, cx| match rx.receive(cx) {
        Received::Message(_) => Step::Yield,
        Received::Empty => rx.wait(),
        Received::Closed => Step::Done("closed"),
    }));
    scheduler.spawn(agent(move |_, _| {
        tx.send(1).unwrap();
        Step::Done("sent")
    }));
    drop(gone);
    assert!(back.send(1).is_err() && back.is_closed());
    assert!(scheduler.run().stop.is_finished());
    assert_eq!(scheduler.take(reader).unwrap().done(), Some("closed"));
}

#[test]
fn a_kill_costs_the_same_among_many() {
    const MANY: usize = if cfg!(miri) { 200 } else { 200_000 };
    let mut scheduler = Scheduler::new();
    let ids: Vec<Id> = (0..MANY)
        .map(|n| {
            scheduler.spawn(from_fn(move |_, _| match n % 4 {
                0 => Step::<()>::Yield,
                1 => Step::Sleep(1 << 40),
                2 => Step::WaitFor(On::Wake, 1 << 40),
                _ => Step::Wait(On::Wake),
            }))
        })
        .collect();
    scheduler.round();
    let start = Instant::now();
    for &id in &ids {
        assert!(scheduler.kill(id).is_some());
        assert!(scheduler.kill(id).is_none());
    }
    // In quadratic time it would take minutes.
    assert!(start.elapsed() < Duration::from_secs(10));
    assert!(scheduler.run().stop.is_finished());
}

#[test]
fn a_panic_ends_one_agent_alone() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            std::panic::resume_unwind(Box::new("in the destructor"));
        }
    }
    let mut scheduler = Scheduler::<Agent<u8>>::new();
    let bomb = Bomb;
    let first = scheduler.spawn(agent(move |_, _| {
        let _keep = &bomb;
        Step::Done(1)
    }));
    let second = scheduler.spawn(agent(|_, _| {
        std::panic::resume_unwind(Box::new("in a slice"))
    }));
    let both = Bomb;
    let third = scheduler.spawn(agent(move |_, _| {
        let _keep = &both;
        std::panic::resume_unwind(Box::new("first"))
    }));
    let last = scheduler.spawn(agent(|_, _| Step::Done(4)));
    let report = scheduler.run();
    assert_eq!((report.ended, report.panicked), (4, 3));
    let mut said = |id| {
        scheduler
            .take(id)
            .unwrap()
            .panic()
            .unwrap()
            .message()
            .to_owned()
    };
    assert_eq!(said(first), "in the destructor");
    assert_eq!(said(second), "in a slice");
    assert_eq!(said(third), "first");
    assert_eq!(scheduler.take(last).unwrap().done(), Some(4));
}

/// Of two panics of one agent the second has nobody who takes it.
#[test]
fn a_payload_that_nobody_takes_is_dropped_even_if_its_drop_panics() {
    struct Payload {
        _counted: Arc<()>,
    }
    impl Drop for Payload {
        fn drop(&mut self) {
            std::panic::resume_unwind(Box::new(()));
        }
    }
    struct Bomb(Arc<()>);
    impl Drop for Bomb {
        fn drop(&mut self) {
            let _counted = Arc::clone(&self.0);
            std::panic::resume_unwind(Box::new(Payload { _counted }));
        }
    }
    let counted = Arc::new(());
    let bomb = Bomb(Arc::clone(&counted));
    let mut scheduler = Scheduler::<Agent<u8>>::new();
    let id = scheduler.spawn(agent(move |_, _| {
        let _keep = &bomb;
        std::panic::resume_unwind(Box::new("first"))
    }));
    assert_eq!(scheduler.run().panicked, 1);
    assert_eq!(Arc::strong_count(&counted), 1);
    let outcome = scheduler.take(id).unwrap();
    assert_eq!(outcome.panic().unwrap().message(), "first");
}

#[test]
fn a_circle_of_joins_is_told() {
    let mut scheduler = Scheduler::new();
    let ids: Rc<RefCell<Vec<Id>>> = Rc::default();
    for n in 0..3 {
        let all = Rc::clone(&ids);
        let id = scheduler.spawn(from_fn(move |_, _| {
            Step::<()>::Join(all.borrow()[(n + 1) % 3])
        }));
        ids.borrow_mut().push(id);
    }
    let Stop::Deadlock(deadlock) = scheduler.run().stop else {
        panic!("no deadlock");
    };
    assert_eq!(deadlock.circle().len(), 3);
    assert_eq!(
        deadlock.to_string(),
        "3 microthreads wait, and nobody is left to wake them: #0 for the end of #1, \
         #1 for the end of #2, #2 for the end of #0; in a circle: #0, #1, #2, #0"
    );
}

#[test]
fn a_job_holds_up_nobody_else() {
    let mut scheduler = Scheduler::<Agent<u64>>::new();
    let (open, gate) = channel::<()>();
    let mut answer: Option<Answer<u8>> = None;
    let mut gate = Some(gate);
    let blocked = scheduler.spawn(agent(move |_, cx| match &mut answer {
        None => {
            let gate = gate.take().unwrap();
            let (job, place) = job(move || gate.recv().map_or(0, |()| 7));
            answer = Some(place);
            Step::Block(job)
        }
        Some(answer) => {
            assert_eq!(answer.take().unwrap().unwrap(), 7);
            Step::Done(cx.now())
        }
    }));
    let other = scheduler.spawn(agent(move |_, cx| match cx.now() {
        ..100 => Step::Yield,
        now => {
            open.send(()).unwrap();
            Step::Done(now)
        }
    }));
    assert!(scheduler.run().stop.is_finished());
    assert_eq!(scheduler.take(other).unwrap().done(), Some(100));
    assert!(scheduler.take(blocked).unwrap().done().unwrap() > 100);
}

#[test]
fn a_scheduler_is_dropped_with_jobs_under_way() {
    let pool = Offload::new(1);
    let (open, gate) = channel::<()>();
    let (ran, has_run) = channel();
    let mut scheduler = Scheduler::new().offload(&pool);
    let first = ran.clone();
    scheduler.spawn(Task::new(async move {
        block(move || {
            first.send("the first").unwrap();
            let _ = gate.recv();
        })
        .await
        .unwrap();
    }));
    scheduler.spawn(Task::new(async move {
        block(move || ran.send("the second").unwrap())
            .await
            .unwrap();
    }));
    scheduler.round();
    assert_eq!(has_run.recv().unwrap(), "the first");
    drop(scheduler);
    drop(open);
    // The second job had not begun and is not wanted any more, so its end of the channel is
    // dropped.
    assert!(has_run.recv().is_err());
}

#[test]
fn a_job_that_panics_is_an_error_for_its_agent() {
    let mut scheduler = Scheduler::new();
    let id = scheduler.spawn(Task::new(async {
        match block(|| -> u8 { std::panic::resume_unwind(Box::new("job")) }).await {
            Err(JobError::Panicked(panic)) => panic.message().to_owned(),
            other => panic!("{other:?}"),
        }
    }));
    scheduler.run();
    assert_eq!(scheduler.take(id).unwrap().done().unwrap(), "job");
}

#[test]
fn answers_come_in_the_order_of_the_requests_if_they_are_to() {
    for _ in 0..5 {
        let order = Rc::new(RefCell::new(Vec::new()));
        let mut scheduler = Scheduler::new().deterministic(2);
        for n in 0..8_u64 {
            let order = Rc::clone(&order);
            scheduler.spawn(Task::new(async move {
                let wait = Duration::from_millis(8 - n);
                block(move || std::thread::sleep(wait)).await.unwrap();
                order.borrow_mut().push((n, py_thread::micro::now()));
            }));
        }
        scheduler.run();
        assert!(order.borrow().iter().copied().eq((0..8).map(|n| (n, 3))));
    }
}

#[test]
fn the_idents_are_ones_own() {
    let here = Ident::current();
    let mut scheduler = Scheduler::new();
    let ids: Vec<Id> = (0..3)
        .map(|_| {
            let mut first = None;
            scheduler.spawn(from_fn(move |_, cx: &mut Cx<'_>| {
                let now = *first.get_or_insert(Ident::current());
                assert_eq!(now, Ident::current());
                assert_eq!(now, cx.id().ident());
                if cx.now() < 4 {
                    Step::Yield
                } else {
                    Step::Done(now)
                }
            }))
        })
        .collect();
    assert!(scheduler.run().stop.is_finished());
    assert_eq!(Ident::current(), here);
    let mut seen: Vec<Ident> = ids
        .into_iter()
        .map(|id| scheduler.take(id).unwrap().done().unwrap())
        .collect();
    seen.push(here);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 4);
}

#[test]
fn the_types_of_a_mixed_population_keep_time_together() {
    let mut mixed = Mixed::new();
    let (mut a, mut b) = (Scheduler::new(), Scheduler::new());
    let (tx, mut rx) = mailbox();
    let reader = a.spawn(from_fn(move |_, cx| match rx.receive(cx) {
        Received::Message(round) => Step::Done((round, cx.now())),
        _ => rx.wait(),
    }));
    b.spawn(Task::new(async move {
        sleep(40).await;
        tx.send(py_thread::micro::now()).unwrap();
    }));
    let key = mixed.add(a);
    mixed.add(b);
    assert!(mixed.run().is_finished());
    assert_eq!(mixed.get(key).take(reader).unwrap().done(), Some((41, 42)));
}

#[test]
fn a_swarm_tells_the_same_however_its_threads_run() {
    let run = || {
        let (boxes, inbox) = channel();
        let swarm = Swarm::start(3, move |shard| {
            let mut scheduler = Scheduler::<Agent<Vec<u64>>>::new();
            let (tx, mut rx) = post::<u64>(&scheduler.remote());
            boxes.send((shard, tx)).unwrap();
            let mut got = Vec::new();
            scheduler.spawn(agent(move |_, cx| {
                while let Some(message) = rx.receive(cx) {
                    got.push(cx.now() * 1000 + message);
                }
                if cx.now() < 20 {
                    Step::Yield
                } else {
                    Step::Done(std::mem::take(&mut got))
                }
            }));
            scheduler
        })
        .unwrap();
        let mut all: Vec<_> = (0..3).map(|_| inbox.recv().unwrap()).collect();
        all.sort_by_key(|(shard, _)| *shard);
        let all: Vec<_> = all.into_iter().map(|(_, tx)| tx).collect();
        swarm.each(move |shard, scheduler| {
            let all = all.clone();
            scheduler.spawn(agent(move |_, cx| {
                for tx in &all {
                    tx.send(shard as u64, shard as u64).unwrap();
                }
                if cx.now() < 10 {
                    Step::Yield
                } else {
                    Step::Done(Vec::new())
                }
            }));
        });
        for _ in 0..20 {
            swarm.round();
        }
        swarm.each(|_, scheduler| {
            scheduler
                .finished()
                .filter_map(|(_, o)| o.done())
                .flatten()
                .collect::<Vec<_>>()
        })
    };
    let first = run();
    assert!(first.iter().all(|got| got.len() == 30), "{first:?}");
    assert!((0..5).all(|_| run() == first));
}

#[test]
fn a_million_timers_that_are_given_up_leave_nothing() {
    let mut scheduler = Scheduler::new();
    let id = scheduler.spawn(from_fn(|_, _| Step::<()>::WaitFor(On::Wake, 1 << 40)));
    for _ in 0..if cfg!(miri) { 100 } else { 100_000 } {
        scheduler.round();
        scheduler.wake(id);
    }
    assert_eq!(scheduler.now(), if cfg!(miri) { 100 } else { 100_000 });
    scheduler.kill(id);
    assert!(scheduler.run().stop.is_finished());
}

#[test]
fn a_task_waits_for_one_thing_at_a_time() {
    let mut scheduler = Scheduler::new();
    let first = scheduler.spawn(Task::new(async {
        let (mut a, mut b) = (Box::pin(sleep(1)), Box::pin(give_way()));
        std::future::poll_fn(|cx| {
            let _ = (a.as_mut().poll(cx), b.as_mut().poll(cx));
            std::task::Poll::Ready(())
        })
        .await;
    }));
    let second = scheduler.spawn(Task::new(async move { join(first).await }));
    scheduler.run();
    let outcome = scheduler.take(first).unwrap();
    assert!(
        outcome
            .panic()
            .unwrap()
            .message()
            .contains("two things at once")
    );
    assert!(matches!(scheduler.take(second), Some(Outcome::Done(()))));
}

/// Who raises it does not ask its ticker, and neither do the others: the round stops all the same.
#[test]
fn a_raise_stops_the_round_before_the_next_slice() {
    let breaker = std::sync::Arc::new(py_thread::EvalBreaker::new());
    let mut scheduler = Scheduler::with_breaker(breaker.clone());
    for n in 0..4 {
        let raise = breaker.clone();
        scheduler.spawn(from_fn(move |_, _| {
            if n == 1 {
                raise.raise(Events::SIGNALS_PENDING);
            }
            Step::<()>::Yield
        }));
    }
    let report = scheduler.round();
    assert_eq!(report.stop, Stop::Raised(Events::SIGNALS_PENDING, None));
    assert_eq!(report.slices, 2);
    let _ = breaker.take();
    let report = scheduler.round();
    assert_eq!((report.stop, report.slices), (Stop::Round, 2));
}

/// The state of the ticker in one slice does not carry over to the next.
#[test]
fn who_gives_way_after_a_slice_that_was_over_is_not_interrupted() {
    let mut scheduler = Scheduler::new().interval(3);
    for gives_way in [false, true] {
        let mut slices = 0;
        scheduler.spawn(from_fn(move |ticker, _| {
            slices += 1;
            match (slices, gives_way) {
                (1, false) => while !ticker.tick() {},
                (1, true) => ticker.give_way(),
                _ => return Step::Done(()),
            }
            Step::Yield
        }));
    }
    let report = scheduler.round();
    assert_eq!(
        (report.stop, report.slices, report.steps),
        (Stop::Round, 2, 4)
    );
    assert_eq!(scheduler.round().ended, 2);
}

#[test]
fn an_old_id_takes_nothing_of_the_next_one_in_its_place() {
    let ends = |n| from_fn(move |_, _| Step::Done(n));
    let mut scheduler = Scheduler::new();
    let first = scheduler.spawn(ends(1));
    scheduler.run();
    assert_eq!(scheduler.take(first).unwrap().done(), Some(1));
    let second = scheduler.spawn(ends(2));
    scheduler.run();
    assert_eq!(first.index(), second.index());
    assert!(scheduler.take(first).is_none());
    assert_eq!(scheduler.take(second).unwrap().done(), Some(2));
}

/// The processor time of this thread.
#[cfg(all(target_os = "linux", not(miri)))]
fn processor_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: a place for the answer.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[test]
#[cfg(all(target_os = "linux", not(miri)))]
fn a_mixed_population_that_waits_for_jobs_sleeps() {
    let mut mixed = Mixed::new();
    let (mut jobs, mut others) = (Scheduler::new(), Scheduler::new());
    jobs.spawn(Task::new(async {
        for _ in 0..3 {
            block(|| std::thread::sleep(Duration::from_millis(100)))
                .await
                .unwrap();
        }
    }));
    let waiter = others.spawn(Task::new(py_thread::micro::wait(On::Named("a friend"))));
    let remote = others.remote();
    mixed.add(jobs);
    mixed.add(others);
    // It is woken through the inbox of the population that has no job.
    let friend = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        remote.wake(waiter)
    });
    let before = processor_time();
    assert!(mixed.run().is_finished());
    let used = processor_time() - before;
    assert!(friend.join().unwrap());
    assert!(used < Duration::from_millis(100), "{used:?} of 300 ms");
}

#[test]
fn an_interrupt_ends_the_sleep_of_a_mixed_population() {
    let mut mixed = Mixed::new();
    let (mut jobs, others) = (Scheduler::new(), Scheduler::<Task<()>>::new());
    let (open, gate) = channel::<()>();
    jobs.spawn(Task::new(async move {
        block(move || gate.recv().unwrap()).await.unwrap();
    }));
    let remote = others.remote();
    mixed.add(jobs);
    mixed.add(others);
    let other = std::thread::spawn(move || remote.interrupt(Events::PLEASE_STOP));
    assert!(matches!(
        mixed.run(),
        Stop::Raised(Events::PLEASE_STOP, None)
    ));
    other.join().unwrap();
    open.send(()).unwrap();
}
