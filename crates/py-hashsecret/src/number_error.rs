//! The error for text that is not a number, with CPython's messages.

use crate::unicode::{decimal, is_space, repr};
use core::fmt;

/// How many digits `int` accepts by default. A longer text is refused, because the time of
/// CPython's conversion grows with the square of the length.
///
/// # Examples
/// ```
/// use py_hashsecret::{MAX_STR_DIGITS, hash_int_text};
///
/// assert!(hash_int_text(&"7".repeat(MAX_STR_DIGITS)).is_ok());
/// assert!(hash_int_text(&"7".repeat(MAX_STR_DIGITS + 1)).is_err());
/// ```
#[doc(alias = "default_max_str_digits")]
pub const MAX_STR_DIGITS: usize = 4300;

/// The kind of a [`NumberTextError`].
///
/// # Examples
/// ```
/// use py_hashsecret::{NumberTextErrorKind, hash_fraction_text};
///
/// let error = hash_fraction_text("1/0").unwrap_err();
/// assert_eq!(error.kind(), NumberTextErrorKind::ZeroDenominator);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NumberTextErrorKind {
    /// It is not an `int`.
    Int,
    /// It has more digits than `int` accepts.
    TooManyDigits,
    /// It is not a `Decimal`.
    Decimal,
    /// It is a `Decimal` that cannot be represented exactly.
    DecimalRange,
    /// It is a signaling not-a-number, which has no hash.
    SignalingNan,
    /// It is not a `Fraction`.
    Fraction,
    /// It is a fraction whose denominator is zero.
    ZeroDenominator,
}

/// A text that should be a number and is not. `Display` shows CPython's message.
///
/// # Examples
/// ```
/// use py_hashsecret::hash_int_text;
///
/// let error = hash_int_text("1_000_").unwrap_err();
/// assert_eq!(error.exception(), "ValueError");
/// assert_eq!(error.to_string(), "invalid literal for int() with base 10: '1_000_'");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberTextError<'a> {
    pub(crate) kind: NumberTextErrorKind,
    pub(crate) text: &'a str,
    /// For too many digits: how many there are, and how many are allowed.
    pub(crate) digits: (usize, usize),
}

impl<'a> NumberTextError<'a> {
    pub(crate) const fn new(kind: NumberTextErrorKind, text: &'a str) -> Self {
        NumberTextError {
            kind,
            text,
            digits: (0, 0),
        }
    }

    /// What is wrong with the text.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::{NumberTextErrorKind, hash_int_text};
    ///
    /// assert_eq!(hash_int_text("1.5").unwrap_err().kind(), NumberTextErrorKind::Int);
    /// ```
    #[must_use]
    pub const fn kind(&self) -> NumberTextErrorKind {
        self.kind
    }

    /// The text, all of it.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(py_hashsecret::hash_int_text(" x").unwrap_err().text(), " x");
    /// ```
    #[must_use]
    pub const fn text(&self) -> &'a str {
        self.text
    }

    /// The class of the exception that CPython raises.
    ///
    /// # Examples
    /// ```
    /// let error = py_hashsecret::hash_decimal_text("x", 0).unwrap_err();
    /// assert_eq!(error.exception(), "decimal.InvalidOperation");
    /// ```
    #[must_use]
    pub const fn exception(&self) -> &'static str {
        match self.kind {
            NumberTextErrorKind::Int
            | NumberTextErrorKind::TooManyDigits
            | NumberTextErrorKind::Fraction => "ValueError",
            NumberTextErrorKind::Decimal | NumberTextErrorKind::DecimalRange => {
                "decimal.InvalidOperation"
            }
            NumberTextErrorKind::SignalingNan => "TypeError",
            NumberTextErrorKind::ZeroDenominator => "ZeroDivisionError",
        }
    }
}

impl fmt::Display for NumberTextError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            NumberTextErrorKind::Int => {
                f.write_str("invalid literal for int() with base 10: ")?;
                repr(f, self.text, 200)
            }
            NumberTextErrorKind::TooManyDigits => {
                let (digits, most) = self.digits;
                write!(
                    f,
                    "Exceeds the limit ({most} digits) for integer string conversion: value has \
                     {digits} digits; use sys.set_int_max_str_digits() to increase the limit"
                )
            }
            NumberTextErrorKind::Decimal => f.write_str("[<class 'decimal.ConversionSyntax'>]"),
            NumberTextErrorKind::DecimalRange => {
                f.write_str("[<class 'decimal.InvalidOperation'>]")
            }
            NumberTextErrorKind::SignalingNan => f.write_str("Cannot hash a signaling NaN value"),
            NumberTextErrorKind::Fraction => {
                f.write_str("Invalid literal for Fraction: ")?;
                repr(f, self.text, usize::MAX)
            }
            NumberTextErrorKind::ZeroDenominator => {
                f.write_str("Fraction(")?;
                numerator(f, self.text)?;
                f.write_str(", 0)")
            }
        }
    }
}

/// The numerator of the text of a fraction, as `str` shows an `int`.
fn numerator(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let text = text.trim_start_matches(is_space);
    let negative = text.starts_with('-');
    let digits = text.trim_start_matches(['-', '+']).chars();
    let mut digits = digits
        .filter(|&c| c != '_')
        .map_while(decimal)
        .skip_while(|&digit| digit == 0)
        .peekable();
    if digits.peek().is_none() {
        return f.write_str("0");
    }
    if negative {
        f.write_str("-")?;
    }
    for digit in digits {
        write!(f, "{digit}")?;
    }
    Ok(())
}

impl core::error::Error for NumberTextError<'_> {}
