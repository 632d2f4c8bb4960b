//! From a path to decoded source, by the rules of CPython's tokenizer: a byte order mark, PEP 263's
//! coding line, UTF-8 otherwise, no null byte, and every line end a newline.

use super::problem::{Note, Problem};
use std::fs::{File, Metadata};
use std::io::Read;
use std::path::Path;

/// From here on a file's size is worth a line.
pub const LARGE: u64 = 32_000_000;
/// No larger file is read: the parser counts offsets in 32 bits, and its tree is many times as
/// large as the source.
pub const LARGEST: u64 = 1 << 30;

/// A decoded file.
#[derive(Debug)]
pub struct Source {
    /// Its text, every line end a newline.
    pub text: String,
    /// Bytes on the disk.
    pub bytes: u64,
    /// What is worth a line.
    pub notes: Vec<Note>,
}

/// Reads and decodes a file.
///
/// # Errors
/// What is wrong with it.
pub fn read(path: &Path) -> Result<Source, Problem> {
    let io = |e: std::io::Error| Problem::Io(words(&e));
    // Looked at before it is opened: opening a FIFO waits for a writer.
    let metadata = std::fs::metadata(path).map_err(io)?;
    if let Some(what) = irregular(&metadata) {
        return Err(Problem::NotRegular(what));
    }
    if metadata.len() > LARGEST {
        return Err(Problem::TooLarge(metadata.len()));
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize + 1);
    let mut file = File::open(path).map_err(io)?.take(LARGEST + 1);
    file.read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > LARGEST {
        return Err(Problem::TooLarge(bytes.len() as u64));
    }
    decode(bytes)
}

/// The system's words for an error, without Rust's number behind them.
#[must_use]
pub fn words(e: &std::io::Error) -> String {
    let text = e.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

fn irregular(metadata: &Metadata) -> Option<&'static str> {
    let kind = metadata.file_type();
    if kind.is_file() {
        return None;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return Some("a FIFO");
        }
        if kind.is_socket() {
            return Some("a socket");
        }
        if kind.is_char_device() || kind.is_block_device() {
            return Some("a device");
        }
    }
    Some(if kind.is_dir() {
        "a folder"
    } else {
        "something else"
    })
}

/// Decodes a file's bytes.
///
/// # Errors
/// A null byte; bytes that are not what the coding line, or the lack of one, says; an encoding that
/// is not known here.
pub fn decode(bytes: Vec<u8>) -> Result<Source, Problem> {
    let size = bytes.len() as u64;
    let mut notes = Vec::new();
    if bytes.is_empty() {
        notes.push(Note::Empty);
    }
    if size >= LARGE {
        notes.push(Note::Large(size));
    }
    if let Some(at) = memchr::memchr(0, &bytes) {
        return Err(Problem::Binary(at));
    }
    let marked = bytes.starts_with(b"\xEF\xBB\xBF");
    let declared = coding_line(&bytes).map(Codec::named).transpose()?;
    let codec = declared.unwrap_or(Codec::Utf8);
    let text = match codec {
        Codec::Utf8 => utf8(bytes, marked, declared.is_some())?,
        _ if marked => {
            let what = format!(
                "a UTF-8 byte order mark, but its coding line says {}",
                codec.name()
            );
            return Err(Problem::Encoding(what));
        }
        codec => {
            if codec != Codec::Ascii {
                notes.push(Note::Encoding(codec.name()));
            }
            codec.decode(&bytes)?
        }
    };
    Ok(Source {
        text: newlines(text),
        bytes: size,
        notes,
    })
}

/// Says what is wrong in CPython's words.
fn utf8(mut bytes: Vec<u8>, marked: bool, declared: bool) -> Result<String, Problem> {
    if marked {
        bytes.drain(..3);
    }
    String::from_utf8(bytes).map_err(|e| {
        let (at, bytes) = (e.utf8_error().valid_up_to(), e.as_bytes());
        let (byte, line) = (bytes[at], line_of(bytes, at));
        Problem::Encoding(if declared || marked {
            format!("'utf-8' codec can't decode byte 0x{byte:02x} on line {line}")
        } else {
            format!(
                "Non-UTF-8 code starting with '\\x{byte:02x}' on line {line}, but no encoding \
                 declared; see https://peps.python.org/pep-0263/ for details"
            )
        })
    })
}

fn line_of(bytes: &[u8], at: usize) -> usize {
    1 + bytes[..at].iter().filter(|b| **b == b'\n').count()
}

fn newlines(text: String) -> String {
    if memchr::memchr(b'\r', text.as_bytes()).is_some() {
        text.replace("\r\n", "\n").replace('\r', "\n")
    } else {
        text
    }
}

/// PEP 263: the encoding that a comment in one of the first two lines names; in the second only if
/// the first is blank or a comment.
fn coding_line(bytes: &[u8]) -> Option<&[u8]> {
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
enum Codec {
    Utf8,
    Ascii,
    Latin1,
    Latin9,
    Cp1252,
}

impl Codec {
    fn named(name: &[u8]) -> Result<Codec, Problem> {
        let name = String::from_utf8_lossy(name);
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

    fn name(self) -> &'static str {
        match self {
            Codec::Utf8 => "utf-8",
            Codec::Ascii => "ascii",
            Codec::Latin1 => "iso-8859-1",
            Codec::Latin9 => "iso-8859-15",
            Codec::Cp1252 => "cp1252",
        }
    }

    fn decode(self, bytes: &[u8]) -> Result<String, Problem> {
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
