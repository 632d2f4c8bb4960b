//! Models of the lot's queue: fair times beside those of another key, waiters that are skipped, one whose fair
//! time comes just after it was taken out, and the first look of a waiter.

use super::{check, check_within};
use crate::deadline::{Clock, Deadline, FairTime, NeverFair, Skewed};
use crate::flags::{LockFlags, LockStatus, ParkStatus};
use crate::parking_lot::table::Parked;
use crate::parking_lot::{FilterOp, Kind, Parking, ParkingLot, Waiters};
use crate::rw_mutex::RwMutex;
use loom::sync::Arc;
use loom::thread::{self, JoinHandle};

const KEY: usize = 4;
const OTHER_KEY: usize = 9;
const NONE: LockFlags = LockFlags::NONE;

/// Parks on the key until woken, or for no time.
fn park(lot: &ParkingLot<1>, key: usize, fair_time: FairTime, deadline: Deadline) -> Parked {
    let mut parking = Parking::plain(Kind::Park, key, deadline, NONE);
    parking.request.fair_time = fair_time;
    // SAFETY: the lot is the model's own.
    unsafe { lot.park_with(parking, || true) }
}

/// Parks a thread until it is woken; returns once it is queued.
fn sleeper(lot: &Arc<ParkingLot<1>>, key: usize, fair_time: FairTime) -> JoinHandle<()> {
    let sleeper = {
        let lot = Arc::clone(lot);
        thread::spawn(move || {
            let parked = park(&lot, key, fair_time, Deadline::Never);
            assert_eq!(parked.status, ParkStatus::Ok);
        })
    };
    let is_queued = |waiters: &mut Waiters<'_>| waiters.iter().any(|r| r.fair_time == fair_time);
    // SAFETY: the lot is the model's own.
    while !unsafe { lot.with_waiters(Kind::Park, key, is_queued) } {
        thread::yield_now();
    }
    sleeper
}

/// The fair time of a new waiter comes after those of its own lock, not after those of all its bucket.
#[test]
fn the_waiters_of_other_locks_put_nobody_off() {
    check(
        "lot_queue::the_waiters_of_other_locks_put_nobody_off",
        || {
            let lot = Arc::new(ParkingLot::new());
            let sleeper = sleeper(&lot, OTHER_KEY, FairTime::At(7));
            let parked = park(&lot, KEY, FairTime::NotBefore(3), Deadline::Now);
            assert_eq!(parked.fair_time, FairTime::At(3));
            // SAFETY: the lot is the model's own.
            assert_eq!(unsafe { lot.unpark_all(OTHER_KEY) }, 1);
            sleeper.join().unwrap();
        },
    );
}

/// Whoever takes some waiters out learns whether others stay.
#[test]
fn who_is_skipped_stays() {
    check("lot_queue::who_is_skipped_stays", || {
        let lot = Arc::new(ParkingLot::new());
        let sleeper = sleeper(&lot, KEY, FairTime::At(7));
        let wake = |op: FilterOp| {
            let wake = |waiters: &mut Waiters<'_>| waiters.unpark_filter(0, |_| op);
            // SAFETY: the lot is the model's own.
            unsafe { lot.with_waiters(Kind::Park, KEY, wake) }
        };
        assert!(wake(FilterOp::Skip) && wake(FilterOp::Stop));
        assert!(!wake(FilterOp::Unpark));
        sleeper.join().unwrap();
    });
}

/// A reader was woken, and its fair time comes before it has noticed. It must not say that it is parked:
/// nobody waits to write, so who reads twice would wait for itself.
#[test]
fn who_was_taken_out_says_no_more_that_it_is_parked() {
    let name = "lot_queue::who_was_taken_out_says_no_more_that_it_is_parked";
    check_within(2, name, || {
        let m = Arc::new(RwMutex::new());
        assert!(m.try_write_lock());
        let reader = {
            let m = Arc::clone(&m);
            thread::spawn(move || {
                let status = m.read_lock_with(&Skewed, Deadline::Never, NONE);
                assert_eq!(status, LockStatus::Acquired);
                m.read_unlock();
            })
        };
        while !m.has_waiters() {
            thread::yield_now();
        }
        assert!(m.write_unlock_with(&NeverFair));
        for _ in 0..2 {
            let status = m.read_lock_with(&NeverFair, Deadline::Never, NONE);
            assert_eq!(status, LockStatus::Acquired);
        }
        m.read_unlock();
        m.read_unlock();
        reader.join().unwrap();
        assert!(m.try_write_lock(), "nobody is left");
    });
}

/// A clock by which so many looks are due at once, and no others.
struct LooksAtOnce(u32);

impl Clock for LooksAtOnce {
    fn now(&self) -> u64 {
        0
    }

    fn next_look(&self, _: FairTime, looks: u32) -> Deadline {
        match looks < self.0 {
            true => Deadline::At(0),
            false => Deadline::Never,
        }
    }
}

/// The arguments of a park that looks by this clock.
fn looks(clock: &LooksAtOnce, deadline: Deadline) -> Parking<'_> {
    let mut parking = Parking::plain(Kind::Park, KEY, deadline, NONE);
    parking.request.fair_time = FairTime::NotBefore(0);
    parking.looks = Some(clock);
    parking
}

/// Runs `waits` on a thread, beside one that takes the bucket lock for another key.
fn beside_another(name: &str, waits: fn(&ParkingLot<1>)) {
    check(name, move || {
        let lot = Arc::new(ParkingLot::<1>::new());
        let waiter = {
            let lot = Arc::clone(&lot);
            thread::spawn(move || waits(&lot))
        };
        // SAFETY: the lot is the model's own.
        assert_eq!(unsafe { lot.unpark_all_of(Kind::Park, OTHER_KEY) }, 0);
        waiter.join().unwrap();
    });
}

#[test]
fn a_first_look_asks_without_the_bucket_lock() {
    let name = "lot_queue::a_first_look_asks_without_the_bucket_lock";
    beside_another(name, |lot| {
        let wake = || {
            // SAFETY: the lot is the model's own.
            assert_eq!(unsafe { lot.unpark_all_of(Kind::Park, KEY) }, 1);
            true
        };
        // SAFETY: the lot is the model's own.
        let parked = unsafe {
            lot.park_then(
                looks(&LooksAtOnce(2), Deadline::Never),
                || true,
                wake,
                || (),
            )
        };
        assert_eq!(parked.status, ParkStatus::Ok);
    });
}

#[test]
fn other_looks_validate_and_a_timeout_asks_nothing() {
    let name = "lot_queue::other_looks_validate_and_a_timeout_asks_nothing";
    beside_another(name, |lot| {
        let mut validated = 0;
        let validate = || {
            validated += 1;
            validated == 1
        };
        let twice = looks(&LooksAtOnce(2), Deadline::Never);
        // SAFETY: the lot is the model's own.
        let parked = unsafe { lot.park_then(twice, validate, || true, || ()) };
        assert_eq!((parked.status, validated), (ParkStatus::Again, 2));
        let mut validated = 0;
        let validate = || {
            validated += 1;
            validated == 1
        };
        let once = looks(&LooksAtOnce(1), Deadline::Never);
        // SAFETY: the lot is the model's own.
        let parked = unsafe { lot.park_with(once, validate) };
        assert_eq!((parked.status, validated), (ParkStatus::Again, 2));
        let asks = || -> bool { panic!("the time was up") };
        let soon = looks(&LooksAtOnce(2), Deadline::At(0));
        // SAFETY: the lot is the model's own.
        let parked = unsafe { lot.park_then(soon, || true, asks, || ()) };
        assert_eq!(parked.status, ParkStatus::Timeout);
    });
}
