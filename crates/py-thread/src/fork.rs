//! What a fork does to handles: the child counts a new generation, and every thread of an older
//! one is dead, except the thread that forked.
//!
//! So nothing has to be walked, locked or freed in the child: a handle carries the generation in
//! which its thread was started, and looks. `pthread_atfork` runs the count, so that nobody has to
//! remember it. Registering twice counts twice per fork, which is harmless. One gap is the C
//! library's: a fork runs the handlers that were registered when it began, so one that another
//! thread is in while this process starts its first does not count. [`init`](crate::init) before
//! the first fork closes it.
//!
//! Ordering: both statics are written by the only thread of a new process, before any other thread
//! of that process exists; starting a thread publishes them. So `Relaxed` is enough everywhere.

use crate::ident::Ident;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::io;

static GENERATION: AtomicU32 = AtomicU32::new(0);
/// The thread that forked this process, as a number; 0 in a process that nobody forked.
static SURVIVOR: AtomicU64 = AtomicU64::new(0);
static REGISTERED: AtomicBool = AtomicBool::new(false);

/// How many forks lie between the first process and this one.
#[inline]
pub(crate) fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// Whether a thread of this ident, started in this generation, vanished in a fork.
#[inline]
pub(crate) fn is_dead(generation: u32, ident: u64) -> bool {
    generation != self::generation() && ident != SURVIVOR.load(Ordering::Relaxed)
}

/// Asks the system to call us in forked children; later calls do nothing.
pub(crate) fn register() -> io::Result<()> {
    if REGISTERED.load(Ordering::Relaxed) {
        return Ok(());
    }
    crate::sys::at_fork_child(in_child)?;
    REGISTERED.store(true, Ordering::Relaxed);
    Ok(())
}

/// Runs in the child, before `fork` returns there. Allocates nothing and takes no lock.
extern "C" fn in_child() {
    SURVIVOR.store(Ident::own_if_minted(), Ordering::Relaxed);
    GENERATION.store(generation().wrapping_add(1), Ordering::Relaxed);
}
