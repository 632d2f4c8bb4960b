//! How often a thread of the process really slept on a lock or an event: a runtime is told so that
//! it can release its GIL, and this one, which has none, counts.

use py_sync::{AlreadyInstalled, Runtime};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

struct Sleeps(AtomicU64);

static SLEEPS: Sleeps = Sleeps(AtomicU64::new(0));

impl Runtime for Sleeps {
    fn detach(&self) -> bool {
        // Relaxed: a count, read when the threads have been joined.
        self.0.fetch_add(1, Relaxed);
        // Nothing to come back to.
        false
    }

    fn pending(&self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Begins to count.
///
/// # Errors
/// If the process has another runtime.
pub fn count() -> Result<(), AlreadyInstalled> {
    py_sync::install(&SLEEPS)
}

/// Sleeps since [`count`].
#[must_use]
pub fn so_far() -> u64 {
    // Relaxed: see above.
    SLEEPS.0.load(Relaxed)
}
