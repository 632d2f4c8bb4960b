//! `cargo xtask rules`: what keeps the house tidy and no lint knows: lengths, and who may name what.
//! Which module may name which is checked by the package `levels`, which parses Rust.

use crate::sh::{Failure, Result, Sh, files_below, root};
use std::fs;

/// A file longer than this is two files.
const MAX_FILE: usize = 400;
/// A function longer than this is two functions.
const MAX_FUNCTION: usize = 80;
/// The same outside `src`: a benchmark's table of peers is long, and simple.
const MAX_TABLE: usize = 100;

/// Below `folder` only files whose path holds one of `owners` may name one of `words`.
struct Owned {
    folder: &'static str,
    words: &'static [&'static str],
    owners: &'static [&'static str],
}

const OWNED: &[Owned] = &[
    Owned {
        folder: "crates/",
        words: &["loom::"],
        owners: &["/sync.rs", "/model.rs", "/model/", "/modelled.rs"],
    },
    Owned {
        folder: "crates/",
        words: &["libc::", "windows_sys::"],
        owners: &["/src/sys/"],
    },
    Owned {
        folder: "crates/",
        words: &["atomic_wait::"],
        owners: &["py-sync/src/sys/futex.rs"],
    },
    Owned {
        folder: "crates/",
        words: &["getrandom::"],
        owners: &["py-hashsecret/src/entropy.rs"],
    },
    Owned {
        folder: "crates/",
        words: &["allocator_api2::"],
        owners: &["py-arena/src/allocator.rs"],
    },
    Owned {
        folder: "crates/py-sync/src/",
        words: &["lock_api::", "extern crate lock_api"],
        owners: &["/src/typed/"],
    },
    Owned {
        folder: "crates/py-sync/",
        words: &[
            "std::sync::atomic",
            "core::sync::atomic",
            "core::cell::UnsafeCell",
        ],
        // Beside the shim: what is no part of any model. The child of a fork has one thread, the
        // diagnostics' counters order nothing, a handler's fence is the compiler's, a cell's words
        // are plain memory that the model replaces whole, and C's parking compares what C says.
        owners: &[
            "/sync.rs",
            "/model/",
            "/src/sys/",
            "/after_fork.rs",
            "/src/record.rs",
            "/signals.rs",
            "/seq_cell/words.rs",
            "/deadline.rs",
            "/deadline/",
            "/sync/",
            "/c_api/",
        ],
    },
    Owned {
        folder: "crates/",
        words: &["Instant::now", "SystemTime"],
        owners: &["/deadline.rs", "/src/sys/"],
    },
    Owned {
        folder: "crates/py-arena/",
        words: &["alloc::alloc::", "alloc_crate::alloc::{alloc"],
        owners: &["/block.rs"],
    },
];

/// Checks every source file of the workspace.
pub fn run(_: &[String]) -> Result {
    let mut broken = Vec::new();
    for part in ["crates", "xtask", "benches"] {
        for path in files_below(&root().join(part))? {
            if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path)?;
                let name = path.strip_prefix(root()).expect("below the root");
                check(
                    &name.to_string_lossy().replace('\\', "/"),
                    &text,
                    &mut broken,
                );
            }
        }
    }
    broken.iter().for_each(|line| eprintln!("{line}"));
    let levels = Sh::cargo("run --quiet --package levels").run();
    match broken.len() {
        0 => levels,
        n => Err(Failure::other(format!("{n} rules broken"))),
    }
}

fn check(name: &str, text: &str, broken: &mut Vec<String>) {
    let lines = text.lines().count();
    if name.contains("/src/") {
        if lines > MAX_FILE {
            broken.push(format!(
                "{name}: {lines} lines, and {MAX_FILE} are the limit"
            ));
        }
        owners(name, text, broken);
        citations(name, text, broken);
    }
    long_functions(name, text, broken);
}

/// The lines that are code, numbered, without the in-file tests at the end.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let own = text.lines().take_while(|l| !l.starts_with("mod tests {"));
    own.enumerate()
        .map(|(i, l)| (i + 1, l.trim_start()))
        .filter(|(_, l)| !l.starts_with("//"))
}

fn owners(name: &str, text: &str, broken: &mut Vec<String>) {
    for rule in OWNED {
        let theirs = rule.owners.iter().any(|o| name.contains(o)) || name.ends_with("/tests.rs");
        if !name.starts_with(rule.folder) || theirs {
            continue;
        }
        for (i, line) in code(text) {
            if let Some(word) = rule.words.iter().find(|w| line.contains(**w)) {
                let owners = rule.owners.join(" and ");
                broken.push(format!("{name}:{i}: only {owners} may name {word}"));
            }
        }
    }
}

/// A line number of somebody else's file is wrong by the next release.
fn citations(name: &str, text: &str, broken: &mut Vec<String>) {
    for (i, line) in text.lines().enumerate() {
        let cited = [".c:", ".h:"].iter().filter_map(|ext| line.split_once(ext));
        let numbered = |rest: &str| {
            rest.trim_start_matches('L')
                .starts_with(|c: char| c.is_ascii_digit())
        };
        if cited.into_iter().any(|(_, rest)| numbered(rest)) {
            broken.push(format!(
                "{name}:{}: cites a line number; cite the symbol",
                i + 1
            ));
        }
    }
}

/// Functions in rustfmt's form: they open with `fn` and close with a brace of the same indent.
fn long_functions(name: &str, text: &str, broken: &mut Vec<String>) {
    let mut open: Option<(usize, usize, &str)> = None;
    for (i, line) in text.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let code = line.trim_start();
        if open.is_none() && opens_function(code) {
            open = Some((i, indent, code));
        }
        let Some((from, at, head)) = open else {
            continue;
        };
        let one_line = from == i && code.ends_with(['}', ';']);
        if indent == at && (code == "}" || one_line || code.ends_with(");")) {
            let length = i - from + 1;
            let limit = if name.contains("/src/") {
                MAX_FUNCTION
            } else {
                MAX_TABLE
            };
            if length > limit {
                let head = head.split('(').next().unwrap_or(head);
                broken.push(format!(
                    "{name}:{}: `{head}` has {length} lines, and {limit} are the limit",
                    from + 1
                ));
            }
            open = None;
        }
    }
}

fn opens_function(code: &str) -> bool {
    let words = code.split('(').next().unwrap_or_default();
    let Some(before) = words.split_once("fn ").map(|(before, _)| before) else {
        return false;
    };
    let known = [
        "pub",
        "pub(crate)",
        "pub(super)",
        "const",
        "unsafe",
        "extern",
        "\"C\"",
        "async",
    ];
    before.split_whitespace().all(|w| known.contains(&w))
}

#[cfg(test)]
mod tests {
    use super::check;

    fn broken(name: &str, text: &str) -> Vec<String> {
        let mut broken = Vec::new();
        check(name, text, &mut broken);
        broken
    }

    #[test]
    fn a_long_function_is_told_by_its_first_line() {
        let text = format!("pub fn long() {{\n{}}}\n", "    work();\n".repeat(99));
        let told = broken("crates/py-sync/src/x.rs", &text);
        assert_eq!(
            told,
            ["crates/py-sync/src/x.rs:1: `pub fn long` has 101 lines, and 80 are the limit"]
        );
    }

    #[test]
    fn only_the_owner_names_an_outside_crate() {
        let text = "use libc::c_int;\n";
        assert!(broken("crates/py-sync/src/sys/futex.rs", text).is_empty());
        assert_eq!(broken("crates/py-sync/src/mutex.rs", text).len(), 1);
        assert!(broken("crates/py-sync/src/mutex.rs", "// as libc::futex would\n").is_empty());
    }

    #[test]
    fn a_line_number_is_no_citation() {
        assert_eq!(
            broken(
                "crates/py-sync/src/x.rs",
                &["//! Python/lock.c", "L53\n"].join(":")
            )
            .len(),
            1
        );
        assert!(
            broken(
                "crates/py-sync/src/x.rs",
                "//! Python/lock.c: PyMutex_Lock\n"
            )
            .is_empty()
        );
    }
}
