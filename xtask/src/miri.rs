//! `cargo xtask miri`: the tests under Miri, in both aliasing models, in four passes.

use crate::package;
use crate::sh::{Failure, Result, Sh, need_nightly};

/// What a stricter machine would ask for. Not the symbolic check of alignment: an arena rounds addresses
/// up, which that check cannot follow and reports as a fault.
const STRICT: &str = "-Zmiri-strict-provenance";
/// Time is Miri's own clock, which a sleep moves on at once; what asks for a file or a working
/// directory (proptest does, for its regressions) is told that there is none.
const OWN_TIME: &str = "-Zmiri-isolation-error=hide";
/// For a test whose subject is the machine's own clock.
const REAL_TIME: &str = "-Zmiri-disable-isolation";

/// Tests in which threads race: where another schedule or another weak load may show another result.
const CONCURRENT: &[(&str, &[&str])] = &[
    ("py-arena", &["objects", "growing"]),
    ("py-hashsecret", &["process"]),
    (
        "py-thread",
        &[
            "eval_breaker",
            "handle",
            "join",
            "micro",
            "micro_tasks",
            "raw",
            "threads",
            "tss",
            "worker",
        ],
    ),
    (
        "py-sync",
        &[
            "attach_hangs",
            "cpython_lock",
            "critical_section_threads",
            "critical_section_world",
            "event",
            "mutex",
            "mutex_torture",
            "once_flag",
            "parking_lot",
            "raw_mutex",
            "recursive_mutex",
            "regressions",
            "releases",
            "rw_mutex",
            "rw_order",
            "semaphore",
            "seq_lock",
            "typed_condvar",
            "typed_mutex",
            "typed_once",
            "typed_rw_lock",
        ],
    ),
];

/// Tests that compare a wait with the machine's clock.
const TAKES_REAL_TIME: &[(&str, &str)] = &[("py-sync", "timeouts"), ("py-thread", "timeout")];

/// Where the width of a pointer or the order of bytes differs; only what is asked for by name.
const TARGETS: &[&str] = &["i686-unknown-linux-gnu", "s390x-unknown-linux-gnu"];

/// What a user may ask for.
struct Asked {
    seeds: u32,
    packages: Vec<String>,
    targets: Vec<String>,
    /// What the names of tests must hold.
    filters: Vec<String>,
}

/// Runs it; tests that fork, signal, load libraries or start processes leave themselves out.
pub fn run(args: &[String]) -> Result {
    let asked = read(args)?;
    need_nightly(Some("miri"))?;
    need_nightly(Some("rust-src"))?;
    for sh in passes(&asked) {
        sh.run()?;
    }
    Ok(())
}

fn read(args: &[String]) -> Result<Asked> {
    let mut asked = Asked {
        seeds: 64,
        packages: Vec::new(),
        targets: Vec::new(),
        filters: Vec::new(),
    };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value = || {
            args.next()
                .ok_or_else(|| Failure::other(format!("{arg} takes a value")))
        };
        match arg.as_str() {
            "--seeds" => {
                let n = value()?;
                let bad = || Failure::other(format!("--seeds takes a number from 1, not {n:?}"));
                asked.seeds = n.parse().ok().filter(|n| *n > 0).ok_or_else(bad)?;
            }
            "-p" => {
                let name = value()?;
                if !package::CRATES.contains(&name.as_str()) {
                    let all = package::CRATES.join(", ");
                    return Err(Failure::other(format!(
                        "no crate {name:?}; there are {all}"
                    )));
                }
                asked.packages.push(name.clone());
            }
            "--target" => {
                let name = value()?;
                if !TARGETS.contains(&name.as_str()) {
                    let all = TARGETS.join(", ");
                    return Err(Failure::other(format!("not {name:?}; one of {all}")));
                }
                asked.targets.push(name.clone());
            }
            word if word.starts_with('-') => {
                return Err(Failure::other(format!("miri has no option {word:?}")));
            }
            word => asked.filters.push(word.to_owned()),
        }
    }
    if asked.packages.is_empty() {
        asked.packages = package::CRATES.map(str::to_owned).into();
    }
    Ok(asked)
}

/// The commands, cheapest first.
fn passes(asked: &Asked) -> Vec<Sh> {
    let mut all = Vec::new();
    let packages = asked.packages.iter().flat_map(|p| ["-p", p.as_str()]);
    let packages: Vec<_> = packages.map(str::to_owned).collect();
    let wanted = |package: &str| asked.packages.iter().any(|p| p == package);
    for model in ["", "-Zmiri-tree-borrows"] {
        let miri = |what: &str, host: &str, seeds: u32| {
            let seeds = match seeds {
                1 => String::new(),
                n => format!("-Zmiri-many-seeds=0..{n}"),
            };
            let flags = [STRICT, host, &seeds, model];
            let flags: Vec<_> = flags.into_iter().filter(|f| !f.is_empty()).collect();
            Sh::nightly(what)
                .env("MIRIFLAGS", flags.join(" "))
                .env("RUSTFLAGS", "-Zrandomize-layout")
        };
        // By a target's name: everything there, once, and no more.
        for target in &asked.targets {
            let sh = miri("miri test --lib --tests --all-features", OWN_TIME, 1);
            all.push(sh.args(&packages).arg("--target").arg(target));
        }
        if !asked.targets.is_empty() {
            continue;
        }
        for features in ["", " --all-features"] {
            let what = format!("miri test --lib --tests{features}");
            all.push(miri(&what, OWN_TIME, 1).args(&packages));
        }
        all.push(miri("miri test --doc --all-features", OWN_TIME, 1).args(&packages));
        for (package, test) in TAKES_REAL_TIME.iter().filter(|(p, _)| wanted(p)) {
            let sh = miri("miri test --all-features", REAL_TIME, 1);
            all.push(sh.words(&format!("-p {package} --test {test}")));
        }
        for (package, tests) in CONCURRENT.iter().filter(|(p, _)| wanted(p)) {
            let sh = miri("miri test --all-features", OWN_TIME, asked.seeds);
            let tests = tests.iter().flat_map(|t| ["--test", t]);
            all.push(sh.arg("-p").arg(*package).args(&tests.collect::<Vec<_>>()));
        }
    }
    all.into_iter().map(|sh| sh.args(&asked.filters)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sh::root;

    fn asked(words: &str) -> Result<Vec<String>> {
        let args: Vec<_> = words.split_whitespace().map(str::to_owned).collect();
        Ok(passes(&read(&args)?).iter().map(Sh::line).collect())
    }

    #[test]
    fn every_test_that_is_named_is_there_and_runs_under_miri() {
        let named = CONCURRENT
            .iter()
            .flat_map(|(p, tests)| tests.iter().map(move |t| (*p, *t)))
            .chain(TAKES_REAL_TIME.iter().copied());
        for (package, test) in named {
            let path = root().join(format!("crates/{package}/tests/{test}.rs"));
            let text = std::fs::read_to_string(&path).expect(test);
            let left_out = text
                .lines()
                .any(|l| l.starts_with("#![cfg(") && l.contains("not(miri)"));
            assert!(!left_out, "{} leaves itself out", path.display());
        }
    }

    #[test]
    fn both_models_run_every_pass() {
        let all = asked("").unwrap();
        let trees = all.iter().filter(|l| l.contains("tree-borrows")).count();
        assert_eq!(2 * trees, all.len());
        let with = |words: &str| all.iter().filter(|l| l.contains(words)).count();
        assert_eq!(with("--doc"), 2);
        assert_eq!(with("many-seeds=0..64"), 2 * CONCURRENT.len());
        assert_eq!(with("disable-isolation"), 2 * TAKES_REAL_TIME.len());
        assert_eq!(with("--target"), 0);
    }

    #[test]
    fn a_target_is_asked_for_by_name() {
        let all = asked("--target s390x-unknown-linux-gnu -p py-arena").unwrap();
        assert_eq!(all.len(), 2);
        assert!(all.iter().all(|l| l.contains("s390x")), "{all:?}");
        assert!(all.iter().all(|l| !l.contains("py-sync")), "{all:?}");
    }

    #[test]
    fn what_it_does_not_know_is_refused() {
        for (words, says) in [
            ("--seeds", "--seeds takes a value"),
            ("--seeds 0", "--seeds takes a number from 1"),
            ("--target riscv", "not \"riscv\""),
            ("-p serde", "no crate \"serde\""),
            ("--sedes 3", "no option \"--sedes\""),
        ] {
            let said = format!("{:?}", asked(words).unwrap_err());
            let said = said.replace("\\\"", "\"");
            assert!(said.contains(says), "{words}: {said}");
        }
    }
}
