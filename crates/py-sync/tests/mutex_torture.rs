//! Threads with random timeouts fight for a few mutexes that share a bucket, and a watchdog looks
//! whether anybody still gets a turn. `PY_SYNC_TORTURE_MS` makes it longer; the default is short.

use py_sync::{LockFlags, LockStatus, Mutex};
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

struct Table {
    /// Three mutexes, 257 bytes apart: the same bucket.
    bytes: UnsafeCell<[u8; 257 * 3]>,
    counts: [UnsafeCell<u64>; 3],
}

// SAFETY: the bytes are mutexes, each count is touched while its mutex is held.
unsafe impl Sync for Table {}

impl Table {
    fn mutex(&self, i: usize) -> &Mutex {
        // SAFETY: inside the array, which lives as long as `self` and is touched as mutexes only.
        unsafe { Mutex::from_ptr(self.bytes.get().cast::<u8>().add(257 * i)) }
    }

    fn increment(&self, i: usize) {
        // SAFETY: the caller holds mutex `i`.
        unsafe { *self.counts[i].get() += 1 };
    }
}

fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// One thread: how often it got each mutex.
fn fight(table: &Table, seed: u64, stop: &AtomicBool, turns: &AtomicU64) -> [u64; 3] {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut got = [0; 3];
    while !stop.load(Relaxed) {
        let i = (random(&mut state) % 3) as usize;
        let timeout = match random(&mut state) % 8 {
            0 => Some(Duration::ZERO),
            1..=4 => Some(Duration::from_nanos(random(&mut state) % 2_000_000)),
            _ => None,
        };
        if table.mutex(i).lock_timed(timeout, LockFlags::NONE) != LockStatus::Acquired {
            continue;
        }
        table.increment(i);
        got[i] += 1;
        turns.fetch_add(1, Relaxed);
        match random(&mut state) % 64 {
            0 => std::thread::yield_now(),
            1 if cfg!(not(miri)) => {
                std::thread::sleep(Duration::from_micros(random(&mut state) % 1_500));
            }
            _ => {}
        }
        table.mutex(i).unlock();
    }
    got
}

#[rstest::rstest]
fn nobody_is_lost(#[values(2, 3, 5, 16)] threads: u64) {
    let millis = std::env::var("PY_SYNC_TORTURE_MS");
    let millis = millis
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(if cfg!(miri) { 25 } else { 250 });
    let table = Table {
        bytes: UnsafeCell::new([0; 257 * 3]),
        counts: [const { UnsafeCell::new(0) }; 3],
    };
    let (stop, turns) = (AtomicBool::new(false), AtomicU64::new(0));
    let got: Vec<[u64; 3]> = std::thread::scope(|scope| {
        let (table, stop, turns) = (&table, &stop, &turns);
        let fighters: Vec<_> = (0..if cfg!(miri) { 2 } else { threads })
            .map(|seed| scope.spawn(move || fight(table, seed + 1, stop, turns)))
            .collect();
        watch(turns, stop, Duration::from_millis(millis));
        fighters.into_iter().map(|f| f.join().unwrap()).collect()
    });
    for i in 0..3 {
        let sum: u64 = got.iter().map(|g| g[i]).sum();
        assert!(table.mutex(i).try_lock());
        // SAFETY: the mutex is held.
        assert_eq!(unsafe { *table.counts[i].get() }, sum);
        table.mutex(i).unlock();
    }
}

/// The watchdog: ends the fight after `time`, and the process if nobody gets a turn for long.
fn watch(turns: &AtomicU64, stop: &AtomicBool, time: Duration) {
    let (start, patience) = (Instant::now(), Duration::from_secs(60));
    let (mut seen, mut since) = (0, start);
    while start.elapsed() < time {
        std::thread::sleep(Duration::from_millis(5));
        let now = turns.load(Relaxed);
        if now != seen {
            (seen, since) = (now, Instant::now());
        }
        if since.elapsed() > patience {
            eprintln!("no turn for {patience:?}: a wake-up was lost");
            std::process::abort();
        }
    }
    stop.store(true, Relaxed);
}
