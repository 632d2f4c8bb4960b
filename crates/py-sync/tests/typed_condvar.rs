//! The typed condition variable and once with real threads.
#![cfg(feature = "typed")]

use py_sync::typed::{
    Condvar, DetachingRawMutex, FairMutex, Mutex, MutexGuard, Once, OnceState, const_mutex,
    lock_api,
};
use static_assertions::{assert_impl_all, const_assert_eq};
use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

const MS: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(60);

const_assert_eq!(size_of::<Condvar>(), 1);
const_assert_eq!(size_of::<Once>(), 1);
assert_impl_all!(Condvar: Send, Sync, Default, UnwindSafe, RefUnwindSafe);
assert_impl_all!(Once: Send, Sync, Default);

/// So many wait in `m` by now, each having counted itself.
fn wait_until_waiting(m: &Mutex<usize>, n: usize) {
    for _ in 0..20_000 {
        if *m.lock() == n {
            return;
        }
        std::thread::sleep(MS);
    }
    panic!("{} of {n} wait", *m.lock());
}

#[test]
fn nobody_waits_and_notifications_say_so() {
    let condvar = Condvar::default();
    assert!(!condvar.notify_one());
    assert_eq!(condvar.notify_all(), 0);
}

#[test]
fn each_notification_wakes_one_in_their_order() {
    let (waiting, condvar, woken) = (const_mutex(0), Condvar::new(), const_mutex(Vec::new()));
    std::thread::scope(|scope| {
        for i in 0..4 {
            let (waiting, condvar, woken) = (&waiting, &condvar, &woken);
            scope.spawn(move || {
                let mut guard = waiting.lock();
                *guard += 1;
                condvar.wait(&mut guard);
                woken.lock().push(i);
                *guard -= 1;
            });
            wait_until_waiting(waiting, i + 1);
        }
        for i in (0..4).rev() {
            assert!(condvar.notify_one());
            wait_until_waiting(&waiting, i);
        }
        assert!(!condvar.notify_one());
    });
    assert_eq!(*woken.lock(), [0, 1, 2, 3]);
}

/// It forgets those that a fork has left behind. Who does wait is still in line.
#[test]
fn making_it_anew_for_a_child_wakes_nobody() {
    let (waiting, condvar) = (const_mutex(0), Condvar::new());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut guard = waiting.lock();
            *guard += 1;
            condvar.wait(&mut guard);
        });
        wait_until_waiting(&waiting, 1);
        condvar.at_fork_reinit();
        assert!(condvar.notify_one(), "it was still waiting");
    });
}

#[test]
fn a_notification_to_all_counts_whom_it_wakes() {
    let (waiting, condvar) = (const_mutex(0), Condvar::new());
    for _ in 0..if cfg!(miri) { 1 } else { 20 } {
        std::thread::scope(|scope| {
            for _ in 0..5 {
                scope.spawn(|| {
                    let mut guard = waiting.lock();
                    *guard += 1;
                    condvar.wait(&mut guard);
                    *guard -= 1;
                });
            }
            wait_until_waiting(&waiting, 5);
            assert_eq!(condvar.notify_all(), 5);
            assert_eq!(condvar.notify_all(), 0);
        });
        assert_eq!(*waiting.lock(), 0);
    }
}

#[test]
fn a_timed_wait_lasts_its_time_and_locks_again() {
    let (m, condvar) = (Mutex::new(1), Condvar::new());
    let mut guard = m.lock();
    let start = Instant::now();
    assert!(condvar.wait_for(&mut guard, MS * 10).timed_out());
    assert!(condvar.wait_until(&mut guard, start + MS * 20).timed_out());
    assert!(start.elapsed() >= MS * 20);
    assert!(condvar.wait_until(&mut guard, start).timed_out());
    assert!(condvar.wait_for(&mut guard, Duration::ZERO).timed_out());
    let mut looks = 0;
    let result = condvar.wait_while_for(
        &mut guard,
        |_| {
            looks += 1;
            true
        },
        MS * 5,
    );
    assert!(result.timed_out() && looks == 1);
    assert!(
        !condvar
            .wait_while_for(&mut guard, |_| false, Duration::ZERO)
            .timed_out()
    );
    let soon = Instant::now() + MS;
    assert!(
        condvar
            .wait_while_until(&mut guard, |n| *n == 1, soon)
            .timed_out()
    );
    assert!(m.try_lock().is_none(), "the guard holds it");
    drop(guard);
    assert!(!condvar.notify_one(), "who gave up is not there");
}

#[test]
fn a_wait_with_a_passed_deadline_lets_others_at_the_mutex() {
    let (m, condvar) = (Mutex::new(0), Condvar::new());
    std::thread::scope(|scope| {
        let mut guard = m.lock();
        scope.spawn(|| *m.lock() += 1);
        while *guard == 0 {
            condvar.wait_for(&mut guard, Duration::ZERO);
        }
    });
}

#[test]
fn a_condition_that_panics_leaves_the_mutex_locked_by_its_guard() {
    let (m, condvar) = (Mutex::new(0), Condvar::new());
    let mut guard = m.lock();
    let wait = AssertUnwindSafe(|| condvar.wait_while(&mut guard, |_| panic!("no")));
    assert!(catch_unwind(wait).is_err());
    assert!(m.try_lock().is_none());
    drop(guard);
    assert!(m.try_lock().is_some());
}

#[test]
fn it_goes_with_fair_and_detaching_mutexes_at_once() {
    let condvar = Condvar::new();
    let fair = FairMutex::new(0);
    let detaching: lock_api::Mutex<DetachingRawMutex, i32> = lock_api::Mutex::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| condvar.wait_while(&mut fair.lock(), |n| *n == 0));
        scope.spawn(|| condvar.wait_while(&mut detaching.lock(), |n| *n == 0));
        std::thread::sleep(MS * 5);
        *fair.lock() = 1;
        *detaching.lock() = 1;
        condvar.notify_all();
    });
}

/// A bounded queue: producers and consumers, timed waits among them; nothing is lost or made up.
#[test]
fn a_bounded_queue_loses_nothing() {
    let rounds = if cfg!(miri) { 20 } else { 5_000 };
    let (queue, not_full, not_empty) = (const_mutex(Vec::new()), Condvar::new(), Condvar::new());
    let (sum, timeouts) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for producer in 0..3 {
            let (queue, not_full, not_empty) = (&queue, &not_full, &not_empty);
            scope.spawn(move || {
                for i in 0..rounds {
                    let mut guard = queue.lock();
                    not_full.wait_while(&mut guard, |queue: &mut Vec<usize>| queue.len() == 4);
                    guard.push(i + 1);
                    match (producer + i) % 3 {
                        0 => assert!(not_empty.notify_all() <= 3),
                        1 => assert!(not_empty.notify_one() || guard.len() <= 4),
                        _ => {
                            MutexGuard::unlock_fair(guard);
                            not_empty.notify_one();
                        }
                    }
                }
            });
        }
        for consumer in 0..3 {
            let (queue, not_full, not_empty) = (&queue, &not_full, &not_empty);
            let (sum, timeouts) = (&sum, &timeouts);
            scope.spawn(move || {
                for i in 0..rounds {
                    let mut guard = queue.lock();
                    while guard.is_empty() {
                        let timeout = if (consumer + i) % 2 == 0 {
                            LONG
                        } else {
                            MS / 100
                        };
                        if not_empty.wait_for(&mut guard, timeout).timed_out() {
                            assert_ne!(timeout, LONG, "a wake-up was lost");
                            timeouts.fetch_add(1, SeqCst);
                        }
                    }
                    sum.fetch_add(guard.pop().unwrap(), SeqCst);
                    drop(guard);
                    not_full.notify_one();
                }
            });
        }
    });
    assert_eq!(sum.into_inner(), 3 * rounds * (rounds + 1) / 2);
    println!("{} timeouts", timeouts.into_inner());
}

/// The snapshot tells it from its mutex.
#[cfg(feature = "diagnostics")]
#[test]
fn a_snapshot_shows_who_waits_for_it() {
    use py_sync::diagnostics::{Kind, snapshot};
    let (waiting, condvar) = (const_mutex(0), Condvar::new());
    let at = |address: usize, kind: Kind| {
        let snapshot = snapshot();
        let waiters = snapshot.waiters().iter();
        waiters
            .filter(|w| w.address == address && w.kind == kind)
            .count()
    };
    let address = std::ptr::from_ref(&condvar).addr();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut guard = waiting.lock();
            *guard = 1;
            condvar.wait(&mut guard);
        });
        wait_until_waiting(&waiting, 1);
        while at(address, Kind::Condvar) != 1 {
            std::thread::sleep(MS);
        }
        let guard = waiting.lock();
        // SAFETY: an address only.
        let mutex = std::ptr::from_ref(unsafe { waiting.raw() }).addr();
        assert!(condvar.notify_one());
        assert_eq!(at(address, Kind::Condvar), 0);
        while at(mutex, Kind::Mutex) != 1 {
            std::thread::sleep(MS); // It is woken, and waits for the mutex next.
        }
        drop(guard);
    });
}

#[test]
fn an_initialiser_runs_once_and_all_wait_for_it() {
    let (once, runs) = (Once::new(), AtomicUsize::new(0));
    assert_eq!(once.state(), OnceState::New);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                once.call_once(|| {
                    assert_eq!(once.state(), OnceState::InProgress);
                    std::thread::sleep(MS * 5);
                    runs.fetch_add(1, SeqCst);
                });
                assert_eq!(runs.load(SeqCst), 1);
            });
        }
    });
    assert!(once.state().done() && !once.state().poisoned());
    once.call_once_force(|_| unreachable!("it is done"));
    assert_eq!(format!("{once:?}"), "Once { state: Done }");
}

#[test]
fn a_panic_poisons_until_somebody_overlooks_it() {
    let once = Once::new();
    let fails = || catch_unwind(AssertUnwindSafe(|| once.call_once(|| panic!("no luck"))));
    assert_eq!(fails().unwrap_err().downcast_ref(), Some(&"no luck"));
    assert!(once.state().poisoned());
    let words = "Once instance has previously been poisoned";
    assert_eq!(fails().unwrap_err().downcast_ref(), Some(&words));
    let again = AssertUnwindSafe(|| once.call_once_force(|_| panic!("again")));
    assert!(catch_unwind(again).is_err());
    assert_eq!(once.state(), OnceState::Poisoned);
    once.call_once_force(|state| assert!(state.poisoned()));
    once.call_once(|| unreachable!("it is done"));
}

/// Who waits while an initialiser panics is woken, and is refused or goes on as it asked.
#[test]
fn a_panic_wakes_all_that_wait() {
    let (once, forced, refused) = (Once::new(), AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let call = || {
                once.call_once(|| {
                    std::thread::sleep(MS * 20);
                    panic!("no luck");
                });
            };
            assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
        });
        while once.state() == OnceState::New {
            std::thread::yield_now();
        }
        for i in 0..6 {
            let (once, forced, refused) = (&once, &forced, &refused);
            scope.spawn(move || {
                if i % 2 == 0 {
                    once.call_once_force(|_| {
                        forced.fetch_add(1, SeqCst);
                    });
                    assert!(once.state().done());
                } else {
                    let call = AssertUnwindSafe(|| once.call_once(|| unreachable!("poisoned")));
                    refused.fetch_add(usize::from(catch_unwind(call).is_err()), SeqCst);
                }
            });
        }
    });
    assert_eq!(forced.into_inner(), 1);
    assert!(refused.into_inner() <= 3 && once.state().done());
}
