//! A place for a secret that many threads read at once and hardly anyone ever writes.
//!
//! The word `sequence` counts the changes:
//!
//! | `sequence` | the cell |
//! |---|---|
//! | even | empty; the words mean nothing |
//! | odd | set; the words are the secret |
//!
//! ```text
//!   even --set--> odd --clear--> even (+ 2)
//! ```
//!
//! Invariants:
//! - I1 Writers (`set`, `clear`) run one at a time, and each sees what those before it did: the
//!   caller holds a lock. Readers hold none.
//! - I2 The words change only while `sequence` is even.
//! - I3 A reader believes its words only if `sequence` was odd before it read them and is the same
//!   number after.
//!
//! Orderings: the secret travels by `set`'s Release store of the odd number to `get`'s Acquire
//! load. The way back is fence to fence: a reader that meets a word of a later `set` has read it
//! from a store behind that `set`'s Release fence, so behind its own Acquire fence it sees the even
//! number which `clear` stored before (I1), and drops what it read. The words are Relaxed since the
//! sequence alone orders them. The sequence would have to go once around, 2^31 resets, during one
//! read to deceive a reader.

use crate::secret::{HashSecret, SECRET_SIZE};
use crate::sync::{AtomicU32, AtomicUsize, Ordering, const_fn, fence};
use Ordering::{Acquire, Relaxed, Release};

const WORD: usize = size_of::<usize>();
const WORDS: usize = SECRET_SIZE / WORD;

/// At most one secret.
pub(crate) struct SecretCell {
    sequence: AtomicU32,
    words: [AtomicUsize; WORDS],
}

impl SecretCell {
    const_fn! {
        /// An empty cell.
        pub(crate) const fn new() -> Self {
            SecretCell {
                sequence: AtomicU32::new(0),
                words: empty_words(),
            }
        }
    }

    /// The secret, if there is one. Waits for nobody: beside a `clear` and a `set` it may take a
    /// few rounds, one for each of them.
    #[inline]
    pub(crate) fn get(&self) -> Option<HashSecret> {
        loop {
            let before = self.sequence.load(Acquire);
            if before % 2 == 0 {
                return None;
            }
            let mut bytes = [0; SECRET_SIZE];
            for (word, out) in self.words.iter().zip(bytes.chunks_exact_mut(WORD)) {
                // Relaxed: I3 decides whether the words count.
                out.copy_from_slice(&word.load(Relaxed).to_ne_bytes());
            }
            fence(Acquire);
            // Relaxed: the fence above orders it after the words.
            if self.sequence.load(Relaxed) == before {
                return Some(HashSecret::from_bytes(bytes));
            }
        }
    }

    /// Puts a secret into the empty cell. One writer at a time (I1).
    pub(crate) fn set(&self, secret: &HashSecret) {
        // Relaxed: only writers store it, and they are ordered by their lock (I1).
        let sequence = self.sequence.load(Relaxed);
        debug_assert!(sequence % 2 == 0, "a cell is set once until it is cleared");
        fence(Release);
        for (word, bytes) in self.words.iter().zip(secret.as_bytes().chunks_exact(WORD)) {
            let bytes = bytes.try_into().unwrap_or([0; WORD]);
            // Relaxed: behind the fence, before the store below (I2).
            word.store(usize::from_ne_bytes(bytes), Relaxed);
        }
        self.sequence.store(sequence.wrapping_add(1), Release);
    }

    /// Empties the cell. One writer at a time (I1).
    pub(crate) fn clear(&self) {
        // Relaxed: as in `set`.
        let sequence = self.sequence.load(Relaxed);
        if sequence % 2 == 1 {
            // Relaxed: nothing is handed over with it; the fence of the next `set` orders it.
            self.sequence.store(sequence.wrapping_add(1), Relaxed);
        }
    }
}

#[cfg(not(all(test, loom)))]
const fn empty_words() -> [AtomicUsize; WORDS] {
    [const { AtomicUsize::new(0) }; WORDS]
}

#[cfg(all(test, loom))]
fn empty_words() -> [AtomicUsize; WORDS] {
    core::array::from_fn(|_| AtomicUsize::new(0))
}
