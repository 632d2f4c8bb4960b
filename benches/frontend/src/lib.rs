//! The demo's library: what a Python runtime does before it runs a line.
//!
//! Worker threads read, lex and parse Python files. Each file's tree is lowered into an arena of
//! its own. Every identifier and string literal is interned in one table that all threads share,
//! found by Python's own hash of it. The parser is Ruff's; everything after it is built from the
//! four crates.
//!
//! The modules, lowest first; each uses only those before it:
//!
//! | module | what it holds |
//! |---|---|
//! | [`problem`] | what can be wrong with an input, and the limits |
//! | [`text`] | a name or a string literal |
//! | [`stats`] | how often locks were taken, and how often a thread had to wait |
//! | [`backend`] | the arena, the locks and the hash that the rest is built on |
//! | [`probe`] | a hash table that is given its hashes |
//! | [`table`], [`symbols`] | the shared table; the names and literals of one file |
//! | [`node`], [`lower`] | the compact tree; from Ruff's tree to it |
//! | [`coding`], [`source`], [`nesting`] | from bytes to text; how deep a file may nest |
//! | [`worker`] | one file, from its path to its figures |
//! | [`input`], [`engine`], [`totals`] | which files; the threads; the sums |
//! | [`python`], [`oracle`], [`verify`] | a real Python, and what it says about the same files |

#![forbid(unsafe_code)]

pub mod backend;
pub mod coding;
pub mod engine;
pub mod input;
pub mod lower;
pub mod nesting;
pub mod node;
pub mod oracle;
pub mod probe;
pub mod problem;
pub mod python;
pub mod source;
pub mod stats;
pub mod symbols;
pub mod table;
pub mod text;
pub mod totals;
pub mod verify;
pub mod worker;
