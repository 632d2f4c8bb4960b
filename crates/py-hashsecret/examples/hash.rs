//! Prints what Python's `hash()` prints: of each word, of its bytes, and of the tuple of all words.
//! A word that reads as an `int` or a `float` is hashed as that number.
//!
//! ```text
//! PYTHONHASHSEED=42 cargo run -q -p py-hashsecret --example hash -- spam 42 1.5
//! PYTHONHASHSEED=42 python3 -c 'print(hash("spam"), hash(42), hash(1.5), hash(("spam", 42, 1.5)))'
//! ```

use py_hashsecret::{HashSecret, Known, Tuple, hash_f64, hash_int_text, init};
use std::process::ExitCode;

/// A word of the command line, as Python would write it.
#[derive(Debug, PartialEq)]
pub enum Value<'a> {
    /// An `int`, by its text: it may have more digits than any type of Rust holds.
    Int(&'a str),
    /// A `float`.
    Float(f64),
    /// A `str`.
    Text(&'a str),
}

impl Value<'_> {
    /// Reads a word. What is no number is text.
    pub fn read(word: &str) -> Value<'_> {
        if hash_int_text(word).is_ok() {
            return Value::Int(word);
        }
        match word.parse() {
            Ok(number) => Value::Float(number),
            Err(_) => Value::Text(word),
        }
    }

    /// Its hash under this secret. Only text depends on the secret.
    pub fn hash(&self, secret: &HashSecret) -> isize {
        match self {
            Value::Int(digits) => hash_int_text(digits).unwrap_or(0),
            Value::Float(number) => hash_f64(*number, 0),
            Value::Text(text) => secret.hash_str(text),
        }
    }

    /// The type's name in Python.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Int(_) => "int",
            Value::Float(_) => "float",
            Value::Text(_) => "str",
        }
    }
}

/// The hash of each word, and of the tuple of all.
pub fn hashes(words: &[String], secret: &HashSecret) -> (Vec<isize>, isize) {
    let each = words.iter().map(|word| Value::read(word).hash(secret));
    let each: Vec<isize> = each.collect();
    let items: Vec<Known> = each.iter().map(|&hash| Known(hash)).collect();
    (each, secret.hash_value(&Tuple(&items)))
}

/// Prints the hashes of the command line's words.
pub fn main() -> ExitCode {
    // From PYTHONHASHSEED. An invalid value ends the program with CPython's own words.
    let secret = match init() {
        Ok(secret) => secret,
        Err(error) => {
            eprintln!("{}", error.fatal_error());
            return ExitCode::FAILURE;
        }
    };
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.is_empty() {
        eprintln!("usage: hash WORD..");
        return ExitCode::FAILURE;
    }
    let (each, all) = hashes(&words, &secret);
    for (word, hash) in words.iter().zip(each) {
        println!("{hash:>20}  {} {word}", Value::read(word).type_name());
    }
    println!("{all:>20}  the tuple of all");
    ExitCode::SUCCESS
}
