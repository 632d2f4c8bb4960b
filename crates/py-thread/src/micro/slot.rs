//! [`Slot`]: a microthread's place.
//!
//! | status | means | left by |
//! |---|---|---|
//! | `READY` | runs in this or the next round | the end of its slice |
//! | `SLEEPING` | until its timer ends | the timer |
//! | `WAITING` | until it is woken, or its timer ends, if it has one | a wake, the timer |
//! | `JOINING` | until another one has ended | that end |
//! | `BLOCKED` | until its job is done | the delivery of the answer |
//!
//! There are four bits beside the status: `LISTED` (a list holds its index), `PERMIT` (it was woken
//! when it did not wait), `DETACHED` (its outcome is not wanted), `TIMED` (it waits with a timer).
//!
//! Invariants:
//! * S1: `LISTED` is set exactly while a list holds the index, and a list holds it once. An index
//!   is free for a new microthread only when it is not listed. So an old entry is never taken for a
//!   new microthread.
//! * S2: a ready microthread is listed. One that is listed and not ready is taken off the list when
//!   a sweep comes to it.

use super::id::Id;
use core::num::{NonZeroU8, NonZeroU64};

pub(super) const READY: u8 = 0;
pub(super) const SLEEPING: u8 = 1;
pub(super) const WAITING: u8 = 2;
pub(super) const JOINING: u8 = 3;
pub(super) const BLOCKED: u8 = 4;
const STATUS: u8 = 7;
pub(super) const LISTED: u8 = 8;
pub(super) const PERMIT: u8 = 16;
pub(super) const DETACHED: u8 = 32;
pub(super) const TIMED: u8 = 64;

/// No outcome is kept.
pub(super) const NO_OUTCOME: u32 = u32::MAX;

/// A place: 8 bytes and the agent. (The head is never 0. So an agent of at least 8 bytes leaves a
/// niche for the other variant.)
#[derive(Debug)]
pub(super) enum Slot<A> {
    Live(Live<A>),
    Gone(Gone),
}

#[derive(Debug)]
pub(super) struct Live<A> {
    /// One word, so that a sweep loads it once: the status and the bits (8), the weight (8, not 0),
    /// the number of the ident (48).
    head: NonZeroU64,
    pub(super) agent: A,
}

const WEIGHT: u32 = 8;
const SERIAL: u32 = 16;

/// A place without a microthread.
#[derive(Debug)]
pub(super) struct Gone {
    pub(super) listed: bool,
    /// Where the outcome of the last microthread is kept, and its ident.
    pub(super) outcome: u32,
}

impl<A> Live<A> {
    pub(super) fn new(id: Id, agent: A) -> Live<A> {
        Live {
            head: head(id.serial() << SERIAL | 1 << WEIGHT | u64::from(READY)),
            agent,
        }
    }

    #[inline]
    pub(super) fn status(&self) -> u8 {
        self.bits() & STATUS
    }

    #[inline]
    pub(super) fn set_status(&mut self, status: u8) {
        self.head = head(self.head.get() & !u64::from(STATUS) | u64::from(status));
    }

    #[inline]
    pub(super) fn bits(&self) -> u8 {
        self.head.get() as u8
    }

    #[inline]
    pub(super) fn has(&self, bit: u8) -> bool {
        self.bits() & bit != 0
    }

    pub(super) fn add(&mut self, bit: u8) {
        self.head |= u64::from(bit);
    }

    /// Takes the bit off, and says whether it was set.
    pub(super) fn remove(&mut self, bit: u8) -> bool {
        let had = self.has(bit);
        self.head = head(self.head.get() & !u64::from(bit));
        had
    }

    /// How many instructions a whole slice of it has, if it is ready. Most are ready and have
    /// weight 1, and one comparison checks both.
    #[inline]
    pub(super) fn slice(&self, interval: u32) -> Option<u32> {
        const PLAIN: u64 = 1 << WEIGHT | READY as u64;
        match self.head.get() & (0xFF << WEIGHT | STATUS as u64) {
            PLAIN => Some(interval),
            _ if self.status() != READY => None,
            other => Some(interval.saturating_mul((other >> WEIGHT) as u32)),
        }
    }

    pub(super) fn set_weight(&mut self, weight: NonZeroU8) {
        let others = self.head.get() & !(0xFF << WEIGHT);
        self.head = head(others | u64::from(weight.get()) << WEIGHT);
    }

    /// The number of its ident.
    #[inline]
    pub(super) fn serial(&self) -> u64 {
        self.head.get() >> SERIAL
    }

    #[inline]
    pub(super) fn id(&self, index: u32) -> Id {
        Id::new(index, self.serial())
    }

    pub(super) fn is(&self, id: Id) -> bool {
        id.serial() == self.serial()
    }
}

#[inline]
fn head(word: u64) -> NonZeroU64 {
    NonZeroU64::new(word).expect("a weight is never 0")
}

impl Gone {
    /// A place that was never used.
    pub(super) const NOBODY: Gone = Gone::new(false);

    pub(super) const fn new(listed: bool) -> Gone {
        Gone {
            listed,
            outcome: NO_OUTCOME,
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::Slot;

    #[test]
    fn a_place_is_eight_bytes_and_the_agent() {
        assert_eq!(size_of::<Slot<[u64; 2]>>(), 24);
        assert_eq!(size_of::<Slot<[u32; 2]>>(), 16);
        assert_eq!(size_of::<Slot<[usize; 2]>>(), 8 + 2 * size_of::<usize>());
        type Boxed = Box<dyn Fn()>;
        assert_eq!(size_of::<Slot<Boxed>>(), 8 + size_of::<Boxed>());
    }
}
