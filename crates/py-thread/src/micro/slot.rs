//! [`Slot`]: a microthread's place.
//!
//! | status | means | left by |
//! |---|---|---|
//! | `READY` | runs in this or the next round | the end of its slice |
//! | `SLEEPING` | until its timer is due | the timer |
//! | `WAITING` | until it is woken, or its timer is due, if it has one | a wake, the timer |
//! | `JOINING` | until another one has ended | that end |
//! | `BLOCKED` | until its job is done | the delivery of the answer |
//!
//! Beside the status: `LISTED` (the list of those that are ready holds its index), `PERMIT` (it was
//! woken when it did not wait), `DETACHED` (nobody wants its outcome), `TIMED` (it waits, and has a
//! timer).
//!
//! Invariants:
//! * S1: `LISTED` is set exactly while one list holds the index, once. So an index is free for the
//!   next microthread only when it is not listed: no entry of the dead is taken for the living.
//! * S2: a ready microthread is listed. One that is listed and not ready is taken off the list when
//!   a sweep comes to it.

use super::id::{Id, number};
use core::num::NonZeroU8;

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

/// A place: 8 bytes and the agent. (The parts of the ident stand one by one, and the weight cannot
/// be 0, so that nothing more is needed.)
#[derive(Debug)]
pub(super) enum Slot<A> {
    Live(Live<A>),
    Gone(Gone),
}

#[derive(Debug)]
pub(super) struct Live<A> {
    weight: NonZeroU8,
    bits: u8,
    high: u16,
    low: u32,
    pub(super) agent: A,
}

/// Nobody, and who was here.
#[derive(Debug)]
pub(super) struct Gone {
    pub(super) listed: bool,
    high: u16,
    low: u32,
    /// Where its outcome is kept.
    pub(super) outcome: u32,
}

impl<A> Live<A> {
    pub(super) fn new(id: Id, agent: A) -> Live<A> {
        let (high, low) = id.serial();
        Live {
            weight: NonZeroU8::MIN,
            bits: READY,
            high,
            low,
            agent,
        }
    }

    #[inline]
    pub(super) fn status(&self) -> u8 {
        self.bits & STATUS
    }

    #[inline]
    pub(super) fn set_status(&mut self, status: u8) {
        self.bits = self.bits & !STATUS | status;
    }

    pub(super) fn bits(&self) -> u8 {
        self.bits
    }

    #[inline]
    pub(super) fn has(&self, bit: u8) -> bool {
        self.bits & bit != 0
    }

    pub(super) fn add(&mut self, bit: u8) {
        self.bits |= bit;
    }

    /// Takes the bit off, and says whether it was set.
    pub(super) fn remove(&mut self, bit: u8) -> bool {
        let had = self.has(bit);
        self.bits &= !bit;
        had
    }

    #[inline]
    pub(super) fn weight(&self) -> u32 {
        u32::from(self.weight.get())
    }

    pub(super) fn set_weight(&mut self, weight: NonZeroU8) {
        self.weight = weight;
    }

    /// The number of its ident.
    #[inline]
    pub(super) fn ident(&self) -> u64 {
        number((self.high, self.low))
    }

    #[inline]
    pub(super) fn id(&self, index: u32) -> Id {
        Id::new(index, (self.high, self.low))
    }

    pub(super) fn is(&self, id: Id) -> bool {
        id.serial() == (self.high, self.low)
    }
}

impl Gone {
    /// Nobody was here yet.
    pub(super) const NOBODY: Gone = Gone {
        listed: false,
        high: 0,
        low: 0,
        outcome: NO_OUTCOME,
    };

    pub(super) fn new(id: Id, listed: bool) -> Gone {
        let (high, low) = id.serial();
        Gone {
            listed,
            high,
            low,
            outcome: NO_OUTCOME,
        }
    }

    pub(super) fn is(&self, id: Id) -> bool {
        id.serial() == (self.high, self.low)
    }

    /// Who was here.
    pub(super) fn id(&self, index: u32) -> Id {
        Id::new(index, (self.high, self.low))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::Slot;

    #[test]
    fn a_place_is_eight_bytes_and_the_agent() {
        assert_eq!(size_of::<Slot<[u64; 2]>>(), 24);
        assert_eq!(size_of::<Slot<[u32; 2]>>(), 16);
        assert_eq!(size_of::<Slot<Box<dyn Fn()>>>(), 24);
    }
}
