//! Models of the parking lot: one bucket, so that all keys collide.

use super::{Guarded, check};
use crate::deadline::Deadline;
use crate::flags::{LockFlags, ParkStatus};
use crate::parking_lot::{Kind, Parked, Parking, ParkingLot, Waiters};
use crate::primitive::{AtomicU32, Relaxed};
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
            waiters.take_first(5);
            first.is_some()
        };
        // SAFETY: the lot is this test's own.
        unsafe { self.lot.visit(Kind::Park, KEY, callback) }
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

/// Who is taken out hears of it, whatever his clock says.
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
        // A baton: whoever is told that more wait, wakes the next.
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
