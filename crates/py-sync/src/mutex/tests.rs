//! The hand-off rule, by clocks that a test sets.

mod long_sections;

use super::Mutex;
use super::protocol::{FAIR_ALONE_NS, PAUSE_NS, put_off, time_to_be_fair};
use crate::deadline::tests::SetClock;
use crate::deadline::{Clock, Deadline, FairTime, Monotonic, TIME_TO_BE_FAIR_NS};
use crate::event::Event;
use crate::flags::{LockFlags, LockStatus, ParkStatus};
use crate::hooks::{SectionHooks, register_sections};
use crate::parking_lot::{HandOff, Kind, Parking, ParkingLot, Waiters, lot};
use crate::spin::Placement;
use crate::sync::NUM_BUCKETS;
use crate::with_signals::OneCall;
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

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

/// A time by the monotonic clock after all pauses that other tests in this process have begun.
fn after_all_pauses() -> u64 {
    static TIMES: AtomicU64 = AtomicU64::new(1);
    Monotonic.now() + TIMES.fetch_add(1, SeqCst) * 10 * TIME_TO_BE_FAIR_NS
}

/// Parks a thread on a locked mutex in this place and unlocks when the clock says `at`, in a pause or not. The
/// byte after that, with the waiter held back if it was woken.
fn unlocked_at(at: u64, place: Placement, in_a_pause: bool) -> u8 {
    let start = after_all_pauses();
    let (m, clock) = (Mutex::new(), SetClock::at(start));
    let may_resume = Arc::new(AtomicBool::new(false));
    m.lock();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            MAY_RESUME.set(Some(may_resume.clone()));
            register_sections(&HELD_BACK);
            let status = m.lock_contended(&clock, Deadline::Never, LockFlags::DETACH, place);
            assert_eq!(status, LockStatus::Acquired);
            assert_eq!(m.byte(), 1, "nobody else waits");
            m.unlock();
        });
        while m.0.load(SeqCst) != 3 {
            std::thread::yield_now();
        }
        clock.set(start + at);
        if in_a_pause {
            let (at, section) = (clock.now(), 0);
            lot().note_hand_off(m.key(), HandOff { at, section });
        }
        assert!(m.unlock_with(&clock));
        let byte = m.byte();
        may_resume.store(true, SeqCst);
        byte
    })
}

#[rstest::rstest]
#[case(Placement::Alone, 100_000)]
#[case(Placement::InObject, 1_000_000)]
#[case(Placement::UnderGil, 1_000_000)]
fn the_lock_is_handed_over_strictly_after_its_fair_time(#[case] place: Placement, #[case] ns: u64) {
    let bytes = [0, ns, ns + 1].map(|at| unlocked_at(at, place, false));
    assert_eq!(bytes, [0, 0, 1]);
}

/// As in CPython, whose byte is 0 too.
#[test]
fn an_unlock_in_a_pause_leaves_no_parked_bit_if_no_other_waits() {
    let byte = unlocked_at(FAIR_ALONE_NS + 1, Placement::Alone, true);
    assert_eq!(byte, 0);
}

#[rstest::rstest]
#[case::nobody(0, 0, 0)]
#[case::one(1, 20_000, 50_000)]
#[case::few(15, 300_000, 750_000)]
#[case::many(16, 350_000, 800_000)]
#[case::a_crowd(127, 5_900_000, 6_350_000)]
#[case::more_than_there_can_be(usize::MAX, u64::MAX - 450_000, u64::MAX)]
fn a_waiter_is_put_off_for_each_in_front(
    #[case] in_front: usize,
    #[case] alone: u64,
    #[case] in_object: u64,
) {
    assert_eq!(put_off(Placement::Alone)(in_front), alone);
    assert_eq!(put_off(Placement::InObject)(in_front), in_object);
    assert_eq!(put_off(Placement::UnderGil)(in_front), in_object);
}

/// Waits until so many threads are in the mutex's queue.
fn until_queued(m: &Mutex, threads: usize) {
    let count = |waiters: &mut Waiters<'_>| waiters.iter().count();
    // SAFETY: the mutex is the caller's; `count` does not call into the lot.
    while unsafe { lot().with_waiters(Kind::Mutex, m.key(), count) } != threads {
        std::thread::yield_now();
    }
}

/// The fair times of two waiters that park at the same time.
#[rstest::rstest]
#[case(Placement::Alone, 20_000)]
#[case(Placement::InObject, 50_000)]
fn the_second_waiter_is_put_off_as_its_place_says(#[case] place: Placement, #[case] apart: u64) {
    let (m, clock) = (Mutex::new(), SetClock::at(after_all_pauses()));
    m.lock();
    std::thread::scope(|scope| {
        for queued in 1..=2 {
            let (m, clock) = (&m, &clock);
            scope.spawn(move || {
                let status = m.lock_contended(clock, Deadline::Never, LockFlags::NONE, place);
                assert_eq!(status, LockStatus::Acquired);
                m.unlock();
            });
            until_queued(m, queued);
        }
        let fair_times = |waiters: &mut Waiters<'_>| -> Vec<u64> {
            waiters.iter().map(|w| w.fair_time.ns()).collect()
        };
        // SAFETY: the mutex is this test's; `fair_times` does not call into the lot.
        let fair_times = unsafe { lot().with_waiters(Kind::Mutex, m.key(), fair_times) };
        m.unlock();
        assert_eq!(fair_times[1] - fair_times[0], apart);
    });
}

/// Locks as a thread does that is held back when it is woken.
fn lock_held_back(m: &Mutex, clock: &SetClock, place: Placement, may_resume: &Arc<AtomicBool>) {
    MAY_RESUME.set(Some(Arc::clone(may_resume)));
    register_sections(&HELD_BACK);
    let status = m.lock_contended(clock, Deadline::Never, LockFlags::DETACH, place);
    assert_eq!(status, LockStatus::Acquired);
}

/// Three threads wait. When the third, which waits in this place, has been due for `due_for` nanoseconds, the
/// first is handed the lock. It unlocks after `section`, in its pause, and the second is woken. That one does not
/// run. Another thread takes the lock and unlocks `later` than the hand-off: whether it is handed to the third.
fn handed_on(place: Placement, due_for: u64, section: u64, later: u64) -> bool {
    let (m, clock) = (Mutex::new(), SetClock::at(after_all_pauses()));
    let (has_it, unlocks, may_resume) = (Event::new(), Event::new(), Arc::default());
    m.lock();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let status = m.lock_with(&clock, Deadline::Never, LockFlags::NONE);
            assert_eq!(status, LockStatus::Acquired);
            has_it.notify();
            unlocks.wait();
            assert!(m.unlock_with(&clock));
        });
        until_queued(&m, 1);
        for (in_front, place) in [(1, Placement::Alone), (2, place)] {
            let (m, clock, may_resume) = (&m, &clock, &may_resume);
            scope.spawn(move || {
                lock_held_back(m, clock, place, may_resume);
                m.unlock();
            });
            until_queued(m, in_front + 1);
        }
        let now = clock.now() + time_to_be_fair(place) + put_off(place)(2) + due_for;
        clock.set(now);
        assert!(m.unlock_with(&clock));
        has_it.wait();
        clock.set(now + section);
        unlocks.notify();
        until_queued(&m, 1);
        clock.set(now + later);
        // Who locks now knows of the third by the parked bit only.
        while !m.try_lock() {
            std::thread::yield_now();
        }
        assert!(m.unlock_with(&clock));
        let free = m.try_lock();
        if free {
            m.unlock();
        }
        may_resume.store(true, SeqCst);
        !free
    })
}

/// The pause lasts for 50 us, or for 30 sections if that is longer, or until the waiter is overdue: it has been
/// due for as long as that, or has waited for 1 ms. But for 50 us at least.
#[rstest::rstest]
#[case::due_in_the_pause(Placement::Alone, 0, 0, PAUSE_NS)]
#[case::after_a_short_section(Placement::Alone, 0, 1_600, PAUSE_NS)]
#[case::after_a_long_section(Placement::Alone, 0, 6_000, 180_000)]
#[case::overdue_in_the_pause(Placement::Alone, 40_000, 6_000, 140_000)]
#[case::overdue_in_a_long_pause(Placement::Alone, 200_000, 20_000, 400_000)]
#[case::overdue_after_a_millisecond(Placement::Alone, 500_000, 40_000, 400_000)]
#[case::overdue_in_the_least_pause(Placement::Alone, 120_000, 5_000, PAUSE_NS)]
#[case::overdue(Placement::Alone, 5_000_000, 6_000, PAUSE_NS)]
#[case::long_overdue(Placement::Alone, 5_000_000, 40_000, PAUSE_NS)]
#[case::due_in_an_object(Placement::InObject, 1, 6_000, PAUSE_NS)]
fn a_lock_is_handed_on_strictly_after_a_pause(
    #[case] place: Placement,
    #[case] due_for: u64,
    #[case] section: u64,
    #[case] pause: u64,
) {
    let laters = [section, pause, pause + 1];
    let handed = laters.map(|later| handed_on(place, due_for, section, later));
    assert_eq!(handed, [false, false, true]);
}

/// Nobody waits behind a new owner, so its unlock need not look at the queue. Another comes before it unlocks.
#[test]
fn a_section_that_may_end_unseen_counts_as_a_short_one() {
    let (m, clock) = (Mutex::new(), SetClock::at(after_all_pauses()));
    let (has_it, unlocks, may_resume) = (Event::new(), Event::new(), Arc::default());
    m.lock();
    std::thread::scope(|scope| {
        let first = scope.spawn(|| {
            let status = m.lock_with(&clock, Deadline::Never, LockFlags::NONE);
            assert_eq!(status, LockStatus::Acquired);
            has_it.notify();
            unlocks.wait();
            assert!(m.unlock_with(&clock));
            let free = m.try_lock();
            if free {
                m.unlock();
            }
            free
        });
        until_queued(&m, 1);
        let now = clock.now() + FAIR_ALONE_NS + 1;
        clock.set(now);
        assert!(m.unlock_with(&clock));
        has_it.wait();
        scope.spawn(|| {
            lock_held_back(&m, &clock, Placement::Alone, &may_resume);
            m.unlock();
        });
        until_queued(&m, 1);
        // The second is due, and the least pause is over.
        clock.set(now + FAIR_ALONE_NS + 1);
        unlocks.notify();
        let free = first.join();
        may_resume.store(true, SeqCst);
        assert!(!free.unwrap(), "the pause was over");
    });
}

#[rstest::rstest]
#[case::free(0, false)]
#[case::nobody_is_announced(1, false)]
#[case::free_in_a_pause(2, false)]
#[case::held(3, true)]
fn only_a_held_lock_with_the_parked_bit_lets_a_waiter_sleep_on(
    #[case] byte: u8,
    #[case] sleeps_on: bool,
) {
    let m = Mutex::new();
    m.0.store(byte, SeqCst);
    assert_eq!(m.unlock_will_look(), sleeps_on);
}

/// By this clock a waiter looks once, then, and no fair time comes.
struct LooksAt(u64);

impl Clock for LooksAt {
    fn now(&self) -> u64 {
        0
    }

    fn next_look(&self, _: FairTime, looks: u32) -> Deadline {
        match looks {
            0 => Deadline::At(self.0),
            _ => Deadline::Never,
        }
    }
}

/// A waiter's look comes while another thread has the bucket, which then takes the parked bit away. Whether the
/// bit is still away later: if the look has waited for the bucket, it sets the bit again.
fn looks_while_the_bucket_is_locked(patience: Duration) -> bool {
    let (m, look) = (Mutex::new(), Monotonic.now() + 2 * TIME_TO_BE_FAIR_NS);
    m.lock();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let status = m.lock_with(&LooksAt(look), Deadline::Never, LockFlags::NONE);
            assert_eq!(status, LockStatus::Acquired);
            m.unlock();
        });
        until_queued(&m, 1);
        let hold = |_: &mut Waiters<'_>| {
            let in_time = Monotonic.now() < look;
            while Monotonic.now() < look {
                std::thread::yield_now();
            }
            std::thread::sleep(patience);
            m.0.store(1, SeqCst);
            in_time
        };
        // SAFETY: the mutex is this test's; `hold` does not call into the lot.
        let in_time = unsafe { lot().with_waiters(Kind::Mutex, m.key(), hold) };
        std::thread::sleep(patience);
        let sleeps_on = m.0.swap(3, SeqCst) == 1;
        assert!(m.unlock_with(&LooksAt(look)));
        in_time && sleeps_on
    })
}

/// A waiter that the system does not run in time may look too late, so there are some tries.
#[test]
fn a_first_look_does_not_wait_for_the_bucket() {
    let mut tries = (1..=10).map(|n| Duration::from_millis(5 * n));
    assert!(tries.any(looks_while_the_bucket_is_locked));
}

/// A waiter parks again 10 ms after its fair time: its looks after 0, 1, 3 and 7 ms have passed, and the next comes
/// after 15. Its wait may last until so many milliseconds after the fair time. How it ended, and how often the
/// waiter validated.
fn parks_again(until: u64) -> (ParkStatus, u32) {
    let (lot, fair_time) = (ParkingLot::<1>::new(), Monotonic.now());
    let deadline = Deadline::At(fair_time + until * 1_000_000);
    let mut parking = Parking::plain(Kind::Park, 1, deadline, LockFlags::NONE);
    parking.request.fair_time = FairTime::At(fair_time);
    parking.looks = Some(&Monotonic);
    let mut validated = 0;
    let validate = || {
        validated += 1;
        validated == 1
    };
    std::thread::sleep(Duration::from_millis(10));
    // SAFETY: the lot is this test's own.
    let parked = unsafe { lot.park_with(parking, validate) };
    (parked.status, validated)
}

#[test]
fn who_parks_again_leaves_out_the_looks_that_have_passed_and_no_others() {
    assert_eq!(parks_again(14), (ParkStatus::Timeout, 1));
    assert_eq!(parks_again(10_000), (ParkStatus::Again, 2));
}

#[test]
fn a_pause_is_of_one_lock_and_not_of_its_bucket() {
    let last_hand_off = |key| {
        let last = |waiters: &mut Waiters<'_>| waiters.last_hand_off;
        // SAFETY: no lock is at these addresses; the closure does not call into the lot.
        unsafe { lot().with_waiters(Kind::Mutex, key, last) }
    };
    let (key, in_the_same_bucket) = (1, 1 + NUM_BUCKETS);
    let hand_off = HandOff { at: 9, section: 8 };
    lot().note_hand_off(key, hand_off);
    assert_eq!(last_hand_off(key), Some(hand_off));
    assert_eq!(last_hand_off(in_the_same_bucket), None);
}

#[test]
fn lock_calls_between_signals_have_the_fair_time_of_the_first() {
    let clock = OneCall::new(&Monotonic);
    let of_first = clock.time_to_be_fair(0).behind(None, 0);
    clock.was_fair_at(of_first);
    std::thread::sleep(Duration::from_millis(1));
    assert_eq!(clock.time_to_be_fair(0), of_first);
    let of_another = OneCall::new(&Monotonic).time_to_be_fair(0);
    assert!(of_another.ns() > of_first.ns());
}

#[test]
fn a_lock_call_that_gives_up_has_told_its_clock_when_it_was_to_be_fair() {
    let m = Mutex::new();
    m.lock();
    let clock = OneCall::new(&Monotonic);
    let soon = Deadline::after(Some(Duration::from_micros(1)));
    let status = m.lock_with(&clock, soon, LockFlags::NONE);
    assert_eq!(status, LockStatus::Failure);
    let told = clock.time_to_be_fair(0);
    std::thread::sleep(Duration::from_millis(1));
    assert_eq!(clock.time_to_be_fair(0), told);
}
