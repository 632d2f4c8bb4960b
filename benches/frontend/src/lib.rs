//! The frontend example: what a Python runtime does before it runs a line.
//!
//! Files are read, lexed and parsed by worker threads; each file's tree lands in an arena of its
//! own, and every identifier and string literal in one table that all threads share, found by
//! Python's own hash of it. The parser is Ruff's; everything after it is built from the four
//! crates.

pub mod answer;
pub mod clock;
pub mod coding;
pub mod engine;
pub mod file;
pub mod input;
pub mod literal;
pub mod locked;
pub mod lower;
pub mod nesting;
pub mod node;
pub mod ours;
pub mod parts;
#[cfg(feature = "peers")]
pub mod peers;
pub mod probe;
pub mod problem;
pub mod python;
pub mod sleeps;
pub mod source;
pub mod symbols;
pub mod table;
pub mod text;
pub mod totals;
pub mod verify;
