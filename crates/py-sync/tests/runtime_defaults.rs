//! A runtime that says only what a signal does: nothing is detached, and a `detach` without its other
//! half ends the process with words.
#![cfg(all(unix, not(miri)))]

mod support;

use core::ops::ControlFlow;
use py_sync::{LockFlags, LockStatus, Mutex, Runtime, install, signal_arrived};
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::time::Duration;

struct Signals;

impl Runtime for Signals {
    fn pending(&self) -> ControlFlow<()> {
        ControlFlow::Break(())
    }
}

/// Says that it was attached, and not how it is again.
struct Half;

impl Runtime for Half {
    fn detach(&self) -> bool {
        true
    }

    fn pending(&self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

const CHILD: &str = "PY_SYNC_TEST_HALF_A_RUNTIME";

/// One process has one runtime: the other is another's.
#[test]
fn only_pending_has_to_be_written() {
    let mutex = Mutex::new();
    mutex.lock();
    let flags = LockFlags::DETACH | LockFlags::HANDLE_SIGNALS;
    let soon = Some(Duration::from_millis(2));
    if std::env::var_os(CHILD).is_some() {
        support::no_longer_than(20);
        install(&Half).unwrap();
        let _ = mutex.lock_timed(soon, flags);
        return;
    }
    assert!(!Signals.detach() && !Signals.world_stopped());
    install(&Signals).unwrap();
    assert_eq!(mutex.lock_timed(soon, flags), LockStatus::Failure);
    signal_arrived();
    assert_eq!(mutex.lock_timed(None, flags), LockStatus::Intr);
    // A wait with a check of its own asks that, and not the runtime.
    signal_arrived();
    let asks = || Ok::<(), ()>(());
    assert_eq!(mutex.lock_with_signals(soon, asks), Ok(false));

    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "only_pending_has_to_be_written", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{said}");
    assert!(
        said.contains("a runtime whose detach says true must say how a thread is attached again"),
        "{said}"
    );
}
