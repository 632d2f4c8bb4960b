//! The traps that the ancestors of microthreads fell into. (More of them are in `micro.rs`: the
//! lost notify, the killed receiver, the kill in linear time.)
#![cfg(feature = "micro")]

use py_thread::micro::{
    Cx, Id, Microthread, Offload, On, Outcome, Received, Scheduler, SendError, Step, Stop, Task,
    Ticker, block, bounded, from_fn, mailbox, ticker,
};
use rstest::rstest;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

type Agent<T> = Box<dyn Microthread<Output = T>>;

fn agent<T: 'static>(f: impl FnMut(&mut Ticker, &mut Cx<'_>) -> Step<T> + 'static) -> Agent<T> {
    Box::new(from_fn(f))
}

fn task(future: impl Future<Output = u32> + 'static) -> Agent<u32> {
    Box::new(Task::new(future))
}

/// Counts to 20, by one question of the ticker for each.
fn counter(ask: fn(&mut Ticker) -> bool) -> Agent<u32> {
    let mut n = 0;
    agent(move |ticker, _| {
        while n < 20 {
            if ask(ticker) {
                return Step::Yield;
            }
            n += 1;
        }
        Step::Done(n)
    })
}

/// Who asks after the instruction and does it again, or is granted nothing in a slice of one, never
/// comes further.
#[rstest]
#[case::tick(|| counter(Ticker::tick))]
#[case::check(|| counter(Ticker::check))]
#[case::a_task(|| task(async {
    for _ in 0..20 {
        ticker().tick().await;
    }
    20
}))]
#[case::a_task_that_checks(|| task(async {
    for _ in 0..20 {
        ticker().check().await;
    }
    20
}))]
#[case::a_charge_of_more_than_the_slice(|| {
    let mut n = 0;
    agent(move |ticker, _| {
        while n < 20 {
            if ticker.tick() {
                return Step::Yield;
            }
            ticker.charge(100);
            n += 1;
        }
        Step::Done(n)
    })
})]
fn an_interval_of_one_is_no_livelock(
    #[case] make: fn() -> Agent<u32>,
    #[values(0, 1)] interval: u32,
) {
    let mut scheduler = Scheduler::new().interval(interval);
    let ids = [scheduler.spawn(make()), scheduler.spawn(make())];
    let report = scheduler.run_for(10_000);
    assert_eq!(report.stop, Stop::Finished, "{report:?}");
    for id in ids {
        assert_eq!(scheduler.take(id).unwrap().done(), Some(20));
    }
}

/// A budget of one instruction at a time makes progress too, and ends each time.
#[test]
fn a_budget_of_one_is_no_livelock() {
    let mut scheduler = Scheduler::new().interval(7);
    let ids = [
        scheduler.spawn(counter(Ticker::tick)),
        scheduler.spawn(counter(Ticker::check)),
    ];
    let mut runs = 0;
    while !scheduler.run_for(1).stop.is_finished() {
        runs += 1;
        assert!(runs < 1000);
    }
    assert!(
        ids.iter()
            .all(|&id| scheduler.take(id).unwrap().done() == Some(20))
    );
}

/// Two notes before the wait are one permit, and the wait after that waits: as a condition's notify
/// they are not counted, as a semaphore's they are not lost.
#[test]
fn a_notify_before_the_wait_is_kept_and_two_are_one() {
    let mut scheduler = Scheduler::new();
    let mut waits = 0;
    let id = scheduler.spawn(from_fn(move |_, _| {
        waits += 1;
        match waits {
            1 | 2 => Step::Wait(On::Wake),
            _ => Step::Done(()),
        }
    }));
    assert!(scheduler.wake(id) && scheduler.wake(id));
    assert!(matches!(scheduler.run().stop, Stop::Deadlock(_)));
    assert!(scheduler.wake(id));
    assert!(scheduler.run().stop.is_finished());
}

/// Whatever it does, one among many is ended without a walk over the others.
#[test]
fn a_kill_is_constant_in_every_state() {
    const MANY: usize = if cfg!(miri) { 60 } else { 60_000 };
    let pool = Offload::new(1);
    let (open, gate) = channel::<()>();
    let mut scheduler = Scheduler::<Agent<()>>::new().offload(&pool);
    let target = scheduler.spawn(agent(|_, _| Step::Wait(On::Named("the end of the test"))));
    let (tx, rx) = bounded::<u8>(1);
    tx.send(0).unwrap();
    let mut gate = Some(gate);
    let ids: Vec<Id> = (0..MANY)
        .map(|n| {
            let tx = tx.clone();
            let gate = gate.take();
            scheduler.spawn(match (gate, n % 3) {
                (Some(gate), _) => Box::new(Task::new(async move {
                    let _ = block(move || gate.recv().is_ok()).await;
                })) as Agent<()>,
                (None, 0) => Box::new(Task::new(async { drop(block(|| ()).await) })),
                (None, 1) => agent(move |_, _| Step::Join(target)),
                (None, _) => agent(move |_, cx| match tx.send(1) {
                    Ok(()) => Step::Done(()),
                    Err(_) => Step::WaitFor(On::Named("room"), 1 << (cx.id().index() % 40)),
                }),
            })
        })
        .collect();
    scheduler.round();
    let start = Instant::now();
    for &id in &ids {
        assert!(scheduler.kill(id).is_some());
    }
    // In quadratic time it would take minutes.
    assert!(start.elapsed() < Duration::from_secs(10));
    drop((open, rx));
    assert!(scheduler.kill(target).is_some());
    assert!(scheduler.run().stop.is_finished());
}

/// Stackless' channels count the waiters on each side, and a killed waiter made the count wrong.
/// Here a killed sender leaves neither a message nor a place, and its end is closed.
#[test]
fn kills_keep_a_mailbox_in_balance() {
    let mut scheduler = Scheduler::<Agent<Vec<usize>>>::new();
    let (tx, mut rx) = bounded::<usize>(2);
    let senders: Vec<Id> = (0..10)
        .map(|n| {
            let tx = tx.clone();
            scheduler.spawn(agent(move |_, cx| match tx.send(n) {
                Ok(()) => Step::Done(Vec::new()),
                Err(SendError::Full(_)) => tx.wait(cx),
                Err(SendError::Closed(_)) => panic!("the receiver is there"),
            }))
        })
        .collect();
    drop(tx);
    assert!(matches!(scheduler.run().stop, Stop::Deadlock(_)));
    assert_eq!(rx.len(), 2);
    // Every second of the eight waiters is killed, some before there is room, and some after.
    for &id in senders[2..].iter().step_by(4) {
        scheduler.kill(id);
    }
    let mut got = vec![rx.try_receive().unwrap()];
    for &id in senders[4..].iter().step_by(4) {
        scheduler.kill(id);
    }
    let receiver = scheduler.spawn(agent(move |_, cx| {
        loop {
            match rx.receive(cx) {
                Received::Message(n) => got.push(n),
                Received::Empty => return rx.wait(),
                Received::Closed => return Step::Done(std::mem::take(&mut got)),
            }
        }
    }));
    assert!(scheduler.run().stop.is_finished());
    let got = scheduler.take(receiver).unwrap().done().unwrap();
    assert_eq!(got, [0, 1, 3, 5, 7, 9]);
}

/// A killed receiver's end is closed, and all senders are woken.
#[test]
fn a_killed_receiver_closes_its_mailbox_for_all_senders() {
    let mut scheduler = Scheduler::<Agent<&str>>::new();
    let (tx, mut rx) = mailbox::<u8>();
    let (full, kept) = bounded::<u8>(1);
    full.send(0).unwrap();
    let receiver = scheduler.spawn(agent(move |_, cx| {
        let _kept = &kept;
        match rx.receive(cx) {
            Received::Message(_) => Step::Yield,
            Received::Empty => rx.wait(),
            Received::Closed => Step::Done("closed"),
        }
    }));
    let senders: Vec<Id> = (0..3)
        .map(|_| {
            let full = full.clone();
            scheduler.spawn(agent(move |_, cx| match full.send(1) {
                Ok(()) => Step::Done("sent"),
                Err(SendError::Full(_)) => full.wait(cx),
                Err(SendError::Closed(_)) => Step::Done("told"),
            }))
        })
        .collect();
    scheduler.run();
    scheduler.kill(receiver);
    assert!(scheduler.run().stop.is_finished());
    for id in senders {
        assert!(matches!(scheduler.take(id), Some(Outcome::Done("told"))));
    }
    assert_eq!(tx.send(1), Err(SendError::Closed(1)));
}
