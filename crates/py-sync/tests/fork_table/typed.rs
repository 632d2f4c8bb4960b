//! The typed layer: raw locks, whose memory a child zeroes; condition variables; onces.

use super::exclusive::{At, Held, Lock};
use super::{LONG, MS, Made, Others, beside, each_cell};
use py_sync::typed::lock_api::{self, RawMutexTimed as _, RawRwLockTimed as _};
use py_sync::typed::{
    Condvar, DetachingRawMutex, Mutex, Once, OnceState, RawFairMutex, RawMutex, RawRwLock,
};
use rstest::rstest;

macro_rules! raw {
    ($ty:ty, $raw:ident, $lock:ident, $try_lock:ident, $timed:ident, $unlock:ident) => {
        impl Lock for $ty {
            fn lock(&self) {
                lock_api::$raw::$lock(self);
            }
            fn try_lock(&self) -> bool {
                lock_api::$raw::$try_lock(self)
            }
            fn lock_soon(&self) -> bool {
                self.$timed(MS)
            }
            fn unlock(&self) {
                // SAFETY: the test holds it.
                unsafe { lock_api::$raw::$unlock(self) };
            }
            fn reinit(&self) {
                let memory = std::ptr::from_ref(self).cast_mut();
                // SAFETY: all zero is unlocked; the child's only thread writes to interior-mutable
                // memory.
                unsafe { memory.write_bytes(0, 1) };
            }
        }
    };
}

raw!(RawMutex, RawMutex, lock, try_lock, try_lock_for, unlock);
raw!(RawFairMutex, RawMutex, lock, try_lock, try_lock_for, unlock);
raw!(
    DetachingRawMutex,
    RawMutex,
    lock,
    try_lock,
    try_lock_for,
    unlock
);
raw!(
    RawRwLock,
    RawRwLock,
    lock_exclusive,
    try_lock_exclusive,
    try_lock_exclusive_for,
    unlock_exclusive
);

pub(super) fn any_lock(n: usize, at: At) -> Box<dyn Made> {
    match n % 4 {
        0 => Held::boxed(<RawMutex as lock_api::RawMutex>::INIT, at),
        1 => Held::boxed(<RawFairMutex as lock_api::RawMutex>::INIT, at),
        2 => Held::boxed(<DetachingRawMutex as lock_api::RawMutex>::INIT, at),
        _ => Held::boxed(<RawRwLock as lock_api::RawRwLock>::INIT, at),
    }
}

#[rstest]
fn each_cell_of_the_typed_locks(
    #[values(
        At::Free,
        At::Mine,
        At::MineWaitedFor,
        At::AnothersAndFree,
        At::Anothers,
        At::AnothersWaitedFor
    )]
    at: At,
) {
    (0..4).for_each(|n| each_cell(any_lock(n, at)));
}

/// A condition variable, with waiters or without: in the child nobody waits.
pub(super) struct Condition {
    shared: &'static (Mutex<bool>, Condvar),
    others: Others,
}

impl Condition {
    pub(super) fn boxed(waited_for: bool) -> Box<dyn Made> {
        let shared: &'static (Mutex<bool>, Condvar) = Box::leak(Box::default());
        let mut others = Others::default();
        for _ in 0..if waited_for { 2 } else { 0 } {
            others.wait(|| shared.1.wait_while(&mut shared.0.lock(), |go| !*go));
        }
        // Nobody is on the way to its wait, with the mutex in hand, when the process forks.
        drop(shared.0.lock());
        Box::new(Condition { shared, others })
    }
}

impl Made for Condition {
    fn ways(&self) -> usize {
        4
    }

    fn perform(&mut self, n: usize) {
        let (m, changed) = self.shared;
        match n {
            0 => assert!(!changed.notify_one()),
            1 => assert_eq!(changed.notify_all(), 0),
            2 => assert!(changed.wait_for(&mut m.lock(), MS).timed_out()),
            _ => {
                *m.lock() = false;
                let wait = || {
                    let mut go = m.lock();
                    let result = changed.wait_while_for(&mut go, |go| !*go, LONG);
                    assert!(!result.timed_out());
                };
                beside(&[&wait, &wait], || {
                    std::thread::sleep(MS);
                    *m.lock() = true;
                    changed.notify_all();
                });
            }
        }
    }

    fn end(self: Box<Self>) {
        *self.shared.0.lock() = true;
        self.shared.1.notify_all();
        self.others.end();
    }
}

#[rstest]
fn each_cell_of_a_condition_variable(#[values(false, true)] waited_for: bool) {
    each_cell(Condition::boxed(waited_for));
}

/// A once that nobody has run, that is waited for, poisoned, or done: in the child as it was.
pub(super) struct Runs {
    once: &'static Once,
    others: Others,
    is: OnceState,
}

impl Runs {
    pub(super) fn boxed(is: OnceState, waited_for: bool) -> Box<dyn Made> {
        let once: &'static Once = Box::leak(Box::new(Once::new()));
        let mut others = Others::default();
        let panics = || once.call_once(|| std::panic::resume_unwind(Box::new(())));
        match is {
            OnceState::New => {}
            OnceState::Poisoned => assert!(std::panic::catch_unwind(panics).is_err()),
            _ => once.call_once(|| ()),
        }
        if waited_for {
            others.wait(|| once.wait_force());
        }
        Box::new(Runs { once, others, is })
    }
}

impl Made for Runs {
    fn ways(&self) -> usize {
        3
    }

    fn perform(&mut self, n: usize) {
        let (once, is) = (self.once, self.is);
        match n {
            0 => assert_eq!(once.state(), is),
            1 => {
                let mut found = None;
                once.call_once_force(|state| found = Some(state));
                assert_eq!(found, (is != OnceState::Done).then_some(is));
                self.is = OnceState::Done;
            }
            // The child's own wait, and get what they wait for.
            _ => {
                let wait = || once.wait_force();
                beside(&[&wait, &wait], || {
                    std::thread::sleep(MS);
                    once.call_once_force(|_| ());
                });
                self.is = OnceState::Done;
            }
        }
    }

    fn end(self: Box<Self>) {
        self.once.call_once_force(|_| ());
        self.others.end();
    }
}

#[rstest]
fn each_cell_of_a_typed_once(
    #[values(OnceState::New, OnceState::Poisoned, OnceState::Done)] is: OnceState,
    #[values(false, true)] waited_for: bool,
) {
    each_cell(Runs::boxed(is, waited_for));
}
