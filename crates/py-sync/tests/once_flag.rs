//! [`OnceFlag`] with real threads.

use py_sync::OnceFlag;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);

/// The byte, as C would read it.
fn byte(once: &OnceFlag) -> u8 {
    // SAFETY: `OnceFlag` is `repr(transparent)` over one atomic byte.
    unsafe { &*std::ptr::from_ref(once).cast::<AtomicU8>() }.load(SeqCst)
}

#[test]
fn an_error_is_returned_and_the_next_call_tries() {
    let once = OnceFlag::default();
    for (result, after) in [(Err(1), 0), (Err(2), 0), (Ok(()), 4)] {
        let call = once.call(|| {
            assert_eq!(byte(&once), 1);
            result
        });
        assert_eq!((call, byte(&once)), (result, after));
        assert_eq!(once.is_done(), after == 4);
    }
    assert_eq!(once.call(|| Err(3)), Ok(()), "done: never run again");
    assert_eq!(
        format!("{once:?}"),
        "OnceFlag { done: true, running: false }"
    );
}

#[test]
fn a_panic_counts_as_a_failed_try() {
    let once = OnceFlag::new();
    let boom = || once.call(|| -> Result<(), ()> { panic!("boom") });
    let panic = catch_unwind(AssertUnwindSafe(boom)).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"boom"));
    assert_eq!((byte(&once), once.is_done()), (0, false));
    assert_eq!(once.call(|| Ok::<(), ()>(())), Ok(()));
    assert!(once.is_done());
}

/// All callers return after the one run of the initialiser, never before.
#[test]
fn callers_wait_for_the_one_that_runs() {
    let threads = if cfg!(miri) { 4 } else { 50 };
    let once = OnceFlag::new();
    let (runs, ready) = (AtomicUsize::new(0), AtomicBool::new(false));
    let barrier = Barrier::new(threads);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                barrier.wait();
                let call = once.call(|| {
                    runs.fetch_add(1, SeqCst);
                    assert!(!once.is_done(), "running is not done");
                    std::thread::sleep(MS * 10);
                    ready.store(true, SeqCst);
                    Ok::<(), ()>(())
                });
                assert_eq!(call, Ok(()));
                assert!(ready.load(SeqCst), "nobody returns before the end");
            });
        }
    });
    assert_eq!(runs.load(SeqCst), 1);
    assert_eq!(byte(&once), 4);
}

/// Whether a try fails by an error or a panic, those who waited go on, one try at a time.
#[rstest::rstest]
#[case::error(false)]
#[case::panic(true)]
fn those_who_waited_for_a_failure_try_themselves(#[case] panics: bool) {
    let once = OnceFlag::new();
    let tries = AtomicUsize::new(0);
    let running = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let f = || {
                    assert_eq!(running.fetch_add(1, SeqCst), 0, "one at a time");
                    std::thread::sleep(MS);
                    let nth = tries.fetch_add(1, SeqCst);
                    running.fetch_sub(1, SeqCst);
                    match (nth < 3, panics) {
                        (true, true) => panic!("no luck"),
                        (true, false) => Err(()),
                        (false, _) => Ok(()),
                    }
                };
                let _ = catch_unwind(AssertUnwindSafe(|| once.call(f)));
            });
        }
    });
    assert_eq!(tries.load(SeqCst), 4);
    assert!(once.is_done());
}

/// It would wait for itself; the flag can be tried again afterwards.
#[test]
#[cfg(debug_assertions)]
fn an_initialiser_that_calls_its_own_flag_panics_in_a_debug_build() {
    let (once, other) = (OnceFlag::new(), OnceFlag::new());
    let recurse = || once.call(|| other.call(|| once.call(|| Ok::<(), ()>(()))));
    let panic = catch_unwind(AssertUnwindSafe(recurse)).unwrap_err();
    let words = "a once-flag was called by its own initialiser";
    assert_eq!(panic.downcast_ref(), Some(&words));
    assert_eq!((byte(&once), byte(&other)), (0, 0));
    assert_eq!(once.call(|| Ok::<(), ()>(())), Ok(()));
}

/// By the byte, with the bits: 1 running, 2 waited for, 4 done, 8 poisoned.
#[rstest::rstest]
#[case::untried(0, 0)]
#[case::waited_for(2, 0)]
#[case::running(1, 0)]
#[case::running_and_waited_for(3, 0)]
#[case::running_after_a_panic(9, 0)]
#[case::done(4, 4)]
#[case::poisoned(8, 8)]
#[case::poisoned_and_waited_for(10, 8)]
fn a_child_runs_anew_what_was_running_and_keeps_the_rest(#[case] before: u8, #[case] after: u8) {
    let once = OnceFlag::new();
    // SAFETY: as in `byte`.
    unsafe { &*std::ptr::from_ref(&once).cast::<AtomicU8>() }.store(before, SeqCst);
    // SAFETY: nobody else knows the flag, and its initialiser guards nothing.
    unsafe { once.at_fork_reinit() };
    assert_eq!(byte(&once), after);
}

/// Its own try has ended. A debug build must not take the next one for a call from within.
#[test]
fn who_has_failed_may_wait_for_another_try() {
    let (once, runs) = (OnceFlag::new(), Barrier::new(2));
    assert_eq!(once.call(|| Err(1)), Err(1));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            once.call(|| {
                runs.wait();
                while byte(&once) != 3 {
                    std::thread::yield_now();
                }
                Ok::<(), ()>(())
            })
        });
        runs.wait();
        assert_eq!(once.call(|| Err(2)), Ok(()));
    });
}
