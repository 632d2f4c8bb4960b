//! [`Ident`]: a number for each thread, minted once and never used again.
//!
//! Every thread carries two values in its thread-local storage: its own ident, and the current one.
//! They differ only inside [`LogicalThread::run`], where a generator or a microthread runs on a
//! borrowed thread under an ident of its own.
//!
//! Invariants:
//! * I1: the counter only grows, so no two mints give the same number.
//! * I2: `OWN` goes from 0 to a minted number once, and never changes again.
//! * I3: `CURRENT` is 0 (meaning: as `OWN`) or the ident of the logical thread that runs.
//!
//! Ordering: the counter is `Relaxed`, since uniqueness needs only the atomicity of the addition; no
//! other memory is published with the number.

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
    fn mint() -> Ident {
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        Ident(NonZeroU64::new(n).expect("2^64 idents are never used up"))
    }

    /// This thread's own ident, minted on the first call. Nothing can set it.
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

    /// The ident of the logical thread that runs here: [`own`](Ident::own), or that of the
    /// [`LogicalThread`] whose [`run`](LogicalThread::run) is innermost.
    #[inline]
    #[must_use]
    pub fn current() -> Ident {
        match NonZeroU64::new(CURRENT.get()) {
            Some(n) => Ident(n),
            None => Ident::own(),
        }
    }

    /// The number, for example for `threading.get_ident()`.
    #[inline]
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0.get()
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

/// A thread of the runtime's own, such as a generator's body or a microthread, that carries its
/// ident from one OS thread to the next.
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
    #[must_use]
    pub fn new() -> LogicalThread {
        LogicalThread {
            ident: Ident::mint(),
        }
    }

    /// Its ident.
    #[must_use]
    pub fn ident(&self) -> Ident {
        self.ident
    }

    /// Runs `f` here with [`Ident::current`] giving this logical thread's ident. The earlier value
    /// comes back when `f` returns or panics.
    pub fn run<R>(&mut self, f: impl FnOnce() -> R) -> R {
        struct Restore(u64);
        impl Drop for Restore {
            fn drop(&mut self) {
                CURRENT.set(self.0);
            }
        }
        let _restore = Restore(CURRENT.replace(self.ident.get()));
        f()
    }
}

impl Default for LogicalThread {
    fn default() -> Self {
        LogicalThread::new()
    }
}
