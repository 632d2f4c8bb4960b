//! Texts: names and string literals, as the parser gives them and as the table keeps them.
//!
//! The parser's values are Rust's `str`, which cannot hold a lone surrogate: it puts U+FFFD in its
//! place. [`surrogates`] recovers it from the source.

/// A text as the parser gives it.
#[derive(Clone, Copy, Debug)]
pub enum Text<'t> {
    /// Nearly all.
    Utf8(&'t str),
    /// A literal with a lone surrogate.
    Surrogates {
        /// Its code points.
        points: &'t [u32],
        /// The same, as [`surrogatepass`] writes them.
        bytes: &'t [u8],
    },
}

impl<'t> Text<'t> {
    /// Its bytes, as Python's `encode("utf-8", "surrogatepass")` writes them.
    pub fn bytes(self) -> &'t [u8] {
        match self {
            Text::Utf8(text) => text.as_bytes(),
            Text::Surrogates { bytes, .. } => bytes,
        }
    }
}

/// How often a file has a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// As a NAME token.
    pub names: u64,
    /// As a string literal, or a literal part of an f-string.
    pub literals: u64,
}

/// Texts up to this length are stored in their entry; 99 names in 100 are.
const INLINE: usize = 22;

/// A text as the table keeps it: one cache line less to fetch for all but the long ones.
#[derive(Debug)]
pub enum Stored {
    Inline(u8, [u8; INLINE]),
    Heap(Box<[u8]>),
}

impl Stored {
    pub fn new(text: &[u8]) -> Stored {
        let mut bytes = [0; INLINE];
        match bytes.get_mut(..text.len()) {
            None => Stored::Heap(text.into()),
            Some(start) => {
                start.copy_from_slice(text);
                Stored::Inline(text.len() as u8, bytes)
            }
        }
    }

    pub fn bytes(&self) -> &[u8] {
        match self {
            Stored::Inline(len, bytes) => &bytes[..usize::from(*len)],
            Stored::Heap(bytes) => bytes,
        }
    }
}

/// The code points of a literal that has a lone surrogate, or `None`. `source` is what stands
/// between the quotes, `value` what the parser made of it.
///
/// Reads both side by side. A unit of the source is a character or an escape, and stands for one
/// character of the value. There are three exceptions: a line continuation stands for none, a
/// backslash that begins no escape stands for itself, and in an f-string a doubled brace stands for
/// one.
pub fn surrogates(source: &str, value: &str, raw: bool, f_string: bool) -> Option<Vec<u32>> {
    if raw || !value.contains('\u{FFFD}') || !source.contains('\\') {
        return None;
    }
    let mut points = Vec::with_capacity(value.len());
    let mut values = value.chars().map(u32::from);
    let mut rest = source;
    let mut found = false;
    while let Some(c) = rest.chars().next() {
        let (len, unit) = match c {
            '\\' => escape(rest),
            '{' | '}' if f_string && rest[1..].starts_with(c) => (2, Unit::Character),
            _ => (c.len_utf8(), Unit::Character),
        };
        rest = &rest[len..];
        match unit {
            Unit::Nothing => {}
            Unit::Character => points.extend(values.next()),
            Unit::Surrogate(point) => {
                values.next();
                points.push(point);
                found = true;
            }
        }
    }
    found.then_some(points)
}

/// What a unit of the source stands for.
enum Unit {
    Nothing,
    Character,
    Surrogate(u32),
}

/// The length of the unit that begins with this backslash, and what it stands for.
fn escape(rest: &str) -> (usize, Unit) {
    let hex = |n: usize| {
        let digits = rest.get(2..2 + n);
        match digits.and_then(|d| u32::from_str_radix(d, 16).ok()) {
            Some(p @ 0xD800..=0xDFFF) => (2 + n, Unit::Surrogate(p)),
            _ => (2 + n, Unit::Character),
        }
    };
    let bytes = rest.as_bytes();
    match bytes.get(1) {
        Some(b'\n') => (2, Unit::Nothing),
        Some(b'u') => hex(4),
        Some(b'U') => hex(8),
        Some(b'x') => (4, Unit::Character),
        Some(b'N') => (rest.find('}').map_or(2, |end| end + 1), Unit::Character),
        Some(b'0'..=b'7') => {
            let octal = bytes[1..].iter().take(3);
            let len = octal.take_while(|b| matches!(b, b'0'..=b'7')).count();
            (1 + len, Unit::Character)
        }
        Some(b'\\' | b'\'' | b'"' | b'a' | b'b' | b'f' | b'n' | b'r' | b't' | b'v') => {
            (2, Unit::Character)
        }
        // No escape: the backslash stands for itself, and what follows is a unit of its own.
        _ => (1, Unit::Character),
    }
}

/// The code points as Python's `encode("utf-8", "surrogatepass")` writes them.
pub fn surrogatepass(points: &[u32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(points.len() * 3);
    for &p in points {
        if let Some(c) = char::from_u32(p) {
            bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        } else {
            let low = |shift: u32| 0x80 | (p >> shift & 0x3F) as u8;
            bytes.extend_from_slice(&[0xE0 | (p >> 12) as u8, low(6), low(0)]);
        }
    }
    bytes
}
