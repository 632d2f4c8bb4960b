//! Numbers from text and nested values: each question goes to a real python and to us.
//!
//! `PYTHON_ORACLE` names it; `ORACLE_FULL=1` asks a million questions.
#![cfg(all(not(loom), not(miri), target_pointer_width = "64"))]

mod common;
#[path = "common/oracle.rs"]
mod oracle;

use common::Rng;
use oracle::{ask, compare, count, hex, python};
use py_hashsecret::{
    Bytes, FrozenSet, HashSecret, NumberTextError, PyHash, Tuple, hash_decimal_text,
    hash_fraction_text, hash_int_text,
};

/// What no hash is, for a not-a-number.
const NAN: isize = -1;

fn answer(hash: Result<isize, NumberTextError<'_>>) -> String {
    match hash {
        Ok(NAN) => "nan".to_owned(),
        Ok(hash) => hash.to_string(),
        Err(error) => format!("{}: {error}", error.exception()),
    }
}

fn pick<'a>(rng: &mut Rng, from: &[&'a str]) -> &'a str {
    from[rng.below(from.len() as u64) as usize]
}

/// Digits, mostly of ASCII, sometimes with underscores between.
/// `long` ones too have about as many as `int` takes.
fn number(rng: &mut Rng, long: bool) -> String {
    let len = match rng.below(400) {
        0 if long => 4295 + rng.below(10),
        1..=20 if long => rng.below(200),
        21..=40 => 0,
        _ => rng.below(25),
    };
    let scripts = ['0', '\u{660}', '\u{ff10}', '\u{1d7ce}'];
    let script = match rng.below(20) {
        0 => scripts[rng.below(4) as usize],
        _ => '0',
    };
    let underscores = rng.below(8) == 0;
    let mut out = String::new();
    for i in 0..len {
        if underscores && i > 0 && rng.below(3) == 0 {
            out.push('_');
        }
        let digit = if rng.below(4) == 0 { 0 } else { rng.below(10) };
        out.extend(char::from_u32(script as u32 + digit as u32));
    }
    out
}

/// A modulus, or a power of it, or a multiple: where fractions are special.
fn multiple(rng: &mut Rng) -> String {
    const POWERS: [&str; 3] = [
        "2305843009213693951",
        "5316911983139663487003542222693990401",
        "12259964326927110866866776217202473468949912977468817409",
    ];
    let zeros = "0".repeat(rng.below(3) as usize);
    format!("{}{zeros}", pick(rng, &POWERS))
}

/// What goes wrong, or what few think of.
const ODD: [&str; 30] = [
    "_",
    "__",
    " ",
    "\t",
    "\u{1c}",
    "\u{85}",
    "\u{a0}",
    "\u{2003}",
    "\0",
    "x",
    "'",
    "\"",
    "\\",
    "\n",
    "é",
    "\u{301}",
    "\u{200b}",
    "\u{378}",
    "\u{10ffff}",
    "\u{ff0e}",
    ".",
    "e",
    "/",
    "-",
    "+",
    "nan",
    "inf",
    "0x",
    "🦀",
    "\u{7f}",
];

/// A number in one of the syntaxes, and sometimes something odd in it.
fn text(rng: &mut Rng, long: bool, exponent_digits: u64) -> String {
    let space = [" ", "\t\n", "\u{2003}", "\u{1c}", "\u{a0} "];
    let mut parts = vec![String::new()];
    if rng.below(6) == 0 {
        parts.push(pick(rng, &space).to_owned());
    }
    parts.push(pick(rng, &["", "", "-", "-", "+"]).to_owned());
    match rng.below(16) {
        0 => {
            let words = [
                "nan", "NaN", "sNaN", "snan", "inf", "Infinity", "INFINITY", "n_an",
            ];
            parts.push(pick(rng, &words).to_owned());
            if rng.below(2) == 0 {
                parts.push(number(rng, long));
            }
        }
        1 => parts.extend([multiple(rng), "/".to_owned(), multiple(rng)]),
        2 => parts.extend([number(rng, long), "/".to_owned(), multiple(rng)]),
        3 => parts.extend([
            number(rng, long),
            pick(rng, &["/", " / "]).to_owned(),
            number(rng, long),
        ]),
        4 => parts.extend([number(rng, long), "/0".to_owned()]),
        _ => {
            parts.push(number(rng, long));
            if rng.below(2) == 0 {
                parts.extend([".".to_owned(), number(rng, long)]);
            }
            if rng.below(3) == 0 {
                parts.push(pick(rng, &["e", "E", "e-", "E+"]).to_owned());
                let len = rng.below(exponent_digits + 1);
                parts.push((0..len).map(|_| rng.below(10).to_string()).collect());
            }
        }
    }
    if rng.below(6) == 0 {
        parts.push(pick(rng, &space).to_owned());
    }
    if rng.below(4) == 0 {
        let at = rng.below(parts.len() as u64 + 1) as usize;
        let odd = pick(rng, &ODD);
        // An exponent of many digits would keep Python's `Fraction` busy for ever.
        parts.insert(at, if odd == "e" && !long { "x" } else { odd }.to_owned());
    }
    parts.concat()
}

#[test]
fn integers_from_text_are_cpythons() {
    let mut rng = Rng(11);
    compare(
        (0..count(10_000, 350_000)).map(|_| text(&mut rng, true, 3)),
        |text| format!("int-text {}", hex(text.as_bytes())),
        |text| answer(hash_int_text(text)),
    );
}

#[test]
fn decimals_from_text_are_cpythons() {
    let mut rng = Rng(12);
    compare(
        (0..count(10_000, 350_000)).map(|_| text(&mut rng, true, 21)),
        |text| format!("decimal-text {}", hex(text.as_bytes())),
        |text| answer(hash_decimal_text(text, NAN)),
    );
}

/// The limits of `_decimal`, and one beyond.
#[test]
fn decimals_at_the_ends_of_the_range_are_cpythons() {
    let ends = [
        999_999_999_999_999_999_i128,
        -1_999_999_999_999_999_997,
        i128::from(i64::MAX),
        i128::from(i64::MIN),
    ];
    let mut cases = Vec::new();
    for end in ends {
        for beside in -3..=3 {
            for digits in ["1", "0", "00", "12", "1.5", "0.0", "0.01", "100", ".12"] {
                cases.push(format!("{digits}e{}", end + beside));
            }
        }
    }
    compare(
        cases.into_iter(),
        |text| format!("decimal-text {}", hex(text.as_bytes())),
        |text| answer(hash_decimal_text(text, NAN)),
    );
}

#[test]
fn fractions_from_text_are_cpythons() {
    let mut rng = Rng(13);
    compare(
        // Python makes the power of ten, and where long digits are no fraction its regular
        // expression takes minutes to find out.
        (0..count(10_000, 300_000)).map(|_| text(&mut rng, false, 3)),
        |text| format!("fraction-text {}", hex(text.as_bytes())),
        |text| answer(hash_fraction_text(text)),
    );
}

#[test]
fn fractions_with_as_many_digits_as_int_takes_are_cpythons() {
    let sevens = |n: usize| "7".repeat(n);
    let zeros = |power: &str, n: usize| format!("{power}{}", "0".repeat(n - power.len()));
    let (one, two) = (
        "2305843009213693951",
        "5316911983139663487003542222693990401",
    );
    let mut parts = vec!["1".to_owned(), sevens(4300), sevens(4301), zeros("0", 4300)];
    for power in [one, two] {
        parts.extend([power.to_owned(), zeros(power, 4300), zeros(power, 4301)]);
    }
    let mut cases = Vec::new();
    for a in &parts {
        for b in &parts {
            cases.extend([
                format!("{a}/{b}"),
                format!("-{a} / {b}"),
                format!("{a}.{b}"),
            ]);
        }
    }
    compare(
        cases.into_iter(),
        |text| format!("fraction-text {}", hex(text.as_bytes())),
        |text| answer(hash_fraction_text(text)),
    );
}

/// A python of another Unicode has other digits.
fn knows_unicode(least: &str) -> bool {
    let Some(python) = python() else { return false };
    let theirs = ask(python, "unicode\n".to_owned()).remove(0);
    if theirs != least {
        println!("skipped: this python has Unicode {theirs}, not {least}");
    }
    theirs == least
}

/// Which characters make a number where this template has its `C`.
fn accepted(template: &str, hash: impl Fn(&str) -> Option<isize>, first: u32) -> String {
    let found = (first..first + 4096)
        .filter_map(char::from_u32)
        .filter_map(|c| {
            let hash = hash(&template.replace('C', c.encode_utf8(&mut [0; 4])))?;
            Some(format!("{:x}={hash}", u32::from(c)))
        });
    found.collect::<Vec<_>>().join(" ")
}

#[test]
fn every_digit_and_every_space_of_unicode_is_cpythons() {
    if !knows_unicode("16.0.0") {
        return;
    }
    for (question, template) in [("digits", "C"), ("spaces", "C7"), ("leading", "C7")] {
        compare(
            (0..0x11_0000).step_by(4096),
            |first| format!("{question} {first}"),
            |&first| match question {
                "spaces" => accepted(template, |text| hash_fraction_text(text).ok(), first),
                _ => accepted(template, |text| hash_int_text(text).ok(), first),
            },
        );
    }
}

#[test]
fn every_character_of_unicode_is_shown_as_repr_shows_it() {
    let Some(command) = python() else { return };
    if char::UNICODE_VERSION.0 < 16 || !knows_unicode("16.0.0") {
        println!("skipped: Rust and python know other characters");
        return;
    }
    let firsts = (0..0x11_0000).step_by(4096);
    let questions = firsts.map(|first| format!("shown {first}\n")).collect();
    let mut seen = 0;
    for block in ask(command, questions) {
        for character in block.split('\u{1}').filter(|shown| !shown.is_empty()) {
            let (code, repr) = character.split_once('=').unwrap();
            let code = u32::from_str_radix(code, 16).unwrap();
            let text = char::from_u32(code).unwrap().to_string();
            if let Err(error) = hash_int_text(&text) {
                let expected = format!("invalid literal for int() with base 10: {repr}");
                assert_eq!(error.to_string(), expected);
                seen += 1;
            }
        }
    }
    assert!(seen > 200_000);
}

/// A value of the kinds that nest.
#[derive(Debug)]
enum Value {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    Tuple(Vec<Value>),
    Set(Vec<i64>),
}

impl PyHash for Value {
    fn py_hash(&self, secret: &HashSecret) -> isize {
        match self {
            Value::None => None::<u8>.py_hash(secret),
            Value::Bool(value) => value.py_hash(secret),
            Value::Int(value) => value.py_hash(secret),
            Value::Float(value) => value.py_hash(secret),
            Value::Text(value) => value.py_hash(secret),
            Value::Bytes(value) => Bytes(value).py_hash(secret),
            Value::Tuple(items) => Tuple(items).py_hash(secret),
            Value::Set(members) => FrozenSet(members).py_hash(secret),
        }
    }
}

impl Value {
    fn random(rng: &mut Rng, depth: u64) -> Value {
        match rng.below(8 + 2 * depth) {
            0 => Value::None,
            1 => Value::Bool(rng.below(2) == 0),
            2 | 3 => Value::Int(rng.next() as i64 >> rng.below(64)),
            4 => Value::Float((rng.next() as i64 >> rng.below(64)) as f64 / 1024.0),
            // One character, or one byte, is a shared object, whose hash is known already.
            5 => {
                let len = rng.below(12) as usize;
                let c = ['a', 'é', '日', '🦀'][rng.below(4) as usize];
                let text = c.to_string().repeat(if len == 1 { 2 } else { len });
                Value::Text(text)
            }
            6 => {
                let len = rng.below(12) as usize;
                Value::Bytes(rng.bytes(if len == 1 { 2 } else { len }))
            }
            7 => {
                let mut members: Vec<i64> = (0..rng.below(5)).map(|_| rng.next() as i64).collect();
                members.sort_unstable();
                members.dedup();
                Value::Set(members)
            }
            _ => {
                let items = (0..rng.below(5)).map(|_| Value::random(rng, depth - 1));
                Value::Tuple(items.collect())
            }
        }
    }

    fn json(&self) -> String {
        let list = |items: Vec<String>| format!("[{}]", items.join(","));
        match self {
            Value::None => "null".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Int(value) => value.to_string(),
            Value::Float(value) => format!("{value:?}"),
            Value::Text(value) => format!("\"{value}\""),
            Value::Bytes(value) => format!("{{\"b\":\"{}\"}}", hex(value)),
            Value::Tuple(items) => list(items.iter().map(Value::json).collect()),
            Value::Set(members) => {
                let members = members.iter().map(i64::to_string).collect();
                format!("{{\"f\":{}}}", list(members))
            }
        }
    }
}

#[test]
fn nested_values_are_cpythons_in_one_call() {
    let mut rng = Rng(14);
    let cases = (0..count(4_000, 200_000)).map(|_| {
        let secret = HashSecret::from_keys(rng.next(), rng.next());
        (secret, Value::random(&mut rng, 4))
    });
    compare(
        cases,
        |(secret, value)| {
            let document = value.json();
            format!(
                "value {} {}",
                hex(secret.as_bytes()),
                hex(document.as_bytes())
            )
        },
        |(secret, value)| secret.hash_value(value).to_string(),
    );
}
