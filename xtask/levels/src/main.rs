//! `cargo xtask rules` runs this: checks that the modules of each crate depend on one another in one
//! direction, as `levels.toml` says. `cargo run -p levels -- --suggest ROOT` prints a list for the
//! crate whose root file is ROOT, and the cycles among its files.
//!
//! What counts is every path in the code: imports, paths in expressions, types and patterns, in macro
//! calls and in the definitions of macros. What does not count is what only a test, a model or a doctest
//! compiles, and what rustdoc alone reads. A call of a method is no path, so it is not seen: a file may
//! call what another file adds to a type that both know.
//!
//! A package of its own, because it parses Rust: the other tasks need not wait for the parser.

mod attrs;
mod cfg;
mod check;
mod graph;
mod list;
mod resolve;
mod source;
#[cfg(test)]
mod tests;
mod tree;
mod words;

use list::List;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};
use tree::Files;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        [] => rules(),
        ["--suggest", root] => suggest(root),
        _ => Err("usage: levels [--suggest crates/NAME/src/lib.rs]".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("levels: {why}");
            ExitCode::FAILURE
        }
    }
}

fn rules() -> Result<(), String> {
    let mut broken = Vec::new();
    for list in list::parse(include_str!("../levels.toml"))? {
        broken.extend(check::check(&files(&list.root)?, &list));
    }
    if broken.is_empty() {
        return Ok(());
    }
    broken.iter().for_each(|line| eprintln!("{line}"));
    Err(format!(
        "{} times against xtask/levels/levels.toml",
        broken.len()
    ))
}

fn suggest(root: &str) -> Result<(), String> {
    let lists = list::parse(include_str!("../levels.toml"))?;
    let list = lists.into_iter().find(|list| list.root == root);
    let list = list.unwrap_or_else(|| List::empty(root));
    let (rows, cycles) = check::suggest(&files(root)?, &list);
    rows.iter().for_each(|row| println!("    {row:?},"));
    cycles.iter().for_each(|cycle| eprintln!("{cycle}"));
    Ok(())
}

/// The files beside a crate's root file, and below.
fn files(root: &str) -> Result<Files, String> {
    let folder = Path::new(root).parent().unwrap_or(Path::new(""));
    let mut files = Files::new();
    read(&workspace(), folder, &mut files).map_err(|e| format!("{}: {e}", folder.display()))?;
    Ok(files)
}

fn read(workspace: &Path, folder: &Path, files: &mut Files) -> io::Result<()> {
    for entry in fs::read_dir(workspace.join(folder))? {
        let entry = entry?;
        let name = folder.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            read(workspace, &name, files)?;
        } else if name.extension().is_some_and(|e| e == "rs") {
            let text = fs::read_to_string(entry.path())?;
            files.insert(name.to_string_lossy().replace('\\', "/"), text);
        }
    }
    Ok(())
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
