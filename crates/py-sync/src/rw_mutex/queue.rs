//! Which waiters of a [`RwMutex`] go when its word changes. The states are in `protocol.rs`.
//!
//! The front of the queue goes: a writer alone, or the readers up to the first writer, with one
//! upgradable reader among them. While an upgradable reader has the lock, or goes, the writers could
//! not have the lock anyway. So they are skipped, and do not stop the readers behind them. The unlock
//! of the upgradable reader looks at them again.

use super::{FREE, ONE_READER, PARKED, RwMutex, UPGRADABLE, WRITER};
use crate::deadline::{Clock, FairTime};
use crate::parking_lot::{FilterOp, Kind, Request, Waiters, lot};
use crate::sync::{AcqRel, Relaxed};

/// The reply to waiters that now have the lock.
pub(super) const HANDED_OFF: u32 = 1;
/// The reply to waiters that are to compete for it.
pub(super) const COMPETE: u32 = 0;
/// The reply to a writer that is to compete for it, and to set the parked bit with it: others are queued.
pub(super) const COMPETE_FOR_OTHERS: u32 = 2;

/// The tokens of readers, of writers, and of upgradable readers.
pub(super) const READS: u64 = 0;
pub(super) const WRITES: u64 = 1;
pub(super) const UPGRADES: u64 = 2;

/// What a thread waits for that is parked at a [`RwMutex`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitsTo {
    Read,
    Write,
    BeUpgradable,
    /// It is the upgradable reader, and waits for the other readers to leave.
    Upgrade,
}

impl WaitsTo {
    /// The address of the lock, and what the waiter waits for.
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

/// The key on which an upgradable reader waits for the other readers to leave. Nobody else parks there.
pub(super) fn upgrading_key(key: usize) -> usize {
    key + 1
}

/// Which waiters have been chosen to go so far, and who has the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    /// An upgradable reader has the lock already.
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

/// The front of a queue: the waiters that go together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Front {
    /// Which kinds of waiters they are.
    pub(super) chosen: Chosen,
    len: usize,
    /// When the first that goes is due: its fair time.
    due: FairTime,
    /// True if others stay parked.
    more: bool,
}

impl Front {
    fn of(waiters: &Waiters<'_>, chosen: Chosen) -> Front {
        let mut front = Front {
            chosen,
            len: 0,
            due: FairTime::NEVER,
            more: false,
        };
        for request in waiters.iter() {
            match goes(&mut front.chosen, request) {
                FilterOp::Unpark => {
                    if front.len == 0 {
                        front.due = request.fair_time;
                    }
                    front.len += 1;
                }
                FilterOp::Skip => front.more = true,
                FilterOp::Stop => {
                    front.more = true;
                    break;
                }
            }
        }
        front
    }

    /// What readers that go add to the word.
    fn shares(&self) -> usize {
        let upgradable = usize::from(self.chosen.upgradable);
        upgradable * UPGRADABLE + (self.len - upgradable) * ONE_READER
    }

    fn parked(&self) -> usize {
        if self.more { PARKED } else { 0 }
    }

    /// The next word if nobody has the lock, and the reply to the front.
    ///
    /// A writer that is woken is the designated waker of those behind it, so the parked bit goes with it.
    /// Readers are not: if one set the bit after the last of those behind it has given up, the bit would
    /// stop readers for nobody, and a thread that reads twice would wait for itself.
    fn of_free(&self, clock: &impl Clock) -> (usize, Option<u32>) {
        match self.len > 0 && clock.should_be_fair(self.due) {
            // Not due: leave the lock free, and let them compete.
            false if self.chosen.writer && self.more => (FREE, Some(COMPETE_FOR_OTHERS)),
            false => (self.parked(), Some(COMPETE)),
            true if self.chosen.writer => (self.parked() | WRITER, Some(HANDED_OFF)),
            true => (self.parked() + self.shares(), Some(HANDED_OFF)),
        }
    }

    /// The word after a change from `word` to `next`, and the reply to the front, if it goes. Waiters
    /// that can share the lock with its holder are handed it at once: they are in nobody's way.
    fn after(&self, word: usize, next: usize, clock: &impl Clock) -> (usize, Option<u32>) {
        let held = next & !PARKED;
        if held == FREE && word & WRITER != 0 {
            return self.of_free(clock);
        }
        if (next & UPGRADABLE != 0) != self.chosen.beside_upgradable {
            // The front was chosen for another state of U. The thread that changed U looks at the queue
            // itself (U2).
            return (next, None);
        }
        match (self.chosen.writer, held) {
            // The last reader has left. If the writer is only woken, the parked bit keeps new readers
            // from passing it.
            (true, FREE) => match self.of_free(clock) {
                handed_over @ (_, Some(HANDED_OFF)) => handed_over,
                _ => (PARKED, Some(COMPETE)),
            },
            // The writer cannot go yet: somebody still has the lock.
            (true, _) => (held | PARKED, None),
            // Readers join those that have the lock.
            (false, _) => ((held + self.shares()) | self.parked(), Some(HANDED_OFF)),
        }
    }
}

/// Whether a waiter goes with those that are `chosen` already: the rule at the head of this file.
pub(super) fn goes(chosen: &mut Chosen, request: Request) -> FilterOp {
    let upgradable = chosen.beside_upgradable || chosen.upgradable;
    if chosen.writer {
        return FilterOp::Stop;
    }
    match request.token {
        WRITES if upgradable => FilterOp::Skip,
        WRITES if chosen.readers => FilterOp::Stop,
        WRITES => {
            chosen.writer = true;
            FilterOp::Unpark
        }
        UPGRADES if upgradable => FilterOp::Skip,
        UPGRADES => {
            chosen.upgradable = true;
            FilterOp::Unpark
        }
        _ => {
            chosen.readers = true;
            FilterOp::Unpark
        }
    }
}

impl RwMutex {
    /// Changes the word to what `change` returns for it, and wakes the waiters that may go then or
    /// hands the lock off to them. False, and nothing changed, if `change` returns `None`.
    ///
    /// The change is the last touch of the word (I7).
    pub(super) fn update_and_wake(
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
                // Release: the caller's critical section may end here. Acquire: for the waiters that
                // get the lock now, to whom the post passes it on. Relaxed on failure: only tried again.
                match self.0.compare_exchange(word, after, AcqRel, Relaxed) {
                    Ok(_) => {
                        if let Some(reply) = reply {
                            let mut chosen = chosen;
                            waiters.unpark_filter(reply, |request| goes(&mut chosen, request));
                        }
                        return true;
                    }
                    Err(now) => word = now,
                }
            }
        };
        // SAFETY: the key is our own address, and the lock is alive, since the caller has it or waits
        // for it: so the waiters are those of this lock. The closure does not call into the lot.
        unsafe { lot().with_waiters(Kind::RwMutex, self.key(), decide) }
    }
}
