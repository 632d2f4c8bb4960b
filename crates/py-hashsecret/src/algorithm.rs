//! The properties of a CPython build's hash: algorithm, byte order, `sys.hash_info`.

use crate::kind::BIG;

/// The algorithm with which a CPython build hashes text and bytes
/// (`./configure --with-hash-algorithm`).
///
/// # Examples
/// ```
/// use py_hashsecret::{ALGORITHM, HashAlgorithm};
///
/// assert_eq!(HashAlgorithm::SipHash13.name(), ALGORITHM);
/// ```
#[doc(alias = "Py_HASH_ALGORITHM")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HashAlgorithm {
    /// SipHash with one and three rounds: the default since 3.11 (`Py_HASH_SIPHASH13`).
    SipHash13,
    /// SipHash with two and four rounds: the default from 3.4 to 3.10 (`Py_HASH_SIPHASH24`).
    SipHash24,
    /// CPython's own variant of FNV (`Py_HASH_FNV`). It does not resist chosen messages.
    Fnv,
    /// Bernstein's hash. CPython uses it only for messages below the cutoff, if there is a cutoff.
    Djbx33a,
}

impl HashAlgorithm {
    /// The name in `sys.hash_info.algorithm`.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashAlgorithm;
    ///
    /// assert_eq!(HashAlgorithm::SipHash24.name(), "siphash24");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            HashAlgorithm::SipHash13 => "siphash13",
            HashAlgorithm::SipHash24 => "siphash24",
            HashAlgorithm::Fnv => "fnv",
            HashAlgorithm::Djbx33a => "djbx33a",
        }
    }
}

/// The order of bytes in a machine's words.
///
/// # Examples
/// ```
/// use py_hashsecret::ByteOrder;
///
/// let big = cfg!(target_endian = "big");
/// assert_eq!(ByteOrder::NATIVE == ByteOrder::Big, big);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// The low byte first.
    Little,
    /// The high byte first.
    Big,
}

impl ByteOrder {
    /// The order on the target that this is compiled for.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::ByteOrder;
    ///
    /// let little = 1_u16.to_ne_bytes() == [1, 0];
    /// assert_eq!(ByteOrder::NATIVE == ByteOrder::Little, little);
    /// ```
    pub const NATIVE: ByteOrder = if BIG {
        ByteOrder::Big
    } else {
        ByteOrder::Little
    };
}

/// The fields of `sys.hash_info`, with their names and in their order.
///
/// CPython: `Python/sysmodule.c`, `get_hash_info`.
///
/// # Examples
/// ```
/// use py_hashsecret::{HashConfig, HashInfo, HashWidth};
///
/// let info: HashInfo = HashConfig::CPYTHON.with_width(HashWidth::Bits64).info();
/// assert_eq!(info.modulus, 2305843009213693951);
/// assert_eq!((info.inf, info.nan, info.imag), (314159, 0, 1000003));
/// assert_eq!((info.algorithm, info.cutoff), ("siphash13", 0));
/// ```
#[doc(alias = "hash_info")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct HashInfo {
    /// The bits of a hash.
    pub width: u32,
    /// The prime modulo which numbers are hashed.
    pub modulus: u64,
    /// The hash of positive infinity.
    pub inf: i64,
    /// Zero. Not-a-numbers hash by identity since 3.10.
    pub nan: i64,
    /// What the imaginary part of a complex number is multiplied with.
    pub imag: i64,
    /// The name of the algorithm for text and bytes.
    pub algorithm: &'static str,
    /// The bits of that algorithm's result.
    pub hash_bits: u32,
    /// The bits of its key.
    pub seed_bits: u32,
    /// Messages of fewer bytes than this are hashed with DJBX33A.
    pub cutoff: u32,
}
