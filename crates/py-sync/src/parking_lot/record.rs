//! [`Kind`], what a thread waits for, and what `py_sync::diagnostics` is told besides: who waits, since
//! when. Without the feature a [`Record`] is of no size and the counts are no code.
//!
//! A record is written before its waiter is queued and never changed; who holds the bucket lock
//! may read it while the waiter is in the queue. The counts are `Relaxed`: figures that order
//! nothing.

/// What a parked thread waits for.
///
/// ```
/// # #[cfg(feature = "diagnostics")] {
/// use py_sync::diagnostics::Kind;
/// assert_eq!(Kind::Mutex.to_string(), "Mutex");
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A [`Mutex`](crate::Mutex), also one inside a critical section or a recursive mutex.
    Mutex,
    /// An `RwMutex`, to read or to write.
    RwMutex,
    /// An `Event`.
    Event,
    /// A `OnceFlag` whose initialiser runs.
    OnceFlag,
    /// A condition variable.
    Condvar,
    /// A key of the program's own: [`park`](crate::park).
    Park,
}

#[cfg_attr(feature = "diagnostics", path = "record/told.rs")]
#[cfg_attr(not(feature = "diagnostics"), path = "record/untold.rs")]
mod told;

pub(crate) use told::*;
