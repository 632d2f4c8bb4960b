//! Spinning: how a thread waits for a moment without giving up its processor.
//!
//! | which thread | pauses between its looks at the lock | at 23 ns a pause |
//! |---|---|---|
//! | one that arrives and finds a mutex taken | 4, then 32 six times, the last with a yield | 4 us |
//! | a writer that arrives and finds a read-write lock taken | 2, 4, 8, 16, then 24 four times, the last two with a yield | 3 us |
//! | a waiter that was woken | 24, five times | 3 us |
//! | both, if the sections of the mutex are long | after that 32 and a yield, 50 times | 50 us at most |
//! | a reader that finds a writer before it, also when it was woken | 2, 4, 8 and so on to 64, then 128 six times, the last two with a yield | 21 us |
//! | one that finds a lock in an object taken | 8, four times, only to watch; then 1200, three times, the last with a yield | 84 us |
//! | the same, if the lock was held all the time that it watched | 8, four times, then 16, 24 times, the last with a yield | 10 us |
//! | the same, when it was woken | 1200, once | 28 us |
//! | one that holds its runtime's GIL | none | 0 |
//! | one that finds a bucket locked, and nobody asleep before it | as a writer, without the yields | 3 us |
//! | a reader whose compare-exchange lost to another reader's ([`Backoff`]) | 8, 16, then 32 each time | 0.2 us and more |
//!
//! A spin is longer than a short critical section, and shorter than a sleep and a wake-up (4 us on the
//! same processor, 50 and more on one that idles). It looks rarely, since each look takes the lock's
//! cache line away from its owner. The first look at a mutex finds it free if the section was a few
//! instructions. If not, the owner takes the lock some times more before the next look comes. Later looks come
//! often enough to catch a lock that is free for a moment: a queue's mutex is.
//!
//! A yield lets a holder run that has lost its processor. But it may let others run for whole time slices,
//! which a waiter adds to its wait. So a mutex has one. A writer beside readers needs two: with one, some had
//! half of their writes (figures: `benches/README.md`).
//!
//! Beside long sections a thread goes on with yields. Each thread that stays awake saves itself a sleep, and the
//! owner a wake, which cost as much as a section does. If more threads are awake than there are processors, a
//! yield lets one of them work. These yields count as waiting: the thread's fair time has been set before, and
//! once it is overdue it yields no more.
//!
//! A writer that has announced itself to readers leaves its yields out ([`Spin::never_yield`]).
//!
//! Readers that wait go together, and are woken one after the other. So a reader spins for as long as a
//! sleep and a wake-up cost: each that is awake by then need not be woken.
//!
//! A lock in an object is mostly taken for a few instructions, again and again. But a lock that a thread
//! waits for as a signal (CPython's `threading.Condition` makes one for each wait) is held until the
//! signal comes. A thread that looks rarely answers up to 28 us late, and the other side is asleep by then. So
//! a thread watches for a moment first, to tell the two apart: see [`Spin::watch`].
//!
//! With one processor no thread spins: the thread that it waits for is not running.
//!
//! Before it sleeps, a thread that has parked spins on its own word instead, where that has paid lately
//! ([`AdaptiveSpin`]).

mod adaptive;
#[cfg(all(test, not(loom)))]
mod tests;

pub(crate) use adaptive::AdaptiveSpin;

use crate::sync::{MIRI, MODEL, has_many_processors, spin_loop, yield_now};

/// What is left of a thread's spin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spin {
    /// The pauses before the next look. From look to look they grow by the factor `growth`, up to `most`.
    pauses: u32,
    growth: u32,
    most: u32,
    looks: u32,
    /// How many of the last looks come after a yield, too.
    yields: u32,
    /// Whether to watch first: [`Spin::watch`].
    watches: bool,
}

impl Spin {
    /// For a thread that finds a mutex taken.
    fn on_mutex() -> Spin {
        Spin {
            pauses: 4,
            growth: 8,
            most: 32,
            looks: 7,
            yields: 1,
            watches: false,
        }
    }

    /// For a writer that finds a read-write lock taken.
    pub(crate) fn of_a_writer() -> Spin {
        Spin {
            pauses: 2,
            growth: 2,
            most: 24,
            looks: 8,
            yields: 2,
            watches: false,
        }
    }

    /// For a waiter that was woken.
    pub(crate) fn woken() -> Spin {
        Spin {
            pauses: 24,
            growth: 1,
            most: 24,
            looks: 5,
            yields: 0,
            watches: false,
        }
    }

    /// For a reader that waits for a writer.
    pub(crate) fn behind_a_writer() -> Spin {
        Spin {
            most: 128,
            looks: 12,
            ..Spin::of_a_writer()
        }
    }

    /// For a thread that finds a bucket locked.
    pub(crate) fn on_bucket() -> Spin {
        Spin {
            yields: 0,
            ..Spin::of_a_writer()
        }
    }

    /// For a thread that has watched a lock, and seen no end of its section.
    fn on_long_section() -> Spin {
        Spin {
            pauses: 16,
            growth: 1,
            most: 16,
            looks: 24,
            yields: 1,
            watches: false,
        }
    }

    /// For a thread that has spun in vain on a mutex whose sections are long. The clock ends it sooner if others
    /// run meanwhile.
    pub(crate) fn beside_long_sections() -> Spin {
        Spin {
            pauses: 32,
            growth: 1,
            most: 32,
            looks: 50,
            yields: 50,
            watches: false,
        }
    }

    /// One look, and then to sleep.
    fn none() -> Spin {
        Spin {
            looks: 0,
            ..Spin::woken()
        }
    }

    /// Before the first pause of a spin that looks rarely: four looks within a microsecond, none of which
    /// takes the lock. If it is held at each of them, this is no short section, and the thread looks often
    /// from now on. For any other spin, does nothing.
    pub(crate) fn watch(&mut self, is_locked: impl Fn() -> bool) {
        let watches = core::mem::replace(&mut self.watches, false) && has_many_processors();
        let look = |_| {
            pause(8);
            is_locked()
        };
        if watches && (0..4).all(look) {
            *self = Spin::on_long_section();
        }
    }

    /// True from the fourth look on: what the thread waits for is no short section. In a model at once.
    pub(crate) fn lasts(&self) -> bool {
        MODEL || self.looks <= 5
    }

    /// Leaves out the yields that are still to come: others wait for this thread.
    pub(crate) fn never_yield(&mut self) {
        self.yields = 0;
    }

    /// Pauses before the next look; false, at once, if it is time to sleep.
    pub(crate) fn once(&mut self) -> bool {
        if self.looks == 0 || !has_many_processors() {
            return false;
        }
        pause(self.pauses);
        self.pauses = (self.pauses * self.growth).min(self.most);
        self.looks -= 1;
        if self.looks < self.yields {
            yield_now();
        }
        true
    }
}

/// Where a lock lies, which decides how its threads spin.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Placement {
    /// By itself, or among data that only its holder uses.
    Alone,
    /// In an object's header, beside the reference count. Every thread that uses the object takes that
    /// cache line from the holder, with the lock or without it. Threads that run one at a time, in long
    /// bursts, do more than threads that pass the line on, so those that wait look rarely.
    InObject,
    /// In an object of a runtime with a GIL. The holder runs only after this thread has detached, so a
    /// spin would be in vain.
    UnderGil,
}

impl Placement {
    /// Whether a thread that has spun in vain goes on with yields, if the lock's sections are long.
    pub(crate) fn yields_beside_long_sections(self) -> bool {
        matches!(self, Placement::Alone)
    }

    /// The spin of a thread that finds the lock taken.
    pub(crate) fn on_arrival(self) -> Spin {
        match self {
            Placement::Alone => Spin::on_mutex(),
            Placement::InObject => Spin {
                looks: 3,
                yields: 1,
                watches: true,
                ..self.woken()
            },
            Placement::UnderGil => Spin::none(),
        }
    }

    /// The spin of a waiter that was woken.
    pub(crate) fn woken(self) -> Spin {
        match self {
            Placement::Alone => Spin::woken(),
            Placement::InObject => Spin {
                pauses: 1200,
                growth: 1,
                most: 1200,
                looks: 1,
                yields: 0,
                watches: false,
            },
            Placement::UnderGil => Spin::none(),
        }
    }
}

/// The pauses of a thread that lost a compare-exchange: meanwhile the winner keeps the cache line for
/// some more turns.
#[derive(Debug)]
pub(crate) struct Backoff {
    pauses: u32,
}

impl Backoff {
    pub(crate) fn new() -> Backoff {
        Backoff { pauses: 8 }
    }

    /// Pauses: 8 times, then 16, then 32 each time.
    pub(crate) fn once(&mut self) {
        if has_many_processors() {
            pause(self.pauses);
        }
        self.pauses = (self.pauses * 2).min(32);
    }
}

fn pause(times: u32) {
    for _ in 0..if MIRI { 1 } else { times } {
        spin_loop();
    }
}
