//! Real forks with parked threads: the child's lot is empty, and works.
#![cfg(all(unix, not(miri)))]

use py_sync::{LockFlags, LockStatus, Mutex, ParkStatus, park, unpark_all};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

/// Runs `child` in a forked child, and fails unless it says true within ten seconds.
fn in_forked_child(child: impl FnOnce() -> bool) {
    // SAFETY: the child calls `child` and then `_exit`, and nothing that the parent's other threads
    // may hold: our locks are what is tested, and glibc resets its allocator's in the child.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0);
    if pid == 0 {
        // SAFETY: ends this process at the latest in ten seconds.
        unsafe { libc::alarm(10) };
        let ok = std::panic::catch_unwind(std::panic::AssertUnwindSafe(child)).unwrap_or(false);
        // SAFETY: ends the child without running the parent's exit handlers.
        unsafe { libc::_exit(if ok { 0 } else { 1 }) };
    }
    let mut status = 0;
    // SAFETY: `status` is ours to write; `pid` is our child.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    assert!(libc::WIFEXITED(status), "the child was killed: {status:#x}");
    assert_eq!(libc::WEXITSTATUS(status), 0, "the child says no");
}

/// Twelve threads on one mutex and twelve on keys of their own; the child unlocks, locks, parks.
#[test]
fn a_child_forgets_its_parents_waiters() {
    let mutex: &'static Mutex = Box::leak(Box::new(Mutex::new()));
    let keys: &'static [u8; 12] = Box::leak(Box::new([0; 12]));
    let stop = Arc::new(AtomicBool::new(false));
    mutex.lock();
    let key = |i: usize| (&raw const keys[i]).addr();
    let lockers = (0..12).map(|_| std::thread::spawn(|| drop(mutex.lock_guard())));
    let parkers = (0..12).map(|i| {
        let stop = Arc::clone(&stop);
        std::thread::spawn(move || {
            while !stop.load(SeqCst) {
                // SAFETY: the key is the address of a byte of this test's.
                let _ = unsafe {
                    park(
                        (&raw const keys[i]).addr(),
                        || true,
                        i,
                        None,
                        LockFlags::NONE,
                    )
                };
            }
        })
    });
    let threads: Vec<_> = lockers.chain(parkers).collect();
    std::thread::sleep(Duration::from_millis(50));

    for _ in 0..50 {
        in_forked_child(|| {
            // SAFETY: the keys are this test's own.
            let none_left = (0..12).all(|i| unsafe { unpark_all(key(i)) } == 0);
            // The byte is 3, as at the fork: the unlock finds nobody.
            mutex.unlock();
            let free = mutex.try_lock();
            let timeout = Some(Duration::from_millis(1));
            let held = mutex.lock_timed(timeout, LockFlags::DETACH) == LockStatus::Failure;
            // SAFETY: as above.
            let parked = unsafe { park(key(0), || true, 0, timeout, LockFlags::NONE) };
            none_left && free && held && parked == ParkStatus::Timeout
        });
    }

    mutex.unlock();
    stop.store(true, SeqCst);
    while !threads.iter().all(std::thread::JoinHandle::is_finished) {
        for i in 0..12 {
            // SAFETY: as above.
            unsafe { unpark_all(key(i)) };
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    for thread in threads {
        thread.join().unwrap();
    }
}
