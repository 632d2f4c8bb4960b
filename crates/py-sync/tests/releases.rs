//! Misuse by several threads at once: any thread may release a lock, but one that was taken once can
//! be released once.

use py_sync::{Mutex, RwMutex};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Three threads take and release as they like for a while. How often that went well, and how often
/// the lock could be released once they had ended.
fn takes_and_releases(take: impl Fn(u64) -> bool + Sync, release: impl Fn() -> u64 + Sync) {
    let stop = AtomicBool::new(false);
    let [taken, released] = [(); 2].map(|()| AtomicU64::new(0));
    let span = Duration::from_millis(if cfg!(miri) { 20 } else { 400 });
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut round = 0;
                while !stop.load(Relaxed) {
                    taken.fetch_add(u64::from(take(round)), Relaxed);
                    released.fetch_add(release(), Relaxed);
                    round += 1;
                }
            });
        }
        let start = Instant::now();
        while start.elapsed() < span {
            std::thread::sleep(Duration::from_millis(5));
        }
        stop.store(true, Relaxed);
    });
    loop {
        match release() {
            0 => break,
            more => released.fetch_add(more, Relaxed),
        };
    }
    let (taken, released) = (taken.into_inner(), released.into_inner());
    assert!(taken > 0);
    assert_eq!(taken, released);
}

#[test]
fn a_mutex_is_released_as_often_as_it_is_taken() {
    let m = Mutex::new();
    takes_and_releases(|_| m.try_lock(), || u64::from(m.try_unlock()));
    assert!(!m.is_locked());
}

/// The parked bit is set now and then: some takes wait for a moment.
#[test]
fn a_mutex_with_waiters_is_released_as_often_as_it_is_taken() {
    use py_sync::{LockFlags, LockStatus};
    let m = Mutex::new();
    let take = |round: u64| match round % 4 {
        0 => {
            let briefly = Some(Duration::from_micros(200));
            m.lock_timed(briefly, LockFlags::NONE) == LockStatus::Acquired
        }
        _ => m.try_lock(),
    };
    takes_and_releases(take, || u64::from(m.try_unlock()));
    assert!(!m.is_locked());
}

/// An unlock too many of a read-write lock panics, and changes nothing.
#[test]
fn a_read_write_lock_is_released_as_often_as_it_is_taken() {
    use std::panic::catch_unwind;
    std::panic::set_hook(Box::new(|_| ()));
    let m = RwMutex::new();
    let take = |round: u64| match round % 3 {
        0 => m.try_write_lock(),
        _ => m.try_read_lock(),
    };
    let release = || {
        let write = catch_unwind(|| m.write_unlock()).is_ok();
        let read = catch_unwind(|| m.read_unlock()).is_ok();
        u64::from(write) + u64::from(read)
    };
    takes_and_releases(take, release);
    assert!(!m.is_read_locked() && !m.is_write_locked());
    let _ = std::panic::take_hook();
}
