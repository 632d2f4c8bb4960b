//! Hashes of other builds: test_hash's table of every algorithm, width and byte order, SipHash-2-4
//! and the golden file of 3.10, FNV and DJBX33A against obvious models.
#![cfg(not(loom))]

mod common;

use common::{Rng, Value, wtf8};
use proptest::prelude::*;
use py_hashsecret::HashAlgorithm::{Djbx33a, Fnv, SipHash13, SipHash24};
use py_hashsecret::{ByteOrder, HashAlgorithm, HashConfig, HashSecret, HashWidth};
use rstest::rstest;

const LITTLE_32: (HashWidth, ByteOrder) = (HashWidth::Bits32, ByteOrder::Little);
const LITTLE_64: (HashWidth, ByteOrder) = (HashWidth::Bits64, ByteOrder::Little);
const BIG_32: (HashWidth, ByteOrder) = (HashWidth::Bits32, ByteOrder::Big);
const BIG_64: (HashWidth, ByteOrder) = (HashWidth::Bits64, ByteOrder::Big);

fn config(algorithm: HashAlgorithm, machine: (HashWidth, ByteOrder)) -> HashConfig {
    HashConfig::new(algorithm)
        .with_width(machine.0)
        .with_byte_order(machine.1)
}

/// The table of test_hash.
#[rstest]
#[case(SipHash13, LITTLE_32, 0, "abc", 69611762)]
#[case(SipHash13, LITTLE_64, 0, "abc", -4594863902769663758)]
#[case(SipHash13, BIG_64, 0, "abc", -4594863902769663758)]
#[case(SipHash13, BIG_32, 0, "abc", 69611762)]
#[case(SipHash13, LITTLE_32, 42, "abc", -975800855)]
#[case(SipHash13, LITTLE_64, 42, "abc", 3869580338025362921)]
#[case(SipHash13, BIG_64, 42, "abc", 3869580338025362921)]
#[case(SipHash13, LITTLE_32, 42, "abcdefghijk", -595844228)]
#[case(SipHash13, LITTLE_64, 42, "abcdefghijk", 7764564197781545852)]
#[case(SipHash13, LITTLE_32, 0, "äú∑ℇ", -1093288643)]
#[case(SipHash13, LITTLE_64, 0, "äú∑ℇ", -2810468059467891395)]
#[case(SipHash13, BIG_64, 0, "äú∑ℇ", 4925090034378237276)]
#[case(SipHash13, LITTLE_32, 42, "äú∑ℇ", -585999602)]
#[case(SipHash13, LITTLE_64, 42, "äú∑ℇ", -2845126246016066802)]
#[case(SipHash13, BIG_64, 42, "äú∑ℇ", -2219421378907968137)]
#[case(SipHash24, LITTLE_32, 0, "abc", 1198583518)]
#[case(SipHash24, LITTLE_64, 0, "abc", 4596069200710135518)]
#[case(SipHash24, LITTLE_32, 42, "abc", 273876886)]
#[case(SipHash24, LITTLE_64, 42, "abc", -4501618152524544106)]
#[case(Fnv, LITTLE_32, 0, "abc", -1600925533)]
#[case(Fnv, LITTLE_64, 0, "abc", 1453079729188098211)]
#[case(Fnv, LITTLE_32, 42, "abc", -206076799)]
#[case(Fnv, LITTLE_64, 42, "abc", -4410911502303878509)]
#[case(Djbx33a, LITTLE_32, 0, "abc", 193485960)]
#[case(Djbx33a, LITTLE_64, 0, "abc", 193485960)]
#[case(Djbx33a, LITTLE_32, 42, "abc", -678966196)]
#[case(Djbx33a, LITTLE_64, 42, "abc", 573763426263223372)]
fn test_hashs_table_holds(
    #[case] algorithm: HashAlgorithm,
    #[case] machine: (HashWidth, ByteOrder),
    #[case] seed: u32,
    #[case] text: &str,
    #[case] hash: i64,
) {
    let config = config(algorithm, machine);
    let secret = HashSecret::from_seed(seed);
    assert_eq!(config.hash_str(&secret, text), hash);
    let code_points = text.chars().map(u32::from);
    assert_eq!(config.hash_code_points(&secret, code_points), hash);
    assert_eq!(config.hash_wtf8(&secret, text.as_bytes()), Ok(hash));
    if text.is_ascii() {
        assert_eq!(config.hash_bytes(&secret, text.as_bytes()), hash);
    }
}

#[test]
fn the_golden_hashes_hold_whatever_machine_computes_them() {
    for golden in common::hashes() {
        let algorithm = if golden.version == "3.10" {
            SipHash24
        } else {
            SipHash13
        };
        let config = config(algorithm, LITTLE_64);
        let secret = &golden.secret;
        match &golden.value {
            Value::Bytes(bytes) => assert_eq!(config.hash_bytes(secret, bytes), golden.hash),
            Value::Str(text) => {
                let hash = config.hash_code_points(secret, text.iter().copied());
                assert_eq!(hash, golden.hash, "{golden:?}");
                assert_eq!(config.hash_wtf8(secret, &wtf8(text)), Ok(golden.hash));
            }
        }
    }
}

/// 32 bits are the low half of 64, and the rule for -1 is applied to what is left.
#[test]
fn a_32_bit_siphash_is_the_low_half() {
    let mut rng = Rng(32);
    for _ in 0..if cfg!(miri) { 50 } else { 1000 } {
        let secret = HashSecret::from_seed(rng.next() as u32);
        let data = rng.next().to_le_bytes();
        let wide = config(SipHash13, LITTLE_64).hash_bytes(&secret, &data);
        let narrow = config(SipHash13, LITTLE_32).hash_bytes(&secret, &data);
        assert_eq!(narrow, i64::from(wide as i32));
    }
}

/// DJBX33A of one byte can be aimed at -1: choose the suffix so that the value is 2^64 - 1.
#[rstest]
#[case(LITTLE_64)]
#[case(BIG_64)]
#[case(LITTLE_32)]
#[case(BIG_32)]
fn minus_one_becomes_minus_two(#[case] machine: (HashWidth, ByteOrder)) {
    let value: u64 = (5381 * 33 + 0x61) ^ 1;
    let mut bytes = [0; 24];
    let suffix = match machine {
        (HashWidth::Bits64, ByteOrder::Little) => (!value).to_le_bytes().to_vec(),
        (HashWidth::Bits64, ByteOrder::Big) => (!value).to_be_bytes().to_vec(),
        (HashWidth::Bits32, ByteOrder::Little) => (!value as u32).to_le_bytes().to_vec(),
        (HashWidth::Bits32, ByteOrder::Big) => (!value as u32).to_be_bytes().to_vec(),
    };
    bytes[16..16 + suffix.len()].copy_from_slice(&suffix);
    let secret = HashSecret::from_bytes(bytes);
    assert_eq!(config(Djbx33a, machine).hash_bytes(&secret, b"a"), -2);
    assert_eq!(config(Djbx33a, machine).hash_str(&secret, "a"), -2);
}

#[rstest]
#[case(SipHash13)]
#[case(SipHash24)]
#[case(Fnv)]
#[case(Djbx33a)]
fn empty_is_0_in_every_build(#[case] algorithm: HashAlgorithm) {
    for machine in [LITTLE_32, LITTLE_64, BIG_32, BIG_64] {
        for cutoff in [0, 7] {
            let config = config(algorithm, machine).with_cutoff(cutoff);
            let secret = HashSecret::from_seed(42);
            assert_eq!(config.hash_bytes(&secret, b""), 0);
            assert_eq!(config.hash_str(&secret, ""), 0);
            assert_eq!(config.hash_code_points(&secret, []), 0);
        }
    }
}

/// The obvious FNV: whole words of the message, then the rest byte by byte.
fn fnv(secret: &HashSecret, message: &[u8], machine: (HashWidth, ByteOrder)) -> i64 {
    let size = machine.0.bits() as usize / 8;
    let word = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        if machine.1 == ByteOrder::Little {
            bytes.reverse();
        }
        bytes
            .iter()
            .fold(0_u64, |word, byte| word << 8 | u64::from(*byte))
    };
    let (prefix, suffix) = (
        &secret.as_bytes()[..size],
        &secret.as_bytes()[size..2 * size],
    );
    let mut hash = word(prefix) ^ u64::from(message[0]) << 7;
    let rest = match message.len() % size {
        0 => size,
        rest => rest,
    };
    let (blocks, rest) = message.split_at(message.len() - rest);
    let blocks = blocks.chunks_exact(size).map(word);
    for value in blocks.chain(rest.iter().map(|byte| u64::from(*byte))) {
        hash = hash.wrapping_mul(1_000_003) ^ value;
    }
    hash ^= message.len() as u64 ^ word(suffix);
    signed(hash, machine.0)
}

fn djbx33a(secret: &HashSecret, message: &[u8], machine: (HashWidth, ByteOrder)) -> i64 {
    let size = machine.0.bits() as usize / 8;
    let mut suffix = secret.as_bytes()[16..16 + size].to_vec();
    if machine.1 == ByteOrder::Little {
        suffix.reverse();
    }
    let suffix = suffix
        .iter()
        .fold(0, |word, byte| word << 8 | u64::from(*byte));
    let add = |hash: u64, byte: &u8| hash.wrapping_mul(33).wrapping_add(u64::from(*byte));
    let hash = message.iter().fold(5381, add);
    signed(hash ^ message.len() as u64 ^ suffix, machine.0)
}

fn signed(hash: u64, width: HashWidth) -> i64 {
    let hash = match width {
        HashWidth::Bits32 => i64::from(hash as i32),
        HashWidth::Bits64 => hash as i64,
    };
    if hash == -1 { -2 } else { hash }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 3 } else { 2 * ProptestConfig::default().cases },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn fnv_and_djbx33a_equal_the_obvious_models(
        bytes: [u8; 24], message in prop::collection::vec(any::<u8>(), 1..40),
    ) {
        let secret = HashSecret::from_bytes(bytes);
        for machine in [LITTLE_32, LITTLE_64, BIG_32, BIG_64] {
            let found = config(Fnv, machine).hash_bytes(&secret, &message);
            prop_assert_eq!(found, fnv(&secret, &message, machine));
            let found = config(Djbx33a, machine).hash_bytes(&secret, &message);
            prop_assert_eq!(found, djbx33a(&secret, &message, machine));
        }
    }

    /// Text hashes as the bytes that such a machine stores, below the cutoff and above it.
    #[test]
    fn text_hashes_as_stored_in_every_build(
        text in prop_oneof![
            prop::collection::vec(0_u32..0x80, 0..20),
            prop::collection::vec(0_u32..0x100, 0..20),
            prop::collection::vec(0_u32..0x1_0000, 0..20),
            prop::collection::vec(0_u32..0x11_0000, 0..20),
        ],
        bytes: [u8; 24],
        cutoff in 0_u8..=7,
    ) {
        let secret = HashSecret::from_bytes(bytes);
        for algorithm in [SipHash13, SipHash24, Fnv, Djbx33a] {
            for machine in [LITTLE_32, LITTLE_64, BIG_32, BIG_64] {
                let config = config(algorithm, machine).with_cutoff(cutoff);
                let stored = stored(&text, machine.1);
                let expected = config.hash_bytes(&secret, &stored);
                let found = config.hash_code_points(&secret, text.iter().copied());
                prop_assert_eq!(found, expected);
                prop_assert_eq!(config.hash_wtf8(&secret, &wtf8(&text)), Ok(expected));
                let below = stored.len() < usize::from(cutoff);
                if below && !stored.is_empty() {
                    prop_assert_eq!(expected, djbx33a(&secret, &stored, machine));
                }
            }
        }
    }

    /// This machine's SipHash-1-3 is what [`HashSecret`] gives.
    #[test]
    fn cpythons_config_is_the_secrets_own_hash(text in any::<String>(), bytes: [u8; 24]) {
        let secret = HashSecret::from_bytes(bytes);
        let native = HashConfig::CPYTHON;
        prop_assert_eq!(native.hash_str(&secret, &text), secret.hash_str(&text) as i64);
        let utf8 = text.as_bytes();
        prop_assert_eq!(native.hash_bytes(&secret, utf8), secret.hash_bytes(utf8) as i64);
    }
}

fn stored(text: &[u32], order: ByteOrder) -> Vec<u8> {
    let size = match text.iter().max().copied().unwrap_or(0) {
        0..=0xff => 1,
        0x100..=0xffff => 2,
        _ => 4,
    };
    let unit = |c: &u32| match order {
        ByteOrder::Little => c.to_le_bytes()[..size].to_vec(),
        ByteOrder::Big => c.to_be_bytes()[4 - size..].to_vec(),
    };
    text.iter().flat_map(unit).collect()
}

#[test]
fn invalid_wtf8_is_refused_in_every_build() {
    let error = HashConfig::CPYTHON.hash_wtf8(&HashSecret::ZERO, b"ab\xff");
    assert_eq!(error.unwrap_err().valid_up_to(), 2);
}

#[test]
#[should_panic = "Py_HASH_CUTOFF must in range 0...7."]
fn a_cutoff_above_7_panics_with_cpythons_words() {
    let _ = HashConfig::CPYTHON.with_cutoff(8);
}

#[rstest]
#[case(SipHash13, LITTLE_64, ("siphash13", 64, 64, 128))]
#[case(SipHash24, LITTLE_64, ("siphash24", 64, 64, 128))]
#[case(Fnv, LITTLE_64, ("fnv", 64, 64, 128))]
#[case(SipHash13, LITTLE_32, ("siphash13", 32, 64, 128))]
#[case(Fnv, LITTLE_32, ("fnv", 32, 32, 64))]
#[case(Djbx33a, LITTLE_32, ("djbx33a", 32, 32, 32))]
fn hash_info_is_that_of_the_build(
    #[case] algorithm: HashAlgorithm,
    #[case] machine: (HashWidth, ByteOrder),
    #[case] expected: (&str, u32, u32, u32),
) {
    let info = config(algorithm, machine).with_cutoff(3).info();
    let found = (info.algorithm, info.width, info.hash_bits, info.seed_bits);
    assert_eq!(found, expected);
    assert_eq!(info.cutoff, 3);
    assert_eq!((info.inf, info.nan, info.imag), (314159, 0, 1000003));
    assert_eq!(
        info.modulus,
        if expected.1 == 64 {
            (1 << 61) - 1
        } else {
            (1 << 31) - 1
        }
    );
}
