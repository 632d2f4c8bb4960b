//! What a real Python finds in some files: the questions, and its answer read back. The other side
//! of the conversation is `verify.py`.

use crate::python::Python;
use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

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
    pub(super) texts: Vec<(i64, Vec<u8>)>,
    /// Each file by its number: its texts by number, or why there are none.
    pub(super) files: BTreeMap<u32, Result<HashMap<u32, Times>, String>>,
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
