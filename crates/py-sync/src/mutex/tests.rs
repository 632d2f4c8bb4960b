//! The fairness table, with the clock in our hands. CPython 3.13.0 was asked for the golden one: a
//! waiter parks, the holder unlocks after so long, and the byte is read.

use super::Mutex;
use super::protocol::{SHORT_SECTIONS, decide};
use crate::deadline::{Clock, Deadline};
use crate::flags::{LockFlags, LockStatus};
use crate::parking_lot::{Standby, Verdict};
use core::sync::atomic::{AtomicU64, Ordering::SeqCst};

struct Set(AtomicU64);

impl Clock for Set {
    fn now(&self) -> u64 {
        self.0.load(SeqCst)
    }
}

const PARKED_AT: u64 = 7_000_000_000;

fn clock(at: u64) -> Set {
    Set(AtomicU64::new(at))
}

/// Waits since [`PARKED_AT`].
fn waiter() -> Standby {
    Standby {
        due: clock(PARKED_AT).time_to_be_fair(),
        looked: PARKED_AT,
        shorts: 0,
        in_flight: false,
    }
}

#[rstest::rstest]
#[case::just_parked(0, false)]
#[case::waited_a_fifth(200_000, false)]
#[case::waited_half(500_000, false)]
#[case::waited_most(950_000, false)]
#[case::waited_all_but_a_nanosecond(999_999, false)]
#[case::waited_exactly_a_millisecond(1_000_000, false)]
#[case::waited_a_nanosecond_more(1_000_001, true)]
#[case::waited_more(1_100_000, true)]
#[case::waited_twice(2_000_000, true)]
#[case::waited_long(5_000_000, true)]
fn handed_over_after_a_millisecond_and_not_before(#[case] waited: u64, #[case] handed_over: bool) {
    for (in_flight, has_more) in [(false, false), (false, true), (true, false), (true, true)] {
        let mut first = Standby {
            in_flight,
            ..waiter()
        };
        let (byte, verdict) = decide(&mut first, has_more, &clock(PARKED_AT + waited));
        assert_eq!(verdict == Verdict::HandOver, handed_over);
        assert_eq!(
            byte & 1 == 1,
            handed_over,
            "nobody can barge in after a hand-over only"
        );
        if handed_over {
            assert_eq!(byte, if has_more { 3 } else { 1 }, "as CPython leaves it");
        }
        assert_eq!(first.due, waiter().due, "never renewed");
    }
}

#[test]
fn the_first_wake_keeps_the_unlocks_looking() {
    let mut first = waiter();
    let decided = decide(&mut first, false, &clock(PARKED_AT + 100));
    assert_eq!(decided, (2, Verdict::Wake));
}

#[test]
fn who_is_woken_after_a_long_section_lands_at_once() {
    let mut first = waiter();
    let decided = decide(&mut first, false, &clock(PARKED_AT + 5_000));
    assert_eq!(decided, (2, Verdict::WakeOnce));
}

#[test]
fn short_sections_in_a_row_stop_the_looking_and_a_long_one_wakes_one_more() {
    let mut first = Standby {
        in_flight: true,
        ..waiter()
    };
    let mut now = PARKED_AT;
    let mut after = |nanos: u64| {
        now += nanos;
        decide(&mut first, true, &clock(now))
    };
    for _ in 1..SHORT_SECTIONS {
        assert_eq!(after(4_999), (2, Verdict::Leave));
    }
    assert_eq!(after(4_999), (0, Verdict::Leave));
    assert_eq!(after(5_000), (2, Verdict::NextOnce));
    for _ in 1..SHORT_SECTIONS {
        assert_eq!(after(10), (2, Verdict::Leave), "counted anew");
    }
    assert_eq!(after(10), (0, Verdict::Leave));
}

/// The whole path: a thread that waits by this clock is handed the lock, and nobody else gets it.
#[rstest::rstest]
#[case(1_000_001)]
#[case(5_000_000)]
fn an_overdue_thread_is_handed_the_lock(#[case] waited: u64) {
    let (m, time) = (Mutex::new(), clock(PARKED_AT));
    assert!(m.try_lock());
    std::thread::scope(|scope| {
        let (done, told) = std::sync::mpsc::channel::<()>();
        let thread = scope.spawn(|| {
            let status = m.lock_with(&time, Deadline::Never, LockFlags::NONE);
            // Holds it until the other side has looked.
            told.into_iter().for_each(drop);
            status
        });
        // SAFETY: alive, and read atomically.
        let byte = || unsafe { core::sync::atomic::AtomicU8::from_ptr(m.as_ptr()) }.load(SeqCst);
        while byte() != 3 {
            std::thread::yield_now();
        }
        time.0.store(PARKED_AT + waited, SeqCst);
        assert!(m.unlock_with(&time));
        assert_eq!(byte(), 1, "locked, for the waiter");
        assert!(!m.try_lock());
        drop(done);
        assert_eq!(thread.join().unwrap(), LockStatus::Acquired);
    });
    assert!(m.unlock_with(&time));
}
