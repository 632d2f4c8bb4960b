//! `cargo xtask mutants`: shows that the models bite.
//!
//! Each entry of `xtask/mutants/*.toml` is a fault of one line or so and the model that must catch
//! it. The tree is copied, the fault is planted in the copy, and the model is built and run there:
//! it must build, it must fail, and without the fault it must pass. `--after-loom` leaves the last out,
//! where `cargo xtask loom` has just run every model.

use crate::fault;
use crate::loom::{CRATES, configure, copy_build};
use crate::sh::{Failure, Result, Sh, files_below, root, target};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, thread};

/// A model with a fault in its code may go round for ever; that is no verdict. Seconds of processor
/// time, since a loaded machine says nothing about a model.
const LIMIT: u32 = 120;
/// The same by the clock: for one that sleeps for ever, and for systems without `ulimit`.
const CLOCK_LIMIT: Duration = Duration::from_secs(1800);

/// Copies of the tree that work side by side.
const WORKERS: usize = 2;

#[derive(Clone, Debug)]
struct Fault {
    area: String,
    what: String,
    package: String,
    file: String,
    find: String,
    replace: String,
    model: String,
}

struct Outcome {
    caught: bool,
    how: String,
    took: Duration,
}

/// Plants the faults whose area, words or model hold the filter, or all. With `--sweep` the package
/// `sweep` makes its changes instead.
pub fn run(args: &[String]) -> Result {
    if args.iter().any(|a| a == "--sweep") {
        let others: Vec<&String> = args.iter().filter(|a| *a != "--sweep").collect();
        return Sh::cargo("run --quiet --package sweep --")
            .args(&others)
            .run();
    }
    let filter = args.iter().find(|a| !a.starts_with("--"));
    let mut faults = read_all()?;
    if let Some(word) = filter {
        faults.retain(|f| {
            [&f.area, &f.what, &f.model]
                .iter()
                .any(|s| s.contains(word.as_str()))
        });
    }
    if faults.is_empty() {
        return Err(Failure::other("no planted fault has this name"));
    }
    if args.iter().any(|a| a == "--list") {
        faults
            .iter()
            .for_each(|f| println!("{:<18} {:<60} {}", f.area, f.what, f.model));
        return Ok(());
    }
    let after_loom = args.iter().any(|a| a == "--after-loom");
    let started = Instant::now();
    let shared = &faults;
    let results: Vec<Result<Vec<(usize, Outcome)>>> = thread::scope(|scope| {
        let worker = |n| scope.spawn(move || work(n, shared, after_loom));
        let workers: Vec<_> = (0..WORKERS.min(shared.len())).map(worker).collect();
        workers
            .into_iter()
            .map(|w| w.join().expect("a worker does not panic"))
            .collect()
    });
    let mut outcomes = Vec::new();
    for result in results {
        outcomes.extend(result?);
    }
    outcomes.sort_by_key(|(i, _)| *i);
    report(&faults, &outcomes, started.elapsed())
}

fn report(faults: &[Fault], outcomes: &[(usize, Outcome)], took: Duration) -> Result {
    println!(
        "\n{:<18} {:<62} {:<44} verdict",
        "area", "planted fault", "model"
    );
    for (i, o) in outcomes {
        let f = &faults[*i];
        let verdict = if o.caught { "caught" } else { "SURVIVED" };
        let time = o.took.as_secs_f64();
        println!(
            "{:<18} {:<62} {:<44} {verdict} ({}, {time:.1} s)",
            f.area, f.what, f.model, o.how
        );
    }
    let survived = outcomes.iter().filter(|(_, o)| !o.caught).count();
    let caught = outcomes.len() - survived;
    println!(
        "{caught} of {} planted faults caught, in {:.0} s",
        outcomes.len(),
        took.as_secs_f64()
    );
    if survived == 0 {
        return Ok(());
    }
    Err(Failure::other(format!(
        "{survived} planted faults survived: the models do not bite there"
    )))
}

fn read_all() -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for path in files_below(&root().join("xtask/mutants"))? {
        let area = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        for entry in fault::read(&path)? {
            faults.push(Fault {
                area: area.clone(),
                what: entry.word("what")?,
                package: entry.word("package")?,
                file: entry.word("file")?,
                find: entry.word("find")?,
                replace: entry.word("replace")?,
                model: entry.word("model")?,
            });
        }
    }
    Ok(faults)
}

/// One worker: every `WORKERS`th fault, in a copy of the tree of its own.
fn work(number: usize, faults: &[Fault], after_loom: bool) -> Result<Vec<(usize, Outcome)>> {
    let folder = target().join(format!("mutants/{number}"));
    let tree = folder.join("tree");
    copy_tree(&tree)?;
    copy_build(&folder.join("target"))?;
    let mine: Vec<usize> = (0..faults.len())
        .filter(|i| i % WORKERS == number)
        .collect();
    if !after_loom {
        check_sound_models(&folder, &tree, models_of(number, faults))?;
    }
    let mut outcomes = Vec::new();
    for i in mine {
        let start = Instant::now();
        let (caught, how) = plant(&folder, &tree, &faults[i])?;
        eprintln!(
            "{} {}: {}",
            if caught { "caught  " } else { "SURVIVED" },
            faults[i].area,
            faults[i].what
        );
        outcomes.push((
            i,
            Outcome {
                caught,
                how,
                took: start.elapsed(),
            },
        ));
    }
    Ok(outcomes)
}

/// Copies what is built, without what was built from it: what a fault is planted in.
pub fn copy_tree(to: &Path) -> Result {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    let from = root();
    let mut files = vec![from.join("Cargo.toml"), from.join("Cargo.lock")];
    for part in ["crates", "xtask", "benches"] {
        files.extend(files_below(&from.join(part))?);
    }
    for file in files {
        let copy = to.join(file.strip_prefix(&from).expect("below the root"));
        fs::create_dir_all(copy.parent().expect("below the root"))?;
        // A licence is a link to the root's, which is not copied.
        if !file.is_symlink() {
            fs::copy(&file, &copy)?;
        }
    }
    Ok(())
}

/// The models that this worker has to see pass: each is one worker's.
fn models_of(number: usize, faults: &[Fault]) -> impl Iterator<Item = (&str, &str)> {
    let all: BTreeSet<(&str, &str)> = faults
        .iter()
        .map(|f| (f.package.as_str(), f.model.as_str()))
        .collect();
    all.into_iter().skip(number).step_by(WORKERS)
}

/// A model that fails without a fault would catch any.
fn check_sound_models<'a>(
    folder: &Path,
    tree: &Path,
    models: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result {
    let mut built: Option<(&str, PathBuf)> = None;
    for (package, model) in models {
        eprintln!("worker of {}: {model}, as it is", folder.display());
        let binary = match built.take() {
            Some((of, binary)) if of == package => binary,
            _ => build(folder, tree, package)?
                .ok_or_else(|| Failure::other(format!("{package} does not build for loom")))?,
        };
        let verdict = run_model(&binary, model)?;
        built = Some((package, binary));
        match verdict {
            Verdict::Passed(0) => {
                return Err(Failure::other(format!("{package} has no model {model}")));
            }
            Verdict::Passed(_) => {}
            Verdict::Failed(how) | Verdict::Undecided(how) => {
                let words = format!("the model {model} fails without a planted fault ({how})");
                return Err(Failure::other(words));
            }
        }
    }
    Ok(())
}

fn plant(folder: &Path, tree: &Path, fault: &Fault) -> Result<(bool, String)> {
    assert!(
        CRATES.contains(&fault.package.as_str()),
        "{} has no models",
        fault.package
    );
    let path = tree.join("crates").join(&fault.package).join(&fault.file);
    let sound = fs::read_to_string(&path)
        .map_err(|e| Failure::other(format!("{}: {e}", path.display())))?;
    let times = sound.matches(&fault.find).count();
    if times != 1 || fault.find == fault.replace {
        let words = format!(
            "{} ({}): the text to replace occurs {times} times in {}, not once:\n{}",
            fault.what, fault.area, fault.file, fault.find
        );
        return Err(Failure::Other(words));
    }
    fs::write(&path, sound.replacen(&fault.find, &fault.replace, 1))?;
    let binary = build(folder, tree, &fault.package);
    let verdict = match binary? {
        None => Err(Failure::other(format!(
            "{} ({}): does not build",
            fault.what, fault.area
        ))),
        Some(binary) => run_model(&binary, &fault.model),
    };
    fs::write(&path, sound)?;
    Ok(match verdict? {
        Verdict::Failed(how) => (true, how),
        Verdict::Undecided(how) => (false, how),
        Verdict::Passed(n) => (false, format!("{n} models passed")),
    })
}

/// Builds the test binary of the crate's library; `None` if it does not build.
fn build(folder: &Path, tree: &Path, package: &str) -> Result<Option<PathBuf>> {
    let sh = Sh::cargo("test --lib --no-run --profile model --message-format json -p").arg(package);
    let target = folder.join("target");
    let features = if package == "py-thread" {
        "--features micro"
    } else {
        ""
    };
    let sh = configure(sh.words(features).dir(tree), target)
        // A sixth of the time to build; loom itself, where most of a run goes, stays optimised.
        .env("CARGO_PROFILE_MODEL_OPT_LEVEL", "0");
    let (said, result) = sh.tee(false);
    if result.is_err() {
        said.iter()
            .filter(|l| !l.starts_with('{'))
            .for_each(|l| eprintln!("{l}"));
        return Ok(None);
    }
    const KEY: &str = "\"executable\":\"";
    let rest = said.iter().rev().find_map(|l| l.split_once(KEY));
    match rest.and_then(|(_, rest)| rest.split_once('"')) {
        Some((path, _)) => Ok(Some(PathBuf::from(path.replace("\\\\", "\\")))),
        None => Err(Failure::other("cargo named no test binary")),
    }
}

enum Verdict {
    /// So many models ran and passed.
    Passed(usize),
    /// A model failed, and how.
    Failed(String),
    /// The models went on for too long to tell.
    Undecided(String),
}

fn run_model(binary: &Path, model: &str) -> Result<Verdict> {
    let run = limited(binary, &[model, "--test-threads=1"])
        .env("LOOM_MAX_PREEMPTIONS", "2")
        .stderr_to_stdout()
        .stdout_capture()
        .unchecked()
        .start()?;
    let end = Instant::now() + CLOCK_LIMIT;
    let output = loop {
        match run.try_wait()? {
            Some(output) => break output,
            None if Instant::now() < end => thread::sleep(Duration::from_millis(20)),
            None => {
                run.kill()?;
                let words = format!("went on for {} s", CLOCK_LIMIT.as_secs());
                return Ok(Verdict::Undecided(words));
            }
        }
    };
    let (status, said) = (output.status, String::from_utf8_lossy(&output.stdout));
    if ran_out_of_time(status) {
        let words = format!("took more than {LIMIT} s of processor time");
        return Ok(Verdict::Undecided(words));
    }
    if status.success() {
        let passed = said
            .lines()
            .find_map(|l| l.strip_prefix("test result: ok. "));
        let passed = passed
            .and_then(|l| l.split(' ').next())
            .and_then(|n| n.parse().ok());
        return Ok(Verdict::Passed(passed.unwrap_or(0)));
    }
    Ok(Verdict::Failed(how_it_failed(&said)))
}

/// The binary, with its processor time limited where there is a shell that can.
fn limited(binary: &Path, args: &[&str]) -> duct::Expression {
    if !cfg!(unix) {
        return duct::cmd(binary, args);
    }
    let script = format!("ulimit -t {LIMIT}; exec \"$0\" \"$@\"");
    let mut words = vec!["-c".into(), OsString::from(script), binary.into()];
    words.extend(args.iter().map(OsString::from));
    duct::cmd("sh", words)
}

/// Whether the limit ended it: by SIGXCPU, or by SIGKILL a moment later.
fn ran_out_of_time(status: std::process::ExitStatus) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        const SIGKILL: i32 = 9;
        // SIGXCPU has this number on Linux, macOS and the BSDs.
        const SIGXCPU: i32 = 24;
        matches!(status.signal(), Some(SIGKILL | SIGXCPU))
    }
    #[cfg(not(unix))]
    {
        let _ = status;
        false
    }
}

fn how_it_failed(said: &str) -> String {
    let known = [
        "deadlock",
        "Causality violation",
        "exceeded maximum number of branches",
        "leaked",
    ];
    if let Some(word) = known.iter().find(|w| said.contains(**w)) {
        return word.to_lowercase();
    }
    let panic = said
        .lines()
        .skip_while(|l| !l.contains("panicked at"))
        .nth(1);
    panic
        .map_or("it ended badly", str::trim)
        .chars()
        .take(60)
        .collect()
}
