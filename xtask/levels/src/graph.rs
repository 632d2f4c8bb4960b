//! Which file depends on which, and the cycles among them.

use crate::source::Named;
use crate::tree::Tree;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// One dependency, as the code says it.
#[derive(Clone, Debug)]
pub struct Edge {
    /// The module that names the other.
    pub from: usize,
    /// The module that defines what is named.
    pub to: usize,
    /// The modules whose export it goes by.
    pub by: Vec<usize>,
    pub line: usize,
    /// The path as it stands in the code.
    pub path: String,
}

/// Every dependency of the code that is no test. What a module exports of the modules within it is
/// none: that is its face, and it depends on them only where its code names them.
pub fn edges(tree: &Tree) -> Vec<Edge> {
    let mut edges = Vec::new();
    let code = tree.nodes.iter().enumerate().filter(|(_, node)| !node.test);
    for (from, node) in code {
        let mut add = |named: &Named, target: Option<crate::resolve::Target>| {
            let target = target.unwrap_or_default();
            for &to in &target.ends {
                edges.push(Edge {
                    from,
                    to,
                    by: target.by.clone(),
                    line: named.line,
                    path: named.segments.join("::"),
                });
            }
        };
        for import in &node.source.uses {
            let target = tree.resolve_use(from, &import.path.segments);
            let within = |t: &usize| *t != from && tree.within(from, *t);
            let face =
                import.exported && target.as_ref().is_some_and(|t| t.ends.iter().all(within));
            if !face {
                add(&import.path, target);
            }
        }
        for path in &node.source.paths {
            add(path, tree.resolve(from, &path.segments));
        }
        for call in &node.source.calls {
            add(call, tree.resolve_call(from, &call.segments[0]));
        }
    }
    edges
}

/// The cycles among the files, each as a chain, until there are none left: the shortest first.
pub fn cycles(tree: &Tree, edges: &[Edge]) -> Vec<String> {
    let mut next: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for edge in edges {
        let (from, to) = (&tree.nodes[edge.from].file, &tree.nodes[edge.to].file);
        if from != to {
            let line = next.entry(from).or_default().entry(to).or_insert(edge.line);
            *line = edge.line.min(*line);
        }
    }
    let mut found = Vec::new();
    while let Some(cycle) = shortest(&next) {
        let mut chain = String::from("a cycle: ");
        for pair in cycle.windows(2) {
            chain.push_str(&format!("{}:{} -> ", pair[0], next[pair[0]][pair[1]]));
        }
        chain.push_str(cycle[0]);
        found.push(chain);
        let [from, to, ..] = cycle[..] else { break };
        next.entry(from).or_default().remove(to);
    }
    found
}

/// The shortest cycle, its first file also at its end.
fn shortest<'a>(next: &BTreeMap<&'a str, BTreeMap<&'a str, usize>>) -> Option<Vec<&'a str>> {
    let cycles = next.keys().filter_map(|start| back_to(next, start));
    cycles.min_by_key(Vec::len)
}

fn back_to<'a>(
    next: &BTreeMap<&'a str, BTreeMap<&'a str, usize>>,
    start: &'a str,
) -> Option<Vec<&'a str>> {
    let mut before: BTreeMap<&str, &str> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    let mut seen = BTreeSet::new();
    while let Some(file) = queue.pop_front() {
        for &to in next.get(file).into_iter().flat_map(BTreeMap::keys) {
            if seen.insert(to) {
                before.insert(to, file);
                queue.push_back(to);
            }
        }
    }
    let mut cycle = vec![start];
    let mut at = *before.get(start)?;
    while at != start {
        cycle.push(at);
        at = before[at];
    }
    cycle.push(start);
    cycle.reverse();
    Some(cycle)
}
