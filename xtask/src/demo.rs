//! `cargo xtask demo`: the frontend example, built for release.

use crate::sh::{Failure, Result, Sh};

/// Runs the example with these arguments; its exit status is ours.
pub fn run(args: &[String]) -> Result {
    let sh = Sh::cargo("run --release --package benches --example frontend --").args(args);
    // The user's relative paths mean the user's folder.
    let here = std::env::current_dir()?;
    let manifest = crate::sh::root().join("Cargo.toml");
    let sh = if here == crate::sh::root() {
        sh
    } else {
        Sh::cargo("run --release --package benches --example frontend --manifest-path")
            .arg(manifest)
            .arg("--")
            .args(args)
            .dir(here)
    };
    match sh.run() {
        // The example has told what is wrong.
        Err(Failure::Command {
            status: Some(n @ 1..=100),
            ..
        }) => Err(Failure::Status(n as u8)),
        other => other,
    }
}
