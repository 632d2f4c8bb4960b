//! The project's tasks: `cargo xtask <task> [arguments]`.
//!
//! One file per task; this one is only the table. `cargo xtask --help` prints it.

mod bench;
mod ci;
mod demo;
mod loom;
mod miri;
mod mutants;
mod package;
mod python;
mod rules;
mod sanitize;
mod sh;
mod soak;
mod steps;
mod swarm;
mod targets;
mod test;

use std::process::ExitCode;

/// A task: its name, its arguments, what it needs, what it does, and the function that does it.
struct Task {
    name: &'static str,
    arguments: &'static str,
    does: &'static str,
    needs: &'static str,
    run: fn(&[String]) -> sh::Result,
}

#[rustfmt::skip]
const TASKS: &[Task] = &[
    Task { name: "demo", arguments: "[PATH..] [options]", run: demo::run,
        does: "The main job: parses real Python files into our arenas, interns their names under \
               our locks by Python's own hashes, and reports. `demo --help` lists its options.",
        needs: "nothing; with a python3 it takes that one's standard library and can --verify" },
    Task { name: "swarm", arguments: "[PROGRAM..] [options]", run: swarm::run,
        does: "Robot tanks on a field, each a small program stepped by the ticker. `swarm --help` \
               lists the options.",
        needs: "nothing" },
    Task { name: "test", arguments: "[arguments of the test runner]", run: test::run,
        does: "All tests but the doctests, by cargo-nextest where there is one, else cargo test.",
        needs: "nothing; with a libpython the tests ask the real CPython too" },
    Task { name: "ci", arguments: "[--require] [--full] [--list] [STEP..]", run: ci::run,
        does: "The checks of every change, cheapest first; --full adds those that build std anew \
               for each tool. --require turns a skipped step into a failure; --list names the \
               steps; naming steps runs only those.",
        needs: "nothing; a step whose tool is missing says why it is skipped" },
    Task { name: "loom", arguments: "[--preemptions N] [FILTER]", run: loom::run,
        does: "Runs every loom model over the real code, two pre-emptions deep or N.",
        needs: "nothing" },
    Task { name: "mutants", arguments: "[--list] [FILTER]", run: mutants::run,
        does: "Plants each fault of xtask/mutants/*.toml in a copy of the tree; each must make its \
               model fail. Prints the table, and fails if one survives.",
        needs: "nothing" },
    Task { name: "miri", arguments: "[--seeds N] [-p CRATE] [FILTER]", run: miri::run,
        does: "Every test that can run under Miri, under stacked and under tree borrows, with \
               strict provenance and N seeds (16).",
        needs: "a nightly toolchain with the components miri and rust-src" },
    Task { name: "sanitize", run: sanitize::run,
        arguments: "<thread|address|careful|valgrind> [-p CRATE] [FILTER]",
        does: "The tests of the four crates under ThreadSanitizer or AddressSanitizer, over an \
               instrumented std, or over one with its debug assertions; those of py-arena and \
               py-hashsecret under valgrind.",
        needs: "a nightly toolchain with the component rust-src, or valgrind" },
    Task { name: "targets", arguments: "[TARGET..]", run: targets::run,
        does: "Type-checks the four crates for Windows, macOS, FreeBSD, Android, wasm and others.",
        needs: "a nightly toolchain with the component rust-src" },
    Task { name: "soak", arguments: "[arguments of the soak program]", run: soak::run,
        does: "10,000 forks with parked threads, 200,000 signals during waits, and 64 threads on \
               every lock for half an hour, watched by a watchdog that is shown to fire.",
        needs: "a unix system" },
    Task { name: "rules", arguments: "", run: rules::run,
        does: "The rules of the house: lengths of files and functions, who may name what.",
        needs: "nothing" },
    Task { name: "package", arguments: "", run: package::run,
        does: "Packages the four crates together; each is then built from its package alone.",
        needs: "nothing" },
    Task { name: "bench", arguments: "[--record] [BENCH] [arguments of the bench]", run: bench::run,
        does: "Runs the benchmarks, peers side by side. --record writes what they print, with the \
               machine and the compiler, to benches/record/.",
        needs: "nothing; with a libpython CPython's own functions are among the peers" },
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
