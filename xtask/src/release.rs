//! `cargo xtask release TAG`: whether a tag may be published.

use crate::package::CRATES;
use crate::sh::{Failure, Result, Sh, root};
use std::fs;

/// Checks that the tag, the crate's version and its changelog agree; prints the crate.
///
/// The name of the crate is all that goes to standard output: the release workflow reads it.
pub fn run(args: &[String]) -> Result {
    let [tag] = args else {
        return Err(Failure::other("which tag? One such as py-sync-v0.1.0"));
    };
    let (name, version) = parted(tag).ok_or_else(|| {
        let all = CRATES.join(", ");
        Failure::other(format!("{tag:?} is no crate-vX.Y.Z; the crates are {all}"))
    })?;
    let changelog = root().join("crates").join(name).join("CHANGELOG.md");
    let changelog = fs::read_to_string(changelog)?;
    let wrong = disagreements(version, &of_manifest(name)?, &changelog);
    if wrong.is_empty() {
        println!("{name}");
        return Ok(());
    }
    let wrong = wrong.join("; ");
    Err(Failure::other(format!(
        "{tag} is not to be published: {wrong}"
    )))
}

/// `py-sync-v0.1.0`: the crate and the version.
fn parted(tag: &str) -> Option<(&str, &str)> {
    let (name, version) = tag.rsplit_once("-v")?;
    let numbers: Vec<&str> = version.split(['-', '+']).next()?.split('.').collect();
    let number = |n: &&str| !n.is_empty() && n.chars().all(|c| c.is_ascii_digit());
    let is_version = numbers.len() == 3 && numbers.iter().all(number);
    (CRATES.contains(&name) && is_version).then_some((name, version))
}

/// The version that the manifest says, by cargo's own reading of it.
fn of_manifest(name: &str) -> Result<String> {
    let sh = Sh::cargo("pkgid -p").arg(name);
    let said = sh.output().unwrap_or_default();
    let version = said.trim().rsplit(['#', '@']).next().unwrap_or_default();
    match version.starts_with(|c: char| c.is_ascii_digit()) {
        true => Ok(version.to_owned()),
        false => Err(Failure::other(format!(
            "no version, but {said:?}, from: {}",
            sh.line()
        ))),
    }
}

/// What does not agree, in words.
fn disagreements(version: &str, manifest: &str, changelog: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if manifest != version {
        wrong.push(format!("the manifest says {manifest}"));
    }
    let mut entries = changelog.split("\n## ").skip(1);
    let heading = format!("[{version}] - ");
    match entries.clone().find(|e| e.starts_with(&heading)) {
        None => wrong.push(format!(
            "the changelog has no heading `## {heading}YEAR-MM-DD`"
        )),
        Some(entry) => {
            let (head, text) = entry.split_once('\n').unwrap_or((entry, ""));
            if !is_date(head.trim_start_matches(&heading).trim()) {
                wrong.push(format!("the changelog's heading has no date: `## {head}`"));
            }
            if text.trim().is_empty() {
                wrong.push("the changelog says nothing about it".to_owned());
            }
        }
    }
    let unreleased = entries.find(|e| e.starts_with("[Unreleased]"));
    let left = unreleased
        .and_then(|e| e.split_once('\n'))
        .map_or("", |(_, text)| text.trim());
    if !left.is_empty() {
        wrong.push("the changelog still has entries below `[Unreleased]`".to_owned());
    }
    wrong
}

fn is_date(word: &str) -> bool {
    let parts: Vec<&str> = word.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|p| p.len()).collect();
    lengths == [4, 2, 2] && parts.concat().chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{disagreements, of_manifest, parted};

    const READY: &str =
        "# Changelog\n\n## [Unreleased]\n\n## [0.1.0] - 2026-12-01\n\n### Added\n- All.\n";

    #[test]
    fn a_tag_names_a_crate_of_ours_and_a_version() {
        assert_eq!(parted("py-sync-v0.1.0"), Some(("py-sync", "0.1.0")));
        assert_eq!(
            parted("py-sync-v0.2.0-rc.1"),
            Some(("py-sync", "0.2.0-rc.1"))
        );
        for bad in [
            "v0.1.0",
            "py-sync-0.1.0",
            "py-lock-v0.1.0",
            "py-sync-v0.1",
            "py-sync-v0.x.0",
            "py-sync-v",
        ] {
            assert_eq!(parted(bad), None, "{bad}");
        }
    }

    #[test]
    fn tag_manifest_and_changelog_agree() {
        assert_eq!(disagreements("0.1.0", "0.1.0", READY), [""; 0]);
    }

    #[test]
    fn what_does_not_agree_is_told() {
        let told = |version, changelog: &str| disagreements(version, "0.1.0", changelog).join("; ");
        assert!(told("0.2.0", READY).contains("the manifest says 0.1.0"));
        assert!(told("0.2.0", READY).contains("no heading"));
        assert!(told("0.1.0", &READY.replace("2026-12-01", "soon")).contains("no date"));
        assert!(told("0.1.0", &READY.replace("### Added\n- All.\n", "")).contains("says nothing"));
        let left = READY.replace("[Unreleased]\n", "[Unreleased]\n- One more.\n");
        assert!(told("0.1.0", &left).contains("still has entries"));
    }

    #[test]
    fn cargo_tells_a_version_for_each_crate() {
        for name in crate::package::CRATES {
            let version = of_manifest(name).unwrap();
            assert!(parted(&format!("{name}-v{version}")).is_some(), "{version}");
        }
    }
}
