//! What earlier runs have found out, kept below `target/`: one line for each mutation.
//!
//! A result is kept under the mutation's name and its file's code. It counts while what it rests on is
//! the same: for one that was caught the file of the test that caught it, for one that survived the parts
//! of its area's tests, each with its file. Where only some are new, only those are run again. Comments
//! and layout change nothing.

use siphasher::sip128::{Hasher128, SipHasher13};
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::hash::Hasher;
use std::io::{self, Write};
use std::path::Path;

/// What became of a mutation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// This test failed, and how.
    Caught {
        test: String,
        how: String,
    },
    Survived,
    /// Nothing failed, but a model went on for too long to tell.
    Undecided,
    /// The compiler refuses it.
    Refused,
}

#[derive(Clone, Debug)]
pub struct Found {
    pub outcome: Outcome,
    /// The hash of the tests that it rests on; of a survivor those of all parts, with blanks between.
    pub tests: String,
}

pub struct Results {
    found: HashMap<String, Found>,
    file: File,
}

impl Results {
    /// Opens the file, or begins it. A line that was cut off is no result.
    pub fn open(path: &Path) -> io::Result<Results> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let text = fs::read_to_string(path).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        let found = whole.lines().filter_map(parse).collect();
        if whole.len() != text.len() {
            fs::write(path, whole)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Results { found, file })
    }

    pub fn get(&self, key: &str) -> Option<&Found> {
        self.found.get(key)
    }

    pub fn put(&mut self, key: &str, found: Found, name: &str) -> io::Result<()> {
        let (word, test, how) = match &found.outcome {
            Outcome::Caught { test, how } => ("caught", test.as_str(), how.as_str()),
            Outcome::Survived => ("survived", "", ""),
            Outcome::Undecided => ("undecided", "", ""),
            Outcome::Refused => ("refused", "", ""),
        };
        let tests = &found.tests;
        // In one piece: who ends this program ends no line in its middle.
        let line = format!("{key}\t{word}\t{tests}\t{test}\t{how}\t{name}\n");
        self.file.write_all(line.as_bytes())?;
        self.found.insert(key.to_owned(), found);
        Ok(())
    }
}

/// Reads a line of the file: the key of a change, and what became of it.
pub fn parse(line: &str) -> Option<(String, Found)> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [key, word, tests, test, how, _name] = fields[..] else {
        return None;
    };
    let outcome = match word {
        "caught" => Outcome::Caught {
            test: test.to_owned(),
            how: how.to_owned(),
        },
        "survived" => Outcome::Survived,
        "undecided" => Outcome::Undecided,
        "refused" => Outcome::Refused,
        _ => return None,
    };
    let found = Found {
        outcome,
        tests: tests.to_owned(),
    };
    Some((key.to_owned(), found))
}

/// A hash that is the same in every build.
pub fn hash(parts: &[&str]) -> String {
    let mut hasher = SipHasher13::new();
    for part in parts {
        hasher.write(part.as_bytes());
        hasher.write_u8(0xff);
    }
    format!("{:032x}", hasher.finish128().as_u128())
}

/// The code of a file, without its comment lines and its layout.
pub fn code(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|l| !l.starts_with("//"));
    lines
        .flat_map(str::split_whitespace)
        .collect::<Vec<_>>()
        .join(" ")
}
