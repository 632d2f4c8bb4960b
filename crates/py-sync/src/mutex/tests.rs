//! The hand-off rule, by clocks that a test sets.

use super::Mutex;
use super::protocol::spread;
use crate::deadline::{Clock, Deadline, TIME_TO_BE_FAIR_NS};
use crate::flags::{LockFlags, LockStatus};
use crate::hooks::{SectionHooks, register_sections};
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

/// A clock that the test sets. By it no waiter validates again by itself.
struct Set(AtomicU64);

impl Clock for Set {
    fn now(&self) -> u64 {
        self.0.load(SeqCst)
    }

    fn again_at(&self, _: u64) -> Deadline {
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
#[case(TIME_TO_BE_FAIR_NS - (1 << 18), false)]
#[case(TIME_TO_BE_FAIR_NS + 1, true)]
fn the_lock_is_handed_over_once_the_fair_time_has_come(#[case] at: u64, #[case] handed: bool) {
    assert_eq!(handed_over_at(at), handed);
}

#[test]
fn fair_times_are_spread_over_a_quarter_of_a_millisecond() {
    let fair =
        (0..10_000u64).map(|n| spread(n * 131 + (1 << 40)) as i64 - (n * 131 + (1 << 40)) as i64);
    let (least, most) = fair.fold((0, i64::MIN), |(a, b), d| (a.min(d), b.max(d)));
    assert!(least < -250_000 && least > -(1 << 18), "{least}");
    assert!(most <= 0 && most > -12_000, "{most}");
}
