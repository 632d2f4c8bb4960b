//! Several messages at once. One SipHash is a chain of operations in which each waits for the one
//! before. Two chains side by side use the processor better.

use crate::secret::HashSecret;
use crate::sip::{Sip, not_minus_one, tail};

/// How many messages are hashed side by side. Three or four do not fit the registers of x86-64.
const LANES: usize = 2;

impl HashSecret {
    /// `hash()` of each of these messages, as [`hash_bytes`](Self::hash_bytes) gives it.
    ///
    /// Two messages are hashed side by side, up to the length of the shorter one.
    ///
    /// # Panics
    /// If `hashes` and `messages` have different lengths.
    ///
    /// # Examples
    /// ```
    /// use py_hashsecret::HashSecret;
    ///
    /// let secret = HashSecret::from_seed(42);
    /// let mut hashes = [0; 3];
    /// secret.hash_many(&[b"spam", b"ham", b"eggs"], &mut hashes);
    /// assert_eq!(hashes[1], secret.hash_bytes(b"ham"));
    /// ```
    pub fn hash_many(&self, messages: &[&[u8]], hashes: &mut [isize]) {
        assert_eq!(messages.len(), hashes.len(), "a place for each hash");
        let keys = self.siphash_keys();
        let mut groups = messages.chunks_exact(LANES);
        let mut places = hashes.chunks_exact_mut(LANES);
        for (group, places) in (&mut groups).zip(&mut places) {
            let mut lanes = [&[][..]; LANES];
            lanes.copy_from_slice(group);
            let found = side_by_side(keys, lanes);
            for ((place, hash), message) in places.iter_mut().zip(found).zip(group) {
                *place = if message.is_empty() {
                    0
                } else {
                    not_minus_one(hash as isize)
                };
            }
        }
        for (place, message) in places.into_remainder().iter_mut().zip(groups.remainder()) {
            *place = self.hash_bytes(message);
        }
    }
}

#[inline(always)]
fn side_by_side<const N: usize>(keys: (u64, u64), messages: [&[u8]; N]) -> [u64; N] {
    let mut states = [Sip::<1, 3>::new(keys); N];
    let shortest = messages.iter().map(|m| m.len() / 8).min().unwrap_or(0);
    let mut rests = messages;
    for _ in 0..shortest {
        for (state, rest) in states.iter_mut().zip(&mut rests) {
            if let Some((word, after)) = rest.split_first_chunk::<8>() {
                state.word(u64::from_le_bytes(*word));
                *rest = after;
            }
        }
    }
    let mut hashes = [0; N];
    for (i, state) in states.into_iter().enumerate() {
        let (mut state, mut rest) = (state, rests[i]);
        while let Some((word, after)) = rest.split_first_chunk::<8>() {
            state.word(u64::from_le_bytes(*word));
            rest = after;
        }
        hashes[i] = state.finish(tail(messages[i], rest), messages[i].len());
    }
    hashes
}
