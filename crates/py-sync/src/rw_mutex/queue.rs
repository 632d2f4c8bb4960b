//! Who of a [`RwMutex`]'s queue goes when the word changes. The states are in `protocol.rs`.
//!
//! A writer goes alone, from the front. Else the readers go, with one upgradable reader, up to the
//! first writer. While an upgradable reader has the lock, or goes, it is what keeps the writers out,
//! so they are passed over instead of stopping those behind them: its end looks at them again.

use super::{FREE, ONE_READER, PARKED, RwMutex, UPGRADABLE, WRITER};
use crate::deadline::Clock;
use crate::parking_lot::{Kind, Request, Visit, Waiters, lot};
use crate::primitive::{AcqRel, Relaxed};

/// The reply to waiters that now have the lock. Those with 0 compete.
pub(super) const HANDED_OVER: u32 = 1;
pub(super) const COMPETE: u32 = 0;

/// The tokens of those that are not plain readers.
pub(super) const WRITES: u64 = 1;
pub(super) const UPGRADES: u64 = 2;

/// What a thread waits for that is parked on the word of a [`RwMutex`] or beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitsTo {
    Read,
    Write,
    BeUpgradable,
    /// As the upgradable reader, for the others to leave.
    Upgrade,
}

impl WaitsTo {
    /// And the address of the lock.
    pub(crate) fn of(request: &Request) -> (usize, WaitsTo) {
        let lock = request.key - request.key % align_of::<RwMutex>();
        match request.token {
            _ if request.key == upgrading_key(lock) => (lock, WaitsTo::Upgrade),
            WRITES => (lock, WaitsTo::Write),
            UPGRADES => (lock, WaitsTo::BeUpgradable),
            _ => (lock, WaitsTo::Read),
        }
    }
}

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
}

/// The front of a queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Front {
    /// Who goes.
    pub(super) chosen: Chosen,
    len: usize,
    /// The fair time of the first that goes.
    fair_at: u64,
    /// Others stay parked.
    more: bool,
}

impl Front {
    fn of(waiters: &Waiters<'_>, chosen: Chosen) -> Front {
        let mut front = Front {
            chosen,
            len: 0,
            fair_at: 0,
            more: false,
        };
        for request in waiters.iter() {
            match goes(&mut front.chosen, request) {
                Visit::Take => {
                    if front.len == 0 {
                        front.fair_at = request.fair_at;
                    }
                    front.len += 1;
                }
                Visit::Keep => front.more = true,
                Visit::Stop => {
                    front.more = true;
                    break;
                }
            }
        }
        front
    }

    /// What those who go, and share the lock, add to the word.
    fn shares(&self) -> usize {
        let upgradable = usize::from(self.chosen.upgradable);
        upgradable * UPGRADABLE + (self.len - upgradable) * ONE_READER
    }

    fn parked(&self) -> usize {
        if self.more { PARKED } else { 0 }
    }

    /// The word if nobody has the lock, and the answer to those who go.
    fn of_free(&self, clock: &impl Clock) -> (usize, Option<u32>) {
        match self.len > 0 && clock.is_due(self.fair_at) {
            false => (self.parked(), Some(COMPETE)),
            true if self.chosen.writer => (self.parked() | WRITER, Some(HANDED_OVER)),
            true => (self.parked() + self.shares(), Some(HANDED_OVER)),
        }
    }

    /// The word after a change from `word` to `next`, and the answer to those who go. Who shares the
    /// lock with its holder is handed it at once: nobody could use it better meanwhile.
    fn after(&self, word: usize, next: usize, clock: &impl Clock) -> (usize, Option<u32>) {
        let held = next & !PARKED;
        if held == FREE && word & WRITER != 0 {
            return self.of_free(clock);
        }
        if (next & UPGRADABLE != 0) != self.chosen.beside_upgradable {
            // Whoever became upgradable, or ceased to be, looks at the queue as it is now.
            return (next, None);
        }
        match (self.chosen.writer, held) {
            // Readers must not pass a writer over that is woken.
            (true, FREE) => match self.of_free(clock) {
                (after, Some(COMPETE)) => (after | PARKED, Some(COMPETE)),
                handed_over => handed_over,
            },
            (true, _) => (held | PARKED, None),
            (false, _) => ((held + self.shares()) | self.parked(), Some(HANDED_OVER)),
        }
    }
}

/// The rule of the head.
pub(super) fn goes(chosen: &mut Chosen, request: Request) -> Visit {
    let upgradable = chosen.beside_upgradable || chosen.upgradable;
    if chosen.writer {
        return Visit::Stop;
    }
    match request.token {
        WRITES if upgradable => Visit::Keep,
        WRITES if chosen.readers => Visit::Stop,
        WRITES => {
            chosen.writer = true;
            Visit::Take
        }
        UPGRADES if upgradable => Visit::Keep,
        UPGRADES => {
            chosen.upgradable = true;
            Visit::Take
        }
        _ => {
            chosen.readers = true;
            Visit::Take
        }
    }
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
        change: impl Fn(usize, &Front) -> Option<usize>,
    ) -> bool {
        let decide = |waiters: &mut Waiters<'_>| {
            let front = Front::of(waiters, chosen);
            // Relaxed: decides only which compare-exchange to try.
            let mut word = self.0.load(Relaxed);
            loop {
                let Some(next) = change(word, &front) else {
                    return false;
                };
                let (after, reply) = front.after(word, next, clock);
                // Release: the caller's section may end here. Acquire: on behalf of those who are
                // handed the lock, to whom the post hands it on. Relaxed on failure: only tried
                // again.
                match self.0.compare_exchange(word, after, AcqRel, Relaxed) {
                    Ok(_) => {
                        if let Some(reply) = reply {
                            let mut chosen = chosen;
                            waiters.take(reply, |request| goes(&mut chosen, request));
                        }
                        return true;
                    }
                    Err(now) => word = now,
                }
            }
        };
        // SAFETY: the key is our own address, and the caller has the lock or waits for it, so that
        // its waiters are ours; the closure does not call into the lot.
        unsafe { lot().visit(Kind::RwMutex, self.key(), decide) }
    }
}
