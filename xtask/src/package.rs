//! `cargo xtask package`: the four crates as they would be published.

use crate::sh::{Result, Sh};

/// The crates that are published, in the order in which they can be.
pub const CRATES: [&str; 4] = ["py-arena", "py-hashsecret", "py-thread", "py-sync"];

/// `-p` for each of the four.
pub fn each() -> String {
    CRATES.map(|c| format!("-p {c}")).join(" ")
}

/// Packages them together: each is verified against the others' packages.
pub fn run(_: &[String]) -> Result {
    command().run()
}

/// The command.
pub fn command() -> Sh {
    Sh::cargo("package --allow-dirty").words(&each())
}
