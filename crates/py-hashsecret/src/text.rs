//! `hash()` of text. CPython hashes the bytes that it stores for a `str` (PEP 393): one, two or
//! four bytes for each code point, as the widest of them needs, in the machine's byte order.
//!
//! | widest code point | kind | bytes for each |
//! |---|---|---|
//! | below U+0100 | Latin-1 (and ASCII) | 1 |
//! | below U+10000 (lone surrogates too) | UCS-2 | 2 |
//! | else | UCS-4 | 4 |
//!
//! Rust's UTF-8 is converted to that kind eight bytes at a time, directly into the hash, without a
//! buffer. ASCII text is hashed as it is, and the check for ASCII runs beside the rounds. After the
//! first wider character the largest remaining byte decides the kind, because lead bytes grow with
//! their code points: 0xC2 and 0xC3 for Latin-1, up to 0xEF for UCS-2, then UCS-4.

use crate::kind::{self, Kind};
use crate::secret::HashSecret;
use crate::sink::SipSink;
use crate::sip::{Sip, not_minus_one, sip, tail};
use crate::utf8::{self, NOT_ASCII};
use core::fmt;

/// The result of the fast path for ASCII.
enum Scan {
    /// The text is ASCII, with this hash.
    Ascii(u64),
    /// The text is ASCII up to this offset (a multiple of 8), with this state there.
    Wide(Sip<1, 3>, usize),
}

#[inline(always)]
fn scan(keys: (u64, u64), text: &[u8]) -> Scan {
    let mut state = Sip::new(keys);
    let mut rest = text;
    while let Some((word, after)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*word);
        if word & NOT_ASCII != 0 {
            return Scan::Wide(state, text.len() - rest.len());
        }
        state.word(word);
        rest = after;
    }
    let last = tail(text, rest);
    if last & NOT_ASCII != 0 {
        return Scan::Wide(state, text.len() - rest.len());
    }
    Scan::Ascii(state.finish(last, text.len()))
}

/// SipHash-1-3 of a text that is not ASCII, in its kind, continued from the result of [`scan`].
#[inline(never)]
fn wide(keys: (u64, u64), text: &[u8], state: Sip<1, 3>, ascii: usize) -> u64 {
    match utf8::kind(&text[ascii..]) {
        Kind::Latin1 => latin1(state, text, ascii),
        Kind::Ucs2 => ucs2(keys, text),
        Kind::Ucs4 => ucs4(keys, text),
    }
}

// One function for each kind. Each has a sink of its own, so the state stays in registers.

#[inline(never)]
fn latin1(state: Sip<1, 3>, text: &[u8], ascii: usize) -> u64 {
    utf8::latin1(SipSink::resume(state, ascii), &text[ascii..]).finish()
}

#[inline(never)]
fn ucs2(keys: (u64, u64), text: &[u8]) -> u64 {
    utf8::ucs2::<_, { kind::BIG }>(SipSink::<1, 3>::new(keys), text).finish()
}

#[inline(never)]
fn ucs4(keys: (u64, u64), text: &[u8]) -> u64 {
    utf8::ucs4::<_, { kind::BIG }>(SipSink::<1, 3>::new(keys), text).finish()
}

impl HashSecret {
    /// `hash()` of `bytes`, of a read-only `memoryview`, and of text in Latin-1.
    ///
    /// An empty message has hash 0 under every secret. The result is never -1. On 32-bit machines
    /// it is the low half of the 64-bit value, as in CPython.
    ///
    /// CPython: `Python/pyhash.c`, `Py_HashBuffer` (`_Py_HashBytes` before 3.14).
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashSecret;
    ///
    /// let secret = HashSecret::from_seed(42);
    /// assert_eq!(secret.hash_bytes(b"abc") as i64, 3869580338025362921);
    /// assert_eq!(secret.hash_bytes(b""), 0);
    /// ```
    #[doc(alias = "_Py_HashBytes")]
    #[doc(alias = "Py_HashBuffer")]
    #[inline]
    #[must_use]
    pub const fn hash_bytes(&self, bytes: &[u8]) -> isize {
        if bytes.is_empty() {
            return 0;
        }
        not_minus_one(sip::<1, 3>(self.siphash_keys(), bytes) as isize)
    }

    /// `hash()` of a `str`.
    ///
    /// It hashes the code points in one, two or four bytes each, as CPython stores them, and not
    /// the UTF-8. It allocates nothing. ASCII costs the same as [`hash_bytes`](Self::hash_bytes).
    /// Other text is read twice: to find the widest character, and to hash it.
    ///
    /// CPython: `Objects/unicodeobject.c`, `unicode_hash`.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashSecret;
    ///
    /// let secret = HashSecret::from_seed(42);
    /// assert_eq!(secret.hash_str("äú∑ℇ") as i64, -2845126246016066802);
    /// assert_eq!(secret.hash_str("é"), secret.hash_bytes(&[0xe9]));
    /// ```
    #[doc(alias = "unicode_hash")]
    #[inline]
    #[must_use]
    pub fn hash_str(&self, text: &str) -> isize {
        self.hash_generalized_utf8(text.as_bytes())
    }

    /// `hash()` of a `str` that may hold lone surrogates, from its WTF-8.
    ///
    /// WTF-8 is UTF-8 in which surrogates (U+D800 to U+DFFF) are encoded like other characters:
    /// what `text.encode("utf-8", "surrogatepass")` gives. A high surrogate that a low one follows
    /// stays two code points, as in Python.
    ///
    /// # Errors
    /// [`Wtf8Error`] if the bytes are not of that form.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashSecret;
    ///
    /// let secret = HashSecret::from_seed(42);
    /// let lone = secret.hash_wtf8(b"\xed\xa0\x80"); // '\ud800'
    /// assert_eq!(lone, Ok(secret.hash_code_points([0xd800])));
    /// assert_eq!(secret.hash_wtf8(b"a\xff").unwrap_err().valid_up_to(), 1);
    /// ```
    pub fn hash_wtf8(&self, wtf8: &[u8]) -> Result<isize, Wtf8Error> {
        check_wtf8(wtf8)?;
        Ok(self.hash_generalized_utf8(wtf8))
    }

    /// As [`hash_wtf8`](Self::hash_wtf8), for bytes that are known to be WTF-8. There is no check,
    /// and no error.
    ///
    /// For other bytes the result is a number without meaning. It is safe all the same.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashSecret;
    ///
    /// let secret = HashSecret::from_seed(42);
    /// let lone = secret.hash_known_wtf8(b"\xed\xa0\x80"); // '\ud800'
    /// assert_eq!(Ok(lone), secret.hash_wtf8(b"\xed\xa0\x80"));
    /// ```
    #[inline]
    #[must_use]
    pub fn hash_known_wtf8(&self, wtf8: &[u8]) -> isize {
        self.hash_generalized_utf8(wtf8)
    }

    /// The text is valid UTF-8 or WTF-8. (That is not a safety condition: for other bytes the
    /// result is a number without meaning.)
    #[inline]
    fn hash_generalized_utf8(&self, text: &[u8]) -> isize {
        if text.is_empty() {
            return 0;
        }
        let keys = self.siphash_keys();
        let hash = match scan(keys, text) {
            Scan::Ascii(hash) => hash,
            Scan::Wide(state, ascii) => wide(keys, text, state, ascii),
        };
        not_minus_one(hash as isize)
    }

    /// `hash()` of a `str` from its characters in Latin-1, one byte each.
    ///
    /// The result is that of [`hash_bytes`](Self::hash_bytes).
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashSecret;
    ///
    /// let secret = HashSecret::from_seed(42);
    /// assert_eq!(secret.hash_latin1(b"caf\xe9"), secret.hash_str("café"));
    /// ```
    #[inline]
    #[must_use]
    pub const fn hash_latin1(&self, latin1: &[u8]) -> isize {
        self.hash_bytes(latin1)
    }

    /// `hash()` of a `str` from its characters in UCS-2. This is not UTF-16: surrogates are
    /// characters, paired or not.
    ///
    /// Text that fits Latin-1 is hashed as Latin-1, so that equal text has equal hashes however it
    /// is stored.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashSecret;
    ///
    /// let secret = HashSecret::from_seed(42);
    /// assert_eq!(secret.hash_ucs2(&[0x65e5, 0x672c]), secret.hash_str("日本"));
    /// assert_eq!(secret.hash_ucs2(&[0x61, 0x62]), secret.hash_str("ab"));
    /// ```
    #[must_use]
    pub fn hash_ucs2(&self, ucs2: &[u16]) -> isize {
        if ucs2.is_empty() {
            return 0;
        }
        let sink = SipSink::<1, 3>::new(self.siphash_keys());
        let sink = kind::from_ucs2::<_, { kind::BIG }>(sink, ucs2);
        not_minus_one(sink.finish() as isize)
    }

    /// `hash()` of a `str` from its code points in UCS-4.
    ///
    /// Text that fits UCS-2 or Latin-1 is hashed in that kind. Numbers above 0x10FFFF, which no
    /// `str` holds, are hashed as four bytes.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashSecret;
    ///
    /// let secret = HashSecret::from_seed(42);
    /// assert_eq!(secret.hash_ucs4(&[0x1f600]), secret.hash_str("😀"));
    /// assert_eq!(secret.hash_ucs4(&[0x61, 0x62]), secret.hash_str("ab"));
    /// ```
    #[must_use]
    pub fn hash_ucs4(&self, ucs4: &[u32]) -> isize {
        self.hash_code_points(ucs4.iter().copied())
    }

    /// `hash()` of a `str` from its code points, lone surrogates included.
    ///
    /// It iterates twice: to find the widest code point, and to hash them.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashSecret;
    ///
    /// let secret = HashSecret::from_seed(42);
    /// let text = "naïve";
    /// assert_eq!(secret.hash_code_points(text.chars().map(u32::from)), secret.hash_str(text));
    /// ```
    #[must_use]
    pub fn hash_code_points<I>(&self, code_points: I) -> isize
    where
        I: IntoIterator<Item = u32>,
        I::IntoIter: Clone,
    {
        let code_points = code_points.into_iter();
        let sink = SipSink::<1, 3>::new(self.siphash_keys());
        let sink = kind::from_code_points::<_, { kind::BIG }>(sink, code_points);
        if sink.is_empty() {
            return 0;
        }
        not_minus_one(sink.finish() as isize)
    }
}

/// Checks that the bytes are UTF-8 in which surrogates may be encoded like other characters.
pub(crate) fn check_wtf8(bytes: &[u8]) -> Result<(), Wtf8Error> {
    let mut rest = bytes;
    while let Err(error) = core::str::from_utf8(rest) {
        rest = &rest[error.valid_up_to()..];
        match rest {
            [0xed, 0xa0..=0xbf, 0x80..=0xbf, after @ ..] => rest = after,
            _ => {
                return Err(Wtf8Error {
                    valid_up_to: bytes.len() - rest.len(),
                });
            }
        }
    }
    Ok(())
}

/// Bytes that are not WTF-8.
///
/// # Examples
/// ```
/// use py_hashsecret::{HashSecret, Wtf8Error};
///
/// let result: Result<isize, Wtf8Error> = HashSecret::ZERO.hash_wtf8(b"caf\xe9");
/// assert_eq!(result.unwrap_err().to_string(), "invalid WTF-8 from byte 3 on");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wtf8Error {
    valid_up_to: usize,
}

impl Wtf8Error {
    /// The number of valid bytes before the first invalid one.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashSecret;
    ///
    /// let error = HashSecret::ZERO.hash_wtf8(b"abc\x80").unwrap_err();
    /// assert_eq!(error.valid_up_to(), 3);
    /// ```
    #[must_use]
    pub const fn valid_up_to(&self) -> usize {
        self.valid_up_to
    }
}

impl fmt::Display for Wtf8Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid WTF-8 from byte {} on", self.valid_up_to)
    }
}

impl core::error::Error for Wtf8Error {}
