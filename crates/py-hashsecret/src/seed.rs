//! The values of `PYTHONHASHSEED`, by the rules of `config_init_hash_seed`.
//!
//! CPython passes the text to C's `strtoul` in base 10, and refuses it if a part is left. So white
//! space, a sign and zeros may come first, and a negative number wraps around `unsigned long`:
//!
//! | text | 64-bit `unsigned long` | 32-bit `unsigned long` |
//! |---|---|---|
//! | `` (empty), `random` | random | random |
//! | `0`, `-0`, `+00` | seed 0 | seed 0 |
//! | ` \t\n\v\f\r +7` | seed 7 | seed 7 |
//! | `4294967295` | that seed | that seed |
//! | `4294967296` | out of range | out of range (`ERANGE`) |
//! | `-1` | out of range (2^64 - 1) | seed 4294967295 |
//! | `-18446744073709551615` | seed 1 | out of range (`ERANGE`) |
//! | `1 `, `0x10`, `1_0` | trailing text | trailing text |
//! | ` `, `+`, `--1`, `Random` | not a number | not a number |

use core::fmt;
use core::str::FromStr;

/// CPython's sentence for a value that it refuses.
const SENTENCE: &str = "PYTHONHASHSEED must be \"random\" or an integer in range [0; 4294967295]";

/// The source of the secret, as `PYTHONHASHSEED` gives it.
///
/// CPython: `Python/initconfig.c`, `config_init_hash_seed`; the pair `use_hash_seed`, `hash_seed`
/// of `PyConfig`.
///
/// # Examples
/// ```
/// use py_hashsecret::HashSeed;
///
/// assert_eq!("42".parse(), Ok(HashSeed::Fixed(42)));
/// assert_eq!("random".parse(), Ok(HashSeed::Random));
/// ```
#[doc(alias = "PYTHONHASHSEED")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HashSeed {
    /// A new secret from the operating system (`use_hash_seed` 0).
    Random,
    /// The secret of this seed (`use_hash_seed` 1). Seed 0 switches randomisation off.
    Fixed(u32),
}

impl HashSeed {
    /// Reads a value of `PYTHONHASHSEED` as CPython does where C's `unsigned long` has 64 bits:
    /// Linux, macOS and the BSDs on 64-bit machines.
    ///
    /// The result is the same on every machine. [`parse_with`](Self::parse_with) also knows the
    /// rules of Windows and of 32-bit machines, and `from_env` uses the rules of its own machine.
    /// They differ for negative numbers only.
    ///
    /// It takes bytes because the variable need not be UTF-8. It reads them once.
    ///
    /// CPython: `Python/initconfig.c`, `config_init_hash_seed`.
    ///
    /// # Errors
    /// [`ParseHashSeedError`] for everything that stops CPython's start with a fatal error.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::{HashSeed, ParseHashSeedErrorKind};
    ///
    /// assert_eq!(HashSeed::parse(b""), Ok(HashSeed::Random));
    /// assert_eq!(HashSeed::parse(b" +042"), Ok(HashSeed::Fixed(42)));
    /// // strtoul wraps negative numbers: 2^64 - 18446744073709551615 is 1.
    /// assert_eq!(HashSeed::parse(b"-18446744073709551615"), Ok(HashSeed::Fixed(1)));
    ///
    /// let error = HashSeed::parse(b"4294967296").unwrap_err();
    /// assert_eq!(error.kind(), ParseHashSeedErrorKind::OutOfRange);
    /// assert_eq!(
    ///     error.to_string(),
    ///     r#"PYTHONHASHSEED must be "random" or an integer in range [0; 4294967295]"#,
    /// );
    /// ```
    #[doc(alias = "config_init_hash_seed")]
    pub const fn parse(value: &[u8]) -> Result<HashSeed, ParseHashSeedError> {
        Self::parse_with(value, UnsignedLong::Bits64)
    }

    /// Reads a value of `PYTHONHASHSEED` by the rules of a machine with this `unsigned long`.
    ///
    /// CPython: `Python/initconfig.c`, `config_init_hash_seed`.
    ///
    /// # Errors
    /// Those of [`parse`](Self::parse).
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::{HashSeed, UnsignedLong};
    ///
    /// let minus_one = |long| HashSeed::parse_with(b"-1", long);
    /// assert_eq!(minus_one(UnsignedLong::Bits32), Ok(HashSeed::Fixed(u32::MAX)));
    /// assert!(minus_one(UnsignedLong::Bits64).is_err());
    /// ```
    pub const fn parse_with(
        value: &[u8],
        long: UnsignedLong,
    ) -> Result<HashSeed, ParseHashSeedError> {
        if matches!(value, b"" | b"random") {
            return Ok(HashSeed::Random);
        }
        match strtoul(value, long.max()) {
            Ok(n) if n <= u32::MAX as u64 => Ok(HashSeed::Fixed(n as u32)),
            Ok(_) => Err(ParseHashSeedError(ParseHashSeedErrorKind::OutOfRange)),
            Err(kind) => Err(ParseHashSeedError(kind)),
        }
    }

    /// Whether hashes differ from process to process: `sys.flags.hash_randomization`.
    ///
    /// False for seed 0 only. Any other fixed seed counts as randomised, as in CPython.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashSeed;
    ///
    /// assert!(HashSeed::Random.is_randomized());
    /// assert!(HashSeed::Fixed(42).is_randomized());
    /// assert!(!HashSeed::Fixed(0).is_randomized());
    /// ```
    #[doc(alias = "hash_randomization")]
    #[must_use]
    pub const fn is_randomized(self) -> bool {
        !matches!(self, HashSeed::Fixed(0))
    }
}

impl FromStr for HashSeed {
    type Err = ParseHashSeedError;

    fn from_str(value: &str) -> Result<HashSeed, ParseHashSeedError> {
        HashSeed::parse(value.as_bytes())
    }
}

/// The width of C's `unsigned long`. It decides how a negative seed wraps around.
///
/// # Examples
/// ```
/// use py_hashsecret::{HashSeed, UnsignedLong};
///
/// // On Windows and on 32-bit machines -4294967254 wraps to 42.
/// let seed = HashSeed::parse_with(b"-4294967254", UnsignedLong::Bits32);
/// assert_eq!(seed, Ok(HashSeed::Fixed(42)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnsignedLong {
    /// 32 bits: Windows, and 32-bit machines.
    Bits32,
    /// 64 bits: Linux, macOS and the BSDs on 64-bit machines.
    Bits64,
}

impl UnsignedLong {
    /// The width on the target that this is compiled for.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::UnsignedLong;
    ///
    /// let linux64 = cfg!(all(target_os = "linux", target_pointer_width = "64"));
    /// assert!(!linux64 || UnsignedLong::NATIVE == UnsignedLong::Bits64);
    /// ```
    pub const NATIVE: UnsignedLong = if core::ffi::c_ulong::BITS == 32 {
        UnsignedLong::Bits32
    } else {
        UnsignedLong::Bits64
    };

    /// C's `ULONG_MAX`.
    const fn max(self) -> u64 {
        match self {
            UnsignedLong::Bits32 => u32::MAX as u64,
            UnsignedLong::Bits64 => u64::MAX,
        }
    }
}

/// A value of `PYTHONHASHSEED` that CPython refuses. Its text is CPython's sentence.
///
/// # Examples
/// ```
/// use py_hashsecret::{HashSeed, ParseHashSeedError};
///
/// let error: ParseHashSeedError = HashSeed::parse(b"abc").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     r#"PYTHONHASHSEED must be "random" or an integer in range [0; 4294967295]"#,
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ParseHashSeedError(ParseHashSeedErrorKind);

impl ParseHashSeedError {
    /// What is wrong with the value. CPython's sentence does not tell.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::{HashSeed, ParseHashSeedErrorKind};
    ///
    /// let error = HashSeed::parse(b"42 ").unwrap_err();
    /// assert_eq!(error.kind(), ParseHashSeedErrorKind::TrailingData);
    /// ```
    #[must_use]
    pub const fn kind(&self) -> ParseHashSeedErrorKind {
        self.0
    }
}

impl fmt::Display for ParseHashSeedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SENTENCE)
    }
}

impl core::error::Error for ParseHashSeedError {}

/// What is wrong with a value of `PYTHONHASHSEED`.
///
/// # Examples
/// ```
/// use py_hashsecret::{HashSeed, ParseHashSeedErrorKind};
///
/// let kind = |value: &[u8]| HashSeed::parse(value).unwrap_err().kind();
/// assert_eq!(kind(b"Random"), ParseHashSeedErrorKind::NotANumber);
/// assert_eq!(kind(b"1_0"), ParseHashSeedErrorKind::TrailingData);
/// assert_eq!(kind(b"-1"), ParseHashSeedErrorKind::OutOfRange);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ParseHashSeedErrorKind {
    /// No digit where the number should begin.
    NotANumber,
    /// A number, followed by something else (a trailing blank too).
    TrailingData,
    /// A number outside of 0 to 4294967295, after negative numbers have wrapped around.
    OutOfRange,
}

/// C's `strtoul(value, .., 10)` in the C locale, with `max` as `ULONG_MAX`. All of `value` must be
/// used.
const fn strtoul(value: &[u8], max: u64) -> Result<u64, ParseHashSeedErrorKind> {
    let mut i = 0;
    while i < value.len() && matches!(value[i], b' ' | b'\t'..=b'\r') {
        i += 1;
    }
    let negative = i < value.len() && value[i] == b'-';
    if i < value.len() && matches!(value[i], b'-' | b'+') {
        i += 1;
    }
    let digits = i;
    let mut n = Some(0_u64);
    while i < value.len() && value[i].is_ascii_digit() {
        n = push_digit(n, value[i] - b'0', max);
        i += 1;
    }
    if i == digits {
        return Err(ParseHashSeedErrorKind::NotANumber);
    }
    if i < value.len() {
        return Err(ParseHashSeedErrorKind::TrailingData);
    }
    match n {
        // C negates modulo 2^bits, in `unsigned long`.
        Some(n) if negative => Ok(n.wrapping_neg() & max),
        Some(n) => Ok(n),
        // ERANGE.
        None => Err(ParseHashSeedErrorKind::OutOfRange),
    }
}

/// `n * 10 + digit`, or `None` above `max`.
const fn push_digit(n: Option<u64>, digit: u8, max: u64) -> Option<u64> {
    let Some(n) = n else { return None };
    let Some(tens) = n.checked_mul(10) else {
        return None;
    };
    match tens.checked_add(digit as u64) {
        Some(n) if n <= max => Some(n),
        _ => None,
    }
}
