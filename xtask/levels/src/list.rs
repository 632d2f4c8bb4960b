//! `levels.toml`: which module lies on which level.

use std::collections::BTreeMap;
use toml::{Table, Value};

/// The list of one crate.
#[derive(Debug)]
pub struct List {
    /// The file of the crate's root, from the root of the workspace.
    pub root: String,
    /// The level of each module, from 1 at the bottom. A name is a path below the crate's root.
    pub levels: BTreeMap<Vec<String>, usize>,
    /// What is wrong with the list.
    pub faults: Vec<String>,
}

impl List {
    /// A list without a module.
    pub fn empty(root: &str) -> List {
        List {
            root: root.to_owned(),
            levels: BTreeMap::new(),
            faults: Vec::new(),
        }
    }
}

/// Reads the lists.
pub fn parse(text: &str) -> Result<Vec<List>, String> {
    let table: Table = text.parse().map_err(|e| format!("levels.toml: {e}"))?;
    let wrong = |key: &str| format!("levels.toml: {key:?} is no table of `root` and `levels`");
    let lists = table.iter().map(|(name, value)| {
        let root = value.get("root").and_then(Value::as_str);
        let levels = value.get("levels").and_then(Value::as_array);
        let (root, levels) = root.zip(levels).ok_or_else(|| wrong(name))?;
        list(root, levels).ok_or_else(|| wrong(name))
    });
    lists.collect()
}

fn list(root: &str, rows: &[Value]) -> Option<List> {
    let mut list = List::empty(root);
    for (row, level) in rows.iter().zip(1..) {
        for name in row.as_array()? {
            let name = name.as_str()?;
            let path = name.split("::").map(str::to_owned).collect();
            if list.levels.insert(path, level).is_some() {
                let faults = &mut list.faults;
                faults.push(format!("{root}: the list of levels has `{name}` twice"));
            }
        }
    }
    Some(list)
}
