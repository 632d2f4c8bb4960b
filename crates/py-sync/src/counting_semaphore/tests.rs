//! Random programs against a model: permits are served in the order of the queue.

use super::{Kind, LockFlags, Semaphore, lot};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::VecDeque;
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(60);

fn queued(semaphore: &Semaphore) -> usize {
    // SAFETY: semaphores' waiters on its own key, which are looked at only.
    unsafe {
        lot().with_waiters(Kind::Semaphore, semaphore.key(), |waiters| {
            waiters.iter().count()
        })
    }
}

fn until(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < SOON);
        std::thread::yield_now();
    }
}

fn until_queued(semaphore: &Semaphore, n: usize) {
    until(|| queued(semaphore) == n);
}

/// The thread that has waited for longest is served first, and no other thread can take its permit.
#[test]
fn nobody_passes_who_waits() {
    let s = Semaphore::new(0);
    let served = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for i in 0..4 {
            let (s, served) = (&s, &served);
            scope.spawn(move || {
                s.acquire();
                served.lock().unwrap().push(i);
            });
            until_queued(s, i + 1);
        }
        for n in 1..=4 {
            s.release();
            assert!(!s.try_acquire(), "it is the first one's");
            until(|| served.lock().unwrap().len() == n);
        }
    });
    assert_eq!(served.into_inner().unwrap(), [0, 1, 2, 3]);
}

#[derive(Clone, Debug)]
enum Step {
    /// A thread comes to wait, for ever.
    Wait,
    TryAcquire,
    /// Its time is up at once, or after a nanosecond.
    TimesOut(bool),
    Release(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Wait),
        2 => Just(Step::TryAcquire),
        1 => any::<bool>().prop_map(Step::TimesOut),
        4 => (1usize..4).prop_map(Step::Release),
    ]
}

struct Waiting {
    served: Receiver<()>,
    thread: JoinHandle<()>,
}

impl Waiting {
    fn assert_served(self) {
        assert_eq!(self.served.recv_timeout(SOON), Ok(()));
        self.thread.join().unwrap();
    }
}

/// The simplest semaphore: a number and a queue.
#[derive(Default)]
struct Model {
    permits: usize,
    queue: VecDeque<Waiting>,
}

impl Model {
    fn take(&mut self) -> bool {
        let free = self.permits > 0;
        self.permits -= usize::from(free);
        free
    }

    fn release(&mut self, permits: usize) {
        for _ in 0..permits {
            match self.queue.pop_front() {
                Some(first) => first.assert_served(),
                None => self.permits += 1,
            }
        }
    }
}

fn wait(semaphore: &Arc<Semaphore>) -> Waiting {
    let (serve, served) = mpsc::channel();
    let semaphore = Arc::clone(semaphore);
    let thread = std::thread::spawn(move || {
        semaphore.acquire();
        serve.send(()).unwrap();
    });
    Waiting { served, thread }
}

fn carry_out(semaphore: &Arc<Semaphore>, model: &mut Model, step: &Step) {
    match step {
        Step::Wait => {
            let waiting = wait(semaphore);
            match model.take() {
                true => waiting.assert_served(),
                false => {
                    model.queue.push_back(waiting);
                    until_queued(semaphore, model.queue.len());
                }
            }
        }
        Step::TryAcquire => assert_eq!(semaphore.try_acquire(), model.take()),
        Step::TimesOut(at_once) => {
            let timeout = Duration::from_nanos(u64::from(!at_once));
            let status = semaphore.acquire_timed(Some(timeout), LockFlags::NONE);
            assert_eq!(status.is_acquired(), model.take());
        }
        Step::Release(permits) => {
            semaphore.release_many(*permits);
            model.release(*permits);
        }
    }
    assert_eq!(semaphore.permits(), model.permits);
    assert_eq!(queued(semaphore), model.queue.len());
    for waiting in &model.queue {
        assert_eq!(waiting.served.try_recv(), Err(TryRecvError::Empty));
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if crate::sync::MIRI { 2 } else { 40 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn it_does_what_a_number_and_a_queue_do(
        permits in 0usize..3,
        steps in vec(step(), 1..20),
    ) {
        let semaphore = Arc::new(Semaphore::new(permits));
        let mut model = Model { permits, ..Model::default() };
        for step in &steps {
            carry_out(&semaphore, &mut model, step);
        }
        let left = model.queue.len();
        semaphore.release_many(left);
        model.release(left);
        prop_assert_eq!(semaphore.permits(), model.permits);
    }
}
