//! A sink takes the streamed bytes of a message, up to eight at a time, in the order in which C
//! would read them.

use crate::sip::Sip;

/// Takes a message in pieces.
pub(crate) trait Sink {
    /// Takes `bits / 8` bytes, at most eight, the first one lowest. The bits of `value` above them
    /// are zero.
    fn bits(&mut self, value: u64, bits: u32);

    /// Takes eight bytes.
    #[inline(always)]
    fn word(&mut self, word: u64) {
        self.bits(word, 64);
    }

    /// Takes words until there are no more.
    #[inline(always)]
    fn words(&mut self, mut next: impl FnMut() -> Option<u64>) {
        while let Some(word) = next() {
            self.word(word);
        }
    }
}

/// A SipHash that takes its message in pieces.
#[derive(Clone, Copy)]
pub(crate) struct SipSink<const C: usize, const D: usize> {
    state: Sip<C, D>,
    /// The bytes since the last whole word.
    pending: u64,
    /// How many bits of `pending` count: 0, 8, .. 56.
    fill: u32,
    /// The number of bytes so far. Only its low eight bits affect the hash, but an empty message is
    /// a special case.
    len: usize,
}

impl<const C: usize, const D: usize> SipSink<C, D> {
    #[inline]
    pub(crate) const fn new(keys: (u64, u64)) -> Self {
        Self::resume(Sip::new(keys), 0)
    }

    /// Continues after `len` bytes, a multiple of 8.
    #[inline]
    pub(crate) const fn resume(state: Sip<C, D>, len: usize) -> Self {
        SipSink {
            state,
            pending: 0,
            fill: 0,
            len,
        }
    }

    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    #[inline]
    pub(crate) const fn finish(&self) -> u64 {
        self.state.finish(self.pending, self.len)
    }
}

impl<const C: usize, const D: usize> Sink for SipSink<C, D> {
    #[inline(always)]
    fn word(&mut self, word: u64) {
        self.len = self.len.wrapping_add(8);
        self.state.word(self.pending | word << self.fill);
        self.pending = word >> 1 >> (63 - self.fill);
    }

    #[inline(always)]
    fn words(&mut self, mut next: impl FnMut() -> Option<u64>) {
        if self.fill != 0 {
            while let Some(word) = next() {
                self.word(word);
            }
            return;
        }
        while let Some(word) = next() {
            self.state.word(word);
            self.len = self.len.wrapping_add(8);
        }
    }

    #[inline(always)]
    fn bits(&mut self, value: u64, bits: u32) {
        self.len = self.len.wrapping_add(bits as usize / 8);
        let word = self.pending | value << self.fill;
        let fill = self.fill + bits;
        if fill < 64 {
            (self.pending, self.fill) = (word, fill);
            return;
        }
        self.state.word(word);
        // Two shifts, because a single shift by 64 is not allowed.
        self.pending = value >> 1 >> (63 - self.fill);
        self.fill = fill - 64;
    }
}
