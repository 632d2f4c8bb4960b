//! [`Kind`], what a thread waits for; and for `py_sync::diagnostics` the [`Record`] of a waiter (who,
//! since when) and the counters. Without the feature there are no records, and counting is no code.
//!
//! A record is written before its waiter is queued and never changed, except for `asleep`. Whoever holds
//! the bucket lock may read it while the waiter is in the queue. The counters are `Relaxed`: they order
//! nothing.

use crate::deadline::Deadline;
use crate::flags::LockFlags;
use crate::held;
use crate::sync::MODEL;
use crate::sys;
use core::sync::atomic::Ordering::Relaxed;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use py_thread::Ident;

/// What a parked thread waits for.
///
/// ```
/// # #[cfg(feature = "diagnostics")] {
/// use py_sync::diagnostics::Kind;
/// assert_eq!(Kind::Mutex.to_string(), "Mutex");
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A [`Mutex`](crate::Mutex), also one inside a critical section or a recursive mutex.
    Mutex,
    /// An `RwMutex`, to read or to write.
    RwMutex,
    /// An `Event`.
    Event,
    /// A `OnceFlag` whose initialiser runs.
    OnceFlag,
    /// A `Semaphore`.
    Semaphore,
    /// A condition variable.
    Condvar,
    /// A key that the program has parked on itself, by [`park`](crate::park).
    Park,
    /// A [`RawMutex`](crate::RawMutex). Its waiters are in its word, so a snapshot has none of them;
    /// `py_sync::deadlock` sees them.
    RawMutex,
}

/// Whether records are kept and waits are counted.
const ENABLED: bool = cfg!(feature = "diagnostics") && !MODEL;

/// Which thread waits, since when, and what may end the wait.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) ident: Ident,
    /// The logical thread that waits.
    pub(crate) current: Ident,
    /// Nanoseconds of the monotonic clock.
    pub(crate) since: u64,
    /// Which wait it is: see `held`, H2.
    pub(crate) id: u64,
    /// No time ends it.
    pub(crate) forever: bool,
    /// A signal may end it.
    pub(crate) interruptible: bool,
    asleep: AtomicBool,
}

impl Record {
    /// A record of the calling thread, starting now.
    #[inline]
    pub(crate) fn new(deadline: Deadline, flags: LockFlags) -> Option<Record> {
        ENABLED.then(|| Record {
            ident: Ident::own(),
            current: Ident::current(),
            since: sys::monotonic_ns(),
            id: held::next_id(),
            forever: deadline == Deadline::Never,
            interruptible: flags.notices_signals(),
            asleep: AtomicBool::new(false),
        })
    }

    /// By the owner: it has given up what it gives up for its sleep, and does nothing more before it.
    #[inline]
    pub(crate) fn falls_asleep(&self) {
        if held::ENABLED {
            // Release: who finds it asleep sees no record of what it has given up.
            self.asleep.store(true, Ordering::Release);
        }
    }

    /// By the owner, that was asked where it is.
    #[cold]
    pub(crate) fn answer(&self) {
        if held::ENABLED {
            held::send_backtrace(self.id);
        }
    }

    /// Whether the owner has nothing left to do before its sleep.
    pub(crate) fn is_asleep(&self) -> bool {
        // Acquire: see `falls_asleep`.
        self.asleep.load(Ordering::Acquire)
    }
}

static WAITS: AtomicU64 = AtomicU64::new(0);
static HAND_OFFS: AtomicU64 = AtomicU64::new(0);

#[inline]
pub(crate) fn count_wait() {
    if ENABLED {
        WAITS.fetch_add(1, Relaxed);
    }
}

#[inline]
pub(crate) fn count_hand_off() {
    if ENABLED {
        HAND_OFFS.fetch_add(1, Relaxed);
    }
}

/// Waits and hand-offs so far.
pub(crate) fn counts() -> (u64, u64) {
    (WAITS.load(Relaxed), HAND_OFFS.load(Relaxed))
}
