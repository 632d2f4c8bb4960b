//! A sink for any algorithm, which is chosen at run time.

use crate::algorithm::{ByteOrder, HashAlgorithm};
use crate::legacy::{Djbx33a, Fnv};
use crate::secret::HashSecret;
use crate::sink::{Sink, SipSink};
use crate::width::HashWidth;

/// Any of the algorithms.
pub(crate) enum AnySink {
    Sip13(SipSink<1, 3>),
    Sip24(SipSink<2, 4>),
    Fnv(Fnv),
    Djbx33a(Djbx33a),
}

impl AnySink {
    pub(crate) fn new(
        algorithm: HashAlgorithm,
        width: HashWidth,
        order: ByteOrder,
        secret: &HashSecret,
    ) -> AnySink {
        let word = width.bits() / 8;
        let key = |at: u32| native_word(&secret.as_bytes()[at as usize..][..word as usize], order);
        match algorithm {
            HashAlgorithm::SipHash13 => AnySink::Sip13(SipSink::new(secret.siphash_keys())),
            HashAlgorithm::SipHash24 => AnySink::Sip24(SipSink::new(secret.siphash_keys())),
            HashAlgorithm::Fnv => {
                let big = order == ByteOrder::Big;
                AnySink::Fnv(Fnv::new((key(0), key(word)), word, big))
            }
            HashAlgorithm::Djbx33a => AnySink::Djbx33a(Djbx33a::new(key(16))),
        }
    }

    pub(crate) fn finish(&self) -> u64 {
        match self {
            AnySink::Sip13(sink) => sink.finish(),
            AnySink::Sip24(sink) => sink.finish(),
            AnySink::Fnv(sink) => sink.finish(),
            AnySink::Djbx33a(sink) => sink.finish(),
        }
    }
}

impl Sink for AnySink {
    fn bits(&mut self, value: u64, bits: u32) {
        match self {
            AnySink::Sip13(sink) => sink.bits(value, bits),
            AnySink::Sip24(sink) => sink.bits(value, bits),
            AnySink::Fnv(sink) => sink.bits(value, bits),
            AnySink::Djbx33a(sink) => sink.bits(value, bits),
        }
    }
}

/// A word in memory, as a machine of this byte order reads it.
fn native_word(bytes: &[u8], order: ByteOrder) -> u64 {
    let shift = |word, byte: &u8| word << 8 | u64::from(*byte);
    match order {
        ByteOrder::Little => bytes.iter().rev().fold(0, shift),
        ByteOrder::Big => bytes.iter().fold(0, shift),
    }
}
