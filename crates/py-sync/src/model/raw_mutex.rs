//! Models of [`RawMutex`]: exclusion, ordering, and a waiter that is never touched after its wake.

use super::{Guarded, check};
use crate::raw_mutex::RawMutex;
use loom::sync::Arc;
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
                    // SAFETY: locked two lines above.
                    unsafe { shared.0.unlock() };
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
