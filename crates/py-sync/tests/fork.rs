//! Real forks with parked threads: the child's lot is empty, and works.
#![cfg(all(unix, not(miri)))]

mod support;

use py_sync::{LockFlags, LockStatus, Mutex, ParkStatus, park, unpark, unpark_all};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;
use support::in_forked_child;

const MS: Duration = Duration::from_millis(1);

/// How many children each test forks: 500, or what `PY_SYNC_FORKS` says.
fn forks() -> usize {
    support::count("PY_SYNC_FORKS", 500)
}

/// Twelve threads on one mutex, twelve on a key each.
struct Parked {
    mutex: Mutex,
    keys: [u8; 12],
    stop: AtomicBool,
    queued: AtomicUsize,
}

impl Parked {
    fn key(&self, i: usize) -> usize {
        (&raw const self.keys[i]).addr()
    }

    fn park(&self, i: usize) -> ParkStatus {
        let queued = || {
            self.queued.fetch_add(1, SeqCst);
            !self.stop.load(SeqCst)
        };
        // SAFETY: the key is the address of a byte of this test's; the closure does not call into
        // the lot.
        unsafe { park(self.key(i), queued, i, None, LockFlags::DETACH) }
    }

    fn wake(&self, i: usize) -> usize {
        // SAFETY: the key is this test's own.
        unsafe { unpark_all(self.key(i)) }
    }
}

fn is_parked_on(mutex: &Mutex) -> bool {
    format!("{mutex:?}").contains("parked: true")
}

/// Forty threads of the child: on the parent's mutex, on a new one, on the parent's keys and on a
/// new key; all are woken.
fn forty_threads_park_and_wake(old: &'static Parked) -> bool {
    struct New {
        mutex: Mutex,
        key: u8,
        counted: AtomicUsize,
        queued: AtomicUsize,
    }
    let new = New {
        mutex: Mutex::new(),
        key: 0,
        counted: AtomicUsize::new(0),
        queued: AtomicUsize::new(0),
    };
    let new_key = (&raw const new.key).addr();
    old.queued.store(0, SeqCst);
    new.mutex.lock();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..40)
            .map(|i| {
                let new = &new;
                scope.spawn(move || match i % 4 {
                    0 | 1 => {
                        let mutex = if i % 4 == 0 { &old.mutex } else { &new.mutex };
                        let _guard = mutex.lock_guard();
                        new.counted.fetch_add(1, SeqCst);
                        true
                    }
                    2 => old.park(i % 12) == ParkStatus::Ok,
                    _ => {
                        let queued = || new.queued.fetch_add(1, SeqCst) < 10;
                        // SAFETY: the key is this frame's; the closure does not call the lot.
                        let status = unsafe { park(new_key, queued, i, None, LockFlags::NONE) };
                        status == ParkStatus::Ok
                    }
                })
            })
            .collect();
        while old.queued.load(SeqCst) + new.queued.load(SeqCst) < 20
            || !is_parked_on(&old.mutex)
            || !is_parked_on(&new.mutex)
        {
            std::thread::yield_now();
        }
        // Both are held by this thread: the old one since before the fork.
        old.mutex.unlock();
        new.mutex.unlock();
        let mut woken: usize = (0..12).map(|i| old.wake(i)).sum();
        // SAFETY: the key is this frame's own.
        while unsafe { unpark(new_key, |token, _| token.is_some()) } {
            woken += 1;
        }
        let all_ok = threads.into_iter().all(|thread| thread.join().unwrap());
        all_ok && woken == 20 && new.counted.load(SeqCst) == 20
    }) && !old.mutex.is_locked()
        && old.mutex.try_lock()
}

/// The child unlocks, locks and times out on what its parent's threads were parked on, and then
/// parks forty threads of its own.
#[test]
fn a_child_forgets_its_parents_waiters_and_parks_its_own() {
    let parked: &'static Parked = Box::leak(Box::new(Parked {
        mutex: Mutex::new(),
        keys: [0; 12],
        stop: AtomicBool::new(false),
        queued: AtomicUsize::new(0),
    }));
    parked.mutex.lock();
    let lockers = (0..12).map(|_| std::thread::spawn(|| drop(parked.mutex.lock_guard())));
    let parkers =
        (0..12).map(|i| std::thread::spawn(move || while parked.park(i) == ParkStatus::Ok {}));
    let threads: Vec<_> = lockers.chain(parkers).collect();
    while parked.queued.load(SeqCst) < 12 || !is_parked_on(&parked.mutex) {
        std::thread::sleep(MS);
    }
    std::thread::sleep(MS * 20);

    for _ in 0..forks() {
        in_forked_child(|| {
            let none_left = (0..12).all(|i| parked.wake(i) == 0);
            // The byte is 3, as at the fork: the unlock finds nobody and clears it.
            parked.mutex.unlock();
            let free = !is_parked_on(&parked.mutex) && parked.mutex.try_lock();
            let held = parked.mutex.lock_timed(Some(MS), LockFlags::DETACH);
            // SAFETY: the key is this test's own.
            let alone = unsafe { park(parked.key(0), || true, 0, Some(MS), LockFlags::NONE) };
            none_left
                && free
                && held == LockStatus::Failure
                && alone == ParkStatus::Timeout
                && forty_threads_park_and_wake(parked)
        });
    }

    parked.mutex.unlock();
    parked.stop.store(true, SeqCst);
    while !threads.iter().all(std::thread::JoinHandle::is_finished) {
        assert!((0..12).map(|i| parked.wake(i)).sum::<usize>() <= 12);
        std::thread::sleep(MS);
    }
    for thread in threads {
        thread.join().unwrap();
    }
}

/// Threads that lock, unlock, park and unpark all the time on addresses of one bucket and of many,
/// so that forks find buckets locked, waiters half queued, unlocks half done.
struct Hammered {
    /// 257 apart: one bucket.
    colliding: [Mutex; 257 * 2 + 1],
    stop: AtomicBool,
}

impl Hammered {
    fn hammer(&self, seed: usize) {
        let mut round = seed;
        while !self.stop.load(SeqCst) {
            round += 1;
            let mutex = &self.colliding[round % 3 * 257];
            let timeout =
                (round % 2 == 0).then(|| Duration::from_nanos((round * 97 % 9_000) as u64));
            if mutex.lock_timed(timeout, LockFlags::NONE) == LockStatus::Acquired {
                if round % 5 == 0 {
                    std::thread::yield_now();
                }
                mutex.unlock();
            }
        }
    }
}

#[test]
fn a_child_of_a_fork_in_the_thick_of_it_has_an_empty_lot() {
    let hammered: Arc<Hammered> = Arc::new(Hammered {
        colliding: [const { Mutex::new() }; 257 * 2 + 1],
        stop: AtomicBool::new(false),
    });
    let threads: Vec<_> = (0..8)
        .map(|seed| {
            let hammered = Arc::clone(&hammered);
            std::thread::spawn(move || hammered.hammer(seed * 1_000))
        })
        .collect();
    let mut held = 0;
    for _ in 0..forks() {
        held += usize::from(hammered.colliding.iter().any(Mutex::is_locked));
        in_forked_child(|| {
            for mutex in hammered.colliding.iter().step_by(257) {
                // SAFETY: the child's only thread; the mutexes guard nothing.
                unsafe { mutex.at_fork_reinit() };
                mutex.lock();
            }
            let waits = std::thread::scope(|scope| {
                let waiters: Vec<_> = (0..3)
                    .map(|i| {
                        let mutex = &hammered.colliding[i * 257];
                        scope.spawn(move || drop(mutex.lock_guard()))
                    })
                    .collect();
                let mutexes = || hammered.colliding.iter().step_by(257);
                while !mutexes().all(is_parked_on) {
                    std::thread::yield_now();
                }
                mutexes().for_each(Mutex::unlock);
                waiters.into_iter().all(|waiter| waiter.join().is_ok())
            });
            waits && hammered.colliding.iter().all(|mutex| !mutex.is_locked())
        });
    }
    hammered.stop.store(true, SeqCst);
    for thread in threads {
        thread.join().unwrap();
    }
    println!("{held} of {} forks found a lock held", forks());
    assert!(held > 0, "no fork met the threads at work");
}
