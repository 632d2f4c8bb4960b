//! `cargo xtask rules`: what keeps the house tidy and no lint knows.

use crate::sh::{Failure, Result, files_below, root};
use std::fs;
use std::path::Path;

/// A file longer than this is two files.
const MAX_FILE: usize = 400;
/// A function longer than this is two functions.
const MAX_FUNCTION: usize = 80;

/// Checks every source file of the workspace.
pub fn run(_: &[String]) -> Result {
    let mut broken = Vec::new();
    for part in ["crates", "xtask", "benches"] {
        for path in files_below(&root().join(part))? {
            if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path)?;
                let name = path.strip_prefix(root()).expect("below the root");
                check(name, &text, &mut broken);
            }
        }
    }
    if broken.is_empty() {
        return Ok(());
    }
    broken.iter().for_each(|line| eprintln!("{line}"));
    Err(Failure::other(format!("{} rules broken", broken.len())))
}

fn check(name: &Path, text: &str, broken: &mut Vec<String>) {
    let name = name.to_string_lossy();
    let lines = text.lines().count();
    if name.contains("/src/") && lines > MAX_FILE {
        broken.push(format!(
            "{name}: {lines} lines, and {MAX_FILE} are the limit"
        ));
    }
    long_functions(&name, text, broken);
}

/// Functions in rustfmt's form: they open with `fn` and close with a brace of the same indent.
fn long_functions(name: &str, text: &str, broken: &mut Vec<String>) {
    let mut open: Option<(usize, usize, &str)> = None;
    for (i, line) in text.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let code = line.trim_start();
        let starts = [
            "fn ",
            "pub fn ",
            "pub(crate) fn ",
            "pub(super) fn ",
            "unsafe fn ",
            "pub unsafe fn ",
            "const fn ",
            "pub const fn ",
            "pub const unsafe fn ",
        ];
        if open.is_none() && starts.iter().any(|s| code.starts_with(s)) {
            open = Some((i, indent, code));
        }
        if let Some((from, at, head)) = open
            && indent == at
            && (code == "}" || (from == i && code.ends_with(['}', ';'])) || code.ends_with(");"))
        {
            let length = i - from + 1;
            if length > MAX_FUNCTION {
                let head = head.split('(').next().unwrap_or(head);
                broken.push(format!(
                    "{name}:{}: {head} has {length} lines, and {MAX_FUNCTION} are \
                    the limit",
                    from + 1
                ));
            }
            open = None;
        }
    }
}
