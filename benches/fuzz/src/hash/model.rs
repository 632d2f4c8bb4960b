//! The hashes once more, slow and obvious: numbers modulo 2^61 - 1, step by step.

use py_hashsecret::HashSecret;
use siphasher::sip::SipHasher13;
use std::hash::Hasher as _;

pub(super) const P: u64 = (1 << 61) - 1;
const INFINITE: i64 = 314_159;

fn never_minus_one(hash: i64) -> i64 {
    if hash == -1 { -2 } else { hash }
}

fn signed(negative: bool, residue: u64) -> i64 {
    let hash = i64::try_from(residue).expect("below 2^61");
    never_minus_one(if negative { -hash } else { hash })
}

fn times(a: u64, b: u64) -> u64 {
    (u128::from(a) * u128::from(b) % u128::from(P)) as u64
}

fn power(base: u64, exponent: u64) -> u64 {
    let mut bits = (0..64).rev().map(|i| exponent >> i & 1);
    bits.by_ref().fold(1, |x, bit| {
        let square = times(x, x);
        if bit == 1 {
            times(square, base)
        } else {
            square
        }
    })
}

/// By Fermat's little theorem.
fn inverse(x: u64) -> u64 {
    power(x, P - 2)
}

/// The lowest limb first.
fn residue(limbs: &[u64]) -> u64 {
    let step =
        |x: u64, limb: &u64| ((u128::from(x) << 64 | u128::from(*limb)) % u128::from(P)) as u64;
    limbs.iter().rev().fold(0, step)
}

pub(super) fn int(negative: bool, limbs: &[u64]) -> i64 {
    signed(negative, residue(limbs))
}

/// A double is a whole number times a power of two, which is doubled or halved as often as it says.
pub(super) fn float(x: f64) -> i64 {
    if x.is_infinite() {
        return if x > 0.0 { INFINITE } else { -INFINITE };
    }
    let bits = x.to_bits();
    let (fraction, exponent) = (bits & ((1 << 52) - 1), bits >> 52 & 0x7ff);
    let (mut residue, power) = match exponent {
        0 => (fraction, -1074),
        e => (
            fraction | 1 << 52,
            i64::try_from(e).expect("11 bits") - 1075,
        ),
    };
    for _ in 0..power.unsigned_abs() {
        residue = match power > 0 {
            true => residue * 2 % P,
            false if residue % 2 == 0 => residue / 2,
            false => residue.midpoint(P),
        };
    }
    signed(x.is_sign_negative(), residue)
}

pub(super) fn complex(re: f64, im: f64) -> i64 {
    never_minus_one(float(re).wrapping_add(float(im).wrapping_mul(1_000_003)))
}

/// In lowest terms.
pub(super) fn fraction(negative: bool, n: u64, d: u64) -> i64 {
    match d % P {
        0 => never_minus_one(if negative { -INFINITE } else { INFINITE }),
        d => signed(negative, times(n % P, inverse(d))),
    }
}

pub(super) fn decimal(negative: bool, limbs: &[u64], exponent: i16) -> i64 {
    let ten = power(10, exponent.unsigned_abs().into());
    let scale = if exponent < 0 { inverse(ten) } else { ten };
    signed(negative, times(residue(limbs), scale))
}

pub(super) fn keyed(keys: (u64, u64), data: &[u8]) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(keys.0, keys.1);
    hasher.write(data);
    hasher.finish()
}

pub(super) fn bytes(secret: &HashSecret, data: &[u8]) -> i64 {
    if data.is_empty() {
        return 0;
    }
    never_minus_one(keyed(secret.siphash_keys(), data) as i64)
}

/// In the narrowest kind that holds every character.
pub(super) fn text(secret: &HashSecret, text: &[u32]) -> i64 {
    let width = match text.iter().max() {
        Some(0x1_0000..) => 4,
        Some(0x100..) => 2,
        _ => 1,
    };
    // The low bytes of each.
    let stored = text
        .iter()
        .flat_map(|c| c.to_le_bytes().into_iter().take(width));
    bytes(secret, &stored.collect::<Vec<u8>>())
}

/// CPython's form of xxHash.
pub(super) fn tuple(items: &[i64]) -> i64 {
    const PRIMES: [u64; 3] = [
        11_400_714_785_074_694_791,
        14_029_467_366_897_019_727,
        2_870_177_450_012_600_261,
    ];
    let mixed = items.iter().fold(PRIMES[2], |x, item| {
        let x = x.wrapping_add((*item as u64).wrapping_mul(PRIMES[1]));
        x.rotate_left(31).wrapping_mul(PRIMES[0])
    });
    let hash = mixed.wrapping_add(items.len() as u64 ^ PRIMES[2] ^ 3_527_539);
    if hash == u64::MAX {
        1_546_275_796
    } else {
        hash as i64
    }
}

/// All different.
pub(super) fn frozen_set(members: &[i64]) -> i64 {
    let mixed = members.iter().fold(0, |x, member| {
        let h = *member as u64;
        x ^ ((h ^ 89_869_747) ^ (h << 16)).wrapping_mul(3_644_798_167)
    });
    let counted = mixed ^ (members.len() as u64 + 1).wrapping_mul(1_927_868_237);
    let spread = counted ^ (counted >> 11) ^ (counted >> 25);
    let hash = spread.wrapping_mul(69_069).wrapping_add(907_133_923);
    if hash == u64::MAX {
        590_923_713
    } else {
        hash as i64
    }
}
