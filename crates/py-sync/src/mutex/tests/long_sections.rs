//! Before it parks, a thread yields beside long sections: how often, as a clock sees it that is asked before
//! each yield.

use super::{after_all_pauses, until_queued};
use crate::deadline::tests::SetClock;
use crate::deadline::{Clock, Deadline, FairTime, TIME_TO_BE_FAIR_NS};
use crate::flags::{LockFlags, LockStatus};
use crate::mutex::Mutex;
use crate::parking_lot::{HandOff, lot};
use crate::spin::Placement;
use crate::sync::has_many_processors;
use std::cell::Cell;

/// A clock that goes on by `spun` when it is asked for the second time, and by `step` each time after that.
struct Asked {
    times: Cell<u64>,
    spun: u64,
    step: u64,
}

impl Asked {
    fn new(spun: u64, step: u64) -> Asked {
        let times = Cell::new(0);
        Asked { times, spun, step }
    }
}

impl Clock for Asked {
    fn now(&self) -> u64 {
        let before = self.times.get();
        self.times.set(before + 1);
        match before {
            0 => 0,
            _ => self.spun + (before - 1) * self.step,
        }
    }

    fn next_look(&self, _: FairTime, _: u32) -> Deadline {
        Deadline::Never
    }
}

/// How often a thread asks the clock before it parks on a locked mutex, whose last owner by hand-off had such a
/// section.
fn asked(section: Option<u64>, place: Placement, [spun, step]: [u64; 2]) -> u64 {
    let m = Mutex::new();
    m.lock();
    note(&m, section);
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| {
            let clock = Asked::new(spun, step);
            let status = m.lock_contended(&clock, Deadline::Never, LockFlags::NONE, place);
            assert_eq!(status, LockStatus::Acquired);
            clock.times.get()
        });
        until_queued(&m, 1);
        // Nobody is due by this clock: the waiter is woken, and finds the lock free.
        assert!(m.unlock_with(&SetClock::at(0)));
        asked.join().unwrap()
    })
}

fn note(m: &Mutex, section: Option<u64>) {
    if let Some(section) = section {
        let at = after_all_pauses();
        lot().note_hand_off(m.key(), HandOff { at, section });
    }
}

/// Once for its fair time. Beside long sections a second time for the end of its yields, and then before each
/// look: 50 of them, or until 50 us are over, or until it is overdue.
#[rstest::rstest]
#[case::not_known(None, Placement::Alone, [0, 0], 1)]
#[case::short(Some(4_999), Placement::Alone, [0, 0], 1)]
#[case::not_over(Some(u64::MAX), Placement::Alone, [0, 0], 1)]
#[case::in_an_object(Some(20_000), Placement::InObject, [0, 0], 1)]
#[case::under_a_gil(Some(20_000), Placement::UnderGil, [0, 0], 1)]
#[case::long(Some(5_000), Placement::Alone, [0, 0], 2 + 51)]
#[case::very_long(Some(u64::MAX - 1), Placement::Alone, [0, 0], 2 + 51)]
#[case::each_yield_takes_10_us(Some(20_000), Placement::Alone, [0, 10_000], 2 + 5)]
#[case::each_yield_takes_50_us(Some(20_000), Placement::Alone, [0, 50_000], 2 + 1)]
#[case::overdue_at_the_fifth(Some(20_000), Placement::Alone, [990_000, 2_000], 2 + 5)]
#[case::overdue(Some(20_000), Placement::Alone, [TIME_TO_BE_FAIR_NS, 0], 2 + 1)]
fn a_thread_yields_for_50_us_beside_long_sections(
    #[case] section: Option<u64>,
    #[case] place: Placement,
    #[case] clock: [u64; 2],
    #[case] times: u64,
) {
    if !has_many_processors() {
        eprintln!("skipped: with one processor no thread spins");
        return;
    }
    assert_eq!(asked(section, place, clock), times);
}

#[test]
fn a_thread_whose_time_is_up_does_not_yield() {
    let (m, clock) = (Mutex::new(), Asked::new(0, 0));
    m.lock();
    note(&m, Some(20_000));
    let status = m.lock_contended(&clock, Deadline::Now, LockFlags::NONE, Placement::Alone);
    assert_eq!(status, LockStatus::Failure);
    assert_eq!(clock.times.get(), 2);
}
