//! `cargo xtask test`: the tests, by cargo-nextest where there is one.

use crate::python;
use crate::sh::{Result, Sh, has_cargo_tool};

/// Runs the tests of the workspace; the arguments go to the runner.
pub fn run(args: &[String]) -> Result {
    command("", args).run()
}

/// The runner with these options, over the whole workspace.
pub fn command(options: &str, args: &[String]) -> Sh {
    let (runner, _) = runner();
    python::beside(runner.words("--workspace").words(options).args(args))
}

/// The tests of what is used optimised, so built: the tools are used as `command` tests them.
pub fn optimised() -> Sh {
    let (runner, profile) = runner();
    let tools = [
        "api-listing",
        "fuzz",
        "levels",
        "machine",
        "simulator",
        "sweep",
        "xtask",
    ];
    let runner = runner.arg(profile).words("optimised --workspace");
    python::beside(
        tools
            .iter()
            .fold(runner, |sh, tool| sh.args(&["--exclude", tool])),
    )
}

/// The runner, and its option that names a profile of cargo's.
fn runner() -> (Sh, &'static str) {
    // A process per test: one that forks, takes signals or installs hooks disturbs no other.
    if has_cargo_tool("nextest") {
        let nextest = Sh::cargo("nextest run --no-fail-fast");
        return (nextest, "--cargo-profile");
    }
    let cargo = Sh::cargo("test --lib --bins --tests --examples --no-fail-fast");
    (cargo, "--profile")
}
