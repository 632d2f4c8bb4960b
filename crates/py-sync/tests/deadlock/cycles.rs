//! Cycles of mutexes, raw mutexes, recursive mutexes, initialisers, sections and keys.

use super::{Lock, at, end, find, find_nothing, give_up, lock_attached, on, pass, until_waiting};
use py_sync::diagnostics::Kind;
use py_sync::{
    LockFlags, Mutex, OnceFlag, ParkStatus, RawMutex, RecursiveMutex, deadlock,
    with_critical_section,
};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread::{self, JoinHandle};

#[test]
fn a_thread_that_locks_a_mutex_twice() {
    static A: Mutex = Mutex::new();
    let twice = thread::spawn(|| {
        A.lock();
        A.lock();
    });
    find(&[on(&A)]);
    end(vec![twice], || give_up(&A));
    find_again_nothing(&[&A]);
}

/// Who has got it without waiting holds it too.
#[test]
fn a_thread_that_has_tried_a_raw_mutex_and_locks_it() {
    static R: RawMutex = RawMutex::new();
    let twice = thread::spawn(|| {
        assert!(R.try_lock());
        R.lock();
    });
    find(&[(Kind::RawMutex, R.as_ptr().addr())]);
    end(vec![twice], || give_up(&R));
}

/// What was found stays in the list of this process; nothing joins it.
fn find_again_nothing(locks: &[&Mutex]) {
    let at: Vec<usize> = locks.iter().map(|m| at(m)).collect();
    let before = super::found_at(&at);
    for _ in 0..5 {
        assert_eq!(super::found_at(&at), before);
    }
}

/// Two threads that each lock one of the two, and then the other.
fn in_either_order<L: Lock + Sync>(locks: &'static [L; 2]) -> Vec<JoinHandle<()>> {
    let both = Arc::new(Barrier::new(2));
    let start = |(first, second): (usize, usize)| {
        let both = Arc::clone(&both);
        thread::spawn(move || {
            locks[first].lock();
            both.wait();
            locks[second].lock();
            give_up(&locks[second]);
            give_up(&locks[first]);
        })
    };
    [(0, 1), (1, 0)].map(start).into()
}

#[test]
fn two_threads_that_lock_two_mutexes_in_either_order() {
    static LOCKS: [Mutex; 2] = [const { Mutex::new() }; 2];
    let threads = in_either_order(&LOCKS);
    find(&[on(&LOCKS[0]), on(&LOCKS[1])]);
    end(threads, || give_up(&LOCKS[0]));
    find_again_nothing(&[&LOCKS[0], &LOCKS[1]]);
}

#[test]
fn three_threads_and_others_behind_them() {
    static LOCKS: [Mutex; 3] = [const { Mutex::new() }; 3];
    static ALL: Barrier = Barrier::new(4);
    let mut threads: Vec<_> = (0..3)
        .map(|i| {
            thread::spawn(move || {
                LOCKS[i].lock();
                ALL.wait();
                LOCKS[(i + 1) % 3].lock();
                give_up(&LOCKS[(i + 1) % 3]);
                give_up(&LOCKS[i]);
            })
        })
        .collect();
    ALL.wait();
    // Two that wait for one of the cycle, and hold nothing in it.
    threads.extend((0..2).map(|_| thread::spawn(|| pass(&LOCKS[1]))));
    // Thread 0 waits for lock 1, which thread 1 holds, who waits for lock 2.
    find(&[on(&LOCKS[1]), on(&LOCKS[2]), on(&LOCKS[0])]);
    end(threads, || LOCKS.iter().for_each(give_up));
}

#[test]
fn raw_mutexes_whose_waiters_are_in_their_words() {
    static LOCKS: [RawMutex; 2] = [const { RawMutex::new() }; 2];
    let threads = in_either_order(&LOCKS);
    let on = |i: usize| (Kind::RawMutex, LOCKS[i].as_ptr().addr());
    find(&[on(0), on(1)]);
    end(threads, || give_up(&LOCKS[0]));
}

#[test]
fn a_raw_mutex_and_a_mutex() {
    static RAW: RawMutex = RawMutex::new();
    static M: Mutex = Mutex::new();
    static BOTH: Barrier = Barrier::new(2);
    let raw_first = thread::spawn(|| {
        RAW.lock();
        BOTH.wait();
        M.lock();
        give_up(&M);
        give_up(&RAW);
    });
    let mutex_first = thread::spawn(|| {
        M.lock();
        BOTH.wait();
        RAW.lock();
        give_up(&RAW);
        give_up(&M);
    });
    find(&[(Kind::RawMutex, RAW.as_ptr().addr()), on(&M)]);
    end(vec![raw_first, mutex_first], || give_up(&RAW));
}

#[test]
fn a_recursive_mutex_and_a_mutex() {
    static R: RecursiveMutex = RecursiveMutex::new();
    static M: Mutex = Mutex::new();
    static BOTH: Barrier = Barrier::new(2);
    static MAY_END: AtomicBool = AtomicBool::new(false);
    let recursive_first = thread::spawn(|| {
        R.lock();
        R.lock();
        BOTH.wait();
        M.lock();
        give_up(&M);
        R.unlock();
        R.unlock();
    });
    let mutex_first = thread::spawn(|| {
        M.lock();
        BOTH.wait();
        R.lock();
        assert!(MAY_END.load(Ordering::SeqCst), "it has two levels");
        R.unlock();
        give_up(&M);
    });
    let on_r = (Kind::Mutex, (&raw const R).addr());
    find(&[on(&M), on_r]);
    MAY_END.store(true, Ordering::SeqCst);
    end(vec![recursive_first, mutex_first], || give_up(&M));
}

#[test]
#[cfg_attr(miri, ignore = "its threads sleep until the process ends")]
fn initialisers_that_call_each_other() {
    static ONCES: [OnceFlag; 2] = [const { OnceFlag::new() }; 2];
    static BOTH: Barrier = Barrier::new(2);
    // They sleep on, and end with the process.
    for (first, second) in [(0, 1), (1, 0)] {
        thread::spawn(move || {
            ONCES[first].call(|| {
                BOTH.wait();
                ONCES[second].call(|| Ok::<_, ()>(()))
            })
        });
    }
    let on = |i: usize| (Kind::OnceFlag, ONCES[i].as_ptr().addr());
    find(&[on(0), on(1)]);
}

/// A debug build panics before it sleeps.
#[test]
#[cfg(not(debug_assertions))]
fn an_initialiser_that_calls_itself() {
    static ONCE: OnceFlag = OnceFlag::new();
    thread::spawn(|| ONCE.call(|| ONCE.call(|| Ok::<_, ()>(()))));
    find(&[(Kind::OnceFlag, ONCE.as_ptr().addr())]);
}

#[test]
fn an_initialiser_and_a_mutex() {
    static ONCE: OnceFlag = OnceFlag::new();
    static M: Mutex = Mutex::new();
    static BOTH: Barrier = Barrier::new(2);
    let runner = thread::spawn(|| {
        let ran = ONCE.call(|| {
            BOTH.wait();
            M.lock();
            give_up(&M);
            Ok::<_, ()>(())
        });
        ran.unwrap();
    });
    let caller = thread::spawn(|| {
        M.lock();
        BOTH.wait();
        ONCE.call(|| Ok::<_, ()>(())).unwrap();
        give_up(&M);
    });
    find(&[on(&M), (Kind::OnceFlag, ONCE.as_ptr().addr())]);
    end(vec![runner, caller], || give_up(&M));
}

/// A section that sleeps with `DETACH` gives itself up. One whose thread waits attached does not.
#[test]
#[cfg(feature = "gil-disabled")]
fn a_section_that_waits_attached() {
    static S: Mutex = Mutex::new();
    static M: Mutex = Mutex::new();
    static BOTH: Barrier = Barrier::new(2);
    let attached = thread::spawn(|| {
        with_critical_section(&S, |_| {
            BOTH.wait();
            lock_attached(&M);
            give_up(&M);
        });
    });
    let other = thread::spawn(|| {
        M.lock();
        BOTH.wait();
        with_critical_section(&S, |_| ());
        give_up(&M);
    });
    find(&[on(&M), on(&S)]);
    end(vec![attached, other], || give_up(&M));
}

/// Each waits for a section of the other's, and gives its own up for that.
#[test]
#[cfg(feature = "gil-disabled")]
fn sections_in_either_order_are_no_cycle() {
    static S: [Mutex; 2] = [const { Mutex::new() }; 2];
    static M: [Mutex; 2] = [const { Mutex::new() }; 2];
    // Both mutexes are held, so that each thread sleeps inside its section for as long as it takes.
    M.iter().for_each(Mutex::lock);
    let threads = [(0, 1), (1, 0)].map(|(first, second)| {
        thread::spawn(move || {
            with_critical_section(&S[first], |_| {
                drop(M[first].lock_guard());
                with_critical_section(&S[second], |_| ());
            });
        })
    });
    M.iter().for_each(|m| until_waiting(at(m), 1));
    find_nothing(&[at(&S[0]), at(&S[1]), at(&M[0]), at(&M[1])]);
    M.iter().for_each(Mutex::unlock);
    end(threads.into(), || ());
    find_nothing(&[at(&S[0]), at(&S[1])]);
}

#[test]
fn keys_of_the_programs_own() {
    static KEYS: [u8; 2] = [0; 2];
    static BOTH: Barrier = Barrier::new(2);
    let key = |i: usize| (&raw const KEYS[i]).addr();
    let threads = [(0, 1), (1, 0)].map(|(first, second)| {
        thread::spawn(move || {
            deadlock::acquire_resource(key(first));
            BOTH.wait();
            // SAFETY: the keys are this test's own.
            let status = unsafe { py_sync::park(key(second), || true, 0, None, LockFlags::NONE) };
            assert_eq!(status, ParkStatus::Ok);
            deadlock::release_resource(key(first));
        })
    });
    find(&[(Kind::Park, key(0)), (Kind::Park, key(1))]);
    end(threads.into(), || {
        // SAFETY: as above.
        let woken = [0, 1].map(|i| unsafe { py_sync::unpark_all(key(i)) });
        assert!(woken.iter().all(|&n| n <= 1));
    });
}
