//! From a path in the code to the module that it depends on.
//!
//! A path is followed to where its item is defined: through child modules, through imports (renamed
//! ones and globs too), and through what a module exports of another. A name of another crate, of the
//! prelude or of a local leads nowhere. What a macro defines is taken for an item of the module that
//! the path names. Methods are not followed: that would take the types.

use crate::tree::Tree;
use std::collections::HashSet;

/// What a path depends on.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// The modules that define it: more than one where the target decides.
    pub ends: Vec<usize>,
    /// The modules whose export it goes by.
    pub by: Vec<usize>,
    /// It is a module itself.
    module: bool,
}

/// The names that are being followed: an import may lead back to itself.
type Seen = HashSet<(usize, String)>;

impl Tree {
    /// Follows a path of `from`'s code. A bare name is no module there.
    pub fn resolve(&self, from: usize, segments: &[String]) -> Option<Target> {
        match segments {
            [bare] if !is_keyword(bare) => {
                let target = self.step_item(from, bare, &mut Seen::new());
                target.filter(|t| !t.module)
            }
            _ => self.follow(from, segments, &mut Seen::new()),
        }
    }

    /// Follows the path of an import.
    pub fn resolve_use(&self, from: usize, segments: &[String]) -> Option<Target> {
        self.follow(from, segments, &mut Seen::new())
    }

    /// Follows the call of a macro by its bare name.
    pub fn resolve_call(&self, from: usize, name: &str) -> Option<Target> {
        if let Some(target) = self.step(from, name, &mut Seen::new()) {
            return Some(target);
        }
        let mut at = Some(from);
        while let Some(m) = at {
            let shared = self.nodes[m].children.values().flatten().copied();
            let shared = shared.filter(|c| self.nodes[*c].macro_use && !self.nodes[*c].test);
            let ends: Vec<usize> = [m].into_iter().chain(shared).collect();
            let ends: Vec<usize> = ends
                .into_iter()
                .filter(|e| self.nodes[*e].source.macros.contains(name))
                .collect();
            if !ends.is_empty() {
                return Some(Target {
                    ends,
                    ..Target::default()
                });
            }
            at = self.nodes[m].parent;
        }
        None
    }

    fn follow(&self, from: usize, segments: &[String], seen: &mut Seen) -> Option<Target> {
        let mut start = from;
        let mut rest = segments;
        let mut explicit = false;
        while let [first, more @ ..] = rest {
            match first.as_str() {
                "crate" | "$crate" => start = 0,
                "self" => {}
                "super" => start = self.nodes[start].parent?,
                _ => break,
            }
            explicit = true;
            rest = more;
        }
        let mut target = Target {
            ends: vec![start],
            by: Vec::new(),
            module: true,
        };
        for (i, name) in rest.iter().enumerate() {
            let next = self.step_each(&target.ends, name, seen);
            match next {
                Some(next) => {
                    target.by.extend(next.by);
                    target.ends = next.ends;
                    target.module = next.module;
                }
                // A macro's item, or another crate's name.
                None => {
                    target.module = false;
                    return (i > 0 || explicit).then_some(target);
                }
            }
            if !target.module {
                break;
            }
        }
        Some(target)
    }

    fn step_each(&self, modules: &[usize], name: &str, seen: &mut Seen) -> Option<Target> {
        let mut all: Option<Target> = None;
        for m in modules {
            let found = self.step(*m, name, seen);
            join(&mut all, found);
        }
        all
    }

    /// What `name` is in a module.
    fn step(&self, module: usize, name: &str, seen: &mut Seen) -> Option<Target> {
        let node = &self.nodes[module];
        let children = node.children.get(name).into_iter().flatten().copied();
        // Tests may name tests.
        let children: Vec<usize> = children
            .filter(|c| node.test || !self.nodes[*c].test)
            .collect();
        if !children.is_empty() {
            return Some(Target {
                ends: children,
                by: Vec::new(),
                module: true,
            });
        }
        self.step_item(module, name, seen)
    }

    /// The same, child modules left out.
    fn step_item(&self, module: usize, name: &str, seen: &mut Seen) -> Option<Target> {
        let node = &self.nodes[module];
        if module == 0 {
            let exporters = self.nodes.iter().enumerate();
            let exporters = exporters.filter(|(_, n)| !n.test && n.source.exports.contains(name));
            let ends: Vec<usize> = exporters.map(|(m, _)| m).collect();
            if !ends.is_empty() {
                return Some(Target {
                    ends,
                    ..Target::default()
                });
            }
        }
        if node.source.items.contains(name) || node.source.macros.contains(name) {
            return Some(Target {
                ends: vec![module],
                ..Target::default()
            });
        }
        if !seen.insert((module, name.to_owned())) {
            return None;
        }
        let found = self.imported(module, name, seen);
        seen.remove(&(module, name.to_owned()));
        found
    }

    fn imported(&self, module: usize, name: &str, seen: &mut Seen) -> Option<Target> {
        let uses = &self.nodes[module].source.uses;
        let mut all: Option<Target> = None;
        // More than one where the target decides.
        for import in uses.iter().filter(|u| u.name.as_deref() == Some(name)) {
            let found = self.follow(module, &import.path.segments, seen);
            // Another crate's: it ends nowhere.
            join(&mut all, found.or_else(|| Some(Target::default())));
        }
        if all.is_none() {
            for import in uses.iter().filter(|u| u.name.is_none()) {
                let from = self.follow(module, &import.path.segments, seen);
                let from = from.filter(|f| f.module);
                let found = from.and_then(|f| self.step_each(&f.ends, name, seen));
                join(&mut all, found);
            }
        }
        let mut all = all?;
        all.by.push(module);
        Some(all)
    }

    /// True if `inner` lies in `outer`, or is it.
    pub fn within(&self, outer: usize, inner: usize) -> bool {
        self.nodes[inner].name.starts_with(&self.nodes[outer].name)
    }
}

fn join(all: &mut Option<Target>, found: Option<Target>) {
    if let Some(found) = found {
        let all = all.get_or_insert_default();
        all.ends.extend(found.ends);
        all.by.extend(found.by);
        all.module |= found.module;
    }
}

fn is_keyword(segment: &str) -> bool {
    ["crate", "$crate", "self", "super"].contains(&segment)
}
