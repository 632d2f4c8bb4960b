//! `cargo xtask api`: the public API of each crate, held against the listing under version control.

use crate::package::CRATES;
use crate::sh::{Failure, Result, Sh, need_nightly, root, target};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// How a listing begins.
const HEAD: &str = "# The public API, an item a line; `cargo xtask api --write` renews it.\n\n";

/// Compares the listings of the crates that are named, or of all; with `--write` renews them.
pub fn run(args: &[String]) -> Result {
    let (options, names): (Vec<&String>, Vec<&String>) =
        args.iter().partition(|a| a.starts_with("--"));
    if let Some(bad) = names.iter().find(|n| !CRATES.contains(&n.as_str())) {
        let all = CRATES.join(", ");
        return Err(Failure::other(format!(
            "no crate is named {bad}; there are {all}"
        )));
    }
    need_nightly(None)?;
    if !cfg!(target_os = "linux") {
        let what = "Linux: the listings are those of its API";
        return Err(Failure::Missing(what.to_owned()));
    }
    Sh::cargo("build -p api-listing").run()?;
    let mut changed = Vec::new();
    for name in CRATES
        .iter()
        .filter(|c| names.is_empty() || names.iter().any(|n| n == *c))
    {
        let now = format!("{HEAD}{}", listing(name)?);
        let path = root().join("crates").join(name).join("public-api.txt");
        if !options.is_empty() {
            fs::write(&path, now)?;
            continue;
        }
        let before = fs::read_to_string(&path).unwrap_or_default();
        let difference = difference(&before, &now);
        if !difference.is_empty() {
            println!("{}:", path.strip_prefix(root()).unwrap_or(&path).display());
            difference.iter().for_each(|line| println!("{line}"));
            changed.push(*name);
        }
    }
    if changed.is_empty() {
        return Ok(());
    }
    let words = "the public API is not as listed; if it should be so, `cargo xtask api --write`, \
                 and a line in the CHANGELOG";
    Err(Failure::other(format!("{}: {words}", changed.join(", "))))
}

/// The listing of the crate as it is.
fn listing(name: &str) -> Result<String> {
    let default = json(name, "default", "")?;
    let all = json(name, "all", "--all-features")?;
    let out = target().join("api").join(name).with_extension("txt");
    let lister = Sh::cargo("run --quiet -p api-listing --")
        .arg(default)
        .arg(all);
    let (said, result) = lister.arg(&out).tee(false);
    match result {
        Ok(()) => Ok(fs::read_to_string(&out)?),
        Err(Failure::Command {
            status: Some(3), ..
        }) => {
            let why = said.last().map_or("", String::as_str);
            let what = format!("a nightly whose rustdoc we read ({why}; see xtask/api/Cargo.toml)");
            Err(Failure::Missing(what))
        }
        Err(failure) => {
            said.iter().for_each(|line| eprintln!("{line}"));
            Err(failure)
        }
    }
}

/// Rustdoc's JSON of the crate, in a folder of its own for each set of features.
fn json(name: &str, which: &str, features: &str) -> Result<PathBuf> {
    let folder = target().join("api").join(which);
    Sh::nightly("doc --quiet --no-deps --lib -p")
        .arg(name)
        .words(features)
        .env("CARGO_TARGET_DIR", &folder)
        .env("RUSTDOCFLAGS", "-Zunstable-options --output-format json")
        .run()?;
    let file = Path::new(&name.replace('-', "_")).with_extension("json");
    Ok(folder.join("doc").join(file))
}

/// The lines that are gone and those that are new, each below its part's heading. Their order says
/// nothing: it changes with the order of `impl` blocks.
fn difference(before: &str, now: &str) -> Vec<String> {
    let (before, now) = (parts(before), parts(now));
    let mut told = Vec::new();
    for part in before
        .iter()
        .chain(&now)
        .map(|(part, _)| *part)
        .collect::<BTreeSet<_>>()
    {
        let gone = before.difference(&now).filter(|(p, _)| *p == part);
        let new = now.difference(&before).filter(|(p, _)| *p == part);
        let lines: Vec<String> = gone
            .map(|(_, line)| format!("- {line}"))
            .chain(new.map(|(_, line)| format!("+ {line}")))
            .collect();
        if !lines.is_empty() {
            told.push(part.to_owned());
            told.extend(lines);
        }
    }
    told
}

/// Each item with the heading that it stands below.
fn parts(text: &str) -> BTreeSet<(&str, &str)> {
    let mut part = "";
    let mut items = BTreeSet::new();
    for line in text
        .lines()
        .filter(|l| !l.is_empty() && !l.starts_with("# "))
    {
        match line.starts_with("## ") {
            true => part = line,
            false => drop(items.insert((part, line))),
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use super::difference;

    const BEFORE: &str = "# head\n\n## default features\npub mod a\npub fn a::b()\n\n## what the other features add\npub fn a::c()\n";

    #[test]
    fn order_and_head_are_no_difference() {
        let now = "# other\n\n## default features\npub fn a::b()\npub mod a\n\n## what the other features add\npub fn a::c()\n";
        assert_eq!(difference(BEFORE, now), [""; 0]);
    }

    #[test]
    fn what_is_gone_and_what_is_new_is_told_below_its_part() {
        let now = BEFORE.replace("a::b()", "a::b(u8)");
        let expected = [
            "## default features",
            "- pub fn a::b()",
            "+ pub fn a::b(u8)",
        ];
        assert_eq!(difference(BEFORE, &now), expected);
    }

    #[test]
    fn an_item_that_is_now_behind_a_feature_is_told() {
        let now = BEFORE.replace("pub fn a::b()\n", "") + "pub fn a::b()\n";
        assert_eq!(difference(BEFORE, &now).len(), 4);
    }
}
