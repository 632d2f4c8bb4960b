//! The legacy hashes: CPython's FNV, and DJBX33A. CPython can still be built with them instead of
//! SipHash. Neither resists an attacker who chooses the messages.
//!
//! Both are computed in 64 bits. They only multiply, add and xor, so the low 32 bits are those of a
//! 32-bit build.

use crate::sink::Sink;

/// CPython's "modified FNV". It takes blocks of one word, and the last one to eight (or four) bytes
/// singly. It multiplies first, and xors then.
#[derive(Clone, Copy)]
pub(crate) struct Fnv {
    hash: u64,
    suffix: u64,
    /// The bytes of the block being filled, the first one lowest.
    block: u64,
    /// The number of these bytes. A full block is kept until one more byte comes, because the bytes
    /// of the last block are hashed singly.
    fill: u32,
    /// The size of a block, in bytes.
    word: u32,
    big: bool,
    len: u64,
}

impl Fnv {
    const PRIME: u64 = 1_000_003;

    pub(crate) const fn new(keys: (u64, u64), word: u32, big: bool) -> Self {
        Fnv {
            hash: keys.0,
            suffix: keys.1,
            block: 0,
            fill: 0,
            word,
            big,
            len: 0,
        }
    }

    const fn step(&mut self, value: u64) {
        self.hash = self.hash.wrapping_mul(Self::PRIME) ^ value;
    }

    const fn byte(&mut self, byte: u8) {
        if self.len == 0 {
            self.hash ^= (byte as u64) << 7;
        }
        if self.fill == self.word {
            let value = match (self.big, self.word) {
                (false, _) => self.block,
                (true, 4) => (self.block as u32).swap_bytes() as u64,
                (true, _) => self.block.swap_bytes(),
            };
            self.step(value);
            (self.block, self.fill) = (0, 0);
        }
        self.block |= (byte as u64) << (8 * self.fill);
        self.fill += 1;
        self.len += 1;
    }

    pub(crate) const fn finish(mut self) -> u64 {
        while self.fill > 0 {
            self.step(self.block & 0xff);
            self.block >>= 8;
            self.fill -= 1;
        }
        self.hash ^ self.len ^ self.suffix
    }
}

impl Sink for Fnv {
    fn bits(&mut self, value: u64, bits: u32) {
        for byte in &value.to_le_bytes()[..bits as usize / 8] {
            self.byte(*byte);
        }
    }
}

/// Bernstein's hash with 33, for messages below the cutoff.
#[derive(Clone, Copy)]
pub(crate) struct Djbx33a {
    hash: u64,
    suffix: u64,
    len: u64,
}

impl Djbx33a {
    pub(crate) const fn new(suffix: u64) -> Self {
        Djbx33a {
            hash: 5381,
            suffix,
            len: 0,
        }
    }

    pub(crate) const fn finish(self) -> u64 {
        self.hash ^ self.len ^ self.suffix
    }
}

impl Sink for Djbx33a {
    fn bits(&mut self, value: u64, bits: u32) {
        for byte in &value.to_le_bytes()[..bits as usize / 8] {
            self.hash = self.hash.wrapping_mul(33).wrapping_add(u64::from(*byte));
        }
        self.len += u64::from(bits) / 8;
    }
}
