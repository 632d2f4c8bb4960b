//! `PYTHONHASHSEED` as text: CPython's rules, case by case.
#![cfg(not(loom))]

use py_hashsecret::ParseHashSeedErrorKind::{NotANumber, OutOfRange, TrailingData};
use py_hashsecret::{
    HashSecret, HashSeed, ParseHashSeedError, ParseHashSeedErrorKind, UnsignedLong,
};
use rstest::rstest;

/// The value of a Python bytes literal, with `..xN..` for a digit repeated to N characters.
fn literal(text: &str) -> Vec<u8> {
    let unquote = |text: &str| {
        let text = text.strip_prefix("b'").unwrap().strip_suffix('\'').unwrap();
        let mut out = Vec::new();
        let mut chars = text.bytes();
        while let Some(c) = chars.next() {
            out.push(match c {
                b'\\' => match chars.next().unwrap() {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'x' => {
                        let digits = [chars.next().unwrap(), chars.next().unwrap()];
                        u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                    }
                    other => panic!("\\{}", char::from(other)),
                },
                c => c,
            });
        }
        out
    };
    let parts: Vec<&str> = text.split("..").collect();
    match parts[..] {
        [whole] => unquote(whole),
        [head, times, last] => {
            let times: usize = times.strip_prefix('x').unwrap().parse().unwrap();
            let last = unquote(last);
            let mut out = vec![unquote(head)[0]; times - last.len()];
            out.extend(last);
            out
        }
        _ => panic!("{text}"),
    }
}

/// Each line of the golden file: accepted or refused, the flag, and the secret's first bytes.
#[test]
fn the_golden_strings_are_read_as_cpython_reads_them() {
    let lines = include_str!("data/pythonhashseed-strings.tsv").lines();
    let mut count = 0;
    for line in lines {
        let fields: Vec<&str> = line.split('\t').collect();
        let value = literal(fields[0]);
        let found = HashSeed::parse(&value);
        match fields[1..] {
            ["fatal"] => assert!(found.is_err(), "{line}: {found:?}"),
            ["ok", facts] => {
                let (flag, prefix) = facts.split_once(' ').unwrap();
                let seed = found.unwrap_or_else(|_| panic!("{line}"));
                let randomized = format!("hash_randomization={}", u8::from(seed.is_randomized()));
                assert_eq!(flag, randomized, "{line}");
                if let HashSeed::Fixed(seed) = seed {
                    let bytes = HashSecret::from_seed(seed);
                    let hex: String = bytes.as_bytes()[..8]
                        .iter()
                        .map(|byte| format!("{byte:02x}"))
                        .collect();
                    assert_eq!(prefix, format!("secret_prefix={hex}"), "{line}");
                }
                assert_eq!(
                    seed == HashSeed::Random,
                    matches!(&value[..], b"" | b"random")
                );
            }
            _ => panic!("{line}"),
        }
        count += 1;
    }
    assert_eq!(count, 44);
}

#[rstest]
#[case("0", 0)]
#[case("00", 0)]
#[case("+0", 0)]
#[case("-0", 0)]
#[case("42", 42)]
#[case("042", 42)]
#[case("0042", 42)]
#[case("+1", 1)]
#[case("  42", 42)]
#[case(" \t\n\x0b\x0c\r +7", 7)]
#[case("\n-0", 0)]
#[case("4294967295", u32::MAX)]
#[case("+4294967295", u32::MAX)]
#[case("04294967295", u32::MAX)]
#[case("-18446744073709551615", 1)]
#[case("-18446744073709551574", 42)]
#[case("-18446744069414584321", u32::MAX)]
#[case(" -018446744073709551615", 1)]
fn accepted(#[case] value: &str, #[case] seed: u32) {
    assert_eq!(HashSeed::parse(value.as_bytes()), Ok(HashSeed::Fixed(seed)));
    assert_eq!(value.parse(), Ok(HashSeed::Fixed(seed)));
}

#[rstest]
#[case::blank(" ", NotANumber)]
#[case::blanks(" \t\n", NotANumber)]
#[case::plus("+", NotANumber)]
#[case::minus("-", NotANumber)]
#[case::two_signs("++1", NotANumber)]
#[case::minus_minus("--1", NotANumber)]
#[case::plus_minus("+-1", NotANumber)]
#[case::blank_after_sign("+ 1", NotANumber)]
#[case::word("abc", NotANumber)]
#[case::none("None", NotANumber)]
#[case::upper("RANDOM", NotANumber)]
#[case::title("Random", NotANumber)]
#[case::trailing_blank_random("random ", NotANumber)]
#[case::leading_blank_random(" random", NotANumber)]
#[case::random_and_more("randomx", NotANumber)]
#[case::less_than_random("rando", NotANumber)]
#[case::fullwidth_digit("１", NotANumber)]
#[case::arabic_digit("٣", NotANumber)]
#[case::nbsp("\u{a0}1", NotANumber)]
#[case::em_space("\u{2003}1", NotANumber)]
#[case::file_separator("\x1c1", NotANumber)]
#[case::nul("\x001", NotANumber)]
#[case::trailing("42 ", TrailingData)]
#[case::newline("42\n", TrailingData)]
#[case::trailing_nul("42\0", TrailingData)]
#[case::hexadecimal("0x2a", TrailingData)]
#[case::hex_prefix("0x", TrailingData)]
#[case::binary("0b1", TrailingData)]
#[case::octal("0o7", TrailingData)]
#[case::exponent("1e3", TrailingData)]
#[case::float("1.0", TrailingData)]
#[case::underscore("1_000", TrailingData)]
#[case::suffix("1L", TrailingData)]
#[case::word_after("42abc", TrailingData)]
#[case::sign_after("1-", TrailingData)]
#[case::nbsp_after("1\u{a0}", TrailingData)]
#[case::minus_one("-1", OutOfRange)]
#[case::minus_max("-4294967295", OutOfRange)]
#[case::minus_max_1("-4294967296", OutOfRange)]
#[case::i64_min("-9223372036854775808", OutOfRange)]
#[case::just_below_the_wrap("-18446744069414584320", OutOfRange)]
#[case::max_1("4294967296", OutOfRange)]
#[case::u64_max("18446744073709551615", OutOfRange)]
#[case::u64_max_1("18446744073709551616", OutOfRange)]
#[case::u64_max_2("18446744073709551617", OutOfRange)]
#[case::minus_u64_max_1("-18446744073709551616", OutOfRange)]
#[case::minus_u64_max_2("-18446744073709551617", OutOfRange)]
#[case::many("99999999999999999999999", OutOfRange)]
fn refused(#[case] value: &str, #[case] kind: ParseHashSeedErrorKind) {
    let error = HashSeed::parse(value.as_bytes()).unwrap_err();
    assert_eq!(error.kind(), kind);
    assert_eq!(value.parse::<HashSeed>(), Err(error));
}

#[test]
fn empty_and_random_are_random() {
    for value in ["", "random"] {
        assert_eq!(HashSeed::parse(value.as_bytes()), Ok(HashSeed::Random));
    }
}

#[test]
fn any_count_of_zeros_may_lead_and_any_count_of_nines_is_too_much() {
    let most = if cfg!(miri) { 2000 } else { 100_000 };
    for zeros in [1, 10, 20, most / 20, most] {
        let zeros = "0".repeat(zeros);
        assert_eq!(HashSeed::parse(zeros.as_bytes()), Ok(HashSeed::Fixed(0)));
        let value = zeros.clone() + "9";
        assert_eq!(HashSeed::parse(value.as_bytes()), Ok(HashSeed::Fixed(9)));
        let value = "-".to_owned() + &zeros + "18446744073709551615";
        assert_eq!(HashSeed::parse(value.as_bytes()), Ok(HashSeed::Fixed(1)));
    }
    let error = HashSeed::parse("9".repeat(most / 20).as_bytes()).unwrap_err();
    assert_eq!(error.kind(), OutOfRange);
}

/// Bytes that are not UTF-8 are refused, not a panic.
#[test]
fn bytes_outside_of_utf8_are_refused() {
    for (value, kind) in [
        (&b"\xa01"[..], NotANumber),
        (b"1\xff", TrailingData),
        (b"\xff", NotANumber),
        (b"\x80\x80", NotANumber),
        (b"1\xc2\xa0", TrailingData),
    ] {
        assert_eq!(HashSeed::parse(value).unwrap_err().kind(), kind);
    }
}

/// Windows and 32-bit machines: negative numbers wrap at 2^32, and more than 2^32 - 1 is ERANGE.
#[rstest]
#[case("-1", Ok(u32::MAX))]
#[case("-4294967295", Ok(1))]
#[case("-4294967254", Ok(42))]
#[case("-0", Ok(0))]
#[case("4294967295", Ok(u32::MAX))]
#[case("-4294967296", Err(OutOfRange))]
#[case("4294967296", Err(OutOfRange))]
#[case("-18446744073709551615", Err(OutOfRange))]
#[case("18446744073709551616", Err(OutOfRange))]
#[case("1 ", Err(TrailingData))]
#[case("- 1", Err(NotANumber))]
fn a_32_bit_unsigned_long_wraps_sooner(
    #[case] value: &str,
    #[case] expected: Result<u32, ParseHashSeedErrorKind>,
) {
    let found = HashSeed::parse_with(value.as_bytes(), UnsignedLong::Bits32);
    let expected = expected.map(HashSeed::Fixed);
    assert_eq!(found.map_err(|e| e.kind()), expected);
}

#[test]
fn every_refusal_says_cpythons_sentence() {
    let sentence = "PYTHONHASHSEED must be \"random\" or an integer in range [0; 4294967295]";
    for value in ["abc", "1 ", "-1"] {
        let error: ParseHashSeedError = value.parse::<HashSeed>().unwrap_err();
        assert_eq!(error.to_string(), sentence);
    }
}

#[test]
fn only_seed_0_is_not_randomized() {
    assert!(HashSeed::Random.is_randomized());
    assert!(!HashSeed::Fixed(0).is_randomized());
    for seed in [1, 42, 1 << 24, u32::MAX] {
        assert!(HashSeed::Fixed(seed).is_randomized());
    }
}

#[test]
fn parsing_works_at_compile_time() {
    const SEED: Result<HashSeed, ParseHashSeedError> = HashSeed::parse(b" 42");
    assert_eq!(SEED, Ok(HashSeed::Fixed(42)));
    const { assert!(HashSeed::parse(b"").is_ok()) };
}
