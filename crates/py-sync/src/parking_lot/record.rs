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
#[cfg_attr(
    not(feature = "diagnostics"),
    allow(unreachable_pub, reason = "public with the feature only")
)]
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
    /// A `Semaphore`.
    Semaphore,
    /// A condition variable.
    #[cfg_attr(
        not(feature = "lock_api"),
        allow(dead_code, reason = "typed locks have condition variables")
    )]
    Condvar,
    /// A key of the program's own: [`park`](crate::park).
    Park,
}

#[cfg(all(feature = "diagnostics", not(all(test, loom))))]
mod told {
    use crate::primitive::{AtomicU64, Relaxed};
    use crate::sys;
    use py_thread::Ident;

    static WAITS: AtomicU64 = AtomicU64::new(0);
    static HAND_OFFS: AtomicU64 = AtomicU64::new(0);

    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Record {
        pub(crate) ident: Ident,
        /// Nanoseconds of the monotonic clock.
        pub(crate) since: u64,
    }

    impl Record {
        pub(crate) fn new() -> Record {
            Record {
                ident: Ident::own(),
                since: sys::monotonic_ns(),
            }
        }
    }

    pub(crate) fn count_wait() {
        WAITS.fetch_add(1, Relaxed);
    }

    pub(crate) fn count_hand_off() {
        HAND_OFFS.fetch_add(1, Relaxed);
    }

    /// Waits and hand-offs so far.
    pub(crate) fn counts() -> (u64, u64) {
        (WAITS.load(Relaxed), HAND_OFFS.load(Relaxed))
    }
}

#[cfg(not(all(feature = "diagnostics", not(all(test, loom)))))]
mod told {
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Record;

    impl Record {
        #[inline]
        pub(crate) fn new() -> Record {
            Record
        }
    }

    #[inline]
    pub(crate) fn count_wait() {}

    #[inline]
    pub(crate) fn count_hand_off() {}
}

pub(crate) use told::*;
