//! From a path to decoded source, by the rules of CPython's tokenizer: a byte order mark, PEP 263's
//! coding line, else UTF-8; no null byte; every line end becomes a newline.

use crate::coding::{Codec, coding_line, line_of};
use crate::problem::{LARGE, LARGEST, Note, Problem};
use std::fs::{File, Metadata};
use std::io::Read;
use std::path::Path;

/// A decoded file.
#[derive(Debug)]
pub struct Source {
    /// Its text, every line end a newline.
    pub text: String,
    /// Bytes on the disk.
    pub bytes: u64,
    /// What is worth a line in the report.
    pub notes: Vec<Note>,
}

/// Reads and decodes a file.
pub fn read(path: &Path) -> Result<Source, Problem> {
    let io = |e: std::io::Error| Problem::Io(words(&e));
    // Not opened yet: opening a FIFO waits for a writer.
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
    let declared = coding_line(&bytes).map(String::from_utf8_lossy);
    let declared = declared.map(|name| name.into_owned());
    let codec = declared.as_deref().map_or(Ok(Codec::Utf8), Codec::named)?;
    let text = match (codec, &declared) {
        // CPython takes `utf-8` beside a mark, not `utf8`.
        (codec, Some(name)) if marked && !(codec == Codec::Utf8 && name.contains('-')) => {
            let what = format!("a UTF-8 byte order mark, but its coding line says {name}");
            return Err(Problem::Encoding(what));
        }
        (Codec::Utf8, _) => utf8(bytes, marked, declared.is_some())?,
        (codec, _) => {
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

/// Its errors are in CPython's words.
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

fn newlines(text: String) -> String {
    if memchr::memchr(b'\r', text.as_bytes()).is_some() {
        text.replace("\r\n", "\n").replace('\r', "\n")
    } else {
        text
    }
}
