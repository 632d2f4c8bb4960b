//! `cargo xtask fuzz`: the targets of `benches/fuzz` under libFuzzer; and `--planted`, which shows that
//! they bite.
//!
//! libFuzzer needs no nightly toolchain: the coverage it goes by is a pass of the compiler's that stable
//! has. So the flags here are those of cargo-fuzz, without its sanitizer; `cargo xtask sanitize` has
//! those. A target is known by its file in `xtask/fuzz/`, so that none is without a planted fault.

use crate::fault;
use crate::mutants::copy_tree;
use crate::sh::{Failure, Result, Sh, files_below, root, target};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What libFuzzer goes by: which edges were run how often, and what was compared with what.
const COVERAGE: &str = "--cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// A planted fault must be found within these seconds.
const PLANTED_SECONDS: u32 = 60;
/// Without one, nothing is found in these.
const SOUND_SECONDS: u32 = 5;

/// No program of a corpus is longer.
const LONGEST: u32 = 512;

/// A line of source that is changed for the worse.
#[derive(Clone, Debug)]
struct Fault {
    target: String,
    what: String,
    package: String,
    file: String,
    find: String,
    replace: String,
}

/// What a user may ask for.
#[derive(Debug)]
struct Asked {
    seconds: u32,
    planted: bool,
    keep: bool,
    targets: Vec<String>,
}

/// Runs the targets that are named, or all, each for its time.
pub fn run(args: &[String]) -> Result {
    let faults = read_all()?;
    let asked = read(args, &faults)?;
    if asked.planted {
        return planted(&faults, &asked);
    }
    let binary = build(&root(), &folder().join("target"), "3")?;
    for name in &asked.targets {
        let (found, kept) = (folder().join("found").join(name), corpus(name));
        fs::create_dir_all(&found)?;
        let sh = libfuzzer(&binary, "broken", name, asked.seconds)?.arg(&found);
        let sh = if kept.exists() { sh.arg(&kept) } else { sh };
        sh.run()?;
        if asked.keep {
            keep(&binary, name, &found)?;
        }
    }
    Ok(())
}

fn read(args: &[String], faults: &[Fault]) -> Result<Asked> {
    let mut all: Vec<String> = faults.iter().map(|f| f.target.clone()).collect();
    all.dedup();
    let mut asked = Asked {
        seconds: 60,
        planted: false,
        keep: false,
        targets: Vec::new(),
    };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--planted" => asked.planted = true,
            "--keep" => asked.keep = true,
            "--seconds" => {
                let n = args.next().and_then(|n| n.parse().ok());
                let bad = || Failure::other("--seconds takes a number from 1");
                asked.seconds = n.filter(|n| *n > 0).ok_or_else(bad)?;
            }
            name if all.iter().any(|t| t == name) => asked.targets.push(name.to_owned()),
            other => {
                let all = all.join(", ");
                return Err(Failure::other(format!(
                    "no fuzz target {other:?}; there are {all}"
                )));
            }
        }
    }
    if asked.targets.is_empty() {
        asked.targets = all;
    }
    Ok(asked)
}

/// The faults of all targets, in the order of their names.
fn read_all() -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    let mut paths = files_below(&root().join("xtask/fuzz"))?;
    paths.sort();
    for path in paths {
        for entry in fault::read(&path)? {
            let target = path.file_stem().unwrap_or_default();
            faults.push(Fault {
                target: target.to_string_lossy().into_owned(),
                what: entry.word("what")?,
                package: entry.word("package")?,
                file: entry.word("file")?,
                find: entry.word("find")?,
                replace: entry.word("replace")?,
            });
        }
    }
    Ok(faults)
}

fn folder() -> PathBuf {
    target().join("fuzz")
}

fn corpus(name: &str) -> PathBuf {
    root().join("benches/fuzz/corpus").join(name)
}

/// The fuzzer, built from this tree.
fn build(tree: &Path, to: &Path, opt_level: &str) -> Result<PathBuf> {
    if !cfg!(unix) {
        return Err(Failure::Missing("a unix system, for libFuzzer".to_owned()));
    }
    let host = Sh::new("rustc").words("--print host-tuple").output();
    let host = host.ok_or_else(|| Failure::other("rustc does not say for what it builds"))?;
    let host = host.trim();
    // With a target named, build scripts and macros are built without the flags.
    Sh::cargo("build --release -p fuzz --bin fuzz --target")
        .arg(host)
        .arg("--target-dir")
        .arg(to)
        .dir(tree)
        .env("RUSTFLAGS", COVERAGE)
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", opt_level)
        .env("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true")
        .env("CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS", "true")
        .run()?;
    Ok(to.join(host).join("release/fuzz"))
}

/// The fuzzer on a target; folders of programs are still to be named.
/// A program that shows a fault goes to `broken`.
fn libfuzzer(binary: &Path, broken: &str, name: &str, seconds: u32) -> Result<Sh> {
    let broken = folder().join(broken).join(name);
    fs::create_dir_all(&broken)?;
    let prefix = format!("-artifact_prefix={}/", broken.display());
    Ok(Sh::new(binary)
        .env("FUZZ_TARGET", name)
        .arg(prefix)
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={LONGEST}"))
        // Longer than a target itself waits for a wake-up.
        .words("-timeout=40 -len_control=0 -print_final_stats=1"))
}

/// The smallest programs that together run what all run that were found, in the place of the corpus.
fn keep(binary: &Path, name: &str, found: &Path) -> Result {
    let (kept, small) = (corpus(name), folder().join("small").join(name));
    if small.exists() {
        fs::remove_dir_all(&small)?;
    }
    fs::create_dir_all(&small)?;
    fs::create_dir_all(&kept)?;
    // By edges alone: how often each was run would keep ten times as many.
    libfuzzer(binary, "broken", name, 300)?
        .words("-merge=1 -use_counters=0 -use_value_profile=0")
        .arg(&small)
        .arg(&kept)
        .arg(found)
        .run()?;
    fs::remove_dir_all(&kept)?;
    fs::create_dir_all(&kept)?;
    for file in files_below(&small)? {
        fs::copy(
            &file,
            kept.join(file.file_name().expect("a file has a name")),
        )?;
    }
    Ok(())
}

/// Plants each fault in a copy of the tree. The fuzzer must find it in time.
fn planted(faults: &[Fault], asked: &Asked) -> Result {
    let tree = folder().join("tree");
    copy_tree(&tree)?;
    // A target that fails without a fault would find any.
    let binary = build(&tree, &folder().join("planted"), "1")?;
    for name in &asked.targets {
        if let (true, _) = finds(&binary, name, SOUND_SECONDS)? {
            let words = format!("{name} fails without a planted fault");
            return Err(Failure::other(words));
        }
    }
    let mut survived = 0;
    let mut table = Vec::new();
    for fault in faults.iter().filter(|f| asked.targets.contains(&f.target)) {
        let path = tree.join("crates").join(&fault.package).join(&fault.file);
        let sound = fs::read_to_string(&path)?;
        let times = sound.matches(&fault.find).count();
        if times != 1 {
            let Fault { what, file, .. } = fault;
            let words = format!("{what}: the text to replace occurs {times} times in {file}");
            return Err(Failure::other(words));
        }
        fs::write(&path, sound.replacen(&fault.find, &fault.replace, 1))?;
        // Built for one minute: quickly.
        let binary = build(&tree, &folder().join("planted"), "1");
        fs::write(&path, sound)?;
        let (found, took) = finds(&binary?, &fault.target, PLANTED_SECONDS)?;
        survived += usize::from(!found);
        let verdict = if found { "found" } else { "NOT FOUND" };
        let seconds = took.as_secs_f64();
        table.push(format!(
            "{:<9} {:<66} {verdict} in {seconds:.1} s",
            fault.target, fault.what
        ));
    }
    println!();
    table.iter().for_each(|line| println!("{line}"));
    match survived {
        0 => Ok(()),
        n => Err(Failure::other(format!(
            "{n} planted faults were not found in {PLANTED_SECONDS} s"
        ))),
    }
}

/// Whether the fuzzer, which begins with nothing, finds a fault in this time, and how long it took.
fn finds(binary: &Path, name: &str, seconds: u32) -> Result<(bool, Duration)> {
    let empty = folder().join("empty");
    if empty.exists() {
        fs::remove_dir_all(&empty)?;
    }
    fs::create_dir_all(&empty)?;
    let start = Instant::now();
    let sh = libfuzzer(binary, "planted-broken", name, seconds)?.arg(&empty);
    match sh.tee(false).1 {
        Ok(()) => Ok((false, start.elapsed())),
        // libFuzzer's own: a crash, or a program that took too long.
        Err(Failure::Command {
            status: Some(77 | 70),
            ..
        }) => Ok((true, start.elapsed())),
        Err(other) => Err(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(words: &str) -> Result<Asked> {
        let args: Vec<_> = words.split_whitespace().map(str::to_owned).collect();
        read(&args, &read_all()?)
    }

    #[test]
    fn every_target_has_a_planted_fault_that_can_be_planted() {
        let text = fs::read_to_string(root().join("benches/fuzz/src/lib.rs")).unwrap();
        let names = text.split("Target { name: \"").skip(1);
        let mut names: Vec<_> = names.filter_map(|rest| rest.split('"').next()).collect();
        names.sort_unstable();
        assert_eq!(asked("").unwrap().targets, names);
        for fault in read_all().unwrap() {
            let path = root().join("crates").join(&fault.package).join(&fault.file);
            let text = fs::read_to_string(&path).unwrap();
            assert_eq!(text.matches(&fault.find).count(), 1, "{fault:?}");
        }
    }

    #[test]
    fn options_and_targets_are_read() {
        let some = asked("--seconds 5 lot --keep").unwrap();
        assert_eq!((some.seconds, some.keep, some.planted), (5, true, false));
        assert_eq!(some.targets, ["lot"]);
        for (words, says) in [
            ("--seconds", "takes a number"),
            ("--seconds 0", "takes a number"),
            ("sed", "no fuzz target"),
        ] {
            let said = format!("{:?}", asked(words).unwrap_err());
            assert!(said.contains(says), "{words}: {said}");
        }
    }
}
