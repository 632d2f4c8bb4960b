//! [`Snapshot`]: the waiters of a lot, copied out bucket by bucket.

use crate::parking_lot::{Kind, ParkingLot, lot};
use crate::sys;
use core::fmt;
use core::time::Duration;
use py_thread::Ident;

/// A parked thread.
///
/// ```
/// use py_sync::diagnostics::{self, Waiting};
/// for Waiting { address, kind, ident, waited, .. } in diagnostics::snapshot().waiters() {
///     println!("thread {ident} waits for the {kind} at {address:#x} since {waited:?}");
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waiting {
    /// What it waits for: the address of a lock, or the key of a park.
    pub address: usize,
    /// What is there.
    pub kind: Kind,
    /// The waiting thread: its [`Ident::own`].
    pub ident: Ident,
    /// For how long it had been asleep when the snapshot was taken. A thread that was woken and
    /// lost the race for its lock starts again.
    pub waited: Duration,
}

/// The waiters of a lot at one time: by address, and for each address in the order in which they
/// will be woken.
///
/// Prints as a table.
///
/// ```
/// let snapshot = py_sync::diagnostics::snapshot();
/// assert!(snapshot.is_empty());
/// assert_eq!(snapshot.to_string(), "nobody waits\n");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    waiters: Vec<Waiting>,
}

/// A snapshot of the lot in which the locks of this process park.
///
/// The buckets are copied one after the other, each under its lock. So the snapshot is of no single
/// instant: a thread that wakes and parks elsewhere meanwhile may be seen twice or not at all. A thread
/// that sleeps all the time is seen once.
///
/// # Blocking
///
/// On one bucket lock at a time. Not for a signal handler: let it wake a thread that calls this.
///
/// # Panics
///
/// In debug builds, if called from a callback of the lot.
///
/// # Examples
///
/// ```
/// eprint!("{}", py_sync::diagnostics::snapshot());
/// ```
#[must_use]
pub fn snapshot() -> Snapshot {
    lot().snapshot()
}

impl<const N: usize> ParkingLot<N> {
    /// As [`diagnostics::snapshot`](crate::diagnostics::snapshot), of this lot.
    ///
    /// # Examples
    ///
    /// ```
    /// let lot = py_sync::ParkingLot::<3>::new();
    /// assert!(lot.snapshot().is_empty());
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let now = sys::monotonic_ns();
        let mut waiters = self.collect(|request, record| {
            Waiting::until(now, request.key, request.kind, record.ident, record.since)
        });
        // Stable: the order of arrival stays.
        waiters.sort_by_key(|waiting| waiting.address);
        Snapshot { waiters }
    }
}

impl Waiting {
    /// Nanoseconds of the monotonic clock.
    pub(crate) fn until(now: u64, address: usize, kind: Kind, ident: Ident, since: u64) -> Waiting {
        Waiting {
            address,
            kind,
            ident,
            waited: Duration::from_nanos(now.saturating_sub(since)),
        }
    }
}

impl Snapshot {
    /// All of them.
    ///
    /// ```
    /// let snapshot = py_sync::diagnostics::snapshot();
    /// assert_eq!(snapshot.waiters().len(), 0);
    /// ```
    #[must_use]
    pub fn waiters(&self) -> &[Waiting] {
        &self.waiters
    }

    /// True if nobody waits.
    ///
    /// ```
    /// assert!(py_sync::diagnostics::snapshot().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiters.is_empty()
    }

    /// Those that wait for `address`, in the order in which they will be woken.
    ///
    /// ```
    /// let lock = py_sync::Mutex::new();
    /// let snapshot = py_sync::diagnostics::snapshot();
    /// assert!(snapshot.of(lock.as_ptr().addr()).is_empty());
    /// ```
    #[must_use]
    pub fn of(&self, address: usize) -> &[Waiting] {
        let start = self.waiters.partition_point(|w| w.address < address);
        let end = self.waiters.partition_point(|w| w.address <= address);
        &self.waiters[start..end]
    }

    /// The one that has been asleep for longest: what a watchdog looks at.
    ///
    /// ```
    /// assert!(py_sync::diagnostics::snapshot().longest().is_none());
    /// ```
    #[must_use]
    pub fn longest(&self) -> Option<&Waiting> {
        self.waiters.iter().max_by_key(|waiting| waiting.waited)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Kind::Mutex => "Mutex",
            Kind::RwMutex => "RwMutex",
            Kind::Event => "Event",
            Kind::OnceFlag => "OnceFlag",
            Kind::Semaphore => "Semaphore",
            Kind::Condvar => "Condvar",
            Kind::Park => "park",
            Kind::RawMutex => "RawMutex",
        })
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.waiters.is_empty() {
            return writeln!(f, "nobody waits");
        }
        let (address, kind) = ("address", "kind");
        writeln!(
            f,
            "{address:<18}  {kind:<9}  {:>8}  {:>12}",
            "thread", "waited"
        )?;
        let mut addresses = 0;
        for same in self.waiters.chunk_by(|a, b| a.address == b.address) {
            addresses += 1;
            for (i, waiting) in same.iter().enumerate() {
                // The address once: those below it wait behind the first.
                match i {
                    0 => write!(f, "{:#018x}", waiting.address)?,
                    _ => write!(f, "{:18}", "")?,
                }
                let waited = waiting.waited.as_secs_f64();
                let (kind, ident) = (waiting.kind, waiting.ident.get());
                writeln!(f, "  {kind:<9}  {ident:>8}  {waited:>10.3} s")?;
            }
        }
        let threads = self.waiters.len();
        let plural = |n| if n == 1 { "" } else { "s" };
        let (of_threads, of_addresses) = (plural(threads), if addresses == 1 { "" } else { "es" });
        writeln!(
            f,
            "{threads} thread{of_threads} on {addresses} address{of_addresses}"
        )
    }
}
