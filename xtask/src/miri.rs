//! `cargo xtask miri`: the tests under Miri, in both aliasing models.

use crate::package;
use crate::sh::{Failure, Result, Sh, need_nightly};

/// Why each flag: strict provenance and symbolic alignment are what a stricter machine would ask;
/// the isolation is off for the clock and the environment.
const FLAGS: &str =
    "-Zmiri-strict-provenance -Zmiri-symbolic-alignment-check -Zmiri-disable-isolation";

/// Runs it; tests that fork, signal, load libraries or start processes leave themselves out.
pub fn run(args: &[String]) -> Result {
    let mut seeds = 16_u32;
    let mut packages = package::each();
    let mut rest = Vec::new();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value = || {
            args.next()
                .ok_or_else(|| Failure::other(format!("{arg} takes a value")))
        };
        match arg.as_str() {
            "--seeds" => {
                let n = value()?;
                let bad = |_| Failure::other(format!("--seeds takes a number, not {n:?}"));
                seeds = n.parse().map_err(bad)?;
            }
            "-p" => packages = format!("-p {}", value()?),
            word => rest.push(word.to_owned()),
        }
    }
    need_nightly(Some("miri"))?;
    need_nightly(Some("rust-src"))?;
    for model in ["", "-Zmiri-tree-borrows"] {
        let flags = format!("{FLAGS} -Zmiri-many-seeds=0..{seeds} {model}");
        Sh::nightly("miri test --lib --tests")
            .words(&packages)
            .args(&rest)
            .env("MIRIFLAGS", flags.trim())
            .env("RUSTFLAGS", "-Zrandomize-layout")
            .run()?;
    }
    Ok(())
}
