//! What the record of a parked thread says, and how the thread is asked where it is.

use crate::ParkingLot;
use crate::deadline::Deadline;
use crate::flags::{LockFlags, ParkStatus};
use crate::held::ENABLED;
use crate::held::backtraces::{checking, close_channel, open_channel};
use crate::hooks::{SectionHooks, register_sections};
use crate::parking_lot::{Kind, Parking};
use crate::record::Record;
use rstest::rstest;
use std::cell::RefCell;
use std::sync::{Arc, Mutex};
use std::time::Duration;

std::thread_local! {
    static GATE: RefCell<Arc<Mutex<()>>> = RefCell::default();
}

/// Before it sleeps, a thread waits at its gate.
static SLOW: SectionHooks = SectionHooks {
    suspend: || {
        drop(GATE.with_borrow(Arc::clone).lock());
        1
    },
    resume: |_| (),
};

/// Parks on a lot as `parking` says, behind `gate`.
fn park(lot: &ParkingLot<1>, parking: Parking, gate: &Arc<Mutex<()>>) -> ParkStatus {
    GATE.set(Arc::clone(gate));
    register_sections(&SLOW);
    // SAFETY: the lot is the test's own.
    unsafe { lot.park_with(parking, || true) }.status
}

/// The waits of a lot once there are `n`: their numbers, and what else is asked of the records.
fn waits<T>(lot: &ParkingLot<1>, n: usize, of: fn(&Record) -> T) -> Vec<(u64, T)> {
    loop {
        let waits = lot.collect(|_, record| (record.id, of(record)));
        if waits.len() == n {
            return waits;
        }
        std::thread::yield_now();
    }
}

/// A wait for ever, which has its thread detached, on the key 3.
const FOR_EVER: (Deadline, LockFlags) = (Deadline::Never, LockFlags::DETACH);

fn parking((deadline, flags): (Deadline, LockFlags)) -> Parking<'static> {
    Parking::plain(Kind::Park, 3, deadline, flags)
}

#[test]
fn a_thread_is_asleep_once_it_has_nothing_left_to_do() {
    if !ENABLED {
        return;
    }
    let (lot, gate) = (ParkingLot::new(), Arc::default());
    let is_asleep = || waits(&lot, 1, Record::is_asleep)[0].1;
    std::thread::scope(|scope| {
        let shut = Mutex::lock(&gate);
        scope.spawn(|| park(&lot, parking(FOR_EVER), &gate));
        assert!(!is_asleep(), "it waits at the gate");
        drop(shut);
        while !is_asleep() {
            std::thread::yield_now();
        }
        // SAFETY: the lot is this test's own.
        assert_eq!(unsafe { lot.unpark_all(3) }, 1);
    });
}

#[rstest]
#[case(FOR_EVER, (true, false))]
#[case((Deadline::after(Some(Duration::from_secs(600))), LockFlags::NONE), (false, false))]
#[case((Deadline::Never, LockFlags::FAIL_IF_INTERRUPTED), (true, true))]
fn a_record_says_what_may_end_the_wait(
    #[case] how: (Deadline, LockFlags),
    #[case] expected: (bool, bool),
) {
    if !ENABLED {
        return;
    }
    let (lot, gate) = (ParkingLot::new(), Arc::default());
    std::thread::scope(|scope| {
        scope.spawn(|| park(&lot, parking(how), &gate));
        let says = waits(&lot, 1, |r| (r.forever, r.interruptible));
        assert_eq!(says[0].1, expected);
        // SAFETY: the lot is this test's own.
        assert_eq!(unsafe { lot.unpark_all(3) }, 1);
    });
}

/// It says so from its sleep, stays in its place, and sleeps on.
#[test]
fn the_sleeper_that_is_asked_says_where_it_is() {
    if !ENABLED {
        return;
    }
    let (lot, gate) = (ParkingLot::new(), Arc::default());
    // Nobody else asks meanwhile.
    let _alone = checking();
    std::thread::scope(|scope| {
        let sleepers = [1, 2].map(|n| {
            let sleeper = scope.spawn(|| park(&lot, parking(FOR_EVER), &gate));
            let id = waits(&lot, n, |_| ())[n - 1].0;
            (id, sleeper)
        });
        let replies = open_channel();
        let mut asked = Vec::new();
        for (id, sleeper) in sleepers.iter().rev() {
            asked.push((*id, sleeper.thread().id()));
            // It may not sleep yet, and then it hears nothing. So it may also hear the question twice.
            let reply = loop {
                lot.ask(3, *id);
                match replies.recv_timeout(Duration::from_millis(5)) {
                    Ok(reply) if reply.id != *id && asked.len() > 1 => {}
                    Ok(reply) => break reply,
                    Err(_) => {}
                }
            };
            assert_eq!(Some(&(reply.id, reply.thread)), asked.last());
        }
        lot.ask(3, 0);
        close_channel(replies);
        let ids = sleepers.each_ref().map(|(id, _)| (*id, ()));
        assert_eq!(waits(&lot, 2, |_| ()), ids);
        // SAFETY: the lot is this test's own.
        assert_eq!(unsafe { lot.unpark_all(3) }, 2);
        for (_, sleeper) in sleepers {
            assert_eq!(sleeper.join().unwrap(), ParkStatus::Ok);
        }
    });
}
