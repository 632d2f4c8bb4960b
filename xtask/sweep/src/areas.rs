//! `areas.toml`: which files are changed, and which tests must notice.

use crate::sites::{self, Form, Site};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Files, and the tests of their area.
#[derive(Clone, Debug)]
pub struct Area {
    pub name: String,
    pub package: String,
    pub files: Vec<String>,
    pub models: Vec<String>,
    pub units: Vec<String>,
    pub tests: Vec<String>,
    /// Tests of the others that are not run.
    pub without: Vec<String>,
}

/// A source file of an area.
pub struct Source {
    pub area: usize,
    /// From the root: `crates/py-sync/src/event.rs`.
    pub path: String,
    pub text: String,
    pub sites: Vec<Site>,
}

/// One change of one file: what a run decides about.
#[derive(Clone, Debug)]
pub struct Mutation {
    pub area: usize,
    pub source: usize,
    pub site: usize,
    pub change: usize,
    pub line: usize,
    /// Its name: the same while the line and its function are.
    pub name: String,
}

/// Reads the table.
pub fn read(text: &str) -> Result<Vec<Area>, String> {
    let table: toml::Table = text.parse().map_err(|e: toml::de::Error| e.to_string())?;
    let list = table.get("area").and_then(toml::Value::as_array);
    let mut areas = Vec::new();
    for entry in list.ok_or("no [[area]]")? {
        let word = |key: &str| {
            let value = entry.get(key).and_then(toml::Value::as_str);
            value
                .map(str::to_owned)
                .ok_or(format!("an area has no {key:?}"))
        };
        let words = |key: &str| {
            let value = entry.get(key).and_then(toml::Value::as_array);
            let list = value.ok_or(format!("an area has no {key:?}"))?;
            Ok::<_, String>(
                list.iter()
                    .filter_map(|v| v.as_str().map(str::to_owned))
                    .collect(),
            )
        };
        let without = entry.get("without").map(|_| words("without"));
        areas.push(Area {
            name: word("name")?,
            package: word("package")?,
            files: words("files")?,
            models: words("models")?,
            units: words("units")?,
            tests: words("tests")?,
            without: without.transpose()?.unwrap_or_default(),
        });
    }
    Ok(areas)
}

/// The source files of the areas whose path holds one of the filters; all without a filter.
pub fn sources(root: &Path, areas: &[Area], filters: &[String]) -> Result<Vec<Source>, String> {
    let mut found = Vec::new();
    for (area, of) in areas.iter().enumerate() {
        let folder = format!("crates/{}", of.package);
        for entry in &of.files {
            let paths =
                below(&root.join(&folder).join(entry)).map_err(|e| format!("{entry}: {e}"))?;
            for path in paths {
                let name = path.strip_prefix(root).expect("below the root");
                let name = name.to_string_lossy().replace('\\', "/");
                if is_protocol(&name)
                    && (filters.is_empty() || filters.iter().any(|f| name.contains(f)))
                {
                    found.push(source(area, &path, name)?);
                }
            }
        }
    }
    Ok(found)
}

fn source(area: usize, path: &Path, name: String) -> Result<Source, String> {
    let text = fs::read_to_string(path).map_err(|e| format!("{name}: {e}"))?;
    let sites = sites::find(&text).map_err(|e| format!("{name}:{}: {e}", e.span().start().line))?;
    Ok(Source {
        area,
        path: name,
        text,
        sites,
    })
}

/// Tests and models are what must notice.
fn is_protocol(path: &str) -> bool {
    let is = |word: &str| path.contains(word);
    path.ends_with(".rs")
        && !(is("/model/") || is("/tests/") || is("tests.rs") || is("modelled") || is("model.rs"))
}

pub fn below(path: &Path) -> io::Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut entries: Vec<_> = fs::read_dir(path)?.collect::<io::Result<_>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    let mut found = Vec::new();
    for entry in entries {
        found.extend(below(&entry.path())?);
    }
    Ok(found)
}

/// Names every change: by file, function, rule, the line that it is in, and what it makes of it.
pub fn mutations(sources: &[Source]) -> Vec<Mutation> {
    let mut all: Vec<Mutation> = Vec::new();
    let mut seen = std::collections::HashMap::new();
    for (i, source) in sources.iter().enumerate() {
        let short = short(&source.path);
        for (j, site) in source.sites.iter().enumerate() {
            for (k, change) in site.changes.iter().enumerate() {
                let (line, context) = context(&source.text, site, k);
                let what = what(&source.text, site, k);
                let name = format!(
                    "{short} {}: {}: {what}{context}",
                    site.function, change.rule
                );
                let times: &mut usize = seen.entry(name.clone()).or_default();
                *times += 1;
                let name = if *times == 1 {
                    name
                } else {
                    format!("{name} ({times})")
                };
                all.push(Mutation {
                    area: source.area,
                    source: i,
                    site: j,
                    change: k,
                    line,
                    name,
                });
            }
        }
    }
    all
}

/// A path as names have it.
pub fn short(path: &str) -> String {
    path.trim_start_matches("crates/").replace("/src/", "/")
}

/// What becomes of what.
fn what(text: &str, site: &Site, change: usize) -> String {
    let from = sites::squeezed(&text[site.range.clone()]);
    let told = &site.changes[change].told;
    match (site.form, told.as_str()) {
        (Form::Skip, _) => "left out".to_owned(),
        (Form::Exchange, _) => told.clone(),
        (Form::Return, value) => format!("returns {value} at once"),
        (Form::Arm, _) => "never taken".to_owned(),
        (Form::Let, _) => "never matches".to_owned(),
        (Form::Condition, "!") => format!("not `{from}`"),
        (Form::Condition, to) => format!("`{from}` is {to}"),
        (Form::Value, to) => format!("`{from}` -> `{to}`"),
    }
}

/// The line where the site begins, and its code.
fn context(text: &str, site: &Site, change: usize) -> (usize, String) {
    // An exchange of later statements is told by its own words.
    let at = match site.form {
        Form::Exchange => site
            .parts
            .get(change)
            .map_or(site.range.start, |p| p.range.start),
        _ => site.range.start,
    };
    let start = text[..at].rfind('\n').map_or(0, |i| i + 1);
    let end = text[at..].find('\n').map_or(text.len(), |i| at + i);
    let line = text[..at].matches('\n').count() + 1;
    let code = text[start..end].trim();
    let told = if site.form == Form::Exchange {
        String::new()
    } else {
        format!(" in `{code}`")
    };
    (line, told)
}
