//! The three kinds of PEP 393, and how text in other forms is streamed as one of them.
//!
//! `BIG` says whether units of two and four bytes go in with their high byte first, as they lie in
//! the memory of a big-endian machine.
//!
//! The readers of UTF-8 take eight bytes into a register and look at the top bits of all of them:
//! runs of one class of characters (ASCII, two bytes, three bytes, four bytes) are turned into
//! units in parallel; where classes mix, one character goes at a time. They never read past their
//! slice and never panic, whatever the bytes; for what is not (generalized) UTF-8 the units mean
//! nothing.

use crate::sink::Sink;
use crate::sip::short;

/// Whether this machine stores the high byte first.
pub(crate) const BIG: bool = cfg!(target_endian = "big");

/// How many bytes CPython stores for each character of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Latin1 = 1,
    Ucs2 = 2,
    Ucs4 = 4,
}

impl Kind {
    /// The kind that a text with this widest code point is stored in.
    pub(crate) const fn of_widest(code_point: u32) -> Kind {
        match code_point {
            0..=0xff => Kind::Latin1,
            0x100..=0xffff => Kind::Ucs2,
            _ => Kind::Ucs4,
        }
    }
}

/// The kind of a text in UTF-8. The largest byte is the widest lead byte, or below them all.
#[inline]
pub(crate) fn of_utf8(text: &[u8]) -> Kind {
    match text.iter().fold(0, |max, byte| *byte.max(&max)) {
        0..=0xc3 => Kind::Latin1,
        0xc4..=0xef => Kind::Ucs2,
        _ => Kind::Ucs4,
    }
}

/// Two-byte units in memory order: four in a word.
#[inline(always)]
const fn order2<const BIG: bool>(units: u64) -> u64 {
    const LOW: u64 = 0x00ff_00ff_00ff_00ff;
    if BIG {
        (units & LOW) << 8 | units >> 8 & LOW
    } else {
        units
    }
}

/// Four-byte units in memory order: two in a word.
#[inline(always)]
const fn order4<const BIG: bool>(units: u64) -> u64 {
    if BIG {
        units.swap_bytes().rotate_left(32)
    } else {
        units
    }
}

/// One character at the front of `word`, and how many bytes it takes.
#[inline(always)]
const fn decode(word: u64) -> (u32, usize) {
    let w = word as u32;
    let (b1, b2, b3) = (w >> 8 & 0x3f, w >> 16 & 0x3f, w >> 24 & 0x3f);
    match word as u8 {
        lead @ 0..=0x7f => (lead as u32, 1),
        0x80..=0xdf => ((w & 0x1f) << 6 | b1, 2),
        0xe0..=0xef => ((w & 0x0f) << 12 | b1 << 6 | b2, 3),
        0xf0..=0xff => ((w & 0x07) << 18 | b1 << 12 | b2 << 6 | b3, 4),
    }
}

/// The next eight bytes, or what is left with zeros after it.
#[inline(always)]
const fn peek(text: &[u8]) -> u64 {
    match text.first_chunk::<8>() {
        Some(word) => u64::from_le_bytes(*word),
        None => short(text),
    }
}

/// Drops `n` bytes (all of them if a character is cut short).
#[inline(always)]
fn skip(text: &[u8], n: usize) -> &[u8] {
    text.get(n..).unwrap_or_default()
}

/// Four two-byte characters in UTF-8 as four units of 16 bits.
#[inline(always)]
const fn two_byte_units(word: u64) -> u64 {
    (word & 0x001f_001f_001f_001f) << 6 | word >> 8 & 0x003f_003f_003f_003f
}

#[inline(always)]
const fn is_two_byte_run(word: u64) -> bool {
    word & 0x00e0_00e0_00e0_00e0 == 0x00c0_00c0_00c0_00c0
}

/// Two three-byte characters in the low 48 bits as two units in the low 32 bits.
#[inline(always)]
const fn three_byte_units(word: u64) -> u64 {
    let lanes = (word & 0x0000_0f00_000f) << 12
        | (word & 0x003f_0000_3f00) >> 2
        | (word & 0x3f00_003f_0000) >> 16;
    lanes & 0xffff | lanes >> 8 & 0xffff_0000
}

#[inline(always)]
const fn is_three_byte_pair(word: u64) -> bool {
    word & 0x0000_f000_00f0 == 0x0000_e000_00e0
}

/// Streams UTF-8 of characters below U+0100 as one byte each.
pub(crate) fn latin1_from_utf8<S: Sink>(sink: &mut S, mut text: &[u8]) {
    const NOT_ASCII: u64 = 0x8080_8080_8080_8080;
    while let Some(word) = text.first_chunk::<8>() {
        let word = u64::from_le_bytes(*word);
        let ascii = (word & NOT_ASCII).trailing_zeros() / 8;
        if ascii == 8 {
            sink.word(word);
            text = &text[8..];
        } else if is_two_byte_run(word) {
            let units = two_byte_units(word);
            let pairs = (units | units >> 8) & 0x0000_ffff_0000_ffff;
            sink.bits((pairs | pairs >> 16) & 0xffff_ffff, 32);
            text = &text[8..];
        } else if ascii > 0 {
            sink.bits(word & ((1 << (8 * ascii)) - 1), 8 * ascii);
            text = &text[ascii as usize..];
        } else {
            sink.bits(u64::from(decode(word).0 as u8), 8);
            text = &text[2..];
        }
    }
    while !text.is_empty() {
        let (code_point, bytes) = decode(peek(text));
        sink.bits(u64::from(code_point as u8), 8);
        text = skip(text, bytes);
    }
}

/// Streams UTF-8 of characters below U+10000 as two bytes each.
pub(crate) fn ucs2_from_utf8<S: Sink, const BIG: bool>(sink: &mut S, mut text: &[u8]) {
    while let Some(bytes) = text.first_chunk::<12>() {
        let word = peek(bytes);
        let taken = if is_three_byte_pair(word) {
            let next = peek(&bytes[4..]) >> 16;
            if is_three_byte_pair(next) {
                let units = three_byte_units(word) | three_byte_units(next) << 32;
                sink.word(order2::<BIG>(units));
                12
            } else {
                sink.bits(order2::<BIG>(three_byte_units(word)), 32);
                6
            }
        } else if word & 0x8080_8080 == 0 {
            sink.word(order2::<BIG>(spread4(word as u32)));
            4
        } else if is_two_byte_run(word) {
            sink.word(order2::<BIG>(two_byte_units(word)));
            8
        } else {
            unit2::<S, BIG>(sink, word)
        };
        text = &text[taken..];
    }
    while !text.is_empty() {
        let taken = unit2::<S, BIG>(sink, peek(text));
        text = skip(text, taken);
    }
}

/// Streams the character at the front of `word`; returns the bytes that it took.
#[inline(always)]
fn unit2<S: Sink, const BIG: bool>(sink: &mut S, word: u64) -> usize {
    let (code_point, bytes) = decode(word);
    sink.bits(order2::<BIG>(u64::from(code_point as u16)), 16);
    bytes
}

/// Four bytes as four units of 16 bits.
#[inline(always)]
const fn spread4(bytes: u32) -> u64 {
    let word = bytes as u64;
    let pairs = (word | word << 16) & 0x0000_ffff_0000_ffff;
    (pairs | pairs << 8) & 0x00ff_00ff_00ff_00ff
}

/// Streams UTF-8 as four bytes for each character.
pub(crate) fn ucs4_from_utf8<S: Sink, const BIG: bool>(sink: &mut S, mut text: &[u8]) {
    while let Some(bytes) = text.first_chunk::<8>() {
        let word = u64::from_le_bytes(*bytes);
        let taken = if word & 0x8080_8080 == 0 {
            let units = spread4(word as u32);
            sink.word(order4::<BIG>(units & 0xffff | (units & 0xffff_0000) << 16));
            let units = units >> 32;
            sink.word(order4::<BIG>(units & 0xffff | (units & 0xffff_0000) << 16));
            4
        } else if word & 0x0000_00f0_0000_00f0 == 0x0000_00f0_0000_00f0 {
            let (a, b) = (decode(word).0, decode(word >> 32).0);
            sink.word(order4::<BIG>(u64::from(a) | u64::from(b) << 32));
            8
        } else {
            unit4::<S, BIG>(sink, word)
        };
        text = &text[taken..];
    }
    while !text.is_empty() {
        let taken = unit4::<S, BIG>(sink, peek(text));
        text = skip(text, taken);
    }
}

/// Streams the character at the front of `word`; returns the bytes that it took.
#[inline(always)]
fn unit4<S: Sink, const BIG: bool>(sink: &mut S, word: u64) -> usize {
    let (code_point, bytes) = decode(word);
    put4::<S, BIG>(sink, code_point);
    bytes
}

#[inline(always)]
fn put4<S: Sink, const BIG: bool>(sink: &mut S, code_point: u32) {
    let unit = if BIG {
        code_point.swap_bytes()
    } else {
        code_point
    };
    sink.bits(u64::from(unit), 32);
}

/// Streams text in UCS-2 in the narrowest kind that holds it.
pub(crate) fn from_ucs2<S: Sink, const BIG: bool>(sink: &mut S, units: &[u16]) {
    if units.iter().all(|unit| *unit < 0x100) {
        let mut words = units.chunks_exact(8);
        for eight in &mut words {
            let word = eight.iter().rev().fold(0, |w, u| w << 8 | u64::from(*u));
            sink.word(word);
        }
        for unit in words.remainder() {
            sink.bits(u64::from(*unit), 8);
        }
        return;
    }
    let mut words = units.chunks_exact(4);
    for four in &mut words {
        let word = four.iter().rev().fold(0, |w, u| w << 16 | u64::from(*u));
        sink.word(order2::<BIG>(word));
    }
    for unit in words.remainder() {
        sink.bits(order2::<BIG>(u64::from(*unit)), 16);
    }
}

/// Streams code points in the narrowest kind that holds them.
pub(crate) fn from_code_points<S: Sink, const BIG: bool>(
    sink: &mut S,
    code_points: impl Iterator<Item = u32> + Clone,
) {
    match Kind::of_widest(code_points.clone().max().unwrap_or(0)) {
        Kind::Latin1 => code_points.for_each(|c| sink.bits(u64::from(c), 8)),
        Kind::Ucs2 => code_points.for_each(|c| sink.bits(order2::<BIG>(u64::from(c)), 16)),
        Kind::Ucs4 => code_points.for_each(|c| put4::<S, BIG>(sink, c)),
    }
}
