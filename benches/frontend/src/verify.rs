//! What we found beside what a real Python found: the names, the string literals, how often each in
//! each file, and the `hash()` of every one of them under the same secret.

use crate::answer::{Answer, Times};
use crate::parts::Parts;
use crate::symbols::Use;
use std::collections::HashMap;
use std::fmt;

/// From this minor version on `tokenize` goes into f-strings, as our parser does.
pub const OLDEST: u8 = 12;
/// One thing that is not the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The Python cannot tokenize a file that we did.
    NotTheirs(String),
    /// A file has a text in another number.
    Times(String, Times, Times),
    /// A text has another hash.
    Hash(String, i64, i64),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Difference::NotTheirs(why) => write!(f, "this Python cannot tokenize it: {why}"),
            Difference::Times(text, ours, theirs) => {
                let (on, tn) = (ours.names, theirs.names);
                let (ol, tl) = (ours.literals, theirs.literals);
                if on != tn {
                    write!(f, "name {text}: {on} times here, {tn} times in Python")?;
                }
                if on != tn && ol != tl {
                    f.write_str("; ")?;
                }
                if ol != tl {
                    write!(f, "literal {text}: {ol} times here, {tl} times in Python")?;
                }
                Ok(())
            }
            Difference::Hash(text, ours, theirs) => {
                write!(f, "hash of {text}: {ours} here, {theirs} in Python")
            }
        }
    }
}

/// What was compared.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Files compared.
    pub files: u64,
    /// Name tokens that both have.
    pub names: u64,
    /// Literals that both have.
    pub literals: u64,
    /// Distinct names whose hashes are equal.
    pub name_hashes: u64,
    /// Distinct literals without a lone surrogate whose hashes are equal.
    pub literal_hashes: u64,
    /// Distinct literals with one, likewise.
    pub surrogate_hashes: u64,
    /// What is not the same, with the file's number.
    pub differences: Vec<(u32, Difference)>,
}

/// What was seen of one text in all files.
#[derive(Default)]
struct Seen {
    named: bool,
    literal: bool,
    checked: bool,
}

/// Compares what we found, file by file, with what a Python found of just these files.
#[must_use]
pub fn compare<P: Parts>(ours: &[(u32, &[Use<P>])], answers: &[Answer]) -> Verdict {
    let mut verdict = Verdict::default();
    let mut seen: HashMap<&[u8], Seen> = HashMap::new();
    let ours: HashMap<u32, &[Use<P>]> = ours.iter().copied().collect();
    for answer in answers {
        for (&number, theirs) in &answer.files {
            match theirs {
                Err(why) => {
                    let difference = Difference::NotTheirs(why.clone());
                    verdict.differences.push((number, difference));
                }
                Ok(theirs) => {
                    verdict.files += 1;
                    let ours = ours[&number];
                    compare_file(&mut verdict, &mut seen, number, ours, answer, theirs);
                }
            }
        }
    }
    verdict.differences.sort_by_key(|(number, _)| *number);
    verdict
}

fn compare_file<'u, P: Parts>(
    verdict: &mut Verdict,
    seen: &mut HashMap<&'u [u8], Seen>,
    number: u32,
    ours: &'u [Use<P>],
    answer: &Answer,
    theirs: &HashMap<u32, Times>,
) {
    let mut theirs: HashMap<&[u8], (i64, Times)> = theirs
        .iter()
        .map(|(text, times)| {
            let (hash, text) = &answer.texts[*text as usize];
            (text.as_slice(), (*hash, *times))
        })
        .collect();
    let mut differ = |text: &[u8], a: Times, b: Times| {
        let difference = Difference::Times(shown(text), a, b);
        verdict.differences.push((number, difference));
    };
    let mut hashes = Vec::new();
    for one in ours {
        let text = one.entry.text();
        let times = Times {
            names: one.names,
            literals: one.literals,
        };
        let (hash, their_times) = theirs.remove(text).unwrap_or_default();
        if times != their_times {
            differ(text, times, their_times);
            continue;
        }
        verdict.names += times.names;
        verdict.literals += times.literals;
        hashes.push((one, hash));
    }
    for (text, (_, times)) in theirs {
        differ(text, Times::default(), times);
    }
    for (one, hash) in hashes {
        let (text, ours) = (one.entry.text(), one.entry.hash() as i64);
        let seen = seen.entry(text).or_default();
        if !seen.checked && ours != hash {
            let difference = Difference::Hash(shown(text), ours, hash);
            verdict.differences.push((number, difference));
        }
        if ours == hash {
            if one.names > 0 && !std::mem::replace(&mut seen.named, true) {
                verdict.name_hashes += 1;
            }
            if one.literals > 0 && !std::mem::replace(&mut seen.literal, true) {
                match one.entry.has_surrogates() {
                    false => verdict.literal_hashes += 1,
                    true => verdict.surrogate_hashes += 1,
                }
            }
        }
        seen.checked = true;
    }
}

/// A text as a line shows it.
fn shown(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let short: String = text.chars().take(60).collect();
    format!("{short:?}") + if short.len() < text.len() { "..." } else { "" }
}
