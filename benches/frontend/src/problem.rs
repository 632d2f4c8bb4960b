//! What can be wrong with an input, and the limits. Each problem is reported in one line.

use std::fmt;
use std::path::PathBuf;

/// No larger file is read: the parser counts offsets in 32 bits, and its tree is many times as
/// large as the source.
pub const LARGEST: u64 = 1 << 30;
/// A file of this size is worth a note.
pub const LARGE: u64 = 32_000_000;
/// Levels that a file may nest. CPython stops at 200 brackets, 100 indents, and some thousands of
/// operators.
pub const DEEPEST: u32 = 5_000;

/// Why a file, or a folder, was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The system's own words.
    Io(String),
    /// A folder that contains itself, through a symbolic link to this ancestor.
    Circle(PathBuf),
    /// A symbolic link to a path that does not exist.
    Dangling(PathBuf),
    /// A FIFO, a device, a socket: reading it might never end.
    NotRegular(&'static str),
    /// Above [`LARGEST`].
    TooLarge(u64),
    /// A null byte, which no Python source has.
    Binary(usize),
    /// Not in the encoding that its coding line, or the lack of one, says.
    Encoding(String),
    /// What the parser says, with line and column.
    Syntax(u32, u32, String),
    /// Nested deeper than [`DEEPEST`].
    TooDeep,
    /// A bug of the parser or of the demo.
    Panic(String),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Io(what) => write!(f, "cannot read: {what}"),
            Problem::Circle(to) => {
                write!(f, "symbolic link in a circle, back to {}", to.display())
            }
            Problem::Dangling(to) => {
                write!(f, "symbolic link to {}, which does not exist", to.display())
            }
            Problem::NotRegular(what) => write!(f, "not a regular file but {what}"),
            Problem::TooLarge(size) => {
                write!(f, "too large: {size} bytes, and the limit is {LARGEST}")
            }
            Problem::Binary(at) => write!(
                f,
                "binary: source code cannot contain null bytes (the first is byte {at})"
            ),
            Problem::Encoding(what) => f.write_str(what),
            Problem::Syntax(line, column, what) => {
                write!(f, "syntax error in line {line}, column {column}: {what}")
            }
            Problem::TooDeep => write!(f, "nested deeper than {DEEPEST} levels"),
            Problem::Panic(what) => write!(f, "a bug in this program: {what}"),
        }
    }
}

/// Something worth a line about a file that was not refused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Note {
    /// It has no bytes.
    Empty,
    /// Decoded from another encoding than UTF-8, as its coding line says.
    Encoding(&'static str),
    /// Its size, at least [`LARGE`].
    Large(u64),
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::Empty => f.write_str("empty"),
            Note::Encoding(name) => write!(f, "decoded from {name}, as its coding line says"),
            Note::Large(bytes) => write!(f, "large: {:.1} MB", *bytes as f64 / 1e6),
        }
    }
}
