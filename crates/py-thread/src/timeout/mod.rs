//! [`Timeout`]: how long to wait, to the nanosecond, in CPython's encoding.
//!
//! The crate has one type for a length of time and one for a moment:
//!
//! | type | what | where |
//! |---|---|---|
//! | [`Timeout`] | a length, as Python's arguments give it | `join_with`, `acquire_with_retries`, `parse` |
//! | [`Deadline`](crate::Deadline) | the moment at which a wait ends | every wait inside of the crate |
//!
//! `Option<Duration>` is std's way to write a timeout. Public methods that a Rust program calls
//! take it (`None` waits for ever), and turn it into a [`Timeout`] at once. The files of `sys/wait`
//! get it from [`Deadline`](crate::Deadline), because the systems' own calls take a length.

mod parse;

pub use parse::{Seconds, TimeoutError};

use crate::sys;
use core::time::Duration;

/// The longest timeout that CPython's locks take, in microseconds: 9,223,372,036,854,775 on POSIX,
/// 4,294,967,294,000 on Windows, `i64::MAX` elsewhere.
///
/// CPython: `Include/pythread.h`, `PY_TIMEOUT_MAX`. `_thread.TIMEOUT_MAX` is
/// [`Timeout::MAX_SECONDS`].
///
/// ```
/// if cfg!(unix) {
///     assert_eq!(py_thread::TIMEOUT_MAX, 9_223_372_036_854_775);
/// }
/// ```
#[doc(alias = "PY_TIMEOUT_MAX")]
pub const TIMEOUT_MAX: i64 = sys::TIMEOUT_MAX;

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// Nanoseconds to microseconds, away from zero. CPython: `_PyTime_AsMicroseconds`, `ROUND_UP`.
const fn micros_away_from_zero(nanos: i64) -> i64 {
    let whole = nanos / 1000;
    if nanos % 1000 == 0 {
        whole
    } else {
        whole + nanos.signum()
    }
}

/// How long to wait: for ever, not at all, or a number of nanoseconds.
///
/// CPython: the `PyTime_t` that `Python/thread.c`, `PyThread_ParseTimeoutArg` gives.
///
/// ```
/// use py_thread::{Seconds, Timeout};
/// let t = Timeout::parse(Some(Seconds::Float(1.5)), true)?;
/// assert_eq!(t.as_nanos(), 1_500_000_000);
/// assert_eq!(Timeout::parse(None, true)?, Timeout::FOREVER);
/// assert_eq!(Timeout::parse(None, false)?, Timeout::NOW);
/// # Ok::<(), py_thread::TimeoutError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timeout(i64);

impl Timeout {
    /// Wait for ever. It is −1 second, CPython's `PyThread_UNSET_TIMEOUT`.
    ///
    /// ```
    /// assert_eq!(py_thread::Timeout::FOREVER.as_nanos(), -1_000_000_000);
    /// ```
    #[doc(alias = "PyThread_UNSET_TIMEOUT")]
    pub const FOREVER: Timeout = Timeout(-NANOS_PER_SECOND);

    /// Do not wait.
    ///
    /// ```
    /// assert_eq!(py_thread::Timeout::NOW.as_nanos(), 0);
    /// ```
    pub const NOW: Timeout = Timeout(0);

    /// The longest wait: [`TIMEOUT_MAX`] in nanoseconds, or `i64::MAX` if it does not fit.
    ///
    /// ```
    /// use py_thread::{TIMEOUT_MAX, Timeout};
    /// assert_eq!(Timeout::MAX.as_nanos(), TIMEOUT_MAX.saturating_mul(1000));
    /// ```
    pub const MAX: Timeout = Timeout(TIMEOUT_MAX.saturating_mul(1000));

    /// `_thread.TIMEOUT_MAX`: [`MAX`](Timeout::MAX) in whole seconds, 9223372036.0 on POSIX and
    /// 4294967.0 on Windows.
    ///
    /// ```
    /// if cfg!(unix) {
    ///     assert_eq!(py_thread::Timeout::MAX_SECONDS, 9223372036.0);
    /// }
    /// ```
    #[doc(alias = "_thread.TIMEOUT_MAX")]
    #[allow(clippy::cast_precision_loss, reason = "ten digits fit a double")]
    pub const MAX_SECONDS: f64 = (Timeout::MAX.0 / NANOS_PER_SECOND) as f64;

    /// This many nanoseconds; any negative number is for ever.
    ///
    /// ```
    /// use py_thread::Timeout;
    /// assert_eq!(Timeout::from_nanos(-1), Timeout::FOREVER);
    /// assert_eq!(Timeout::from_nanos(7).as_nanos(), 7);
    /// ```
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Timeout {
        if nanos < 0 {
            Timeout::FOREVER
        } else {
            Timeout(nanos)
        }
    }

    /// The nanoseconds, −1,000,000,000 for [`FOREVER`](Timeout::FOREVER).
    ///
    /// ```
    /// use std::time::Duration;
    /// let t = py_thread::Timeout::from(Duration::from_micros(3));
    /// assert_eq!(t.as_nanos(), 3000);
    /// ```
    #[must_use]
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// The microseconds that C's lock functions take, rounded up. [`FOREVER`](Timeout::FOREVER) is
    /// −1,000,000; those functions take any negative number as for ever.
    ///
    /// ```
    /// use py_thread::Timeout;
    /// assert_eq!(Timeout::from_nanos(1).as_micros(), 1);
    /// assert_eq!(Timeout::from_nanos(2000).as_micros(), 2);
    /// assert_eq!(Timeout::FOREVER.as_micros(), -1_000_000);
    /// ```
    #[doc(alias = "_PyTime_AsMicroseconds")]
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        micros_away_from_zero(self.0)
    }

    /// The duration; `None` is for ever.
    ///
    /// ```
    /// use py_thread::Timeout;
    /// use std::time::Duration;
    /// assert_eq!(Timeout::NOW.as_duration(), Some(Duration::ZERO));
    /// assert_eq!(Timeout::FOREVER.as_duration(), None);
    /// ```
    #[must_use]
    pub const fn as_duration(self) -> Option<Duration> {
        if self.0 < 0 {
            None
        } else {
            Some(Duration::from_nanos(self.0.unsigned_abs()))
        }
    }

    /// Whether this is for ever.
    ///
    /// ```
    /// assert!(py_thread::Timeout::FOREVER.is_forever());
    /// ```
    #[must_use]
    pub const fn is_forever(self) -> bool {
        self.0 < 0
    }
}

/// A shorter timeout is less than a longer one, and "for ever" is the greatest.
impl Ord for Timeout {
    fn cmp(&self, other: &Timeout) -> core::cmp::Ordering {
        let key = |t: &Timeout| (t.is_forever(), t.0);
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Timeout {
    fn partial_cmp(&self, other: &Timeout) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// A duration of more than 292 years (an `i64` of nanoseconds) becomes 292 years.
impl From<Duration> for Timeout {
    fn from(duration: Duration) -> Timeout {
        Timeout(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX))
    }
}

/// `None` is for ever.
impl From<Option<Duration>> for Timeout {
    fn from(duration: Option<Duration>) -> Timeout {
        duration.map_or(Timeout::FOREVER, Timeout::from)
    }
}
