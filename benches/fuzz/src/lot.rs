//! Programs of parks, unparks and condition variables. Each step ends before the next begins, so the
//! model is exact: queues in the order of arrival.
//!
//! One thread carries out the steps; those that park are started for it, and say when they are queued.

use crate::{Planned, SOON, unless_planned};
use arbitrary::{Arbitrary, Unstructured};
use py_sync::typed::{Condvar, Mutex, MutexGuard};
use py_sync::{LockFlags, ParkStatus, ParkingLot};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Buckets of the lot: keys share them.
const BUCKETS: usize = 3;
/// So many threads wait at most.
const MOST: usize = 12;

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Step {
    Park(u8),
    /// Its closure says that there is nothing to wait for.
    Refused(u8),
    /// Whether at once, or after a nanosecond.
    TimesOut(u8, bool),
    Unpark(u8),
    /// Its callback panics: nobody is woken.
    UnparkPanics(u8),
    UnparkAll(u8),
    Wait(u8),
    /// With the mutex held, so that who is notified waits for the mutex next; or without.
    NotifyOne(u8, bool),
    NotifyAll(u8, bool),
    /// Waits for a notification in vain.
    WaitTimesOut(u8),
}

/// A thread that waits.
struct Waiting<S> {
    key: usize,
    token: usize,
    end: Receiver<S>,
    thread: JoinHandle<()>,
}

impl<S: PartialEq + std::fmt::Debug> Waiting<S> {
    fn ends_with(self, status: S) {
        assert_eq!(
            self.end.recv_timeout(SOON),
            Ok(status),
            "a wake-up was lost"
        );
        self.thread.join().expect("it has sent its status");
    }

    fn still_waits(&self) -> bool {
        self.end.try_recv() == Err(TryRecvError::Empty)
    }
}

/// What the threads share.
#[derive(Default)]
struct Shared {
    lot: ParkingLot<BUCKETS>,
    conds: [Condvar; 2],
    /// How many have come back from their wait with this mutex held.
    mutex: Mutex<usize>,
}

#[derive(Default)]
struct Program {
    shared: Arc<Shared>,
    parked: Vec<Waiting<ParkStatus>>,
    waiting: Vec<Waiting<()>>,
    came_back: usize,
    tokens: usize,
}

fn key(n: u8) -> usize {
    usize::from(n % 7)
}

impl Program {
    fn lot(&self) -> &ParkingLot<BUCKETS> {
        &self.shared.lot
    }

    fn park(&mut self, key: usize) {
        self.tokens += 1;
        let token = self.tokens;
        let (queued, is_queued) = channel();
        let (send, end) = channel();
        let shared = Arc::clone(&self.shared);
        let thread = std::thread::spawn(move || {
            let validate = || queued.send(()).is_ok();
            // SAFETY: the lot is the program's own; the closure does not call into it.
            let status = unsafe { shared.lot.park(key, validate, token, None, LockFlags::NONE) };
            send.send(status).expect("the program reads it");
        });
        // Sent under the bucket lock: a later step finds the thread in the queue.
        is_queued.recv_timeout(SOON).expect("it parks");
        self.parked.push(Waiting {
            key,
            token,
            end,
            thread,
        });
    }

    fn unpark(&mut self, key: usize) {
        let first = self.parked.iter().position(|p| p.key == key);
        let same_bucket = |p: &&Waiting<_>| p.key % BUCKETS == key % BUCKETS;
        let here = self.parked.iter().filter(same_bucket).count();
        // SAFETY: the lot is the program's own; the callback calls nothing.
        let told = unsafe { self.lot().unpark(key, |token, more| (token, more)) };
        match first {
            None => assert_eq!(told, (None, false)),
            Some(first) => {
                let woken = self.parked.remove(first);
                assert_eq!(told, (Some(woken.token), here > 1));
                woken.ends_with(ParkStatus::Ok);
            }
        }
    }

    fn unpark_all(&mut self, key: usize) {
        let all = std::mem::take(&mut self.parked).into_iter();
        let (woken, rest): (Vec<_>, _) = all.partition(|p| p.key == key);
        self.parked = rest;
        // SAFETY: the lot is the program's own.
        assert_eq!(unsafe { self.lot().unpark_all(key) }, woken.len());
        woken.into_iter().for_each(|w| w.ends_with(ParkStatus::Ok));
    }

    fn cond(&self, which: usize) -> &Condvar {
        &self.shared.conds[which]
    }

    fn wait(&mut self, which: usize) {
        let (about, is_about) = channel();
        let (send, end) = channel();
        let shared = Arc::clone(&self.shared);
        let thread = std::thread::spawn(move || {
            let mut guard = shared.mutex.lock();
            about.send(()).expect("the program reads it");
            shared.conds[which].wait(&mut guard);
            *guard += 1;
            drop(guard);
            send.send(()).expect("the program reads it");
        });
        is_about.recv_timeout(SOON).expect("it gets the mutex");
        // The wait has released the mutex: so it is queued.
        drop(self.shared.mutex.lock());
        let (key, token) = (which, 0);
        self.waiting.push(Waiting {
            key,
            token,
            end,
            thread,
        });
    }

    /// Notifies as `f` does, which must say whether the model's threads, the oldest first, are told.
    fn notify(&mut self, which: usize, held: bool, most: usize) {
        let told: Vec<usize> = (0..self.waiting.len())
            .filter(|i| self.waiting[*i].key == which)
            .take(most)
            .collect();
        let shared = Arc::clone(&self.shared);
        let guard: Option<MutexGuard<'_, usize>> = held.then(|| shared.mutex.lock());
        if most == 1 {
            assert_eq!(self.cond(which).notify_one(), !told.is_empty());
        } else {
            assert_eq!(self.cond(which).notify_all(), told.len());
        }
        if guard.is_some() {
            // They wait for the mutex now.
            assert!(
                self.waiting.iter().all(Waiting::still_waits),
                "it has no mutex"
            );
        }
        drop(guard);
        self.came_back += told.len();
        for i in told.into_iter().rev() {
            self.waiting.remove(i).ends_with(());
        }
        assert_eq!(*self.shared.mutex.lock(), self.came_back);
    }

    fn step(&mut self, step: Step) {
        const AT_ONCE: [Duration; 2] = [Duration::ZERO, Duration::from_nanos(1)];
        let full = self.parked.len() + self.waiting.len() >= MOST;
        match step {
            Step::Park(_) | Step::Wait(_) if full => {}
            Step::Park(n) => self.park(key(n)),
            Step::Refused(n) => {
                // SAFETY: as in `park`.
                let status = unsafe { self.lot().park(key(n), || false, 0, None, LockFlags::NONE) };
                assert_eq!(status, ParkStatus::Again);
            }
            Step::TimesOut(n, now) => {
                let after = Some(AT_ONCE[usize::from(!now)]);
                // SAFETY: as in `park`.
                let status = unsafe { self.lot().park(key(n), || true, 0, after, LockFlags::NONE) };
                assert_eq!(status, ParkStatus::Timeout);
            }
            Step::Unpark(n) => self.unpark(key(n)),
            Step::UnparkPanics(n) => {
                let panics = |_, _| std::panic::panic_any(Planned);
                // SAFETY: as in `unpark`.
                let told = unless_planned(|| unsafe { self.lot().unpark(key(n), panics) });
                assert_eq!(told, None::<()>);
            }
            Step::UnparkAll(n) => self.unpark_all(key(n)),
            Step::Wait(n) => self.wait(usize::from(n % 2)),
            Step::NotifyOne(n, held) => self.notify(usize::from(n % 2), held, 1),
            Step::NotifyAll(n, held) => self.notify(usize::from(n % 2), held, MOST),
            Step::WaitTimesOut(n) => {
                let mut guard = self.shared.mutex.lock();
                let cond = self.cond(usize::from(n % 2));
                assert!(cond.wait_for(&mut guard, AT_ONCE[1]).timed_out());
            }
        }
        let still = self.parked.iter().all(Waiting::still_waits)
            && self.waiting.iter().all(Waiting::still_waits);
        assert!(still, "one came back that nobody had woken");
    }
}

/// One program.
pub fn run(data: &[u8]) {
    let Ok(steps) = Vec::<Step>::arbitrary_take_rest(Unstructured::new(data)) else {
        return;
    };
    let mut program = Program::default();
    for step in steps.into_iter().take(80) {
        program.step(step);
    }
    for n in 0..7 {
        program.step(Step::UnparkAll(n));
    }
    for n in 0..2 {
        program.step(Step::NotifyAll(n, true));
    }
    assert!(program.parked.is_empty() && program.waiting.is_empty());
}
