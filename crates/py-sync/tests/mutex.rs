//! [`Mutex`] with real threads. CPython: `Modules/_testinternalcapi/test_lock.c`.

use py_sync::{LockFlags, LockStatus, Mutex};
use std::cell::UnsafeCell;
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicU8, Ordering::SeqCst};
use std::time::{Duration, Instant};

const MS: Duration = Duration::from_millis(1);

/// The byte, as C would read it.
fn byte(m: &Mutex) -> u8 {
    // SAFETY: alive as long as `m`, and read atomically.
    unsafe { AtomicU8::from_ptr(m.as_ptr()) }.load(SeqCst)
}

fn wait_for_byte(m: &Mutex, expected: u8) {
    for _ in 0..2_000 {
        if byte(m) == expected {
            return;
        }
        std::thread::sleep(MS);
    }
    panic!("the byte is {}, not {expected}", byte(m));
}

#[test]
fn lock_is_one_and_unlock_is_zero() {
    let m = Mutex::default();
    assert_eq!(byte(&m), 0);
    m.lock();
    assert_eq!(byte(&m), 1);
    assert!(m.is_locked());
    m.unlock();
    assert_eq!(byte(&m), 0);
    assert_eq!(format!("{m:?}"), "Mutex { locked: false, parked: false }");
}

#[test]
fn unlocking_an_unlocked_mutex_panics_and_changes_nothing() {
    for before in [0, 2] {
        let mut header = before;
        // SAFETY: `header` outlives `m` and is touched through it alone.
        let m = unsafe { Mutex::from_ptr(&raw mut header) };
        assert!(!m.try_unlock());
        let panic = catch_unwind(|| m.unlock()).unwrap_err();
        assert_eq!(
            panic.downcast_ref(),
            Some(&"unlocking mutex that is not locked")
        );
        assert_eq!(byte(m), before);
    }
}

#[test]
fn a_guard_of_a_free_mutex_is_had_without_waiting() {
    let m = Mutex::new();
    let guard = m.try_lock_guard().expect("it is free");
    assert!(m.try_lock_guard().is_none());
    drop(guard);
    assert_eq!(byte(&m), 0);
}

/// As in CPython, it does not even ask the holder to look for waiters.
#[test]
fn a_lock_that_may_not_wait_leaves_the_byte_alone() {
    let m = Mutex::new();
    m.lock();
    let now = Some(Duration::ZERO);
    let status = m.lock_timed(now, LockFlags::NONE);
    assert_eq!(status, LockStatus::Failure);
    assert_eq!(m.lock_with_signals(now, || Err("not asked")), Ok(false));
    assert_eq!(byte(&m), 1);
    m.unlock();
}

/// The parked bit alone refuses nobody.
#[rstest::rstest]
#[case(0)]
#[case(2)]
fn a_free_lock_is_taken_whatever_the_parked_bit(#[case] before: u8) {
    for take in [
        |m: &Mutex| m.try_lock(),
        |m: &Mutex| m.lock_timed(Some(Duration::ZERO), LockFlags::NONE) == LockStatus::Acquired,
        |m: &Mutex| m.lock_timed(None, LockFlags::DETACH) == LockStatus::Acquired,
        |m: &Mutex| {
            m.lock();
            true
        },
    ] {
        let mut header = before;
        // SAFETY: `header` outlives `m` and is touched through it alone.
        let m = unsafe { Mutex::from_ptr(&raw mut header) };
        assert!(take(m));
        assert_eq!(byte(m), before | 1);
        assert!(!m.try_lock());
        m.unlock();
        assert_eq!(byte(m), 0);
    }
}

#[test]
fn a_second_thread_parks_and_is_woken() {
    let m = Mutex::new();
    m.lock();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            m.lock();
            assert!(matches!(byte(&m), 1 | 3));
            m.unlock();
        });
        wait_for_byte(&m, 3);
        m.unlock();
    });
    assert_eq!(byte(&m), 0);
}

/// Waited for more than a millisecond: the unlock leaves the byte locked, for the waiter.
#[test]
fn an_overdue_waiter_is_handed_the_lock() {
    let m = Mutex::new();
    m.lock();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            m.lock();
            std::thread::sleep(MS * 20);
            m.unlock();
        });
        wait_for_byte(&m, 3);
        std::thread::sleep(MS * 20);
        m.unlock();
        assert!(!m.try_lock(), "it was never free");
    });
    assert!(m.try_lock());
}

#[test]
fn a_timed_lock_gives_up_and_the_next_unlock_clears_its_bit() {
    let m = Mutex::new();
    m.lock();
    for timeout in [Duration::from_nanos(1), MS, MS * 20] {
        let start = Instant::now();
        let flags = LockFlags::DETACH | LockFlags::HANDLE_SIGNALS;
        assert_eq!(m.lock_timed(Some(timeout), flags), LockStatus::Failure);
        assert!(start.elapsed() >= timeout);
        assert_eq!(byte(&m), 3);
    }
    m.unlock();
    assert_eq!(byte(&m), 0);
}

struct Counter(Mutex, UnsafeCell<usize>);
// SAFETY: the cell is touched under the mutex only.
unsafe impl Sync for Counter {}

/// `test_lock_counter` and, with a pause now and then, `test_lock_counter_slow`.
#[rstest::rstest]
#[case::fast(10_000, usize::MAX)]
#[case::slow(100, 7)]
fn threads_count_exactly(#[case] rounds: usize, #[case] pause_every: usize) {
    let rounds = if cfg!(miri) { 15 } else { rounds };
    let threads = if cfg!(miri) { 3 } else { 5 };
    let counter = Counter(Mutex::new(), UnsafeCell::new(0));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let counter = &counter;
                for round in 1..=rounds {
                    let _guard = counter.0.lock_guard();
                    if round % pause_every == 0 {
                        std::thread::sleep(MS * 2);
                    }
                    // SAFETY: the mutex is held.
                    unsafe { *counter.1.get() += 1 };
                }
            });
        }
    });
    assert_eq!(counter.1.into_inner(), threads * rounds);
    assert_eq!(byte(&counter.0), 0);
}

/// Timed and untimed lockers together: a call that returns `Acquired` has the lock, and no waiter is lost.
#[test]
fn timed_and_untimed_lockers_exclude_each_other() {
    let rounds = if cfg!(miri) { 15 } else { 3_000 };
    let counter = Counter(Mutex::new(), UnsafeCell::new(0));
    let acquired: usize = std::thread::scope(|scope| {
        let work = |seed: usize| {
            let counter = &counter;
            let mut acquired = 0;
            for round in 0..rounds {
                let nanos = (round * seed * 61 % 30_000) as u64;
                let timeout = (seed != 0).then_some(Duration::from_nanos(nanos));
                if counter.0.lock_timed(timeout, LockFlags::NONE) == LockStatus::Acquired {
                    // SAFETY: the mutex is held.
                    unsafe { *counter.1.get() += 1 };
                    std::hint::black_box(round);
                    counter.0.unlock();
                    acquired += 1;
                }
            }
            acquired
        };
        let threads: Vec<_> = (0..4).map(|seed| scope.spawn(move || work(seed))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!(counter.1.into_inner(), acquired);
    assert!(counter.0.try_lock());
}
