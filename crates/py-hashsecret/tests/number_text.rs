//! Numbers from text where no python is asked: both widths against the numbers that the text means,
//! and texts of every form, right and wrong.
#![cfg(not(loom))]

use proptest::prelude::*;
use py_hashsecret::{HashWidth, NumberTextErrorKind as Kind};
use rstest::rstest;

const WIDTHS: [HashWidth; 2] = [HashWidth::Bits32, HashWidth::Bits64];

/// The limbs of a number, the lowest first.
fn limbs(n: u128) -> [u64; 2] {
    [n as u64, (n >> 64) as u64]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 10 } else { 1000 }))]

    #[test]
    fn the_text_of_an_integer_has_its_hash(n: i128) {
        let text = n.to_string();
        for width in WIDTHS {
            prop_assert_eq!(width.hash_int_text(&text), Ok(width.hash_i128(n)));
        }
    }

    #[test]
    fn the_text_of_a_decimal_has_its_hash(n: i128, places in 0..30_usize, exponent in -2000..2000_i64) {
        let digits = format!("{:031}", n.unsigned_abs());
        let (whole, part) = digits.split_at(digits.len() - places);
        let sign = if n < 0 { "-" } else { "" };
        let text = format!("{sign}{whole}.{part}e{exponent}");
        for width in WIDTHS {
            let hash = width.hash_decimal(n < 0, &limbs(n.unsigned_abs()), exponent - places as i64);
            prop_assert_eq!(width.hash_decimal_text(&text, 0), Ok(hash));
            // The same number is the same `Fraction`.
            prop_assert_eq!(width.hash_fraction_text(&text), Ok(hash));
        }
    }

    /// `common` may be a multiple of the modulus, which is then cancelled.
    #[test]
    fn a_fraction_has_its_hash_in_whatever_terms(
        a in 0..1_u128 << 58,
        b in 1..1_u128 << 58,
        common in 1..100_u128,
        negative: bool,
    ) {
        let sign = if negative { "-" } else { "" };
        for width in WIDTHS {
            let hash = width.hash_fraction(negative, &limbs(a), &limbs(b));
            for common in [common, common * u128::from(width.modulus())] {
                let text = format!("{sign}{} / {}", a * common, b * common);
                prop_assert_eq!(width.hash_fraction_text(&text), Ok(hash), "{}", text);
            }
        }
    }

    #[test]
    fn no_text_panics_and_an_error_keeps_it(text in "[ \t\u{1c}\0_+\\-.eE/0-9nNaAsSiIfFtTyY'\u{663}x]{0,24}|.{0,12}") {
        for width in WIDTHS {
            let hashes = [
                width.hash_int_text(&text),
                width.hash_decimal_text(&text, 0),
                width.hash_fraction_text(&text),
            ];
            for error in hashes.into_iter().filter_map(Result::err) {
                prop_assert_eq!(error.text(), &text);
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }
}

/// What 3.14 says, word for word.
#[rstest]
#[case("", Kind::Int, "invalid literal for int() with base 10: ''")]
#[case("1__0", Kind::Int, "invalid literal for int() with base 10: '1__0'")]
#[case(
    "\u{1c}7",
    Kind::Int,
    "invalid literal for int() with base 10: '\\x1c7'"
)]
#[case("7\0", Kind::Int, "invalid literal for int() with base 10: '7\\x00'")]
#[case("it's", Kind::Int, "invalid literal for int() with base 10: \"it's\"")]
fn int_refuses_in_cpythons_words(#[case] text: &str, #[case] kind: Kind, #[case] words: &str) {
    let error = HashWidth::Bits64.hash_int_text(text).unwrap_err();
    assert_eq!((error.kind(), error.to_string()), (kind, words.to_owned()));
}

#[rstest]
#[case("1_/2", Kind::Fraction, "Invalid literal for Fraction: '1_/2'")]
#[case("1/-2", Kind::Fraction, "Invalid literal for Fraction: '1/-2'")]
#[case("1e_1", Kind::Fraction, "Invalid literal for Fraction: '1e_1'")]
#[case(" -0_07 / 0", Kind::ZeroDenominator, "Fraction(-7, 0)")]
fn fraction_refuses_in_cpythons_words(#[case] text: &str, #[case] kind: Kind, #[case] words: &str) {
    let error = HashWidth::Bits64.hash_fraction_text(text).unwrap_err();
    assert_eq!((error.kind(), error.to_string()), (kind, words.to_owned()));
}

/// The ends of what `_decimal` holds without rounding, of either width.
#[rstest]
#[case(HashWidth::Bits32, 425_000_000)]
#[case(HashWidth::Bits64, 999_999_999_999_999_999)]
fn decimal_refuses_what_it_would_round(#[case] width: HashWidth, #[case] most: i64) {
    for (digits, exponent, fits) in [
        ("1", most, true),
        ("1", most + 1, false),
        ("12", most, false),
        ("12", most - 1, true),
        ("1", 1 - 2 * most, true),
        ("1", -2 * most, false),
        ("0.1", 1 - 2 * most, false),
    ] {
        let text = format!("{digits}e{exponent}");
        let hash = width.hash_decimal_text(&text, 0);
        let refused = hash.err().map(|error| error.kind());
        assert_eq!(refused, (!fits).then_some(Kind::DecimalRange), "{text}");
    }
}
