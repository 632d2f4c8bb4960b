//! UTF-8 streamed as one of the three kinds, without a buffer.
//!
//! Eight bytes are loaded into a register, and their top bits are tested together. Characters of
//! one class (ASCII, two, three or four bytes) are converted in parallel. At a change of class, and
//! at the end, characters are converted one at a time.
//!
//! The distance to the next load is always decided by a branch, never computed. The processor
//! predicts a branch, but it would have to wait for a computed distance before it could load the
//! next bytes.
//!
//! No input makes this code panic or read outside of its slice. If the input is not (generalized)
//! UTF-8, the units have no meaning.

use crate::kind::{Kind, order2, order4};
use crate::sink::Sink;
use crate::sip::short;

/// The top bit of each byte, which is set for bytes outside of ASCII.
pub(crate) const NOT_ASCII: u64 = 0x8080_8080_8080_8080;

/// The kind of a text. The largest byte is the lead byte of the widest character, or an ASCII byte.
#[inline]
pub(crate) fn kind(text: &[u8]) -> Kind {
    match text.iter().fold(0, |max, byte| *byte.max(&max)) {
        0..=0xc3 => Kind::Latin1,
        0xc4..=0xef => Kind::Ucs2,
        _ => Kind::Ucs4,
    }
}

/// The next eight bytes. A shorter rest is filled up with zeros.
#[inline(always)]
const fn peek(text: &[u8]) -> u64 {
    match text.first_chunk::<8>() {
        Some(word) => u64::from_le_bytes(*word),
        None => short(text),
    }
}

/// Drops `n` bytes, or all of them if there are fewer (a character that is cut short).
#[inline(always)]
fn skip(text: &[u8], n: usize) -> &[u8] {
    text.get(n..).unwrap_or_default()
}

/// Streams UTF-8 of characters below U+0100 as one byte each.
///
/// Bit 0 of a lead byte (0xC2, 0xC3) is bit 6 of the character. So it is copied to the next byte,
/// and then the lead bytes are removed.
#[inline(always)]
pub(crate) fn latin1<S: Sink>(mut sink: S, mut text: &[u8]) -> S {
    // Bit 6 for the first byte, if the word before ended with a lead byte.
    let mut carry = 0;
    while let Some(word) = text.first_chunk::<8>() {
        let word = u64::from_le_bytes(*word);
        text = &text[8..];
        if (word & NOT_ASCII) == 0 {
            sink.word(word);
            continue;
        }
        let leads = word & word << 1 & NOT_ASCII;
        let bytes = word | (word & leads >> 7) << 14 | carry;
        carry = (word & leads >> 7) >> 56 << 6;
        let (units, bits) = if leads == PAIRS {
            (every_second_byte(bytes >> 8), 32)
        } else {
            without(bytes, leads)
        };
        sink.bits(units, bits);
    }
    for byte in text {
        if *byte >= 0xc0 {
            carry = u64::from(*byte & 1) << 6;
        } else {
            sink.bits(u64::from(*byte) | carry, 8);
            carry = 0;
        }
    }
    sink
}

/// The mark of lead bytes in four characters of two bytes.
const PAIRS: u64 = 0x0080_0080_0080_0080;

#[inline(always)]
const fn every_second_byte(word: u64) -> u64 {
    let pairs = word & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs | pairs >> 8) & 0x0000_ffff_0000_ffff;
    (fours | fours >> 16) & 0xffff_ffff
}

/// Removes the bytes whose top bit is in `marks`: the others move together, with zeros above. Also
/// returns the number of their bits.
#[inline(always)]
const fn without(mut bytes: u64, mut marks: u64) -> (u64, u32) {
    let mut bits = 64;
    while marks != 0 {
        // The highest byte is removed first, so the lower ones do not move.
        let below = u64::MAX >> marks.leading_zeros() >> 8;
        bytes = bytes & below | bytes >> 8 & !below;
        bits -= 8;
        marks &= below;
    }
    (bytes, bits)
}

/// Streams UTF-8 of characters below U+10000 as two bytes each.
#[inline(always)]
pub(crate) fn ucs2<S: Sink, const BIG: bool>(mut sink: S, mut text: &[u8]) -> S {
    while let Some(bytes) = text.first_chunk::<12>() {
        let word = peek(bytes);
        if word & 0xf0 == 0xe0 {
            sink.words(|| {
                let units = four_of_three_bytes(text)?;
                text = &text[12..];
                Some(order2::<BIG>(units))
            });
            // One or two characters before a change of class.
            let word = peek(text);
            let units = order2::<BIG>(three_byte_units(word));
            if is_three_byte_pair(word) {
                sink.bits(units, 32);
                text = skip(text, 6);
            } else if word & 0xf0 == 0xe0 {
                sink.bits(units & 0xffff, 16);
                text = skip(text, 3);
            }
        } else if word & 0xe0 == 0xc0 {
            sink.words(|| {
                let units = four_of_two_bytes(text)?;
                text = &text[8..];
                Some(order2::<BIG>(units))
            });
            let word = peek(text);
            let units = order2::<BIG>(two_byte_units(word));
            if word & 0x00e0_00e0 == 0x00c0_00c0 {
                sink.bits(units & 0xffff_ffff, 32);
                text = skip(text, 4);
            } else if word & 0xe0 == 0xc0 {
                sink.bits(units & 0xffff, 16);
                text = skip(text, 2);
            }
        } else {
            let units = order2::<BIG>(spread4(word as u32));
            if word & 0x8000 != 0 {
                sink.bits(units & 0xffff, 16);
                text = &text[1..];
            } else if word & 0x8080_0000 != 0 {
                sink.bits(units & 0xffff_ffff, 32);
                text = &text[2..];
            } else {
                sink.word(units);
                text = &text[4..];
            }
        }
    }
    while !text.is_empty() {
        let (code_point, taken) = decode(peek(text));
        sink.bits(order2::<BIG>(u64::from(code_point as u16)), 16);
        text = skip(text, taken);
    }
    sink
}

/// Four characters of three bytes as four units; `None` if the next bytes are something else. (The
/// text has no wider characters.)
///
/// Characters 0 and 2 share one register, and 1 and 3 another, with 32 bits for each. Then the bits
/// that have to be shifted together have the same position.
#[inline(always)]
fn four_of_three_bytes(text: &[u8]) -> Option<u64> {
    const LEADS: u64 = 0x0000_00e0_0000_00e0;
    let bytes = text.first_chunk::<12>()?;
    let at = |i: usize| {
        u64::from(u32::from_le_bytes([
            bytes[i],
            bytes[i + 1],
            bytes[i + 2],
            bytes[i + 3],
        ]))
    };
    let even = at(0) | at(6) << 32;
    let odd = at(3) | at(8) >> 8 << 32;
    (even & odd & LEADS == LEADS).then(|| three_byte_lanes(even) | three_byte_lanes(odd) << 16)
}

/// A character of three bytes in each half as a unit in each half.
#[inline(always)]
const fn three_byte_lanes(word: u64) -> u64 {
    (word & 0x0000_000f_0000_000f) << 12
        | word >> 2 & 0x0000_0fc0_0000_0fc0
        | word >> 16 & 0x0000_003f_0000_003f
}

#[inline(always)]
fn four_of_two_bytes(text: &[u8]) -> Option<u64> {
    let word = u64::from_le_bytes(*text.first_chunk()?);
    (word & 0x00e0_00e0_00e0_00e0 == 0x00c0_00c0_00c0_00c0).then(|| two_byte_units(word))
}

/// Two characters of three bytes in the low 48 bits as two units in the low 32 bits.
#[inline(always)]
const fn three_byte_units(word: u64) -> u64 {
    // One mask for all bytes, because it fits into one instruction. It leaves more than four bits
    // of a lead byte, and those are shifted out of the unit.
    const MASK: u64 = 0x3f00_003f;
    let lanes = (word & MASK) << 12 | (word >> 8 & MASK) << 6 | word >> 16 & MASK;
    lanes & 0xffff | lanes >> 8 & 0xffff_0000
}

#[inline(always)]
const fn is_three_byte_pair(word: u64) -> bool {
    word & 0x0000_f000_00f0 == 0x0000_e000_00e0
}

/// Four characters of two bytes as four units of 16 bits.
#[inline(always)]
const fn two_byte_units(word: u64) -> u64 {
    (word & 0x001f_001f_001f_001f) << 6 | word >> 8 & 0x003f_003f_003f_003f
}

/// Four bytes as four units of 16 bits.
#[inline(always)]
const fn spread4(bytes: u32) -> u64 {
    let word = bytes as u64;
    let pairs = (word | word << 16) & 0x0000_ffff_0000_ffff;
    (pairs | pairs << 8) & 0x00ff_00ff_00ff_00ff
}

/// Streams UTF-8 as four bytes for each character.
#[inline(always)]
pub(crate) fn ucs4<S: Sink, const BIG: bool>(mut sink: S, mut text: &[u8]) -> S {
    while let Some(bytes) = text.first_chunk::<8>() {
        let word = u64::from_le_bytes(*bytes);
        if word & 0x8080 == 0 {
            let units = word & 0xff | (word & 0xff00) << 24;
            sink.word(order4::<BIG>(units));
            text = &text[2..];
        } else if word & 0x0000_00f0_0000_00f0 == 0x0000_00f0_0000_00f0 {
            let (first, second) = (four_bytes(word as u32), four_bytes((word >> 32) as u32));
            sink.word(order4::<BIG>(first | second << 32));
            text = &text[8..];
        } else {
            let (code_point, taken) = decode(word);
            sink.bits(order4::<BIG>(code_point.into()), 32);
            text = skip(text, taken);
        }
    }
    while !text.is_empty() {
        let (code_point, taken) = decode(peek(text));
        sink.bits(order4::<BIG>(code_point.into()), 32);
        text = skip(text, taken);
    }
    sink
}

/// The code point of a character of four bytes.
#[inline(always)]
const fn four_bytes(w: u32) -> u64 {
    let code_point = (w & 0x07) << 18 | (w & 0x3f00) << 4 | w >> 10 & 0x0fc0 | w >> 24 & 0x3f;
    code_point as u64
}

/// One character at the front of `word`, and how many bytes it takes.
#[inline(always)]
const fn decode(word: u64) -> (u32, usize) {
    let w = word as u32;
    let (b1, b2) = (w >> 8 & 0x3f, w >> 16 & 0x3f);
    match word as u8 {
        lead @ 0..=0x7f => (lead as u32, 1),
        0x80..=0xdf => ((w & 0x1f) << 6 | b1, 2),
        0xe0..=0xef => ((w & 0x0f) << 12 | b1 << 6 | b2, 3),
        0xf0..=0xff => (four_bytes(w) as u32, 4),
    }
}
