//! What a Python runtime does before it runs a line: `cargo xtask demo`.
//!
//! The work is in the library; this is its command line.

#![forbid(unsafe_code)]

mod args;
mod detach;
mod json;
mod progress;
mod report;

use args::{Command, Options};
use frontend::backend::Ours;
use frontend::engine::{self, Plan};
use frontend::input::{Input, Walk};
use frontend::oracle::SecretFor;
use frontend::python::Python;
use frontend::totals::Totals;
use frontend::verify::{OLDEST, verify};
use frontend::worker::Rules;
use py_hashsecret::{HashSecret, HashSeed, InitError};
use report::Run;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// What the parser accepts when no Python says otherwise.
const NEWEST: (u8, u8) = (3, 14);

fn main() -> ExitCode {
    let result = match args::parse() {
        Ok(Command::Run(options)) => run(&options),
        Ok(Command::Help) => put(args::HELP).map(|()| true),
        Err(why) => {
            eprintln!("frontend: {why}\nTry --help.");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// True if all went well; an error if there is nothing to report.
fn run(options: &Options) -> Result<bool, String> {
    // First of all: with a bad PYTHONHASHSEED nothing is begun.
    let (seed, secret) = secret(options).map_err(|e| e.fatal_error().to_string())?;
    let python = find_python(options)?;
    let (what, paths, walk) = choose(options, python.as_ref());
    let mut input = Input::find(&paths, walk);
    let newest = |p: &Python| (p.version.0, p.version.1);
    let plan = Plan {
        files: std::mem::take(&mut input.files),
        threads: options.threads,
        rules: Rules {
            target: python.as_ref().map_or(NEWEST, newest).into(),
            keep: options.verify,
            clock,
        },
    };
    if plan.files.is_empty() && input.problems.is_empty() {
        return Err(format!("frontend: no Python file in {what}"));
    }
    let bar = progress::Bar::new(&plan.files);
    detach::count();
    let done = engine::run(Ours { secret }, plan, |live| bar.show(live));
    bar.clear();
    let done = done.map_err(|why| format!("frontend: {why}"))?;
    let detached = detach::so_far();
    let verdict = match (&python, options.verify) {
        (Some(python), true) => {
            let secret = match seed {
                HashSeed::Fixed(seed) => SecretFor::Seed(seed),
                HashSeed::Random => SecretFor::Bytes(*secret.as_bytes()),
            };
            let verdict = verify(python, secret, &done);
            Some(verdict.map_err(|why| format!("frontend: --verify: {why}"))?)
        }
        _ => None,
    };
    let run = Run {
        what,
        seed,
        python,
        input,
        totals: Totals::of(&done),
        done,
        detached,
        verdict,
    };
    report::lines(&run);
    if options.json {
        put(&format!("{}\n", json::report(&run)))?;
    } else if !run.done.files.is_empty() {
        // Where nothing was read the lines have said why; a table of zeros would say no more.
        put(&report::table(&run))?;
    }
    Ok(run.is_clean())
}

/// The clock of the phases.
fn clock() -> Duration {
    static BEGIN: OnceLock<Instant> = OnceLock::new();
    BEGIN.get_or_init(Instant::now).elapsed()
}

/// Writes to standard output, which may be a full disk or a closed pipe.
fn put(text: &str) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|why| format!("frontend: the report could not be written: {why}"))
}

fn secret(options: &Options) -> Result<(HashSeed, HashSecret), InitError> {
    let seed = match options.seed {
        Some(seed) => seed,
        None => HashSeed::from_env().map_err(InitError::Seed)?,
    };
    Ok((seed, py_hashsecret::init_with(seed)?))
}

/// The Python whose library is read and who is asked; none is needed for other input.
fn find_python(options: &Options) -> Result<Option<Python>, String> {
    if let Some(program) = &options.python {
        let python = Python::at(program).map_err(|why| format!("frontend: {why}"))?;
        return check(options, python).map(Some);
    }
    if !options.verify && !options.paths.is_empty() {
        return Ok(None);
    }
    if let Some(named) = std::env::var_os("PYTHON_ORACLE") {
        let python = Python::at(named.as_ref());
        let python = python.map_err(|why| format!("frontend: PYTHON_ORACLE: {why}"))?;
        return check(options, python).map(Some);
    }
    match Python::find(OLDEST) {
        Some(python) => check(options, python).map(Some),
        None if options.verify => Err(format!(
            "frontend: --verify needs Python 3.{OLDEST} or newer, and none is found: before, \
             tokenize does not go into f-strings. Name one with --python PATH."
        )),
        None => Ok(Python::find(0)),
    }
}

fn check(options: &Options, python: Python) -> Result<Python, String> {
    let shown = python.program.display();
    if options.verify && python.version.1 < OLDEST {
        return Err(format!(
            "frontend: {shown} is {python}; --verify needs 3.{OLDEST} or newer: before, tokenize \
             does not go into f-strings, so their names cannot be compared"
        ));
    }
    let (theirs, ours) = (&python.algorithm, py_hashsecret::ALGORITHM);
    if options.verify && theirs != ours {
        return Err(format!(
            "frontend: {shown} hashes with {theirs}, and we with {ours}: no hash can be compared"
        ));
    }
    Ok(python)
}

/// What to read: in words, where, and how.
fn choose(options: &Options, python: Option<&Python>) -> (String, Vec<PathBuf>, Walk) {
    match (&options.paths[..], python) {
        ([], Some(python)) => {
            let what = format!("the standard library of {python}");
            (what, vec![python.stdlib.clone()], Walk::Library)
        }
        ([], None) => {
            let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/samples");
            let what = "our own samples: no python3 was found".to_owned();
            (what, vec![samples.into()], Walk::Everything)
        }
        (paths, _) => {
            let shown: Vec<_> = paths.iter().map(|p| p.display().to_string()).collect();
            (shown.join(", "), paths.to_vec(), Walk::Everything)
        }
    }
}
