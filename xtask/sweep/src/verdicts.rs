//! `verdicts.toml`: what people say about the mutations that survive.

use crate::results::Outcome;
use std::collections::{BTreeMap, HashMap, HashSet};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// No program can tell the difference, or none that the contract knows.
    Equivalent,
    /// It survived once; this test was written for it.
    Test(String),
    /// Nobody has judged it yet.
    Open,
}

#[derive(Clone, Debug)]
pub struct Verdict {
    pub kind: Kind,
    pub why: String,
}

/// The verdicts by the names of their mutations.
pub type Verdicts = BTreeMap<String, Verdict>;

/// Reads the file.
pub fn read(text: &str) -> Result<Verdicts, String> {
    let table: toml::Table = text.parse().map_err(|e: toml::de::Error| e.to_string())?;
    let list = table.get("verdict").and_then(toml::Value::as_array);
    let mut verdicts = Verdicts::new();
    for entry in list.into_iter().flatten() {
        let word = |key: &str| {
            entry
                .get(key)
                .and_then(toml::Value::as_str)
                .unwrap_or_default()
        };
        let sites = entry.get("sites").and_then(toml::Value::as_array);
        let sites: Vec<&str> = sites
            .into_iter()
            .flatten()
            .filter_map(toml::Value::as_str)
            .collect();
        let (why, test) = (word("why").to_owned(), word("test").to_owned());
        let kind = match word("kind") {
            "equivalent" => Kind::Equivalent,
            "test" if test.is_empty() => return Err(format!("a verdict names no test: {sites:?}")),
            "test" => Kind::Test(test),
            "open" => Kind::Open,
            other => return Err(format!("no kind of verdict: {other:?} ({sites:?})")),
        };
        if sites.is_empty() {
            return Err(format!("a verdict names no site: {why:?}"));
        }
        if kind == Kind::Equivalent && why.is_empty() {
            return Err(format!("a verdict says not why: {sites:?}"));
        }
        for site in sites {
            let verdict = Verdict {
                kind: kind.clone(),
                why: why.clone(),
            };
            if verdicts.insert(site.to_owned(), verdict).is_some() {
                return Err(format!("two verdicts on {site:?}"));
            }
        }
    }
    Ok(verdicts)
}

/// What is wrong with the verdicts, each in a line. `known` are the names of all mutations of the files
/// that were looked at, `found` what became of them.
pub fn check(
    verdicts: &Verdicts,
    looked_at: &HashSet<String>,
    found: &HashMap<String, Outcome>,
) -> Vec<String> {
    let mut wrong = Vec::new();
    for (site, verdict) in verdicts {
        let file = site.split(' ').next().unwrap_or_default();
        if !looked_at.contains(file) && !looked_at.is_empty() {
            continue;
        }
        let Some(outcome) = found.get(site) else {
            wrong.push(format!("a verdict on what is not there: {site}"));
            continue;
        };
        match (&verdict.kind, outcome) {
            (Kind::Open, Outcome::Survived | Outcome::Undecided) => {
                wrong.push(format!("open: {site} ({})", verdict.why));
            }
            (Kind::Equivalent | Kind::Open, Outcome::Caught { test, .. }) => {
                wrong.push(format!("a verdict on what {test} catches: {site}"));
            }
            (Kind::Test(test), Outcome::Survived | Outcome::Undecided) => {
                wrong.push(format!("survives, and {test} should catch it: {site}"));
            }
            (_, Outcome::Refused) => {
                wrong.push(format!("a verdict on what does not compile: {site}"));
            }
            _ => {}
        }
    }
    let mut unjudged: Vec<String> = Vec::new();
    for (site, outcome) in found {
        if matches!(outcome, Outcome::Survived | Outcome::Undecided) && !verdicts.contains_key(site)
        {
            unjudged.push(format!("survives without a verdict: {site}"));
        }
    }
    unjudged.sort();
    wrong.extend(unjudged);
    wrong
}
