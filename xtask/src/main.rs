//! The project's tasks: `cargo xtask <task> [arguments]`.
//!
//! One file per task; this one is only the table. `cargo xtask --help` prints it.

mod api;
mod bench;
mod ci;
mod cpython;
mod demo;
mod fault;
mod fuzz;
mod linearizable;
mod loom;
mod miri;
mod mutants;
mod package;
mod python;
mod record;
mod release;
mod rules;
mod sanitize;
mod sh;
mod simulate;
mod soak;
mod steps;
mod swarm;
mod targets;
mod test;
#[cfg(test)]
mod workflows;

use std::process::ExitCode;

/// A task: its name, its arguments, what it needs, what it does, and the function that does it.
struct Task {
    name: &'static str,
    arguments: &'static str,
    does: &'static str,
    needs: &'static str,
    takes: Takes,
    run: fn(&[String]) -> sh::Result,
}

/// What arguments a task takes; any other is refused before the task begins.
enum Takes {
    /// What another program takes, which refuses the rest itself.
    Anothers,
    /// Words, and these options.
    Words(&'static [&'static str]),
    Nothing,
}

impl Takes {
    /// The first argument that is none of the task's.
    fn refused<'a>(&self, args: &'a [String]) -> Option<&'a str> {
        let mut args = args.iter().map(String::as_str);
        match self {
            Takes::Anothers => None,
            Takes::Words(options) => args.find(|a| a.starts_with('-') && !options.contains(a)),
            Takes::Nothing => args.next(),
        }
    }
}

#[rustfmt::skip]
const TASKS: &[Task] = &[
    Task { name: "demo", arguments: "[PATH..] [options]", run: demo::run, takes: Takes::Anothers,
        does: "The main job: parses real Python files into our arenas, interns their names under \
               our locks by Python's own hashes, and reports. `demo --help` lists its options.",
        needs: "nothing; with a python3 it takes that one's standard library and can --verify" },
    Task { name: "swarm", arguments: "[PROGRAM..] [options]", run: swarm::run, takes: Takes::Anothers,
        does: "Robot tanks on a field, each a small program stepped by the ticker. `swarm --help` \
               lists the options.",
        needs: "nothing" },
    Task { name: "test", arguments: "[arguments of the test runner]", run: test::run, takes: Takes::Anothers,
        does: "All tests but the doctests, by cargo-nextest where there is one, else cargo test.",
        needs: "nothing; with a libpython the tests ask the real CPython too" },
    Task { name: "ci", arguments: "[--require] [--full] [--list] [STEP..]", run: ci::run, takes: Takes::Words(&["--require", "--full", "--list"]),
        does: "The checks of every change, cheapest first; --full adds those that build std anew \
               for each tool. --require turns a skipped step into a failure; --list names the \
               steps; naming steps runs only those.",
        needs: "nothing; a step whose tool is missing says why it is skipped" },
    Task { name: "loom", arguments: "[--preemptions N] [FILTER]", run: loom::run, takes: Takes::Words(&["--preemptions"]),
        does: "Runs every loom model over the real code, two pre-emptions deep or N.",
        needs: "nothing" },
    Task { name: "mutants", run: mutants::run,
        takes: Takes::Words(&["--list", "--after-loom", "--sweep", "--report", "--build", "--minutes", "--jobs", "--hold", "--pack", "--take"]),
        arguments: "[--list] [--after-loom] [FILTER] | --sweep [--list|--report|--build] [--minutes N] [--jobs N] \
                    [--hold FILE] [--pack ARCHIVE] [--take RESULTS] [FILE..]",
        does: "Plants each fault of xtask/mutants/*.toml in a copy of the tree; each must make its \
               model fail. Prints the table, and fails if one survives. --sweep changes the protocols' \
               code by rule in one place after the other, which takes hours but is taken up where it \
               stopped; it fails if a change that nothing notices has no verdict. N jobs decide about N \
               changes at once; no test begins while a lock is held on the file of --hold. --pack puts a build and \
               what it has to decide about into a .tar.xz, which needs neither cargo nor the source: \
               `sweep/sweep --packed --jobs N --minutes N --results FILE` runs it on a larger machine, and \
               --take takes its results in.",
        needs: "nothing" },
    Task { name: "linearizable", arguments: "[FILTER]", run: linearizable::run, takes: Takes::Words(&[]),
        does: "Plants each fault of xtask/linearizable.toml in a copy of the tree; each must make its \
               linearizability test name a history without an order.",
        needs: "nothing" },
    Task { name: "fuzz", run: fuzz::run, takes: Takes::Words(&["--seconds", "--keep", "--planted"]),
        arguments: "[TARGET..] [--seconds N] [--keep] [--planted]",
        does: "The fuzz targets of benches/fuzz under libFuzzer, N seconds (60) each; --keep adds what was \
               found to the corpus, and makes it small. --planted plants the faults of xtask/fuzz/*.toml \
               in a copy of the tree; the target must find each within a minute, from nothing.",
        needs: "Linux or macOS, and a C++ compiler" },
    Task { name: "miri", arguments: "[--seeds N] [-p CRATE] [--target NAME] [FILTER]", run: miri::run, takes: Takes::Words(&["--seeds", "-p", "--target"]),
        does: "Every test that can run under Miri and the doctests, under stacked and under tree \
               borrows, with strict provenance: without features and with all, and those that race \
               with N seeds (64). --target runs them for i686 or s390x.",
        needs: "a nightly toolchain with the components miri and rust-src" },
    Task { name: "sanitize", run: sanitize::run, takes: Takes::Words(&["-p"]),
        arguments: "<thread|address|careful|valgrind> [-p CRATE] [FILTER]",
        does: "The tests of the four crates under ThreadSanitizer or AddressSanitizer, over an \
               instrumented std, or over one with its debug assertions; those of py-arena and \
               py-hashsecret under valgrind.",
        needs: "a nightly toolchain with the component rust-src, or valgrind" },
    Task { name: "targets", arguments: "[TARGET..]", run: targets::run, takes: Takes::Words(&[]),
        does: "Type-checks the four crates for Windows, macOS, FreeBSD, Android, wasm and others.",
        needs: "a nightly toolchain with the component rust-src" },
    Task { name: "soak", arguments: "[arguments of the soak program]", run: soak::run, takes: Takes::Anothers,
        does: "10,000 forks with parked threads, 200,000 signals during waits, and 64 threads on \
               every lock for half an hour, watched by a watchdog that is shown to fire.",
        needs: "a unix system" },
    Task { name: "cpython", run: cpython::run,
        takes: Takes::Words(&["--source", "--gil", "--only", "--tests", "--limit", "--ours-first",
                              "--resume", "--bench", "--jobs"]),
        arguments: "--source DIR [--gil] [--only PART,..] [--tests all|NAME,..] [--limit SECONDS] \
                    [--ours-first] [--resume] [--bench] [--jobs N]",
        does: "CPython on our crates: builds a source tree as it is, links it once more with ours in \
               the place of seven of its files, runs our trials and its test files on both and prints what is \
               the same. A file that has not passed on both is run three times; one that hangs tells the \
               stacks of all its threads. With --ours-first the base runs only what does not pass on \
               ours, --resume goes on where the last run stopped. --bench runs the programs of benches/cpython/ on \
               both in turn, and prints the ratios.",
        needs: "the source of CPython 3.13 or newer, make and a C compiler" },
    Task { name: "rules", arguments: "", run: rules::run, takes: Takes::Nothing,
        does: "The rules of the house: lengths of files and functions, who may name what, and that the \
               modules of a crate depend on one another in one direction (xtask/levels/levels.toml).",
        needs: "nothing" },
    Task { name: "api", arguments: "[--write] [CRATE..]", run: api::run, takes: Takes::Words(&["--write"]),
        does: "Holds the public API of each crate against crates/*/public-api.txt, and prints what is \
               gone and what is new; --write renews the listings.",
        needs: "a nightly toolchain whose rustdoc JSON xtask/api reads (nightly-2026-05-20), and Linux" },
    Task { name: "package", arguments: "", run: package::run, takes: Takes::Nothing,
        does: "Packages the four crates together; each is then built from its package alone.",
        needs: "nothing" },
    Task { name: "release", arguments: "TAG", run: release::run, takes: Takes::Words(&[]),
        does: "Whether a tag such as py-sync-v0.1.0 may be published: the crate's version and its \
               CHANGELOG agree with it.",
        needs: "nothing" },
    Task { name: "bench", arguments: "[--record|--draw] [BENCH] [arguments of the bench]", run: bench::run, takes: Takes::Anothers,
        does: "Runs the benchmarks, peers side by side. --record writes what they print, with the \
               machine and the compiler, to benches/record/, and draws its page and pictures again; \
               --draw only draws.",
        needs: "nothing; with a libpython CPython's own functions are among the peers" },
    Task { name: "simulate", arguments: "[arguments of the simulator]", run: simulate::run, takes: Takes::Anothers,
        does: "The mutex and its peers' protocols on a simulated machine: `simulate crowd` has up to 128 \
               processors. `simulate help` lists what it can do.",
        needs: "nothing" },
];

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let name = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    if matches!(name.as_str(), "" | "-h" | "--help" | "help") {
        help();
        return if name.is_empty() {
            ExitCode::from(2)
        } else {
            ExitCode::SUCCESS
        };
    }
    let Some(task) = TASKS.iter().find(|t| t.name == name) else {
        eprintln!("xtask: no task is named {name:?}; `cargo xtask --help` lists them");
        return ExitCode::from(2);
    };
    let asks_help = rest.first().is_some_and(|a| a == "--help" || a == "-h");
    if asks_help && !["demo", "swarm"].contains(&task.name) {
        describe(task);
        return ExitCode::SUCCESS;
    }
    if let Some(word) = task.takes.refused(&rest) {
        eprintln!(
            "xtask: {name} takes no {word:?}; `cargo xtask {name} --help` says what it takes"
        );
        return ExitCode::from(2);
    }
    match (task.run)(&rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print();
            failure.exit_code()
        }
    }
}

fn help() {
    println!("The project's tasks: cargo xtask <task> [arguments]\n");
    for task in TASKS {
        describe(task);
    }
}

fn describe(task: &Task) {
    println!("cargo xtask {} {}", task.name, task.arguments);
    println!("    {}", task.does);
    println!("    Needs: {}.\n", task.needs);
}

#[cfg(test)]
mod tests {
    use super::{TASKS, Takes};

    fn refused(task: &str, args: &[&str]) -> Option<String> {
        let args: Vec<String> = args.iter().map(|&a| a.to_owned()).collect();
        let task = TASKS.iter().find(|t| t.name == task).expect("a task");
        task.takes.refused(&args).map(str::to_owned)
    }

    #[test]
    fn every_task_refuses_an_option_that_it_does_not_know() {
        for task in TASKS.iter().filter(|t| !matches!(t.takes, Takes::Anothers)) {
            let told = refused(task.name, &["--lst"]);
            assert_eq!(told.as_deref(), Some("--lst"), "{}", task.name);
        }
    }

    #[test]
    fn a_task_takes_its_options_and_words() {
        assert_eq!(refused("mutants", &["--list", "lot"]), None);
        assert_eq!(refused("loom", &["--preemptions", "3", "mutex"]), None);
        assert_eq!(refused("rules", &["all"]).as_deref(), Some("all"));
    }

    #[test]
    fn what_a_task_takes_is_in_its_help() {
        for task in TASKS {
            if let Takes::Words(options) = task.takes {
                for option in options {
                    assert!(task.arguments.contains(option), "{}: {option}", task.name);
                }
            }
        }
    }
}
