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

/// The words at C's steps: 1, 0; two readers 8, a writer waits 10, it is in and the readers wait
/// again 3, they read 8, and leave 0.
#[test]
fn test_lock_rwlock() {
    let rw = RwMutex::new();
    rw.write_lock();
    assert_eq!(word(&rw), 1);
    rw.write_unlock();
    assert_eq!(word(&rw), 0);

    let [step1, step2, step3] = [(); 3].map(|()| Event::new());
    std::thread::scope(|scope| {
        // Start two readers.
        for _ in 0..2 {
            scope.spawn(|| {
                rw.read_lock();
                step1.wait();
                rw.read_unlock();

                rw.read_lock();
                step3.wait();
                rw.read_unlock();
            });
        }
        wait_until(|| word(&rw) == 8);
        // Start the writer, while the readers hold the lock.
        scope.spawn(|| {
            rw.write_lock();
            step2.wait();
            rw.write_unlock();
        });
        wait_until(|| word(&rw) == 10);
        // The readers release the lock; the writer acquires it.
        step1.notify();
        wait_until(|| word(&rw) == 3);
        // The writer releases the lock; the readers acquire it.
        step2.notify();
        wait_until(|| word(&rw) == 8);
        // The readers release the lock again.
        step3.notify();
        wait_until(|| word(&rw) == 0);
    });
    assert_eq!(word(&rw), 0);
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
