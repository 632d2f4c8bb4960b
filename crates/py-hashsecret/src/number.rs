//! `hash()` of numbers, pointers and tuples, for either width: the methods of [`HashWidth`].
//! `number_native.rs` has the functions for this machine's width.
//!
//! Equal numbers have equal hashes, whatever their types. The hash of a rational number is its
//! residue modulo a prime (2^61 - 1, or 2^31 - 1); a negative number has the negative of that.
//! Infinities hash to ±314159. The secret does not affect numbers.

use crate::residue::{inverse, mul, of_limbs, pow, reduce, shift};
use crate::width::HashWidth;

/// The hash of positive infinity, and of a fraction whose denominator the modulus divides.
pub(crate) const INF: u64 = 314_159;
/// The factor of the imaginary part.
pub(crate) const IMAG: u64 = 1_000_003;

impl HashWidth {
    /// See [`hash_pointer`](crate::hash_pointer). The address may be one of another machine.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashWidth;
    ///
    /// assert_eq!(HashWidth::Bits64.hash_pointer(0x7f00_0000_1230), 0x7f0_0000_0123);
    /// assert_eq!(HashWidth::Bits32.hash_pointer(0x1), 0x1000_0000);
    /// ```
    #[must_use]
    pub const fn hash_pointer(self, address: u64) -> i64 {
        match self {
            HashWidth::Bits32 => self.hash((address as u32).rotate_right(4) as u64),
            HashWidth::Bits64 => self.hash(address.rotate_right(4)),
        }
    }

    /// See [`hash_i64`](crate::hash_i64).
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashWidth;
    ///
    /// assert_eq!(HashWidth::Bits32.hash_i64(-1), -2);
    /// assert_eq!(HashWidth::Bits32.hash_i64(i64::from(i32::MAX)), 0);
    /// ```
    #[must_use]
    pub const fn hash_i64(self, n: i64) -> i64 {
        self.signed(n < 0, reduce(n.unsigned_abs() as u128, self.modulus_bits()))
    }

    /// See [`hash_u64`](crate::hash_u64).
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashWidth;
    ///
    /// assert_eq!(HashWidth::Bits64.hash_u64(u64::MAX), 7);
    /// ```
    #[must_use]
    pub const fn hash_u64(self, n: u64) -> i64 {
        self.signed(false, reduce(n as u128, self.modulus_bits()))
    }

    /// See [`hash_i128`](crate::hash_i128).
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashWidth;
    ///
    /// assert_eq!(HashWidth::Bits64.hash_i128(-(1 << 61)), -2);
    /// ```
    #[must_use]
    pub const fn hash_i128(self, n: i128) -> i64 {
        self.signed(n < 0, reduce(n.unsigned_abs(), self.modulus_bits()))
    }

    /// See [`hash_u128`](crate::hash_u128).
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashWidth;
    ///
    /// assert_eq!(HashWidth::Bits64.hash_u128(1 << 122), 1);
    /// ```
    #[must_use]
    pub const fn hash_u128(self, n: u128) -> i64 {
        self.signed(false, reduce(n, self.modulus_bits()))
    }

    /// See [`hash_limbs`](crate::hash_limbs).
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashWidth;
    ///
    /// assert_eq!(HashWidth::Bits64.hash_limbs(true, &[0, 1]), -8); // -(2**64)
    /// ```
    #[must_use]
    pub const fn hash_limbs(self, negative: bool, limbs: &[u64]) -> i64 {
        self.signed(negative, self.residue(limbs))
    }

    /// See [`hash_digits`](crate::hash_digits).
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashWidth;
    ///
    /// assert_eq!(HashWidth::Bits32.hash_digits(false, &[0, 2]), 1); // 2**31
    /// ```
    #[must_use]
    pub const fn hash_digits(self, negative: bool, digits: &[u32]) -> i64 {
        let residue = of_limbs!(digits, 30, self.modulus_bits());
        self.signed(negative, residue)
    }

    /// See [`hash_f64`](crate::hash_f64).
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashWidth;
    ///
    /// assert_eq!(HashWidth::Bits64.hash_f64(1.5, 0), 1152921504606846977);
    /// assert_eq!(HashWidth::Bits32.hash_f64(0.5, 0), 1 << 30);
    /// assert_eq!(HashWidth::Bits32.hash_f64(f64::NAN, 7), 7);
    /// ```
    #[must_use]
    pub const fn hash_f64(self, x: f64, nan: i64) -> i64 {
        const FRACTION_BITS: u32 = f64::MANTISSA_DIGITS - 1;
        if x.is_nan() {
            return nan;
        }
        let bits = x.to_bits();
        let negative = x.is_sign_negative();
        if x.is_infinite() {
            return self.signed(negative, INF);
        }
        let fraction = bits & ((1 << FRACTION_BITS) - 1);
        let (whole, exponent) = match bits >> FRACTION_BITS & 0x7ff {
            0 => (fraction, -1074),
            biased => (fraction | 1 << FRACTION_BITS, biased as i64 - 1075),
        };
        let modulus_bits = self.modulus_bits();
        let residue = reduce(whole as u128, modulus_bits);
        self.signed(negative, shift(residue, exponent, modulus_bits))
    }

    /// See [`hash_complex`](crate::hash_complex).
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashWidth;
    ///
    /// assert_eq!(HashWidth::Bits64.hash_complex(1.0, 2.0, 0), 2000007);
    /// ```
    #[must_use]
    pub const fn hash_complex(self, real: f64, imag: f64, nan: i64) -> i64 {
        let (real, imag) = (self.hash_f64(real, nan), self.hash_f64(imag, nan));
        self.hash((imag as u64).wrapping_mul(IMAG).wrapping_add(real as u64))
    }

    /// See [`hash_fraction`](crate::hash_fraction).
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashWidth;
    ///
    /// assert_eq!(HashWidth::Bits32.hash_fraction(false, &[1], &[2]), 1 << 30);
    /// ```
    #[must_use]
    pub const fn hash_fraction(
        self,
        negative: bool,
        numerator: &[u64],
        denominator: &[u64],
    ) -> i64 {
        let bits = self.modulus_bits();
        let residue = match inverse(self.residue(denominator), bits) {
            Some(inverse) => mul(self.residue(numerator), inverse, bits),
            None => INF,
        };
        self.signed(negative, residue)
    }

    /// See [`hash_decimal`](crate::hash_decimal).
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashWidth;
    ///
    /// let half = HashWidth::Bits64.hash_decimal(false, &[5], -1); // Decimal("0.5")
    /// assert_eq!(half, HashWidth::Bits64.hash_f64(0.5, 0));
    /// ```
    #[must_use]
    pub const fn hash_decimal(self, negative: bool, coefficient: &[u64], exponent: i64) -> i64 {
        let bits = self.modulus_bits();
        // Ten to the power of (modulus - 1) is 1 (Fermat), so exponents count modulo that.
        let exponent = exponent.rem_euclid(self.modulus() as i64 - 1);
        let scale = pow(10, exponent as u64, bits);
        self.signed(negative, mul(self.residue(coefficient), scale, bits))
    }

    /// See [`hash_tuple`](crate::hash_tuple).
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashWidth;
    ///
    /// assert_eq!(HashWidth::Bits64.hash_tuple([1, 2, 3]), 529344067295497451);
    /// ```
    #[must_use]
    pub fn hash_tuple(self, hashes: impl IntoIterator<Item = i64>) -> i64 {
        let hash = match self {
            HashWidth::Bits32 => tuple32(hashes),
            HashWidth::Bits64 => tuple64(hashes),
        };
        match self.truncate(hash) {
            -1 => 1_546_275_796,
            hash => hash,
        }
    }

    const fn residue(self, limbs: &[u64]) -> u64 {
        of_limbs!(limbs, 64, self.modulus_bits())
    }

    /// The hash of a number with this residue.
    pub(crate) const fn signed(self, negative: bool, residue: u64) -> i64 {
        let hash = residue as i64;
        match if negative { -hash } else { hash } {
            -1 => -2,
            hash => hash,
        }
    }
}

/// The xxHash of the items' hashes, as in `Objects/tupleobject.c`, for 64 bits.
fn tuple64(hashes: impl IntoIterator<Item = i64>) -> u64 {
    const PRIME_1: u64 = 11_400_714_785_074_694_791;
    const PRIME_2: u64 = 14_029_467_366_897_019_727;
    const PRIME_5: u64 = 2_870_177_450_012_600_261;
    let (mut acc, mut len) = (PRIME_5, 0);
    for hash in hashes {
        acc = acc.wrapping_add((hash as u64).wrapping_mul(PRIME_2));
        acc = acc.rotate_left(31).wrapping_mul(PRIME_1);
        len += 1;
    }
    acc.wrapping_add(len ^ PRIME_5 ^ 3_527_539)
}

/// The same for 32 bits.
fn tuple32(hashes: impl IntoIterator<Item = i64>) -> u64 {
    const PRIME_1: u32 = 2_654_435_761;
    const PRIME_2: u32 = 2_246_822_519;
    const PRIME_5: u32 = 374_761_393;
    let (mut acc, mut len) = (PRIME_5, 0);
    for hash in hashes {
        acc = acc.wrapping_add((hash as u32).wrapping_mul(PRIME_2));
        acc = acc.rotate_left(13).wrapping_mul(PRIME_1);
        len += 1;
    }
    acc.wrapping_add(len ^ PRIME_5 ^ 3_527_539).into()
}
