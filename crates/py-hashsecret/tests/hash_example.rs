//! The example `hash` prints what a real python prints.
//!
//! `PYTHON_ORACLE` names the python.
#![cfg(all(not(loom), not(miri), feature = "std", target_pointer_width = "64"))]

#[allow(dead_code, unreachable_pub, reason = "an example has a main")]
#[path = "../examples/hash.rs"]
mod hash;

use hash::{Value, hashes};
use py_hashsecret::HashSecret;
use rstest::rstest;
use std::process::Command;

/// Reads each word as the example does, and prints the hashes and that of the tuple.
const PROGRAM: &str = r#"
import sys
def read(word):
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            pass
    return word
values = tuple(map(read, sys.argv[1:]))
print(*map(hash, values), hash(values))
"#;

const WORDS: [&str; 9] = [
    "spam",
    "42",
    "-1",
    "1.5",
    "1e400",
    "größe",
    "日本語 🦀",
    "0x10",
    "340282366920938463463374607431768211457",
];

#[test]
fn the_example_prints_what_python_prints() {
    let Some(python) = std::env::var_os("PYTHON_ORACLE") else {
        println!("skipped: PYTHON_ORACLE is not set");
        return;
    };
    for seed in [0, 42, 4_294_967_295] {
        let python = Command::new(&python)
            .args(["-S", "-c", PROGRAM])
            .args(WORDS)
            .env("PYTHONHASHSEED", seed.to_string())
            .output()
            .expect("PYTHON_ORACLE runs");
        assert!(python.status.success(), "{python:?}");
        let (mut ours, all) = hashes(&WORDS.map(str::to_owned), &HashSecret::from_seed(seed));
        ours.push(all);
        let ours: Vec<String> = ours.iter().map(isize::to_string).collect();
        let theirs = String::from_utf8(python.stdout).unwrap();
        assert_eq!(ours.join(" "), theirs.trim_end(), "seed {seed}");
    }
}

#[rstest]
#[case("42", Value::Int("42"))]
#[case(" 1_000 ", Value::Int(" 1_000 "))]
#[case("1.5", Value::Float(1.5))]
#[case("0x10", Value::Text("0x10"))]
#[case("", Value::Text(""))]
fn a_word_is_read_as_python_reads_it(#[case] word: &str, #[case] value: Value<'_>) {
    assert_eq!(Value::read(word), value);
}
