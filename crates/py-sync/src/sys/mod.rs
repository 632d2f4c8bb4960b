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

/// Nanoseconds of the monotonic clock.
#[cfg(unix)]
pub(crate) fn monotonic_ns() -> u64 {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `now` is a timespec of ours to write to; the clock exists on every unix.
    let rc = unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    assert_eq!(rc, 0, "the monotonic clock cannot be read");
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// Nanoseconds since the first call.
#[cfg(not(unix))]
pub(crate) fn monotonic_ns() -> u64 {
    use std::sync::OnceLock;
    use std::time::Instant;
    static FIRST: OnceLock<Instant> = OnceLock::new();
    let first = *FIRST.get_or_init(Instant::now);
    u64::try_from(first.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
