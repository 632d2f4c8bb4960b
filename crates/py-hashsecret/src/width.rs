//! The width of a hash, and the conversion of a 64-bit number to it.

/// The width of CPython's `Py_hash_t`: that of a pointer.
///
/// Its methods compute the hashes of an interpreter of that width, on any machine, as `i64`. The
/// free functions of the same names do the same for [`HashWidth::NATIVE`].
///
/// # Examples
/// ```
/// use py_hashsecret::HashWidth;
///
/// assert_eq!(HashWidth::Bits64.hash_i64(1 << 31), 1 << 31);
/// assert_eq!(HashWidth::Bits32.hash_i64(1 << 31), 1);
/// ```
#[doc(alias = "Py_hash_t")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HashWidth {
    /// 32 bits.
    Bits32,
    /// 64 bits.
    Bits64,
}

impl HashWidth {
    /// The width on the target that this is compiled for.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashWidth;
    ///
    /// assert_eq!(HashWidth::NATIVE.bits(), usize::BITS);
    /// ```
    pub const NATIVE: HashWidth = if usize::BITS == 64 {
        HashWidth::Bits64
    } else {
        HashWidth::Bits32
    };

    /// The width in bits: `sys.hash_info.width`.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashWidth;
    ///
    /// assert_eq!(HashWidth::Bits32.bits(), 32);
    /// ```
    #[must_use]
    pub const fn bits(self) -> u32 {
        match self {
            HashWidth::Bits32 => 32,
            HashWidth::Bits64 => 64,
        }
    }

    /// The prime modulo which numbers are hashed, 2^61 - 1 or 2^31 - 1: `sys.hash_info.modulus`.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashWidth;
    ///
    /// assert_eq!(HashWidth::Bits64.modulus(), (1 << 61) - 1);
    /// ```
    #[doc(alias = "PyHASH_MODULUS")]
    #[must_use]
    pub const fn modulus(self) -> u64 {
        (1 << self.modulus_bits()) - 1
    }

    pub(crate) const fn modulus_bits(self) -> u32 {
        match self {
            HashWidth::Bits32 => 31,
            HashWidth::Bits64 => 61,
        }
    }

    /// The low bits as a hash, which may be -1.
    pub(crate) const fn truncate(self, hash: u64) -> i64 {
        match self {
            HashWidth::Bits32 => hash as i32 as i64,
            HashWidth::Bits64 => hash as i64,
        }
    }

    /// The low bits as a hash of an object. C uses -1 for errors, so -1 becomes -2.
    pub(crate) const fn hash(self, hash: u64) -> i64 {
        match self.truncate(hash) {
            -1 => -2,
            hash => hash,
        }
    }
}
