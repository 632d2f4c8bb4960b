//! Models of the waits that a signal ends. The handler runs on the waiting thread itself, just before its
//! wait. So the wait ends once the thread is queued, whatever the others are doing at that moment.

use super::{Guarded, check, check_steps, together};
use crate::condvar::Condvar;
use crate::deadline::{AlwaysFair, Clock, Deadline, FairTime, NeverFair, TIME_TO_BE_FAIR_NS};
use crate::event::Event;
use crate::flags::{LockFlags, LockStatus, ParkStatus};
use crate::mutex::Mutex;
use crate::recursive_mutex::RecursiveMutex;
use crate::signals::signal_arrived;
use crate::with_signals::OneCall;
use core::num::NonZeroUsize;
use py_thread::Ident;

const NONE: LockFlags = LockFlags::NONE;
const NEVER: Deadline = Deadline::Never;

/// The signals that a thread has handled, if it waited at all.
fn checking<R>(call: impl FnOnce(&mut dyn FnMut() -> Result<(), &'static str>) -> R) -> (R, usize) {
    let mut checks = 0;
    let result = call(&mut || {
        checks += 1;
        Ok(())
    });
    (result, checks)
}

type Locked = (Mutex, Guarded);

fn section(shared: &Locked, clock: &impl Clock) -> usize {
    let status = shared.0.lock_with(clock, NEVER, NONE);
    assert_eq!(status, LockStatus::Acquired);
    shared.1.increment();
    assert!(shared.0.unlock_with(clock));
    1
}

/// Goes on after the signal.
fn section_across_a_signal(shared: &Locked, clock: &impl Clock) -> usize {
    signal_arrived();
    let lock = |check: &mut dyn FnMut() -> _| shared.0.lock_checking(clock, NEVER, NONE, check);
    let (locked, checks) = checking(lock);
    assert_eq!(locked, Ok(true));
    assert!(checks <= 1, "one signal, one check");
    shared.1.increment();
    assert!(shared.0.unlock_with(clock));
    1
}

/// Gives up at the signal.
fn section_unless_a_signal(shared: &Locked, clock: &impl Clock) -> usize {
    signal_arrived();
    let raised = || Err("raised");
    match shared.0.lock_checking(clock, NEVER, NONE, raised) {
        Ok(locked) => {
            assert!(locked);
            shared.1.increment();
            assert!(shared.0.unlock_with(clock));
            1
        }
        Err(raised) => {
            assert_eq!(raised, "raised");
            0
        }
    }
}

fn contend(name: &str, roles: &'static [fn(&Locked) -> usize]) {
    check(name, || {
        let (shared, entered) = together((Mutex::new(), Guarded::new()), roles);
        assert_eq!(
            shared.0.lock_with(&NeverFair, NEVER, NONE),
            LockStatus::Acquired
        );
        assert_eq!(shared.1.get(), entered.into_iter().sum::<usize>());
    });
}

#[test]
fn one_goes_on_after_a_signal() {
    contend(
        "with_signals::one_goes_on_after_a_signal",
        &[
            |s| section(s, &NeverFair),
            |s| section_across_a_signal(s, &NeverFair),
        ],
    );
}

/// The lock is handed to one that a signal is just calling off: it has it.
#[test]
fn one_is_handed_the_lock_beside_a_signal() {
    contend(
        "with_signals::one_is_handed_the_lock_beside_a_signal",
        &[
            |s| section(s, &AlwaysFair),
            |s| section_unless_a_signal(s, &AlwaysFair),
        ],
    );
}

#[test]
fn one_is_called_off_before_another_in_line() {
    contend(
        "with_signals::one_is_called_off_before_another_in_line",
        &[
            |s| section(s, &NeverFair),
            |s| section_unless_a_signal(s, &NeverFair),
            |s| section(s, &NeverFair),
        ],
    );
}

/// The handler locks the mutex that its thread waits for, and keeps it.
#[test]
fn a_handler_that_locks_what_is_waited_for() {
    type Shared = (RecursiveMutex, Guarded);
    const ME: u64 = 1;
    fn ident(n: u64) -> Ident {
        Ident::from_u64(n).unwrap()
    }
    fn section(shared: &Shared) -> usize {
        let levels = NonZeroUsize::new(2).unwrap();
        shared
            .0
            .lock_levels_with(&NeverFair, ident(2), levels, NONE);
        shared.1.increment();
        assert_eq!(shared.0.level(), 1);
        let all = shared.0.unlock_all_with(&NeverFair, ident(2));
        assert_eq!(all, Some(levels));
        assert_eq!(shared.0.unlock_all_with(&NeverFair, ident(2)), None);
        0
    }
    fn across_a_signal(shared: &Shared) -> usize {
        signal_arrived();
        let mut kept = 0;
        let handler = || {
            let status = shared.0.lock_with(&NeverFair, ident(ME), NEVER, NONE);
            kept += usize::from(status == LockStatus::Acquired);
            Ok::<(), ()>(())
        };
        let until = (NEVER, NONE);
        let locked = shared
            .0
            .lock_checking(&NeverFair, ident(ME), until, handler);
        assert_eq!(locked, Ok(true));
        shared.1.increment();
        assert_eq!(
            shared.0.level(),
            kept,
            "once by the handler, once by the call"
        );
        let all = shared.0.unlock_all_with(&NeverFair, ident(ME));
        assert_eq!(all.map(NonZeroUsize::get), Some(1 + kept));
        kept
    }
    check(
        "with_signals::a_handler_that_locks_what_is_waited_for",
        || {
            let shared = (RecursiveMutex::new(), Guarded::new());
            let (shared, _) = together(shared, &[section, across_a_signal]);
            assert!(shared.0.try_lock_as(ident(9)), "nobody has it");
            assert_eq!((shared.1.get(), shared.0.level()), (2, 0));
        },
    );
}

#[test]
fn a_signal_and_an_event() {
    fn notify(shared: &(Event, Guarded)) -> usize {
        shared.1.increment();
        shared.0.notify();
        0
    }
    fn wait(shared: &(Event, Guarded)) -> usize {
        signal_arrived();
        let mut checks = 0;
        let check = || {
            checks += 1;
            Ok::<(), ()>(())
        };
        assert_eq!(shared.0.wait_with_signals(None, check), Ok(true));
        assert_eq!(shared.1.get(), 1);
        checks
    }
    check("with_signals::a_signal_and_an_event", || {
        let (_, checks) = together((Event::new(), Guarded::new()), &[notify, wait]);
        assert!(checks[1] <= 1);
    });
}

/// Nobody lets go: what ends each wait is the signal, and the check is asked.
#[test]
fn a_signal_alone_ends_every_wait() {
    struct Held {
        mutex: Mutex,
        event: Event,
        looked: Guarded,
    }
    fn look(held: &Held) -> usize {
        assert!(held.mutex.is_locked());
        held.looked.increment();
        0
    }
    fn wait(held: &Held) -> usize {
        let mut checks = 0;
        let mut check = || {
            checks += 1;
            Err(())
        };
        signal_arrived();
        let locked = held
            .mutex
            .lock_checking(&NeverFair, NEVER, NONE, &mut check);
        assert_eq!(locked, Err(()));
        signal_arrived();
        assert_eq!(held.event.wait_with_signals(None, &mut check), Err(()));
        checks
    }
    check("with_signals::a_signal_alone_ends_every_wait", || {
        let held = Held {
            mutex: Mutex::new(),
            event: Event::new(),
            looked: Guarded::new(),
        };
        assert!(held.mutex.try_lock());
        let (_, checks) = together(held, &[wait, look]);
        assert_eq!(checks[0], 2, "each wait asked once");
    });
}

/// A queue with a condition variable.
struct Queue {
    mutex: Mutex,
    filled: Condvar,
    made: Guarded,
    /// Written by `handle`, which runs without the mutex, under one of its own.
    handled: (Mutex, Guarded),
}

impl Queue {
    fn new() -> Queue {
        Queue {
            mutex: Mutex::new(),
            filled: Condvar::new(),
            made: Guarded::new(),
            handled: (Mutex::new(), Guarded::new()),
        }
    }

    fn lock(&self) {
        let status = self.mutex.lock_with(&NeverFair, NEVER, NONE);
        assert_eq!(status, LockStatus::Acquired);
    }

    fn unlock(&self) {
        assert!(self.mutex.unlock_with(&NeverFair));
    }

    fn make_one(&self) -> usize {
        self.lock();
        self.made.increment();
        self.unlock();
        usize::from(self.filled.notify_one())
    }

    /// Waits until something is made, and handles the signal that comes with the mutex unlocked.
    fn use_one_across_a_signal(&self) -> usize {
        signal_arrived();
        let (mut signals, mut notified) = (0, 0);
        self.lock();
        while self.made.get() == 0 {
            let handle = || {
                // The mutex is free here: a handler may lock it.
                self.lock();
                self.unlock();
                section(&self.handled, &NeverFair);
                signals += 1;
            };
            let until = (NEVER, LockFlags::FAIL_IF_INTERRUPTED);
            let (clock, release) = (&NeverFair, || self.unlock());
            match self
                .filled
                .wait_or(clock, &self.mutex, release, until, handle)
            {
                ParkStatus::Ok => notified += 1,
                status => assert_eq!(status, ParkStatus::Intr),
            }
        }
        self.unlock();
        assert!(signals <= 1, "one signal, one handled");
        notified
    }
}

/// A notification while the handler runs, with nobody in the queue, is not missed: the waiter looks
/// again. One that finds it in the queue is not spent on a waiter that the signal ends.
#[test]
fn a_signal_and_a_notification() {
    check("with_signals::a_signal_and_a_notification", || {
        let (queue, results) = together(
            Queue::new(),
            &[Queue::make_one, Queue::use_one_across_a_signal],
        );
        assert_eq!(results[0], results[1], "a notified waiter has returned so");
        assert_eq!(queue.filled.notify_all(), 0, "nobody is left");
    });
}

/// The one that a signal ends leaves the other's notification alone.
#[test]
fn a_signal_beside_another_waiter() {
    fn use_one(queue: &Queue) -> usize {
        queue.lock();
        while queue.made.get() == 0 {
            let (clock, release) = (&NeverFair, || queue.unlock());
            let notified = queue
                .filled
                .wait(clock, &queue.mutex, release, (NEVER, NONE));
            assert!(notified);
        }
        queue.unlock();
        0
    }
    fn make_for_all(queue: &Queue) -> usize {
        queue.lock();
        queue.made.increment();
        queue.unlock();
        queue.filled.notify_all()
    }
    check("with_signals::a_signal_beside_another_waiter", || {
        let roles: &[fn(&Queue) -> usize] =
            &[make_for_all, Queue::use_one_across_a_signal, use_one];
        let (queue, _) = together(Queue::new(), roles);
        assert_eq!(queue.filled.notify_all(), 0, "nobody is left");
    });
}

/// A lock call that gives up leaves its place to the next call of one wait.
#[test]
fn the_next_call_has_the_fair_time_of_the_last() {
    let name = "with_signals::the_next_call_has_the_fair_time_of_the_last";
    check_steps(name, || {
        let (m, clock) = (Mutex::new(), OneCall::new(&NeverFair));
        assert!(m.try_lock());
        let status = m.lock_with(&clock, Deadline::Now, NONE);
        assert_eq!(status, LockStatus::Failure);
        // The clock stands at 0, so a fair time of the next call's own would be 0 too.
        let of_the_last = clock.time_to_be_fair(0);
        assert!(
            matches!(of_the_last, FairTime::At(1..=TIME_TO_BE_FAIR_NS)),
            "{of_the_last:?}"
        );
    });
}
