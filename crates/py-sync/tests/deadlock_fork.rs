//! Deadlocks in the child of a fork: its own are found, and its parent's are not.
#![cfg(all(unix, not(miri), feature = "deadlock"))]

mod support;

use py_sync::{Mutex, RwMutex, deadlock, diagnostics};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Barrier, Mutex as StdMutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use support::{count, in_forked_child, no_longer_than, start};

/// A test that forks while another captures a backtrace would leave std's lock of backtraces locked in its
/// child, where they run as threads of one process.
fn one_at_a_time() -> MutexGuard<'static, ()> {
    static ONE: StdMutex<()> = StdMutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many threads each cycle has that comes within ten seconds.
fn cycles() -> Vec<usize> {
    for _ in 0..5_000 {
        let found = deadlock::check_deadlock();
        if !found.is_empty() {
            return found.iter().map(Vec::len).collect();
        }
        thread::sleep(Duration::from_millis(2));
    }
    Vec::new()
}

fn cross(locks: &'static [Mutex; 2], both: &'static Barrier) {
    for (first, second) in [(0, 1), (1, 0)] {
        start(move || {
            locks[first].lock();
            both.wait();
            locks[second].lock();
        });
    }
}

#[test]
fn a_child_finds_its_own_deadlocks_and_not_its_parents() {
    static PARENTS: [Mutex; 2] = [const { Mutex::new() }; 2];
    static CHILDS: [Mutex; 2] = [const { Mutex::new() }; 2];
    static BARRIERS: [Barrier; 2] = [const { Barrier::new(2) }; 2];
    let _one = one_at_a_time();
    no_longer_than(120);
    cross(&PARENTS, &BARRIERS[0]);
    assert_eq!(cycles(), [2]);
    in_forked_child(|| {
        let before = deadlock::check_deadlock().len();
        cross(&CHILDS, &BARRIERS[1]);
        before == 0 && cycles() == [2]
    });
    assert!(deadlock::check_deadlock().is_empty());
}

/// In the child the forking thread still holds its locks: a thread that waits for one waits for it.
#[test]
fn a_child_keeps_what_its_thread_holds() {
    static HELD: Mutex = Mutex::new();
    static OTHER: Mutex = Mutex::new();
    let _one = one_at_a_time();
    no_longer_than(120);
    HELD.lock();
    in_forked_child(|| {
        start(|| {
            OTHER.lock();
            HELD.lock();
        });
        start(|| {
            let checked = cycles();
            // SAFETY: ends the child.
            unsafe { libc::_exit(i32::from(checked != [2])) };
        });
        while !OTHER.is_locked() {
            thread::yield_now();
        }
        OTHER.lock();
        false
    });
    HELD.unlock();
}

/// The thread that locked it is not its holder any more: when it waits for whoever has the lock then, and
/// has no record, it does not wait for itself.
#[test]
fn a_child_forgets_who_held_what_it_has_made_anew() {
    static HELD: Mutex = Mutex::new();
    let _one = one_at_a_time();
    no_longer_than(120);
    HELD.lock();
    in_forked_child(|| {
        // SAFETY: the child has one thread, which has no guard of it, and it guards nothing.
        unsafe { HELD.at_fork_reinit() };
        // As C's inlined function locks it.
        // SAFETY: alive for ever, and touched atomically.
        let byte = unsafe { AtomicU8::from_ptr(HELD.as_ptr()) };
        byte.store(1, Ordering::SeqCst);
        start(|| {
            while diagnostics::snapshot().of(HELD.as_ptr().addr()).len() != 1 {
                thread::yield_now();
            }
            let found = deadlock::check_deadlock().len();
            // SAFETY: ends the child.
            unsafe { libc::_exit(i32::from(found != 0)) };
        });
        HELD.lock();
        false
    });
    HELD.unlock();
}

/// Forks while other threads are in the midst of recording, sleeping and checking.
#[test]
fn forks_in_the_midst_of_recording_leave_a_child_that_records() {
    static LOCKS: [Mutex; 8] = [const { Mutex::new() }; 8];
    static RW: RwMutex = RwMutex::new();
    static DONE: AtomicBool = AtomicBool::new(false);
    let _one = one_at_a_time();
    no_longer_than(300);
    thread::scope(|scope| {
        for first in 0..4 {
            scope.spawn(move || {
                while !DONE.load(Ordering::Relaxed) {
                    for lock in &LOCKS[first..] {
                        drop(lock.lock_guard());
                        drop(RW.read_guard());
                        drop(RW.write_guard());
                    }
                }
            });
        }
        scope.spawn(|| {
            while !DONE.load(Ordering::Relaxed) {
                assert!(deadlock::check_deadlock().is_empty());
            }
        });
        for _ in 0..count("PY_SYNC_FORKS", 100) {
            in_forked_child(|| {
                // Its own, since those of the parent may be held by threads that are not there.
                let (a, b): (&'static Mutex, &'static Mutex) =
                    (Box::leak(Box::default()), Box::leak(Box::default()));
                let both: &'static Barrier = Box::leak(Box::new(Barrier::new(2)));
                for (first, second) in [(a, b), (b, a)] {
                    start(move || {
                        first.lock();
                        both.wait();
                        second.lock();
                    });
                }
                cycles() == [2]
            });
        }
        DONE.store(true, Ordering::Relaxed);
    });
}
