//! Who of a [`RwMutex`]'s queue goes when the word changes. The states are in `protocol.rs`.
//!
//! A writer goes alone, from the front. Else the readers go, with one upgradable reader, up to the
//! first writer. While an upgradable reader has the lock, or goes, it is what keeps the writers out,
//! so they are passed over instead of stopping those behind them: its end looks at them again.

use super::{FREE, ONE_READER, PARKED, RwMutex, UPGRADABLE, WRITER};
use crate::deadline::Clock;
use crate::parking_lot::{Goes, Run, lot};
use crate::primitive::{AcqRel, Relaxed};

/// The reply to waiters that now have the lock. Those with 0 compete.
pub(super) const HANDED_OVER: u32 = 1;
pub(super) const COMPETE: u32 = 0;

/// The bits of a waiter's token that tell what it wants; the rest is its time to be fair.
pub(super) const KIND: u64 = WRITES | UPGRADES;
pub(super) const WRITES: u64 = 1;
pub(super) const UPGRADES: u64 = 2;

/// Where an upgradable reader parks that waits for the others to leave: alone, beside the queue.
pub(super) fn upgrading_key(key: usize) -> usize {
    key + 1
}

/// Who has been chosen, and beside whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    /// An upgradable reader has the lock.
    beside_upgradable: bool,
    upgradable: bool,
    readers: bool,
    pub(super) writer: bool,
}

impl Chosen {
    pub(super) const NONE: Chosen = Chosen {
        beside_upgradable: false,
        upgradable: false,
        readers: false,
        writer: false,
    };

    /// Nobody yet, for a lock that is held as `word` says.
    pub(super) fn beside(word: usize) -> Chosen {
        Chosen {
            beside_upgradable: word & UPGRADABLE != 0,
            ..Chosen::NONE
        }
    }

    /// What those who are chosen, and share the lock, add to the word.
    fn shares(run: &Run<Chosen>) -> usize {
        let upgradable = usize::from(run.state.upgradable);
        upgradable * UPGRADABLE + (run.len - upgradable) * ONE_READER
    }
}

/// The rule of the head.
pub(super) fn goes(chosen: &mut Chosen, token: u64) -> Goes {
    let upgradable = chosen.beside_upgradable || chosen.upgradable;
    if chosen.writer {
        return Goes::NorAnyBehind;
    }
    match token & KIND {
        WRITES if upgradable => Goes::Not,
        WRITES if chosen.readers => Goes::NorAnyBehind,
        WRITES => {
            chosen.writer = true;
            Goes::Along
        }
        UPGRADES if upgradable => Goes::Not,
        UPGRADES => {
            chosen.upgradable = true;
            Goes::Along
        }
        _ => {
            chosen.readers = true;
            Goes::Along
        }
    }
}

/// The word after a write, and the answer to those who go.
pub(super) fn after_write(run: &Run<Chosen>, clock: &impl Clock) -> (usize, Option<u32>) {
    let parked = if run.more { PARKED } else { 0 };
    let shares = Chosen::shares(run);
    match run.len > 0 && clock.is_due(run.token | KIND) {
        false => (parked, Some(COMPETE)),
        true if run.state.writer => (parked | WRITER, Some(HANDED_OVER)),
        true => (parked + shares, Some(HANDED_OVER)),
    }
}

/// The word after any other change, if that makes it `next`, and the answer to those who go. Who
/// shares the lock is handed it at once: nobody could use it better meanwhile.
fn after_change(next: usize, run: &Run<Chosen>, clock: &impl Clock) -> (usize, Option<u32>) {
    if Chosen::beside(next).beside_upgradable != run.state.beside_upgradable {
        // Whoever became upgradable, or ceased to be, looks at the queue as it is now.
        return (next, None);
    }
    let held = next & !PARKED;
    if run.state.writer {
        return match held {
            FREE => after_write(run, clock),
            _ => (held | PARKED, None),
        };
    }
    let parked = if run.more { PARKED } else { 0 };
    ((held + Chosen::shares(run)) | parked, Some(HANDED_OVER))
}

impl RwMutex {
    /// Makes the word what `change` says, and lets those go whom nothing stops then. False, and
    /// nothing changed, if that says `None`.
    ///
    /// The change is the last touch (I7).
    pub(super) fn settle(
        &self,
        clock: &impl Clock,
        chosen: Chosen,
        change: impl Fn(usize, &Run<Chosen>) -> Option<usize>,
    ) -> bool {
        let mut changed = false;
        let decide = |run: Run<Chosen>| {
            // Relaxed: decides only which compare-exchange to try.
            let mut word = self.0.load(Relaxed);
            loop {
                let (after, reply) = after_change(change(word, &run)?, &run, clock);
                // Release: the caller's section may end here. Acquire: on behalf of those who are
                // handed the lock, to whom the post hands it on. Relaxed on failure: only tried
                // again.
                match self.0.compare_exchange(word, after, AcqRel, Relaxed) {
                    Ok(_) => {
                        changed = true;
                        return reply;
                    }
                    Err(now) => word = now,
                }
            }
        };
        // SAFETY: the key is our own address, and only read-write locks park on their word; the
        // closures do not call into the lot.
        unsafe { lot().unpark_run(self.key(), chosen, goes, decide) };
        changed
    }
}
