//! Models of [`RawMutex`]: exclusion, ordering, and a waiter that is never touched after its wake.

use super::{Guarded, check, check_within};
use crate::raw_mutex::{RawMutex, Released};
use crate::signals::signal_arrived;
use loom::sync::Arc;
use loom::sync::mpsc::channel;
use loom::thread;

fn contend(name: &str, threads: usize, rounds: usize) {
    check(name, move || {
        let shared = Arc::new((RawMutex::new(), Guarded::new()));
        let work = move |shared: &(RawMutex, Guarded)| {
            for _ in 0..rounds {
                let _guard = shared.0.lock_guard();
                shared.1.increment();
            }
        };
        let others: Vec<_> = (1..threads)
            .map(|_| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || work(&shared))
            })
            .collect();
        work(&shared);
        for other in others {
            other.join().unwrap();
        }
        shared.0.lock();
        assert_eq!(shared.1.get(), threads * rounds);
    });
}

/// A waiter that returned for it would be in the list still.
#[test]
fn a_signal_ends_no_wait() {
    check("raw_mutex::a_signal_ends_no_wait", || {
        let shared = Arc::new((RawMutex::new(), Guarded::new()));
        let work = |shared: &(RawMutex, Guarded)| {
            signal_arrived();
            let _guard = shared.0.lock_guard();
            shared.1.increment();
        };
        let other = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || work(&shared))
        };
        work(&shared);
        other.join().unwrap();
        assert!(!shared.0.is_locked());
    });
}

#[test]
fn two_threads() {
    contend("raw_mutex::two_threads", 2, 1);
}

#[test]
fn two_threads_twice() {
    contend("raw_mutex::two_threads_twice", 2, 2);
}

#[test]
fn three_threads() {
    contend("raw_mutex::three_threads", 3, 1);
}

#[test]
fn try_lock_excludes() {
    check("raw_mutex::try_lock_excludes", || {
        let shared = Arc::new((RawMutex::new(), Guarded::new()));
        let other = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                if shared.0.try_lock() {
                    shared.1.increment();
                    shared.0.unlock();
                }
            })
        };
        let guard = shared.0.lock_guard();
        shared.1.increment();
        drop(guard);
        other.join().unwrap();
        assert!(shared.0.try_lock(), "free, and nobody else is there");
        assert!((1..=2).contains(&shared.1.get()));
    });
}

/// Two unlocks of one lock at once: one of them finds it unlocked.
#[test]
fn a_wrong_second_unlock_finds_it_unlocked() {
    check("raw_mutex::a_wrong_second_unlock_finds_it_unlocked", || {
        let mutex = Arc::new(RawMutex::new());
        mutex.lock();
        let wrong = {
            let mutex = Arc::clone(&mutex);
            thread::spawn(move || mutex.try_unlock())
        };
        let right = mutex.try_unlock();
        assert!(wrong.join().unwrap() ^ right);
        assert!(!mutex.is_locked());
    });
}

/// The same beside a waiter, whose frame is touched once: two locks, three unlocks, and two of
/// them found it locked.
#[test]
fn a_wrong_second_unlock_beside_a_waiter_touches_nothing() {
    let name = "raw_mutex::a_wrong_second_unlock_beside_a_waiter_touches_nothing";
    check(name, || {
        let mutex = Arc::new(RawMutex::new());
        mutex.lock();
        let waiter = {
            let mutex = Arc::clone(&mutex);
            thread::spawn(move || {
                mutex.lock();
                usize::from(mutex.try_unlock())
            })
        };
        let wrong = {
            let mutex = Arc::clone(&mutex);
            thread::spawn(move || usize::from(mutex.try_unlock()))
        };
        let right = usize::from(mutex.try_unlock());
        assert_eq!(right + wrong.join().unwrap() + waiter.join().unwrap(), 2);
        assert!(mutex.try_lock());
    });
}

/// Two waiters and two wrong unlocks: a second popper would follow a link of a frame that is gone.
#[test]
fn wrong_unlocks_beside_two_waiters_lose_nobody() {
    check(
        "raw_mutex::wrong_unlocks_beside_two_waiters_lose_nobody",
        || {
            let mutex = Arc::new(RawMutex::new());
            mutex.lock();
            let waiters = [(); 2].map(|()| {
                let mutex = Arc::clone(&mutex);
                thread::spawn(move || {
                    mutex.lock();
                    usize::from(mutex.try_unlock())
                })
            });
            let wrong = {
                let mutex = Arc::clone(&mutex);
                thread::spawn(move || usize::from(mutex.try_unlock()))
            };
            let mut unlocks = usize::from(mutex.try_unlock()) + wrong.join().unwrap();
            for waiter in waiters {
                unlocks += waiter.join().unwrap();
            }
            assert_eq!(unlocks, 3);
        },
    );
}

/// An unlock stopped between its two halves, with one waiter, and the mutex locked again meanwhile:
/// then a second waiter, that second lock's unlock, and the pop, in every order.
#[test]
fn a_pop_meets_a_barger_and_a_push() {
    check("raw_mutex::a_pop_meets_a_barger_and_a_push", || {
        let shared = Arc::new((RawMutex::new(), Guarded::new()));
        let locker = || {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let _guard = shared.0.lock_guard();
                shared.1.increment();
            })
        };
        shared.0.lock();
        let first = locker();
        while !shared.0.has_waiters() {
            thread::yield_now();
        }
        let Released::MustWake(list) = shared.0.release() else {
            panic!("there is a waiter, and nobody else takes it");
        };
        assert!(shared.0.try_lock());
        let second = locker();
        let barger = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.0.unlock())
        };
        shared.0.wake(list);
        for thread in [first, second, barger] {
            thread.join().unwrap();
        }
        assert!(shared.0.try_lock());
        assert_eq!(shared.1.get(), 2);
    });
}

/// Not inlined, so that each call's waiter has the same address.
#[inline(never)]
fn in_one_frame(shared: &(RawMutex, Guarded)) {
    let _guard = shared.0.lock_guard();
    shared.1.increment();
}

/// One thread waits, locks, unlocks and waits again in the same frame while another looks at the
/// word, to join: what it takes is the second waiter, though it may have seen the first.
#[test]
fn a_waiter_that_waits_again_at_its_address_is_another() {
    let name = "raw_mutex::a_waiter_that_waits_again_at_its_address_is_another";
    check_within(2, name, || {
        let shared = Arc::new((RawMutex::new(), Guarded::new()));
        let ((done, once), (again, go)) = (channel(), channel());
        shared.0.lock();
        let twice = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                for round in 0..2 {
                    if round == 1 {
                        done.send(()).unwrap();
                        go.recv().unwrap();
                    }
                    in_one_frame(&shared);
                }
            })
        };
        while !shared.0.has_waiters() {
            thread::yield_now();
        }
        let holder = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                shared.0.unlock();
                once.recv().unwrap();
                shared.0.lock();
                again.send(()).unwrap();
                shared.0.unlock();
            })
        };
        let guard = shared.0.lock_guard();
        shared.1.increment();
        drop(guard);
        twice.join().unwrap();
        holder.join().unwrap();
        shared.0.lock();
        assert_eq!(shared.1.get(), 3);
    });
}

/// A locker has the waiters in hand when a wrong unlock frees the mutex under it: one is woken.
#[test]
fn a_wrong_unlock_beside_a_hand_loses_nobody() {
    check_within(
        1,
        "raw_mutex::a_wrong_unlock_beside_a_hand_loses_nobody",
        || {
            let mutex = Arc::new(RawMutex::new());
            mutex.lock();
            let waiters = [(); 2].map(|()| {
                let mutex = Arc::clone(&mutex);
                thread::spawn(move || {
                    mutex.lock();
                    usize::from(mutex.try_unlock())
                })
            });
            while !mutex.has_waiters() {
                thread::yield_now();
            }
            let wrong = {
                let mutex = Arc::clone(&mutex);
                thread::spawn(move || usize::from(mutex.try_unlock()))
            };
            let mut unlocks = usize::from(mutex.try_unlock());
            let locks = usize::from(mutex.try_lock());
            if locks == 1 {
                unlocks += usize::from(mutex.try_unlock());
            }
            unlocks += wrong.join().unwrap();
            for waiter in waiters {
                unlocks += waiter.join().unwrap();
            }
            assert_eq!(unlocks, 3 + locks);
        },
    );
}

/// An unlock has one waiter in hand, the mutex is locked again, and another waits in the word:
/// putting the first back makes one list of both.
#[test]
fn waiters_put_back_beside_others_are_one_list() {
    let name = "raw_mutex::waiters_put_back_beside_others_are_one_list";
    check_within(1, name, || {
        let shared = Arc::new((RawMutex::new(), Guarded::new()));
        let locker = || {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let _guard = shared.0.lock_guard();
                shared.1.increment();
            })
        };
        let until_one_waits = || {
            while !shared.0.has_waiters() {
                thread::yield_now();
            }
        };
        shared.0.lock();
        let first = locker();
        until_one_waits();
        let Released::MustWake(one) = shared.0.release() else {
            panic!("there is a waiter, and nobody else takes it");
        };
        assert!(shared.0.try_lock());
        let second = locker();
        until_one_waits();
        shared.0.put_back(one);
        shared.0.unlock();
        first.join().unwrap();
        second.join().unwrap();
        assert!(shared.0.try_lock());
        assert_eq!(shared.1.get(), 2);
    });
}
