//! `hash()` of numbers, pointers and tuples on this machine.

use crate::width::HashWidth;

/// This machine's width.
const NATIVE: HashWidth = HashWidth::NATIVE;

/// `hash()` of an object that hashes by identity, from its address: rotated right by four bits,
/// because the low ones are those of the allocation's alignment; never -1.
///
/// CPython: `Python/pyhash.c`, `Py_HashPointer`.
///
/// # Examples
/// ```
/// use py_hashsecret::hash_pointer;
///
/// let object = 0_u64;
/// let address = (&raw const object).addr();
/// assert_eq!(hash_pointer(address), address.rotate_right(4) as isize);
/// ```
#[doc(alias = "Py_HashPointer")]
#[doc(alias = "_Py_HashPointer")]
#[must_use]
pub const fn hash_pointer(address: usize) -> isize {
    NATIVE.hash_pointer(address as u64) as isize
}

/// `hash()` of an `int`.
///
/// CPython: `Objects/longobject.c`, `long_hash`.
///
/// # Examples
/// ```
/// use py_hashsecret::hash_i64;
///
/// assert_eq!(hash_i64(42), 42);
/// assert_eq!(hash_i64(-1), -2);
/// ```
#[doc(alias = "long_hash")]
#[must_use]
pub const fn hash_i64(n: i64) -> isize {
    NATIVE.hash_i64(n) as isize
}

/// `hash()` of an `int` that is not negative.
///
/// CPython: `Objects/longobject.c`, `long_hash`.
///
/// # Examples
/// ```
/// use py_hashsecret::{HashWidth, hash_u64};
///
/// assert_eq!(hash_u64(HashWidth::NATIVE.modulus()), 0);
/// ```
#[must_use]
pub const fn hash_u64(n: u64) -> isize {
    NATIVE.hash_u64(n) as isize
}

/// `hash()` of an `int` of up to 128 bits.
///
/// CPython: `Objects/longobject.c`, `long_hash`.
///
/// # Examples
/// ```
/// use py_hashsecret::{hash_i64, hash_i128};
///
/// assert_eq!(hash_i128(-7), hash_i64(-7));
/// ```
#[must_use]
pub const fn hash_i128(n: i128) -> isize {
    NATIVE.hash_i128(n) as isize
}

/// `hash()` of an `int` of up to 128 bits that is not negative.
///
/// CPython: `Objects/longobject.c`, `long_hash`.
///
/// # Examples
/// ```
/// use py_hashsecret::{hash_u64, hash_u128};
///
/// assert_eq!(hash_u128(7), hash_u64(7));
/// ```
#[must_use]
pub const fn hash_u128(n: u128) -> isize {
    NATIVE.hash_u128(n) as isize
}

/// `hash()` of an `int` of any size, from its sign and its magnitude in 64-bit limbs, the lowest
/// first. One step for each limb.
///
/// CPython: `Objects/longobject.c`, `long_hash`.
///
/// # Examples
/// ```
/// use py_hashsecret::{hash_i128, hash_limbs};
///
/// let n = -(3_i128 << 64) - 5;
/// assert_eq!(hash_limbs(true, &[5, 3]), hash_i128(n));
/// ```
#[must_use]
pub const fn hash_limbs(negative: bool, limbs: &[u64]) -> isize {
    NATIVE.hash_limbs(negative, limbs) as isize
}

/// `hash()` of an `int` of any size, from its sign and its magnitude in CPython's digits of 30
/// bits (`ob_digit`), the lowest first.
///
/// CPython: `Objects/longobject.c`, `long_hash`.
///
/// # Examples
/// ```
/// use py_hashsecret::{hash_digits, hash_i64};
///
/// assert_eq!(hash_digits(false, &[1, 2]), hash_i64((2 << 30) + 1));
/// ```
#[must_use]
pub const fn hash_digits(negative: bool, digits: &[u32]) -> isize {
    NATIVE.hash_digits(negative, digits) as isize
}

/// `hash()` of a `float`. `nan` is the hash of a not-a-number: since 3.10 the identity of the
/// object, [`hash_pointer`] of its address.
///
/// CPython: `Python/pyhash.c`, `_Py_HashDouble`.
///
/// # Examples
/// ```
/// use py_hashsecret::{hash_f64, hash_i64};
///
/// assert_eq!(hash_f64(3.0, 0), hash_i64(3));
/// assert_eq!(hash_f64(f64::NEG_INFINITY, 0), -314159);
/// assert_eq!(hash_f64(f64::NAN, 123), 123);
/// ```
#[doc(alias = "_Py_HashDouble")]
#[must_use]
pub const fn hash_f64(x: f64, nan: isize) -> isize {
    NATIVE.hash_f64(x, nan as i64) as isize
}

/// `hash()` of a `complex`. `nan` is the hash of a not-a-number, as for [`hash_f64`].
///
/// CPython: `Objects/complexobject.c`, `complex_hash`.
///
/// # Examples
/// ```
/// use py_hashsecret::{hash_complex, hash_f64};
///
/// assert_eq!(hash_complex(1.5, 0.0, 0), hash_f64(1.5, 0));
/// assert_eq!(hash_complex(0.0, 1.0, 0), 1000003);
/// ```
#[doc(alias = "complex_hash")]
#[must_use]
pub const fn hash_complex(real: f64, imag: f64, nan: isize) -> isize {
    NATIVE.hash_complex(real, imag, nan as i64) as isize
}

/// `hash()` of a `Fraction` in lowest terms, from its sign and the limbs of its parts, the lowest
/// first.
///
/// Where the modulus divides the denominator, the hash is that of an infinity.
///
/// CPython: `Lib/fractions.py`, `_hash_algorithm`.
///
/// # Examples
/// ```
/// use py_hashsecret::{hash_f64, hash_fraction};
///
/// assert_eq!(hash_fraction(true, &[3], &[4]), hash_f64(-0.75, 0));
/// ```
#[must_use]
pub const fn hash_fraction(negative: bool, numerator: &[u64], denominator: &[u64]) -> isize {
    NATIVE.hash_fraction(negative, numerator, denominator) as isize
}

/// `hash()` of a finite `Decimal`: `coefficient` (limbs, the lowest first) times ten to the power
/// of `exponent`.
///
/// CPython: `Modules/_decimal/_decimal.c`, `dec_hash`; `Lib/_pydecimal.py`, `Decimal.__hash__`.
///
/// # Examples
/// ```
/// use py_hashsecret::{hash_decimal, hash_f64, hash_i64};
///
/// assert_eq!(hash_decimal(false, &[15], 2), hash_i64(1500));
/// assert_eq!(hash_decimal(true, &[125], -3), hash_f64(-0.125, 0));
/// ```
#[must_use]
pub const fn hash_decimal(negative: bool, coefficient: &[u64], exponent: i64) -> isize {
    NATIVE.hash_decimal(negative, coefficient, exponent) as isize
}

/// `hash()` of a `tuple`, from the hashes of its items.
///
/// CPython: `Objects/tupleobject.c`, `tuple_hash`.
///
/// # Examples
/// ```
/// use py_hashsecret::{hash_i64, hash_tuple};
///
/// let point = hash_tuple([1, 2].map(hash_i64));
/// assert_ne!(point, hash_tuple([2, 1].map(hash_i64)));
/// ```
#[doc(alias = "tuple_hash")]
#[must_use]
pub fn hash_tuple(hashes: impl IntoIterator<Item = isize>) -> isize {
    NATIVE.hash_tuple(hashes.into_iter().map(|hash| hash as i64)) as isize
}
