//! Models in which one waiter never runs again after its wake: the others still get the lock.
//!
//! The stopped thread sleeps with [`LockFlags::DETACH`]. After its sleep its section hooks wait at a gate
//! that the model's own thread keeps shut until the others have had the lock. So the stopped thread is out
//! of every queue, and has not yet looked at the lock.
//!
//! The clock is [`ManualClock`]. When the stopped thread is woken no fair time has come, so it is not the
//! owner. The fair times of the others come after that: they rely on nothing else.

mod rw;

use super::{Guarded, check};
use crate::condvar::Condvar;
use crate::deadline::{Clock, Deadline, FairTime, ManualClock, NeverFair};
use crate::flags::{LockFlags, LockStatus};
use crate::hooks::{SectionHooks, register_sections};
use crate::mutex::Mutex;
use crate::parking_lot::{HandOff, Kind, Waiters, lot};
use crate::rw_mutex::RwMutex;
use core::cell::Cell;
use loom::sync::Arc;
use loom::thread::{self, JoinHandle};

loom::lazy_static! {
    /// Shut while it is locked.
    static ref GATE: loom::sync::Mutex<()> = loom::sync::Mutex::new(());
}

std::thread_local! {
    /// From which sleep the stopped thread does not come back. The threads of a model share an OS thread.
    static SLEEPS_LEFT: Cell<u32> = const { Cell::new(0) };
}

static HOOKS: SectionHooks = SectionHooks {
    suspend: || 1,
    resume: |_| {
        let left = SLEEPS_LEFT.get().saturating_sub(1);
        SLEEPS_LEFT.set(left);
        if left == 0 {
            drop(GATE.lock().unwrap());
        }
    },
};

/// Runs `wait` on a thread that stops after that sleep; once it is `asleep`, `others`; and lets it go on.
fn beside<T: Send + Sync + 'static>(
    shared: &Arc<T>,
    (after_sleep, wait): (u32, fn(&T)),
    asleep: fn(&T) -> bool,
    others: impl FnOnce(),
) {
    SLEEPS_LEFT.set(after_sleep);
    ManualClock::set(false);
    let shut = GATE.lock().unwrap();
    let stopped = {
        let shared = Arc::clone(shared);
        thread::spawn(move || {
            register_sections(&HOOKS);
            wait(&shared);
        })
    };
    until(|| asleep(shared));
    others();
    drop(shut);
    stopped.join().unwrap();
}

fn until(condition: impl Fn() -> bool) {
    while !condition() {
        thread::yield_now();
    }
}

fn spawn<T: Send + Sync + 'static>(shared: &Arc<T>, role: fn(&T)) -> JoinHandle<()> {
    let shared = Arc::clone(shared);
    thread::spawn(move || role(&shared))
}

fn lock(m: &Mutex, clock: &impl Clock, flags: LockFlags) {
    let status = m.lock_with(clock, Deadline::Never, flags);
    assert_eq!(status, LockStatus::Acquired);
}

type Locked = (Mutex, Guarded);

fn turn((m, guarded): &Locked, clock: &impl Clock, flags: LockFlags) {
    lock(m, clock, flags);
    guarded.increment();
    assert!(m.unlock_with(clock));
}

const TURN: fn(&Locked) = |shared| turn(shared, &ManualClock, LockFlags::NONE);

/// What the model's own thread does with the mutex that it holds, beside waiters.
fn mutex(name: &str, others: fn(&Arc<Locked>)) {
    check(name, move || {
        let shared = Arc::new((Mutex::new(), Guarded::new()));
        assert!(shared.0.try_lock());
        let stopped = |shared: &Locked| turn(shared, &NeverFair, LockFlags::DETACH);
        beside(
            &shared,
            (1, stopped),
            |shared| shared.0.byte() == 3,
            || others(&shared),
        );
        assert_eq!(shared.0.byte(), 0, "nobody is there");
    });
}

/// Beside a free lock: the waiter takes it.
#[test]
fn a_mutex_that_is_left_free() {
    mutex("stopped::a_mutex_that_is_left_free", |shared| {
        let waiter = spawn(shared, TURN);
        assert!(shared.0.unlock_with(&ManualClock));
        ManualClock::set(true);
        waiter.join().unwrap();
    });
}

/// Another takes it, and its unlock knows of nobody: the waiter has to say that it is there.
#[test]
fn a_mutex_that_is_taken_again() {
    mutex("stopped::a_mutex_that_is_taken_again", |shared| {
        let waiter = spawn(shared, TURN);
        assert!(shared.0.unlock_with(&ManualClock));
        lock(&shared.0, &ManualClock, LockFlags::NONE);
        ManualClock::set(true);
        shared.1.increment();
        assert!(shared.0.unlock_with(&ManualClock));
        waiter.join().unwrap();
    });
}

/// When a waiter behind one other is due.
fn unlock_in_a_pause(m: &Mutex) {
    let due = ManualClock::set_to_fair_time_behind(1);
    let hand_off = HandOff {
        at: due,
        section: 0,
    };
    lot().note_hand_off(m.as_ptr().addr(), hand_off);
    assert!(m.unlock_with(&ManualClock));
}

/// The fair time of a waiter has come, the lock was held, and its unlock is in the pause after a hand-off: it
/// wakes the other, which stops. The waiter looks once more.
#[test]
fn a_mutex_that_is_left_free_in_a_pause() {
    mutex("stopped::a_mutex_that_is_left_free_in_a_pause", |shared| {
        let waiter = spawn(shared, TURN);
        unlock_in_a_pause(&shared.0);
        ManualClock::set(true);
        waiter.join().unwrap();
    });
}

/// [`ManualClock`], but a waiter looks once only.
struct OneLook;

impl Clock for OneLook {
    fn now(&self) -> u64 {
        ManualClock.now()
    }

    fn time_to_be_fair(&self, nanos: u64) -> FairTime {
        ManualClock.time_to_be_fair(nanos)
    }
}

/// As before, but another takes the lock, and its unlock comes after the pause: it knows of the waiter, which
/// need not look again.
#[test]
fn a_mutex_that_is_taken_again_after_a_pause() {
    let name = "stopped::a_mutex_that_is_taken_again_after_a_pause";
    mutex(name, |shared| {
        let waiter = spawn(shared, |shared| turn(shared, &OneLook, LockFlags::NONE));
        unlock_in_a_pause(&shared.0);
        lock(&shared.0, &ManualClock, LockFlags::NONE);
        shared.1.increment();
        ManualClock::set(true);
        assert!(shared.0.unlock_with(&ManualClock));
        waiter.join().unwrap();
    });
}

/// A clock that goes on with every look. No fair time comes.
#[derive(Clone, Default)]
struct Ticking(std::sync::Arc<core::sync::atomic::AtomicU64>);

impl Clock for Ticking {
    fn now(&self) -> u64 {
        // Not loom's: it is not part of the model.
        self.0.fetch_add(1, core::sync::atomic::Ordering::Relaxed)
    }

    fn next_look(&self, _: FairTime, _: u32) -> Deadline {
        Deadline::Never
    }
}

/// The fair times of a lock's waiters, in their order.
fn fair_times(kind: Kind, key: usize) -> Vec<FairTime> {
    let collect = |waiters: &mut Waiters<'_>| waiters.iter().map(|r| r.fair_time).collect();
    // SAFETY: the lock is this test's own; the closure does not call into the lot.
    unsafe { lot().with_waiters(kind, key, collect) }
}

/// A lock and how a model uses it for writing.
trait Exclusive: Send + Sync + 'static {
    const KIND: Kind;
    fn key(&self) -> usize;
    fn try_lock(&self) -> bool;
    fn lock(&self, clock: &Ticking, flags: LockFlags) -> LockStatus;
    fn unlock(&self) -> bool;
}

impl Exclusive for Mutex {
    const KIND: Kind = Kind::Mutex;

    fn key(&self) -> usize {
        self.as_ptr().addr()
    }

    fn try_lock(&self) -> bool {
        Mutex::try_lock(self)
    }

    fn lock(&self, clock: &Ticking, flags: LockFlags) -> LockStatus {
        self.lock_with(clock, Deadline::Never, flags)
    }

    fn unlock(&self) -> bool {
        self.unlock_with(&NeverFair)
    }
}

impl Exclusive for RwMutex {
    const KIND: Kind = Kind::RwMutex;

    fn key(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }

    fn try_lock(&self) -> bool {
        self.try_write_lock()
    }

    fn lock(&self, clock: &Ticking, flags: LockFlags) -> LockStatus {
        self.write_lock_with(clock, Deadline::Never, flags)
    }

    fn unlock(&self) -> bool {
        self.write_unlock_with(&NeverFair)
    }
}

/// A waiter is woken and stops, another comes, and the first finds that it has lost: it parks in front of
/// the other, since it has waited for longer.
fn who_lost_keeps_its_place<L: Exclusive>(name: &str, new: fn() -> L) {
    check(name, move || {
        let (lock, clock) = (Arc::new(new()), Ticking::default());
        let times = || fair_times(L::KIND, lock.key());
        let waiter = |flags| {
            let (lock, clock) = (Arc::clone(&lock), clock.clone());
            thread::spawn(move || {
                register_sections(&HOOKS);
                assert_eq!(lock.lock(&clock, flags), LockStatus::Acquired);
                assert!(lock.unlock());
            })
        };
        SLEEPS_LEFT.set(1);
        let shut = GATE.lock().unwrap();
        assert!(lock.try_lock());
        let first = waiter(LockFlags::DETACH);
        until(|| times().len() == 1);
        let of_first = times()[0];
        assert!(lock.unlock());
        assert!(lock.try_lock(), "who was woken has not come back");
        let second = waiter(LockFlags::NONE);
        until(|| times().len() == 1);
        drop(shut);
        until(|| times().len() == 2);
        assert_eq!(times()[0], of_first);
        assert!(lock.unlock());
        first.join().unwrap();
        second.join().unwrap();
        assert!(lock.try_lock(), "nobody is left");
    });
}

#[test]
fn a_mutex_s_waiter_that_lost_keeps_its_place() {
    let name = "stopped::a_mutex_s_waiter_that_lost_keeps_its_place";
    who_lost_keeps_its_place(name, Mutex::new);
}

#[test]
fn a_writer_that_lost_keeps_its_place() {
    let name = "stopped::a_writer_that_lost_keeps_its_place";
    who_lost_keeps_its_place(name, RwMutex::new);
}

type Waited = (Mutex, Condvar, Guarded);

/// Waits until something was made.
fn wait((m, condvar, made): &Waited, clock: &impl Clock, flags: LockFlags) {
    lock(m, clock, flags);
    while made.get() == 0 {
        let release = || assert!(m.unlock_with(clock));
        assert!(condvar.wait(clock, m, release, (Deadline::Never, flags)));
    }
    assert!(m.unlock_with(clock));
}

const STOPPED_WAIT: fn(&Waited) = |shared| wait(shared, &NeverFair, LockFlags::DETACH);

/// Two wait for a condition and are notified; the first to be taken out stops.
#[test]
fn one_of_two_that_are_notified() {
    check("stopped::one_of_two_that_are_notified", || {
        let shared = Arc::new((Mutex::new(), Condvar::new(), Guarded::new()));
        let (m, condvar, made) = &*shared;
        let asleep: fn(&Waited) -> bool = |(_, condvar, _)| condvar.may_have_waiters();
        beside(&shared, (1, STOPPED_WAIT), asleep, || {
            let waiter = spawn(&shared, |shared| {
                wait(shared, &ManualClock, LockFlags::NONE)
            });
            lock(m, &ManualClock, LockFlags::NONE);
            made.increment();
            condvar.notify_all();
            assert!(m.unlock_with(&ManualClock));
            ManualClock::set(true);
            waiter.join().unwrap();
            assert!(!m.is_locked(), "the stopped thread owns nothing");
        });
        assert_eq!(condvar.notify_all(), 0);
        assert_eq!(m.byte(), 0, "nobody is there");
    });
}

/// It was notified while the notifier had the mutex, slept for that, was woken, and stops there.
#[test]
fn who_was_notified_and_waits_for_the_mutex() {
    check("stopped::who_was_notified_and_waits_for_the_mutex", || {
        let shared = Arc::new((Mutex::new(), Condvar::new(), Guarded::new()));
        let (m, condvar, made) = &*shared;
        let asleep: fn(&Waited) -> bool = |(_, condvar, _)| condvar.may_have_waiters();
        beside(&shared, (2, STOPPED_WAIT), asleep, || {
            lock(m, &ManualClock, LockFlags::NONE);
            made.increment();
            condvar.notify_one();
            until(|| m.byte() == 3);
            let waiter = spawn(&shared, |shared| {
                wait(shared, &ManualClock, LockFlags::NONE)
            });
            assert!(m.unlock_with(&ManualClock));
            ManualClock::set(true);
            waiter.join().unwrap();
        });
        assert_eq!(m.byte(), 0, "nobody is there");
    });
}
