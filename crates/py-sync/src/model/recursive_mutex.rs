//! Models of [`RecursiveMutex`]: loom's threads share one OS thread, so each passes its ident.

use super::{Guarded, check, together};
use crate::deadline::{Deadline, NeverFair};
use crate::flags::{LockFlags, LockStatus};
use crate::recursive_mutex::RecursiveMutex;
use core::num::NonZeroUsize;
use core::time::Duration;
use py_thread::Ident;

type Shared = (RecursiveMutex, Guarded);

fn shared() -> Shared {
    (RecursiveMutex::new(), Guarded::new())
}

/// Two levels deep if it gets the lock within `timeout`; says whether it did.
fn nest<const IDENT: u64, const TIMED: bool>(shared: &Shared) -> bool {
    let ident = Ident::from_u64(IDENT).unwrap();
    let deadline = Deadline::after(TIMED.then_some(Duration::from_millis(1)));
    let lock = || {
        shared
            .0
            .lock_with(&NeverFair, ident, deadline, LockFlags::NONE)
    };
    assert!(!shared.0.is_locked_by(ident));
    if lock() != LockStatus::Acquired {
        return false;
    }
    shared.1.increment();
    assert_eq!((lock(), shared.0.level()), (LockStatus::Acquired, 1));
    assert!(shared.0.unlock_with(&NeverFair, ident));
    assert_eq!(shared.0.level(), 0);
    shared.1.increment();
    assert!(shared.0.unlock_with(&NeverFair, ident));
    assert!(!shared.0.unlock_with(&NeverFair, ident), "no longer ours");
    true
}

/// Two levels at once.
fn at_once<const IDENT: u64>(shared: &Shared) -> bool {
    let (ident, two) = (
        Ident::from_u64(IDENT).unwrap(),
        NonZeroUsize::new(2).unwrap(),
    );
    shared
        .0
        .lock_levels_with(&NeverFair, ident, two, LockFlags::NONE);
    assert!(shared.0.is_locked_by(ident));
    assert_eq!(shared.0.level(), 1);
    shared.1.increment();
    shared.1.increment();
    assert_eq!(shared.0.unlock_all_with(&NeverFair, ident), Some(two));
    true
}

fn contend(name: &str, roles: &'static [fn(&Shared) -> bool]) {
    check(name, || {
        let (shared, got) = together(shared(), roles);
        let ident = Ident::from_u64(9).unwrap();
        assert!(shared.0.try_lock_as(ident));
        assert_eq!(shared.0.level(), 0);
        let got = got.into_iter().filter(|&got| got).count();
        assert_eq!(shared.1.get(), 2 * got);
    });
}

#[test]
fn two_threads() {
    contend(
        "recursive_mutex::two_threads",
        &[nest::<1, false>, nest::<2, false>],
    );
}

/// The owner and the level are cleared before the mutex is free: after that they are the next owner's.
#[test]
fn two_threads_all_levels_at_once() {
    contend(
        "recursive_mutex::two_threads_all_levels_at_once",
        &[at_once::<1>, at_once::<2>],
    );
}

#[test]
fn two_threads_one_timed() {
    contend(
        "recursive_mutex::two_threads_one_timed",
        &[nest::<1, false>, nest::<2, true>],
    );
}

#[test]
fn three_threads() {
    contend(
        "recursive_mutex::three_threads",
        &[nest::<1, false>, nest::<2, false>, nest::<3, false>],
    );
}
