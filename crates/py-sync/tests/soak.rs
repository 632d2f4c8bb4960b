//! The example `soak`, for seconds: it passes, and its watchdog can fire.
#![cfg(all(unix, not(miri), feature = "gil-disabled"))]

#[path = "../examples/soak/main.rs"]
#[allow(dead_code, reason = "an example, run by its entry point")]
mod soak;

use std::process::{Command, Output};

const CHILD: &str = "PY_SYNC_TEST_SOAK";

/// The example's own process; does nothing when run as a test.
#[test]
fn as_the_example() {
    if let Ok(args) = std::env::var(CHILD) {
        let code = soak::run(args.split_whitespace().map(str::to_owned));
        std::process::exit(code.into());
    }
}

fn run(args: &str) -> (Option<i32>, String) {
    let Output { status, stdout, .. } = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "as_the_example", "--nocapture"])
        .env(CHILD, args)
        .output()
        .unwrap();
    (status.code(), String::from_utf8(stdout).unwrap())
}

#[test]
fn a_short_soak_passes() {
    let (code, said) = run("--seconds 2 --threads 16");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("every count is exact"), "{said}");
}

#[test]
fn the_watchdog_fires_on_a_lost_wake_up() {
    let (code, said) = run("--seconds 600 --threads 4 --patience 3 --prove-watchdog");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("thread 4 has stood still for 3s"), "{said}");
    #[cfg(feature = "diagnostics")]
    assert!(said.contains("  park  "), "it says who waits: {said}");
}

#[test]
fn a_wrong_option_is_told() {
    for wrong in ["--what", "--seconds", "--seconds x", "--forks -1"] {
        assert_eq!(run(wrong).0, Some(2), "{wrong}");
    }
}
