//! Waits that look like a cycle and are none, and cycles that end.

use super::{at, end, find_nothing, found_at, give_up, report_of, until_waiting};
use py_sync::diagnostics::{self, Kind};
use py_sync::{LockFlags, LockStatus, Mutex, RecursiveMutex, RwMutex, deadlock};
use py_thread::LogicalThread;
use std::sync::Barrier;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

#[test]
fn a_cycle_with_a_timed_wait_ends_by_itself() {
    static LOCKS: [Mutex; 2] = [const { Mutex::new() }; 2];
    static BOTH: Barrier = Barrier::new(2);
    let timed = thread::spawn(|| {
        LOCKS[0].lock();
        BOTH.wait();
        // Tried again and again, as by a program that is afraid of deadlocks.
        for _ in 0..10 {
            let soon = Some(Duration::from_millis(30));
            let status = LOCKS[1].lock_timed(soon, LockFlags::DETACH);
            assert_eq!(status, LockStatus::Failure);
        }
        LOCKS[0].unlock();
    });
    let untimed = thread::spawn(|| {
        LOCKS[1].lock();
        BOTH.wait();
        LOCKS[0].lock();
        LOCKS[0].unlock();
        // The other is done with its waits.
        LOCKS[1].unlock();
    });
    while !timed.is_finished() {
        find_nothing(&[at(&LOCKS[0]), at(&LOCKS[1])]);
    }
    end(vec![timed, untimed], || ());
}

#[test]
fn a_thread_that_holds_what_nobody_it_waits_for_wants() {
    static LOCKS: [Mutex; 3] = [const { Mutex::new() }; 3];
    // 0 held by a waiter for 1, which is held by a waiter for 2, which is held by this thread.
    LOCKS[2].lock();
    let threads = [(0, 1), (1, 2)].map(|(first, second)| {
        thread::spawn(move || {
            LOCKS[first].lock();
            while !LOCKS.iter().all(Mutex::is_locked) {
                thread::yield_now();
            }
            LOCKS[second].lock();
            LOCKS[second].unlock();
            LOCKS[first].unlock();
        })
    });
    until_waiting(at(&LOCKS[2]), 1);
    until_waiting(at(&LOCKS[1]), 1);
    find_nothing(&LOCKS.each_ref().map(at));
    LOCKS[2].unlock();
    end(threads.into(), || ());
}

/// The first locker's record goes, although another thread unlocked.
#[test]
fn a_mutex_that_another_thread_has_unlocked_is_not_its_lockers() {
    static LOCKS: [Mutex; 2] = [const { Mutex::new() }; 2];
    LOCKS[1].lock();
    let (tell, told) = channel();
    let (go, gone) = channel();
    let first = thread::spawn(move || {
        LOCKS[0].lock();
        tell.send(()).unwrap();
        gone.recv().unwrap();
        LOCKS[1].lock();
        LOCKS[1].unlock();
    });
    told.recv().unwrap();
    LOCKS[0].unlock();
    LOCKS[0].lock();
    go.send(()).unwrap();
    until_waiting(at(&LOCKS[1]), 1);
    // Were lock 0 still its first locker's, this would be a cycle of two: that thread waits for lock 1,
    // whose holder waits for lock 0.
    let second = thread::spawn(|| {
        LOCKS[0].lock();
        LOCKS[0].unlock();
    });
    until_waiting(at(&LOCKS[0]), 1);
    find_nothing(&LOCKS.each_ref().map(at));
    LOCKS[0].unlock();
    LOCKS[1].unlock();
    end(vec![first, second], || ());
}

#[test]
fn a_reader_whose_lock_another_thread_has_given_up() {
    static RW: RwMutex = RwMutex::new();
    static M: Mutex = Mutex::new();
    M.lock();
    let (tell, told) = channel();
    let reader = thread::spawn(move || {
        RW.read_lock();
        tell.send(()).unwrap();
        M.lock();
        M.unlock();
    });
    told.recv().unwrap();
    RW.read_unlock();
    RW.read_lock();
    until_waiting(at(&M), 1);
    let writer = thread::spawn(|| {
        RW.write_lock();
        RW.write_unlock();
    });
    let rw = RW.as_ptr().addr();
    until_waiting(rw, 1);
    find_nothing(&[at(&M), rw]);
    RW.read_unlock();
    M.unlock();
    end(vec![reader, writer], || ());
}

/// The lock goes from hand to hand to a thread that sleeps.
#[test]
#[cfg(feature = "typed")]
fn a_mutex_that_was_handed_over_is_the_new_owners() {
    use super::{find, on};
    use py_sync::typed::{FairMutex, FairMutexGuard};
    static FAIR: FairMutex<()> = FairMutex::new(());
    static M: Mutex = Mutex::new();
    // SAFETY: only its address is taken.
    let fair = (&raw const *unsafe { FAIR.raw() }).addr();
    let guard = FAIR.lock();
    let heir = thread::spawn(|| {
        M.lock();
        let guard = FAIR.lock();
        // Handed over. The giver holds nothing, and wants what this thread has.
        until_waiting(at(&M), 1);
        find_nothing(&[at(&M)]);
        drop(guard);
        M.unlock();
    });
    until_waiting(fair, 1);
    FairMutexGuard::unlock_fair(guard);
    M.lock();
    M.unlock();
    end(vec![heir], || ());

    // And this time it keeps the lock.
    let guard = FAIR.lock();
    let heir = thread::spawn(|| {
        M.lock();
        let guard = FAIR.lock();
        M.lock();
        drop(guard);
        give_up(&M);
    });
    until_waiting(fair, 1);
    FairMutexGuard::unlock_fair(guard);
    find(&[on(&M)]);
    end(vec![heir], || give_up(&M));
}

#[test]
fn a_lock_of_a_logical_thread_that_does_not_run() {
    static R: RecursiveMutex = RecursiveMutex::new();
    let mut generator = LogicalThread::new();
    let (tell, told) = channel();
    let thread = thread::spawn(move || {
        generator.run(|| R.lock());
        tell.send(generator).unwrap();
        // It waits for the generator, which any thread may run next.
        R.lock();
        R.unlock();
    });
    let mut generator = told.recv().unwrap();
    let r = (&raw const R).addr();
    until_waiting(r, 1);
    find_nothing(&[r]);
    generator.run(|| R.unlock());
    end(vec![thread], || ());
}

/// Any thread may lock for it. That thread is not the holder, and does not wait for itself.
#[test]
fn a_lock_that_was_taken_for_a_logical_thread() {
    static R: RecursiveMutex = RecursiveMutex::new();
    let generator = LogicalThread::new();
    let ident = generator.ident();
    let thread = thread::spawn(move || {
        R.lock_as(ident);
        R.lock();
        R.unlock();
    });
    let r = (&raw const R).addr();
    until_waiting(r, 1);
    find_nothing(&[r]);
    R.unlock_as(ident);
    end(vec![thread], || ());
}

/// Python's conditions wait in this way: for a lock that they have locked, and that another thread
/// unlocks.
#[test]
fn a_mutex_that_is_a_signal_and_said_to_be_one() {
    static SIGNAL: Mutex = Mutex::new();
    SIGNAL.lock();
    deadlock::release_resource(at(&SIGNAL));
    let thread = thread::spawn(|| {
        until_waiting(at(&SIGNAL), 1);
        find_nothing(&[at(&SIGNAL)]);
        SIGNAL.unlock();
    });
    SIGNAL.lock();
    SIGNAL.unlock();
    end(vec![thread], || ());
}

#[test]
fn a_wait_that_a_signal_may_end_is_reported_as_one() {
    static M: Mutex = Mutex::new();
    let start = || {
        thread::spawn(|| {
            M.lock();
            let status = M.lock_timed(None, LockFlags::FAIL_IF_INTERRUPTED);
            assert!(status.is_acquired());
            give_up(&M);
        })
    };
    let (thread, reported) = report_of(at(&M), start);
    assert!(reported.is_interruptible());
    end(vec![thread], || give_up(&M));
}

/// What was said of a cycle is over with it.
#[test]
fn a_cycle_that_has_ended_is_found_again_when_it_comes_again() {
    static M: Mutex = Mutex::new();
    for n in 1..=3 {
        let thread = thread::spawn(|| {
            M.lock();
            M.lock();
            give_up(&M);
        });
        while found_at(&[at(&M)]).len() < n {
            thread::sleep(super::TICK);
        }
        assert_eq!(found_at(&[at(&M)]).len(), n, "each once");
        end(vec![thread], || give_up(&M));
        assert!(diagnostics::snapshot().of(at(&M)).is_empty());
        assert_eq!(found_at(&[at(&M)]), vec![vec![(Kind::Mutex, at(&M))]; n]);
    }
}
