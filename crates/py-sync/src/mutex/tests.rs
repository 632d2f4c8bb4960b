//! The hand-over rule, by clocks that a test sets.

use super::Mutex;
use super::protocol::spread;
use crate::deadline::{Clock, Deadline, TIME_TO_BE_FAIR_NS};
use crate::flags::{LockFlags, LockStatus};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

/// A clock that stands where it is set; waiters go by the real one, which comes to no fair time.
struct Set(AtomicU64);

impl Clock for Set {
    fn now(&self) -> u64 {
        self.0.load(SeqCst)
    }

    fn again_at(&self, _: u64) -> Deadline {
        Deadline::Never
    }
}

/// Parks a thread on a locked mutex and unlocks when the clock says `at`; whether the lock was handed
/// over.
fn handed_over_at(at: u64) -> bool {
    let (m, clock) = (Mutex::new(), Set(AtomicU64::new(0)));
    let may_unlock = AtomicBool::new(false);
    m.lock();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let status = m.lock_with(&clock, Deadline::Never, LockFlags::NONE);
            assert_eq!(status, LockStatus::Acquired);
            while !may_unlock.load(SeqCst) {
                std::thread::yield_now();
            }
            m.unlock();
        });
        while m.0.load(SeqCst) != 3 {
            std::thread::yield_now();
        }
        clock.0.store(at, SeqCst);
        assert!(m.unlock_with(&clock));
        // Handed over, it is never free.
        let barged = m.try_lock();
        may_unlock.store(true, SeqCst);
        if barged {
            m.unlock();
        }
        !barged
    })
}

#[rstest::rstest]
#[case(0, false)]
#[case(TIME_TO_BE_FAIR_NS - (1 << 18), false)]
#[case(TIME_TO_BE_FAIR_NS + 1, true)]
fn the_lock_is_handed_over_once_the_fair_time_has_come(#[case] at: u64, #[case] handed: bool) {
    // A woken waiter may be faster than the test, but not each time.
    let tries = if handed { 20 } else { 1_000 };
    let always = (0..tries).all(|_| handed_over_at(at));
    assert_eq!(always, handed);
}

#[test]
fn fair_times_are_spread_over_a_quarter_of_a_millisecond() {
    let fair =
        (0..10_000u64).map(|n| spread(n * 131 + (1 << 40)) as i64 - (n * 131 + (1 << 40)) as i64);
    let (least, most) = fair.fold((0, i64::MIN), |(a, b), d| (a.min(d), b.max(d)));
    assert!(least < -250_000 && least > -(1 << 18), "{least}");
    assert!(most <= 0 && most > -12_000, "{most}");
}
