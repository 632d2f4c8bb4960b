//! The syntax of `Decimal(text)` and `Fraction(text)`, and the digits in them.

use crate::unicode::{decimal, is_space};
use crate::width::HashWidth;
use core::iter::from_fn;

/// How many digits are read at a time: as many as fit a word.
const CHUNK: usize = 18;

/// The parts of a `Decimal`'s text.
pub(crate) enum Decimal<'a> {
    Finite(Scientific<'a>),
    Infinity { negative: bool },
    Nan,
    SignalingNan,
}

/// The digits before and after the point, and the exponent of the last digit.
pub(crate) struct Scientific<'a> {
    pub(crate) negative: bool,
    pub(crate) whole: &'a str,
    pub(crate) part: &'a str,
    pub(crate) exponent: i128,
}

impl<'a> Decimal<'a> {
    /// The syntax of `Decimal(text)`. Underscores are ignored anywhere.
    pub(crate) fn parse(text: &'a str) -> Option<Decimal<'a>> {
        let (negative, rest) = sign(skip_underscores(text.trim_matches(is_space)));
        if let Some(rest) = strip_word(rest, "inf") {
            let inity = || strip_word(rest, "inity").is_some_and(str::is_empty);
            let infinity = rest.is_empty() || inity();
            return infinity.then_some(Decimal::Infinity { negative });
        }
        if let Some(payload) = strip_word(rest, "nan") {
            return loose(payload).1.is_empty().then_some(Decimal::Nan);
        }
        if let Some(payload) = strip_word(rest, "snan") {
            return loose(payload).1.is_empty().then_some(Decimal::SignalingNan);
        }
        let (whole, rest) = loose(rest);
        let (part, rest) = match rest.strip_prefix('.') {
            Some(rest) => loose(rest),
            None => ("", rest),
        };
        if count(whole) + count(part) == 0 {
            return None;
        }
        let exponent = match rest.strip_prefix(['e', 'E']) {
            None if rest.is_empty() => 0,
            None => return None,
            Some(rest) => {
                let (negative, rest) = sign(skip_underscores(rest));
                let (exponent, rest) = loose(rest);
                if count(exponent) == 0 || !rest.is_empty() {
                    return None;
                }
                // The exponent saturates far beyond what is allowed.
                let exponent = digits(exponent).fold(0, |e: i128, digit| {
                    (e * 10 + i128::from(digit)).min(i128::from(i64::MAX))
                });
                if negative { -exponent } else { exponent }
            }
        };
        Some(Decimal::Finite(Scientific {
            negative,
            whole,
            part,
            exponent: exponent - count(part) as i128,
        }))
    }
}

impl Scientific<'_> {
    /// Whether `_decimal` on a machine of this width holds it without rounding.
    pub(crate) fn is_exact(&self, width: HashWidth) -> bool {
        let most = match width {
            HashWidth::Bits32 => 425_000_000,
            HashWidth::Bits64 => 999_999_999_999_999_999,
        };
        let all = digits(self.whole).chain(digits(self.part));
        let significant = all.skip_while(|&digit| digit == 0).count().max(1);
        // The exponent of the first digit is at most `most`, and that of the last digit is at least
        // 1 - 2 * most.
        self.exponent + significant as i128 - 1 <= most && self.exponent > -2 * most
    }
}

/// The parts of a `Fraction`'s text. A missing part is empty.
pub(crate) struct Fraction<'a> {
    pub(crate) negative: bool,
    pub(crate) whole: &'a str,
    pub(crate) part: &'a str,
    pub(crate) denominator: &'a str,
    pub(crate) exponent: (bool, &'a str),
}

impl<'a> Fraction<'a> {
    /// The syntax of `Fraction(text)`.
    pub(crate) fn parse(text: &'a str) -> Option<Fraction<'a>> {
        let (negative, rest) = sign(text.trim_matches(is_space));
        let (whole, rest) = grouped(rest);
        let mut fraction = Fraction {
            negative,
            whole,
            part: "",
            denominator: "",
            exponent: (false, ""),
        };
        if let Some(rest) = rest.trim_start_matches(is_space).strip_prefix('/') {
            let (denominator, rest) = grouped(rest.trim_start_matches(is_space));
            fraction.denominator = denominator;
            let whole = !whole.is_empty() && !denominator.is_empty() && rest.is_empty();
            return whole.then_some(fraction);
        }
        let mut rest = rest;
        if let Some(after) = rest.strip_prefix('.') {
            (fraction.part, rest) = grouped(after);
        }
        if whole.is_empty() && fraction.part.is_empty() {
            return None;
        }
        if let Some(after) = rest.strip_prefix(['e', 'E']) {
            let (negative, after) = sign(after);
            let (exponent, after) = grouped(after);
            if exponent.is_empty() {
                return None;
            }
            (fraction.exponent, rest) = ((negative, exponent), after);
        }
        rest.is_empty().then_some(fraction)
    }
}

/// Splits a sign off: whether it is a minus, and the rest.
pub(crate) fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix(['-', '+']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    }
}

/// Splits digits off, with single underscores between them.
pub(crate) fn grouped(text: &str) -> (&str, &str) {
    let (mut end, mut digit_before) = (0, false);
    for (at, c) in text.char_indices() {
        if decimal(c).is_some() {
            (end, digit_before) = (at + c.len_utf8(), true);
        } else if c == '_' && digit_before {
            digit_before = false;
        } else {
            break;
        }
    }
    text.split_at(end)
}

/// Splits digits off, with underscores anywhere.
fn loose(text: &str) -> (&str, &str) {
    let other = |c: char| c != '_' && decimal(c).is_none();
    text.split_at(text.find(other).unwrap_or(text.len()))
}

fn skip_underscores(text: &str) -> &str {
    text.trim_start_matches('_')
}

/// Splits a word off, in upper or lower case, with underscores before, inside and after it.
fn strip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let mut rest = skip_underscores(text);
    for letter in word.chars() {
        let c = rest.chars().next()?;
        if !c.eq_ignore_ascii_case(&letter) {
            return None;
        }
        rest = skip_underscores(&rest[1..]);
    }
    Some(rest)
}

/// The digits of a number, without the underscores.
pub(crate) fn digits(number: &str) -> impl Iterator<Item = u64> {
    number.chars().filter_map(decimal)
}

/// The digits of a number in groups that fit a word, each with ten to the power of its length.
pub(crate) fn chunks(number: &str) -> impl Iterator<Item = (u64, u64)> {
    let mut digits = digits(number);
    from_fn(move || {
        let first = (digits.next()?, 10);
        let more = digits.by_ref().take(CHUNK - 1);
        Some(more.fold(first, |(chunk, scale), digit| {
            (chunk * 10 + digit, scale * 10)
        }))
    })
}

pub(crate) fn count(number: &str) -> usize {
    digits(number).count()
}
