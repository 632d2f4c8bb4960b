//! The numbers by which the C library and the kernel know threads.

use crate::sys;
use core::fmt;

/// The number by which the C library knows a thread: `pthread_t`, or Windows' thread id. CPython's
/// `threading.get_ident()` returns it, and `signal.pthread_kill` takes it. A new thread may get the
/// number of one that has ended; an [`Ident`](crate::Ident) is never reused.
///
/// CPython: `Python/thread_pthread.h`, `PyThread_get_thread_ident_ex`.
///
/// ```
/// use py_thread::OsIdent;
/// assert_eq!(OsIdent::current(), OsIdent::current());
/// ```
#[doc(alias = "PyThread_ident_t")]
#[doc(alias = "PyThread_get_thread_ident_ex")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OsIdent(u64);

impl OsIdent {
    /// The calling thread's number.
    ///
    /// ```
    /// use py_thread::OsIdent;
    /// let here = OsIdent::current();
    /// let there = std::thread::spawn(OsIdent::current).join().unwrap();
    /// assert_ne!(here, there);
    /// ```
    #[must_use]
    pub fn current() -> OsIdent {
        OsIdent(sys::os_ident())
    }

    /// The number.
    ///
    /// ```
    /// # if cfg!(miri) { return; } // The first thread is 0 there.
    /// assert_ne!(py_thread::OsIdent::current().get(), 0);
    /// ```
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    pub(crate) const fn from_u64(n: u64) -> OsIdent {
        OsIdent(n)
    }
}

impl fmt::Display for OsIdent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The number by which the kernel knows the calling thread, as `ps`, `top` and debuggers show it.
/// It costs a system call on Linux. It is never cached, because a fork changes it.
///
/// Linux and Android: `gettid`. macOS: `pthread_threadid_np`. Windows: `GetCurrentThreadId`.
/// FreeBSD: `pthread_getthreadid_np`. OpenBSD: `getthrid`. NetBSD: `_lwp_self`. DragonFly: the
/// process's number above `lwp_gettid`. AIX: `thread_self`. Elsewhere, and under Miri: the
/// [`OsIdent`].
///
/// CPython: `Python/thread_pthread.h`, `PyThread_get_thread_native_id`.
///
/// ```
/// let here = py_thread::native_id();
/// let there = std::thread::spawn(py_thread::native_id).join().unwrap();
/// assert_ne!(here, there);
/// ```
#[doc(alias = "PyThread_get_thread_native_id")]
#[must_use]
pub fn native_id() -> u64 {
    sys::native_id()
}
