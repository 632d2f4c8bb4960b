//! `cargo xtask sanitize`: the tests under a sanitizer, over an instrumented std.

use crate::package;
use crate::sh::{Failure, Result, Sh, need_nightly, root};

/// The target that is built; a target named outright keeps build scripts uninstrumented.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// ThreadSanitizer stops threads that are started after a multi-threaded fork, so the tests that
/// fork are left out of it; no report is suppressed.
const FORKS: &[&str] = &["--skip", "fork"];

/// Runs the tests of the four crates under the sanitizer that is named.
pub fn run(args: &[String]) -> Result {
    let (which, rest) = args.split_first().ok_or_else(usage)?;
    need_nightly(Some("rust-src"))?;
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err(Failure::Missing(format!(
            "the sanitizers are set up for {TARGET} only"
        )));
    }
    let skip: &[&str] = if which == "thread" { FORKS } else { &[] };
    command(which)?.arg("--").args(skip).args(rest).run()
}

fn usage() -> Failure {
    Failure::other("which sanitizer, thread or address?")
}

fn command(which: &str) -> Result<Sh> {
    let sh = Sh::nightly("test --lib --tests -Zbuild-std --all-features --target")
        .arg(TARGET)
        .words(&package::each())
        .env("CARGO_TARGET_DIR", root().join("target").join(which));
    match which {
        "thread" => Ok(sh
            .env("RUSTFLAGS", "-Zsanitizer=thread")
            .env("TSAN_OPTIONS", "halt_on_error=1:second_deadlock_stack=1")),
        // Waiters live on stacks: a use after the frame is gone must show.
        "address" => Ok(sh.env("RUSTFLAGS", "-Zsanitizer=address").env(
            "ASAN_OPTIONS",
            "detect_stack_use_after_return=1:detect_leaks=1",
        )),
        _ => Err(usage()),
    }
}
