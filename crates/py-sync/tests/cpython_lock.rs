//! The cases of CPython's own `Modules/_testinternalcapi/test_lock.c`, by their names there.

use py_sync::{Event, Mutex, OnceFlag, RecursiveMutex, RwMutex};
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);

fn byte(m: &Mutex) -> u8 {
    // SAFETY: alive as long as `m`, and read atomically.
    unsafe { AtomicU8::from_ptr(m.as_ptr()) }.load(SeqCst)
}

fn word(m: &RwMutex) -> usize {
    // SAFETY: `RwMutex` is `repr(transparent)` over one atomic word.
    unsafe { &*std::ptr::from_ref(m).cast::<AtomicUsize>() }.load(SeqCst)
}

/// Polls as C's tests do, for longer: the machine may be busy.
fn wait_until(condition: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if condition() {
            return;
        }
        std::thread::sleep(MS * 10);
    }
    panic!("never came");
}

#[test]
fn test_lock_basic() {
    let m = Mutex::new();
    m.lock();
    assert_eq!(byte(&m), 1);
    m.unlock();
    assert_eq!(byte(&m), 0);
}

#[test]
fn test_lock_two_threads() {
    let (m, done) = (Mutex::new(), Event::new());
    m.lock();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            m.lock();
            // 3 if another waiter's bucket is the same (gh-135641).
            assert!(matches!(byte(&m), 1 | 3));
            m.unlock();
            done.notify();
        });
        wait_until(|| byte(&m) == 3);
        m.unlock();
        done.wait();
        assert_eq!(byte(&m), 0);
    });
}

struct Counter(Mutex, UnsafeCell<usize>);
// SAFETY: the cell is touched under the mutex only.
unsafe impl Sync for Counter {}

#[rstest::rstest]
#[case::test_lock_counter(10_000, usize::MAX)]
#[case::test_lock_counter_slow(100, 7)]
fn counter(#[case] rounds: usize, #[case] sleeps_every: usize) {
    let rounds = if cfg!(miri) { 15 } else { rounds };
    let counter = Counter(Mutex::new(), UnsafeCell::new(0));
    std::thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| {
                let counter = &counter;
                for round in 0..rounds {
                    counter.0.lock();
                    if round % sleeps_every == sleeps_every - 1 {
                        std::thread::sleep(MS * 2);
                    }
                    // SAFETY: the mutex is held.
                    unsafe { *counter.1.get() += 1 };
                    counter.0.unlock();
                }
            });
        }
    });
    assert_eq!(counter.1.into_inner(), 5 * rounds);
}

#[test]
fn test_lock_once() {
    let (once, mut counter) = (OnceFlag::new(), 0);
    for call in 0..10 {
        let result = once.call(|| {
            counter += 1;
            if counter < 5 { Err(()) } else { Ok(()) }
        });
        assert_eq!(result, if call < 4 { Err(()) } else { Ok(()) });
    }
    assert_eq!(counter, 5);
}

/// The words: 1, 0, two readers 8, a writer waits 10, it is in and readers wait 3, readers 8, 0.
#[test]
fn test_lock_rwlock() {
    let m = RwMutex::new();
    m.write_lock();
    assert_eq!(word(&m), 1);
    m.write_unlock();
    assert_eq!(word(&m), 0);

    m.read_lock();
    m.read_lock();
    assert_eq!(word(&m), 8);
    let (written, read) = (Event::new(), Event::new());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            m.write_lock();
            written.wait();
            m.write_unlock();
        });
        wait_until(|| word(&m) == 10);
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    m.read_lock();
                    read.wait();
                    m.read_unlock();
                })
            })
            .collect();
        // A waiting writer stops them: the word does not move.
        std::thread::sleep(MS * 20);
        assert_eq!(word(&m), 10);
        m.read_unlock();
        m.read_unlock();
        wait_until(|| word(&m) == 3);
        written.notify();
        wait_until(|| word(&m) == 8);
        read.notify();
        readers
            .into_iter()
            .for_each(|reader| reader.join().unwrap());
    });
    assert_eq!(word(&m), 0);
}

#[test]
fn test_lock_recursive() {
    let m = RecursiveMutex::new();
    assert!(!m.is_locked_by_current_thread());
    m.lock();
    assert!(m.is_locked_by_current_thread());
    assert_eq!(m.level(), 0);
    m.lock();
    assert!(m.is_locked_by_current_thread());
    assert_eq!(m.level(), 1);
    m.unlock();
    assert_eq!(m.level(), 0);
    m.unlock();
    assert!(!m.is_locked_by_current_thread() && !m.is_locked());
}
