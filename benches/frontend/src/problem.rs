//! What can be wrong with an input, each told in one line; and what is worth a line though nothing
//! is wrong.

use std::fmt;
use std::path::PathBuf;

/// Why a file, or a folder, was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The system's own words.
    Io(String),
    /// A folder that holds itself, through a symbolic link.
    Circle(PathBuf),
    /// A symbolic link to what is not there.
    Dangling(PathBuf),
    /// A FIFO, a device, a socket: reading it might never end.
    NotRegular(&'static str),
    /// Above [`crate::source::LARGEST`].
    TooLarge(u64),
    /// A null byte, which no Python source has.
    Binary(usize),
    /// Not what its coding line, or the lack of one, says.
    Encoding(String),
    /// What the parser says, with line and column.
    Syntax(u32, u32, String),
    /// Nested deeper than [`crate::nesting::DEEPEST`].
    TooDeep,
    /// A defect of the parser or of ours.
    Panic(String),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Io(what) => write!(f, "cannot read: {what}"),
            Problem::Circle(ancestor) => {
                let ancestor = ancestor.display();
                write!(f, "symbolic link in a circle, back to {ancestor}")
            }
            Problem::Dangling(to) => {
                write!(f, "symbolic link to {}, which is not there", to.display())
            }
            Problem::NotRegular(what) => write!(f, "not a regular file but {what}"),
            Problem::TooLarge(bytes) => write!(
                f,
                "too large: {bytes} bytes, and the limit is {}",
                crate::source::LARGEST
            ),
            Problem::Binary(at) => write!(
                f,
                "binary: source code cannot contain null bytes (the first is byte {at})"
            ),
            Problem::Encoding(what) => f.write_str(what),
            Problem::Syntax(line, column, what) => {
                write!(f, "syntax error in line {line}, column {column}: {what}")
            }
            Problem::TooDeep => {
                write!(f, "nested deeper than {} levels", crate::nesting::DEEPEST)
            }
            Problem::Panic(what) => write!(f, "a defect of this program: {what}"),
        }
    }
}

/// What is worth a line though the file was done.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Note {
    /// No byte in it.
    Empty,
    /// Decoded from another encoding than UTF-8, as its coding line says.
    Encoding(&'static str),
    /// Above [`crate::source::LARGE`].
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
