//! A prepared build in one archive, for a machine that has neither cargo nor the source.
//!
//! It holds a folder `sweep`: this program, the test binaries, and the plan: lines of fields with tabs
//! between, `area` with its name, then the area's `test`s and `change`s. `packed.rs` reads it.

use crate::builds::{Kind, alone};
use crate::decide::Task;
use crate::runs::Test;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub const PLAN: &str = "plan.tsv";

pub struct Pack {
    folder: PathBuf,
    plan: String,
    /// The names of the binaries in the archive.
    binaries: HashMap<PathBuf, String>,
}

impl Pack {
    /// Begins an empty one in a folder.
    pub fn new(folder: PathBuf) -> Result<Pack, String> {
        if alone().is_none() {
            return Err(
                "only Linux with glibc's static library (libc.a) can build programs that run \
                        elsewhere"
                    .to_owned(),
            );
        }
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        }
        fs::create_dir_all(folder.join("sweep/bin")).map_err(|e| e.to_string())?;
        Ok(Pack {
            folder,
            plan: String::new(),
            binaries: HashMap::new(),
        })
    }

    /// An area's tests; its changes follow.
    pub fn area(&mut self, name: &str, tests: &[Test]) -> Result<(), String> {
        self.plan.push_str(&format!("area\t{name}\n"));
        for test in tests {
            let count = self.binaries.len();
            let binary = match self.binaries.get(&test.binary) {
                Some(name) => name.clone(),
                None => {
                    let name = count.to_string();
                    let to = self.folder.join("sweep/bin").join(&name);
                    fs::copy(&test.binary, to).map_err(|e| e.to_string())?;
                    self.binaries.insert(test.binary.clone(), name.clone());
                    name
                }
            };
            let kind = match test.kind {
                Kind::Model => "model",
                Kind::Native => "native",
            };
            let Test {
                name,
                told,
                part,
                file,
                ..
            } = test;
            let line = format!("test\t{kind}\t{binary}\t{name}\t{told}\t{part}\t{file}\n");
            self.plan.push_str(&line);
        }
        Ok(())
    }

    pub fn change(&mut self, task: &Task, key: &str, name: &str) {
        let mut passed: Vec<&str> = task.passed.iter().map(String::as_str).collect();
        passed.sort_unstable();
        let (number, passed) = (task.change, passed.join(" "));
        let line = format!("change\t{number}\t{key}\t{passed}\t{name}\n");
        self.plan.push_str(&line);
    }

    /// Adds the plan and the program, and writes the archive.
    pub fn finish(self, program: &Path, archive: &Path) -> Result<(), String> {
        let changes = self.plan.lines().filter(|l| l.starts_with("change\t"));
        let changes = changes.count();
        if changes == 0 {
            return Err("nothing is left to decide about".to_owned());
        }
        let inner = self.folder.join("sweep");
        let fail = |e: std::io::Error| format!("{}: {e}", inner.display());
        fs::write(inner.join(PLAN), &self.plan).map_err(fail)?;
        fs::copy(program, inner.join("sweep")).map_err(fail)?;
        if let Some(folder) = archive.parent() {
            fs::create_dir_all(folder).map_err(fail)?;
        }
        // The binaries have much in common, so it is looked for far back.
        let mut tar = Command::new("tar");
        tar.env("XZ_OPT", "--x86 --lzma2=preset=6,dict=192MiB");
        tar.arg("-cJf").arg(archive).arg("-C").arg(&self.folder);
        let status = tar.arg("sweep").status();
        if !status
            .map_err(|e| format!("cannot start tar: {e}"))?
            .success()
        {
            return Err("tar could not write the archive".to_owned());
        }
        let size = fs::metadata(archive).map_err(fail)?.len();
        println!(
            "{changes} changes and {} binaries are in {}, {:.1} MiB",
            self.binaries.len(),
            archive.display(),
            size as f64 / f64::from(1 << 20)
        );
        Ok(())
    }
}

/// Builds this program so that it needs no shared library.
pub fn program(root: &Path, targets: &Path) -> Result<PathBuf, String> {
    let target = alone().ok_or("this machine cannot build a program that runs elsewhere")?;
    let targets = targets.join("program");
    let built = Command::new("cargo")
        .args(["build", "--quiet", "--package", "sweep", "--target", target])
        .current_dir(root)
        .env("RUSTFLAGS", "-C target-feature=+crt-static")
        .env("CARGO_TARGET_DIR", &targets)
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_PROFILE_DEV_STRIP", "symbols")
        .env_remove("CARGO")
        .env_remove("CARGO_MANIFEST_DIR")
        .status()
        .map_err(|e| format!("cannot start cargo: {e}"))?;
    if !built.success() {
        return Err("this program does not build without shared libraries".to_owned());
    }
    Ok(targets.join(target).join("debug/sweep"))
}
