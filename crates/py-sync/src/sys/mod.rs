//! The machine: the operating system (only this folder uses libc, windows-sys and atomic-wait), and the
//! processors. The rest of the crate has the processors' atomics through `sync`, which a model replaces.
//!
//! | function | Linux, Android | FreeBSD | Windows | elsewhere |
//! |---|---|---|---|---|
//! | [`monotonic_ns`] | `CLOCK_MONOTONIC` | the same | `Instant` | unix: `CLOCK_MONOTONIC`; else `Instant` |
//! | `futex::wait` | `FUTEX_WAIT_BITSET`, absolute | `_umtx_op`, absolute | `WaitOnAddress`, ms rounded up | none: see `semaphore::thread_park` |
//! | `futex::wake_one` | atomic-wait | atomic-wait | atomic-wait | none |
//! | `processors::only_processor` | `sched_getaffinity` of two threads | std's parallelism | the same | the same |
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

#[cfg_attr(
    not(all(any(target_os = "linux", target_os = "android"), not(miri))),
    path = "parallelism.rs"
)]
mod processors;

pub(crate) mod hardware;

pub(crate) use clock::monotonic_ns;
