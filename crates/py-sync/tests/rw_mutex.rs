//! [`RwMutex`] with real threads.

use py_sync::{LockFlags, LockStatus, RwMutex};
use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

const MS: Duration = Duration::from_millis(1);
const LONG: Option<Duration> = Some(Duration::from_secs(60));

/// The word, as C would read it.
fn word(m: &RwMutex) -> usize {
    // SAFETY: `RwMutex` is `repr(transparent)` over one atomic word.
    unsafe { &*std::ptr::from_ref(m).cast::<AtomicUsize>() }.load(SeqCst)
}

fn with_word(word: usize) -> RwMutex {
    // SAFETY: as above.
    unsafe { std::mem::transmute(AtomicUsize::new(word)) }
}

fn wait_for_word(m: &RwMutex, expected: usize) {
    for _ in 0..2_000 {
        if word(m) == expected {
            return;
        }
        std::thread::sleep(MS);
    }
    panic!("the word is {}, not {expected}", word(m));
}

#[test]
fn readers_count_in_fours_and_a_writer_is_one() {
    let m = RwMutex::default();
    for readers in 1..4 {
        m.read_lock();
        assert_eq!(word(&m), 4 * readers);
        assert!(m.is_read_locked() && !m.is_write_locked() && !m.try_write_lock());
    }
    assert_eq!(
        format!("{m:?}"),
        "RwMutex { writer: false, readers: 3, parked: false }"
    );
    (0..3).for_each(|_| m.read_unlock());
    assert_eq!(word(&m), 0);
    m.write_lock();
    assert_eq!(word(&m), 1);
    assert!(m.is_write_locked() && !m.is_read_locked());
    assert!(!m.try_read_lock() && !m.try_read_lock_recursive() && !m.try_write_lock());
    m.write_unlock();
    assert_eq!(word(&m), 0);
}

/// Unlocking what is not locked that way, from every quiet word.
#[rstest::rstest]
#[case(0, true, true)]
#[case(1, true, false)]
#[case(3, true, false)]
#[case(4, false, true)]
#[case(8, false, true)]
fn misuse_panics_and_leaves_the_word(
    #[case] before: usize,
    #[case] read_unlock_is_wrong: bool,
    #[case] write_unlock_is_wrong: bool,
) {
    for (wrong, unlock, words) in [
        (
            read_unlock_is_wrong,
            RwMutex::read_unlock as fn(&RwMutex),
            "lock was not read-locked",
        ),
        (
            write_unlock_is_wrong,
            RwMutex::write_unlock,
            "lock was not write-locked",
        ),
    ] {
        let m = with_word(before);
        let result = catch_unwind(AssertUnwindSafe(|| unlock(&m)));
        match wrong {
            true => {
                assert_eq!(result.unwrap_err().downcast_ref(), Some(&words));
                assert_eq!(word(&m), before);
            }
            false => result.unwrap(),
        }
    }
}

#[test]
fn too_many_readers_panic_and_leave_the_word() {
    let full = 1 << (usize::BITS - 3);
    for lock in [
        RwMutex::read_lock as fn(&RwMutex),
        RwMutex::read_lock_recursive,
        |m| assert!(m.try_read_lock()),
        |m| assert!(m.try_read_lock_recursive()),
    ] {
        let m = with_word(full);
        let panic = catch_unwind(AssertUnwindSafe(|| lock(&m))).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"too many readers"));
        assert_eq!(word(&m), full);
        m.read_unlock();
        lock(&m);
        assert_eq!(word(&m), full);
    }
}

#[test]
fn a_waiting_writer_stops_new_readers_but_recursive_ones() {
    let m = RwMutex::new();
    m.read_lock();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            m.write_lock();
            m.write_unlock();
        });
        wait_for_word(&m, 6);
        assert!(!m.try_read_lock());
        let zero = Some(Duration::ZERO);
        assert_eq!(
            m.read_lock_timed(zero, LockFlags::NONE),
            LockStatus::Failure
        );
        let brief = m.read_lock_timed(Some(MS * 5), LockFlags::DETACH);
        assert_eq!(brief, LockStatus::Failure);
        assert!(m.try_read_lock_recursive());
        m.read_lock_recursive();
        let recursive = m.read_lock_recursive_timed(LONG, LockFlags::NONE);
        assert_eq!(recursive, LockStatus::Acquired);
        assert_eq!(word(&m), 18);
        (0..4).for_each(|_| m.read_unlock());
    });
    assert_eq!(word(&m), 0);
}

/// The readers who only waited behind it go on at once, though another reader is in for long.
#[test]
fn a_writer_that_gives_up_lets_the_readers_behind_it_in() {
    let m = RwMutex::new();
    m.read_lock();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| m.write_lock_timed(Some(MS * 100), LockFlags::DETACH));
        wait_for_word(&m, 6);
        let readers: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| m.read_lock_timed(LONG, LockFlags::DETACH)))
            .collect();
        assert_eq!(writer.join().unwrap(), LockStatus::Failure);
        for reader in readers {
            assert_eq!(reader.join().unwrap(), LockStatus::Acquired);
        }
    });
    assert_eq!(word(&m), 16, "four readers, and nobody is parked");
    assert!(m.try_read_lock());
}

#[test]
fn a_timed_lock_lasts_its_time() {
    let m = RwMutex::new();
    m.write_lock();
    for lock in [RwMutex::read_lock_timed, RwMutex::write_lock_timed] {
        let start = Instant::now();
        assert_eq!(
            lock(&m, Some(MS * 10), LockFlags::DETACH),
            LockStatus::Failure
        );
        assert!(start.elapsed() >= MS * 10);
        assert_eq!(word(&m), 3);
    }
    m.write_unlock();
    assert_eq!(word(&m), 0);
}

/// A writer and a reader wait: the unlock passes the lock on in the order of their arrival.
#[rstest::rstest]
#[case::writer_first(true)]
#[case::reader_first(false)]
fn an_overdue_front_is_handed_the_lock(#[case] writer_first: bool) {
    let m = RwMutex::new();
    m.write_lock();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            if writer_first {
                m.write_lock();
                std::thread::sleep(MS * 20);
                m.write_unlock();
            } else {
                m.read_lock();
                std::thread::sleep(MS * 20);
                m.read_unlock();
            }
        });
        wait_for_word(&m, 3);
        std::thread::sleep(MS * 20);
        m.write_unlock();
        assert!(!m.try_write_lock(), "it was never free");
        assert_eq!(m.try_read_lock(), !writer_first);
        if !writer_first {
            m.read_unlock();
        }
    });
    assert_eq!(word(&m), 0);
}

/// Readers and writers, timed, untimed, recursive: writers are alone, nobody is forgotten.
#[test]
fn writers_are_alone_and_nobody_is_forgotten() {
    struct Shared(RwMutex, UnsafeCell<[usize; 2]>);
    // SAFETY: the cell is written under the write lock and read under a read lock only.
    unsafe impl Sync for Shared {}
    let rounds = if cfg!(miri) { 12 } else { 4_000 };
    let shared = Shared(RwMutex::new(), UnsafeCell::new([0; 2]));
    let written: usize = std::thread::scope(|scope| {
        let work = |seed: usize| {
            let shared = &shared;
            let mut written = 0;
            for round in 0..rounds {
                let nanos = (round * seed * 61 % 30_000) as u64;
                let timeout = (seed % 3 != 0).then_some(Duration::from_nanos(nanos));
                let m = &shared.0;
                if (round + seed) % 5 == 0 {
                    if m.write_lock_timed(timeout, LockFlags::NONE) == LockStatus::Acquired {
                        // SAFETY: the write lock is held.
                        unsafe { *shared.1.get() = (*shared.1.get()).map(|n| n + 1) };
                        m.write_unlock();
                        written += 1;
                    }
                    continue;
                }
                let status = match round % 4 {
                    0 => m.read_lock_recursive_timed(timeout, LockFlags::NONE),
                    _ => m.read_lock_timed(timeout, LockFlags::NONE),
                };
                if status == LockStatus::Acquired {
                    // SAFETY: a read lock is held.
                    let [a, b] = unsafe { *shared.1.get() };
                    assert_eq!(a, b);
                    m.read_unlock();
                }
            }
            written
        };
        let threads: Vec<_> = (0..6).map(|seed| scope.spawn(move || work(seed))).collect();
        threads.into_iter().map(|t| t.join().unwrap()).sum()
    });
    assert_eq!(shared.1.into_inner(), [written; 2]);
    assert_eq!(word(&shared.0) & !2, 0);
    assert!(shared.0.try_write_lock());
}

#[test]
fn guards_unlock() {
    let m = RwMutex::new();
    {
        let (_a, _b) = (m.read_guard(), m.try_read_guard().unwrap());
        assert_eq!(word(&m), 8);
        assert!(m.try_write_guard().is_none());
    }
    {
        let _guard = m.write_guard();
        assert!(m.try_read_guard().is_none() && m.try_write_guard().is_none());
    }
    assert_eq!(word(&m), 0);
}
