//! The golden files, parsed.
#![allow(dead_code, reason = "each test file uses its part")]

use py_hashsecret::HashSecret;

/// The bytes of a line of hexadecimal digits.
pub(crate) fn unhex(digits: &str) -> Vec<u8> {
    assert!(digits.len() % 2 == 0, "{digits}");
    let pairs = digits.as_bytes().chunks_exact(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// CPython's secret of each seed from 0 to 1023.
pub(crate) fn secrets() -> Vec<(u32, HashSecret)> {
    let lines = include_str!("../data/hash-secrets.txt").lines();
    let parse = |line: &str| {
        let fields: Vec<&str> = line.split(' ').collect();
        let [_, seed, hex] = fields[..] else {
            panic!("{line}")
        };
        let bytes = unhex(hex).try_into().unwrap();
        (seed.parse().unwrap(), HashSecret::from_bytes(bytes))
    };
    lines.map(parse).collect()
}

/// What was hashed.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Str(Vec<u32>),
    Bytes(Vec<u8>),
}

/// One `hash()` of a real CPython.
#[derive(Clone, Debug)]
pub(crate) struct Golden {
    pub(crate) version: &'static str,
    pub(crate) secret: HashSecret,
    pub(crate) value: Value,
    pub(crate) hash: i64,
}

/// Every hash in the golden file; under Miri every ninth, of those that are not long.
pub(crate) fn hashes() -> Vec<Golden> {
    let (step, longest) = if cfg!(miri) {
        (9, 200)
    } else {
        (1, usize::MAX)
    };
    let lines = include_str!("../data/hash-values.txt").lines();
    let lines = lines.step_by(step).filter(|line| line.len() <= longest);
    let parse = |line: &'static str| {
        let fields: Vec<&str> = line.split(' ').collect();
        let [_, version, seed, kind, hex, hash] = fields[..] else {
            panic!("{line}")
        };
        let bytes = unhex(hex);
        let value = match kind {
            "bytes" => Value::Bytes(bytes),
            _ => Value::Str(
                bytes
                    .chunks_exact(4)
                    .map(|unit| u32::from_be_bytes(unit.try_into().unwrap()))
                    .collect(),
            ),
        };
        Golden {
            version,
            secret: HashSecret::from_seed(seed.parse().unwrap()),
            value,
            hash: hash.parse().unwrap(),
        }
    };
    lines.map(parse).collect()
}

/// Code points in generalized UTF-8: `str.encode("utf-8", "surrogatepass")`.
pub(crate) fn wtf8(code_points: &[u32]) -> Vec<u8> {
    let mut out = Vec::new();
    for &c in code_points {
        let low = |shift: u32| (0x80 | c >> shift & 0x3f) as u8;
        match c {
            0..=0x7f => out.push(c as u8),
            0x80..=0x7ff => out.extend([(0xc0 | c >> 6) as u8, low(0)]),
            0x800..=0xffff => out.extend([(0xe0 | c >> 12) as u8, low(6), low(0)]),
            _ => out.extend([(0xf0 | c >> 18) as u8, low(12), low(6), low(0)]),
        }
    }
    out
}

/// What CPython gives on this machine for the hash that a 64-bit one gives.
pub(crate) fn native(hash: i64) -> isize {
    match hash as isize {
        -1 => -2,
        hash => hash,
    }
}

/// A small generator for tests (SplitMix64): the same numbers each run.
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number below `n`.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }
}
