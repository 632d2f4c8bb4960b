//! SipHash against the published implementation, in every length, cut and alignment, and what
//! CPython's own test_hash asks of `hash(bytes)`.
#![cfg(not(loom))]

mod common;

use common::{Rng, native};
use core::hash::{BuildHasher, Hash, Hasher};
use proptest::prelude::*;
use py_hashsecret::{HashSecret, SipHasher13, SipHasher24, keyed_hash};
use siphasher::sip;
use static_assertions::assert_impl_all;
use std::collections::HashMap;

assert_impl_all!(SipHasher13: Clone, Send, Sync, core::fmt::Debug, Hasher);
assert_impl_all!(HashSecret: BuildHasher);

fn sip13(keys: (u64, u64), data: &[u8]) -> u64 {
    sip::SipHasher13::new_with_keys(keys.0, keys.1).hash(data)
}

fn sip24(keys: (u64, u64), data: &[u8]) -> u64 {
    sip::SipHasher24::new_with_keys(keys.0, keys.1).hash(data)
}

fn expected(secret: &HashSecret, data: &[u8]) -> isize {
    if data.is_empty() {
        return 0;
    }
    native(sip13(secret.siphash_keys(), data) as i64)
}

#[test]
fn every_length_to_600_equals_siphasher() {
    let mut rng = Rng(1);
    // Under Miri the shortest, and a few others.
    for len in (0..=600).filter(|len| cfg!(not(miri)) || *len < 20 || len % 97 == 0) {
        let data = rng.bytes(len);
        let secret = HashSecret::from_seed(rng.next() as u32);
        let keys = secret.siphash_keys();
        assert_eq!(secret.hash_bytes(&data), expected(&secret, &data));
        let mut hasher = SipHasher24::new(&secret);
        hasher.write(&data);
        assert_eq!(hasher.finish(), sip24(keys, &data));
        assert_eq!(keyed_hash(keys.0, &data), sip13((keys.0, 0), &data));
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 8 } else { 2 * ProptestConfig::default().cases },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_bytes_under_any_secret_equal_siphasher(
        bytes: [u8; 24],
        data in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let secret = HashSecret::from_bytes(bytes);
        prop_assert_eq!(secret.hash_bytes(&data), expected(&secret, &data));
        prop_assert_eq!(secret.hash_latin1(&data), expected(&secret, &data));
    }

    /// The last eight bytes of the secret (expat's, DJBX33A's) do not key SipHash.
    #[test]
    fn only_the_first_sixteen_bytes_key_the_hash(mut bytes: [u8; 24], other: [u8; 8]) {
        let hash = HashSecret::from_bytes(bytes).hash_bytes(b"abc");
        bytes[16..].copy_from_slice(&other);
        prop_assert_eq!(HashSecret::from_bytes(bytes).hash_bytes(b"abc"), hash);
    }

    #[test]
    fn a_message_in_pieces_hashes_as_a_whole(
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..12),
        seed: u32,
    ) {
        let secret = HashSecret::from_seed(seed);
        let (mut one_three, mut two_four) = (SipHasher13::new(&secret), SipHasher24::new(&secret));
        let mut whole = Vec::new();
        for piece in &pieces {
            one_three.write(piece);
            two_four.write(piece);
            whole.extend_from_slice(piece);
            // Asking in between changes nothing.
            prop_assert_eq!(one_three.hash(), secret.hash_bytes(&whole));
        }
        let keys = secret.siphash_keys();
        prop_assert_eq!(one_three.finish(), sip13(keys, &whole));
        prop_assert_eq!(two_four.finish(), sip24(keys, &whole));
    }

    #[test]
    fn many_messages_hash_as_each_alone(
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..9),
        bytes: [u8; 24],
    ) {
        let secret = HashSecret::from_bytes(bytes);
        let messages: Vec<&[u8]> = messages.iter().map(|m| &m[..]).collect();
        let mut hashes = vec![7; messages.len()];
        secret.hash_many(&messages, &mut hashes);
        let alone: Vec<isize> = messages.iter().map(|m| secret.hash_bytes(m)).collect();
        prop_assert_eq!(hashes, alone);
    }

    /// Integers go in as their bytes in memory, as [`Hasher`] says.
    #[test]
    fn integers_go_in_as_their_bytes(
        before in prop::collection::vec(any::<u8>(), 0..8), a: u8, b: u16, c: u32, d: u64, e: u128,
    ) {
        let mut numbers = SipHasher13::with_keys(1, 2);
        numbers.write(&before);
        (a, b, c, d, e).hash(&mut numbers);
        (d as usize, e as i128, d as i64, c as i32, b as i16, a as i8).hash(&mut numbers);
        let mut bytes = before.clone();
        bytes.push(a);
        bytes.extend(b.to_ne_bytes());
        bytes.extend(c.to_ne_bytes());
        bytes.extend(d.to_ne_bytes());
        bytes.extend(e.to_ne_bytes());
        bytes.extend((d as usize).to_ne_bytes());
        bytes.extend(e.to_ne_bytes());
        bytes.extend(d.to_ne_bytes());
        bytes.extend(c.to_ne_bytes());
        bytes.extend(b.to_ne_bytes());
        bytes.push(a);
        prop_assert_eq!(numbers.finish(), sip13((1, 2), &bytes));
    }
}

#[test]
#[should_panic = "a place for each hash"]
fn hash_many_without_a_place_for_each_panics() {
    HashSecret::ZERO.hash_many(&[b"a", b"b"], &mut [0]);
}

/// test_hash: test_unaligned_buffers.
#[test]
fn alignment_does_not_change_the_hash() {
    let secret = HashSecret::from_seed(3);
    let buffer: Vec<u8> = (0..256).map(|i| i as u8).collect();
    for len in [1, 7, 8, 9, 16, 128] {
        let reference = secret.hash_bytes(&buffer[..len]);
        for offset in 0..16 {
            let mut moved = vec![0_u8; 256 + 16];
            moved[offset..offset + len].copy_from_slice(&buffer[..len]);
            assert_eq!(secret.hash_bytes(&moved[offset..offset + len]), reference);
        }
    }
}

/// test_hash: StringlikeHashRandomizationTests.
#[test]
fn cpythons_fixed_hashes_hold() {
    let hash = |seed, text: &str| HashSecret::from_seed(seed).hash_str(text);
    assert_eq!(hash(0, "abc"), native(-4594863902769663758));
    assert_eq!(hash(42, "abc"), native(3869580338025362921));
    assert_eq!(hash(42, "abcdefghijk"), native(7764564197781545852));
    if cfg!(target_endian = "little") {
        assert_eq!(hash(0, "äú∑ℇ"), native(-2810468059467891395));
        assert_eq!(hash(42, "äú∑ℇ"), native(-2845126246016066802));
    } else {
        assert_eq!(hash(0, "äú∑ℇ"), native(4925090034378237276));
        assert_eq!(hash(42, "äú∑ℇ"), native(-2219421378907968137));
    }
}

/// test_hash: test_empty_string, and test_null_hash's other half.
#[test]
fn empty_is_0_under_every_secret_and_others_are_not() {
    for seed in [0, 1, 42, u32::MAX] {
        let secret = HashSecret::from_seed(seed);
        assert_eq!(secret.hash_bytes(b""), 0);
        assert_eq!(secret.hash_str(""), 0);
        assert_eq!(secret.hash_latin1(b""), 0);
        assert_eq!(secret.hash_ucs2(&[]), 0);
        assert_eq!(secret.hash_ucs4(&[]), 0);
        assert_eq!(secret.hash_code_points([]), 0);
        assert_eq!(secret.hash_wtf8(b""), Ok(0));
        assert_eq!(SipHasher13::new(&secret).hash(), 0);
        assert_ne!(secret.hash_bytes(b"\0"), 0);
    }
    let abc = |seed| HashSecret::from_seed(seed).hash_bytes(b"abc");
    assert_ne!(abc(0), abc(1));
}

#[cfg(feature = "getrandom")]
#[test]
fn two_random_secrets_give_two_hashes() {
    let hash = || HashSecret::random().unwrap().hash_bytes(b"abc");
    assert_ne!(hash(), hash());
}

/// test_hash: HashDistributionTestCase.
#[test]
fn last_characters_spread_over_the_low_bits() {
    const BASE: &str = "abcdefghabcdefg";
    let ascii = (1..BASE.len()).map(|n| &BASE[..n]);
    let prefixes: Vec<&str> = ascii.chain(["", "ä", "äú∑", "a😀"]).collect();
    let seeds = if cfg!(miri) { &[42][..] } else { &[0, 1, 42] };
    for &seed in seeds {
        let secret = HashSecret::from_seed(seed);
        for prefix in prefixes.iter().step_by(if cfg!(miri) { 5 } else { 1 }) {
            let mut low4 = std::collections::HashSet::new();
            let mut low8 = std::collections::HashSet::new();
            for last in 0..256_u32 {
                let text = prefix.chars().map(u32::from).chain([last]);
                let hash = secret.hash_code_points(text.collect::<Vec<_>>());
                low4.insert(hash & 0xf);
                low8.insert(hash & 0xff);
            }
            assert!(low4.len() > 8, "{prefix}");
            assert!(low8.len() > 128, "{prefix}");
        }
    }
}

/// -1 means an error in C. A key and a message whose SipHash is 2^64 - 1 are out of reach, so the
/// rule is checked on 32-bit results (tests/config.rs) and where it is written (src/sip.rs).
#[test]
fn no_hash_is_minus_one() {
    let mut rng = Rng(9);
    for _ in 0..if cfg!(miri) { 100 } else { 100_000 } {
        let secret = HashSecret::from_seed(rng.next() as u32);
        assert_ne!(secret.hash_bytes(&rng.next().to_le_bytes()), -1);
    }
}

#[test]
fn a_secret_builds_tables() {
    let secret = HashSecret::from_seed(7);
    let mut table = HashMap::with_hasher(secret);
    let keys = if cfg!(miri) { 100_u32 } else { 1000 };
    for i in 0..keys {
        table.insert(format!("key {i}"), i);
    }
    for i in 0..keys {
        assert_eq!(table.get(&format!("key {i}")), Some(&i));
    }
    assert_eq!(table.hasher(), &secret);
    let one = secret.hash_one("abc");
    assert_ne!(HashSecret::from_seed(8).hash_one("abc"), one);
    assert_eq!(one, sip13(secret.siphash_keys(), b"abc\xff"));
}

#[test]
fn a_hashers_debug_shows_no_state() {
    let mut hasher = SipHasher13::with_keys(0x4142_4344, 1);
    hasher.write(b"xyz");
    assert_eq!(format!("{hasher:?}"), "SipHasher<1, 3>(..)");
    assert_eq!(
        format!("{:?}", SipHasher24::with_keys(0, 0)),
        "SipHasher<2, 4>(..)"
    );
}

#[test]
fn hashes_work_at_compile_time() {
    const HASH: isize = HashSecret::from_seed(42).hash_bytes(b"abcdefghijk");
    const KEYED: u64 = keyed_hash(0, b"a");
    assert_eq!(HASH, HashSecret::from_seed(42).hash_bytes(b"abcdefghijk"));
    assert_eq!(KEYED, sip13((0, 0), b"a"));
    const EMPTY: isize = SipHasher13::with_keys(1, 2).hash();
    assert_eq!(EMPTY, 0);
}
