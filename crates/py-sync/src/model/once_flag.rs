//! Models of [`OnceFlag`]: one run at a time, nobody returns before its end, failures wake all.

use super::{Guarded, check, together};
use crate::once_flag::OnceFlag;
use loom::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The flag, what its initialiser writes, and how many tries shall fail.
struct Shared {
    once: OnceFlag,
    guarded: Guarded,
    failures: AtomicUsize,
}

fn shared(failures: usize) -> Shared {
    Shared {
        once: OnceFlag::new(),
        guarded: Guarded::new(),
        failures: AtomicUsize::new(failures),
    }
}

/// Calls until it is done; returns how many tries of its own failed.
fn call(shared: &Shared) -> usize {
    let mut failed = 0;
    loop {
        let result = shared.once.call(|| {
            shared.guarded.increment();
            // Relaxed: one initialiser at a time.
            match shared.failures.load(Relaxed) {
                0 => Ok(()),
                left => {
                    shared.failures.store(left - 1, Relaxed);
                    Err(())
                }
            }
        });
        match result {
            Ok(()) => break,
            Err(()) => failed += 1,
        }
    }
    // Before `is_done`, which would order what `call` does not.
    shared.guarded.get();
    assert!(shared.once.is_done());
    failed
}

fn look(shared: &Shared) -> usize {
    if shared.once.is_done() {
        assert_eq!(shared.guarded.get(), 1);
    }
    0
}

fn calls(name: &str, threads: usize, failures: usize) {
    check(name, move || {
        let (shared, failed) = together(shared(failures), &[call as fn(&_) -> _; 3][..threads]);
        assert_eq!(failed.into_iter().sum::<usize>(), failures);
        assert_eq!(shared.guarded.get(), failures + 1);
    });
}

#[test]
fn two_callers() {
    calls("once_flag::two_callers", 2, 0);
}

#[test]
fn three_callers() {
    calls("once_flag::three_callers", 3, 0);
}

#[test]
fn two_callers_one_failure() {
    calls("once_flag::two_callers_one_failure", 2, 1);
}

/// A caller whose try failed does not try again: those who waited must.
#[test]
fn three_callers_one_failure() {
    fn call_once(shared: &Shared) -> usize {
        let result = shared.once.call(|| {
            shared.guarded.increment();
            // Relaxed: one initialiser at a time.
            match shared.failures.swap(0, Relaxed) {
                0 => Ok(()),
                _ => Err(()),
            }
        });
        usize::from(result.is_err())
    }
    check("once_flag::three_callers_one_failure", || {
        let (shared, failed) = together(shared(1), &[call_once as fn(&_) -> _; 3]);
        assert_eq!(failed.into_iter().sum::<usize>(), 1);
        assert!(shared.once.is_done());
        assert_eq!(shared.guarded.get(), 2);
    });
}

#[test]
fn running_is_not_done() {
    check("once_flag::running_is_not_done", || {
        together(shared(0), &[call, look]);
    });
}
