//! A cell for the process's secret: many threads read it at once, and it is written seldom. It is a
//! sequence lock whose word also says whether there is a secret.
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
//! - I1 Writers (`set`, `clear`) run one at a time, and each sees what the earlier ones did,
//!   because their caller holds a lock. Readers hold no lock.
//! - I2 The words change only while `sequence` is even.
//! - I3 A reader accepts its words only if `sequence` was odd before it read them, and is the same
//!   number after.
//!
//! Orderings: `set` stores the odd number with Release, and `get` loads it with Acquire; so a
//! reader sees the secret. A reader that is too slow is caught by a pair of fences. Suppose it
//! reads a word of a later `set`. That word was stored after the Release fence of that `set`. So
//! after its own Acquire fence the reader sees the even number that `clear` stored before (I1), or
//! a newer one, and drops what it read. The words are Relaxed, because the sequence alone orders
//! them. To deceive a reader the sequence would have to wrap around during one read, after 2^31
//! resets.

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

    /// The secret, if there is one. It never waits. A `clear` or a `set` at the same time may cost
    /// one more round each.
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

    /// Stores a secret in the empty cell. One writer at a time (I1).
    pub(crate) fn set(&self, secret: &HashSecret) {
        // Relaxed: only writers store it, and they are ordered by their lock (I1).
        let sequence = self.sequence.load(Relaxed);
        debug_assert!(sequence % 2 == 0, "a cell is set once until it is cleared");
        fence(Release);
        for (word, bytes) in self.words.iter().zip(secret.as_bytes().chunks_exact(WORD)) {
            let bytes = bytes.try_into().unwrap_or([0; WORD]);
            // Relaxed: the fence above and the store below order it (I2).
            word.store(usize::from_ne_bytes(bytes), Relaxed);
        }
        self.sequence.store(sequence.wrapping_add(1), Release);
    }

    /// Empties the cell. One writer at a time (I1).
    pub(crate) fn clear(&self) {
        // Relaxed: only writers store it, and they are ordered by their lock (I1).
        let sequence = self.sequence.load(Relaxed);
        if sequence % 2 == 1 {
            // Relaxed: it publishes nothing, and the fence of the next `set` orders it.
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
