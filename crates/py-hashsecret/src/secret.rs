//! The 24 bytes of `_Py_HashSecret`, and the members of that union.
//!
//! | member | bytes, 64-bit | bytes, 32-bit | read as |
//! |---|---|---|---|
//! | `uc` | 0 to 23 | 0 to 23 | raw |
//! | `siphash.k0`, `k1` | 0 to 7, 8 to 15 | the same | little-endian on every host |
//! | `fnv.prefix`, `suffix` | 0 to 7, 8 to 15 | 0 to 3, 4 to 7 | native |
//! | `djbx33a.suffix` | 16 to 23 | 16 to 19 | native |
//! | `expat.hashsalt16` | 0 to 15 | 0 to 15 | raw |
//! | `expat.hashsalt` | 16 to 23 | 16 to 19 | native |

use crate::entropy::{EntropyError, random_bytes};
use crate::lcg::lcg_urandom;
use crate::seed::HashSeed;
use core::fmt;

/// The size of the secret in bytes.
///
/// # Examples
/// ```
/// use py_hashsecret::{HashSecret, SECRET_SIZE};
///
/// assert_eq!(size_of::<HashSecret>(), SECRET_SIZE);
/// ```
#[doc(alias = "_Py_HashSecret_t")]
pub const SECRET_SIZE: usize = 24;

/// The key of all hashes of text and bytes in a process: CPython's `_Py_HashSecret`, byte for byte.
///
/// `Debug` shows no byte of it. A comparison of two secrets is not constant-time.
///
/// CPython: `Include/internal/pycore_pyhash.h`, `_Py_HashSecret_t`.
///
/// # Examples
/// ```
/// use py_hashsecret::HashSecret;
///
/// let secret = HashSecret::from_seed(42);
/// assert_eq!(secret.hash_str("abc") as i64, 3869580338025362921); // PYTHONHASHSEED=42
/// assert_eq!(format!("{secret:?}"), "HashSecret(..)");
/// ```
#[doc(alias = "_Py_HashSecret")]
#[doc(alias = "_Py_HashSecret_t")]
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(C, align(8))]
pub struct HashSecret([u8; SECRET_SIZE]);

impl HashSecret {
    /// The secret of seed 0: randomisation switched off.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashSecret;
    ///
    /// assert_eq!(HashSecret::ZERO, HashSecret::from_seed(0));
    /// ```
    pub const ZERO: HashSecret = HashSecret([0; SECRET_SIZE]);

    /// The secret that CPython makes of a seed: [`ZERO`](Self::ZERO) for seed 0, and otherwise the
    /// bytes of [`lcg_urandom`].
    ///
    /// Bits 24 to 31 of the seed do not matter: 42 and 42 + 2^24 give the same secret. But a seed
    /// of 2^24 differs from seed 0.
    ///
    /// CPython: `Python/bootstrap_hash.c`, `_Py_HashRandomization_Init`.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashSecret;
    ///
    /// const SECRET: HashSecret = HashSecret::from_seed(1);
    /// assert_eq!(SECRET.as_bytes()[..4], [0x29, 0x23, 0xbe, 0x84]);
    /// ```
    #[doc(alias = "_Py_HashRandomization_Init")]
    #[must_use]
    pub const fn from_seed(seed: u32) -> Self {
        if seed == 0 {
            return Self::ZERO;
        }
        let mut secret = Self::ZERO;
        lcg_urandom(seed, &mut secret.0);
        secret
    }

    /// A secret with these bytes, for example those of another interpreter's `_Py_HashSecret`.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashSecret;
    ///
    /// assert_eq!(HashSecret::from_bytes([0; 24]), HashSecret::ZERO);
    /// ```
    #[must_use]
    pub const fn from_bytes(bytes: [u8; SECRET_SIZE]) -> Self {
        HashSecret(bytes)
    }

    /// The bytes (`uc`).
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashSecret;
    ///
    /// let bytes = *HashSecret::from_seed(7).as_bytes();
    /// assert_eq!(HashSecret::from_bytes(bytes), HashSecret::from_seed(7));
    /// ```
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; SECRET_SIZE] {
        &self.0
    }

    /// A new secret from the operating system.
    ///
    /// # Blocking
    /// Early in boot, until the kernel's random pool is ready. CPython does not wait there.
    ///
    /// # Errors
    /// [`EntropyError`] if the system gives no random bytes, or only zeros.
    ///
    /// CPython: `Python/bootstrap_hash.c`, `pyurandom`.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashSecret;
    ///
    /// let (a, b) = (HashSecret::random()?, HashSecret::random()?);
    /// assert_ne!(a, b);
    /// # Ok::<(), py_hashsecret::EntropyError>(())
    /// ```
    #[cfg(feature = "getrandom")]
    #[cfg_attr(docsrs, doc(cfg(feature = "getrandom")))]
    #[doc(alias = "pyurandom")]
    pub fn random() -> Result<Self, EntropyError> {
        random_bytes().map(HashSecret)
    }

    /// The secret that this seed asks for.
    ///
    /// # Blocking
    /// As `random`, for [`HashSeed::Random`] alone.
    ///
    /// # Errors
    /// [`EntropyError`], for [`HashSeed::Random`] alone: as `random`, and always without the
    /// feature `getrandom`.
    ///
    /// CPython: `Python/bootstrap_hash.c`, `_Py_HashRandomization_Init`.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::{HashSecret, HashSeed};
    ///
    /// let secret = HashSecret::from_hash_seed(HashSeed::Fixed(1))?;
    /// assert_eq!(secret, HashSecret::from_seed(1));
    /// # Ok::<(), py_hashsecret::EntropyError>(())
    /// ```
    pub fn from_hash_seed(seed: HashSeed) -> Result<Self, EntropyError> {
        match seed {
            HashSeed::Fixed(seed) => Ok(Self::from_seed(seed)),
            HashSeed::Random => random_bytes().map(HashSecret),
        }
    }

    /// The keys of SipHash, `siphash.k0` and `siphash.k1`: little-endian on every machine.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashSecret;
    ///
    /// let (k0, k1) = HashSecret::from_seed(1).siphash_keys();
    /// assert_eq!((k0, k1), (0xaed6_6ce1_84be_2329, 0xebe9_bbf1_f149_9052));
    /// ```
    #[inline]
    #[must_use]
    pub const fn siphash_keys(&self) -> (u64, u64) {
        let [a, b, _] = self.words();
        (u64::from_le_bytes(a), u64::from_le_bytes(b))
    }

    /// The first and the last value of FNV, `fnv.prefix` and `fnv.suffix`: native words.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashSecret;
    ///
    /// let secret = HashSecret::from_seed(1);
    /// let (prefix, suffix) = secret.fnv_keys();
    /// assert_eq!(prefix.to_ne_bytes(), secret.as_bytes()[..size_of::<usize>()]);
    /// assert_ne!(prefix, suffix);
    /// ```
    #[must_use]
    pub const fn fnv_keys(&self) -> (usize, usize) {
        let word = size_of::<usize>();
        (self.native_word(0), self.native_word(word))
    }

    /// The last value of DJBX33A, `djbx33a.suffix`: a native word from byte 16 on.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashSecret;
    ///
    /// let secret = HashSecret::from_seed(1);
    /// let suffix = secret.djbx33a_suffix().to_ne_bytes();
    /// assert_eq!(suffix, secret.as_bytes()[16..][..size_of::<usize>()]);
    /// ```
    #[must_use]
    pub const fn djbx33a_suffix(&self) -> usize {
        self.native_word(16)
    }

    /// What pyexpat passes to `XML_SetHashSalt`, `expat.hashsalt`: a native word from byte 16 on.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashSecret;
    ///
    /// let secret = HashSecret::from_seed(1);
    /// assert_eq!(secret.expat_hash_salt(), secret.djbx33a_suffix());
    /// ```
    #[must_use]
    pub const fn expat_hash_salt(&self) -> usize {
        self.native_word(16)
    }

    /// What pyexpat passes to `XML_SetHashSalt16Bytes` from expat 2.8.0 on, `expat.hashsalt16`: the
    /// first sixteen bytes.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashSecret;
    ///
    /// let secret = HashSecret::from_seed(1);
    /// assert_eq!(secret.expat_hash_salt16()[..], secret.as_bytes()[..16]);
    /// ```
    #[must_use]
    pub const fn expat_hash_salt16(&self) -> &[u8; 16] {
        match self.0.first_chunk() {
            Some(salt) => salt,
            None => unreachable!(),
        }
    }

    #[inline]
    const fn words(&self) -> [[u8; 8]; 3] {
        let s = &self.0;
        [
            [s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]],
            [s[8], s[9], s[10], s[11], s[12], s[13], s[14], s[15]],
            [s[16], s[17], s[18], s[19], s[20], s[21], s[22], s[23]],
        ]
    }

    const fn native_word(&self, at: usize) -> usize {
        let mut bytes = [0; size_of::<usize>()];
        let mut i = 0;
        while i < bytes.len() {
            bytes[i] = self.0[at + i];
            i += 1;
        }
        usize::from_ne_bytes(bytes)
    }
}

impl fmt::Debug for HashSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashSecret(..)")
    }
}
