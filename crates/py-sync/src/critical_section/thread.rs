//! [`CsThread`]: a stack of sections that a runtime keeps in its thread state.

use super::current::{enter, with_current};
use super::guard::{CriticalSection, begin, begin2};
use super::stack::Stack;
use crate::mutex::Mutex;
use core::fmt;
use core::ptr::{self, NonNull};

/// The stack of open critical sections of one thread of a runtime, kept in its thread state.
///
/// Every thread has one of its own, which the closure forms and [`CriticalSection::begin`] use. A
/// runtime whose threads are not the system's gives each of them a `CsThread`, and runs it inside
/// [`enter`](CsThread::enter): that is then the calling thread's stack, which its sleeps suspend.
///
/// CPython: `Include/cpython/pystate.h`, `PyThreadState.critical_section`.
///
/// ```
/// use py_sync::{CriticalSection, CsThread, Mutex};
/// let thread = CsThread::new();
/// let (a, b) = (Mutex::new(), Mutex::new());
/// thread.enter(|| {
///     // SAFETY: both are ended below, before `a` and `b` go.
///     let mut outer = unsafe { thread.begin(&a) };
///     let mut inner = unsafe { thread.begin2(&a, &b) };
///     assert!(thread.top().unwrap().second.is_some());
///     inner.end();
///     outer.end();
/// });
/// assert!(thread.top().is_none());
/// ```
#[repr(transparent)]
pub struct CsThread {
    stack: Stack,
}

// SAFETY: a stack owns its memory, and points to mutexes, which any thread may unlock. While a section's
// guard or closure borrows the stack, it cannot be sent. The mutexes of a leaked section are alive, as
// `begin` was promised.
unsafe impl Send for CsThread {}

/// The innermost section of a thread, as [`CsThread::top`] finds it.
///
/// ```
/// use py_sync::{CsThread, Mutex};
/// let (thread, m) = (CsThread::new(), Mutex::new());
/// // SAFETY: ended when dropped, before `m` goes.
/// let section = unsafe { thread.begin(&m) };
/// let top = thread.top().unwrap();
/// assert!(std::ptr::eq(top.first.unwrap().as_ptr(), &m));
/// assert!(top.is_active && top.depth == 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopSection {
    /// How many sections are open.
    pub depth: usize,
    /// The mutex, or that of a pair with the lower address; `None` while it is being locked.
    pub first: Option<NonNull<Mutex>>,
    /// The other mutex of a pair; `None` while it is being locked.
    pub second: Option<NonNull<Mutex>>,
    /// False while the thread is detached.
    pub is_active: bool,
}

impl CsThread {
    /// A stack with no section open.
    ///
    /// ```
    /// assert!(py_sync::CsThread::new().top().is_none());
    /// ```
    #[must_use]
    pub const fn new() -> CsThread {
        CsThread {
            stack: Stack::new(),
        }
    }

    /// Runs `f` with this as the calling thread's stack.
    ///
    /// The sections of the stack before it are suspended meanwhile, and those of this one are
    /// resumed for `f` and suspended after it: what `PyThreadState_Swap` does. To enter the stack
    /// that is entered already does nothing.
    ///
    /// # Blocking
    ///
    /// Until the innermost section's locks are free, of this stack and then of the one before.
    ///
    /// # Panics
    ///
    /// If `f` does; the stack before is the thread's again.
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::{CsThread, Mutex, with_critical_section};
    /// let (thread, m) = (CsThread::new(), Mutex::new());
    /// thread.enter(|| with_critical_section(&m, |_| assert_eq!(thread.top().unwrap().depth, 1)));
    /// ```
    #[doc(alias = "PyThreadState_Swap")]
    pub fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        enter(&self.stack, f)
    }

    /// Runs `f` on the calling thread's stack: its own, or the one it has entered. For a runtime
    /// that wants to see or to suspend it.
    ///
    /// ```
    /// use py_sync::{CsThread, Mutex, with_critical_section};
    /// with_critical_section(&Mutex::new(), |_| {
    ///     assert_eq!(CsThread::with_current(|t| t.top().unwrap().depth), 1);
    /// });
    /// ```
    pub fn with_current<R>(f: impl FnOnce(&CsThread) -> R) -> R {
        with_current(|stack| {
            // SAFETY: a `CsThread` has the layout of a `Stack` (repr(transparent)), and behind a shared
            // reference it is neither moved nor dropped.
            f(unsafe { &*ptr::from_ref(stack).cast::<CsThread>() })
        })
    }

    /// Begins a section of `m`. It is ended by [`CriticalSection::end`] or by dropping the guard.
    ///
    /// If this stack is not entered, the stack that is entered is suspended while this section begins, and
    /// later sleeps suspend this section only if the runtime's hooks do.
    ///
    /// CPython: `Python/critical_section.c`, `_PyCriticalSection_BeginSlow`.
    ///
    /// # Blocking
    ///
    /// As [`with_critical_section`](crate::with_critical_section).
    ///
    /// # Panics
    ///
    /// If a cell's data is borrowed by [`hold`](crate::EnteredCriticalSection::hold).
    ///
    /// # Safety
    ///
    /// `m` stays alive and in place until the section has ended. A guard that is leaked, or whose end
    /// panics, has not ended it. A leaked section ends when a section around it ends.
    ///
    /// # Examples
    ///
    /// See [`CsThread`].
    #[doc(alias = "PyCriticalSection_Begin")]
    #[doc(alias = "_PyCriticalSection_BeginSlow")]
    #[must_use = "the section ends at once if the guard is dropped"]
    #[inline]
    pub unsafe fn begin<'a>(&'a self, m: &'a Mutex) -> CriticalSection<'a> {
        begin(&self.stack, m)
    }

    /// Begins a section of `a` and `b`, in the order of their addresses.
    ///
    /// CPython: `Python/critical_section.c`, `_PyCriticalSection2_BeginSlow`.
    ///
    /// # Blocking
    ///
    /// As [`begin`](CsThread::begin).
    ///
    /// # Panics
    ///
    /// As [`begin`](CsThread::begin).
    ///
    /// # Safety
    ///
    /// As for [`begin`](CsThread::begin), for both.
    ///
    /// # Examples
    ///
    /// See [`CsThread`].
    #[doc(alias = "PyCriticalSection2_Begin")]
    #[doc(alias = "_PyCriticalSection2_BeginSlow")]
    #[must_use = "the section ends at once if the guard is dropped"]
    #[inline]
    pub unsafe fn begin2<'a>(&'a self, a: &'a Mutex, b: &'a Mutex) -> CriticalSection<'a> {
        begin2(&self.stack, a, b)
    }

    /// The innermost open section.
    ///
    /// ```
    /// assert_eq!(py_sync::CsThread::new().top(), None);
    /// ```
    #[must_use]
    pub fn top(&self) -> Option<TopSection> {
        self.stack.top().map(|entry| TopSection {
            depth: self.stack.len.get() as usize,
            first: NonNull::new(entry.first.cast_mut()),
            second: NonNull::new(entry.second.cast_mut()),
            is_active: self.stack.top_is_active(),
        })
    }

    /// Releases the locks of all open sections; true if any was active. For a runtime's `detach`.
    ///
    /// Sleeps and [`detached`](crate::detached) do it for the stack that the thread has entered.
    ///
    /// CPython: `Python/critical_section.c`, `_PyCriticalSection_SuspendAll`.
    ///
    /// ```
    /// use py_sync::{CsThread, Mutex};
    /// let (thread, m) = (CsThread::new(), Mutex::new());
    /// // SAFETY: ended when dropped, before `m` goes.
    /// let section = unsafe { thread.begin(&m) };
    /// assert!(thread.suspend_all());
    /// assert!(!m.is_locked());
    /// assert!(thread.resume());
    /// ```
    #[doc(alias = "_PyCriticalSection_SuspendAll")]
    pub fn suspend_all(&self) -> bool {
        self.stack.suspend_all() > 0
    }

    /// Takes the locks of the innermost section again, if it is suspended. For a runtime's `attach`.
    /// The ones further out follow when they become the innermost.
    ///
    /// False if it is still suspended, because the world is stopped and a stopped thread has the locks.
    /// Then call it again when the world goes on.
    ///
    /// CPython: `Python/critical_section.c`, `_PyCriticalSection_Resume`.
    ///
    /// # Blocking
    ///
    /// Until the locks are free.
    ///
    /// # Examples
    ///
    /// See [`suspend_all`](CsThread::suspend_all).
    #[doc(alias = "_PyCriticalSection_Resume")]
    pub fn resume(&self) -> bool {
        self.stack.resume()
    }
}

impl Default for CsThread {
    fn default() -> Self {
        CsThread::new()
    }
}

impl fmt::Debug for CsThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsThread")
            .field("top", &self.top())
            .finish_non_exhaustive()
    }
}

impl Drop for CsThread {
    fn drop(&mut self) {
        // Sections that are still open were leaked. Their mutexes are alive, as `begin` was promised.
        self.stack.abandon();
    }
}
