//! Models of the parking lot: one bucket, so that all keys collide.

use super::{Guarded, check};
use crate::deadline::{Clock, Deadline, FairTime, ManualClock, Skewed};
use crate::flags::{LockFlags, ParkStatus};
use crate::parking_lot::table::Parked;
use crate::parking_lot::{FilterOp, Kind, Parking, ParkingLot, Request, Waiters};
use crate::sync::{AtomicU32, Relaxed};
use core::time::Duration;
use loom::sync::Arc;
use loom::thread;

/// A one-shot gate built on a lot: the flag changes under the bucket lock only.
struct Gate {
    lot: ParkingLot<1>,
    open: AtomicU32,
    guarded: Guarded,
}

const KEY: usize = 4;
const OTHER_KEY: usize = 9;

impl Gate {
    fn new() -> Arc<Gate> {
        Arc::new(Gate {
            lot: ParkingLot::new(),
            open: AtomicU32::new(0),
            guarded: Guarded::new(),
        })
    }

    fn park(&self, key: usize, deadline: Deadline) -> Parked {
        // Relaxed: read under the bucket lock, like every write.
        let closed = || self.open.load(Relaxed) == 0;
        let mut parking = Parking::plain(Kind::Park, key, deadline, LockFlags::NONE);
        parking.request.token = 17;
        // SAFETY: the lot is this test's own.
        unsafe { self.lot.park_with(parking, closed) }
    }

    /// Opens, and wakes one, who gets the answer 5. True if there was one.
    fn open_and_unpark(&self) -> bool {
        let callback = |waiters: &mut Waiters<'_>| {
            // Relaxed: under the bucket lock.
            self.open.store(1, Relaxed);
            let first = waiters.iter().next();
            assert!(first.is_none_or(|request| request.token == 17));
            waiters.unpark_first(5);
            first.is_some()
        };
        // SAFETY: the lot is this test's own.
        unsafe { self.lot.with_waiters(Kind::Park, KEY, callback) }
    }
}

fn timed() -> Deadline {
    Deadline::after(Some(Duration::from_millis(1)))
}

#[test]
fn unpark_wakes_who_parked_before() {
    check("lot::unpark_wakes_who_parked_before", || {
        let gate = Gate::new();
        let waiter = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || {
                let parked = gate.park(KEY, Deadline::Never);
                if parked.status == ParkStatus::Ok {
                    assert_eq!(parked.reply, 5);
                    assert_eq!(gate.guarded.get(), 1);
                }
                parked.status
            })
        };
        gate.guarded.increment();
        let found = gate.open_and_unpark();
        let expected = if found {
            ParkStatus::Ok
        } else {
            ParkStatus::Again
        };
        assert_eq!(waiter.join().unwrap(), expected);
    });
}

/// A waiter that was taken out returns so, whatever its clock says.
#[test]
fn a_timeout_never_loses_the_answer() {
    check("lot::a_timeout_never_loses_the_answer", || {
        let gate = Gate::new();
        let waiter = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || gate.park(KEY, timed()))
        };
        gate.guarded.increment();
        let found = gate.open_and_unpark();
        let parked = waiter.join().unwrap();
        assert_eq!(parked.status == ParkStatus::Ok, found);
        assert_eq!(parked.reply, if found { 5 } else { 0 });
    });
}

/// One waits for ever, one gives up, both on one key; the one wake reaches somebody or nobody
/// was there.
#[test]
fn a_timeout_beside_a_waiter() {
    check("lot::a_timeout_beside_a_waiter", || {
        let gate = Gate::new();
        let [patient, hasty] = [Deadline::Never, timed()].map(|deadline| {
            let gate = Arc::clone(&gate);
            thread::spawn(move || gate.park(KEY, deadline).status)
        });
        while gate.open_and_unpark() {}
        assert_ne!(patient.join().unwrap(), ParkStatus::Timeout);
        let _ = hasty.join().unwrap();
    });
}

/// `unpark_all` wakes those of its key in the bucket, and only those.
#[test]
fn unpark_all_wakes_all_of_the_key() {
    check("lot::unpark_all_wakes_all_of_the_key", || {
        let gate = Gate::new();
        let waiters = [KEY, OTHER_KEY].map(|key| {
            let gate = Arc::clone(&gate);
            thread::spawn(move || {
                let parked = gate.park(key, Deadline::Never);
                if parked.status == ParkStatus::Ok {
                    gate.guarded.get();
                }
                parked.status
            })
        });
        gate.guarded.increment();
        gate.open_and_unpark();
        for key in [KEY, OTHER_KEY] {
            // SAFETY: the lot is this test's own.
            unsafe { gate.lot.unpark_all(key) };
        }
        for waiter in waiters {
            let _ = waiter.join().unwrap();
        }
    });
}

/// `has_more` may say yes too often, and never no while somebody of the key is left.
#[test]
fn has_more_is_true_while_one_is_left() {
    check("lot::has_more_is_true_while_one_is_left", || {
        let gate = Gate::new();
        let waiters = [(); 2].map(|()| {
            let gate = Arc::clone(&gate);
            thread::spawn(move || gate.park(KEY, Deadline::Never).status)
        });
        // A baton: a waiter that learns that more wait wakes the next.
        let wake = |_| {
            // SAFETY: the lot is this test's own.
            unsafe {
                gate.lot.unpark(KEY, |token, has_more| {
                    // Relaxed: under the bucket lock.
                    gate.open.store(1, Relaxed);
                    token.is_some() && has_more
                })
            }
        };
        let mut more = wake(());
        while more {
            more = wake(());
        }
        for waiter in waiters {
            let _ = waiter.join().unwrap();
        }
    });
}

/// Threads wait with these fair times, if they park before they are looked for; then `look` sees what
/// they asked for in their order in the queue, and their numbers in the order in which they came.
fn in_line<const N: usize>(name: &str, fair_times: [FairTime; N], look: fn(&[Request], &[u64])) {
    check(name, move || {
        let gate = Gate::new();
        // Not loom's: written under the bucket lock.
        let arrivals = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let waiters = core::array::from_fn::<_, N, _>(|i| {
            let (gate, arrivals) = (Arc::clone(&gate), std::sync::Arc::clone(&arrivals));
            thread::spawn(move || {
                let token = i as u64;
                let mut parking = Parking::plain(Kind::Park, KEY, Deadline::Never, LockFlags::NONE);
                (parking.request.fair_time, parking.request.token) = (fair_times[i], token);
                parking.put_off = put_off;
                let closed = || {
                    arrivals.lock().unwrap().push(token);
                    // Relaxed: under the bucket lock.
                    gate.open.load(Relaxed) == 0
                };
                // SAFETY: the lot is this test's own.
                unsafe { gate.lot.park_with(parking, closed) }
            })
        });
        let open = |waiters: &mut Waiters<'_>| {
            // Relaxed: under the bucket lock.
            gate.open.store(1, Relaxed);
            let there: Vec<Request> = waiters.iter().collect();
            look(&there, &arrivals.lock().unwrap()[..there.len()]);
            assert!(!waiters.unpark_filter(0, |_| FilterOp::Unpark), "all go");
            there.len()
        };
        // SAFETY: the lot is this test's own.
        let there = unsafe { gate.lot.with_waiters(Kind::Park, KEY, open) };
        let statuses = waiters.map(|waiter| waiter.join().unwrap().status);
        let woken = statuses.iter().filter(|&&s| s == ParkStatus::Ok).count();
        assert_eq!(woken, there);
    });
}

#[test]
fn waiters_stand_in_the_order_of_their_fair_times() {
    let sorted =
        |there: &[Request], _: &[u64]| assert!(there.is_sorted_by_key(|r| r.fair_time.ns()));
    let name = "lot::waiters_stand_in_the_order_of_their_fair_times";
    in_line(name, [5, 3].map(FairTime::At), sorted);
}

/// Its place is neither in front nor at the end.
#[test]
fn who_parks_again_comes_between_the_earlier_and_the_later() {
    let sorted =
        |there: &[Request], _: &[u64]| assert!(there.is_sorted_by_key(|r| r.fair_time.ns()));
    let name = "lot::who_parks_again_comes_between_the_earlier_and_the_later";
    in_line(name, [3, 9, 5].map(FairTime::At), sorted);
}

#[test]
fn waiters_of_one_time_stand_in_the_order_of_their_arrival() {
    let as_they_came = |there: &[Request], arrivals: &[u64]| {
        assert!(there.iter().map(|r| r.token).eq(arrivals.iter().copied()));
    };
    let name = "lot::waiters_of_one_time_stand_in_the_order_of_their_arrival";
    in_line(name, [4, 4].map(FairTime::At), as_they_came);
}

/// What the fair times of waiters are apart here.
const APART: u64 = 50_000;

fn put_off(in_front: usize) -> u64 {
    in_front as u64 * APART
}

/// Two that come for the first time are due in the order in which they came, the second later by so much.
#[test]
fn fair_times_of_new_waiters_are_apart() {
    const NOT_BEFORE: [u64; 2] = [4 * APART, 3];
    let apart = |there: &[Request], arrivals: &[u64]| {
        assert!(there.iter().map(|r| r.token).eq(arrivals.iter().copied()));
        let mut last = 0;
        for (in_front, request) in there.iter().enumerate() {
            let own = NOT_BEFORE[request.token as usize] + in_front as u64 * APART;
            last = own.max(last + 1);
            assert_eq!(request.fair_time.ns(), last);
        }
    };
    let name = "lot::fair_times_of_new_waiters_are_apart";
    in_line(name, NOT_BEFORE.map(FairTime::NotBefore), apart);
}

/// A closure sees and takes the waiters of its own kind and key, and no others of the bucket.
#[test]
fn waiters_are_seen_by_their_kind_and_key_only() {
    check("lot::waiters_are_seen_by_their_kind_and_key_only", || {
        let gate = Gate::new();
        let waiter = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || gate.park(KEY, Deadline::Never).status)
        };
        for (kind, key) in [(Kind::Mutex, KEY), (Kind::Park, OTHER_KEY)] {
            let see = |waiters: &mut Waiters<'_>| waiters.iter().count();
            // SAFETY: the lot is this test's own.
            assert_eq!(unsafe { gate.lot.with_waiters(kind, key, see) }, 0);
            // SAFETY: the lot is this test's own.
            assert_eq!(unsafe { gate.lot.unpark_all_of(kind, key) }, 0);
        }
        let found = gate.open_and_unpark();
        assert_eq!(waiter.join().unwrap() == ParkStatus::Ok, found);
    });
}

/// A waiter whose fair time comes sleeps on while there is something to wait for.
#[test]
fn a_fair_time_ends_no_wait() {
    check("lot::a_fair_time_ends_no_wait", || {
        let gate = Gate::new();
        let waiter = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || {
                let mut parking = Parking::plain(Kind::Park, KEY, Deadline::Never, LockFlags::NONE);
                parking.request.token = 17;
                // Due at once.
                parking.request.fair_time = FairTime::NotBefore(0);
                parking.looks = Some(&Skewed);
                // Relaxed: under the bucket lock.
                let closed = || gate.open.load(Relaxed) == 0;
                // SAFETY: the lot is this test's own.
                let parked = unsafe { gate.lot.park_with(parking, closed) };
                // Relaxed: orders nothing; the bucket lock or the post has.
                assert_eq!(gate.open.load(Relaxed), 1, "it came back too early");
                parked
            })
        };
        let found = gate.open_and_unpark();
        let parked = waiter.join().unwrap();
        assert_eq!(parked.status == ParkStatus::Ok, found);
        assert_eq!(parked.reply, if found { 5 } else { 0 });
    });
}

/// A waiter whose fair time was put off validates again at that time, not before: it has no other timer.
#[test]
fn who_is_put_off_validates_again_later() {
    check("lot::who_is_put_off_validates_again_later", || {
        let gate = Gate::new();
        let first_at = ManualClock::set_to_fair_time_behind(0);
        let waiter = |fair_time, looks: bool| {
            let gate = Arc::clone(&gate);
            thread::spawn(move || {
                let mut parking = Parking::plain(Kind::Park, KEY, Deadline::Never, LockFlags::NONE);
                (parking.request.token, parking.request.fair_time) = (17, fair_time);
                parking.put_off = put_off;
                parking.looks = looks.then_some(&ManualClock as &dyn Clock);
                let mut validated = 0;
                let closed = || {
                    validated += 1;
                    // Relaxed: under the bucket lock.
                    gate.open.load(Relaxed) == 0
                };
                // SAFETY: the lot is this test's own.
                unsafe { gate.lot.park_with(parking, closed) };
                assert_eq!(validated, 1);
            })
        };
        let queued = |waiters: &mut Waiters<'_>| waiters.iter().count();
        let first = waiter(FairTime::At(first_at), false);
        // SAFETY: the lot is this test's own.
        while unsafe { gate.lot.with_waiters(Kind::Park, KEY, queued) } == 0 {
            thread::yield_now();
        }
        let put_off = waiter(FairTime::NotBefore(first_at), true);
        let open = |waiters: &mut Waiters<'_>| {
            // Relaxed: under the bucket lock.
            gate.open.store(1, Relaxed);
            waiters.unpark_filter(5, |_| FilterOp::Unpark);
        };
        // SAFETY: the lot is this test's own.
        unsafe { gate.lot.with_waiters(Kind::Park, KEY, open) };
        first.join().unwrap();
        put_off.join().unwrap();
    });
}
