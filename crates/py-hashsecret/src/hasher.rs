//! SipHash of a message in pieces; and [`HashSecret`] as a `BuildHasher`.

use crate::secret::HashSecret;
use crate::sink::{Sink, SipSink};
use crate::sip::{not_minus_one, short};
use core::fmt;
use core::hash::{BuildHasher, Hasher};

/// A SipHash that takes its message in pieces: for CPython's `hash()` of bytes that are not
/// contiguous, and as a [`Hasher`] for tables.
///
/// The result does not depend on how the message is cut. `Debug` shows no state.
///
/// # Examples
/// ```
/// use core::hash::Hasher;
/// use py_hashsecret::{HashSecret, SipHasher13};
///
/// let secret = HashSecret::from_seed(42);
/// let mut hasher = SipHasher13::new(&secret);
/// hasher.write(b"ab");
/// hasher.write(b"c");
/// assert_eq!(hasher.hash(), secret.hash_bytes(b"abc"));
/// ```
#[derive(Clone)]
pub struct SipHasher<const C: usize, const D: usize> {
    sink: SipSink<C, D>,
}

/// SipHash-1-3: CPython's since 3.11.
///
/// # Examples
/// ```
/// use core::hash::Hasher;
/// use py_hashsecret::{SipHasher13, keyed_hash};
///
/// let mut hasher = SipHasher13::with_keys(1, 0);
/// hasher.write(b"abc");
/// assert_eq!(hasher.finish(), keyed_hash(1, b"abc"));
/// ```
#[doc(alias = "siphash13")]
pub type SipHasher13 = SipHasher<1, 3>;

/// SipHash-2-4: CPython's from 3.4 to 3.10.
///
/// # Examples
/// ```
/// use core::hash::Hasher;
/// use py_hashsecret::{HashSecret, SipHasher24};
///
/// let mut hasher = SipHasher24::new(&HashSecret::from_seed(42));
/// hasher.write(b"abc");
/// assert_eq!(hasher.hash() as i64, -4501618152524544106); // Python 3.10, PYTHONHASHSEED=42
/// ```
#[doc(alias = "siphash24")]
pub type SipHasher24 = SipHasher<2, 4>;

impl<const C: usize, const D: usize> SipHasher<C, D> {
    /// A hasher of the empty message, keyed by a secret.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::{HashSecret, SipHasher13};
    ///
    /// assert_eq!(SipHasher13::new(&HashSecret::ZERO).hash(), 0);
    /// ```
    #[inline]
    #[must_use]
    pub const fn new(secret: &HashSecret) -> Self {
        let (k0, k1) = secret.siphash_keys();
        Self::with_keys(k0, k1)
    }

    /// A hasher of the empty message with these keys.
    ///
    /// # Examples
    /// ```
    /// use core::hash::Hasher;
    /// use py_hashsecret::SipHasher24;
    ///
    /// // The first test vector of SipHash's authors.
    /// let keys = (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908);
    /// let hasher = SipHasher24::with_keys(keys.0, keys.1);
    /// assert_eq!(hasher.finish(), 0x726f_db47_dd0e_0e31);
    /// ```
    #[inline]
    #[must_use]
    pub const fn with_keys(k0: u64, k1: u64) -> Self {
        SipHasher {
            sink: SipSink::new((k0, k1)),
        }
    }

    /// CPython's `hash()` of the message so far: 0 if it is empty, never -1.
    ///
    /// [`finish`](Hasher::finish) gives the plain SipHash instead.
    ///
    /// # Examples
    /// ```
    /// use core::hash::Hasher;
    /// use py_hashsecret::{HashSecret, SipHasher13};
    ///
    /// let secret = HashSecret::from_seed(1);
    /// let mut hasher = SipHasher13::new(&secret);
    /// assert_eq!(hasher.hash(), 0);
    /// hasher.write(b"a");
    /// assert_eq!(hasher.hash(), secret.hash_bytes(b"a"));
    /// ```
    #[doc(alias = "Py_HashBuffer")]
    #[must_use]
    pub const fn hash(&self) -> isize {
        if self.sink.is_empty() {
            return 0;
        }
        not_minus_one(self.sink.finish() as isize)
    }
}

impl<const C: usize, const D: usize> Hasher for SipHasher<C, D> {
    /// The plain SipHash of the message so far; more may follow.
    #[inline]
    fn finish(&self) -> u64 {
        self.sink.finish()
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some((word, after)) = rest.split_first_chunk::<8>() {
            self.sink.word(u64::from_le_bytes(*word));
            rest = after;
        }
        self.sink.bits(short(rest), 8 * rest.len() as u32);
    }

    #[inline]
    fn write_u8(&mut self, n: u8) {
        self.sink.bits(u64::from(n), 8);
    }

    #[inline]
    fn write_u16(&mut self, n: u16) {
        self.sink.bits(u64::from(n.to_le()), 16);
    }

    #[inline]
    fn write_u32(&mut self, n: u32) {
        self.sink.bits(u64::from(n.to_le()), 32);
    }

    #[inline]
    fn write_u64(&mut self, n: u64) {
        self.sink.word(n.to_le());
    }
}

impl<const C: usize, const D: usize> fmt::Debug for SipHasher<C, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SipHasher<{C}, {D}>(..)")
    }
}

/// `HashMap::with_hasher(secret)` is a Rust table that is keyed by the process's secret.
///
/// The hasher is SipHash-1-3 over what a key writes. `str` and slices write more than their bytes
/// (an end mark, a length), so a key's hash in such a table is not its `hash()` in Python.
impl BuildHasher for HashSecret {
    type Hasher = SipHasher13;

    #[inline]
    fn build_hasher(&self) -> SipHasher13 {
        SipHasher13::new(self)
    }
}
