//! The tests under valgrind's memcheck: what they read was written, and what they took they gave
//! back.

use super::tests;
use crate::sh::{Failure, Result, Sh, target};

/// The crates whose tests are all run. The others' threads and futexes are the sanitizers' matter:
/// valgrind runs one thread at a time.
const PACKAGES: [&str; 2] = ["py-arena", "py-hashsecret"];

/// A definite leak is an error; what a static still points to at the end is not.
const VALGRIND: &str = "valgrind --quiet --error-exitcode=9 --leak-check=full \
                        --errors-for-leak-kinds=definite --show-leak-kinds=definite";

/// Runs the tests of those of `packages` that it is for.
pub(super) fn run(packages: &[&str], rest: &[String]) -> Result {
    if Sh::new("valgrind").arg("--version").output().is_none() {
        return Err(Failure::Missing("valgrind".to_owned()));
    }
    for package in packages.iter().filter(|p| PACKAGES.contains(p)) {
        let mut sh = Sh::cargo("test --lib --all-features -p").arg(*package);
        for test in tests(package, why_not)? {
            sh = sh.arg("--test").arg(test);
        }
        sh.arg("--")
            .args(rest)
            .env("CARGO_TARGET_DIR", target().join("valgrind"))
            .env("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER", VALGRIND)
            // Each instruction costs fifty: optimised ones, and small counts.
            .env("CARGO_PROFILE_DEV_OPT_LEVEL", "2")
            .env("PROPTEST_CASES", "16")
            .env("PYTHON_ORACLE_OPS", "20000")
            .run()?;
    }
    Ok(())
}

fn why_not(test: &str) -> Option<&'static str> {
    (test == "c_api")
        .then_some("its programs are processes of their own, which valgrind does not follow")
}
