//! Models of the lot's queue: fair times beside those of another key, waiters that are skipped, and one
//! whose fair time comes just after it was taken out.

use super::{check, check_within};
use crate::deadline::{Deadline, FairTime, NeverFair, Skewed};
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
