//! Real forks while threads wait in typed locks: the child may lock, wait and notify on the same
//! addresses, and is woken by nobody of its parent's.
#![cfg(all(unix, not(miri), feature = "typed"))]

mod support;

use py_sync::typed::lock_api::RawRwLockUpgrade as _;
use py_sync::typed::{
    Condvar, FairMutex, Mutex, Once, OnceState, RawReentrantMutex, RecursiveRwLock, ReentrantMutex,
    RwLock, RwLockUpgradableReadGuard, const_fair_mutex, const_mutex, const_reentrant_mutex,
    const_rwlock,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;
use support::{all_return, in_forked_child, start};

const MS: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(15);

/// How many children a test forks: 100, or what `PY_SYNC_FORKS` says.
fn forks() -> usize {
    support::count("PY_SYNC_FORKS", 100)
}

/// One `Once` runs in another thread, one is poisoned and waited for; a recursive lock is held there.
#[test]
fn a_child_runs_what_a_thread_of_its_parent_was_running() {
    static RUNS: Once = Once::new();
    static POISONED: Once = Once::new();
    static LOCK: RecursiveRwLock<u32> = RecursiveRwLock::new(1);
    let (begun, end) = (py_sync::Event::new(), py_sync::Event::new());
    let panics = || POISONED.call_once(|| panic!("as the test wants"));
    assert!(std::panic::catch_unwind(panics).is_err());
    std::thread::scope(|scope| {
        scope.spawn(|| POISONED.wait_force());
        scope.spawn(|| {
            RUNS.call_once(|| {
                let _held = LOCK.write();
                begun.notify();
                end.wait();
            });
        });
        begun.wait();
        // Also if a child fails: the scope waits for the threads.
        let _end = Ends(&end, || POISONED.call_once_force(|_| ()));
        for _ in 0..forks() {
            in_forked_child(|| {
                let as_it_was = RUNS.state() == OnceState::InProgress && LOCK.try_read().is_none();
                // SAFETY: the child's only thread, which runs neither and holds nothing.
                unsafe {
                    RUNS.at_fork_reinit();
                    POISONED.at_fork_reinit();
                    LOCK.raw().at_fork_reinit();
                }
                let poisoned = POISONED.state() == OnceState::Poisoned;
                RUNS.call_once(|| ());
                as_it_was && poisoned && RUNS.is_completed() && *LOCK.write() == 1
            });
        }
    });
}

/// Another thread holds one of each, and is not in the child.
#[test]
fn a_child_makes_free_what_threads_of_its_parent_held() {
    static MUTEX: Mutex<u32> = const_mutex(1);
    static FAIR: FairMutex<u32> = const_fair_mutex(1);
    static LOCK: RwLock<u32> = const_rwlock(1);
    static RLOCK: RawReentrantMutex = RawReentrantMutex::new();
    static CONDVAR: Condvar = Condvar::new();
    let (all_held, end) = (py_sync::Event::new(), py_sync::Event::new());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut waits = MUTEX.lock();
            CONDVAR.wait_for(&mut waits, MS);
            let _held = (waits, FAIR.lock(), LOCK.write());
            RLOCK.lock();
            RLOCK.lock();
            all_held.notify();
            end.wait();
            RLOCK.unlock_all();
        });
        all_held.wait();
        // Also if a child fails: the scope waits for the thread.
        let _end = Ends(&end, || ());
        for _ in 0..forks() {
            in_forked_child(|| {
                let held = MUTEX.try_lock_for(MS).is_none()
                    && FAIR.try_lock().is_none()
                    && LOCK.try_read_for(MS).is_none()
                    && !RLOCK.try_lock_for(MS);
                // SAFETY: the child's only thread, which holds none of them; the numbers are whole.
                unsafe {
                    MUTEX.raw().at_fork_reinit();
                    FAIR.raw().at_fork_reinit();
                    LOCK.raw().at_fork_reinit();
                    RLOCK.at_fork_reinit();
                }
                CONDVAR.at_fork_reinit();
                let forgotten = !CONDVAR.notify_one();
                let free = *MUTEX.lock() + *FAIR.lock() + *LOCK.write() == 3 && RLOCK.try_lock();
                held && forgotten && free && RLOCK.unlock_all().get() == 1
            });
        }
    });
}

/// Notifies when dropped, and does what else ends the test's threads.
struct Ends<'a, F: Fn()>(&'a py_sync::Event, F);

impl<F: Fn()> Drop for Ends<'_, F> {
    fn drop(&mut self) {
        self.0.notify();
        (self.1)();
    }
}

/// How many wait, and whether they may go.
type Room = Mutex<(usize, bool)>;

/// Waits in the room until let go.
fn wait(room: &Room, condvar: &Condvar) {
    let mut guard = room.lock();
    guard.0 += 1;
    condvar.wait_while(&mut guard, |(_, go)| !*go);
    guard.0 -= 1;
}

fn until_waiting(room: &Room, n: usize) {
    while room.lock().0 != n {
        std::thread::sleep(MS);
    }
}

/// All of `n` threads of this process wait, and all are woken.
fn all_wait_and_are_woken(room: &'static Room, condvar: &'static Condvar, n: usize) -> bool {
    *room.lock() = (0, false);
    let waits = |_| start(|| wait(room, condvar));
    let threads: Vec<_> = (0..n).map(waits).collect();
    until_waiting(room, n);
    room.lock().1 = true;
    let woken = condvar.notify_all();
    all_return(threads) && woken == n
}

#[test]
fn a_child_waits_and_notifies_where_its_parents_threads_wait() {
    static ROOM: Room = const_mutex((0, false));
    static CONDVAR: Condvar = Condvar::new();
    let threads: Vec<_> = (0..12)
        .map(|_| std::thread::spawn(|| wait(&ROOM, &CONDVAR)))
        .collect();
    until_waiting(&ROOM, 12);
    for _ in 0..forks() {
        // The forking thread holds the mutex, so that nobody else does. In either process the guard
        // goes with the closure.
        let guard = ROOM.lock();
        in_forked_child(|| {
            drop(guard);
            // The byte says that somebody waits; nobody does.
            let forgotten = !CONDVAR.notify_one() && CONDVAR.notify_all() == 0;
            let timed_out = CONDVAR.wait_for(&mut ROOM.lock(), MS).timed_out();
            forgotten && timed_out && all_wait_and_are_woken(&ROOM, &CONDVAR, 8)
        });
    }
    ROOM.lock().1 = true;
    assert_eq!(CONDVAR.notify_all(), 12);
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
}

/// The first wait of a process may be that of a condition variable: it registers the handler too.
/// It is the first if the test has a process of its own, as under nextest.
#[test]
fn a_child_may_notify_at_once() {
    static ROOM: Room = const_mutex((0, false));
    static CONDVAR: Condvar = Condvar::new();
    let waiter = std::thread::spawn(|| wait(&ROOM, &CONDVAR));
    until_waiting(&ROOM, 1);
    in_forked_child(|| CONDVAR.notify_all() == 0 && all_wait_and_are_woken(&ROOM, &CONDVAR, 3));
    ROOM.lock().1 = true;
    assert!(CONDVAR.notify_one());
    waiter.join().unwrap();
}

/// Readers, writers and upgradable readers of this process, on a lock that the caller holds
/// upgradable until they wait.
fn all_get_the_lock(
    lock: &'static RwLock<usize>,
    held: RwLockUpgradableReadGuard<'_, usize>,
) -> bool {
    let before = *held;
    let take = move |i| match i % 3 {
        0 => *lock.write() += 1,
        1 => *RwLockUpgradableReadGuard::upgrade(lock.upgradable_read()) += 1,
        _ => drop(lock.read()),
    };
    let threads: Vec<_> = (0..9).map(|i| start(move || take(i))).collect();
    std::thread::sleep(MS * 2);
    drop(held);
    all_return(threads) && *lock.read() == before + 6 && lock.try_write_for(LONG).is_some()
}

#[test]
fn a_child_goes_on_with_a_read_write_lock_that_threads_wait_for() {
    static LOCK: RwLock<usize> = const_rwlock(0);
    for _ in 0..forks() / 4 {
        let (held, started) = (LOCK.upgradable_read(), Arc::new(AtomicUsize::new(0)));
        let threads: Vec<_> = (0..6)
            .map(|i| {
                let started = Arc::clone(&started);
                std::thread::spawn(move || {
                    started.fetch_add(1, SeqCst);
                    match i % 3 {
                        0 => *LOCK.write() += 1,
                        1 => drop(LOCK.upgradable_read()),
                        _ => {
                            let guard = LOCK.try_upgradable_read_for(LONG).expect("in time");
                            drop(RwLockUpgradableReadGuard::upgrade(guard));
                        }
                    }
                })
            })
            .collect();
        while started.load(SeqCst) < 6 {
            std::thread::sleep(MS);
        }
        std::thread::sleep(MS * 2);
        for _ in 0..4 {
            in_forked_child(|| {
                // SAFETY: the forking thread holds it, and this is its copy.
                unsafe { LOCK.raw().unlock_upgradable() };
                all_get_the_lock(&LOCK, LOCK.upgradable_read())
            });
        }
        drop(held);
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
    }
}

/// An upgrade waits for a reader, who forks: in the child nobody upgrades any more.
#[test]
fn a_lock_that_another_thread_held_is_free_once_it_is_zeroed() {
    static LOCK: RwLock<usize> = const_rwlock(0);
    let reading = LOCK.read();
    let upgrade = std::thread::spawn(|| {
        *RwLockUpgradableReadGuard::upgrade(LOCK.upgradable_read()) += 1;
    });
    while LOCK.try_read().is_some() {
        std::thread::sleep(MS);
    }
    for _ in 0..forks() {
        in_forked_child(|| {
            let held = LOCK.try_read_for(MS).is_none() && LOCK.try_write_for(MS).is_none();
            // SAFETY: the child's only thread; all zero is unlocked, and the data is sound.
            unsafe {
                let raw: *const _ = LOCK.raw();
                raw.cast_mut().write_bytes(0, 1);
            }
            held && LOCK.try_upgradable_read().is_some()
                && all_get_the_lock(&LOCK, LOCK.upgradable_read())
        });
    }
    drop(reading);
    upgrade.join().unwrap();
}

#[test]
fn a_child_has_its_parents_thread_id_and_onces() {
    static REENTRANT: ReentrantMutex<()> = const_reentrant_mutex(());
    static ONCE: Once = Once::new();
    let outer = REENTRANT.lock();
    ONCE.call_once(|| ());
    in_forked_child(|| {
        let mine = REENTRANT.is_owned_by_current_thread() && REENTRANT.try_lock().is_some();
        mine && ONCE.state() == OnceState::Done
    });
    drop(outer);
}
