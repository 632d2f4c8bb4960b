//! PEP 263: which encoding a file's coding line names, and the decoders of single-byte encodings.

use crate::problem::Problem;

/// The line of this byte, from 1.
pub fn line_of(bytes: &[u8], at: usize) -> usize {
    1 + bytes[..at].iter().filter(|b| **b == b'\n').count()
}

/// PEP 263: the encoding that a comment in one of the first two lines names; in the second only if
/// the first is blank or a comment.
pub fn coding_line(bytes: &[u8]) -> Option<&[u8]> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let (first, rest) = split_line(bytes);
    let no_code = blanks(first) == first.len() || first[blanks(first)] == b'#';
    coding_of(first).or_else(|| coding_of(split_line(rest).0).filter(|_| no_code))
}

/// The first line, without its end, and the rest.
fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|b| matches!(b, b'\n' | b'\r'));
    let end = end.unwrap_or(bytes.len());
    let (line, rest) = bytes.split_at(end);
    let newline = [b"\r\n".as_slice(), b"\r", b"\n"];
    let skipped = newline.iter().find_map(|end| rest.strip_prefix(*end));
    (line, skipped.unwrap_or(rest))
}

fn blanks(line: &[u8]) -> usize {
    let blank = |b: &&u8| matches!(b, b' ' | b'\t' | b'\x0C');
    line.iter().take_while(blank).count()
}

/// `^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)`
fn coding_of(line: &[u8]) -> Option<&[u8]> {
    let comment = line[blanks(line)..].strip_prefix(b"#")?;
    let key = comment
        .windows(7)
        .position(|w| w.starts_with(b"coding") && matches!(w[6], b':' | b'='))?;
    let rest = &comment[key + 7..];
    let blank = |b: &&u8| matches!(b, b' ' | b'\t');
    let rest = &rest[rest.iter().take_while(blank).count()..];
    let name = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let len = rest.iter().take_while(name).count();
    (len > 0).then(|| &rest[..len])
}

/// The encodings that are known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// The usual case, which needs no decoder.
    Utf8,
    /// UTF-8 without its wider characters.
    Ascii,
    /// ISO-8859-1.
    Latin1,
    /// ISO-8859-15: Latin-1 with the euro sign and seven more.
    Latin9,
    /// Windows' Western European.
    Cp1252,
}

/// Each encoding by Python's aliases, the first what Python calls it.
const NAMES: [(Codec, &str); 5] = [
    (Codec::Utf8, "utf-8 utf8 u8 utf"),
    (Codec::Ascii, "ascii us-ascii 646"),
    (
        Codec::Latin1,
        "iso-8859-1 iso8859-1 8859 latin-1 latin1 l1 iso-latin-1 cp819",
    ),
    (Codec::Latin9, "iso-8859-15 iso8859-15 latin-9 latin9 l9"),
    (Codec::Cp1252, "cp1252 windows-1252 1252"),
];

impl Codec {
    /// The encoding of this name.
    pub fn named(name: &str) -> Result<Codec, Problem> {
        let plain = name.to_ascii_lowercase().replace(['_', '.'], "-");
        let plain = plain.strip_prefix("utf-8-").map_or(&*plain, |_| "utf-8");
        let found = NAMES
            .iter()
            .find(|(_, names)| names.split(' ').any(|n| n == plain));
        found.map(|(codec, _)| *codec).ok_or_else(|| {
            let what = format!("its coding line says {name}, an encoding not known here");
            Problem::Encoding(what)
        })
    }

    /// What Python calls it.
    pub fn name(self) -> &'static str {
        let found = NAMES.iter().find(|(codec, _)| *codec == self);
        found
            .and_then(|(_, names)| names.split(' ').next())
            .expect("each is listed")
    }

    /// Decodes an encoding of one byte for each character.
    pub fn decode(self, bytes: &[u8]) -> Result<String, Problem> {
        let mut text = String::with_capacity(bytes.len());
        for (at, &byte) in bytes.iter().enumerate() {
            let Some(c) = self.char(byte) else {
                let (name, line) = (self.name(), line_of(bytes, at));
                let what = format!(
                    "its coding line says {name}, which has no byte 0x{byte:02x} (line {line})"
                );
                return Err(Problem::Encoding(what));
            };
            text.push(c);
        }
        Ok(text)
    }

    fn char(self, byte: u8) -> Option<char> {
        match self {
            _ if byte < 0x80 => Some(char::from(byte)),
            Codec::Utf8 | Codec::Ascii => None,
            Codec::Latin1 => Some(char::from(byte)),
            Codec::Latin9 => {
                let latin1 = char::from(byte);
                let mut other = "¤¦¨´¸¼½¾".chars().zip("€ŠšŽžŒœŸ".chars());
                let other = other.find(|(old, _)| *old == latin1);
                Some(other.map_or(latin1, |(_, new)| new))
            }
            Codec::Cp1252 if byte >= 0xA0 => Some(char::from(byte)),
            // A blank is a byte that cp1252 leaves undefined.
            Codec::Cp1252 => "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ"
                .chars()
                .nth(usize::from(byte - 0x80))
                .filter(|c| *c != ' '),
        }
    }
}
