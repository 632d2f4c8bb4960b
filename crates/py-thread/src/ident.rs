//! [`Ident`]: a number for each thread, minted once and never used again.
//!
//! A thread has two values in its thread-local storage: its own ident, and the current one.
//! They differ only inside [`LogicalThread::run`], where a generator or a microthread runs on a
//! borrowed thread under an ident of its own.
//!
//! Invariants:
//! * I1: the counter only grows, so no two mints give the same number.
//! * I2: `OWN` changes once from 0 to a minted number. It does not change while user code runs;
//!   only a worker of the cache takes the ident of its next job, between jobs.
//! * I3: `CURRENT` is 0 (unknown, so `OWN` counts), or `OWN`, or the ident of the logical thread
//!   that runs. So one load reads it.
//!
//! Ordering: the counter is `Relaxed`. Uniqueness needs only the atomicity of the addition, and the
//! number publishes no other memory.

use core::cell::Cell;
use core::fmt;
use core::num::NonZeroU64;
use core::sync::atomic::{AtomicU64, Ordering};

static NEXT: AtomicU64 = AtomicU64::new(1);

std::thread_local! {
    static OWN: Cell<u64> = const { Cell::new(0) };
    static CURRENT: Cell<u64> = const { Cell::new(0) };
}

/// A thread's ident: minted once per thread, never reused, the same in a forked child.
///
/// CPython's `PyThread_get_thread_ident` gives the address of the thread's control block, which the
/// next thread may get again.
///
/// ```
/// use py_thread::Ident;
/// let here = Ident::own();
/// let there = std::thread::spawn(Ident::own).join().unwrap();
/// assert_eq!(here, Ident::own());
/// assert_ne!(here, there);
/// ```
#[doc(alias = "PyThread_get_thread_ident")]
#[doc(alias = "PyThread_get_thread_ident_ex")]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ident(NonZeroU64);

impl Ident {
    pub(crate) fn mint() -> Ident {
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        Ident(NonZeroU64::new(n).expect("2^64 idents are never used up"))
    }

    /// Mints `n` consecutive idents at once, and returns the number of the first.
    #[cfg(feature = "micro")]
    pub(crate) fn mint_block(n: u64) -> u64 {
        NEXT.fetch_add(n, Ordering::Relaxed)
    }

    /// This thread's own ident, minted on the first call. Nothing can set it.
    ///
    /// ```
    /// use py_thread::Ident;
    /// assert_eq!(Ident::own(), Ident::own());
    /// ```
    #[inline]
    #[must_use]
    pub fn own() -> Ident {
        match NonZeroU64::new(OWN.get()) {
            Some(n) => Ident(n),
            None => Ident::mint_own(),
        }
    }

    #[cold]
    fn mint_own() -> Ident {
        let ident = Ident::mint();
        OWN.set(ident.get());
        ident
    }

    /// In a model all threads share the storage of one OS thread, so none of them adopts an ident.
    #[cfg(all(test, loom))]
    pub(crate) fn adopt(_ident: Ident) {}

    /// Makes `ident` this thread's own: at the start of a thread, or of a worker's job (I2).
    #[cfg(not(all(test, loom)))]
    pub(crate) fn adopt(ident: Ident) {
        OWN.set(ident.get());
        CURRENT.set(ident.get());
    }

    /// This thread's own number, or 0 if it was not minted yet.
    pub(crate) fn own_if_minted() -> u64 {
        OWN.get()
    }

    /// The ident of the logical thread that runs here: [`own`](Ident::own), or that of the
    /// [`LogicalThread`] whose [`run`](LogicalThread::run) is innermost.
    ///
    /// Costs one load of thread-local storage. `py_sync`'s recursive mutex uses this ident as its
    /// owner; its typed locks use `own`.
    ///
    /// ```
    /// use py_thread::{Ident, LogicalThread};
    /// assert_eq!(Ident::current(), Ident::own());
    /// let mut generator = LogicalThread::new();
    /// assert_ne!(generator.run(Ident::current), Ident::own());
    /// ```
    #[inline]
    #[must_use]
    pub fn current() -> Ident {
        match NonZeroU64::new(CURRENT.get()) {
            Some(n) => Ident(n),
            None => Ident::find_current(),
        }
    }

    /// I3: 0 means that `OWN` counts.
    #[cold]
    fn find_current() -> Ident {
        let own = Ident::own();
        CURRENT.set(own.get());
        own
    }

    /// The number, for example for `threading.get_ident()`.
    ///
    /// ```
    /// let n: u64 = py_thread::Ident::own().get();
    /// assert_ne!(n, 0);
    /// ```
    #[inline]
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0.get()
    }

    /// The ident of this number: the way back from [`get`](Ident::get), for runtimes that keep
    /// idents as integers. `None` for 0.
    ///
    /// ```
    /// use py_thread::Ident;
    /// let here = Ident::own();
    /// assert_eq!(Ident::from_u64(here.get()), Some(here));
    /// assert_eq!(Ident::from_u64(0), None);
    /// ```
    #[inline]
    #[must_use]
    pub const fn from_u64(n: u64) -> Option<Ident> {
        match NonZeroU64::new(n) {
            Some(n) => Some(Ident(n)),
            None => None,
        }
    }
}

impl fmt::Debug for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ident({})", self.0)
    }
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A thread that the runtime itself schedules, such as a generator's body or a microthread. It
/// carries its ident from one OS thread to the next.
///
/// ```
/// use py_thread::{Ident, LogicalThread};
/// let mut logical = LogicalThread::new();
/// let ident = logical.ident();
/// assert_eq!(logical.run(Ident::current), ident);
/// assert_ne!(Ident::own(), ident);
/// assert_eq!(Ident::current(), Ident::own());
/// ```
#[derive(Debug)]
pub struct LogicalThread {
    ident: Ident,
}

impl LogicalThread {
    /// A logical thread with a new ident.
    ///
    /// ```
    /// use py_thread::LogicalThread;
    /// assert_ne!(LogicalThread::new().ident(), LogicalThread::new().ident());
    /// ```
    #[must_use]
    pub fn new() -> LogicalThread {
        LogicalThread {
            ident: Ident::mint(),
        }
    }

    /// Its ident, wherever it runs.
    ///
    /// ```
    /// use py_thread::LogicalThread;
    /// let mut generator = LogicalThread::new();
    /// let ident = generator.ident();
    /// std::thread::scope(|s| s.spawn(|| generator.run(|| ())).join().unwrap());
    /// assert_eq!(generator.ident(), ident);
    /// ```
    #[must_use]
    pub fn ident(&self) -> Ident {
        self.ident
    }

    /// Runs `f` here with [`Ident::current`] giving this logical thread's ident. The earlier value
    /// comes back when `f` returns or panics.
    ///
    /// ```
    /// use py_thread::{Ident, LogicalThread};
    /// let mut outer = LogicalThread::new();
    /// let mut inner = LogicalThread::new();
    /// let expected = (outer.ident(), inner.ident(), outer.ident());
    /// let seen = outer.run(|| {
    ///     let before = Ident::current();
    ///     let within = inner.run(Ident::current);
    ///     (before, within, Ident::current())
    /// });
    /// assert_eq!(seen, expected);
    /// ```
    pub fn run<R>(&mut self, f: impl FnOnce() -> R) -> R {
        let _restore = Restore(CURRENT.replace(self.ident.get()));
        f()
    }
}

/// Puts the earlier value of `CURRENT` back.
struct Restore(u64);

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}

/// A period in which several logical threads run here one after another: a sweep over microthreads.
/// Its end restores the earlier value.
#[cfg(feature = "micro")]
pub(crate) struct Borrowed(Restore);

#[cfg(feature = "micro")]
impl Borrowed {
    pub(crate) fn new() -> Borrowed {
        Borrowed(Restore(CURRENT.get()))
    }

    /// From here on the logical thread with this number (not 0) runs.
    #[inline]
    pub(crate) fn set(&self, ident: u64) {
        CURRENT.set(ident);
    }

    /// The thread has its own ident again, until the next `set`.
    pub(crate) fn pause(&self) {
        CURRENT.set(self.0.0);
    }
}

impl Default for LogicalThread {
    fn default() -> Self {
        LogicalThread::new()
    }
}
