//! The lists of planted faults: TOML files of `[[fault]]` entries, each of which is a table of words.

use crate::sh::{Failure, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// One entry of a list.
pub struct Entry {
    path: PathBuf,
    words: toml::Value,
}

impl Entry {
    /// The word of that name.
    pub fn word(&self, key: &str) -> Result<String> {
        let value = self.words.get(key).and_then(toml::Value::as_str);
        value
            .map(str::to_owned)
            .ok_or_else(|| wrong(&self.path, &format!("a fault has no {key:?}")))
    }
}

/// The entries of a list, in their order.
pub fn read(path: &Path) -> Result<Vec<Entry>> {
    let text = fs::read_to_string(path).map_err(|e| wrong(path, &e.to_string()))?;
    let mut table: toml::Table = text
        .parse()
        .map_err(|e: toml::de::Error| wrong(path, &e.to_string()))?;
    let Some(toml::Value::Array(list)) = table.remove("fault") else {
        return Err(wrong(path, "no [[fault]]"));
    };
    let entry = |words| Entry {
        path: path.to_owned(),
        words,
    };
    Ok(list.into_iter().map(entry).collect())
}

fn wrong(path: &Path, why: &str) -> Failure {
    Failure::other(format!("{}: {why}", path.display()))
}
