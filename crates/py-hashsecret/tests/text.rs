//! `hash()` of text: every form of a text gives the hash of the bytes that CPython would store.
#![cfg(not(loom))]

mod common;

use common::{Rng, wtf8};
use proptest::prelude::*;
use py_hashsecret::HashSecret;

/// The bytes that CPython stores on this machine: the obvious model.
fn stored(code_points: &[u32]) -> Vec<u8> {
    let widest = code_points.iter().max().copied().unwrap_or(0);
    let unit = |c: u32| match widest {
        0..=0xff => vec![c as u8],
        0x100..=0xffff => (c as u16).to_ne_bytes().to_vec(),
        _ => c.to_ne_bytes().to_vec(),
    };
    code_points.iter().flat_map(|c| unit(*c)).collect()
}

/// Every form that can hold the text gives the hash of the stored bytes.
fn check(secret: &HashSecret, code_points: &[u32]) {
    let expected = secret.hash_bytes(&stored(code_points));
    let wtf8 = wtf8(code_points);
    assert_eq!(secret.hash_ucs4(code_points), expected, "{code_points:x?}");
    let iter = code_points.iter().copied();
    assert_eq!(secret.hash_code_points(iter), expected, "{code_points:x?}");
    assert_eq!(secret.hash_wtf8(&wtf8), Ok(expected), "{code_points:x?}");
    if let Ok(text) = std::str::from_utf8(&wtf8) {
        assert_eq!(secret.hash_str(text), expected, "{text:?}");
    }
    let ucs2: Result<Vec<u16>, _> = code_points.iter().map(|c| u16::try_from(*c)).collect();
    if let Ok(ucs2) = ucs2 {
        assert_eq!(secret.hash_ucs2(&ucs2), expected, "{code_points:x?}");
    }
    let latin1: Result<Vec<u8>, _> = code_points.iter().map(|c| u8::try_from(*c)).collect();
    if let Ok(latin1) = latin1 {
        assert_eq!(secret.hash_latin1(&latin1), expected, "{code_points:x?}");
    }
}

/// One character of each class and of each end of it, lone surrogates too.
const EDGES: [u32; 17] = [
    0, 0x41, 0x7f, 0x80, 0xe9, 0xff, 0x100, 0x3b1, 0x7ff, 0x800, 0x20ac, 0xd7ff, 0xd800, 0xdfff,
    0xffff, 0x1_0000, 0x10_ffff,
];

#[test]
fn every_single_character_hashes_as_stored() {
    let secret = HashSecret::from_seed(42);
    let step = if cfg!(miri) { 19_997 } else { 1 };
    for c in (0..=0x10_ffff).step_by(step) {
        check(&secret, &[c]);
    }
}

#[test]
fn every_pair_and_triple_of_edges_hashes_as_stored() {
    let secret = HashSecret::from_seed(1);
    let step = if cfg!(miri) { 4 } else { 1 };
    for a in EDGES {
        for b in EDGES.into_iter().step_by(step) {
            check(&secret, &[a, b]);
            for c in EDGES.into_iter().filter(|_| !cfg!(miri)) {
                check(&secret, &[a, b, c]);
            }
        }
    }
}

/// Runs of one class of each length, with one character of another class at each place: every
/// block of the readers, every way out of it, every fill of the pending word.
#[test]
fn one_stranger_anywhere_in_a_run_hashes_as_stored() {
    let secret = HashSecret::from_seed(5);
    let (first, longest, step) = if cfg!(miri) { (9, 9, 3) } else { (1, 40, 1) };
    for run in [0x61, 0xe9, 0x3b1, 0x20ac, 0xd800, 0x1f600] {
        for stranger in [0x7a, 0xfc, 0x44f, 0xffff, 0xdc00, 0x10_ffff]
            .into_iter()
            .step_by(step)
        {
            for len in first..=longest {
                let mut text = vec![run; len];
                check(&secret, &text);
                for place in 0..len {
                    text[place] = stranger;
                    check(&secret, &text);
                    text[place] = run;
                }
            }
        }
    }
}

/// Random texts of each mixture of classes.
#[test]
fn random_texts_of_every_kind_hash_as_stored() {
    let mut rng = Rng(6);
    let classes = [
        (0, 0x80),
        (0x80, 0x80),
        (0x100, 0x700),
        (0x800, 0xf800),
        (0x1_0000, 0x10_0000),
    ];
    for _ in 0..if cfg!(miri) { 5 } else { 20_000 } {
        let allowed = rng.below(31) + 1;
        let len = rng.below(70) as usize;
        let text: Vec<u32> = std::iter::repeat_with(|| {
            let class = rng.below(5);
            let (first, count) = classes[class as usize];
            (allowed >> class & 1 == 1).then(|| first + rng.below(count) as u32)
        })
        .flatten()
        .take(len)
        .collect();
        check(&HashSecret::from_seed(rng.next() as u32), &text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 3 } else { 4 * ProptestConfig::default().cases },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_string_hashes_as_stored(text in any::<String>(), bytes: [u8; 24]) {
        let code_points: Vec<u32> = text.chars().map(u32::from).collect();
        check(&HashSecret::from_bytes(bytes), &code_points);
    }

    #[test]
    fn any_code_points_hash_as_stored(
        text in prop::collection::vec(0_u32..0x11_0000, 0..50), seed: u32,
    ) {
        check(&HashSecret::from_seed(seed), &text);
    }

    /// Bytes of no encoding: refused with the place, never a panic, and what is refused is what
    /// decoding would refuse.
    #[test]
    fn any_bytes_are_wtf8_or_an_error(bytes in prop::collection::vec(byte(), 0..30)) {
        match HashSecret::ZERO.hash_wtf8(&bytes) {
            Ok(hash) => {
                let text = decode(&bytes).unwrap();
                prop_assert_eq!(hash, HashSecret::ZERO.hash_bytes(&stored(&text)));
            }
            Err(error) => {
                prop_assert_eq!(decode(&bytes), Err(error.valid_up_to()));
            }
        }
    }
}

/// Bytes that often make a character.
fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![
        Just(0x41_u8),
        0x80_u8..0xc0,
        Just(0xc3),
        Just(0xe2),
        Just(0xed),
        Just(0xf0),
        any::<u8>()
    ]
}

/// Generalized UTF-8, character by character, or where it ends.
fn decode(bytes: &[u8]) -> Result<Vec<u32>, usize> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let found = (1..=4.min(rest.len())).find_map(|len| {
            let mut c = u32::from(rest[0]) & [0x7f, 0x7f, 0x1f, 0x0f, 0x07][len];
            for byte in &rest[1..len] {
                c = c << 6 | u32::from(byte & 0x3f);
            }
            // Only what encodes to the same bytes is a character.
            (c < 0x11_0000 && wtf8(&[c]) == rest[..len]).then_some((c, len))
        });
        let Some((c, len)) = found else {
            return Err(at);
        };
        out.push(c);
        at += len;
    }
    Ok(out)
}

#[test]
fn long_texts_of_each_kind_hash_as_stored() {
    let secret = HashSecret::from_seed(11);
    let len = if cfg!(miri) { 19 } else { 100_003 };
    for c in EDGES {
        let mut text = vec![c; len];
        check(&secret, &text);
        text[len / 2] = 0x20;
        check(&secret, &text);
    }
}

/// U+1F600 as one character and as two surrogates are two texts, as in Python.
#[test]
fn a_surrogate_pair_is_not_the_character() {
    let secret = HashSecret::from_seed(42);
    let pair = secret.hash_wtf8(b"\xed\xa0\xbd\xed\xb8\x80").unwrap();
    assert_eq!(pair, secret.hash_ucs2(&[0xd83d, 0xde00]));
    assert_ne!(pair, secret.hash_str("\u{1f600}"));
}

#[test]
fn latin1_and_bytes_agree_and_ascii_agrees_with_its_bytes() {
    let secret = HashSecret::from_seed(1);
    assert_eq!(secret.hash_str("é"), secret.hash_bytes(b"\xe9"));
    assert_eq!(secret.hash_str("\u{ff}"), secret.hash_bytes(b"\xff"));
    assert_eq!(secret.hash_str("abc"), secret.hash_bytes(b"abc"));
    assert_ne!(secret.hash_str("é"), secret.hash_bytes("é".as_bytes()));
}
