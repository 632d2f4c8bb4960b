//! `hash()` of a number from its text, as `int`, `Decimal` or `Fraction` would read it. The number
//! is never made.
//!
//! The hash is the number modulo a prime, so the digits update a residue one after another. There
//! is one exception: if the prime divides the denominator of a fraction, the prime has to be
//! cancelled. For that the number is held in an array, in base of the prime.

use crate::number::INF;
use crate::number_error::{MAX_STR_DIGITS, NumberTextError, NumberTextErrorKind as Kind};
use crate::number_syntax::{Decimal, Fraction, chunks, count, digits, grouped, sign};
use crate::residue::{inverse, mul, pow, reduce};
use crate::width::HashWidth;

impl HashWidth {
    /// See [`hash_int_text`](crate::hash_int_text).
    ///
    /// # Errors
    /// As there.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashWidth;
    ///
    /// assert_eq!(HashWidth::Bits32.hash_int_text("2147483648"), Ok(1)); // 2**31
    /// ```
    pub fn hash_int_text(self, text: &str) -> Result<i64, NumberTextError<'_>> {
        self.hash_int_text_with_limit(text, MAX_STR_DIGITS)
    }

    /// See [`hash_int_text_with_limit`](crate::hash_int_text_with_limit).
    ///
    /// # Errors
    /// As there.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashWidth;
    ///
    /// let long = format!("1{}", "0".repeat(5000));
    /// assert!(HashWidth::Bits64.hash_int_text_with_limit(&long, 0).is_ok());
    /// ```
    pub fn hash_int_text_with_limit(
        self,
        text: &str,
        max_str_digits: usize,
    ) -> Result<i64, NumberTextError<'_>> {
        let error = NumberTextError::new(Kind::Int, text);
        // CPython reads up to a NUL, and then finds that text is left.
        let (seen, all) = match text.split_once('\0') {
            Some((seen, _)) => (seen, false),
            None => (text, true),
        };
        let (negative, rest) = sign(seen.trim_matches(char::is_whitespace));
        let (number, rest) = grouped(rest);
        if number.is_empty() || !rest.is_empty() {
            return Err(error);
        }
        within(number, text, max_str_digits)?;
        if !all {
            return Err(error);
        }
        Ok(self.signed(negative, self.of_digits(number)))
    }

    /// See [`hash_decimal_text`](crate::hash_decimal_text).
    ///
    /// # Errors
    /// As there.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashWidth;
    ///
    /// assert_eq!(HashWidth::Bits32.hash_decimal_text("0.5", 0), Ok(1 << 30));
    /// ```
    pub fn hash_decimal_text(self, text: &str, nan: i64) -> Result<i64, NumberTextError<'_>> {
        let error = |kind| NumberTextError::new(kind, text);
        match Decimal::parse(text).ok_or(error(Kind::Decimal))? {
            Decimal::Nan => Ok(nan),
            Decimal::SignalingNan => Err(error(Kind::SignalingNan)),
            Decimal::Infinity { negative } => Ok(self.signed(negative, INF)),
            Decimal::Finite(number) if !number.is_exact(self) => Err(error(Kind::DecimalRange)),
            Decimal::Finite(number) => {
                let (bits, order) = (self.modulus_bits(), i128::from(self.modulus()) - 1);
                // Ten to the power of (modulus - 1) is 1 (Fermat), so exponents count modulo that.
                let scale = pow(10, number.exponent.rem_euclid(order) as u64, bits);
                let digits = self.of_digits(number.whole);
                let digits = self.continue_digits(digits, number.part);
                Ok(self.signed(number.negative, mul(digits, scale, bits)))
            }
        }
    }

    /// See [`hash_fraction_text`](crate::hash_fraction_text).
    ///
    /// # Errors
    /// As there.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashWidth;
    ///
    /// assert_eq!(HashWidth::Bits32.hash_fraction_text("1/2"), Ok(1 << 30));
    /// ```
    pub fn hash_fraction_text(self, text: &str) -> Result<i64, NumberTextError<'_>> {
        let error = |kind| NumberTextError::new(kind, text);
        let fraction = Fraction::parse(text).ok_or(error(Kind::Fraction))?;
        for number in [
            fraction.whole,
            fraction.denominator,
            fraction.part,
            fraction.exponent.1,
        ] {
            within(number, text, MAX_STR_DIGITS)?;
        }
        let bits = self.modulus_bits();
        let numerator = self.continue_digits(self.of_digits(fraction.whole), fraction.part);
        if fraction.denominator.is_empty() {
            let scale = self.power_of_ten(fraction.exponent, count(fraction.part));
            return Ok(self.signed(fraction.negative, mul(numerator, scale, bits)));
        }
        if digits(fraction.denominator).all(|digit| digit == 0) {
            return Err(error(Kind::ZeroDenominator));
        }
        let residue = match inverse(self.of_digits(fraction.denominator), bits) {
            Some(inverse) => mul(numerator, inverse, bits),
            None => self.cancelled(fraction.whole, fraction.denominator),
        };
        Ok(self.signed(fraction.negative, residue))
    }

    /// The residue of a number in digits; 0 for none.
    fn of_digits(self, number: &str) -> u64 {
        self.continue_digits(0, number)
    }

    /// The residue of a number after more digits, from the residue of the digits so far.
    fn continue_digits(self, residue: u64, more: &str) -> u64 {
        chunks(more).fold(residue, |residue, (chunk, scale)| {
            let shifted = u128::from(residue) * u128::from(scale);
            reduce(shifted + u128::from(chunk), self.modulus_bits())
        })
    }

    /// The residue of ten to the power of this exponent, less `places`.
    fn power_of_ten(self, (negative, exponent): (bool, &str), places: usize) -> u64 {
        let order = u128::from(self.modulus()) - 1;
        let exponent = digits(exponent).fold(0, |e, digit| (e * 10 + u128::from(digit)) % order);
        let exponent = if negative { order - exponent } else { exponent };
        let exponent = exponent + order - places as u128 % order;
        pow(10, (exponent % order) as u64, self.modulus_bits())
    }

    /// The residue of a fraction whose denominator is a multiple of the modulus: of the same
    /// fraction in lowest terms.
    #[cold]
    fn cancelled(self, numerator: &str, denominator: &str) -> u64 {
        let numerator = InBase::new(self, numerator);
        let denominator = InBase::new(self, denominator);
        let bits = self.modulus_bits();
        match (numerator.trailing_zeros(), denominator.trailing_zeros()) {
            // The numerator is zero, or a multiple of a higher power of the modulus.
            (None, _) => 0,
            (Some(above), Some(below)) if above > below => 0,
            (Some(above), Some(below)) if above == below => {
                match inverse(denominator.0[below], bits) {
                    Some(inverse) => mul(numerator.0[above], inverse, bits),
                    None => INF,
                }
            }
            _ => INF,
        }
    }
}

/// A number of at most `MAX_STR_DIGITS` digits in base of the modulus, the lowest place first.
struct InBase([u64; InBase::PLACES]);

impl InBase {
    /// Each place of the smaller modulus (2^31 - 1) takes more than nine digits.
    const PLACES: usize = MAX_STR_DIGITS / 9 + 1;

    fn new(width: HashWidth, number: &str) -> InBase {
        let base = u128::from(width.modulus());
        let mut places = [0; InBase::PLACES];
        let mut used = 0;
        for (chunk, scale) in chunks(number) {
            let mut carry = u128::from(chunk);
            for place in &mut places[..used] {
                let value = u128::from(*place) * u128::from(scale) + carry;
                *place = (value % base) as u64;
                carry = value / base;
            }
            while carry != 0 {
                places[used] = (carry % base) as u64;
                carry /= base;
                used += 1;
            }
        }
        InBase(places)
    }

    /// How often the base divides the number; `None` for zero.
    fn trailing_zeros(&self) -> Option<usize> {
        self.0.iter().position(|&place| place != 0)
    }
}

/// Checks the number of digits. A `most` of 0 is no limit.
fn within<'a>(number: &str, text: &'a str, most: usize) -> Result<(), NumberTextError<'a>> {
    // CPython checks the limit only above this number, and refuses to set a lower limit, except for
    // 0.
    let found = count(number);
    if most == 0 || found <= most.max(640) {
        return Ok(());
    }
    Err(NumberTextError {
        digits: (found, most),
        ..NumberTextError::new(Kind::TooManyDigits, text)
    })
}
