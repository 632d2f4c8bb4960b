//! The secret: its bytes by seed, its members, and what `Debug` keeps to itself.
#![cfg(not(loom))]

mod common;

use common::unhex;
use py_hashsecret::{HashSecret, HashSeed, SECRET_SIZE, lcg_urandom};
use rstest::rstest;
use static_assertions::{assert_eq_size, assert_impl_all, const_assert_eq};

assert_eq_size!(HashSecret, [u8; SECRET_SIZE]);
const_assert_eq!(align_of::<HashSecret>(), 8);
assert_impl_all!(HashSecret: Copy, Eq, Send, Sync, core::fmt::Debug);
const_assert_eq!(SECRET_SIZE, 24);

#[test]
fn the_secrets_of_seeds_0_to_1023_are_cpythons() {
    let secrets = common::secrets();
    assert_eq!(secrets.len(), 1024);
    for (i, (seed, secret)) in secrets.into_iter().enumerate() {
        assert_eq!(seed as usize, i);
        assert!(HashSecret::from_seed(seed) == secret, "seed {seed}");
    }
}

#[rstest]
#[case(0, "000000000000000000000000000000000000000000000000")]
#[case(1, "2923be84e16cd6ae529049f1f1bbe9ebb3a6db3c870c3e99")]
#[case(42, "af90cd68d34f50dcc1e999fe9fbb20b9c4900fdccb6af607")]
#[case(1023, "33cbddc798a95273af53d1c87cc42fd428996e215eda3f2f")]
#[case(1024, "36c7a5c6e3007b042e4f3df4f767df8eea929506f553e696")]
#[case(2147483647, "232b2e854cbe858d52987198fb7789772fb48e73581af0cc")]
#[case(4294967295, "232b2e854cbe858d52987198fb7789772fb48e73581af0cc")]
#[case(2147483648, "2627f6859715ad1dd294ddc476193931f1adb558f0939732")]
#[case(1 << 24, "2627f6859715ad1dd294ddc476193931f1adb558f0939732")]
#[case(1 << 25, "2627f6859715ad1dd294ddc476193931f1adb558f0939732")]
fn the_secret_of_a_seed_is_cpythons(#[case] seed: u32, #[case] hex: &str) {
    let secret = HashSecret::from_seed(seed);
    assert_eq!(secret.as_bytes()[..], unhex(hex));
    assert_eq!(
        HashSecret::from_hash_seed(HashSeed::Fixed(seed)),
        Ok(secret)
    );
}

#[test]
fn the_generator_runs_for_seed_0_but_its_secret_is_zero() {
    let mut out = [0; SECRET_SIZE];
    lcg_urandom(0, &mut out);
    assert_eq!(out[..], HashSecret::from_seed(1 << 24).as_bytes()[..]);
    assert_eq!(HashSecret::from_seed(0), HashSecret::ZERO);
    assert_eq!(HashSecret::ZERO.as_bytes(), &[0; SECRET_SIZE]);
}

/// The formula once more, from the other end: closed form by powers of the multiplier.
#[test]
fn the_generator_is_the_affine_map_applied_once_per_byte() {
    const A: u32 = 214_013;
    const C: u32 = 2_531_011;
    for seed in [0, 1, 7, 0xdead_beef, u32::MAX] {
        let mut out = [0; if cfg!(miri) { 60 } else { 300 }];
        lcg_urandom(seed, &mut out);
        for (i, byte) in out.iter().enumerate() {
            let mut power = 1_u32;
            let mut sum = 0_u32;
            for _ in 0..=i {
                sum = sum.wrapping_mul(A).wrapping_add(C);
                power = power.wrapping_mul(A);
            }
            let state = power.wrapping_mul(seed).wrapping_add(sum);
            assert_eq!(*byte, (state >> 16) as u8, "seed {seed} byte {i}");
        }
    }
}

#[test]
fn the_generator_fills_any_length_with_the_same_stream() {
    let mut long = [0; 100];
    lcg_urandom(42, &mut long);
    for len in 0..100 {
        let mut short = vec![0; len];
        lcg_urandom(42, &mut short);
        assert_eq!(short, long[..len]);
    }
    // test_hash.py's model masks the state with 0x7fffffff: the bytes are the same.
    let mut state = 42_u32;
    for byte in long {
        state = state.wrapping_mul(214_013).wrapping_add(2_531_011) & 0x7fff_ffff;
        assert_eq!(byte, (state >> 16) as u8);
    }
}

#[test]
fn bits_above_23_of_the_seed_change_nothing() {
    let mut rng = common::Rng(24);
    for _ in 0..if cfg!(miri) { 50 } else { 1000 } {
        let seed = rng.next() as u32 | 1;
        let masked = HashSecret::from_seed(seed & 0x00ff_ffff);
        assert_eq!(HashSecret::from_seed(seed), masked);
    }
}

#[test]
fn secrets_can_be_made_at_compile_time() {
    const SECRET: HashSecret = HashSecret::from_seed(42);
    static ABC: isize = SECRET.hash_bytes(b"abc");
    assert_eq!(SECRET, HashSecret::from_bytes(*SECRET.as_bytes()));
    assert_eq!(ABC, common::native(3869580338025362921));
}

/// The union, from its own bytes: a member is where CPython has it (seed c16).
#[test]
fn the_members_lie_where_cpythons_union_has_them() {
    let bytes: [u8; 24] = std::array::from_fn(|i| i as u8 + 1);
    let secret = HashSecret::from_bytes(bytes);
    let word = |at: usize| {
        let bytes = &bytes[at..at + size_of::<usize>()];
        usize::from_ne_bytes(bytes.try_into().unwrap())
    };
    let keys = (0x0807_0605_0403_0201, 0x100f_0e0d_0c0b_0a09);
    assert_eq!(secret.siphash_keys(), keys);
    assert_eq!(secret.fnv_keys(), (word(0), word(size_of::<usize>())));
    assert_eq!(secret.djbx33a_suffix(), word(16));
    assert_eq!(secret.expat_hash_salt(), word(16));
    assert_eq!(secret.expat_hash_salt16()[..], bytes[..16]);
}

#[test]
fn debug_shows_no_byte() {
    let texts = [1, 42].map(|seed| format!("{:?}", HashSecret::from_seed(seed)));
    assert_eq!(texts[0], "HashSecret(..)");
    assert_eq!(texts[0], texts[1]);
}

#[cfg(feature = "getrandom")]
#[test]
fn random_secrets_differ_and_are_not_zero() {
    let mut seen: Vec<[u8; 24]> = (0..100)
        .map(|_| *HashSecret::random().unwrap().as_bytes())
        .collect();
    seen.push([0; 24]);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 101);
}

#[test]
fn a_random_seed_gives_a_random_secret_or_an_error() {
    let made = HashSecret::from_hash_seed(HashSeed::Random);
    assert_eq!(made.is_ok(), cfg!(feature = "getrandom"));
    match made {
        Ok(secret) => assert_ne!(secret, HashSecret::ZERO),
        Err(error) => assert_eq!(error.raw_os_error(), None),
    }
}
