//! A hook that panics ends the process: the frame of its thread may be in a queue. `pending` may
//! panic, and the panic is the caller's.
#![cfg(all(unix, not(miri)))]

mod support;

use core::ops::ControlFlow;
use py_sync::{LockFlags, LockStatus, Mutex, Runtime, install, signal_arrived};
#[cfg(feature = "gil-disabled")]
use py_sync::{detached, with_critical_section, with_critical_section2};
use std::os::unix::process::ExitStatusExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::time::Duration;

/// Which hook panics.
struct Panics(&'static str);

impl Runtime for Panics {
    fn detach(&self) -> bool {
        assert!(self.0 != "detach", "detach panics");
        true
    }

    fn attach(&self) {
        assert!(self.0 != "attach", "attach panics");
    }

    fn pending(&self) -> ControlFlow<()> {
        assert!(self.0 != "pending", "pending panics");
        ControlFlow::Continue(())
    }

    fn world_stopped(&self) -> bool {
        assert!(self.0 != "world_stopped", "world_stopped panics");
        false
    }
}

const CHILD: &str = "PY_SYNC_TEST_PANICKING_HOOK";

/// Runs in a process of its own: waits with a runtime whose hook panics.
fn child(hook: &'static str) {
    support::no_longer_than(20);
    install(Box::leak(Box::new(Panics(hook)))).unwrap();
    let mutex = Mutex::new();
    mutex.lock();
    let flags = LockFlags::DETACH | LockFlags::HANDLE_SIGNALS;
    if hook == "pending" {
        signal_arrived();
    }
    let wait = || mutex.lock_timed(Some(Duration::from_millis(5)), flags);
    let panicked = catch_unwind(AssertUnwindSafe(wait)).is_err();
    // The lot and the lock are as they should be, and the lock can still be waited for.
    mutex.unlock();
    assert!(mutex.try_lock());
    let again = mutex.lock_timed(Some(Duration::from_millis(5)), flags);
    assert_eq!(again, LockStatus::Failure);
    println!("{}", if panicked { "panicked" } else { "returned" });
}

/// The same hooks without a sleep: around a call that may block, and asked whether a section that
/// has one lock of two goes without.
#[cfg(feature = "gil-disabled")]
fn child_without_a_sleep(hook: &'static str) {
    support::no_longer_than(20);
    install(Box::leak(Box::new(Panics(hook)))).unwrap();
    let (free, held) = (Mutex::new(), Mutex::new());
    let calls = || {
        with_critical_section(&free, |_| detached(|| ()));
        held.lock();
        std::thread::scope(|scope| {
            scope.spawn(|| with_critical_section2(&free, &held, |_, _| ()));
            while !format!("{held:?}").contains("parked: true") {
                std::thread::yield_now();
            }
            held.unlock();
        });
    };
    let _ = catch_unwind(AssertUnwindSafe(calls));
    println!("returned");
}

/// Runs the calling test again in a process of its own, in which `CHILD` is `hook`.
fn ended(hook: &str) -> (Option<i32>, String) {
    let name = std::thread::current().name().unwrap().to_owned();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &name, "--nocapture"])
        .env(CHILD, hook)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].map(|s| String::from_utf8_lossy(&s).into_owned());
    let signal = output.status.signal();
    assert_eq!(output.status.success(), signal.is_none(), "{said:?}");
    assert!(!said[1].contains("has not ended"), "{said:?}");
    (signal, said.concat())
}

#[rstest::rstest]
#[case("detach", Some(libc::SIGABRT), "detach panics")]
#[case("attach", Some(libc::SIGABRT), "attach panics")]
#[case("pending", None, "panicked")]
#[case("none", None, "returned")]
fn a_hook_that_panics_aborts(
    #[case] hook: &'static str,
    #[case] signal: Option<i32>,
    #[case] words: &str,
) {
    if std::env::var(CHILD).as_deref() == Ok(hook) {
        return child(hook);
    }
    let (ended_by, said) = ended(hook);
    assert_eq!(ended_by, signal, "{said}");
    assert!(said.contains(words), "{said}");
}

// Without the feature a section locks nothing, and asks nobody.
#[cfg(feature = "gil-disabled")]
#[rstest::rstest]
#[case("detach", Some(libc::SIGABRT), "detach panics")]
#[case("attach", Some(libc::SIGABRT), "attach panics")]
#[case("world_stopped", Some(libc::SIGABRT), "world_stopped panics")]
#[case("none", None, "returned")]
fn a_hook_that_panics_where_nobody_sleeps_aborts_too(
    #[case] hook: &'static str,
    #[case] signal: Option<i32>,
    #[case] words: &str,
) {
    if std::env::var(CHILD).as_deref() == Ok(hook) {
        return child_without_a_sleep(hook);
    }
    let (ended_by, said) = ended(hook);
    assert_eq!(ended_by, signal, "{said}");
    assert!(said.contains(words), "{said}");
}
