//! The modules of a crate, each with its file: found from the root by the `mod` declarations, as the
//! compiler finds them, but for all targets and features at once.

use crate::cfg::Answer;
use crate::source::{self, Child, Module};
use std::collections::{BTreeMap, HashSet};

/// The files below a crate's root, by name, with their text.
pub type Files = BTreeMap<String, String>;

/// All modules of a crate. The first is the root.
#[derive(Debug, Default)]
pub struct Tree {
    pub nodes: Vec<Node>,
    /// What could not be read.
    pub faults: Vec<String>,
    /// The files that a declaration leads to.
    pub reached: HashSet<String>,
}

#[derive(Debug)]
pub struct Node {
    /// The path below the root.
    pub name: Vec<String>,
    pub parent: Option<usize>,
    pub file: String,
    /// No build without tests has it.
    pub test: bool,
    pub macro_use: bool,
    /// One name has more than one module where the target decides.
    pub children: BTreeMap<String, Vec<usize>>,
    pub source: Module,
}

/// Where the files of a module's children lie.
struct Place {
    /// Of `mod name;`
    below: String,
    /// Of `#[path]`
    beside: String,
}

impl Tree {
    /// Reads the crate whose root is this file.
    pub fn load(files: &Files, root: &str) -> Tree {
        let mut tree = Tree::default();
        let node = Node {
            name: Vec::new(),
            parent: None,
            file: root.to_owned(),
            test: false,
            macro_use: false,
            children: BTreeMap::new(),
            source: Module::default(),
        };
        tree.add_file(files, node, true);
        tree
    }

    /// Adds the module of a file; `owner` if its children lie beside it and not in a folder of its name.
    fn add_file(&mut self, files: &Files, mut node: Node, owner: bool) {
        let file = node.file.clone();
        self.reached.insert(file.clone());
        let Some(text) = files.get(&file) else {
            self.faults.push(format!("{file}: there is no such file"));
            return;
        };
        node.source = match source::parse(text) {
            Ok(source) => source,
            Err(e) => {
                let line = e.span().start().line;
                self.faults.push(format!("{file}:{line}: {e}"));
                return;
            }
        };
        let beside = folder(&file).to_owned();
        let stem = file.rsplit('/').next().and_then(|n| n.strip_suffix(".rs"));
        let below = match (owner, stem) {
            (false, Some(stem)) => join(&beside, stem),
            _ => beside.clone(),
        };
        self.add(files, node, &Place { below, beside });
    }

    fn add(&mut self, files: &Files, mut node: Node, place: &Place) {
        let children = std::mem::take(&mut node.source.children);
        let inline = std::mem::take(&mut node.source.inline);
        let at = self.nodes.len();
        if let (Some(parent), Some(name)) = (node.parent, node.name.last()) {
            let variants = self.nodes[parent].children.entry(name.clone());
            variants.or_default().push(at);
        }
        self.nodes.push(node);
        for (name, source) in inline {
            let mut node = self.child(at, &name);
            node.source = source;
            let below = join(&place.below, &name);
            let place = Place {
                beside: below.clone(),
                below,
            };
            self.add(files, node, &place);
        }
        for child in children {
            self.add_child(files, at, place, &child);
        }
    }

    fn child(&self, parent: usize, name: &str) -> Node {
        let up = &self.nodes[parent];
        Node {
            name: up
                .name
                .iter()
                .map(String::as_str)
                .chain([name])
                .map(str::to_owned)
                .collect(),
            parent: Some(parent),
            file: up.file.clone(),
            test: up.test,
            macro_use: false,
            children: BTreeMap::new(),
            source: Module::default(),
        }
    }

    /// `mod name;` with every file that it may stand for.
    fn add_child(&mut self, files: &Files, parent: usize, place: &Place, child: &Child) {
        let mut variants: Vec<(String, bool, Answer)> = Vec::new();
        for (answer, path) in &child.paths {
            variants.push((join(&place.beside, path), true, *answer));
        }
        if !child.paths.iter().any(|(answer, _)| *answer == Answer::Yes) {
            let plain = join(&place.below, &format!("{}.rs", child.name));
            let nested = join(&place.below, &format!("{}/mod.rs", child.name));
            if files.contains_key(&plain) {
                variants.push((plain, false, Answer::Yes));
            } else if files.contains_key(&nested) {
                variants.push((nested, true, Answer::Yes));
            } else if child.paths.is_empty() {
                let file = &self.nodes[parent].file;
                let words = format!("{file}:{}: `mod {};` has no file", child.line, child.name);
                self.faults.push(words);
            }
        }
        for (file, owner, answer) in variants {
            let mut node = self.child(parent, &child.name);
            node.file = file;
            node.test |= child.test || answer == Answer::No;
            node.macro_use = child.macro_use;
            self.add_file(files, node, owner);
        }
    }
}

fn folder(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn join(folder: &str, rest: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
    for part in rest.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}
