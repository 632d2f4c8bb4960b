//! One value of any kind that CPython hashes, under any secret.

mod model;
mod value;

use crate::python::{ask, hex};
use arbitrary::{Arbitrary, Unstructured};
use py_hashsecret::{
    HashSecret, NumberTextError, hash_complex, hash_decimal, hash_decimal_text, hash_f64,
    hash_fraction, hash_fraction_text, hash_int_text, hash_limbs, keyed_hash,
};
use value::Value;

/// A code point of each width, surrogates among them.
#[derive(Clone, Copy, Debug)]
struct Point(u32);

impl<'a> Arbitrary<'a> for Point {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Point> {
        let (width, n) = u.arbitrary::<(u8, u16)>()?;
        Ok(Point(match width % 8 {
            0..=2 => u32::from(n) % 0x80,
            3 | 4 => u32::from(n) % 0x100,
            5 | 6 => u32::from(n),
            _ => 0x1_0000 + u32::from(n) * 16,
        }))
    }
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Secret {
    Seed(u32),
    Bytes([u8; 24]),
}

impl Secret {
    fn get(self) -> HashSecret {
        match self {
            Secret::Seed(seed) => HashSecret::from_seed(seed),
            Secret::Bytes(bytes) => HashSecret::from_bytes(bytes),
        }
    }
}

/// A limb of a number, often one at which the arithmetic is special.
#[derive(Clone, Copy, Debug)]
struct Limb(u64);

impl<'a> Arbitrary<'a> for Limb {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Limb> {
        let shape = u.arbitrary::<u8>()?;
        Ok(Limb(match shape % 8 {
            0 => model::P.wrapping_mul(1 + u64::from(shape / 8 % 8)),
            1 => 1 << (shape / 4),
            2 => u64::MAX - u64::from(shape / 8),
            3 => u64::from(shape / 8),
            _ => u.arbitrary()?,
        }))
    }
}

/// Text in which numbers are likely.
#[derive(Debug)]
struct NumberText(String);

impl<'a> Arbitrary<'a> for NumberText {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<NumberText> {
        const SIGNS: &str =
            "0123456789+-_./eEnNaAiIfFsStTyY xX\t\n\u{a0}\u{2003}\u{663}\u{ff17}é'\\\"";
        let signs: Vec<char> = SIGNS.chars().collect();
        let len = u.arbitrary_len::<u8>()?.min(60);
        let text = (0..len).map(|_| u.choose(&signs).copied());
        Ok(NumberText(text.collect::<Result<_, _>>()?))
    }
}

#[derive(Arbitrary, Debug)]
enum Question {
    Text(Secret, Vec<Point>),
    Bytes(Secret, Vec<u8>),
    Source(i64, Vec<u8>),
    Int(bool, Vec<Limb>),
    Float(Limb),
    Complex(Limb, Limb),
    Fraction(bool, Limb, Limb),
    Decimal(bool, Limb, Limb, i16),
    Value(Secret, Value),
    IntText(NumberText),
    DecimalText(NumberText),
    FractionText(NumberText),
}

/// The model's answer and, if there is one, the live python's.
fn is(ours: isize, modelled: i64, question: impl FnOnce() -> String) {
    assert_eq!(ours as i64, modelled, "{}", question());
    if std::env::var_os("PYTHON_ORACLE").is_some() {
        let question = question();
        assert_eq!(ask(&question), Some(ours.to_string()), "{question}");
    }
}

/// The double of these bits, or another if that is not a number: CPython hashes those by their address.
fn number(Limb(bits): Limb) -> f64 {
    let x = f64::from_bits(bits);
    if x.is_nan() { f64::INFINITY } else { x }
}

fn sign(negative: bool) -> &'static str {
    if negative { "-" } else { "" }
}

fn text(secret: Secret, points: &[Point]) {
    let secret = secret.get();
    let points: Vec<u32> = points.iter().map(|p| p.0).collect();
    let hash = secret.hash_ucs4(&points);
    let modelled = model::text(&secret, &points);
    is(hash, modelled, || {
        let units: Vec<u8> = points.iter().flat_map(|c| c.to_be_bytes()).collect();
        format!("str {} {}", hex(secret.as_bytes()), hex(&units))
    });
    assert_eq!(secret.hash_code_points(points.iter().copied()), hash);
    let characters: Option<String> = points.iter().map(|c| char::from_u32(*c)).collect();
    if let Some(text) = characters {
        assert_eq!(secret.hash_str(&text), hash);
        assert_eq!(secret.hash_wtf8(text.as_bytes()), Ok(hash));
    }
    let narrow: Result<Vec<u8>, _> = points.iter().map(|c| u8::try_from(*c)).collect();
    if let Ok(narrow) = narrow {
        assert_eq!(secret.hash_latin1(&narrow), hash);
    }
    let middle: Result<Vec<u16>, _> = points.iter().map(|c| u16::try_from(*c)).collect();
    if let Ok(middle) = middle {
        assert_eq!(secret.hash_ucs2(&middle), hash);
    }
}

fn bytes(secret: Secret, data: &[u8]) {
    let secret = secret.get();
    let hash = secret.hash_bytes(data);
    is(hash, model::bytes(&secret, data), || {
        format!("bytes {} {}", hex(secret.as_bytes()), hex(data))
    });
    let mut many = [0; 3];
    secret.hash_many(&[data, &data[data.len() / 2..], data], &mut many);
    assert_eq!(
        many,
        [hash, secret.hash_bytes(&data[data.len() / 2..]), hash]
    );
}

fn fraction(negative: bool, Limb(n): Limb, Limb(d): Limb) {
    let (mut a, mut b) = (n, d.max(1));
    while b != 0 {
        (a, b) = (b, a % b);
    }
    let (n, d) = (n / a, d.max(1) / a);
    let hash = hash_fraction(negative, &[n], &[d]);
    is(hash, model::fraction(negative, n, d), || {
        format!("fraction {}{n:x} {d:x}", sign(negative))
    });
}

/// What stands for a hash if the text is not a number's: -1 is no hash.
const NAN: isize = -1;

/// The question has no model: only the live python says what is a number, and why another is not.
fn of_text(name: &str, text: &str, ours: Result<isize, NumberTextError<'_>>) {
    let ours = match ours {
        Ok(NAN) => "nan".to_owned(),
        Ok(hash) => hash.to_string(),
        Err(error) => format!("{}: {error}", error.exception()),
    };
    // It would count as far as that.
    let exponent = text
        .to_lowercase()
        .rsplit_once('e')
        .map_or(0, |(_, rest)| rest.len());
    if exponent > 4 && name == "fraction-text" {
        return;
    }
    if let Some(theirs) = ask(&format!("{name} {}", hex(text.as_bytes()))) {
        assert_eq!(ours, theirs, "{name} {text:?}");
    }
}

/// One question.
pub fn run(data: &[u8]) {
    let question = Question::arbitrary_take_rest(Unstructured::new(data));
    let Ok(question) = question else { return };
    if usize::BITS != 64 {
        // The model is a 64-bit CPython.
        return;
    }
    match question {
        Question::Text(secret, points) => text(secret, &points),
        Question::Bytes(secret, data) => bytes(secret, &data),
        Question::Source(key, data) => {
            let hash = keyed_hash(key as u64, &data);
            assert_eq!(hash, model::keyed((key as u64, 0), &data));
            if let Some(theirs) = ask(&format!("source {key} {}", hex(&data))) {
                assert_eq!(hash.to_string(), theirs);
            }
        }
        Question::Int(negative, limbs) => {
            let limbs: Vec<u64> = limbs.iter().map(|limb| limb.0).collect();
            let hash = hash_limbs(negative, &limbs);
            is(hash, model::int(negative, &limbs), || {
                let digits = limbs.iter().rev().map(|limb| format!("{limb:016x}"));
                format!("int {}0{}", sign(negative), digits.collect::<String>())
            });
        }
        Question::Float(bits) => {
            let x = number(bits);
            is(hash_f64(x, 0), model::float(x), || {
                format!("float {:016x}", x.to_bits())
            });
            assert_eq!(hash_f64(f64::NAN, 77), 77);
        }
        Question::Complex(re, im) => {
            let (re, im) = (number(re), number(im));
            is(hash_complex(re, im, 0), model::complex(re, im), || {
                format!("complex {:016x} {:016x}", re.to_bits(), im.to_bits())
            });
        }
        Question::Fraction(negative, n, d) => fraction(negative, n, d),
        Question::Decimal(negative, Limb(low), Limb(high), exponent) => {
            let hash = hash_decimal(negative, &[low, high], exponent.into());
            is(
                hash,
                model::decimal(negative, &[low, high], exponent),
                || {
                    format!(
                        "decimal {} {high:x}{low:016x} {exponent}",
                        u8::from(negative)
                    )
                },
            );
        }
        Question::Value(secret, value) => {
            let secret = secret.get();
            let hash = secret.hash_value(&value);
            if !value.can_be_asked() {
                assert_eq!(hash as i64, value.modelled(&secret), "{value:?}");
                return;
            }
            is(hash, value.modelled(&secret), || {
                let mut document = String::new();
                value.write(&mut document);
                format!(
                    "value {} {}",
                    hex(secret.as_bytes()),
                    hex(document.as_bytes())
                )
            });
        }
        Question::IntText(NumberText(text)) => of_text("int-text", &text, hash_int_text(&text)),
        Question::DecimalText(NumberText(text)) => {
            of_text("decimal-text", &text, hash_decimal_text(&text, NAN));
        }
        Question::FractionText(NumberText(text)) => {
            of_text("fraction-text", &text, hash_fraction_text(&text));
        }
    }
}
