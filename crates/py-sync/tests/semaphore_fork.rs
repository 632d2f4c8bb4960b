//! Real forks while threads wait for a semaphore: the child's line is empty, its permits are as they
//! were, and it works.
#![cfg(all(unix, not(miri)))]

mod support;

use py_sync::{LockFlags, LockStatus, Semaphore};
use std::time::Duration;
use support::{all_return, in_forked_child, start};

const MS: Duration = Duration::from_millis(1);

/// How many children a test forks: 200, or what `PY_SYNC_FORKS` says.
fn forks() -> usize {
    support::count("PY_SYNC_FORKS", 200)
}

fn is_parked_on(semaphore: &Semaphore) -> bool {
    format!("{semaphore:?}").contains("parked: true")
}

/// Eight threads of this process wait, and one release for each wakes them.
fn all_wait_and_are_served(semaphore: &'static Semaphore) -> bool {
    let acquire = |_| start(|| semaphore.acquire());
    let threads: Vec<_> = (0..8).map(acquire).collect();
    while !is_parked_on(semaphore) {
        std::thread::yield_now();
    }
    semaphore.release_many(3);
    (0..5).for_each(|_| semaphore.release());
    all_return(threads) && semaphore.permits() == 0
}

#[test]
fn a_child_goes_on_with_what_its_parents_threads_wait_for() {
    static SEATS: Semaphore = Semaphore::new(0);
    static SHUT: Semaphore = Semaphore::new(1);
    static MANY: Semaphore = Semaphore::new(5);
    let threads: Vec<_> = (0..12)
        .map(|_| std::thread::spawn(|| SEATS.acquire()))
        .collect();
    SHUT.acquire(); // another thread's, as far as the child knows
    while !is_parked_on(&SEATS) {
        std::thread::sleep(MS);
    }
    std::thread::sleep(MS * 5);
    for _ in 0..forks() {
        in_forked_child(|| {
            // The parent's threads are not served: the permit is free.
            SEATS.release();
            let free = SEATS.permits() == 1 && SEATS.try_acquire() && !SEATS.try_acquire();
            let timed_out = SEATS.acquire_timed(Some(MS), LockFlags::DETACH);
            let shut = SHUT.acquire_timed(Some(MS), LockFlags::NONE);
            // SAFETY: the child's only thread, and the permits stand for nothing.
            unsafe { SHUT.at_fork_reinit(1) };
            free && timed_out == LockStatus::Failure
                && shut == LockStatus::Failure
                && SHUT.try_acquire()
                && MANY.permits() == 5
                && all_wait_and_are_served(&SEATS)
        });
    }
    SEATS.release_many(threads.len());
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    assert_eq!(SEATS.permits(), 0);
}

/// The first wait of a process may be that of a semaphore: it registers the handler too.
/// It is the first if the test has a process of its own, as under nextest.
#[test]
fn a_child_may_release_at_once() {
    static FIRST: Semaphore = Semaphore::new(0);
    let thread = std::thread::spawn(|| FIRST.acquire());
    while !is_parked_on(&FIRST) {
        std::thread::sleep(MS);
    }
    std::thread::sleep(MS * 5);
    in_forked_child(|| {
        FIRST.release();
        FIRST.try_acquire()
    });
    FIRST.release();
    thread.join().unwrap();
}
