//! [`WaitWord`]: one 32-bit word on which threads sleep until it changes, timed or not.
//!
//! One file per way to sleep, with one interface:
//!
//! * `prepare()` must be called before the word announces a waiter. It never blocks.
//! * `wait(expected, timeout)` sleeps while the word is `expected`. It may return
//!   [`Waited::Changed`] spuriously, so callers look at the word again.
//! * `wake_all()` is called after a read-modify-write of the word that showed a waiter. A wake-up
//!   that finds no sleeper is harmless.
//!
//! The word itself is used through its atomic operations, in the orderings that the caller needs.

#[cfg(all(any(target_os = "linux", target_os = "android"), not(all(test, loom))))]
#[path = "futex.rs"]
mod imp;

#[cfg(all(windows, not(all(test, loom))))]
#[path = "windows.rs"]
mod imp;

#[cfg(any(
    not(any(target_os = "linux", target_os = "android", windows)),
    all(test, loom)
))]
#[path = "condvar.rs"]
mod imp;

#[cfg(all(test, loom))]
pub(crate) use imp::LAST_SLEEP;
#[cfg(feature = "micro")]
pub(crate) use imp::SURVIVES_FORK;
pub(crate) use imp::{INTERRUPTIBLE, WaitWord};

/// Why a wait returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waited {
    /// The word changed, a waker woke us, or the wake-up is spurious.
    Changed,
    /// The time is over.
    TimedOut,
    /// A signal handler ran. Never where [`INTERRUPTIBLE`] is false.
    #[cfg_attr(
        any(not(any(target_os = "linux", target_os = "android")), all(test, loom)),
        allow(dead_code, reason = "no signal ends a wait here")
    )]
    Interrupted,
}
