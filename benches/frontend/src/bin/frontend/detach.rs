//! How often a thread detached. Before a thread sleeps on a mutex, an event or a critical section,
//! py-sync tells the runtime, so that it can release its GIL. This one has none, and counts.

use py_sync::Runtime;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

struct Counter(AtomicU64);

static COUNTER: Counter = Counter(AtomicU64::new(0));

impl Runtime for Counter {
    fn detach(&self) -> bool {
        // Relaxed: a count, read when the threads have been joined.
        self.0.fetch_add(1, Relaxed);
        // Nothing to attach to again.
        false
    }

    fn pending(&self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Begins to count.
pub fn count() {
    py_sync::install(&COUNTER).expect("the process has no other runtime");
}

/// How often since then.
pub fn so_far() -> u64 {
    // Relaxed: see above.
    COUNTER.0.load(Relaxed)
}
