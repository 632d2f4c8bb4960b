//! The totals do not depend on how many threads there are, nor on how they meet.

use crate::support::{Folder, run, samples};
use serde_json::Value;
use std::path::Path;

/// A program of its own for each number, so that names are shared by some files and not by others,
/// and nearly every text moves between accounts.
fn program(number: usize) -> String {
    let mut text = String::new();
    for line in 0..60 {
        let (a, b) = (number * 7 % 31, (number * line) % 97);
        text += &format!("shared_{b} = name_{a}(self, 'text {b}', f'{{x!r:>{a}}} part {line}')\n");
    }
    text
}

fn totals(path: &Path, threads: &str) -> Value {
    let seed = ["--seed", "42", "--json", "--threads", threads];
    let ran = run([path.as_os_str()]
        .into_iter()
        .chain(seed.map(AsRef::as_ref)));
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let report = ran.json();
    assert_eq!(report["run"]["threads"].to_string(), threads);
    report["totals"].clone()
}

#[test]
fn totals_are_the_same_for_1_2_and_16_threads() {
    let folder = Folder::new();
    for number in 0..120 {
        folder.write(&format!("m{}/f{number}.py", number % 7), program(number));
    }
    let one = totals(folder.path(), "1");
    assert_eq!(one["files"], 120);
    for threads in ["2", "16"] {
        assert_eq!(totals(folder.path(), threads), one, "{threads} threads");
    }
}

#[test]
fn a_hundred_runs_with_16_threads_give_the_same_totals() {
    let one = totals(&samples(), "1");
    for run in 0..100 {
        assert_eq!(totals(&samples(), "16"), one, "run {run}");
    }
}

#[test]
fn every_text_is_introduced_by_its_first_file() {
    let folder = Folder::new();
    // The later file is the larger, so it is done first.
    folder.write("a.py", "x = 1\n");
    folder.write("b.py", format!("x = y\n{}", "# filler\n".repeat(500)));
    let totals = totals(folder.path(), "1");
    // "x" by file 1 and "y" by file 2, of one byte each: 1 * 1 * 2 + 2 * 1 * 2.
    assert_eq!(totals["introduced_digest"], format!("{:016x}", 6));
}
