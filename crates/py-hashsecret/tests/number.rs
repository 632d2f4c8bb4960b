//! `hash()` of numbers, pointers and tuples.
#![cfg(not(loom))]

use proptest::prelude::*;
use py_hashsecret::HashWidth::{Bits32, Bits64};
use py_hashsecret::{HashWidth, hash_pointer};
use rstest::rstest;

/// The obvious residue of a fraction of small integers.
fn residue(width: HashWidth, numerator: u128, denominator: u128) -> i128 {
    let modulus = u128::from(width.modulus());
    let inverse = |n: u128| {
        let (mut power, mut square, mut left) = (1, n % modulus, modulus - 2);
        while left > 0 {
            if left % 2 == 1 {
                power = power * square % modulus;
            }
            square = square * square % modulus;
            left /= 2;
        }
        power
    };
    ((numerator % modulus) * inverse(denominator) % modulus) as i128
}

fn hash(residue: i128, negative: bool) -> i64 {
    match if negative { -residue } else { residue } {
        -1 => -2,
        hash => hash as i64,
    }
}

/// What the seed's tests asserted of `Double`.
#[rstest]
#[case(1.5, 1152921504606846977)]
#[case(-1.5, -1152921504606846977)]
#[case(1e100, 1822893315824342674)]
#[case(std::f64::consts::PI, 326490430436040707)]
#[case(f64::INFINITY, 314159)]
#[case(f64::NEG_INFINITY, -314159)]
#[case(0.0, 0)]
#[case(-0.0, 0)]
#[case(-1.0, -2)]
#[case(2.0, 2)]
fn the_hash_of_a_float(#[case] x: f64, #[case] expected: i64) {
    assert_eq!(Bits64.hash_f64(x, 99), expected);
}

#[test]
fn a_not_a_number_hashes_by_identity() {
    for nan in [f64::NAN, -f64::NAN, f64::from_bits(0x7ff0_0000_0000_0001)] {
        assert_eq!(Bits64.hash_f64(nan, 1234), 1234);
        assert_eq!(Bits32.hash_f64(nan, 1234), 1234);
    }
    let both = Bits64.hash_complex(f64::NAN, f64::NAN, 10);
    assert_eq!(both, 10 + 1000003 * 10);
    assert_eq!(Bits64.hash_complex(1.0, f64::NAN, 10), 1 + 1000003 * 10);
}

/// test_hash: test_numeric_literals, test_coerced_integers, test_coerced_floats.
#[rstest]
fn equal_numbers_hash_equal(
    #[values(Bits32, Bits64)] width: HashWidth,
    #[values(0, 1, -1, 2, -2, 127, 1 << 15, 1 << 31, -(1 << 31), (1 << 53) - 1, 1 << 62)] n: i64,
) {
    let expected = width.hash_i64(n);
    let limbs = [n.unsigned_abs()];
    assert_eq!(width.hash_i128(n.into()), expected);
    assert_eq!(width.hash_limbs(n < 0, &limbs), expected);
    assert_eq!(width.hash_limbs(n < 0, &[limbs[0], 0, 0]), expected);
    assert_eq!(width.hash_f64(n as f64, 0), expected);
    assert_eq!(width.hash_complex(n as f64, 0.0, 0), expected);
    assert_eq!(width.hash_fraction(n < 0, &limbs, &[1]), expected);
    assert_eq!(width.hash_decimal(n < 0, &limbs, 0), expected);
    if let Ok(n) = u64::try_from(n) {
        assert_eq!(width.hash_u64(n), expected);
        assert_eq!(width.hash_u128(n.into()), expected);
    }
}

#[rstest]
fn multiples_of_the_modulus_hash_to_0(#[values(Bits32, Bits64)] width: HashWidth) {
    let modulus = u128::from(width.modulus());
    for factor in [1, 2, 3, modulus, modulus + 1] {
        assert_eq!(width.hash_u128(modulus * factor), 0);
        assert_eq!(width.hash_u128(modulus * factor + 1), 1);
        assert_eq!(width.hash_i128(-((modulus * factor + 1) as i128)), -2);
    }
    // A denominator that the modulus divides has no inverse.
    let modulus = [width.modulus()];
    assert_eq!(width.hash_fraction(false, &[1], &modulus), 314159);
    assert_eq!(width.hash_fraction(true, &[1], &modulus), -314159);
}

#[test]
fn subnormal_and_extreme_floats_hash_by_their_value() {
    for width in [Bits32, Bits64] {
        let bits: u32 = if width == Bits64 { 61 } else { 31 };
        let power = |exponent: i64| 1_i64 << exponent.rem_euclid(bits.into());
        assert_eq!(width.hash_f64(f64::from_bits(1), 0), power(-1074));
        assert_eq!(width.hash_f64(f64::MIN_POSITIVE, 0), power(-1022));
        // By its bits: the last ones of what `powi` returns are not certain.
        assert_eq!(width.hash_f64(f64::from_bits(2046 << 52), 0), power(1023));
    }
}

/// Seed c17: its specification has other rules than its code and CPython: -1 is -2 (not -3), and
/// pointers are rotated (not xored with a key).
#[test]
fn pointers_are_rotated_by_four_and_never_minus_one() {
    assert_eq!(
        Bits64.hash_pointer(0x1234_5678_9abc_def0),
        0x0123_4567_89ab_cdef
    );
    assert_eq!(Bits64.hash_pointer(0xf), 0xf000_0000_0000_0000_u64 as i64);
    assert_eq!(Bits64.hash_pointer(u64::MAX), -2);
    assert_eq!(
        Bits32.hash_pointer(0x1234_5678),
        0x8123_4567_u32 as i32 as i64
    );
    assert_eq!(Bits32.hash_pointer(0xffff_ffff), -2);
    assert_eq!(hash_pointer(usize::MAX), -2);
    assert_ne!(hash_pointer(0x10), hash_pointer(0x20));
}

/// Known from `Objects/tupleobject.c`: the value that stands for -1 is another there.
#[test]
fn tuples_hash_by_their_items_in_order() {
    assert_eq!(Bits64.hash_tuple([]), 5740354900026072187);
    assert_eq!(Bits64.hash_tuple([1, 2, 3]), 529344067295497451);
    assert_ne!(Bits64.hash_tuple([1, 2]), Bits64.hash_tuple([2, 1]));
    assert_ne!(Bits32.hash_tuple([1, 2]), Bits32.hash_tuple([2, 1]));
    assert!(i32::try_from(Bits32.hash_tuple([1, 2])).is_ok());
}

#[test]
fn numbers_hash_at_compile_time() {
    const HASHES: [i64; 4] = [
        Bits64.hash_i64(-1),
        Bits64.hash_f64(0.5, 0),
        Bits64.hash_fraction(false, &[1], &[2]),
        Bits64.hash_decimal(false, &[5], -1),
    ];
    assert_eq!(HASHES, [-2, 1 << 60, 1 << 60, 1 << 60]);
}

fn width() -> impl Strategy<Value = HashWidth> {
    prop_oneof![Just(Bits32), Just(Bits64)]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 8 } else { 4 * ProptestConfig::default().cases },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn integers_hash_to_their_residue(width in width(), n: i128) {
        let magnitude = n.unsigned_abs();
        let expected = hash(residue(width, magnitude, 1), n < 0);
        prop_assert_eq!(width.hash_i128(n), expected);
        let limbs = [magnitude as u64, (magnitude >> 64) as u64];
        prop_assert_eq!(width.hash_limbs(n < 0, &limbs), expected);
        let digits: Vec<u32> = (0..5).map(|i| (magnitude >> (30 * i)) as u32 & 0x3fff_ffff).collect();
        prop_assert_eq!(width.hash_digits(n < 0, &digits), expected);
    }

    #[test]
    fn fractions_hash_to_their_residue(width in width(), a: u64, b in 1_u64.., negative: bool) {
        prop_assume!(b % width.modulus() != 0);
        let expected = hash(residue(width, a.into(), b.into()), negative);
        prop_assert_eq!(width.hash_fraction(negative, &[a], &[b]), expected);
    }

    /// A float is a fraction whose denominator is a power of two.
    #[test]
    fn floats_hash_as_their_fraction(width in width(), whole: i32, down in 0_u32..60) {
        let x = f64::from(whole) / (1_u64 << down) as f64;
        let limbs = [whole.unsigned_abs().into()];
        let fraction = width.hash_fraction(whole < 0, &limbs, &[1 << down]);
        prop_assert_eq!(width.hash_f64(x, 0), fraction);
    }

    /// A decimal is a fraction whose denominator is a power of ten.
    #[test]
    fn decimals_hash_as_their_fraction(width in width(), n: u64, exponent in -19_i64..=0) {
        let power = 10_u64.pow(exponent.unsigned_abs() as u32);
        let fraction = width.hash_fraction(true, &[n], &[power]);
        prop_assert_eq!(width.hash_decimal(true, &[n], exponent), fraction);
    }

    #[test]
    fn any_float_hashes_without_a_panic_and_not_to_minus_one(width in width(), bits: u64) {
        let hash = width.hash_f64(f64::from_bits(bits), 5);
        prop_assert_ne!(hash, -1);
        prop_assert!(width == Bits64 || i32::try_from(hash).is_ok());
        prop_assert_ne!(width.hash_complex(f64::from_bits(bits), -1.0, 5), -1);
        prop_assert_ne!(width.hash_decimal(true, &[bits], bits as i64), -1);
    }
}
