//! `cargo xtask package`: the four crates as they would be published.

use crate::sh::{Result, Sh, target};

/// The crates that are published, in the order in which they can be.
pub const CRATES: [&str; 4] = ["py-arena", "py-hashsecret", "py-thread", "py-sync"];

/// `-p` for each of the four.
pub fn each() -> String {
    CRATES.map(|c| format!("-p {c}")).join(" ")
}

/// Packages them together: each is verified against the others' packages.
///
/// In a folder of its own each time: cargo keeps what it unpacked of a registry by the registry's path
/// and the crate's version, so that a second run would build against the crates of the first.
pub fn run(_: &[String]) -> Result {
    let folder = target().join(format!("packaged-{}", std::process::id()));
    let done = Sh::cargo("package --allow-dirty --target-dir")
        .arg(&folder)
        .words(&each())
        .run();
    // What stays behind costs room only.
    let _ = std::fs::remove_dir_all(&folder);
    done
}
