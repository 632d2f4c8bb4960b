//! Who waits for what: the snapshot agrees with the threads that are really parked.
#![cfg(feature = "diagnostics")]

use py_sync::diagnostics::{self, Kind, Snapshot};
use py_sync::{LockFlags, Mutex, ParkStatus, ParkingLot};
use py_thread::Ident;
use std::sync::mpsc;
use std::time::{Duration, Instant};

const MS: Duration = Duration::from_millis(1);

/// Waits until `lot` has `n` waiters.
fn snapshot_of<const N: usize>(lot: &ParkingLot<N>, n: usize) -> Snapshot {
    loop {
        let snapshot = lot.snapshot();
        if snapshot.waiters().len() == n {
            return snapshot;
        }
        std::thread::sleep(MS);
    }
}

#[test]
fn waiters_are_shown_by_address_in_the_order_in_which_they_will_wake() {
    let lot = ParkingLot::<2>::new();
    // 6 and 4 share a bucket; 5 is in the other.
    let keys = [6, 5, 4, 6, 4, 6];
    std::thread::scope(|scope| {
        let mut idents = Vec::new();
        for (i, key) in keys.into_iter().enumerate() {
            let (send, receive) = mpsc::channel();
            let lot = &lot;
            scope.spawn(move || {
                send.send(Ident::own()).unwrap();
                // SAFETY: the lot is this test's own.
                let status = unsafe { lot.park(key, || true, 0, None, LockFlags::NONE) };
                assert_eq!(status, ParkStatus::Ok);
            });
            idents.push((key, receive.recv().unwrap()));
            snapshot_of(lot, i + 1);
        }
        let snapshot = lot.snapshot();
        idents.sort_by_key(|&(key, _)| key);
        let seen = snapshot.waiters().iter().map(|w| (w.address, w.ident));
        assert_eq!(seen.collect::<Vec<_>>(), idents);
        assert!(snapshot.waiters().iter().all(|w| w.kind == Kind::Park));
        let counts = [4, 5, 6, 7].map(|address| snapshot.of(address).len());
        assert_eq!(counts, [2, 1, 3, 0]);
        for key in [4, 5, 6] {
            // SAFETY: as above.
            unsafe { lot.unpark_all(key) };
        }
    });
    assert!(lot.snapshot().is_empty());
}

#[test]
fn the_time_waited_grows_and_the_longest_is_found() {
    let lot = ParkingLot::<1>::new();
    std::thread::scope(|scope| {
        for key in [1, 2] {
            let lot = &lot;
            // SAFETY: the lot is this test's own.
            scope.spawn(move || unsafe { lot.park(key, || true, 0, None, LockFlags::NONE) });
            snapshot_of(lot, key);
            std::thread::sleep(MS * 15);
        }
        let start = Instant::now();
        let first = lot.snapshot();
        assert_eq!(first.longest().unwrap().address, 1);
        assert!(first.of(1)[0].waited >= first.of(2)[0].waited + MS * 10);
        std::thread::sleep(MS * 15);
        let second = lot.snapshot();
        let grown = second.of(2)[0].waited - first.of(2)[0].waited;
        assert!(grown >= MS * 15 && grown <= start.elapsed(), "{grown:?}");
        for key in [1, 2] {
            // SAFETY: as above.
            unsafe { lot.unpark_all(key) };
        }
    });
}

/// Writes a table as it would be printed, with what changes from run to run blotted out.
fn blotted(snapshot: &Snapshot) -> String {
    let blot = |c: char| if c.is_ascii_digit() { '#' } else { c };
    let is_row = |line: &str| line.ends_with(" s");
    let table = snapshot.to_string();
    let lines = table.lines().map(|line| match is_row(line) {
        true => line.chars().map(blot).collect(),
        false => line.to_owned(),
    });
    lines.collect::<Vec<String>>().join("\n")
}

#[test]
fn a_snapshot_prints_as_a_table() {
    let lot = ParkingLot::<1>::new();
    assert_eq!(lot.snapshot().to_string(), "nobody waits\n");
    std::thread::scope(|scope| {
        for (i, key) in [0x99, 0x99, 0x22].into_iter().enumerate() {
            let lot = &lot;
            // SAFETY: the lot is this test's own.
            scope.spawn(move || unsafe { lot.park(key, || true, 0, None, LockFlags::NONE) });
            snapshot_of(lot, i + 1);
        }
        let table = blotted(&lot.snapshot());
        let table = table.replace("        #  ", "       ##  ");
        assert_eq!(
            table,
            "\
address             kind         thread        waited
#x################  park             ##       #.### s
#x################  park             ##       #.### s
                    park             ##       #.### s
3 threads on 2 addresses"
        );
        for key in [0x99, 0x22] {
            // SAFETY: as above.
            unsafe { lot.unpark_all(key) };
        }
    });
}

#[test]
fn a_mutex_is_called_by_its_name_and_its_waits_are_counted() {
    let before = diagnostics::counters();
    let mutex = Mutex::new();
    let address = mutex.as_ptr().addr();
    mutex.lock();
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            drop(mutex.lock_guard());
            Ident::own()
        });
        let waiting = loop {
            if let [waiting] = diagnostics::snapshot().of(address) {
                break *waiting;
            }
            std::thread::sleep(MS);
        };
        assert_eq!(waiting.kind, Kind::Mutex);
        // Overdue, so it is handed over.
        std::thread::sleep(MS * 20);
        mutex.unlock();
        assert_eq!(waiting.ident, waiter.join().unwrap());
    });
    assert!(diagnostics::snapshot().of(address).is_empty());
    let after = diagnostics::counters();
    assert!(after.waits > before.waits);
    assert!(after.hand_offs > before.hand_offs);
    assert!(after.to_string().ends_with(" hand-offs"));
}

/// Snapshots beside threads that park and leave: every one is whole, and nobody is held up.
#[test]
fn snapshots_disturb_nobody() {
    let rounds = if cfg!(miri) { 20 } else { 2_000 };
    let lot = ParkingLot::<2>::new();
    std::thread::scope(|scope| {
        let parkers = [4, 5, 6].map(|key| {
            let lot = &lot;
            scope.spawn(move || {
                for round in 0..rounds {
                    let timeout = Some(Duration::from_nanos(round * 31 % 5_000));
                    // SAFETY: the lot is this test's own.
                    let _ = unsafe { lot.park(key, || true, 0, timeout, LockFlags::NONE) };
                }
            })
        });
        while !parkers.iter().all(|parker| parker.is_finished()) {
            let snapshot = lot.snapshot();
            assert!(snapshot.waiters().len() <= 3);
            assert!(snapshot.waiters().is_sorted_by_key(|w| w.address));
            // SAFETY: as above.
            unsafe { lot.unpark_all(5) };
        }
    });
    assert!(lot.snapshot().is_empty());
}
