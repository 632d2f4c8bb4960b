//! The same files, asked of a real Python: the names that its own `tokenize` finds, the string
//! literals, how often each, and the `hash()` of every one of them under the same secret.

use super::parts::Parts;
use super::python::Python;
use super::symbols::Use;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// From this minor version on `tokenize` goes into f-strings, as our parser does.
pub const OLDEST: u8 = 12;
const SCRIPT: &str = include_str!("verify.py");

/// How the Python gets our secret.
#[derive(Clone, Debug)]
pub enum SecretFor {
    /// Through `PYTHONHASHSEED`.
    Seed(u32),
    /// Through `_Py_HashSecret`: no seed gives a random secret again.
    Bytes([u8; 24]),
}

/// How often a file has a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// As a name.
    pub names: u64,
    /// As a literal.
    pub literals: u64,
}

/// What a Python found.
#[derive(Debug, Default)]
pub struct Answer {
    /// Each text with its hash.
    texts: Vec<(i64, Vec<u8>)>,
    /// Each file by its number: its texts by number, or why there are none.
    files: BTreeMap<u32, Result<HashMap<u32, Times>, String>>,
}

/// Asks a Python about these files, each with its number.
///
/// # Errors
/// Why there is no answer.
pub fn ask(
    python: &Python,
    secret: &SecretFor,
    files: &[(u32, PathBuf)],
) -> Result<Answer, String> {
    let shown = python.program.display();
    let (seed, bytes) = match secret {
        SecretFor::Seed(seed) => (seed.to_string(), "-".to_owned()),
        SecretFor::Bytes(bytes) => ("random".to_owned(), hex(bytes)),
    };
    let mut questions = bytes + "\n";
    for (number, path) in files {
        let path = hex(path.as_os_str().as_encoded_bytes());
        questions += &format!("{number} {path}\n");
    }
    let mut child = Command::new(&python.program)
        .args(["-c", SCRIPT])
        .env("PYTHONHASHSEED", seed)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("cannot start {shown}: {e}"))?;
    // The script reads a question, writes its answer, and so on: one thread must do each side.
    let mut stdin = child.stdin.take().expect("it was asked for");
    let asking = std::thread::spawn(move || stdin.write_all(questions.as_bytes()));
    let output = child.wait_with_output();
    let output = output.map_err(|e| format!("cannot read from {shown}: {e}"))?;
    let asked = asking.join().expect("it only writes");
    if !output.status.success() || asked.is_err() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        let why = stderr.lines().last().unwrap_or("no word of why");
        return Err(format!("{shown} failed: {why}"));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Answer::parse(&text).ok_or_else(|| format!("{shown} gave an answer that cannot be read"))
}

impl Answer {
    fn parse(text: &str) -> Option<Answer> {
        let mut answer = Answer::default();
        let mut file = 0;
        for line in text.lines() {
            let (letter, rest) = line.split_once(' ').unwrap_or((line, ""));
            match letter {
                "F" => {
                    file = rest.parse().ok()?;
                    answer.files.insert(file, Ok(HashMap::new()));
                }
                "E" => {
                    let (number, why) = rest.split_once(' ')?;
                    let number = number.parse().ok()?;
                    answer.files.insert(number, Err(why.to_owned()));
                }
                "N" | "L" => {
                    let times = answer.files.get_mut(&file)?.as_mut().ok()?;
                    for item in rest.split_ascii_whitespace() {
                        let (text, count) = item.split_once(':')?;
                        let times = times.entry(text.parse().ok()?).or_default();
                        let count = count.parse().ok()?;
                        match letter {
                            "N" => times.names = count,
                            _ => times.literals = count,
                        }
                    }
                }
                "T" => {
                    let (hash, text) = rest.split_once(' ')?;
                    answer.texts.push((hash.parse().ok()?, unhex(text)?));
                }
                _ => return None,
            }
        }
        Some(answer)
    }
}

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

/// Shares the files out among this many Pythons: the largest to whoever has least.
#[must_use]
pub fn shares(files: &[(u32, &Path, u64)], pythons: usize) -> Vec<Vec<(u32, PathBuf)>> {
    let mut by_size: Vec<_> = files.iter().collect();
    by_size.sort_by_key(|(_, _, size)| std::cmp::Reverse(*size));
    let mut shares = vec![(0, Vec::new()); pythons.clamp(1, files.len().max(1))];
    for (number, path, size) in by_size {
        let least = shares.iter_mut().min_by_key(|(total, _)| *total);
        let least = least.expect("there is at least one");
        least.0 += size;
        least.1.push((*number, path.to_path_buf()));
    }
    shares.into_iter().map(|(_, share)| share).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |b: u8| char::from(b).to_digit(16).map(|d| d as u8);
    let pairs = text.as_bytes().chunks_exact(2);
    pairs
        .map(|p| Some(digit(p[0])? << 4 | digit(p[1])?))
        .collect()
}
