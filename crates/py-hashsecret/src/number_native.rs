//! `hash()` of numbers, pointers and tuples, for this machine's width. The methods behind these
//! functions are in `number.rs` and `number_text.rs`.

use crate::number_error::NumberTextError;
use crate::width::HashWidth;

/// This machine's width.
const NATIVE: HashWidth = HashWidth::NATIVE;

/// `hash()` of an object that hashes by identity, from its address. The address is rotated right by
/// four bits, because its low bits are always 0 (alignment). Never -1.
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

/// `hash()` of a `float`. `nan` is the hash to use for a not-a-number. Since 3.10 CPython hashes
/// those by identity: [`hash_pointer`] of the object's address.
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

/// `hash()` of a `complex`. `nan` is the hash to use for a not-a-number, as for [`hash_f64`].
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

/// `hash()` of a `Fraction` in lowest terms, from its sign and the limbs of its two parts, the
/// lowest first.
///
/// If the denominator is a multiple of the modulus, the hash is that of an infinity.
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

/// `hash(int(text))`, without making the number: one step for each digit.
///
/// Accepts what `int` accepts: white space around the number, a sign, the decimal digits of any
/// script, and single underscores between digits. There may be up to
/// [`MAX_STR_DIGITS`](crate::MAX_STR_DIGITS) digits.
///
/// CPython: `Objects/longobject.c`, `PyLong_FromUnicodeObject`, `long_hash`.
///
/// # Errors
/// [`NumberTextError`] with CPython's message where `int` raises `ValueError`.
///
/// # Examples
/// ```
/// use py_hashsecret::{hash_i64, hash_int_text};
///
/// assert_eq!(hash_int_text(" -1_000\n"), Ok(hash_i64(-1000)));
/// assert_eq!(hash_int_text("\u{663}"), Ok(3)); // an Arabic-Indic three
/// assert!(hash_int_text("0x10").is_err());
/// ```
#[doc(alias = "PyLong_FromUnicodeObject")]
pub fn hash_int_text(text: &str) -> Result<isize, NumberTextError<'_>> {
    NATIVE.hash_int_text(text).map(|hash| hash as isize)
}

/// As [`hash_int_text`], with the limit of `sys.set_int_max_str_digits`. 0 means no limit.
///
/// As in CPython, a limit below 640 acts as 640.
///
/// # Errors
/// Those of [`hash_int_text`].
///
/// # Examples
/// ```
/// use py_hashsecret::hash_int_text_with_limit;
///
/// let long = "7".repeat(5000);
/// assert!(hash_int_text_with_limit(&long, 0).is_ok());
/// assert_eq!(
///     hash_int_text_with_limit(&long, 1000).unwrap_err().to_string(),
///     "Exceeds the limit (1000 digits) for integer string conversion: value has 5000 digits; \
///      use sys.set_int_max_str_digits() to increase the limit",
/// );
/// ```
#[doc(alias = "set_int_max_str_digits")]
pub fn hash_int_text_with_limit(
    text: &str,
    max_str_digits: usize,
) -> Result<isize, NumberTextError<'_>> {
    let hash = NATIVE.hash_int_text_with_limit(text, max_str_digits);
    hash.map(|hash| hash as isize)
}

/// `hash(Decimal(text))`, without making the number: one step for each digit, for any exponent.
/// `nan` is the hash to use for a not-a-number, as for [`hash_f64`].
///
/// Accepts what `Decimal` accepts: white space around the number, underscores anywhere, the decimal
/// digits of any script, infinities, and not-a-numbers with their payloads.
///
/// CPython: `Modules/_decimal/_decimal.c`, `PyDecType_FromUnicodeExactWS`, `dec_hash`.
///
/// # Errors
/// [`NumberTextError`] with CPython's message, in three cases: the text is not a `Decimal`; the
/// number cannot be represented exactly (exponents of 18 digits and more); or it is a signaling
/// not-a-number, which has no hash.
///
/// # Examples
/// ```
/// use py_hashsecret::{hash_decimal_text, hash_f64, hash_i64};
///
/// assert_eq!(hash_decimal_text("1.5", 0), Ok(hash_f64(1.5, 0)));
/// assert_eq!(hash_decimal_text("1_000.0e-3", 0), Ok(hash_i64(1)));
/// assert_eq!(hash_decimal_text("-Infinity", 0), Ok(-314159));
/// let error = hash_decimal_text("1,5", 0).unwrap_err();
/// assert_eq!(error.to_string(), "[<class 'decimal.ConversionSyntax'>]");
/// ```
#[doc(alias = "dec_hash")]
pub fn hash_decimal_text(text: &str, nan: isize) -> Result<isize, NumberTextError<'_>> {
    let hash = NATIVE.hash_decimal_text(text, nan as i64);
    hash.map(|hash| hash as isize)
}

/// `hash(Fraction(text))`, without making the number: one step for each digit, for any exponent.
/// The text need not be in lowest terms.
///
/// Accepts what `Fraction` accepts: `"3/4"`, `" -3 / 4 "`, `"0.75"`, `"75e-2"`, single underscores
/// between digits, and the decimal digits of any script.
///
/// CPython: `Lib/fractions.py`, `Fraction.__new__`, `_hash_algorithm`.
///
/// # Errors
/// [`NumberTextError`] with CPython's message, in three cases: the text is not a `Fraction`; the
/// denominator is zero; or a part has more digits than `int` accepts.
///
/// # Examples
/// ```
/// use py_hashsecret::{hash_f64, hash_fraction_text};
///
/// assert_eq!(hash_fraction_text("-3/4"), Ok(hash_f64(-0.75, 0)));
/// assert_eq!(hash_fraction_text("75e-2"), hash_fraction_text("6 / 8"));
/// assert_eq!(hash_fraction_text("7/0").unwrap_err().to_string(), "Fraction(7, 0)");
/// ```
pub fn hash_fraction_text(text: &str) -> Result<isize, NumberTextError<'_>> {
    NATIVE.hash_fraction_text(text).map(|hash| hash as isize)
}
