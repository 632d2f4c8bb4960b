//! `cargo xtask sanitize`: the tests under a sanitizer, over an instrumented std.

use crate::sh::{Failure, Result, Sh, need_nightly, root};
use std::collections::BTreeSet;
use std::fs;

/// The target that is built; a target named outright keeps build scripts uninstrumented.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// A sanitizer, what it is asked about, and what it cannot run.
struct Sanitizer {
    name: &'static str,
    package: &'static str,
    /// Test files that are left out, and why; no report of any other is suppressed.
    leaves_out: &'static [&'static str],
    options: (&'static str, &'static str),
}

const ALL: [Sanitizer; 2] = [
    Sanitizer {
        name: "thread",
        package: "py-sync",
        // It stops threads that are started after a multi-threaded fork, and runs a handler only when
        // the thread next makes a call that it knows, which a futex is not; the watchdog's test
        // sends signals too, and libpython is not instrumented.
        leaves_out: &[
            "fork",
            "gil",
            "signal_storm",
            "signals",
            "watchdog",
            "oracle",
        ],
        options: ("TSAN_OPTIONS", "halt_on_error=1:second_deadlock_stack=1"),
    },
    Sanitizer {
        name: "address",
        package: "py-arena",
        // libpython leaks on purpose and is not instrumented.
        leaves_out: &["oracle"],
        options: (
            "ASAN_OPTIONS",
            "detect_stack_use_after_return=1:allocator_may_return_null=1",
        ),
    },
];

/// Runs the tests under the sanitizer that is named.
pub fn run(args: &[String]) -> Result {
    let usage = || Failure::other("which sanitizer, thread or address?");
    let (which, rest) = args.split_first().ok_or_else(usage)?;
    let sanitizer = ALL
        .iter()
        .find(|s| s.name == which.as_str())
        .ok_or_else(usage)?;
    need_nightly(Some("rust-src"))?;
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err(Failure::Missing(format!(
            "the sanitizers are set up for {TARGET} only"
        )));
    }
    sanitizer.command()?.arg("--").args(rest).run()
}

impl Sanitizer {
    fn command(&self) -> Result<Sh> {
        let mut sh = Sh::nightly("test --lib -Zbuild-std --all-features --target").arg(TARGET);
        for test in self.tests()? {
            sh = sh.arg("--test").arg(test);
        }
        let (options, value) = self.options;
        Ok(sh
            .arg("-p")
            .arg(self.package)
            .env("CARGO_TARGET_DIR", root().join("target").join(self.name))
            .env("RUSTFLAGS", format!("-Zsanitizer={}", self.name))
            .env(options, value)
            // Instrumented code is slow; the full counts run without it.
            .env("PY_SYNC_SIGNALS", "2000"))
    }

    /// The crate's test files, without those that are left out.
    fn tests(&self) -> Result<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        for entry in fs::read_dir(root().join("crates").join(self.package).join("tests"))? {
            let path = entry?.path();
            let is_test =
                path.join("main.rs").exists() || path.extension().is_some_and(|e| e == "rs");
            let name = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if is_test && !self.leaves_out.contains(&name.as_str()) {
                names.insert(name);
            }
        }
        Ok(names)
    }
}
