//! `cargo xtask targets`: type-checks for machines that are not here.

use crate::package;
use crate::sh::{Result, Sh, need_nightly, target as folder};

const TARGETS: &[&str] = &[
    "x86_64-pc-windows-msvc",
    "aarch64-apple-darwin",
    "x86_64-unknown-freebsd",
    "aarch64-linux-android",
    "i686-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "s390x-unknown-linux-gnu",
    "wasm32-wasip1",
];

/// Checks the targets that are named, or all; nothing is linked or run.
pub fn run(args: &[String]) -> Result {
    need_nightly(Some("rust-src"))?;
    let all: Vec<String> = TARGETS.iter().map(|t| (*t).to_owned()).collect();
    let targets = if args.is_empty() { &all } else { args };
    eprintln!("{}", targets.join(", "));
    // All at once: the parts of one standard library wait for each other.
    let check = Sh::nightly("check --quiet -Zbuild-std=std,panic_abort --all-features");
    targets
        .iter()
        .fold(check, |sh, target| sh.args(&["--target", target]))
        .words(&package::each())
        .env("CARGO_TARGET_DIR", folder().join("targets"))
        .env("RUSTFLAGS", "-Dwarnings")
        .run()
}
