//! `cargo xtask linearizable`: shows that the linearizability tests find faults of the code.
//!
//! Each entry of `xtask/linearizable.toml` is a fault of one line and the test that must find it. The tree
//! is copied, and the fault is planted in the copy: the test must build there, it must fail, and it must
//! say which history no order explains. Without a fault all of them must pass.

use crate::fault::{self, Entry};
use crate::mutants::copy_tree;
use crate::sh::{Failure, Result, Sh, root, target};
use std::fs;
use std::path::Path;

/// What the tests print of a history that has no order.
const FOUND: &str = "no order of these";

struct Fault {
    what: String,
    file: String,
    find: String,
    replace: String,
    test: String,
}

/// Plants the faults whose words or test hold the filter, or all.
pub fn run(args: &[String]) -> Result {
    let mut faults = read(&root().join("xtask/linearizable.toml"))?;
    if let Some(word) = args.first() {
        faults.retain(|f| f.what.contains(word.as_str()) || f.test.contains(word.as_str()));
    }
    if faults.is_empty() {
        return Err(Failure::other("no planted fault has this name"));
    }
    let folder = target().join("linearizable");
    let tree = folder.join("tree");
    copy_tree(&tree)?;
    let (said, sound) = tests(&folder, &tree, "").tee(false);
    if sound.is_err() {
        said.iter().for_each(|line| eprintln!("{line}"));
        return Err(Failure::other("the tests fail without a planted fault"));
    }
    let mut survived = 0;
    for fault in &faults {
        let found = plant(&folder, &tree, fault)?;
        survived += usize::from(!found);
        let verdict = if found { "found" } else { "SURVIVED" };
        println!("{:<62} {:<44} {verdict}", fault.what, fault.test);
    }
    match survived {
        0 => Ok(()),
        n => Err(Failure::other(format!(
            "{n} of {} planted faults survived",
            faults.len()
        ))),
    }
}

fn read(path: &Path) -> Result<Vec<Fault>> {
    let fault = |entry: &Entry| {
        Ok(Fault {
            what: entry.word("what")?,
            file: entry.word("file")?,
            find: entry.word("find")?,
            replace: entry.word("replace")?,
            test: entry.word("test")?,
        })
    };
    fault::read(path)?.iter().map(fault).collect()
}

/// The tests, or the one of that name.
fn tests(folder: &Path, tree: &Path, name: &str) -> Sh {
    let sh = Sh::cargo("test -p py-sync --features typed --test linearizable --target-dir");
    let sh = sh.arg(folder.join("target")).dir(tree).arg("--");
    match name {
        "" => sh,
        name => sh.arg(name).arg("--exact"),
    }
}

/// True if the test finds the fault.
fn plant(folder: &Path, tree: &Path, fault: &Fault) -> Result<bool> {
    let path = tree.join("crates/py-sync").join(&fault.file);
    let sound = fs::read_to_string(&path)?;
    let times = sound.matches(&fault.find).count();
    if times != 1 {
        let words = format!(
            "{}: the text to replace occurs {times} times in {}, not once:\n{}",
            fault.what, fault.file, fault.find
        );
        return Err(Failure::Other(words));
    }
    fs::write(&path, sound.replacen(&fault.find, &fault.replace, 1))?;
    let (said, result) = tests(folder, tree, &fault.test).tee(false);
    fs::write(&path, sound)?;
    let ran = said.iter().any(|line| line.starts_with("running 1 test"));
    if !ran {
        said.iter().for_each(|line| eprintln!("{line}"));
        let words = format!("{}: does not build, or has no such test", fault.what);
        return Err(Failure::Other(words));
    }
    Ok(result.is_err() && said.iter().any(|line| line.contains(FOUND)))
}
