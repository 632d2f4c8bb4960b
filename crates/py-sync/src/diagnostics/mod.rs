//! Which threads wait for what: a snapshot of the parking lot, for finding a hang in production.
//!
//! ```
//! use py_sync::{Mutex, diagnostics};
//! use std::time::Duration;
//! static LOCK: Mutex = Mutex::new();
//!
//! LOCK.lock();
//! let waiter = std::thread::spawn(|| drop(LOCK.lock_guard()));
//! let snapshot = loop {
//!     let snapshot = diagnostics::snapshot();
//!     if !snapshot.is_empty() {
//!         break snapshot;
//!     }
//!     std::thread::sleep(Duration::from_millis(1));
//! };
//! assert_eq!(snapshot.waiters()[0].address, LOCK.as_ptr().addr());
//! println!("{snapshot}");
//! LOCK.unlock();
//! waiter.join().unwrap();
//! ```
//!
//! The example `watchdog` prints one on SIGUSR1, and when a wait lasts too long.
//!
//! # Cost
//!
//! With the feature `diagnostics` a thread that parks reads the clock and increments a counter. A lock
//! that is taken without waiting pays nothing. A snapshot locks one bucket at a time, while it copies that
//! bucket's waiters: it does not allocate meanwhile, and no other bucket is delayed.

mod snapshot;

pub use crate::record::Kind;
pub use snapshot::{Snapshot, Waiting, snapshot};

use crate::record;
use core::fmt;

/// How often threads of this process have waited, since it started.
///
/// ```
/// use py_sync::diagnostics::{self, Counters};
/// let before: Counters = diagnostics::counters();
/// // ... the work to be measured ...
/// let after = diagnostics::counters();
/// assert!(after.waits >= before.waits);
/// println!("{after}");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Threads that were queued to sleep, once for each time they were. A `try_lock`, and a
    /// timeout of zero, count for nothing.
    pub waits: u64,
    /// Waits that ended with the lock handed off, instead of a race for it.
    pub hand_offs: u64,
}

impl fmt::Display for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} waits, {} hand-offs", self.waits, self.hand_offs)
    }
}

/// The counts so far, each by itself: two that are read beside running threads may not add up. A
/// forked child starts with its parent's.
///
/// ```
/// let counters = py_sync::diagnostics::counters();
/// assert!(counters.hand_offs <= counters.waits);
/// ```
#[must_use]
pub fn counters() -> Counters {
    let (waits, hand_offs) = record::counts();
    Counters { waits, hand_offs }
}
