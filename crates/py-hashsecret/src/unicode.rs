//! Python's decimal digits, Python's white space, and the `repr` of a text.

use core::fmt::{self, Write};
use core::iter::once;

/// The zero of each run of ten decimal digits, in Unicode 16.0 (the version of CPython 3.14).
const ZEROS: [u32; 76] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66,
    0xde6, 0xe50, 0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90,
    0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
    0x104a0, 0x10d30, 0x10d40, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0,
    0x11650, 0x116c0, 0x116d0, 0x116da, 0x11730, 0x118e0, 0x11950, 0x11bf0, 0x11c50, 0x11d50,
    0x11da0, 0x11f50, 0x16130, 0x16a60, 0x16ac0, 0x16b50, 0x16d70, 0x1ccf0, 0x1d7ce, 0x1d7d8,
    0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e5f1, 0x1e950, 0x1fbf0,
];

/// The value of a decimal digit of any script: `unicodedata.decimal`.
#[inline]
pub(crate) fn decimal(c: char) -> Option<u64> {
    if c.is_ascii() {
        return c.to_digit(10).map(u64::from);
    }
    let c = u32::from(c);
    let runs = ZEROS.partition_point(|&zero| zero <= c);
    let digit = c - ZEROS[runs.checked_sub(1)?];
    (digit < 10).then_some(digit.into())
}

/// `str.isspace`. It also counts four ASCII separators, which are white space neither in Rust nor
/// for `int`.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

/// The first `most` characters of `repr(text)`.
pub(crate) fn repr(f: &mut fmt::Formatter<'_>, text: &str, most: usize) -> fmt::Result {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut left = Left(f, most);
    left.write_char(quote)?;
    for c in text.chars() {
        match c {
            '\\' => left.write_str("\\\\")?,
            '\t' => left.write_str("\\t")?,
            '\n' => left.write_str("\\n")?,
            '\r' => left.write_str("\\r")?,
            _ if c == quote => left.write_fmt(format_args!("\\{c}"))?,
            _ if is_printable(c) => left.write_char(c)?,
            _ => match u32::from(c) {
                code @ 0..=0xff => write!(left, "\\x{code:02x}")?,
                code @ 0x100..=0xffff => write!(left, "\\u{code:04x}")?,
                code => write!(left, "\\U{code:08x}")?,
            },
        }
    }
    left.write_char(quote)
}

/// `str.isprintable`: a character that Rust's `Debug` shows unescaped after another character. Both
/// exclude unassigned code points, so both depend on a Unicode version.
fn is_printable(c: char) -> bool {
    if matches!(c, '\'' | '"' | '\\') {
        return true;
    }
    let mut two = [b'a'; 5];
    let len = c.encode_utf8(&mut two[1..]).len();
    let two = core::str::from_utf8(&two[..=len]).unwrap_or_default();
    two.escape_debug().eq(once('a').chain(once(c)))
}

/// Writes at most this many characters.
struct Left<'a, 'b>(&'a mut fmt::Formatter<'b>, usize);

impl Write for Left<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = text
            .char_indices()
            .nth(self.1)
            .map_or(text.len(), |(at, _)| at);
        self.1 -= text[..end].chars().count();
        self.0.write_str(&text[..end])
    }
}
