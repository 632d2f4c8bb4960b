//! `cargo xtask loom`: every model, over the real code.

use crate::sh::{Failure, Result, Sh, target};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// The crates that have models.
pub const CRATES: [&str; 3] = ["py-hashsecret", "py-thread", "py-sync"];

/// Runs the models that the filter names, or all.
pub fn run(args: &[String]) -> Result {
    let mut preemptions = "2".to_owned();
    let mut filter = Vec::new();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--preemptions" => match args.next() {
                Some(n) => preemptions.clone_from(n),
                None => return Err(Failure::other("--preemptions takes a number")),
            },
            word => filter.push(word.to_owned()),
        }
    }
    eprintln!(
        "building the models of {}; then each tells its executions",
        CRATES.join(", ")
    );
    command(&preemptions)
        .arg("--")
        .args(&filter)
        .arg("--nocapture")
        .arg("--test-threads=2")
        .run()
}

/// `cargo test` over the models, without the arguments of the test binary.
pub fn command(preemptions: &str) -> Sh {
    let packages = CRATES.map(|c| format!("-p {c}")).join(" ");
    configure(
        Sh::cargo("test --lib --profile model --features py-thread/micro").words(&packages),
        target().join("loom"),
    )
    .env("LOOM_MAX_PREEMPTIONS", preemptions)
}

/// Builds for loom, in a folder of its own: the flag rebuilds every dependency.
pub fn configure(sh: Sh, target: impl Into<OsString>) -> Sh {
    sh.env("RUSTFLAGS", "--cfg loom")
        .env("CARGO_TARGET_DIR", target)
        // As the profile says, also where a run of all steps says otherwise.
        .env("CARGO_INCREMENTAL", "1")
}

/// Copies what this task has built into another target folder, if that has no build yet, so that loom
/// itself is not built again. Cargo goes by the times of the files, so they are copied too; what it
/// still finds out of date, it builds.
pub fn copy_build(to: &Path) -> Result {
    let (from, to) = (target().join("loom/model"), to.join("model"));
    if !from.exists() || to.exists() {
        return Ok(());
    }
    let mut folders = [".fingerprint", "build", "deps"]
        .map(PathBuf::from)
        .to_vec();
    while let Some(folder) = folders.pop() {
        fs::create_dir_all(to.join(&folder))?;
        for entry in fs::read_dir(from.join(&folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                folders.push(path);
                continue;
            }
            fs::copy(entry.path(), to.join(&path))?;
            let copy = fs::OpenOptions::new().append(true).open(to.join(&path))?;
            copy.set_modified(entry.metadata()?.modified()?)?;
        }
    }
    Ok(())
}
