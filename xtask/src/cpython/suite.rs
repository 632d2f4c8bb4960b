//! Our own trials, and the standard library's test files, each on both interpreters.

use super::tree::Build;
use crate::sh::{Failure, Result, Sh, root};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A file that hangs for so long prints the stacks of all its threads, and ends.
const TIMEOUT_S: &str = "900";

/// Files whose results differ are run so often.
const ROUNDS: u32 = 3;

/// What is run on both.
#[derive(Clone, Debug)]
enum Subject {
    /// One of `benches/cpython/trials.py`.
    Trial(String),
    /// A file of the standard library's suite.
    File(String),
}

impl Subject {
    fn name(&self) -> String {
        match self {
            Subject::Trial(name) => format!("trial: {name}"),
            Subject::File(name) => name.clone(),
        }
    }
}

/// How one run of a file ended.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Outcome {
    verdict: &'static str,
    /// regrtest's own sums: `run=9 skipped=1`.
    sums: String,
}

/// Runs the trials, and then the files, or with `all` every one there is; prints the table.
pub fn run(build: &Build, tests: &str) -> Result {
    let [base, ours] = build.pythons();
    let mut subjects = trials(build, &base)?;
    match tests {
        "all" => subjects.extend(every_file(build, &base)?),
        names => subjects.extend(
            names
                .split_whitespace()
                .map(|n| Subject::File(n.to_owned())),
        ),
    }
    println!("{:<38} {:>9} {:>7}  base / ours", "file", "result", "time");
    let (mut same, mut both_fail, mut skipped, mut differs) = (0, 0, 0, Vec::new());
    for subject in &subjects {
        let start = Instant::now();
        let pair = [one(build, &base, subject), one(build, &ours, subject)];
        let (result, told) = match &pair {
            [a, _] if a.verdict == "failed" && a.sums == "run=0" => ("UNKNOWN", String::new()),
            [a, b] if a.verdict == b.verdict && a.verdict == "skipped" => {
                ("skipped", String::new())
            }
            // What failed in it may be two things: nothing is claimed of such a file.
            [a, b] if a.verdict == b.verdict && a.verdict != "passed" => ("both fail", sums(a, b)),
            // Fewer tests may have run.
            [a, b] if a.verdict == b.verdict && a.sums != b.sums => ("OTHER SUMS", sums(a, b)),
            [a, b] if a.verdict == b.verdict => ("same", sums(a, b)),
            [a, b] => again(build, [&base, &ours], subject, [a, b]),
        };
        match result {
            "same" => same += 1,
            "both fail" => both_fail += 1,
            "skipped" => skipped += 1,
            _ => differs.push(subject.name()),
        }
        row(&subject.name(), result, start.elapsed(), &told);
    }
    let (count, differ) = (subjects.len(), differs.len());
    println!(
        "{count} in all: {same} same, {both_fail} fail on both, {skipped} skipped, {differ} differ"
    );
    match differs.is_empty() {
        true => Ok(()),
        false => Err(Failure::other(format!("different: {}", differs.join(", ")))),
    }
}

fn row(name: &str, result: &str, took: Duration, told: &str) {
    println!(
        "{name:<38} {result:>9} {:>5.0} s  {told}",
        took.as_secs_f64()
    );
}

/// What to say where both ended alike.
fn sums(base: &Outcome, ours: &Outcome) -> String {
    match base == ours {
        true => format!("{}: {}", base.verdict, base.sums),
        false => format!("{}: {} / {}", base.verdict, base.sums, ours.sums),
    }
}

/// A file that ended differently: runs it on both until each has had its rounds. It differs unless
/// ours passes as often.
fn again(
    build: &Build,
    pythons: [&Path; 2],
    subject: &Subject,
    first: [&Outcome; 2],
) -> (&'static str, String) {
    let mut passed = first.map(|outcome| u32::from(outcome.verdict == "passed"));
    for _ in 1..ROUNDS {
        for (count, python) in passed.iter_mut().zip(pythons) {
            *count += u32::from(one(build, python, subject).verdict == "passed");
        }
    }
    let [base, ours] = passed;
    let result = if ours >= base { "same" } else { "DIFFERS" };
    let [a, b] = first;
    let first = format!("{} {} / {} {}", a.verdict, a.sums, b.verdict, b.sums);
    (
        result,
        format!("passed {base} and {ours} of {ROUNDS}; first {first}"),
    )
}

fn one(build: &Build, python: &Path, subject: &Subject) -> Outcome {
    // One process for each: one that dies takes no other along.
    let python = Sh::new(python).dir(&build.dir);
    let (said, result) = match subject {
        Subject::Trial(name) => python.words("-W ignore").arg(trials_file()).arg(name),
        Subject::File(name) => python.words("-m test --timeout").arg(TIMEOUT_S).arg(name),
    }
    .tee(false);
    let status = match &result {
        Ok(()) => Some(0),
        Err(Failure::Command { status, .. }) => *status,
        Err(_) => None,
    };
    let line = |start: &str| said.iter().find_map(|l| l.strip_prefix(start));
    let outcome = match subject {
        Subject::Trial(_) => Outcome {
            verdict: if status == Some(0) { "passed" } else { "died" },
            sums: String::new(),
        },
        Subject::File(_) => Outcome {
            verdict: verdict(status, line("Result: ").unwrap_or_default()),
            sums: line("Total tests: ").unwrap_or_default().to_owned(),
        },
    };
    if ["failed", "died"].contains(&outcome.verdict) {
        let name = subject.name().replace(": ", "-");
        let log = build.dir.join(format!("xtask-{name}.log"));
        // The table is what matters; a full disk must not end it.
        let _ = std::fs::write(&log, said.join("\n"));
    }
    outcome
}

fn verdict(status: Option<i32>, result: &str) -> &'static str {
    match status {
        Some(0) if result.starts_with("SUCCESS") => "passed",
        // What it says where all of a file is skipped, and where no test ran.
        Some(0 | 4) => "skipped",
        Some(2 | 3) => "failed",
        _ => "died",
    }
}

fn trials_file() -> PathBuf {
    root().join("benches/cpython/trials.py")
}

/// What the file of our trials lists.
fn trials(build: &Build, python: &Path) -> Result<Vec<Subject>> {
    let list = Sh::new(python).arg(trials_file()).dir(&build.dir).output();
    let list = list.ok_or_else(|| Failure::other("the interpreter does not list our trials"))?;
    Ok(list.lines().map(|l| Subject::Trial(l.to_owned())).collect())
}

/// What the suite itself lists.
fn every_file(build: &Build, python: &Path) -> Result<Vec<Subject>> {
    let list = Sh::new(python)
        .words("-m test --list-tests")
        .dir(&build.dir)
        .output();
    let list = list.ok_or_else(|| Failure::other("the interpreter does not list its tests"))?;
    Ok(list.lines().map(|l| Subject::File(l.to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::verdict;

    #[test]
    fn a_status_is_a_verdict() {
        assert_eq!(verdict(Some(0), "SUCCESS"), "passed");
        assert_eq!(verdict(Some(4), "NO TESTS RAN"), "skipped");
        assert_eq!(verdict(Some(2), "FAILURE"), "failed");
        assert_eq!(verdict(Some(1), ""), "died");
        assert_eq!(verdict(None, ""), "died");
    }
}
