//! The clock where there is no unix: std's.

use std::sync::OnceLock;
use std::time::Instant;

/// Nanoseconds since the first call.
pub(crate) fn monotonic_ns() -> u64 {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    let first = *FIRST.get_or_init(Instant::now);
    u64::try_from(first.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
