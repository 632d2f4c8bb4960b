//! Programs of tanks: plain text, one instruction a line.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A register, or a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    Register(usize),
    Number(i64),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Op {
    Set(usize, Value),
    Add(usize, Value),
    Mod(usize, Value),
    Rand(usize, Value),
    JumpLess(usize, Value, usize),
    Jump(usize),
    Scan(usize),
    Read(usize),
    Sleep(Value),
    Turn(Value),
    Move,
    Fire,
}

#[derive(Clone, Debug)]
pub struct Program {
    pub name: String,
    pub ops: Vec<Op>,
    /// The file that it lies in: what `read` reads.
    pub path: PathBuf,
}

/// What is wrong, and where: lines and columns count from 1.
#[derive(Debug, PartialEq)]
pub struct Fault {
    pub file: String,
    pub line: usize,
    pub column: usize,
    pub expected: String,
    pub found: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault {
            file,
            line,
            column,
            expected,
            found,
        } = self;
        write!(
            f,
            "{file}:{line}:{column}: expected {expected}, found {found}"
        )
    }
}

/// A word and its column.
#[derive(Clone, Copy)]
struct Word<'a>(usize, &'a str);

struct Line<'a> {
    file: &'a str,
    number: usize,
    words: std::vec::IntoIter<Word<'a>>,
    end: usize,
}

impl<'a> Line<'a> {
    fn fault(&self, at: Option<Word<'_>>, expected: impl Into<String>) -> Fault {
        let (column, found) = match at {
            Some(Word(column, word)) => (column, format!("`{word}`")),
            None => (self.end, "the end of the line".to_owned()),
        };
        Fault {
            file: self.file.to_owned(),
            line: self.number,
            column,
            expected: expected.into(),
            found,
        }
    }

    fn register(&mut self) -> Result<usize, Fault> {
        let word = self.words.next();
        let parsed = word.and_then(|w| register(w.1));
        parsed.ok_or_else(|| self.fault(word, "a register, r0 to r7"))
    }

    fn value(&mut self) -> Result<Value, Fault> {
        let word = self.words.next();
        let parsed = word.and_then(|w| match register(w.1) {
            Some(r) => Some(Value::Register(r)),
            None => i64::from_str(w.1).ok().map(Value::Number),
        });
        parsed.ok_or_else(|| self.fault(word, "a register, r0 to r7, or a whole number"))
    }

    fn label(&mut self, labels: &HashMap<&str, usize>) -> Result<usize, Fault> {
        let word = self.words.next();
        let known = word.and_then(|w| labels.get(w.1).copied());
        known.ok_or_else(|| self.fault(word, "a label of this program"))
    }

    fn op(&mut self, word: Word<'a>, labels: &HashMap<&str, usize>) -> Result<Op, Fault> {
        let op = match word.1 {
            "set" => Op::Set(self.register()?, self.value()?),
            "add" => Op::Add(self.register()?, self.value()?),
            "mod" => Op::Mod(self.register()?, self.value()?),
            "rand" => Op::Rand(self.register()?, self.value()?),
            "jlt" => Op::JumpLess(self.register()?, self.value()?, self.label(labels)?),
            "jump" => Op::Jump(self.label(labels)?),
            "scan" => Op::Scan(self.register()?),
            "read" => Op::Read(self.register()?),
            "sleep" => Op::Sleep(self.value()?),
            "turn" => Op::Turn(self.value()?),
            "move" => Op::Move,
            "fire" => Op::Fire,
            _ => {
                let all = "an instruction (set, add, mod, rand, jlt, jump, scan, read, sleep, \
                           turn, move or fire)";
                return Err(self.fault(Some(word), all));
            }
        };
        match self.words.next() {
            None => Ok(op),
            more => Err(self.fault(more, "the end of the line")),
        }
    }
}

fn register(word: &str) -> Option<usize> {
    let n = word.strip_prefix('r')?.parse().ok()?;
    (n < 8 && word.len() == 2).then_some(n)
}

/// The words of a line, without its comment.
fn words(text: &str) -> (Vec<Word<'_>>, usize) {
    let code = text.split(';').next().unwrap_or_default();
    let mut words = Vec::new();
    let mut column = 1;
    for piece in code.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        if !word.is_empty() {
            words.push(Word(column, word));
        }
        column += piece.chars().count();
    }
    (words, code.trim_end().chars().count() + 1)
}

/// Reads a program.
pub fn parse(path: &Path, text: &str) -> Result<Program, Fault> {
    let file = &*path.display().to_string();
    let mut labels = HashMap::new();
    let mut lines = Vec::new();
    for (i, text) in text.lines().enumerate() {
        let (mut all, end) = words(text);
        if let Some(&Word(column, word)) = all.first()
            && let Some(label) = word.strip_suffix(':')
        {
            if label.is_empty() || labels.insert(label, lines.len()).is_some() {
                return Err(Fault {
                    file: file.to_owned(),
                    line: i + 1,
                    column,
                    expected: "a label that is not taken".to_owned(),
                    found: format!("`{word}`"),
                });
            }
            all.remove(0);
        }
        if !all.is_empty() {
            lines.push(Line {
                file,
                number: i + 1,
                words: all.into_iter(),
                end,
            });
        }
    }
    if lines.is_empty() {
        return Err(Fault {
            file: file.to_owned(),
            line: 1,
            column: 1,
            expected: "an instruction".to_owned(),
            found: "the end of the file".to_owned(),
        });
    }
    let mut ops = Vec::new();
    for mut line in lines {
        if let Some(word) = line.words.next() {
            ops.push(line.op(word, &labels)?);
        }
    }
    let name = path.file_stem();
    let name = name.map_or(file.into(), |n| n.to_string_lossy().into_owned());
    let path = path.to_owned();
    Ok(Program { name, ops, path })
}
