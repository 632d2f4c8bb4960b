//! A hook that panics ends the process: the frame of its thread may be in a queue. `pending` may
//! panic, and the panic is the caller's.
#![cfg(all(unix, not(miri)))]

mod support;

use core::ops::ControlFlow;
use py_sync::{LockFlags, LockStatus, Mutex, Runtime, install, signal_arrived};
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

#[rstest::rstest]
#[case("detach", Some(libc::SIGABRT))]
#[case("attach", Some(libc::SIGABRT))]
#[case("pending", None)]
#[case("none", None)]
fn a_hook_that_panics_aborts(#[case] hook: &'static str, #[case] signal: Option<i32>) {
    if std::env::var(CHILD).as_deref() == Ok(hook) {
        return child(hook);
    }
    let name = std::thread::current().name().unwrap().to_owned();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &name, "--nocapture"])
        .env(CHILD, hook)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.signal(), signal, "{said}{told}");
    match hook {
        "none" => assert!(said.contains("returned"), "{said}"),
        "pending" => assert!(said.contains("panicked"), "{said}"),
        _ => assert!(told.contains(&format!("{hook} panics")), "{told}"),
    }
    assert_eq!(output.status.success(), signal.is_none(), "{said}{told}");
}
