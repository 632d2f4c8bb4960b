//! The questions to a real Python, and its answers read back. The other side is `oracle.py`.

use crate::python::Python;
use crate::text::Times;
use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

const SCRIPT: &str = include_str!("oracle.py");

/// How the Python gets our secret.
#[derive(Clone, Copy, Debug)]
pub enum SecretFor {
    /// Through `PYTHONHASHSEED`.
    Seed(u32),
    /// Into its `_Py_HashSecret`, since no seed gives a random secret again.
    Bytes([u8; 24]),
}

/// What a Python found.
#[derive(Debug, Default)]
pub struct Answer {
    /// Each text with its hash.
    pub texts: Vec<(i64, Vec<u8>)>,
    /// Each file by its number: its texts by number, or why there are none.
    pub files: BTreeMap<u32, Result<HashMap<u32, Times>, String>>,
}

/// Asks a Python about these files, each with its number.
pub fn ask<'f>(
    python: &Python,
    secret: SecretFor,
    files: impl Iterator<Item = (u32, &'f Path)>,
) -> Result<Answer, String> {
    let shown = python.program.display();
    let (seed, bytes) = match secret {
        SecretFor::Seed(seed) => (seed.to_string(), "-".to_owned()),
        SecretFor::Bytes(bytes) => ("random".to_owned(), hex(&bytes)),
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
    // The script answers while it is asked: one thread must write and another read.
    let mut stdin = child.stdin.take().expect("it was asked for");
    let asking = std::thread::spawn(move || stdin.write_all(questions.as_bytes()));
    let output = child.wait_with_output();
    let output = output.map_err(|e| format!("cannot read from {shown}: {e}"))?;
    let asked = asking.join().expect("it only writes");
    if !output.status.success() || asked.is_err() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        let why = stderr.lines().last().unwrap_or("it does not say why");
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
