//! Hashes of text and bytes that real CPythons gave.
#![cfg(not(loom))]

mod common;

use common::{Golden, Value, native, wtf8};
use core::hash::Hasher;
use py_hashsecret::{HashSecret, SipHasher24, keyed_hash};
use rstest::rstest;

#[test]
fn every_hash_of_cpython_3_13_is_ours() {
    let mut count = 0;
    for golden in common::hashes().iter().filter(|g| g.version == "3.13") {
        check(golden);
        count += 1;
    }
    assert_eq!(count, if cfg!(miri) { 18 } else { 159 });
}

fn check(golden: &Golden) {
    let secret = &golden.secret;
    let expected = native(golden.hash);
    match &golden.value {
        Value::Bytes(bytes) => assert_eq!(secret.hash_bytes(bytes), expected, "{golden:?}"),
        Value::Str(code_points) => {
            let found = secret.hash_code_points(code_points.iter().copied());
            assert_eq!(found, expected, "{golden:?}");
            assert_eq!(secret.hash_ucs4(code_points), expected);
            assert_eq!(secret.hash_wtf8(&wtf8(code_points)), Ok(expected));
            if let Ok(text) = String::from_utf8(wtf8(code_points)) {
                assert_eq!(secret.hash_str(&text), expected);
            }
            if let Ok(units) = narrow::<u16>(code_points) {
                assert_eq!(secret.hash_ucs2(&units), expected);
            }
            if let Ok(units) = narrow::<u8>(code_points) {
                assert_eq!(secret.hash_latin1(&units), expected);
                assert_eq!(secret.hash_bytes(&units), expected);
            }
        }
    }
}

fn narrow<U: TryFrom<u32>>(code_points: &[u32]) -> Result<Vec<U>, U::Error> {
    code_points.iter().map(|c| U::try_from(*c)).collect()
}

#[test]
fn the_golden_file_holds_a_lone_surrogate() {
    let lone = |golden: &Golden| match &golden.value {
        Value::Str(code_points) => code_points.iter().any(|c| (0xd800..0xe000).contains(c)),
        Value::Bytes(_) => false,
    };
    assert!(common::hashes().iter().any(lone));
}

/// Up to 3.10 CPython hashed the same bytes with SipHash-2-4.
#[test]
fn every_hash_of_cpython_3_10_is_siphash_2_4_of_the_same_bytes() {
    let mut count = 0;
    for golden in common::hashes().iter().filter(|g| g.version == "3.10") {
        let bytes = match &golden.value {
            Value::Bytes(bytes) => bytes.clone(),
            Value::Str(code_points) => kind_bytes(code_points),
        };
        let mut hasher = SipHasher24::new(&golden.secret);
        hasher.write(&bytes);
        // Golden files are of little-endian machines.
        if cfg!(target_endian = "little") {
            assert_eq!(hasher.hash(), native(golden.hash), "{golden:?}");
        }
        count += 1;
    }
    assert_eq!(count, if cfg!(miri) { 9 } else { 106 });
}

/// The bytes that CPython stores for a `str` on a little-endian machine.
fn kind_bytes(code_points: &[u32]) -> Vec<u8> {
    let widest = code_points.iter().max().copied().unwrap_or(0);
    let size = match widest {
        0..=0xff => 1,
        0x100..=0xffff => 2,
        _ => 4,
    };
    let units = code_points.iter().map(|c| c.to_le_bytes());
    units.flat_map(|unit| unit[..size].to_vec()).collect()
}

/// What the seed's tests asserted of a zero secret.
#[rstest]
#[case("hello", -2096571579003691106)]
#[case("a", 4644417185603328019)]
#[case("01234567", -2720791140458926906)]
#[case("012345678", -5215866000161560749)]
#[case("the quick brown fox jumps over the lazy dog", -9176553165463234003)]
fn the_zero_secrets_vectors_hold(#[case] text: &str, #[case] hash: i64) {
    assert_eq!(HashSecret::ZERO.hash_str(text), native(hash));
    assert_eq!(HashSecret::ZERO.hash_bytes(text.as_bytes()), native(hash));
}

#[rstest]
#[case(0, b"", 0x2c53_0c15_62a7_fbd1)]
#[case(0, b"a", 0x1318_9bb8_d248_7440)]
#[case(1, b"abc", 0xafbd_63b5_40c5_0649)]
#[case(0x0123_4567_89ab_cdef, b"hello world", 0xef0f_bcaf_71be_87d7)]
fn keyed_hashes_are_those_of_imp_source_hash(
    #[case] key: u64,
    #[case] data: &[u8],
    #[case] source_hash: u64,
) {
    // `_imp.source_hash` gives the number's bytes in little-endian order.
    let source_hash = source_hash.to_be_bytes();
    assert_eq!(keyed_hash(key, data).to_le_bytes(), source_hash);
    assert_ne!(keyed_hash(key ^ 1, data).to_le_bytes(), source_hash);
}

/// Keys 00 to 0f, messages 00, 01, ... of each length from 0 to 8.
#[test]
fn siphash_1_3_gives_its_check_vectors() {
    const VECTORS: [u64; 9] = [
        0xabac_0158_050f_c4dc,
        0xc9f4_9bf3_7d57_ca93,
        0x82cb_9b02_4dc7_d44d,
        0x8bf8_0ab8_e7dd_f7fb,
        0xcf75_5760_88d3_8328,
        0xdef9_d52f_4953_3b67,
        0xc50d_2b50_c59f_22a7,
        0xd392_7d98_9bb1_1140,
        0x3690_9511_8d29_9a8e,
    ];
    let secret = HashSecret::from_bytes(std::array::from_fn(|i| i as u8));
    let message: Vec<u8> = (0..8).collect();
    for (len, vector) in VECTORS.into_iter().enumerate().skip(1) {
        assert_eq!(secret.hash_bytes(&message[..len]), native(vector as i64));
    }
    let (k0, k1) = secret.siphash_keys();
    for (len, vector) in VECTORS.into_iter().enumerate() {
        let mut hasher = py_hashsecret::SipHasher13::with_keys(k0, k1);
        hasher.write(&message[..len]);
        assert_eq!(hasher.finish(), vector);
    }
}
