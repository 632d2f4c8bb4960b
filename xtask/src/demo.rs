//! `cargo xtask demo`: the frontend example, built for release.

use crate::sh::{Failure, Result, Sh, root};

/// Runs the example with these arguments; its exit status is ours. Cargo shows what it builds.
pub fn run(args: &[String]) -> Result {
    let sh = Sh::cargo("run --release --package frontend --manifest-path")
        .arg(root().join("Cargo.toml"))
        .arg("--")
        .args(args)
        // The user's relative paths mean the user's folder.
        .dir(std::env::current_dir()?);
    match sh.run() {
        // The demo has printed what is wrong.
        Err(Failure::Command {
            status: Some(n @ 1..=100),
            ..
        }) => Err(Failure::Status(n as u8)),
        other => other,
    }
}
