//! The hash of any CPython build: its algorithm, cutoff, width and byte order.

use crate::algorithm::{ByteOrder, HashAlgorithm, HashInfo};
use crate::any_sink::AnySink;
use crate::kind::{self, Kind};
use crate::number::{IMAG, INF};
use crate::secret::HashSecret;
use crate::sink::Sink;
use crate::sip::short;
use crate::text::{Wtf8Error, check_wtf8};
use crate::utf8;
use crate::width::HashWidth;

/// How a build of CPython hashes.
///
/// [`HashSecret`] computes the hashes of CPython 3.11 and later on this machine, and is the fast
/// way to them. This type computes the hashes of any build on any machine, as `i64`.
///
/// CPython: `Python/pyhash.c`, `PyHash_Func` and `Py_HASH_CUTOFF`.
///
/// # Examples
/// ```
/// use py_hashsecret::{ByteOrder, HashAlgorithm, HashConfig, HashSecret, HashWidth};
///
/// let secret = HashSecret::from_seed(42);
/// let python310 = HashConfig::new(HashAlgorithm::SipHash24)
///     .with_width(HashWidth::Bits64)
///     .with_byte_order(ByteOrder::Little);
/// assert_eq!(python310.hash_str(&secret, "abc"), -4501618152524544106);
/// let i386 = python310.with_width(HashWidth::Bits32);
/// assert_eq!(i386.hash_str(&secret, "abc"), 273876886);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HashConfig {
    algorithm: HashAlgorithm,
    cutoff: u8,
    width: HashWidth,
    byte_order: ByteOrder,
}

impl HashConfig {
    /// CPython 3.11 and later on this machine.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::{HashConfig, HashSecret};
    ///
    /// let secret = HashSecret::from_seed(1);
    /// let hash = HashConfig::CPYTHON.hash_str(&secret, "spam");
    /// assert_eq!(hash, secret.hash_str("spam") as i64);
    /// ```
    pub const CPYTHON: HashConfig = HashConfig::new(HashAlgorithm::SipHash13);

    /// This algorithm on this machine, for messages of every length.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::{HashAlgorithm, HashConfig};
    ///
    /// assert_eq!(HashConfig::new(HashAlgorithm::Fnv).info().algorithm, "fnv");
    /// ```
    #[must_use]
    pub const fn new(algorithm: HashAlgorithm) -> Self {
        HashConfig {
            algorithm,
            cutoff: 0,
            width: HashWidth::NATIVE,
            byte_order: ByteOrder::NATIVE,
        }
    }

    /// The same, with DJBX33A for messages of fewer than `cutoff` bytes (`Py_HASH_CUTOFF`).
    ///
    /// # Panics
    /// If `cutoff` is above 7. CPython does not build with such a cutoff.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::{HashAlgorithm, HashConfig, HashSecret};
    ///
    /// let config = HashConfig::CPYTHON.with_cutoff(7);
    /// let short = HashConfig::new(HashAlgorithm::Djbx33a);
    /// let hash = |config: HashConfig, text| config.hash_str(&HashSecret::ZERO, text);
    /// assert_eq!(hash(config, "abc"), hash(short, "abc"));
    /// assert_eq!(hash(config, "abcdefg"), hash(HashConfig::CPYTHON, "abcdefg"));
    /// ```
    #[doc(alias = "Py_HASH_CUTOFF")]
    #[must_use]
    pub const fn with_cutoff(mut self, cutoff: u8) -> Self {
        assert!(cutoff <= 7, "Py_HASH_CUTOFF must in range 0...7.");
        self.cutoff = cutoff;
        self
    }

    /// The same on a machine of this width.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::{HashConfig, HashWidth};
    ///
    /// assert_eq!(HashConfig::CPYTHON.with_width(HashWidth::Bits32).info().width, 32);
    /// ```
    #[must_use]
    pub const fn with_width(mut self, width: HashWidth) -> Self {
        self.width = width;
        self
    }

    /// The same on a machine of this byte order.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::{ByteOrder, HashConfig, HashSecret};
    ///
    /// let hash = |order| HashConfig::CPYTHON.with_byte_order(order).hash_str(&HashSecret::ZERO, "∑");
    /// assert_ne!(hash(ByteOrder::Little), hash(ByteOrder::Big));
    /// ```
    #[must_use]
    pub const fn with_byte_order(mut self, byte_order: ByteOrder) -> Self {
        self.byte_order = byte_order;
        self
    }

    /// `hash()` of `bytes` in such a build.
    ///
    /// CPython: `Python/pyhash.c`, `Py_HashBuffer`.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::{HashAlgorithm, HashConfig, HashSecret, HashWidth};
    ///
    /// let fnv = HashConfig::new(HashAlgorithm::Fnv).with_width(HashWidth::Bits32);
    /// assert_eq!(fnv.hash_bytes(&HashSecret::from_seed(0), b"abc"), -1600925533);
    /// ```
    #[doc(alias = "Py_HashBuffer")]
    #[must_use]
    pub fn hash_bytes(&self, secret: &HashSecret, bytes: &[u8]) -> i64 {
        self.run(secret, bytes.len(), |mut sink| {
            let mut rest = bytes;
            while let Some((word, after)) = rest.split_first_chunk::<8>() {
                sink.word(u64::from_le_bytes(*word));
                rest = after;
            }
            sink.bits(short(rest), 8 * rest.len() as u32);
            sink
        })
    }

    /// `hash()` of a `str` in such a build.
    ///
    /// CPython: `Objects/unicodeobject.c`, `unicode_hash`.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::{ByteOrder, HashConfig, HashSecret, HashWidth};
    ///
    /// let s390x = HashConfig::CPYTHON
    ///     .with_width(HashWidth::Bits64)
    ///     .with_byte_order(ByteOrder::Big);
    /// let secret = HashSecret::from_seed(42);
    /// assert_eq!(s390x.hash_str(&secret, "äú∑ℇ"), -2219421378907968137);
    /// ```
    #[doc(alias = "unicode_hash")]
    #[must_use]
    pub fn hash_str(&self, secret: &HashSecret, text: &str) -> i64 {
        self.hash_generalized_utf8(secret, text.as_bytes())
    }

    /// `hash()` of a `str` in such a build, from its WTF-8.
    ///
    /// # Errors
    /// As [`HashSecret::hash_wtf8`].
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::{HashConfig, HashSecret};
    ///
    /// let secret = HashSecret::from_seed(42);
    /// let hash = HashConfig::CPYTHON.hash_wtf8(&secret, b"\xed\xa0\x80")?;
    /// assert_eq!(hash, secret.hash_wtf8(b"\xed\xa0\x80")? as i64);
    /// # Ok::<(), py_hashsecret::Wtf8Error>(())
    /// ```
    pub fn hash_wtf8(&self, secret: &HashSecret, wtf8: &[u8]) -> Result<i64, Wtf8Error> {
        check_wtf8(wtf8)?;
        Ok(self.hash_generalized_utf8(secret, wtf8))
    }

    fn hash_generalized_utf8(&self, secret: &HashSecret, text: &[u8]) -> i64 {
        let kind = utf8::kind(text);
        let chars = text.iter().filter(|byte| (**byte & 0xc0) != 0x80).count();
        let big = self.byte_order == ByteOrder::Big;
        self.run(secret, chars * kind as usize, |sink| match (kind, big) {
            (Kind::Latin1, _) => utf8::latin1(sink, text),
            (Kind::Ucs2, false) => utf8::ucs2::<_, false>(sink, text),
            (Kind::Ucs2, true) => utf8::ucs2::<_, true>(sink, text),
            (Kind::Ucs4, false) => utf8::ucs4::<_, false>(sink, text),
            (Kind::Ucs4, true) => utf8::ucs4::<_, true>(sink, text),
        })
    }

    /// `hash()` of a `str` in such a build, from its code points.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::{HashConfig, HashSecret};
    ///
    /// let secret = HashSecret::from_seed(42);
    /// let code_points = "naïve".chars().map(u32::from);
    /// let hash = HashConfig::CPYTHON.hash_code_points(&secret, code_points);
    /// assert_eq!(hash, HashConfig::CPYTHON.hash_str(&secret, "naïve"));
    /// ```
    #[must_use]
    pub fn hash_code_points<I>(&self, secret: &HashSecret, code_points: I) -> i64
    where
        I: IntoIterator<Item = u32>,
        I::IntoIter: Clone,
    {
        let code_points = code_points.into_iter();
        let kind = Kind::of_widest(code_points.clone().max().unwrap_or(0));
        let len = code_points.clone().count() * kind as usize;
        let big = self.byte_order == ByteOrder::Big;
        self.run(secret, len, |sink| match big {
            false => kind::from_code_points::<_, false>(sink, code_points),
            true => kind::from_code_points::<_, true>(sink, code_points),
        })
    }

    /// Hashes the `len` bytes that `fill` streams.
    fn run(&self, secret: &HashSecret, len: usize, fill: impl FnOnce(AnySink) -> AnySink) -> i64 {
        if len == 0 {
            return 0;
        }
        let algorithm = if len < usize::from(self.cutoff) {
            HashAlgorithm::Djbx33a
        } else {
            self.algorithm
        };
        let sink = AnySink::new(algorithm, self.width, self.byte_order, secret);
        self.width.hash(fill(sink).finish())
    }

    /// `sys.hash_info` of such a build.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::{HashConfig, HashWidth};
    ///
    /// let info = HashConfig::CPYTHON.with_width(HashWidth::Bits64).info();
    /// assert_eq!((info.width, info.hash_bits, info.seed_bits), (64, 64, 128));
    /// ```
    #[doc(alias = "PyHash_GetFuncDef")]
    #[must_use]
    pub const fn info(&self) -> HashInfo {
        let word = self.width.bits();
        let (hash_bits, seed_bits) = match self.algorithm {
            HashAlgorithm::SipHash13 | HashAlgorithm::SipHash24 => (64, 128),
            HashAlgorithm::Fnv => (word, 2 * word),
            HashAlgorithm::Djbx33a => (word, word),
        };
        HashInfo {
            width: word,
            modulus: self.width.modulus(),
            inf: INF as i64,
            nan: 0,
            imag: IMAG as i64,
            algorithm: self.algorithm.name(),
            hash_bits,
            seed_bits,
            cutoff: self.cutoff as u32,
        }
    }
}
