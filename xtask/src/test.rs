//! `cargo xtask test`: the tests, by cargo-nextest where there is one.

use crate::python;
use crate::sh::{Result, Sh, has_cargo_tool};

/// Runs the tests of the workspace; the arguments go to the runner.
pub fn run(args: &[String]) -> Result {
    command("", args).run()
}

/// The runner with these options, over the whole workspace.
pub fn command(options: &str, args: &[String]) -> Sh {
    python::beside(runner().words("--workspace").words(options).args(args))
}

fn runner() -> Sh {
    // A process per test: one that forks, takes signals or installs hooks disturbs no other.
    if has_cargo_tool("nextest") {
        Sh::cargo("nextest run --no-fail-fast")
    } else {
        Sh::cargo("test --lib --bins --tests --examples --no-fail-fast")
    }
}
