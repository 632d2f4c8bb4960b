//! The figures of the report's locks: a turn that waits is counted, and a long wait as a hand-off.

use frontend::locked::{Lazy, Locked, RwLocked};
use frontend::parts::{HANDED_OVER_AFTER, Lock, Once, SharedLock, Turns};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::mpsc::channel;
use std::thread::ScopedJoinHandle;

#[test]
fn a_turn_counts_what_it_was_told() {
    let turns = Turns::default();
    let figures = || (turns.taken(), turns.waited(), turns.handed());
    assert_eq!(turns.take(Some('f'), || unreachable!("it is free")), 'f');
    assert_eq!(figures(), (1, 0, 0));
    let late = || {
        std::thread::sleep(HANDED_OVER_AFTER);
        'w'
    };
    assert_eq!(turns.take(None, late), 'w');
    assert_eq!(figures(), (2, 1, 1));
    turns.count(true);
    assert_eq!(figures(), (3, 2, 1));
}

/// Holds a lock for a while, and takes it meanwhile, or later. What the two turns counted.
fn two_turns() -> [(u64, u64, u64); 2] {
    let lock = Locked::new(0);
    let figures = |turns: &Turns| (turns.taken(), turns.waited(), turns.handed());
    let (mine, (holds, held_by_other)) = (Turns::default(), channel());
    let theirs = std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            let turns = Turns::default();
            lock.with(&turns, |value| {
                holds.send(()).expect("the other side waits for it");
                std::thread::sleep(HANDED_OVER_AFTER * 20);
                *value += 1;
            });
            figures(&turns)
        });
        held_by_other
            .recv()
            .expect("it is sent while the lock is held");
        lock.with(&mine, |value| *value += 1);
        other.join().expect("nobody panics")
    });
    assert_eq!(lock.into_inner(), 2);
    [theirs, figures(&mine)]
}

/// On a busy machine the lock may be free again before the second turn: then once more.
#[test]
fn a_turn_that_waits_long_is_counted_as_handed_over() {
    for _ in 0..100 {
        let [theirs, mine] = two_turns();
        assert_eq!(theirs, (1, 0, 0));
        if mine == (1, 1, 1) {
            return;
        }
        assert!([(1, 0, 0), (1, 1, 0)].contains(&mine), "{mine:?}");
    }
    panic!("no turn of a hundred found the lock taken for long");
}

#[test]
fn a_panic_inside_unlocks() {
    let (lock, shared, turns) = (Locked::new(1), RwLocked::new(2), Turns::default());
    let panics = |f: &dyn Fn()| {
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
        assert!(result.is_err());
    };
    panics(&|| lock.with(&turns, |_| panic!("on purpose")));
    panics(&|| shared.write(&turns, |_| panic!("on purpose")));
    panics(&|| shared.read(&turns, |_| panic!("on purpose")));
    assert_eq!(lock.with(&turns, |value| *value), 1);
    assert_eq!(shared.write(&turns, |value| *value), 2);
    assert_eq!(turns.waited(), 0);
}

#[test]
fn readers_share_and_writers_do_not() {
    let (shared, turns) = (RwLocked::new(7), Turns::default());
    shared.read(&turns, |a| {
        shared.read(&turns, |b| assert_eq!((a, b), (&7, &7)))
    });
    assert_eq!((turns.taken(), turns.waited()), (2, 0));
}

#[test]
fn a_value_is_made_once_by_whoever_comes_first() {
    for _ in 0..100 {
        let lazy = Lazy::new();
        assert_eq!(lazy.get(), None);
        let made = AtomicU32::new(0);
        let get = || {
            *lazy.get_or_make(|| {
                let count = made.fetch_add(1, Relaxed);
                std::thread::yield_now();
                count + 40
            })
        };
        let values: Vec<u32> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(get)).collect();
            let join = |t: ScopedJoinHandle<'_, u32>| t.join().expect("nobody panics");
            threads.into_iter().map(join).collect()
        });
        assert_eq!(values, [40; 4]);
        assert_eq!(made.into_inner(), 1);
    }
}

#[test]
fn an_initialiser_that_panics_leaves_it_to_the_next() {
    let lazy = Lazy::new();
    let first = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        lazy.get_or_make(|| panic!("on purpose"));
    }));
    assert!(first.is_err());
    assert_eq!(lazy.get(), None);
    assert_eq!(*lazy.get_or_make(|| 5), 5);
}
