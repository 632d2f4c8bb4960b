//! `cargo xtask sanitize`: the tests under a tool that sees what they cannot, most of them over a
//! standard library that is built with it.

mod valgrind;

use crate::package;
use crate::sh::{Failure, Result, Sh, need_nightly, root, target};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The target that is built; a target named outright keeps build scripts uninstrumented.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// A test file that is left out, and why. No report of any other is suppressed.
struct LeftOut {
    package: &'static str,
    test: &'static str,
    why: &'static str,
}

/// A way to build that makes faults show.
struct Sanitizer {
    name: &'static str,
    rustflags: &'static str,
    /// The variable with its options, and those.
    options: (&'static str, &'static str),
    /// Test files that run with one option more.
    apart: &'static [(&'static str, &'static str)],
    leaves_out: &'static [LeftOut],
}

/// The test files `c_api` of a package.
const fn c_programs(package: &'static str) -> LeftOut {
    LeftOut {
        package,
        test: "c_api",
        why: "a C compiler links its programs, and has no runtime of this toolchain's sanitizers",
    }
}

const C_PROGRAMS: [LeftOut; 4] = [
    c_programs("py-arena"),
    c_programs("py-hashsecret"),
    c_programs("py-sync"),
    c_programs("py-thread"),
];

const ALL: [Sanitizer; 3] = [
    Sanitizer {
        name: "thread",
        rustflags: "-Zsanitizer=thread",
        // Threads of a forked child are watched too. A request for too much memory is refused, as
        // the system's allocator does.
        options: (
            "TSAN_OPTIONS",
            "halt_on_error=1:second_deadlock_stack=1:die_after_fork=0:allocator_may_return_null=1",
        ),
        apart: &[],
        leaves_out: &[],
    },
    Sanitizer {
        name: "address",
        rustflags: "-Zsanitizer=address",
        options: (
            "ASAN_OPTIONS",
            "detect_stack_use_after_return=1:allocator_may_return_null=1",
        ),
        apart: &[
            // An interpreter that libpython starts is never ended: nobody asks what it leaks.
            ("oracle", "detect_leaks=0"),
            // It keeps freed memory and frames to catch their users; the soak asks whether memory stays flat.
            (
                "soak",
                "quarantine_size_mb=1:detect_stack_use_after_return=0",
            ),
        ],
        leaves_out: &[
            LeftOut {
                package: "py-thread",
                test: "start_failure",
                why: "the sanitizer ends a process whose address space is full",
            },
            LeftOut {
                package: "py-thread",
                test: "micro_start_failure",
                why: "the sanitizer ends a process whose address space is full",
            },
            LeftOut {
                package: "py-thread",
                test: "micro_fork",
                why: "a thread that ends holds the quarantine's lock, which a child never gets",
            },
            LeftOut {
                package: "py-thread",
                test: "fork_table",
                why: "a thread that ends holds the quarantine's lock, which a child never gets",
            },
            LeftOut {
                package: "py-thread",
                test: "fork_handlers",
                why: "a thread that ends holds the quarantine's lock, which a child never gets",
            },
            LeftOut {
                package: "py-thread",
                test: "fork",
                why: "a thread that ends holds the quarantine's lock, which a child never gets",
            },
        ],
    },
    // As cargo-careful: std with its debug assertions, which check the preconditions of its unsafe
    // functions, and strict checks of what is zeroed, left uninitialised or computed at compile time.
    Sanitizer {
        name: "careful",
        rustflags: "-Cdebug-assertions=on -Zstrict-init-checks -Zextra-const-ub-checks \
                    -Zrandomize-layout",
        options: ("RUST_BACKTRACE", "1"),
        apart: &[],
        leaves_out: &[],
    },
];

/// Runs the tests under the one that is named.
pub fn run(args: &[String]) -> Result {
    let usage = || Failure::other("which one: thread, address, careful or valgrind?");
    let (which, rest) = args.split_first().ok_or_else(usage)?;
    let (packages, rest) = match rest {
        [flag, package, rest @ ..] if flag == "-p" => (vec![package.as_str()], rest),
        rest => (package::CRATES.to_vec(), rest),
    };
    if which == "valgrind" {
        return valgrind::run(&packages, rest);
    }
    let sanitizer = ALL
        .iter()
        .find(|s| s.name == which.as_str())
        .ok_or_else(usage)?;
    need_nightly(Some("rust-src"))?;
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err(Failure::Missing(format!(
            "the sanitizers are set up for {TARGET} only"
        )));
    }
    for package in packages {
        for command in sanitizer.commands(package)? {
            command.arg("--").args(rest).run()?;
        }
    }
    Ok(())
}

impl Sanitizer {
    fn commands(&self, package: &str) -> Result<Vec<Sh>> {
        let folder = target().join(self.name);
        let mut rustflags = self.rustflags.to_owned();
        if self.name == "thread" {
            rustflags += &format!(" -Clink-arg={}", futex_object(&folder)?.display());
        }
        let (variable, options) = self.options;
        let sh = Sh::nightly("test -Zbuild-std --all-features --target")
            .args(&[TARGET, "-p", package])
            .env("CARGO_TARGET_DIR", folder)
            .env("RUSTFLAGS", rustflags)
            // Many tests panic on purpose, and instrumented code takes seconds to look up the frames.
            .env("RUST_BACKTRACE", "0")
            .env(variable, options)
            // Instrumented code is slow; the full counts run without it.
            .env("PY_SYNC_SIGNALS", "5000")
            .env("PY_SYNC_FORKS", "100");
        let mut tests = tests(package, |test| self.why_not(package, test))?;
        let mut commands = Vec::new();
        for (test, option) in self.apart.iter().filter(|(test, _)| tests.remove(*test)) {
            let one = sh.clone().args(&["--test", test]);
            commands.push(one.env(variable, format!("{options}:{option}")));
        }
        let names = tests.iter().flat_map(|test| ["--test", test]);
        commands.insert(0, sh.arg("--lib").args(&names.collect::<Vec<_>>()));
        Ok(commands)
    }

    fn why_not(&self, package: &str, test: &str) -> Option<&'static str> {
        let left_out = |out: &&LeftOut| out.package == package && out.test == test;
        let mut all = self.leaves_out.iter().chain(&C_PROGRAMS);
        all.find(left_out).map(|out| out.why)
    }
}

/// The package's test files, without those for which `out` gives a reason; the reasons are printed.
fn tests(package: &str, out: impl Fn(&str) -> Option<&'static str>) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(root().join("crates").join(package).join("tests"))? {
        let path = entry?.path();
        if !path.join("main.rs").exists() && path.extension().is_none_or(|e| e != "rs") {
            continue;
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        match out(&name) {
            Some(why) => eprintln!("left out: {package}'s test {name}: {why}"),
            None => drop(names.insert(name.into_owned())),
        }
    }
    Ok(names)
}

/// Compiles `futex.rs`, which tells ThreadSanitizer when a thread sleeps.
fn futex_object(folder: &Path) -> Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let object = folder.join("futex.o");
    Sh::new("rustup")
        .words("run nightly rustc --edition 2024 --crate-type lib --emit obj")
        .words("-Cpanic=abort -Copt-level=2 -o")
        .arg(&object)
        .arg("xtask/src/sanitize/futex.rs")
        .run()?;
    Ok(object)
}
