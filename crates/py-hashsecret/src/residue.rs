//! Arithmetic modulo a Mersenne prime 2^`bits` - 1, of 61 or 31 bits. A product with a power of two
//! is a rotation. Results are below the modulus.

/// `n` modulo 2^`bits` - 1.
pub(crate) const fn reduce(mut n: u128, bits: u32) -> u64 {
    let modulus = (1 << bits) - 1;
    while n > modulus {
        n = (n & modulus) + (n >> bits);
    }
    if n == modulus { 0 } else { n as u64 }
}

/// The residue of a magnitude in limbs of `limb_bits` bits, the lowest first.
macro_rules! of_limbs {
    ($limbs:expr, $limb_bits:expr, $bits:expr) => {{
        let (limbs, bits) = ($limbs, $bits);
        let mut residue = 0;
        let mut i = limbs.len();
        while i > 0 {
            i -= 1;
            // Modulo 2^bits - 1, the factor 2^limb_bits is 2^(limb_bits % bits).
            let shifted = (residue as u128) << ($limb_bits % bits);
            residue = reduce(shifted + limbs[i] as u128, bits);
        }
        residue
    }};
}
pub(crate) use of_limbs;

/// `a * b`.
pub(crate) const fn mul(a: u64, b: u64, bits: u32) -> u64 {
    reduce(a as u128 * b as u128, bits)
}

/// `a` times two to the power of `exponent`, which may be negative.
pub(crate) const fn shift(a: u64, exponent: i64, bits: u32) -> u64 {
    reduce((a as u128) << exponent.rem_euclid(bits as i64), bits)
}

/// `base` to the power of `exponent`.
pub(crate) const fn pow(base: u64, mut exponent: u64, bits: u32) -> u64 {
    let mut square = reduce(base as u128, bits);
    let mut result = 1;
    while exponent > 0 {
        if exponent % 2 == 1 {
            result = mul(result, square, bits);
        }
        square = mul(square, square, bits);
        exponent /= 2;
    }
    result
}

/// The inverse of `a` (the number whose product with `a` is 1), by Fermat. `None` for 0.
pub(crate) const fn inverse(a: u64, bits: u32) -> Option<u64> {
    if a == 0 {
        return None;
    }
    Some(pow(a, (1 << bits) - 3, bits))
}
