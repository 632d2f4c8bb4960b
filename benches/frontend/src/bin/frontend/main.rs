//! What a Python runtime does before it runs a line: `cargo xtask demo`.
//!
//! The work is in the library; this is its command line.

mod args;
mod ask;
mod json;
mod progress;
mod report;

use args::{Command, Options};
use frontend::engine::{self, Done, Plan};
use frontend::input::{Input, Walk};
use frontend::ours::Ours;
use frontend::python::Python;
use frontend::sleeps;
use frontend::totals::Totals;
use frontend::verify::{OLDEST, Verdict};
use py_hashsecret::{HashSecret, HashSeed, InitError};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// What the parser takes when no Python says otherwise.
const NEWEST: (u8, u8) = (3, 14);

fn main() -> ExitCode {
    let options = match args::parse() {
        Ok(Command::Run(options)) => options,
        Ok(Command::Help) => {
            return match put(args::HELP) {
                Ok(()) => ExitCode::SUCCESS,
                Err(why) => {
                    eprintln!("{why}");
                    ExitCode::FAILURE
                }
            };
        }
        Err(why) => {
            eprintln!("frontend: {why}\nTry --help.");
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// What a run is about, for the reports.
struct Run {
    /// What was read, in words.
    what: String,
    seed: HashSeed,
    python: Option<Python>,
    input: Input,
    done: Done,
    totals: Totals,
    /// How often a thread slept on a lock or an event.
    sleeps: u64,
    verdict: Option<Verdict>,
}

impl Run {
    /// Whether everything was done and, if asked for, agreed.
    fn is_clean(&self) -> bool {
        let agreed = self
            .verdict
            .as_ref()
            .is_none_or(|v| v.differences.is_empty());
        self.input.problems.is_empty() && self.totals.refused == 0 && agreed
    }
}

/// True if all went well; an error if nothing could be done.
fn run(options: &Options) -> Result<bool, String> {
    // Before anything else: with a bad PYTHONHASHSEED nothing is begun.
    let (seed, secret) = secret(options).map_err(|e| e.fatal_error().to_string())?;
    let python = find_python(options)?;
    let (what, paths, walk) = choose(options, python.as_ref());
    let mut input = Input::find(&paths, walk);
    let target = python
        .as_ref()
        .map_or(NEWEST, |p| (p.version.0, p.version.1));
    let plan = Plan {
        files: std::mem::take(&mut input.files),
        threads: options.threads,
        target: target.into(),
        keep: options.verify,
    };
    if plan.files.is_empty() && input.problems.is_empty() {
        return Err(format!("frontend: no Python file in {what}"));
    }
    let bar = progress::Bar::new(&plan.files);
    sleeps::count().map_err(|e| format!("frontend: {e}"))?;
    let done = engine::run(Ours { secret }, plan, |live| bar.show(live));
    bar.clear();
    let done = done.map_err(|why| format!("frontend: {why}"))?;
    let sleeps = sleeps::so_far();
    let verdict = match (&python, options.verify) {
        (Some(python), true) => Some(ask::verify(python, seed, &secret, &done)?),
        _ => None,
    };
    let run = Run {
        what,
        seed,
        python,
        input,
        totals: Totals::of(&done),
        done,
        sleeps,
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

/// Writes to standard output, which may be a full disk or a closed pipe.
fn put(text: &str) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|why| format!("frontend: the report could not be written: {why}"))
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
    let needed = options.verify || options.paths.is_empty();
    if let (true, Some(named)) = (needed, std::env::var_os("PYTHON_ORACLE")) {
        let python = Python::at(named.as_ref());
        let python = python.map_err(|why| format!("frontend: PYTHON_ORACLE: {why}"))?;
        return check(options, python).map(Some);
    }
    if !options.verify {
        // The one that --verify takes, if there is one: both runs are about the same files.
        let found = || Python::find(Some(OLDEST)).or_else(|| Python::find(None));
        return Ok(needed.then(found).flatten());
    }
    match Python::find(Some(OLDEST)) {
        Some(python) => check(options, python).map(Some),
        None => Err(format!(
            "frontend: --verify needs a Python from 3.{OLDEST} on, and none is found: before, \
             tokenize does not go into f-strings. Name one with --python PATH."
        )),
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
    if options.verify && python.algorithm != py_hashsecret::ALGORITHM {
        return Err(format!(
            "frontend: {shown} hashes with {}, and we with {}: no hash can be compared",
            python.algorithm,
            py_hashsecret::ALGORITHM
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
