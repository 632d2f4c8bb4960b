//! [`Id`]: the name of a microthread.

use crate::ident::Ident;
use core::fmt;

/// How many idents microthreads may have: an id holds 48 bits of one.
pub(super) const MAX_SERIAL: u64 = (1 << 48) - 1;

/// Names a microthread by its place and its [`Ident`]. No other microthread ever gets the same
/// ident. So the id of a microthread that has ended, or of another scheduler, is harmless: it names
/// none.
///
/// ```
/// use py_thread::micro::{Scheduler, Task};
/// let mut scheduler = Scheduler::new();
/// let first = scheduler.spawn(Task::new(async { 1 }));
/// scheduler.run();
/// scheduler.take(first);
/// let second = scheduler.spawn(Task::new(async { 2 }));
/// assert_eq!(first.index(), second.index(), "the place is used again");
/// assert_ne!(first, second);
/// assert!(!scheduler.wake(first));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    index: u32,
    /// The number of the ident, in two parts: so an id has 12 bytes, and the alignment of a `u32`.
    high: u16,
    low: u32,
}

impl Id {
    #[inline]
    pub(super) fn new(index: u32, serial: u64) -> Id {
        Id {
            index,
            high: (serial >> 32) as u16,
            low: serial as u32,
        }
    }

    /// The number of its ident.
    #[inline]
    pub(super) fn serial(self) -> u64 {
        u64::from(self.high) << 32 | u64::from(self.low)
    }

    /// Its place among its scheduler's microthreads: a small number, which is reused after its end.
    ///
    /// ```
    /// use py_thread::micro::{Scheduler, Step, from_fn};
    /// let mut scheduler = Scheduler::new();
    /// let id = scheduler.spawn(from_fn(|_, _| Step::Done(())));
    /// assert_eq!(id.index(), 0);
    /// ```
    #[must_use]
    pub fn index(self) -> usize {
        self.index as usize
    }

    /// The ident that [`Ident::current`] returns inside this microthread.
    ///
    /// ```
    /// use py_thread::{Ident, micro::{Scheduler, Step, from_fn}};
    /// let mut scheduler = Scheduler::new();
    /// let id = scheduler.spawn(from_fn(|_, _| Step::Done(Ident::current())));
    /// scheduler.run();
    /// assert_eq!(scheduler.take(id).unwrap().done(), Some(id.ident()));
    /// ```
    #[must_use]
    pub fn ident(self) -> Ident {
        Ident::from_u64(self.serial()).expect("an ident is never 0")
    }
}

/// The number of an ident, if an id has room for it.
pub(super) fn serial(number: u64) -> u64 {
    assert!(number <= MAX_SERIAL, "2^48 microthreads were started");
    number
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({}, {})", self.index, self.serial())
    }
}

/// Shows the place, which is the same in every run: `#3`.
impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.index)
    }
}
