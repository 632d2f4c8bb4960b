//! Which process this is: how many forks lie between the first one and it.

use core::sync::atomic::{AtomicU32, Ordering};

/// The only thread of a child writes it, and the start of a thread publishes it. So `Relaxed` is
/// enough.
static GENERATION: AtomicU32 = AtomicU32::new(0);

/// How many forks lie between the first process and this one.
#[inline]
pub(crate) fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// The process is the child of a fork. By its only thread, once.
pub(crate) fn advance() {
    GENERATION.store(generation().wrapping_add(1), Ordering::Relaxed);
}
