//! The rules: every module has a level, names only lower ones, and no files form a cycle.

use crate::graph::{Edge, cycles, edges};
use crate::list::List;
use crate::tree::{Files, Tree};
use std::collections::{BTreeMap, BTreeSet};

/// What breaks the rules in one crate.
pub fn check(files: &Files, list: &List) -> Vec<String> {
    let tree = Tree::load(files, &list.root);
    let mut broken = list.faults.clone();
    if !tree.faults.is_empty() {
        // The rest would be told of half a crate.
        broken.extend(tree.faults);
        return broken;
    }
    broken.extend(unreached(files, list, &tree));
    broken.extend(unlisted(list, &tree));
    let edges = edges(&tree);
    // One word for all that a line names of a module.
    let mut wrong: BTreeMap<(&str, usize, String), &str> = BTreeMap::new();
    for edge in &edges {
        if let Some(why) = upward(list, &tree, edge) {
            let file = tree.nodes[edge.from].file.as_str();
            wrong.entry((file, edge.line, why)).or_insert(&edge.path);
        }
    }
    let wrong = wrong.iter();
    broken.extend(wrong.map(|((file, line, why), path)| format!("{file}:{line}: {why}: {path}")));
    broken.extend(cycles(&tree, &edges));
    broken
}

/// Files that no declaration leads to: the checker cannot see what they name.
fn unreached(files: &Files, list: &List, tree: &Tree) -> Vec<String> {
    let folder = list.root.rsplit_once('/').map_or("", |(folder, _)| folder);
    let programs = format!("{folder}/bin/");
    let lost = files.keys().filter(|f| {
        let own = f
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'));
        own && !f.starts_with(&programs) && !tree.reached.contains(*f)
    });
    lost.map(|f| format!("{f}: no `mod` leads to it from {}", list.root))
        .collect()
}

fn unlisted(list: &List, tree: &Tree) -> Vec<String> {
    let mut broken = Vec::new();
    let code = || tree.nodes.iter().filter(|n| !n.test && n.parent.is_some());
    for node in code() {
        // An inline module of the root's file is the root's own.
        let own_file = node.parent.is_some_and(|p| tree.nodes[p].file != node.file);
        if own_file && unit(list, &node.name).is_empty() {
            broken.push(format!(
                "{}: `{}` has no level",
                node.file,
                node.name.join("::")
            ));
        }
    }
    for name in list.levels.keys() {
        if !code().any(|n| n.name == *name) {
            broken.push(format!(
                "{}: the list of levels has `{}`, which is no module",
                list.root,
                name.join("::")
            ));
        }
    }
    broken
}

/// What of a module's name the list has: the longest entry. Empty for the root.
fn unit<'a>(list: &List, name: &'a [String]) -> &'a [String] {
    let parts = (1..=name.len()).rev().map(|n| &name[..n]);
    parts
        .into_iter()
        .find(|part| list.levels.contains_key(*part))
        .unwrap_or_default()
}

/// Why an edge does not lead down, if it does not.
fn upward(list: &List, tree: &Tree, edge: &Edge) -> Option<String> {
    let node = &tree.nodes[edge.from];
    let own = unit(list, &node.name);
    let level = |unit: &[String]| list.levels.get(unit).copied().unwrap_or(usize::MAX);
    // A module may go by what its own folder exports; the root's exports are for other crates, and so
    // for the macros that those call.
    let public = edge.path.starts_with("$crate");
    let by = edge.by.iter().filter(|b| match **b {
        0 => !public,
        by => !tree.within(by, edge.from),
    });
    for &to in by.chain([&edge.to]) {
        let other = unit(list, &tree.nodes[to].name);
        if other == own || own.is_empty() || level(other) < level(own) {
            continue;
        }
        let name = own.join("::");
        let why = if other.is_empty() {
            format!("`{name}` names the crate's root, the top level")
        } else if level(other) == level(own) {
            format!("`{name}` names `{}`, on the same level", other.join("::"))
        } else {
            format!("`{name}` names `{}`, on a higher level", other.join("::"))
        };
        return Some(why);
    }
    None
}

/// The lowest level for each of the crate's top modules, and for those below them that `list` has, as
/// rows for `levels.toml`; and the cycles. Their modules come last, in one row.
pub fn suggest(files: &Files, list: &List) -> (Vec<Vec<String>>, Vec<String>) {
    let tree = Tree::load(files, &list.root);
    let mut needs: BTreeMap<&[String], BTreeSet<&[String]>> = BTreeMap::new();
    let unit = |m: usize| match (unit(list, &tree.nodes[m].name), &tree.nodes[m].name) {
        ([], name) => &name[..name.len().min(1)],
        (listed, _) => listed,
    };
    for (m, node) in tree.nodes.iter().enumerate() {
        if !node.test && !node.name.is_empty() {
            needs.entry(unit(m)).or_default();
        }
    }
    let edges = edges(&tree);
    for edge in &edges {
        let from = unit(edge.from);
        let targets = edge.by.iter().chain([&edge.to]).map(|t| unit(*t));
        for to in targets.filter(|to| ![from, &[]].contains(to)) {
            needs.entry(from).or_default().insert(to);
        }
    }
    needs.remove::<[String]>(&[]);
    let mut rows: Vec<Vec<String>> = Vec::new();
    while !needs.is_empty() {
        let free = |n: &BTreeSet<&[String]>| n.iter().all(|d| !needs.contains_key(d));
        let mut row: Vec<&[String]> = needs
            .iter()
            .filter(|(_, n)| free(n))
            .map(|(m, _)| *m)
            .collect();
        if row.is_empty() {
            row = needs.keys().copied().collect();
        }
        rows.push(row.iter().map(|m| m.join("::")).collect());
        let row: BTreeSet<&[String]> = row.into_iter().collect();
        needs.retain(|m, _| !row.contains(m));
    }
    (rows, cycles(&tree, &edges))
}
