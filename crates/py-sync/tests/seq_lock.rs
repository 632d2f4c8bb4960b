//! [`SeqLock`] and [`SeqCell`] with real threads.

use py_sync::{Pod, SeqCell, SeqLock};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};

fn at(sequence: u32) -> SeqLock {
    // SAFETY: `SeqLock` is `repr(transparent)` over one atomic `u32`.
    unsafe { std::mem::transmute(AtomicU32::new(sequence)) }
}

fn sequence(lock: &SeqLock) -> u32 {
    // SAFETY: as above.
    unsafe { &*std::ptr::from_ref(lock).cast::<AtomicU32>() }.load(SeqCst)
}

#[rstest::rstest]
#[case(0, 1, 2)]
#[case(6, 7, 8)]
#[case(u32::MAX - 1, u32::MAX, 0)]
fn a_write_goes_by_the_counter(#[case] before: u32, #[case] during: u32, #[case] after: u32) {
    let lock = at(before);
    let begun = lock.begin_read();
    assert_eq!(begun, before);
    lock.lock_write();
    assert_eq!((sequence(&lock), lock.is_writing()), (during, true));
    assert!(!lock.try_lock_write() && lock.try_begin_read().is_none() && !lock.end_read(begun));
    lock.unlock_write();
    assert_eq!((sequence(&lock), lock.end_read(begun)), (after, false));

    let lock = at(before);
    lock.lock_write();
    lock.abandon_write();
    assert_eq!((sequence(&lock), lock.end_read(before)), (before, true));
}

/// Otherwise the counter would be odd for ever, and every reader with it.
#[test]
fn ending_a_write_that_nobody_began_panics_and_changes_nothing() {
    for even in [0, 8, u32::MAX - 1] {
        for end in [SeqLock::unlock_write, SeqLock::abandon_write] {
            let lock = at(even);
            let panic = catch_unwind(AssertUnwindSafe(|| end(&lock))).unwrap_err();
            let words = "unlocking a sequence lock that is not locked";
            assert_eq!(panic.downcast_ref(), Some(&words));
            assert_eq!(sequence(&lock), even);
        }
    }
}

#[test]
fn after_a_fork_only_a_torn_lock_starts_again() {
    for (before, torn, after) in [(0, false, 0), (4, false, 4), (3, true, 0)] {
        let lock = at(before);
        assert_eq!((lock.after_fork(), sequence(&lock)), (torn, after));
    }
}

#[test]
fn guards_end_their_write() {
    let lock = SeqLock::default();
    drop(lock.write_guard());
    assert_eq!(sequence(&lock), 2);
    lock.write_guard().abandon();
    assert_eq!(sequence(&lock), 2);
    assert_eq!(
        format!("{lock:?}"),
        "SeqLock { sequence: 2, writing: false }"
    );
}

/// Two writers and two readers: no reader sees a part of a write, and no write is lost.
#[test]
fn readers_see_whole_writes_only() {
    let writes = if cfg!(miri) { 20 } else { 20_000 };
    let (lock, done) = (SeqLock::new(), AtomicBool::new(false));
    let words: [AtomicU64; 5] = Default::default();
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..writes {
                        let _guard = lock.write_guard();
                        words
                            .iter()
                            .for_each(|w| w.store(w.load(Relaxed) + 1, Relaxed));
                    }
                })
            })
            .collect();
        for _ in 0..2 {
            scope.spawn(|| {
                let mut last = 0;
                while !done.load(SeqCst) {
                    let begun = lock.begin_read();
                    let seen = words.each_ref().map(|w| w.load(Relaxed));
                    if lock.end_read(begun) {
                        assert!(
                            seen.iter().all(|w| *w == seen[0]) && seen[0] >= last,
                            "{seen:?}"
                        );
                        last = seen[0];
                    }
                }
            });
        }
        writers.into_iter().for_each(|w| w.join().unwrap());
        done.store(true, SeqCst);
    });
    assert_eq!(words[0].load(SeqCst), 2 * writes);
    assert_eq!(u64::from(sequence(&lock)), 4 * writes);
}

fn survives_a_round_trip<T: Pod + PartialEq + std::fmt::Debug + Send>(values: &[T]) {
    let cell = SeqCell::new(values[0]);
    for &value in values {
        cell.write(value);
        assert_eq!(cell.read(), value);
        assert_eq!(cell.try_read(), Some(value));
        assert_eq!(cell.update(|old| old), value);
    }
    assert_eq!(cell.into_inner(), values[values.len() - 1]);
}

/// Every split into words: full ones, and what is left in 4, 2 and 1 bytes.
#[test]
fn every_size_and_alignment_survives() {
    survives_a_round_trip(&[(), ()]);
    survives_a_round_trip(&[0u8, 255]);
    survives_a_round_trip(&[[1u8, 2, 3], [255, 0, 128]]);
    survives_a_round_trip(&[[1u8; 7], [9; 7]]);
    survives_a_round_trip(&[std::array::from_fn::<u8, 15, _>(|i| i as u8)]);
    survives_a_round_trip(&[std::array::from_fn::<u8, 16, _>(|i| i as u8)]);
    survives_a_round_trip(&[[1u16; 5], [u16::MAX; 5]]);
    survives_a_round_trip(&[[1u32; 3], [u32::MAX; 3]]);
    survives_a_round_trip(&[u128::MAX, 1, u128::MAX / 3]);
    survives_a_round_trip(&[[[1i64; 2]; 3], [[-1; 2]; 3]]);
    survives_a_round_trip(&[f64::MIN, -0.0, f64::INFINITY]);
}

#[test]
fn an_owned_cell_is_set_without_a_write() {
    let mut cell = SeqCell::new([1u64, 2]);
    cell.set_mut([3, 4]);
    assert_eq!(cell.read(), [3, 4]);
    assert_eq!(cell.into_inner(), [3, 4]);
}

#[test]
fn a_panicking_update_leaves_the_value() {
    let cell = SeqCell::from([1u64, 2]);
    catch_unwind(AssertUnwindSafe(|| cell.update(|_| panic!("boom")))).unwrap_err();
    assert_eq!(cell.read(), [1, 2]);
    assert_eq!(format!("{cell:?}"), "SeqCell([1, 2])");
}

#[test]
fn a_cell_is_never_torn_and_loses_no_update() {
    let rounds = if cfg!(miri) { 20 } else { 20_000 };
    let (cell, done) = (SeqCell::new([0u64; 4]), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..rounds {
                        cell.update(|words| words.map(|w| w + 1));
                    }
                })
            })
            .collect();
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(SeqCst) {
                    let seen = cell.read();
                    assert_eq!(seen, [seen[0]; 4]);
                    if let Some(seen) = cell.try_read() {
                        assert_eq!(seen, [seen[0]; 4]);
                    }
                }
            });
        }
        writers.into_iter().for_each(|w| w.join().unwrap());
        done.store(true, SeqCst);
    });
    assert_eq!(cell.into_inner(), [2 * rounds; 4]);
}
