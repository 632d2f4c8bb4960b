//! [`Deadline`]: the moment at which a wait ends, however often it is interrupted. This is the only
//! file that reads the clock. `timeout/mod.rs` says how the crate writes time limits.

use crate::timeout::Timeout;
use core::time::Duration;
use std::time::Instant;

/// The moment at which a wait ends.
///
/// CPython: `Python/pytime.c`, `_PyDeadline_Init` and `_PyDeadline_Get`.
///
/// ```
/// use py_thread::{Deadline, Timeout};
/// use std::time::Duration;
/// let deadline = Deadline::after(Timeout::from(Duration::from_secs(60)));
/// let left = deadline.remaining().expect("a minute is not over yet");
/// assert!(left <= Timeout::from(Duration::from_secs(60)));
/// assert_eq!(Deadline::after(Timeout::FOREVER).remaining(), Some(Timeout::FOREVER));
/// ```
#[doc(alias = "_PyDeadline_Init")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline(At);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Never,
    Moment(Instant),
}

impl Deadline {
    /// The deadline that never comes.
    ///
    /// ```
    /// use py_thread::{Deadline, Timeout};
    /// assert_eq!(Deadline::NEVER, Deadline::after(Timeout::FOREVER));
    /// ```
    pub const NEVER: Deadline = Deadline(At::Never);

    /// The moment `timeout` from now. One that the clock cannot hold never comes.
    ///
    /// ```
    /// use py_thread::{Deadline, Timeout};
    /// assert!(!Deadline::after(Timeout::MAX).is_over());
    /// ```
    #[must_use]
    pub fn after(timeout: Timeout) -> Deadline {
        let moment = timeout
            .as_duration()
            .and_then(|t| Instant::now().checked_add(t));
        Deadline(moment.map_or(At::Never, At::Moment))
    }

    /// The time that is left; `None` once the moment is past. Exactly at the moment the result is
    /// [`Timeout::NOW`]: the caller tries once more, as CPython does.
    ///
    /// ```
    /// use py_thread::{Deadline, Timeout};
    /// let deadline = Deadline::after(Timeout::NOW);
    /// std::thread::sleep(std::time::Duration::from_millis(1));
    /// assert_eq!(deadline.remaining(), None);
    /// ```
    #[doc(alias = "_PyDeadline_Get")]
    #[must_use]
    pub fn remaining(self) -> Option<Timeout> {
        match self.0 {
            At::Never => Some(Timeout::FOREVER),
            At::Moment(moment) => moment
                .checked_duration_since(Instant::now())
                .map(Timeout::from),
        }
    }

    /// Whether the moment has come.
    ///
    /// ```
    /// use py_thread::{Deadline, Timeout};
    /// assert!(Deadline::after(Timeout::NOW).is_over());
    /// assert!(!Deadline::NEVER.is_over());
    /// ```
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self.remaining(), None | Some(Timeout::NOW))
    }

    /// The longest sleep that does not miss the moment; `None` is for ever. A model has no clock,
    /// so every timed sleep has length zero there.
    pub(crate) fn sleep(self) -> Option<Duration> {
        match self.0 {
            At::Never => None,
            At::Moment(_) if cfg!(all(test, loom)) => Some(Duration::ZERO),
            At::Moment(moment) => Some(moment.saturating_duration_since(Instant::now())),
        }
    }

    /// Whether the wait is over when a sleep of [`sleep`](Self::sleep)'s length has run out.
    pub(crate) fn ends(self) -> bool {
        match self.0 {
            At::Never => false,
            At::Moment(_) if cfg!(all(test, loom)) => true,
            At::Moment(_) => self.is_over(),
        }
    }
}
