//! The records and counts of a build with diagnostics.

use crate::primitive::{AtomicU64, Relaxed};
use crate::sys;
use py_thread::Ident;

static WAITS: AtomicU64 = AtomicU64::new(0);
static HAND_OFFS: AtomicU64 = AtomicU64::new(0);

#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    pub(crate) ident: Ident,
    /// Nanoseconds of the monotonic clock.
    pub(crate) since: u64,
}

impl Record {
    pub(crate) fn new() -> Record {
        Record {
            ident: Ident::own(),
            since: sys::monotonic_ns(),
        }
    }
}

pub(crate) fn count_wait() {
    WAITS.fetch_add(1, Relaxed);
}

pub(crate) fn count_hand_off() {
    HAND_OFFS.fetch_add(1, Relaxed);
}

/// Waits and hand-offs so far.
pub(crate) fn counts() -> (u64, u64) {
    (WAITS.load(Relaxed), HAND_OFFS.load(Relaxed))
}
