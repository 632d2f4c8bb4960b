//! The figures of the report's locks: a wait is counted, and a long wait as a hand-over.

use frontend::stats::{HANDED_OVER_AFTER, LockStats};
use py_sync::typed::Mutex;
use std::sync::mpsc::channel;
use std::thread;

#[test]
fn each_lock_counts_what_it_was_told() {
    let stats = LockStats::default();
    assert_eq!(stats.take(Some('f'), || unreachable!("it is free")), 'f');
    assert_eq!(stats.figures(), [1, 0, 0]);
    let late = || {
        thread::sleep(HANDED_OVER_AFTER);
        'w'
    };
    assert_eq!(stats.take(None, late), 'w');
    assert_eq!(stats.figures(), [2, 1, 1]);
    stats.count(true);
    assert_eq!(stats.figures(), [3, 2, 1]);
}

/// Takes a lock that another thread has taken and holds for a while.
fn second_of_two() -> [u64; 3] {
    let (lock, stats) = (Mutex::new(()), LockStats::default());
    let (is_held, held) = channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            let _guard = lock.lock();
            is_held.send(()).expect("the other side waits for it");
            thread::sleep(HANDED_OVER_AFTER * 20);
        });
        held.recv().expect("it is sent while the lock is held");
        drop(stats.take(lock.try_lock(), || lock.lock()));
    });
    stats.figures()
}

/// On a busy machine the lock may be free again before the second thread asks: then once more.
#[test]
fn a_long_wait_is_counted_as_handed_over() {
    let found = (0..100).find(|_| match second_of_two() {
        [1, 1, 1] => true,
        [1, 0, 0] | [1, 1, 0] => false,
        other => panic!("{other:?}"),
    });
    assert!(
        found.is_some(),
        "no thread of a hundred found the lock held for long"
    );
}
