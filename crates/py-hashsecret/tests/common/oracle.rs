//! The real CPython beside us: `PYTHON_ORACLE` names a python.
//!
//! By default a test asks a few thousand questions; with `ORACLE_FULL=1` it asks them all.
#![allow(dead_code, reason = "each test file uses its part")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Answers a question a line.
pub(crate) const SCRIPT: &str = include_str!("oracle.py");

/// The python to ask, or nothing and a word about it.
pub(crate) fn python() -> Option<Command> {
    let Some(path) = std::env::var_os("PYTHON_ORACLE") else {
        println!("skipped: PYTHON_ORACLE is not set");
        return None;
    };
    Some(Command::new(path))
}

/// `few` by default, `all` with `ORACLE_FULL`.
pub(crate) fn count(few: usize, all: usize) -> usize {
    match std::env::var_os("ORACLE_FULL") {
        Some(_) => all,
        None => few,
    }
}

/// Asks one python all the questions; one answer for each.
pub(crate) fn ask(mut python: Command, questions: String) -> Vec<String> {
    python.args(["-S", "-c", SCRIPT]);
    python.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = python.spawn().expect("PYTHON_ORACLE runs");
    let mut stdin = child.stdin.take().unwrap();
    let asked = questions.lines().count();
    let writer = std::thread::spawn(move || stdin.write_all(questions.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    let answers = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<String> = answers.lines().map(str::to_owned).collect();
    assert_eq!(answers.len(), asked);
    answers
}

/// Asks about every case, and compares.
pub(crate) fn compare<T: std::fmt::Debug>(
    cases: impl Iterator<Item = T>,
    question: impl Fn(&T) -> String,
    ours: impl Fn(&T) -> String,
) {
    let Some(python) = python() else { return };
    let cases: Vec<T> = cases.collect();
    let questions = cases.iter().map(|case| question(case) + "\n").collect();
    let answers = ask(python, questions);
    for (case, answer) in cases.iter().zip(&answers) {
        assert_eq!(ours(case), *answer, "{case:x?}");
    }
    println!("{} answers of CPython's are ours", answers.len());
}

pub(crate) fn hex<'a>(bytes: impl IntoIterator<Item = &'a u8>) -> String {
    let mut out = String::new();
    for byte in bytes {
        write!(out, "{byte:02x}").unwrap();
    }
    out
}
