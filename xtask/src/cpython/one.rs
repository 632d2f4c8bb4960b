//! One run of one file, or of one of our trials, by one interpreter.

use super::limit::{self, End, GRACE};
use super::tree::Build;
use crate::sh::{Failure, Result, Sh, root};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What is run on both.
#[derive(Clone, Debug)]
pub enum Subject {
    /// One of `benches/cpython/trials.py`.
    Trial(String),
    /// A file of the standard library's suite.
    File(String),
}

impl Subject {
    pub fn name(&self) -> String {
        match self {
            Subject::Trial(name) => format!("trial: {name}"),
            Subject::File(name) => name.clone(),
        }
    }
}

/// How one run of a file ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub verdict: &'static str,
    /// regrtest's own sums: `run=9 skipped=1`.
    pub sums: String,
}

impl Outcome {
    pub fn passed(&self) -> bool {
        self.verdict == "passed"
    }

    /// regrtest knows no file of this name.
    pub fn is_of_no_file(&self) -> bool {
        self.verdict == "failed" && self.sums == "run=0"
    }
}

/// Runs it. What it said is kept in the build's folder, by the names of the file and of the interpreter
/// and the number of the round, unless it has passed.
pub fn run(
    build: &Build,
    python: &Path,
    subject: &Subject,
    limit: Duration,
    round: u32,
) -> Result<Outcome> {
    // One process for each: one that dies takes no other along.
    let sh = Sh::new(python).dir(&build.dir);
    let sh = match subject {
        Subject::Trial(name) => sh.words("-W ignore").arg(trials_file()).arg(name),
        // The limit is ours. Shortly after it the file says its own stacks and ends.
        Subject::File(name) => sh
            .words("-m test --verbose3 --timeout")
            .arg((limit + GRACE).as_secs().to_string())
            .arg(name),
    };
    let interpreter = python.file_name().unwrap_or_default().to_string_lossy();
    let name = subject.name().replace(": ", "-");
    let logs = build.dir.join("xtask-logs");
    fs::create_dir_all(&logs)?;
    let log = logs.join(format!("{name}.{interpreter}.{round}.log"));
    let end = limit::run(&sh, &log, limit)?;
    let said = fs::read(&log)?;
    let said = String::from_utf8_lossy(&said);
    let line = |start: &str| said.lines().find_map(|l| l.strip_prefix(start));
    let outcome = match subject {
        Subject::Trial(_) => Outcome {
            verdict: verdict(end, "SUCCESS"),
            sums: String::new(),
        },
        Subject::File(_) => Outcome {
            verdict: verdict(end, line("Result: ").unwrap_or_default()),
            sums: line("Total tests: ").unwrap_or_default().to_owned(),
        },
    };
    if ["passed", "skipped"].contains(&outcome.verdict) {
        fs::remove_file(&log)?;
    }
    Ok(outcome)
}

fn verdict(end: End, result: &str) -> &'static str {
    match end {
        End::Status(Some(0)) if result.starts_with("SUCCESS") => "passed",
        // What it says where all of a file is skipped, and where no test ran.
        End::Status(Some(0 | 4)) => "skipped",
        End::Status(Some(2 | 3)) => "failed",
        End::Status(_) => "died",
        End::Hung => "hung",
    }
}

fn trials_file() -> PathBuf {
    root().join("benches/cpython/trials.py")
}

/// What the file of our trials lists.
pub fn trials(build: &Build, python: &Path) -> Result<Vec<Subject>> {
    let list = Sh::new(python).arg(trials_file()).dir(&build.dir).output();
    let list = list.ok_or_else(|| Failure::other("the interpreter does not list our trials"))?;
    Ok(list.lines().map(|l| Subject::Trial(l.to_owned())).collect())
}

/// Words in the names of files whose tests come near the replaced parts.
const NEAR: &[&str] = &[
    "thread",
    "lock",
    "async",
    "multiprocessing",
    "concurrent",
    "capi",
    "fork",
    "signal",
    "queue",
    "interp",
    "sched",
    "atexit",
    "gc",
    "weakref",
    "faulthandler",
    "tracemalloc",
    "hash",
];

/// What the suite itself lists; the files that come near the replaced parts first.
pub fn every_file(build: &Build, python: &Path) -> Result<Vec<Subject>> {
    let list = Sh::new(python)
        .words("-m test --list-tests")
        .dir(&build.dir)
        .output();
    let list = list.ok_or_else(|| Failure::other("the interpreter does not list its tests"))?;
    let mut names: Vec<&str> = list.lines().collect();
    names.sort_by_key(|name| !is_near(name));
    Ok(names
        .into_iter()
        .map(|n| Subject::File(n.to_owned()))
        .collect())
}

fn is_near(name: &str) -> bool {
    NEAR.iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::{End, is_near, verdict};

    #[test]
    fn an_end_is_a_verdict() {
        let status = |n| End::Status(Some(n));
        assert_eq!(verdict(status(0), "SUCCESS"), "passed");
        assert_eq!(verdict(status(0), ""), "skipped");
        assert_eq!(verdict(status(4), "NO TESTS RAN"), "skipped");
        assert_eq!(verdict(status(2), "FAILURE"), "failed");
        assert_eq!(verdict(status(1), ""), "died");
        assert_eq!(verdict(End::Status(None), "SUCCESS"), "died");
        assert_eq!(verdict(End::Hung, "SUCCESS"), "hung");
    }

    #[test]
    fn files_near_the_replaced_parts_are_known_by_their_names() {
        assert!(is_near("test.test_asyncio.test_locks"));
        assert!(is_near("test_free_threading"));
        assert!(!is_near("test_zipfile"));
    }
}
