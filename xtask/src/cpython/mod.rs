//! `cargo xtask cpython`: CPython itself on our crates, beside CPython as it is.
//!
//! A source tree is copied, configured and built as it is. Then the interpreter is linked once more:
//! the same objects, but for those of the files that we port, and our static library. Both lie in one
//! folder and load the same extension modules, so nothing but those files differs.

mod bench;
mod limit;
mod one;
mod suite;
mod tree;

use crate::sh::{Failure, Result, target};
use std::path::PathBuf;
use std::time::Duration;

/// A part of CPython that we replace.
struct Part {
    name: &'static str,
    /// Its object files.
    objects: &'static [&'static str],
    /// What of `xtask/cpython/src/glue` goes with it.
    glue: &'static [&'static str],
}

const PARTS: &[Part] = &[
    Part {
        name: "lock",
        objects: &["Python/lock.o"],
        glue: &["sync"],
    },
    Part {
        name: "parking_lot",
        objects: &["Python/parking_lot.o"],
        glue: &["sync"],
    },
    Part {
        name: "critical_section",
        objects: &["Python/critical_section.o"],
        glue: &["sync"],
    },
    Part {
        name: "pyarena",
        objects: &["Python/pyarena.o"],
        glue: &["arena"],
    },
    // Both have the secret.
    Part {
        name: "hash",
        objects: &["Python/bootstrap_hash.o", "Python/pyhash.o"],
        glue: &["hash"],
    },
    Part {
        name: "thread",
        objects: &["Python/thread.o"],
        glue: &["sync", "thread"],
    },
];

/// The files whose tests come near the replaced parts. Without `--tests`, these are run.
const NEAR: &str = "test_asyncio.test_locks test_asyncio.test_queues test_capi test_concurrent_futures \
    test_context test_dict test_fork1 test_free_threading test_gc test_import test_interpreters \
    test_list test_multiprocessing_spawn.test_threads test_queue test_sched test_signal test_socket \
    test_subprocess test_sys test_thread test_threadedtempfile test_threading test_threading_local \
    test_threadsignals test_time test_weakref";

/// Without `--limit`, a file that runs for so long hangs.
const LIMIT: Duration = Duration::from_secs(900);

/// What was asked for.
struct Asked {
    source: PathBuf,
    gil: bool,
    only: Vec<String>,
    plan: suite::Plan,
    bench: bool,
    jobs: String,
}

/// Builds both, and compares them.
pub fn run(args: &[String]) -> Result {
    let asked = parse(args)?;
    let build = tree::Build::prepare(&asked.source, asked.gil)?;
    build.base(&asked.jobs)?;
    build.ours(&asked.only)?;
    if asked.bench {
        return bench::run(&build);
    }
    suite::run(&build, &asked.plan)
}

fn parse(args: &[String]) -> Result<Asked> {
    let mut asked = Asked {
        source: PathBuf::new(),
        gil: false,
        only: PARTS.iter().map(|part| part.name.to_owned()).collect(),
        plan: suite::Plan {
            tests: NEAR.to_owned(),
            limit: LIMIT,
            ours_first: false,
            resume: false,
        },
        bench: false,
        jobs: "2".to_owned(),
    };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value = || {
            let value = args.next().filter(|v| !v.starts_with("--"));
            value
                .cloned()
                .ok_or_else(|| Failure::other(format!("{arg} wants a value after it")))
        };
        match arg.as_str() {
            "--gil" => asked.gil = true,
            "--bench" => asked.bench = true,
            "--source" => asked.source = value()?.into(),
            "--jobs" => asked.jobs = value()?,
            "--tests" => asked.plan.tests = value()?.replace(',', " "),
            "--limit" => asked.plan.limit = seconds(&value()?)?,
            "--ours-first" => asked.plan.ours_first = true,
            "--resume" => asked.plan.resume = true,
            "--only" => asked.only = value()?.split(',').map(str::to_owned).collect(),
            other => return Err(Failure::other(format!("what is {other:?}?"))),
        }
    }
    for part in &asked.only {
        if PARTS.iter().all(|known| known.name != part) {
            let all = PARTS
                .iter()
                .map(|known| known.name)
                .collect::<Vec<_>>()
                .join(", ");
            return Err(Failure::other(format!(
                "no part is named {part:?}; there are {all}"
            )));
        }
    }
    if asked.source.as_os_str().is_empty() {
        let what = "the source of CPython 3.13 or newer (--source DIR)";
        return Err(Failure::Missing(what.to_owned()));
    }
    Ok(asked)
}

fn seconds(word: &str) -> Result<Duration> {
    let seconds = word.parse().ok().filter(|seconds| *seconds > 0);
    let seconds =
        seconds.ok_or_else(|| Failure::other(format!("{word:?} is no number of seconds")));
    seconds.map(Duration::from_secs)
}

/// Where everything is kept, from one run to the next.
fn folder() -> PathBuf {
    target().join("cpython")
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn told(words: &str) -> String {
        let args: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        match parse(&args) {
            Ok(_) => String::new(),
            Err(failure) => format!("{failure:?}"),
        }
    }

    #[test]
    fn what_is_missing_or_wrong_is_said() {
        assert!(told("").contains("the source of CPython"));
        assert!(told("--source").contains("--source wants a value"));
        assert!(told("--source x --limit 0").contains("is no number of seconds"));
        assert!(told("--source x --only lock,arena").contains("no part is named \\\"arena\\\""));
        assert_eq!(
            told("--source x --only lock --gil --tests test_threading,test_queue --limit 60"),
            ""
        );
    }
}
