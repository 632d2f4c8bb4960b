//! The three kinds of PEP 393, and the streaming of text that is not UTF-8 as one of them.
//!
//! `BIG` says whether units of two and four bytes are hashed with their high byte first, as a
//! big-endian machine stores them.

use crate::sink::Sink;

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
    /// The kind in which CPython stores a text with this widest code point.
    pub(crate) const fn of_widest(code_point: u32) -> Kind {
        match code_point {
            0..=0xff => Kind::Latin1,
            0x100..=0xffff => Kind::Ucs2,
            _ => Kind::Ucs4,
        }
    }
}

/// Two-byte units in memory order: four in a word.
#[inline(always)]
pub(crate) const fn order2<const BIG: bool>(units: u64) -> u64 {
    const LOW: u64 = 0x00ff_00ff_00ff_00ff;
    if BIG {
        (units & LOW) << 8 | units >> 8 & LOW
    } else {
        units
    }
}

/// Four-byte units in memory order: two in a word.
#[inline(always)]
pub(crate) const fn order4<const BIG: bool>(units: u64) -> u64 {
    if BIG {
        units.swap_bytes().rotate_left(32)
    } else {
        units
    }
}

/// Streams text in UCS-2 in the narrowest kind that holds it.
pub(crate) fn from_ucs2<S: Sink, const BIG: bool>(mut sink: S, units: &[u16]) -> S {
    if units.iter().all(|unit| *unit < 0x100) {
        let mut words = units.chunks_exact(8);
        for eight in &mut words {
            let word = eight.iter().rev().fold(0, |w, u| w << 8 | u64::from(*u));
            sink.word(word);
        }
        for unit in words.remainder() {
            sink.bits(u64::from(*unit), 8);
        }
        return sink;
    }
    let mut words = units.chunks_exact(4);
    for four in &mut words {
        let word = four.iter().rev().fold(0, |w, u| w << 16 | u64::from(*u));
        sink.word(order2::<BIG>(word));
    }
    for unit in words.remainder() {
        sink.bits(order2::<BIG>(u64::from(*unit)), 16);
    }
    sink
}

/// Streams code points in the narrowest kind that holds them.
pub(crate) fn from_code_points<S: Sink, const BIG: bool>(
    mut sink: S,
    code_points: impl Iterator<Item = u32> + Clone,
) -> S {
    match Kind::of_widest(code_points.clone().max().unwrap_or(0)) {
        Kind::Latin1 => code_points.for_each(|c| sink.bits(u64::from(c), 8)),
        Kind::Ucs2 => code_points.for_each(|c| sink.bits(order2::<BIG>(u64::from(c)), 16)),
        Kind::Ucs4 => {
            code_points.for_each(|c| sink.bits(order4::<BIG>(u64::from(c)) & 0xffff_ffff, 32));
        }
    }
    sink
}
