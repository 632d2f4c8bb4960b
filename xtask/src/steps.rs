//! A list of steps: run in order, timed, and summed up at the end.
//!
//! On a terminal a step is one line that counts the seconds, and what it prints is shown only if it
//! fails. Elsewhere (a log) everything is passed through.

use crate::sh::{Failure, Result, Sh};
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{io, thread};

/// What a step does.
pub enum Work {
    /// Runs commands, one after the other.
    Commands(Vec<Sh>),
    /// Runs a task of this program, which fails with [`Failure::Missing`] if its tool is not here.
    Task(Sh),
    /// Cannot run here, and why.
    Skip(String),
}

/// One step.
pub struct Step {
    /// What `--list` prints, and what selects it.
    pub name: &'static str,
    /// The work.
    pub work: Work,
}

enum Verdict {
    Passed,
    Skipped(String),
}

/// Runs the steps; stops at the first that fails. With `require`, a skipped step is a failure.
pub fn run(steps: Vec<Step>, require: bool) -> Result {
    let started = Instant::now();
    let count = steps.len();
    let mut done = Vec::new();
    let mut summaries = Vec::new();
    for (i, step) in steps.into_iter().enumerate() {
        let head = format!("[{}/{count}] {}", i + 1, step.name);
        let start = Instant::now();
        let (said, result) = attempt(&head, &step.work);
        let took = start.elapsed();
        summaries.extend(
            said.into_iter()
                .filter_map(|l| runner_summary(step.name, &l)),
        );
        match result {
            Ok(Verdict::Skipped(why)) if require => {
                let words = format!(
                    "step {} was skipped ({why}), and --require is set",
                    step.name
                );
                return Err(Failure::Other(words));
            }
            Ok(verdict) => {
                tell(&head, &verdict, took);
                done.push((step.name, verdict, took));
            }
            Err(failure) => {
                eprintln!("{head}: FAILED after {}", seconds(took));
                return Err(failure);
            }
        }
    }
    sum_up(&done, started.elapsed(), &summaries);
    Ok(())
}

fn attempt(head: &str, work: &Work) -> (Vec<String>, Result<Verdict>) {
    let commands: &[Sh] = match work {
        Work::Skip(why) => return (Vec::new(), Ok(Verdict::Skipped(why.clone()))),
        Work::Commands(commands) => commands,
        Work::Task(command) => std::slice::from_ref(command),
    };
    let quiet = io::stderr().is_terminal();
    if !quiet {
        eprintln!("\n{head}");
    }
    let mut all = Vec::new();
    for command in commands {
        let (said, result) = if quiet {
            ticking(head, || command.tee(false))
        } else {
            eprintln!("+ {}", command.line());
            command.tee(true)
        };
        match result {
            Err(Failure::Command {
                status: Some(3), ..
            }) if matches!(work, Work::Task(_)) => {
                let why = said.iter().find_map(|l| l.strip_prefix("xtask: missing: "));
                let why = why.unwrap_or("its tool is missing").to_owned();
                return (all, Ok(Verdict::Skipped(why)));
            }
            Err(failure) => {
                if quiet {
                    said.iter().for_each(|line| eprintln!("{line}"));
                }
                return (all, Err(failure));
            }
            Ok(()) => all.extend(said),
        }
    }
    (all, Ok(Verdict::Passed))
}

/// Runs `work` while a line on the terminal counts the seconds.
fn ticking<R>(head: &str, work: impl FnOnce() -> R) -> R {
    let stop = AtomicBool::new(false);
    let start = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| {
            // The flag carries no data: the line it stops is only for the eye.
            while !stop.load(Ordering::Relaxed) {
                eprint!("\r{head} ... {}", seconds(start.elapsed()));
                let _ = io::stderr().flush();
                thread::sleep(Duration::from_millis(200));
            }
        });
        let result = work();
        stop.store(true, Ordering::Relaxed);
        result
    })
}

fn tell(head: &str, verdict: &Verdict, took: Duration) {
    let clear = if io::stderr().is_terminal() {
        "\r\x1b[K"
    } else {
        ""
    };
    match verdict {
        Verdict::Passed => eprintln!("{clear}{head}: ok, {}", seconds(took)),
        Verdict::Skipped(why) => eprintln!("{clear}{head}: skipped: {why}"),
    }
}

/// The line in which a test runner sums itself up, if this is one.
fn runner_summary(step: &str, line: &str) -> Option<String> {
    let plain = strip_escapes(line);
    let plain = plain.trim();
    let nextest = plain.starts_with("Summary [") && plain.contains("tests run");
    nextest.then(|| format!("{plain}  ({step})"))
}

fn strip_escapes(line: &str) -> String {
    let mut plain = String::new();
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\x1b' {
            // Colours only: an escape ends with its letter.
            chars.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(c);
        }
    }
    plain
}

fn sum_up(done: &[(&str, Verdict, Duration)], took: Duration, summaries: &[String]) {
    println!("\n{:<26} {:>9}", "step", "time");
    for (name, verdict, took) in done {
        match verdict {
            Verdict::Passed => println!("{name:<26} {:>9}", seconds(*took)),
            Verdict::Skipped(why) => println!("{name:<26} {:>9} {why}", "skipped:"),
        }
    }
    let skipped = done
        .iter()
        .filter(|(_, v, _)| matches!(v, Verdict::Skipped(_)))
        .count();
    let passed = done.len() - skipped;
    println!(
        "{passed} steps passed, {skipped} skipped, in {}",
        seconds(took)
    );
    if !summaries.is_empty() {
        println!("\nThe test runner's own words:");
        summaries.iter().for_each(|line| println!("{line}"));
    }
}

fn seconds(d: Duration) -> String {
    format!("{:.1} s", d.as_secs_f64())
}
