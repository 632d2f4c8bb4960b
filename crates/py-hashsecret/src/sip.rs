//! SipHash-c-d: the rounds, whole messages, and keyed hashes. The code is safe, `const`, and
//! generic over the numbers of rounds. CPython uses SipHash-1-3 since 3.11, and SipHash-2-4 from
//! 3.4 to 3.10.
//!
//! Words are little-endian on every host, as CPython reads them.

/// The four words of state. `C` rounds for each word of the message, `D` at the end.
#[derive(Clone, Copy)]
pub(crate) struct Sip<const C: usize, const D: usize> {
    v0: u64,
    v1: u64,
    v2: u64,
    v3: u64,
}

impl<const C: usize, const D: usize> Sip<C, D> {
    #[inline(always)]
    pub(crate) const fn new(keys: (u64, u64)) -> Self {
        let (k0, k1) = keys;
        Sip {
            v0: k0 ^ 0x736f_6d65_7073_6575,
            v1: k1 ^ 0x646f_7261_6e64_6f6d,
            v2: k0 ^ 0x6c79_6765_6e65_7261,
            v3: k1 ^ 0x7465_6462_7974_6573,
        }
    }

    #[inline(always)]
    const fn round(&mut self) {
        self.v0 = self.v0.wrapping_add(self.v1);
        self.v2 = self.v2.wrapping_add(self.v3);
        self.v1 = self.v1.rotate_left(13) ^ self.v0;
        self.v3 = self.v3.rotate_left(16) ^ self.v2;
        self.v0 = self.v0.rotate_left(32);
        self.v2 = self.v2.wrapping_add(self.v1);
        self.v0 = self.v0.wrapping_add(self.v3);
        self.v1 = self.v1.rotate_left(17) ^ self.v2;
        self.v3 = self.v3.rotate_left(21) ^ self.v0;
        self.v2 = self.v2.rotate_left(32);
    }

    /// Takes in the next eight bytes.
    #[inline(always)]
    pub(crate) const fn word(&mut self, word: u64) {
        self.v3 ^= word;
        let mut i = 0;
        while i < C {
            self.round();
            i += 1;
        }
        self.v0 ^= word;
    }

    /// The hash, after a last word of the 0 to 7 bytes that are left and the length of the message.
    #[inline(always)]
    pub(crate) const fn finish(mut self, tail: u64, len: usize) -> u64 {
        self.word(tail | (len as u64) << 56);
        self.v2 ^= 0xff;
        let mut i = 0;
        while i < D {
            self.round();
            i += 1;
        }
        self.v0 ^ self.v1 ^ self.v2 ^ self.v3
    }
}

/// The hash of a whole message.
#[inline(always)]
pub(crate) const fn sip<const C: usize, const D: usize>(keys: (u64, u64), data: &[u8]) -> u64 {
    let mut state = Sip::<C, D>::new(keys);
    let mut rest = data;
    while let Some((word, after)) = rest.split_first_chunk::<8>() {
        state.word(u64::from_le_bytes(*word));
        rest = after;
    }
    state.finish(tail(data, rest), data.len())
}

/// The last `rest.len()` (0 to 7) bytes of `data` as a number.
///
/// It needs no loop. For eight bytes and more, it reads the last eight bytes and shifts the known
/// ones out. Below that, two reads overlap.
#[inline(always)]
pub(crate) const fn tail(data: &[u8], rest: &[u8]) -> u64 {
    if let Some(last) = data.last_chunk::<8>() {
        // Two shifts, because a single shift by 64 is not allowed.
        return u64::from_le_bytes(*last) >> 1 >> (63 - 8 * rest.len());
    }
    short(rest)
}

/// Up to seven bytes as a number.
#[inline(always)]
pub(crate) const fn short(rest: &[u8]) -> u64 {
    let n = rest.len();
    if let (Some(first), Some(last)) = (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        let first = u32::from_le_bytes(*first) as u64;
        if n == 4 {
            return first;
        }
        return first | (u32::from_le_bytes(*last) as u64) << (8 * (n - 4));
    }
    if let Some(first) = rest.first_chunk::<2>() {
        return u16::from_le_bytes(*first) as u64 | (rest[n - 1] as u64) << (8 * (n - 1));
    }
    if n == 0 { 0 } else { rest[0] as u64 }
}

/// Hashes `data` under a key of one word: SipHash-1-3 with the keys `key` and 0.
///
/// The result depends only on the arguments, not on the process's secret or the machine. importlib
/// checks the source of a `.pyc` file with it: the eight bytes of `_imp.source_hash` are this
/// number in little-endian order. Unlike for `hash()`, an empty message is not a special case.
///
/// CPython: `Python/pyhash.c`, `_Py_KeyedHash`.
///
/// # Examples
/// ```
/// use py_hashsecret::keyed_hash;
///
/// // _imp.source_hash(1, b"abc")
/// const SOURCE_HASH: [u8; 8] = keyed_hash(1, b"abc").to_le_bytes();
/// assert_eq!(SOURCE_HASH, *b"\xaf\xbd\x63\xb5\x40\xc5\x06\x49");
/// ```
#[doc(alias = "_Py_KeyedHash")]
#[must_use]
pub const fn keyed_hash(key: u64, data: &[u8]) -> u64 {
    sip::<1, 3>((key, 0), data)
}

/// `hash()` of a message that is not empty, from its raw value. C uses -1 for errors, so -1 becomes
/// -2.
#[inline(always)]
pub(crate) const fn not_minus_one(hash: isize) -> isize {
    if hash == -1 {
        return minus_two();
    }
    hash
}

/// A call, so that the compiler emits a branch. A conditional move would add its latency to every
/// hash.
#[cold]
#[inline(never)]
const fn minus_two() -> isize {
    -2
}
