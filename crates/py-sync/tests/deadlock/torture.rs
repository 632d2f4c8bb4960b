//! Programs that have no deadlock, under a check that never rests.

use super::{at, found_at};
use py_sync::{
    LockFlags, Mutex, OnceFlag, RawMutex, RecursiveMutex, RwMutex, with_critical_section,
};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const THREADS: u64 = 6;
const ROUNDS: usize = if cfg!(miri) { 20 } else { 20_000 };
/// On a busy machine each hand-over waits for a processor: then it is fewer rounds.
const MOST: Duration = Duration::from_secs(3);

/// What they share. Locks of one level are taken from left to right, the levels from top to bottom.
static SECTIONS: [Mutex; 3] = [const { Mutex::new() }; 3];
static RECURSIVE: RecursiveMutex = RecursiveMutex::new();
static MUTEXES: [Mutex; 3] = [const { Mutex::new() }; 3];
static RW: [RwMutex; 2] = [const { RwMutex::new() }; 2];
static RAW: RawMutex = RawMutex::new();
static DONE: AtomicBool = AtomicBool::new(false);

struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n) as usize
    }
}

fn section(random: &mut Random) {
    // In any order, and sleeping inside: a section gives way.
    let (a, b) = (random.below(3), random.below(3));
    with_critical_section(&SECTIONS[a], |_| {
        with_critical_section(&SECTIONS[b], |_| mutexes(random));
        drop(MUTEXES[random.below(3)].lock_guard());
    });
}

fn mutexes(random: &mut Random) {
    let recursive = random.below(2) == 0;
    let levels = random.below(3);
    if recursive {
        (0..=levels).for_each(|_| RECURSIVE.lock());
    }
    let from = random.below(3);
    let held = &MUTEXES[from..];
    held.iter().for_each(Mutex::lock);
    rw(random);
    held.iter().for_each(Mutex::unlock);
    if recursive {
        (0..=levels).for_each(|_| RECURSIVE.unlock());
    }
}

fn rw(random: &mut Random) {
    for rw in &RW {
        match random.below(4) {
            0 => {
                rw.write_lock();
                raw(random);
                rw.write_unlock();
            }
            1 => {
                rw.read_lock();
                rw.read_lock_recursive();
                raw(random);
                rw.read_unlock();
                rw.read_unlock();
            }
            2 => drop(rw.read_guard()),
            // Given up and begun anew.
            _ => {
                if rw
                    .write_lock_timed(Some(super::TICK / 20), LockFlags::NONE)
                    .is_acquired()
                {
                    rw.write_unlock();
                }
            }
        }
    }
    #[cfg(feature = "typed")]
    upgrades(random);
}

#[cfg(feature = "typed")]
fn upgrades(random: &mut Random) {
    use py_sync::typed::{RwLock, RwLockUpgradableReadGuard as Guard, RwLockWriteGuard};
    static LOCK: RwLock<u64> = RwLock::new(0);
    match random.below(5) {
        0 => {
            let mut writes = Guard::upgrade(LOCK.upgradable_read());
            *writes += 1;
            drop(RwLockWriteGuard::downgrade_to_upgradable(writes));
        }
        1 => drop(Guard::downgrade(LOCK.upgradable_read())),
        2 => drop(RwLockWriteGuard::downgrade(LOCK.write())),
        // A reader that reads again while writers wait: only in this way.
        3 => drop((LOCK.read(), LOCK.read_recursive())),
        _ => *LOCK.write() += 1,
    }
}

fn raw(random: &mut Random) {
    let _held = RAW.lock_guard();
    if random.below(8) == 0 {
        thread::yield_now();
    }
}

/// Each thread's own flags: an initialiser takes locks, and so do those that wait for it.
fn once(random: &mut Random, onces: &[OnceFlag]) {
    let i = random.below(onces.len() as u64);
    let fails = random.below(2) == 0;
    let _ = onces[i].call(|| {
        mutexes(random);
        if fails { Err(()) } else { Ok(()) }
    });
}

#[test]
fn programs_without_a_deadlock_raise_no_alarm() {
    let onces: Vec<OnceFlag> = (0..ROUNDS / 4).map(|_| OnceFlag::new()).collect();
    let start = Instant::now();
    let checks = thread::scope(|scope| {
        let work = |seed: u64| {
            let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
            for _ in 0..ROUNDS {
                if start.elapsed() > MOST {
                    break;
                }
                match random.below(4) {
                    0 => section(&mut random),
                    1 => once(&mut random, &onces),
                    _ => mutexes(&mut random),
                }
            }
        };
        let threads: Vec<_> = (1..=THREADS)
            .map(|seed| scope.spawn(move || work(seed)))
            .collect();
        let checker = scope.spawn(|| {
            let mut checks = 0_u64;
            while !DONE.load(Ordering::Relaxed) {
                assert_ours_is_empty(&onces);
                checks += 1;
            }
            checks
        });
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        DONE.store(true, Ordering::Relaxed);
        checker.join().unwrap()
    });
    assert!(checks > 0);
    println!("{checks} checks");
}

fn assert_ours_is_empty(onces: &[OnceFlag]) {
    let mut ours: Vec<usize> = SECTIONS.iter().chain(&MUTEXES).map(at).collect();
    ours.extend(RW.iter().map(|rw| rw.as_ptr().addr()));
    ours.extend(onces.iter().take(8).map(|once| once.as_ptr().addr()));
    ours.extend([RAW.as_ptr().addr(), (&raw const RECURSIVE).addr()]);
    let none: Vec<Vec<super::Wait>> = Vec::new();
    assert_eq!(found_at(&ours), none);
}
