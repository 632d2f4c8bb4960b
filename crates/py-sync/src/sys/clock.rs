//! The clock of unix.

/// Nanoseconds of the monotonic clock.
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
