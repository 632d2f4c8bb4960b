//! The typed read-write lock with real threads.
#![cfg(feature = "typed")]

use py_sync::typed::lock_api::{
    RawRwLock as _, RawRwLockDowngrade as _, RawRwLockFair as _, RawRwLockRecursive as _,
    RawRwLockRecursiveTimed as _, RawRwLockTimed as _, RawRwLockUpgrade as _,
    RawRwLockUpgradeDowngrade as _, RawRwLockUpgradeFair as _, RawRwLockUpgradeTimed as _,
};
use py_sync::typed::{
    RawRwLock, RwLock, RwLockReadGuard, RwLockUpgradableReadGuard, RwLockWriteGuard, const_rwlock,
};
use static_assertions::{assert_impl_all, assert_not_impl_any, const_assert_eq};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

const MS: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(60);
const UPGRADABLE: usize = 1 << (usize::BITS - 1);

const_assert_eq!(size_of::<RawRwLock>(), size_of::<usize>());
assert_impl_all!(RwLock<u8>: Send, Sync);
assert_not_impl_any!(RwLockReadGuard<'static, u8>: Send);
assert_not_impl_any!(RwLockWriteGuard<'static, u8>: Send);

static COUNT: RwLock<u32> = const_rwlock(7);

fn word(raw: &RawRwLock) -> usize {
    // SAFETY: `RawRwLock` is `repr(transparent)` over one atomic word.
    unsafe { &*std::ptr::from_ref(raw).cast::<AtomicUsize>() }.load(SeqCst)
}

#[track_caller]
fn wait_for_word(raw: &RawRwLock, expected: usize) {
    for _ in 0..2_000 {
        if word(raw) == expected {
            return;
        }
        std::thread::sleep(MS);
    }
    panic!("the word is {:#x}, not {expected:#x}", word(raw));
}

#[test]
fn every_word_without_an_upgradable_reader_is_cpythons() {
    assert_eq!(*COUNT.read(), 7);
    // SAFETY: all-zero bytes are an unlocked raw lock.
    let raw: RawRwLock = unsafe { std::mem::zeroed() };
    raw.lock_shared();
    raw.lock_shared_recursive();
    assert_eq!(word(&raw), 8);
    raw.lock_upgradable();
    assert_eq!(word(&raw), UPGRADABLE + 8);
    assert!(raw.is_locked() && !raw.is_locked_exclusive());
    assert!(!raw.try_lock_upgradable() && !raw.try_lock_exclusive());
    // SAFETY: each is held, and given up once.
    unsafe {
        assert!(!raw.try_upgrade());
        raw.unlock_shared();
        raw.unlock_shared();
        assert!(raw.try_upgrade());
        assert_eq!(word(&raw), 1);
        raw.downgrade_to_upgradable();
        assert_eq!(word(&raw), UPGRADABLE);
        raw.downgrade_upgradable();
        assert_eq!(word(&raw), 4);
        raw.unlock_shared();
        raw.lock_exclusive();
        raw.downgrade();
        assert_eq!(word(&raw), 4);
        raw.unlock_shared_fair();
        raw.lock_upgradable();
        raw.bump_upgradable();
        raw.unlock_upgradable_fair();
        raw.lock_exclusive();
        raw.bump_exclusive();
        raw.unlock_exclusive_fair();
        raw.lock_shared();
        raw.bump_shared();
        raw.unlock_shared();
    }
    assert_eq!(word(&raw), 0);
    assert!(!raw.is_locked());
}

#[test]
fn timed_locks_last_their_time_and_leave_no_trace() {
    let raw = RawRwLock::INIT;
    raw.lock_exclusive();
    let start = Instant::now();
    assert!(!raw.try_lock_shared_for(MS * 5));
    assert!(!raw.try_lock_exclusive_for(MS * 5));
    assert!(!raw.try_lock_shared_recursive_for(MS * 5));
    assert!(!raw.try_lock_upgradable_for(MS * 5));
    assert!(start.elapsed() >= MS * 20);
    for instant in [start, Instant::now() + MS] {
        assert!(!raw.try_lock_shared_until(instant) && !raw.try_lock_exclusive_until(instant));
        assert!(!raw.try_lock_shared_recursive_until(instant));
        assert!(!raw.try_lock_upgradable_until(instant));
    }
    // SAFETY: locked above.
    unsafe { raw.unlock_exclusive() };
    assert_eq!(word(&raw), 0);
    raw.lock_shared();
    raw.lock_upgradable();
    // SAFETY: held, and given up once.
    unsafe {
        assert!(!raw.try_upgrade_for(Duration::ZERO) && !raw.try_upgrade_for(MS));
        assert!(!raw.try_upgrade_until(Instant::now() + MS));
        assert_eq!(word(&raw), UPGRADABLE + 4, "it gave up without a trace");
        raw.unlock_shared();
        assert!(raw.try_upgrade_for(MS));
        raw.unlock_exclusive();
    }
    assert_eq!(word(&raw), 0);
}

/// RustPython/RustPython#1831, and the same while an upgrade waits.
#[test]
fn a_second_read_of_a_thread_goes_past_who_waits() {
    let lock = RwLock::new(0);
    let first = lock.read();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| *lock.write() += 1);
        // SAFETY: looks at the word only.
        wait_for_word(unsafe { lock.raw() }, 6);
        assert!(lock.try_read().is_none());
        drop(lock.read_recursive());
        drop(lock.try_read_recursive_for(LONG).expect("nothing stops it"));
        drop(first);
        writer.join().unwrap();
        let first = lock.read();
        let upgrade = scope.spawn(|| {
            *RwLockUpgradableReadGuard::upgrade(lock.upgradable_read()) += 1;
        });
        // SAFETY: as above.
        wait_for_word(unsafe { lock.raw() }, UPGRADABLE + 4 + 3);
        assert!(lock.try_read().is_none());
        drop(lock.read_recursive());
        drop(first);
        upgrade.join().unwrap();
    });
    assert_eq!(*lock.read(), 2);
}

/// Whoever waits for an upgradable reader does not stop readers: it may wait for one of them.
#[test]
fn an_upgradable_reader_may_wait_for_a_reader() {
    let lock = RwLock::new(0);
    let upgradable = lock.upgradable_read();
    std::thread::scope(|scope| {
        scope.spawn(|| *lock.write() += 1);
        scope.spawn(|| drop(lock.upgradable_read()));
        // SAFETY: looks at the word only.
        wait_for_word(unsafe { lock.raw() }, UPGRADABLE + 2);
        std::thread::sleep(MS * 5);
        let reader = scope.spawn(|| *lock.read());
        assert_eq!(reader.join().unwrap(), 0);
        drop(upgradable);
    });
    assert_eq!(*lock.read(), 1);
    // SAFETY: looks at the word only.
    assert_eq!(word(unsafe { lock.raw() }), 0);
}

#[test]
fn an_upgrade_stops_new_readers_until_it_gives_up() {
    let (lock, seen) = (RwLock::new(0), AtomicBool::new(false));
    let reader = lock.read();
    std::thread::scope(|scope| {
        let upgrade = scope.spawn(|| {
            let mut guard = lock.upgradable_read();
            while !seen.load(SeqCst) {
                match RwLockUpgradableReadGuard::try_upgrade_for(guard, MS * 20) {
                    Ok(_) => panic!("there is a reader"),
                    Err(still) => guard = still,
                }
            }
            assert_eq!(*guard, 0);
        });
        // SAFETY: looks at the word only.
        wait_for_word(unsafe { lock.raw() }, UPGRADABLE + 4 + 3);
        let late = scope.spawn(|| *lock.try_read_for(LONG).expect("it gave up"));
        assert_eq!(late.join().unwrap(), 0);
        seen.store(true, SeqCst);
        upgrade.join().unwrap();
        drop(reader);
    });
    // SAFETY: looks at the word only.
    assert_eq!(word(unsafe { lock.raw() }), 0);
}

#[test]
fn a_downgrade_lets_readers_in_and_no_writer() {
    let lock = RwLock::new(0);
    let mut writing = lock.write();
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| *lock.read());
        // SAFETY: looks at the word only.
        wait_for_word(unsafe { lock.raw() }, 3);
        *writing = 1;
        let reading = RwLockWriteGuard::downgrade(writing);
        assert_eq!(reader.join().unwrap(), 1);
        assert!(lock.try_write().is_none());
        drop(reading);
    });
    assert!(lock.try_write().is_some());
}

/// The last reader hands a writer that just came the lock, if it unlocks fairly.
#[test]
fn a_fair_read_unlock_hands_over_to_the_writer() {
    let raw = RawRwLock::INIT;
    for _ in 0..if cfg!(miri) { 3 } else { 100 } {
        raw.lock_shared();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                raw.lock_exclusive();
                std::thread::sleep(MS);
                // SAFETY: locked above.
                unsafe { raw.unlock_exclusive() };
            });
            wait_for_word(&raw, 6);
            // SAFETY: locked above.
            unsafe { raw.unlock_shared_fair() };
            assert!(
                !raw.try_lock_shared() || word(&raw) == 4,
                "it was never free"
            );
            if word(&raw) == 4 {
                // SAFETY: locked above: the writer is done.
                unsafe { raw.unlock_shared() };
            }
        });
    }
    assert_eq!(word(&raw), 0);
}

/// Readers, writers, upgraders, timed and not: writers are alone, and nobody is forgotten.
#[test]
fn writers_are_alone_and_nobody_is_forgotten() {
    let rounds = if cfg!(miri) { 12 } else { 4_000 };
    let lock = RwLock::new([0_usize; 2]);
    let add = |pair: &mut [usize; 2]| {
        assert_eq!(pair[0], pair[1]);
        *pair = pair.map(|n| n + 1);
    };
    let work = |seed: usize| {
        let mut written = 0;
        for round in 0..rounds {
            let timeout = Duration::from_nanos((round * seed * 61 % 30_000) as u64);
            match (round * 7 + seed) % 11 {
                0 => {
                    add(&mut lock.write());
                    written += 1;
                }
                1 => {
                    if let Some(mut guard) = lock.try_write_for(timeout) {
                        add(&mut guard);
                        written += 1;
                    }
                }
                2 => {
                    let mut guard = RwLockUpgradableReadGuard::upgrade(lock.upgradable_read());
                    add(&mut guard);
                    written += 1;
                    let guard = RwLockWriteGuard::downgrade_to_upgradable(guard);
                    let guard = RwLockUpgradableReadGuard::downgrade(guard);
                    assert_eq!(guard[0], guard[1]);
                }
                3 => {
                    let guard = lock.upgradable_read();
                    match RwLockUpgradableReadGuard::try_upgrade_for(guard, timeout) {
                        Ok(mut guard) => {
                            add(&mut guard);
                            written += 1;
                            RwLockWriteGuard::unlock_fair(guard);
                        }
                        Err(guard) => assert_eq!(guard[0], guard[1]),
                    }
                }
                4 => {
                    if let Some(guard) = lock.try_upgradable_read_for(timeout) {
                        assert_eq!(guard[0], guard[1]);
                        RwLockUpgradableReadGuard::unlock_fair(guard);
                    }
                }
                5 => {
                    let mut guard = lock.write();
                    add(&mut guard);
                    written += 1;
                    let guard = RwLockWriteGuard::downgrade(guard);
                    assert_eq!(guard[0], guard[1]);
                }
                6 => {
                    let mut guard = lock.read();
                    RwLockReadGuard::bump(&mut guard);
                    assert_eq!(guard[0], guard[1]);
                    RwLockReadGuard::unlock_fair(guard);
                }
                7 => {
                    if let Some(guard) = lock.try_read_for(timeout) {
                        assert_eq!(guard[0], guard[1]);
                    }
                }
                8 => {
                    let (outer, inner) = (lock.read(), lock.read_recursive());
                    assert_eq!(*outer, *inner);
                }
                _ => {
                    let guard = lock.read();
                    assert_eq!(guard[0], guard[1]);
                }
            }
        }
        written
    };
    let written: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6).map(|seed| scope.spawn(move || work(seed))).collect();
        threads.into_iter().map(|t| t.join().unwrap()).sum()
    });
    assert_eq!(*lock.read(), [written; 2]);
    assert!(lock.try_write().is_some());
}
