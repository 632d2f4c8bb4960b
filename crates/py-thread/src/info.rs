//! The fields of `sys.thread_info`.

use crate::sys;

/// How threads and locks are made here: the fields of `sys.thread_info`.
///
/// CPython: `Python/thread.c`, `PyThread_GetInfo`.
///
/// ```
/// let info = py_thread::info();
/// if cfg!(all(unix, not(miri))) {
///     assert_eq!(info.name, "pthread");
/// }
/// // A runtime whose `threading.Lock` is py_sync's mutex says so, as CPython 3.15 does:
/// let info = py_thread::ThreadInfo { lock: Some("pymutex"), ..info };
/// assert_eq!(info.lock, Some("pymutex"));
/// ```
#[doc(alias = "sys.thread_info")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ThreadInfo {
    /// `pthread`, `nt`, `solaris`, or `pthread-stubs` where threads cannot be started.
    ///
    /// ```
    /// assert!(["pthread", "nt", "solaris", "pthread-stubs"].contains(&py_thread::info().name));
    /// ```
    pub name: &'static str,
    /// How CPython 3.14 makes its locks on this system: `semaphore`, `mutex+cond`, or `None` on
    /// Windows and where there are no threads.
    ///
    /// ```
    /// if cfg!(target_os = "linux") {
    ///     assert_eq!(py_thread::info().lock, Some("semaphore"));
    /// }
    /// ```
    pub lock: Option<&'static str>,
    /// The thread library's version, such as `NPTL 2.36`, if the C library reports one.
    ///
    /// ```
    /// if let Some(version) = py_thread::info().version {
    ///     assert!(!version.is_empty());
    /// }
    /// ```
    pub version: Option<String>,
}

/// How threads and locks are made here.
///
/// ```
/// println!("{:?}", py_thread::info());
/// ```
#[doc(alias = "PyThread_GetInfo")]
#[must_use]
pub fn info() -> ThreadInfo {
    let name = if cfg!(windows) {
        "nt"
    } else if cfg!(any(target_os = "solaris", target_os = "illumos")) {
        "solaris"
    } else if cfg!(unix) {
        "pthread"
    } else {
        "pthread-stubs"
    };
    // Apple's unnamed semaphores do not work, so CPython's configure turns them off there.
    let lock = if cfg!(target_vendor = "apple") {
        Some("mutex+cond")
    } else if cfg!(unix) {
        Some("semaphore")
    } else {
        None
    };
    ThreadInfo {
        name,
        lock,
        version: sys::thread_library_version(),
    }
}
