//! Python's timeout arguments, with CPython's rounding, order of checks, and messages.

use super::{NANOS_PER_SECOND, TIMEOUT_MAX, Timeout, micros_away_from_zero};
use core::error::Error;
use core::fmt;

/// A number of seconds as Python code gives it. A `bool` is an `Int`. For an argument that is not a
/// number the interpreter raises `TypeError` itself.
///
/// ```
/// use py_thread::Seconds;
/// assert_eq!(Seconds::from(2), Seconds::Int(2));
/// assert_eq!(Seconds::from(0.5), Seconds::Float(0.5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Seconds {
    /// A Python `int` that fits 64 bits.
    Int(i64),
    /// A Python `int` that does not fit 64 bits.
    BigInt,
    /// A Python `float`.
    Float(f64),
}

impl From<i64> for Seconds {
    fn from(seconds: i64) -> Seconds {
        Seconds::Int(seconds)
    }
}

impl From<f64> for Seconds {
    fn from(seconds: f64) -> Seconds {
        Seconds::Float(seconds)
    }
}

/// Why a timeout argument was refused. [`Display`](fmt::Display) gives the message of CPython 3.14.
/// For [`OutOfRange`](TimeoutError::OutOfRange), 3.13 has two other messages: `timestamp too large
/// to convert to C PyTime_t` for an int, and `timestamp out of range for platform time_t` for a
/// float.
///
/// ```
/// use py_thread::{Seconds, Timeout, TimeoutError};
/// let error = Timeout::parse(Some(Seconds::Int(-1)), true).unwrap_err();
/// assert_eq!(error, TimeoutError::Negative);
/// assert_eq!(error.to_string(), "timeout value must be a non-negative number");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimeoutError {
    /// A timeout for a call that does not block (`ValueError`).
    NonBlocking,
    /// Below zero (`ValueError`).
    Negative,
    /// Not a number, NaN (`ValueError`).
    NotANumber,
    /// More than [`TIMEOUT_MAX`] (`OverflowError`).
    TooLarge,
    /// More than 64-bit nanoseconds hold (`OverflowError`).
    OutOfRange,
}

impl TimeoutError {
    /// Whether Python raises `OverflowError` for it; `ValueError` otherwise.
    ///
    /// ```
    /// use py_thread::TimeoutError;
    /// assert!(TimeoutError::TooLarge.is_overflow());
    /// assert!(!TimeoutError::Negative.is_overflow());
    /// ```
    #[must_use]
    pub const fn is_overflow(self) -> bool {
        match self {
            TimeoutError::NonBlocking | TimeoutError::Negative | TimeoutError::NotANumber => false,
            TimeoutError::TooLarge | TimeoutError::OutOfRange => true,
        }
    }
}

impl fmt::Display for TimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TimeoutError::NonBlocking => "can't specify a timeout for a non-blocking call",
            TimeoutError::Negative => "timeout value must be a non-negative number",
            TimeoutError::NotANumber => "Invalid value NaN (not a number)",
            TimeoutError::TooLarge => "timeout value is too large",
            TimeoutError::OutOfRange => "timestamp out of range for C PyTime_t",
        })
    }
}

impl Error for TimeoutError {}

impl Timeout {
    /// Reads the timeout argument of a call that blocks, or of one that does not. `None` (Python's
    /// `None`, or no argument) is for ever in a blocking call. Fractions of a nanosecond are
    /// rounded away from zero: 1e-10 seconds is 1 ns, and not "do not wait".
    ///
    /// CPython: `Python/thread.c`, `PyThread_ParseTimeoutArg`.
    ///
    /// # Errors
    /// In this order: any number in a call that does not block; NaN; what does not fit 64-bit
    /// nanoseconds; negative numbers (−1 is nothing special here, see
    /// [`parse_acquire`](Timeout::parse_acquire)); more than [`TIMEOUT_MAX`].
    ///
    /// # Examples
    /// ```
    /// use py_thread::{Seconds, Timeout, TimeoutError};
    /// let parse = |seconds| Timeout::parse(Some(seconds), true).map(Timeout::as_nanos);
    /// assert_eq!(parse(Seconds::Float(1e-10)), Ok(1));
    /// assert_eq!(parse(Seconds::Int(1)), Ok(1_000_000_000));
    /// assert_eq!(parse(Seconds::Float(1e300)), Err(TimeoutError::OutOfRange));
    /// assert_eq!(
    ///     Timeout::parse(Some(Seconds::Int(0)), false),
    ///     Err(TimeoutError::NonBlocking),
    /// );
    /// ```
    #[doc(alias = "PyThread_ParseTimeoutArg")]
    pub fn parse(seconds: Option<Seconds>, blocking: bool) -> Result<Timeout, TimeoutError> {
        let Some(seconds) = seconds else {
            return Ok(if blocking {
                Timeout::FOREVER
            } else {
                Timeout::NOW
            });
        };
        if !blocking {
            return Err(TimeoutError::NonBlocking);
        }
        let nanos = nanos(seconds)?;
        if nanos < 0 {
            return Err(TimeoutError::Negative);
        }
        limited(nanos)
    }

    /// Reads the arguments of `Lock.acquire(blocking=True, timeout=-1)`. A timeout of exactly −1
    /// second is the same as no timeout, also in a call that does not block. (`None` is a
    /// `TypeError` there.)
    ///
    /// CPython: `Modules/_threadmodule.c`, `lock_acquire_parse_args`.
    ///
    /// # Errors
    /// In this order: NaN; what does not fit 64-bit nanoseconds; any other number than −1 in a call
    /// that does not block; other negative numbers; more than [`TIMEOUT_MAX`].
    ///
    /// # Examples
    /// ```
    /// use py_thread::{Seconds, Timeout, TimeoutError};
    /// let parse = |blocking, n| Timeout::parse_acquire(blocking, Some(Seconds::Int(n)));
    /// assert_eq!(parse(true, -1), Ok(Timeout::FOREVER));
    /// assert_eq!(parse(false, -1), Ok(Timeout::NOW));
    /// assert_eq!(parse(false, 1), Err(TimeoutError::NonBlocking));
    /// assert_eq!(parse(true, -2), Err(TimeoutError::Negative));
    /// assert_eq!(Timeout::parse_acquire(true, None), Ok(Timeout::FOREVER));
    /// ```
    #[doc(alias = "lock_acquire_parse_args")]
    pub fn parse_acquire(
        blocking: bool,
        timeout: Option<Seconds>,
    ) -> Result<Timeout, TimeoutError> {
        let nanos = match timeout {
            Some(seconds) => nanos(seconds)?,
            None => Timeout::FOREVER.0,
        };
        let given = nanos != Timeout::FOREVER.0;
        if given && !blocking {
            return Err(TimeoutError::NonBlocking);
        }
        if given && nanos < 0 {
            return Err(TimeoutError::Negative);
        }
        match (blocking, given) {
            (false, _) => Ok(Timeout::NOW),
            (true, false) => Ok(Timeout::FOREVER),
            (true, true) => limited(nanos),
        }
    }
}

fn limited(nanos: i64) -> Result<Timeout, TimeoutError> {
    if micros_away_from_zero(nanos) > TIMEOUT_MAX {
        return Err(TimeoutError::TooLarge);
    }
    Ok(Timeout(nanos))
}

/// Nanoseconds, rounded away from zero. CPython: `Python/pytime.c`, `_PyTime_FromSecondsObject`.
fn nanos(seconds: Seconds) -> Result<i64, TimeoutError> {
    match seconds {
        Seconds::Int(n) => n
            .checked_mul(NANOS_PER_SECOND)
            .ok_or(TimeoutError::OutOfRange),
        Seconds::BigInt => Err(TimeoutError::OutOfRange),
        Seconds::Float(x) if x.is_nan() => Err(TimeoutError::NotANumber),
        Seconds::Float(x) => {
            let nanos = x * 1e9;
            let nanos = if nanos < 0.0 {
                nanos.floor()
            } else {
                nanos.ceil()
            };
            // The first double above i64::MAX is 2^63.
            if !(-TWO_POW_63..TWO_POW_63).contains(&nanos) {
                return Err(TimeoutError::OutOfRange);
            }
            #[allow(clippy::cast_possible_truncation, reason = "a whole number in range")]
            Ok(nanos as i64)
        }
    }
}

const TWO_POW_63: f64 = 9_223_372_036_854_775_808.0;
