//! Our own trials, and the standard library's test files, each on both interpreters.

use super::one::{self, Outcome, Subject};
use super::tree::Build;
use crate::sh::{Failure, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A file that has not passed on both is run so often.
const ROUNDS: u32 = 3;

/// How the suite is run.
#[derive(Debug)]
pub struct Plan {
    /// Names, or `all`.
    pub tests: String,
    /// A file that runs for so long hangs.
    pub limit: Duration,
    /// The base runs only what does not pass on ours.
    pub ours_first: bool,
    /// Goes on where the last run of this build stopped.
    pub resume: bool,
}

/// Runs the trials, and then the files, or with `all` every one there is; prints the table.
pub fn run(build: &Build, plan: &Plan) -> Result {
    let [base, _] = build.pythons();
    let mut subjects = one::trials(build, &base)?;
    match plan.tests.as_str() {
        "all" => subjects.extend(one::every_file(build, &base)?),
        names => subjects.extend(
            names
                .split_whitespace()
                .map(|n| Subject::File(n.to_owned())),
        ),
    }
    let record = record(build);
    let done = match plan.resume {
        true => names_in(&fs::read_to_string(&record).unwrap_or_default()),
        false => {
            fs::write(&record, "")?;
            BTreeSet::new()
        }
    };
    println!("{:<38} {:>9} {:>7}  base / ours", "file", "result", "time");
    for subject in subjects.iter().filter(|s| !done.contains(&s.name())) {
        let start = Instant::now();
        let (result, told) = compare(build, plan, subject)?;
        let (name, seconds) = (subject.name(), start.elapsed().as_secs());
        println!("{name:<38} {result:>9} {seconds:>5} s  {told}");
        let mut file = fs::OpenOptions::new().append(true).open(&record)?;
        writeln!(file, "{name}\t{result}\t{seconds}\t{told}")?;
    }
    sum_up(&fs::read_to_string(&record)?)
}

/// A line for each file that has been run, its result and what there is to say, parted by tabs.
fn record(build: &Build) -> PathBuf {
    build.dir.join("xtask-suite.tsv")
}

fn names_in(record: &str) -> BTreeSet<String> {
    let names = record.lines().filter_map(|line| line.split('\t').next());
    names.map(str::to_owned).collect()
}

/// Prints how many files ended how; fails if any differs.
fn sum_up(record: &str) -> Result {
    let mut counts = BTreeMap::new();
    let mut differs = Vec::new();
    for line in record.lines() {
        let mut fields = line.split('\t');
        let (name, result) = (fields.next(), fields.next().unwrap_or_default());
        *counts.entry(result).or_insert(0) += 1;
        // Those that need a look are in capitals.
        if result.starts_with(char::is_uppercase) {
            differs.extend(name);
        }
    }
    let told = counts.iter().map(|(result, n)| format!("{n} {result}"));
    let told = told.collect::<Vec<_>>().join(", ");
    println!("{} in all: {told}", record.lines().count());
    match differs.is_empty() {
        true => Ok(()),
        false => Err(Failure::other(format!("different: {}", differs.join(", ")))),
    }
}

/// Runs one on ours and on the base, and more often unless it passes on both.
fn compare(build: &Build, plan: &Plan, subject: &Subject) -> Result<(&'static str, String)> {
    let [base, ours] = build.pythons();
    let once = |python: &PathBuf, round| one::run(build, python, subject, plan.limit, round);
    let of_ours = once(&ours, 1)?;
    if plan.ours_first && ["passed", "skipped"].contains(&of_ours.verdict) {
        return Ok((of_ours.verdict, of_ours.sums));
    }
    let mut pairs = vec![[once(&base, 1)?, of_ours]];
    while needs_another(&pairs) {
        let round = u32::try_from(pairs.len()).unwrap_or(ROUNDS) + 1;
        pairs.push([once(&base, round)?, once(&ours, round)?]);
    }
    Ok(judge(&pairs))
}

fn needs_another(pairs: &[[Outcome; 2]]) -> bool {
    let [base, ours] = &pairs[0];
    let settled = base.verdict == ours.verdict && ["passed", "skipped"].contains(&ours.verdict);
    !settled && !base.is_of_no_file() && pairs.len() < ROUNDS as usize
}

/// The result of these runs, and what to say of them. A result in capitals needs a look.
fn judge(pairs: &[[Outcome; 2]]) -> (&'static str, String) {
    let [base, ours] = &pairs[0];
    if base.is_of_no_file() {
        return ("UNKNOWN", String::new());
    }
    if let [_] = pairs {
        return match base == ours {
            true => ("same", format!("{}: {}", base.verdict, base.sums)),
            // Fewer tests may have run.
            false => ("OTHER SUMS", format!("{} / {}", base.sums, ours.sums)),
        };
    }
    let passed = |which: usize| pairs.iter().filter(|pair| pair[which].passed()).count();
    let result = match (passed(0), passed(1)) {
        // What failed in it may be two things: nothing is claimed of such a file.
        (0, 0) => "both fail",
        (of_base, of_ours) if of_ours < of_base => "DIFFERS",
        (_, of_ours) if of_ours == pairs.len() => "same",
        _ => "flaky",
    };
    let told = pairs
        .iter()
        .map(|[a, b]| format!("{} {} / {} {}", a.verdict, a.sums, b.verdict, b.sums));
    (result, told.collect::<Vec<_>>().join("; "))
}

#[cfg(test)]
mod tests {
    use super::{Outcome, judge, names_in, needs_another, sum_up};

    fn outcome(verdict: &'static str) -> Outcome {
        Outcome {
            verdict,
            sums: "run=9".to_owned(),
        }
    }

    fn pairs(words: &[[&'static str; 2]]) -> Vec<[Outcome; 2]> {
        words.iter().map(|pair| pair.map(outcome)).collect()
    }

    #[test]
    fn one_round_settles_what_passes_on_both() {
        assert!(!needs_another(&pairs(&[["passed", "passed"]])));
        assert!(!needs_another(&pairs(&[["skipped", "skipped"]])));
        assert!(needs_another(&pairs(&[["passed", "failed"]])));
        assert!(needs_another(&pairs(&[["failed", "failed"]])));
        assert!(!needs_another(&pairs(&[["failed", "hung"]; 3])));
    }

    #[test]
    fn runs_are_judged_by_how_often_they_pass() {
        let judged = |words: &[[&'static str; 2]]| judge(&pairs(words)).0;
        let (good, bad) = ("passed", "failed");
        assert_eq!(judged(&[[good, good]]), "same");
        assert_eq!(judged(&[["skipped", "skipped"]]), "same");
        assert_eq!(
            judged(&[[bad, bad], [bad, "hung"], [bad, bad]]),
            "both fail"
        );
        assert_eq!(
            judged(&[[good, bad], [good, good], [good, good]]),
            "DIFFERS"
        );
        assert_eq!(judged(&[[good, bad], [bad, good], [good, good]]), "flaky");
        assert_eq!(judged(&[[bad, good], [good, good], [good, good]]), "same");
    }

    #[test]
    fn fewer_tests_and_no_file_are_told() {
        let mut fewer = pairs(&[["passed", "passed"]]);
        fewer[0][1].sums = "run=8".to_owned();
        assert_eq!(judge(&fewer), ("OTHER SUMS", "run=9 / run=8".to_owned()));
        let mut none = pairs(&[["failed", "failed"]]);
        none[0][0].sums = "run=0".to_owned();
        assert!(!needs_another(&none));
        assert_eq!(judge(&none).0, "UNKNOWN");
    }

    #[test]
    fn a_record_is_read_again() {
        let record = "test_a\tsame\t1\tpassed\ntest_b\tDIFFERS\t9\t\n";
        assert!(names_in(record).contains("test_b"));
        let told = format!("{:?}", sum_up(record));
        assert!(told.contains("different: test_b"), "{told}");
        assert!(sum_up("test_a\tboth fail\t1\t\n").is_ok());
    }
}
