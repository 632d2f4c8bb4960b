//! PEP 263: which encoding a file's coding line names, and the single-byte encodings among them.

use crate::problem::Problem;

/// The line of this byte, from 1.
#[must_use]
pub fn line_of(bytes: &[u8], at: usize) -> usize {
    1 + bytes[..at].iter().filter(|b| **b == b'\n').count()
}

/// PEP 263: the encoding that a comment in one of the first two lines names; in the second only if
/// the first is blank or a comment.
#[must_use]
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
    let skipped = if rest.starts_with(b"\r\n") {
        2
    } else {
        rest.len().min(1)
    };
    (line, &rest[skipped..])
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
    let rest = &rest[rest
        .iter()
        .take_while(|b| matches!(b, b' ' | b'\t'))
        .count()..];
    let name = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let len = rest.iter().take_while(name).count();
    (len > 0).then(|| &rest[..len])
}

/// The encodings that are known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Decoded by `source`: the usual case.
    Utf8,
    /// UTF-8 without its wider characters.
    Ascii,
    /// ISO-8859-1.
    Latin1,
    /// ISO-8859-15: Latin-1 with the euro sign.
    Latin9,
    /// Windows' Western European.
    Cp1252,
}

impl Codec {
    /// The encoding of this name, by Python's aliases.
    ///
    /// # Errors
    /// If it is none of these.
    pub fn named(name: &str) -> Result<Codec, Problem> {
        let plain = name.to_ascii_lowercase().replace(['_', '.'], "-");
        Ok(match plain.as_str() {
            "utf8" | "u8" | "utf" => Codec::Utf8,
            n if n == "utf-8" || n.starts_with("utf-8-") => Codec::Utf8,
            "ascii" | "us-ascii" | "646" => Codec::Ascii,
            "latin1" | "l1" | "cp819" | "iso8859-1" | "8859" => Codec::Latin1,
            n if ["latin-1", "iso-8859-1", "iso-latin-1"].contains(&n) => Codec::Latin1,
            "iso-8859-15" | "iso8859-15" | "latin-9" | "latin9" | "l9" => Codec::Latin9,
            "cp1252" | "windows-1252" | "1252" => Codec::Cp1252,
            _ => {
                let what = format!("its coding line says {name}, an encoding not known here");
                return Err(Problem::Encoding(what));
            }
        })
    }

    /// What Python calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Codec::Utf8 => "utf-8",
            Codec::Ascii => "ascii",
            Codec::Latin1 => "iso-8859-1",
            Codec::Latin9 => "iso-8859-15",
            Codec::Cp1252 => "cp1252",
        }
    }

    /// Decodes an encoding of one byte for each character.
    ///
    /// # Errors
    /// A byte that it does not have.
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
            Codec::Latin9 => Some(match byte {
                0xA4 => '€',
                0xA6 => 'Š',
                0xA8 => 'š',
                0xB4 => 'Ž',
                0xB8 => 'ž',
                0xBC => 'Œ',
                0xBD => 'œ',
                0xBE => 'Ÿ',
                _ => char::from(byte),
            }),
            Codec::Cp1252 if byte >= 0xA0 => Some(char::from(byte)),
            // A blank is a byte that cp1252 leaves undefined.
            Codec::Cp1252 => "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ"
                .chars()
                .nth(usize::from(byte - 0x80))
                .filter(|c| *c != ' '),
        }
    }
}
