//! The hand-off rule, by clocks that a test sets.

use super::Mutex;
use crate::deadline::{Clock, Deadline, FairTime, Monotonic, TIME_TO_BE_FAIR_NS};
use crate::flags::{LockFlags, LockStatus};
use crate::hooks::{SectionHooks, register_sections};
use crate::with_signals::OneCall;
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

/// A clock that the test sets. By it no waiter validates again by itself.
struct Set(AtomicU64);

impl Clock for Set {
    fn now(&self) -> u64 {
        self.0.load(SeqCst)
    }

    fn again_at(&self, _: FairTime) -> Deadline {
        Deadline::Never
    }
}

thread_local! {
    static MAY_RESUME: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}

/// Holds a woken thread back, before it competes for the lock, until the test lets it go on.
static HELD_BACK: SectionHooks = SectionHooks {
    suspend: || 1,
    resume: |_| {
        MAY_RESUME.with_borrow(|may_resume| {
            while !may_resume.as_ref().is_some_and(|may| may.load(SeqCst)) {
                std::thread::yield_now();
            }
        });
    },
};

/// Parks a thread on a locked mutex and unlocks when the clock says `at`; whether the lock was handed
/// over.
fn handed_over_at(at: u64) -> bool {
    let (m, clock) = (Mutex::new(), Set(AtomicU64::new(0)));
    let may_resume = Arc::new(AtomicBool::new(false));
    m.lock();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            MAY_RESUME.set(Some(may_resume.clone()));
            register_sections(&HELD_BACK);
            let status = m.lock_with(&clock, Deadline::Never, LockFlags::DETACH);
            assert_eq!(status, LockStatus::Acquired);
            assert_eq!(m.byte(), 1, "nobody else waits");
            m.unlock();
        });
        while m.0.load(SeqCst) != 3 {
            std::thread::yield_now();
        }
        clock.0.store(at, SeqCst);
        assert!(m.unlock_with(&clock));
        // The woken waiter is held back, so the lock is free unless it was handed off.
        let free = m.try_lock();
        if free {
            m.unlock();
        }
        may_resume.store(true, SeqCst);
        !free
    })
}

#[rstest::rstest]
#[case(0, false)]
#[case(TIME_TO_BE_FAIR_NS, false)]
#[case(TIME_TO_BE_FAIR_NS + 1, true)]
fn the_lock_is_handed_over_once_the_fair_time_has_come(#[case] at: u64, #[case] handed: bool) {
    assert_eq!(handed_over_at(at), handed);
}

#[test]
fn lock_calls_between_signals_have_the_fair_time_of_the_first() {
    let clock = OneCall::new(&Monotonic);
    let of_first = clock.time_to_be_fair().behind(None);
    clock.was_fair_at(of_first);
    std::thread::sleep(core::time::Duration::from_millis(1));
    assert_eq!(clock.time_to_be_fair(), of_first);
    let of_another = OneCall::new(&Monotonic).time_to_be_fair();
    assert!(of_another.ns() > of_first.ns());
}

#[test]
fn a_lock_call_that_gives_up_has_told_its_clock_when_it_was_to_be_fair() {
    let m = Mutex::new();
    m.lock();
    let clock = OneCall::new(&Monotonic);
    let soon = Deadline::after(Some(core::time::Duration::from_micros(1)));
    let status = m.lock_with(&clock, soon, LockFlags::NONE);
    assert_eq!(status, LockStatus::Failure);
    let told = clock.time_to_be_fair();
    std::thread::sleep(core::time::Duration::from_millis(1));
    assert_eq!(clock.time_to_be_fair(), told);
}
