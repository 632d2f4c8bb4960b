//! `cargo xtask mutants --sweep` runs this: changes the protocols' code by rule, in one place at a
//! time, and tells which changes no model and no test notices.
//!
//! What is changed is in `sites.rs`, which files and by which tests in `areas.toml`, what people say
//! about the survivors in `verdicts.toml`. A run decides only about what no earlier one has decided
//! about (`results.rs`); it can be stopped at any time and taken up again.
//!
//! A package of its own, because it parses Rust: the other tasks need not wait for the parser.

mod areas;
mod builds;
mod collect;
mod decide;
mod pack;
mod packed;
mod results;
mod runs;
mod schema;
mod shapes;
mod sites;
mod spans;
mod suite;
mod sweep;
#[cfg(test)]
mod tests;
mod verdicts;
mod walk;

use decide::How;
use results::Outcome;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fs};

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    match sweep(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("sweep: {why}");
            ExitCode::FAILURE
        }
    }
}

fn sweep(args: &[String]) -> Result<(), String> {
    let arguments = arguments(args)?;
    let how = How {
        jobs: arguments.jobs,
        until: arguments
            .minutes
            .map(|m| Instant::now() + Duration::from_secs_f64(60.0 * m)),
        hold: arguments.hold.clone(),
    };
    if arguments.has("--packed") {
        let program = env::current_exe().map_err(|e| e.to_string())?;
        let folder = program.parent().ok_or("this program is in no folder")?;
        let results = arguments.results.unwrap_or_else(|| "results.tsv".into());
        return packed::run(folder, &results, &how);
    }
    here(&arguments, how)
}

/// In the tree that this program was built in.
fn here(arguments: &Arguments, how: How) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("below the root");
    let filters = &arguments.filters;
    let areas = areas::read(include_str!("../areas.toml"))?;
    let verdicts = root.join("xtask/sweep/verdicts.toml");
    let verdicts =
        fs::read_to_string(&verdicts).map_err(|e| format!("{}: {e}", verdicts.display()))?;
    let verdicts = verdicts::read(&verdicts).map_err(|e| format!("verdicts.toml: {e}"))?;
    let sources = areas::sources(root, &areas, filters)?;
    if sources.is_empty() {
        return Err("no file of an area has this name".to_owned());
    }
    let mutations = areas::mutations(&sources);
    let folder = target(root).join("sweep");
    let mut sweep = sweep::Sweep::new(root, folder, &areas, &sources, &mutations)?;
    sweep.how = how;
    if arguments.has("--list") {
        for (i, m) in mutations.iter().enumerate() {
            println!(
                "{:<10} {:>4} {}",
                told(sweep.known(i).as_ref()),
                m.line,
                m.name
            );
        }
        println!("{} changes", mutations.len());
        return Ok(());
    }
    if let Some(archive) = &arguments.pack {
        let program = pack::program(root, &sweep.folder)?;
        return sweep.pack(archive, &program);
    }
    match &arguments.take {
        Some(file) => sweep.take(file)?,
        None if arguments.has("--report") => {}
        None => {
            sweep.only_build = arguments.has("--build");
            sweep.run()?;
        }
    }
    let mut found = HashMap::new();
    let mut unknown = 0;
    for (i, m) in mutations.iter().enumerate() {
        match sweep.known(i) {
            Some(outcome) => drop(found.insert(m.name.clone(), outcome)),
            None => unknown += 1,
        }
    }
    report(&areas, &mutations, &found, &verdicts);
    if unknown > 0 {
        return Err(format!("{unknown} changes are not decided about"));
    }
    let files = sources.iter().map(|s| areas::short(&s.path));
    let looked_at: HashSet<String> = if filters.is_empty() {
        HashSet::new()
    } else {
        files.collect()
    };
    let wrong = verdicts::check(&verdicts, &looked_at, &found);
    wrong.iter().for_each(|line| println!("{line}"));
    match wrong.len() {
        0 => Ok(()),
        n => Err(format!(
            "{n} things are wrong with the survivors and their verdicts"
        )),
    }
}

struct Arguments {
    filters: Vec<String>,
    options: Vec<String>,
    minutes: Option<f64>,
    jobs: usize,
    hold: Option<PathBuf>,
    pack: Option<PathBuf>,
    take: Option<PathBuf>,
    results: Option<PathBuf>,
}

impl Arguments {
    fn has(&self, option: &str) -> bool {
        self.options.iter().any(|o| o == option)
    }
}

fn arguments(args: &[String]) -> Result<Arguments, String> {
    let mut parsed = Arguments {
        filters: Vec::new(),
        options: Vec::new(),
        minutes: None,
        jobs: 1,
        hold: None,
        pack: None,
        take: None,
        results: None,
    };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut file = || match args.next() {
            Some(file) => Ok(Some(PathBuf::from(file))),
            None => Err(format!("{arg} takes a file")),
        };
        match arg.as_str() {
            "--minutes" => {
                let minutes = args.next().and_then(|m| m.parse().ok());
                let minutes = minutes.filter(|m| (0.0..1e6).contains(m));
                parsed.minutes = Some(minutes.ok_or("--minutes takes a number")?);
            }
            "--jobs" => {
                let jobs = args.next().and_then(|m| m.parse().ok());
                let jobs = jobs.filter(|j| (1..=1024).contains(j));
                parsed.jobs = jobs.ok_or("--jobs takes a number, 1 at least")?;
            }
            "--hold" => parsed.hold = file()?,
            "--pack" => parsed.pack = file()?,
            "--take" => parsed.take = file()?,
            "--results" => parsed.results = file()?,
            "--list" | "--report" | "--build" | "--packed" => parsed.options.push(arg.clone()),
            option if option.starts_with('-') => return Err(format!("no option: {option}")),
            filter => parsed.filters.push(filter.to_owned()),
        }
    }
    Ok(parsed)
}

/// Where cargo builds.
fn target(root: &Path) -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR").filter(|d| !d.is_empty()) {
        Some(dir) => env::current_dir()
            .unwrap_or_else(|_| root.to_owned())
            .join(dir),
        None => root.join("target"),
    }
}

fn told(outcome: Option<&Outcome>) -> &'static str {
    match outcome {
        None => "-",
        Some(Outcome::Caught { .. }) => "caught",
        Some(Outcome::Survived) => "survived",
        Some(Outcome::Undecided) => "undecided",
        Some(Outcome::Refused) => "refused",
    }
}

/// What became of an area's changes.
#[derive(Default)]
struct Counts {
    changes: usize,
    refused: usize,
    by_model: usize,
    by_test: usize,
    /// Of those that a model or a test catches: survived once, and the test was written for it.
    by_new: usize,
    survivors: usize,
    equivalent: usize,
    open: usize,
    unjudged: usize,
    unknown: usize,
}

impl Counts {
    fn add(&mut self, outcome: Option<&Outcome>, verdict: Option<&verdicts::Kind>) {
        self.changes += 1;
        match outcome {
            None => self.unknown += 1,
            Some(Outcome::Refused) => self.refused += 1,
            Some(Outcome::Caught { test, .. }) => {
                let is_model = test.contains("model::");
                *(if is_model {
                    &mut self.by_model
                } else {
                    &mut self.by_test
                }) += 1;
                self.by_new += usize::from(matches!(verdict, Some(verdicts::Kind::Test(_))));
            }
            Some(Outcome::Survived | Outcome::Undecided) => {
                self.survivors += 1;
                match verdict {
                    Some(verdicts::Kind::Equivalent) => self.equivalent += 1,
                    Some(_) => self.open += 1,
                    None => self.unjudged += 1,
                }
            }
        }
    }

    fn line(&self, area: &str) -> String {
        let Counts {
            changes,
            refused,
            by_model,
            by_test,
            by_new,
            ..
        } = self;
        let Counts {
            survivors,
            equivalent,
            open,
            unjudged,
            unknown,
            ..
        } = self;
        format!(
            "{area:<20} {changes:>7} {refused:>7} {by_model:>8} {by_test:>7} {by_new:>6} {survivors:>9} \
             {equivalent:>10} {open:>4} {unjudged:>8} {unknown:>7}"
        )
    }
}

/// A line for each area, and one for all. What new tests catch is among what models and tests catch.
fn report(
    areas: &[areas::Area],
    mutations: &[areas::Mutation],
    found: &HashMap<String, Outcome>,
    verdicts: &verdicts::Verdicts,
) {
    println!(
        "\n{:<20} {:>7} {:>7} {:>8} {:>7} {:>6} {:>9} {:>10} {:>4} {:>8} {:>7}",
        "area",
        "changes",
        "refused",
        "by model",
        "by test",
        "by new",
        "survivors",
        "equivalent",
        "open",
        "unjudged",
        "unknown"
    );
    let mut all = Counts::default();
    for (i, area) in areas.iter().enumerate() {
        let mut counts = Counts::default();
        for m in mutations.iter().filter(|m| m.area == i) {
            let verdict = verdicts.get(&m.name).map(|v| &v.kind);
            for counts in [&mut counts, &mut all] {
                counts.add(found.get(&m.name), verdict);
            }
        }
        if counts.changes > 0 {
            println!("{}", counts.line(&area.name));
        }
    }
    println!("{}", all.line("all"));
}
