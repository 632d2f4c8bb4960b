//! What the workflows below `.github/` have to keep to. Tests only.

use crate::sh::root;
use std::collections::BTreeSet;
use std::fs;

/// Each workflow: its file's name, and its text.
fn workflows() -> Vec<(String, String)> {
    let folder = root().join(".github/workflows");
    let paths = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    let read = |path: std::path::PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, fs::read_to_string(path).unwrap())
    };
    paths.map(read).collect()
}

/// The jobs: keys two blanks below `jobs:`.
fn jobs(text: &str) -> BTreeSet<&str> {
    let below = text.split_once("\njobs:\n").unwrap().1;
    let names = below
        .lines()
        .filter_map(|l| l.strip_prefix("  ")?.strip_suffix(':'));
    names.filter(|n| !n.starts_with([' ', '#'])).collect()
}

#[test]
fn every_action_is_pinned_to_a_commit_and_says_its_version() {
    for (name, text) in workflows() {
        for line in text
            .lines()
            .filter_map(|l| l.split_once("uses: "))
            .map(|(_, l)| l)
        {
            let (action, version) = line.split_once(" # ").unwrap_or((line, ""));
            let commit = action.split_once('@').map_or("", |(_, commit)| commit);
            let is_hash = commit.len() == 40 && commit.chars().all(|c| c.is_ascii_hexdigit());
            assert!(is_hash && !version.is_empty(), "{name}: {line}");
        }
    }
}

#[test]
fn the_gate_waits_for_every_other_job() {
    let workflows = workflows();
    let (_, ci) = workflows.iter().find(|(name, _)| name == "ci.yml").unwrap();
    let needs = ci
        .lines()
        .find_map(|l| l.trim().strip_prefix("needs: [")?.strip_suffix(']'));
    let needs: BTreeSet<&str> = needs.unwrap().split(", ").collect();
    let mut others = jobs(ci);
    assert!(others.remove("gate"));
    assert_eq!(needs, others);
}

#[test]
fn a_job_has_only_the_permissions_that_it_names() {
    for (name, text) in workflows() {
        assert!(text.contains("\npermissions: {}\n"), "{name}");
    }
}
