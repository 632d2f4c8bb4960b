//! The operating system: only this folder uses libc, windows-sys and atomic-wait.
//!
//! | function | Linux, Android | FreeBSD | Windows | elsewhere |
//! |---|---|---|---|---|
//! | [`monotonic_ns`] | `CLOCK_MONOTONIC` | the same | `Instant` | unix: `CLOCK_MONOTONIC`; else `Instant` |
//! | `futex::wait` | `FUTEX_WAIT_BITSET`, absolute | `_umtx_op`, absolute | `WaitOnAddress`, ms rounded up | none: see `semaphore::thread_park` |
//! | `futex::wake_one` | atomic-wait | atomic-wait | atomic-wait | none |
//!
//! An untimed wait that no signal ends is atomic-wait's on all three. Timed waits sleep on the same kernel
//! object, so one wake serves both.

#[cfg(any(
    target_os = "linux",
    target_os = "android",
    target_os = "freebsd",
    windows
))]
pub(crate) mod futex;

#[cfg_attr(not(unix), path = "instant.rs")]
mod clock;

pub(crate) use clock::monotonic_ns;
