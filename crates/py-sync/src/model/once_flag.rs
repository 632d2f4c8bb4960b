//! Models of [`OnceFlag`]: one try at a time, no call returns before its end, a failure wakes all.

use super::{Guarded, check, together};
use crate::once_flag::poison::Stage;
use crate::once_flag::{Begun, OnceFlag, Rules};
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

/// As `look`, by the question that the typed form asks.
fn look_at_the_stage(shared: &Shared) -> usize {
    if shared.once.stage() == Stage::Done {
        assert_eq!(shared.guarded.get(), 1);
    }
    0
}

#[test]
fn who_sees_the_last_stage_sees_what_was_written() {
    check(
        "once_flag::who_sees_the_last_stage_sees_what_was_written",
        || {
            together(shared(0), &[call, look_at_the_stage]);
        },
    );
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

/// One try that fails, and poisons.
fn fail(shared: &Shared) -> usize {
    if let Begun::Running(running) = shared.once.begin(&Rules::POISONING) {
        shared.guarded.increment();
        drop(running);
        return 1;
    }
    0
}

/// Tries whatever others have come to.
fn force(shared: &Shared) -> usize {
    if let Begun::Running(running) = shared.once.begin(&Rules::FORCED) {
        let tries = usize::from(running.was_poisoned());
        assert_eq!(
            shared.guarded.get(),
            tries,
            "a try knows that the one before it failed"
        );
        shared.guarded.increment();
        running.succeed();
    }
    assert!(shared.guarded.get() > 0);
    shared.guarded.get() << 8
}

/// Refused if it comes after one that failed; if not, it succeeds.
fn refuse(shared: &Shared) -> usize {
    match shared.once.begin(&Rules::POISONING) {
        Begun::Running(running) => {
            assert!(!running.was_poisoned());
            shared.guarded.increment();
            running.succeed();
            1
        }
        Begun::Refused => {
            assert_eq!(shared.guarded.get(), 1, "one has failed");
            0
        }
        Begun::Done => 0,
    }
}

#[test]
fn one_fails_and_one_overlooks_it() {
    check("once_flag::one_fails_and_one_overlooks_it", || {
        let (shared, tried) = together(shared(0), &[force as fn(&_) -> _, fail]);
        assert!(shared.once.is_done());
        assert_eq!(shared.guarded.get(), tried[1] + 1);
    });
}

#[test]
fn one_fails_and_one_is_refused() {
    check("once_flag::one_fails_and_one_is_refused", || {
        let (shared, tried) = together(shared(0), &[refuse as fn(&_) -> _, fail]);
        assert_eq!(tried[0] + tried[1], 1, "the first, and no other");
        assert_eq!(shared.guarded.get(), 1);
        assert_eq!(shared.once.is_done(), tried[0] == 1);
    });
}

#[test]
fn one_fails_and_two_wait() {
    check("once_flag::one_fails_and_two_wait", || {
        let (shared, _) = together(shared(0), &[force as fn(&_) -> _, fail, force]);
        assert!(shared.once.is_done());
    });
}

/// Waits for the try of somebody else, whatever it finds; what that one has written is seen.
fn wait(shared: &Shared) -> usize {
    if shared.once.wait(&Rules::POISONING) {
        assert_eq!(shared.guarded.get(), 1);
        return 1;
    }
    assert_eq!(shared.guarded.get(), 1, "one has failed");
    0
}

/// Waits until a try has succeeded, over those that fail.
fn wait_forced(shared: &Shared) -> usize {
    assert!(shared.once.wait(&Rules::FORCED), "refuses nothing");
    shared.guarded.get()
}

#[test]
fn one_waits_for_anothers_try() {
    check("once_flag::one_waits_for_anothers_try", || {
        let (shared, seen) = together(shared(0), &[wait as fn(&_) -> _, call]);
        assert_eq!(seen[0], 1);
        assert_eq!(shared.guarded.get(), 1);
    });
}

#[test]
fn two_wait_for_anothers_try() {
    check("once_flag::two_wait_for_anothers_try", || {
        let (_, seen) = together(shared(0), &[wait as fn(&_) -> _, call, wait]);
        assert_eq!(seen[0] + seen[2], 2);
    });
}

#[test]
fn one_waits_for_a_try_that_fails() {
    check("once_flag::one_waits_for_a_try_that_fails", || {
        let (shared, seen) = together(shared(0), &[wait as fn(&_) -> _, fail]);
        assert_eq!(
            seen,
            [0, 1],
            "refused by the poison, and not asleep for ever"
        );
        assert!(!shared.once.is_done());
    });
}

/// A failed try, and then one that overlooks that: the waiter sleeps through the first.
#[test]
fn one_waits_until_a_try_succeeds() {
    fn fail_and_force(shared: &Shared) -> usize {
        fail(shared);
        force(shared)
    }
    check("once_flag::one_waits_until_a_try_succeeds", || {
        let (shared, seen) = together(shared(0), &[wait_forced as fn(&_) -> _, fail_and_force]);
        assert_eq!(seen[0], 2);
        assert!(shared.once.is_done());
    });
}
