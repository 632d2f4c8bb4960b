//! [`Hooks`]: the runtime of the process, installed once, for this crate and for py-sync.
//!
//! A thread that sleeps here does five things in this order: py-sync suspends its critical
//! sections, the hooks detach it, it sleeps, the hooks attach it, and py-sync resumes its section.
//! Sections belong to py-sync, so py-sync registers a wrapper with [`wrap_sleeps`]. With a wrapper,
//! the wrapper calls the hooks.

use crate::runtime::Runtime;
use core::fmt;
use core::ops::ControlFlow;
use core::time::Duration;
use std::sync::OnceLock;

/// What an interpreter does around a sleep: it gives its lock away, and it handles signals. It is
/// installed once per process with [`install`], for every wait of this crate and of py-sync, where
/// this trait is `py_sync::Runtime`.
///
/// The trait [`Runtime`] is passed to a single call instead; [`Installed`] is a [`Runtime`] that
/// calls the installed hooks.
///
/// A hook that panics aborts the process. `pending` alone may panic.
///
/// Only `pending` is required, because a runtime without an interpreter lock has nothing to detach
/// from. If you write `detach`, write `attach` too.
///
/// ```
/// use core::ops::ControlFlow;
/// use std::sync::atomic::{AtomicBool, Ordering};
/// static INTERRUPTED: AtomicBool = AtomicBool::new(false); // a handler sets it
/// struct NoGil;
/// impl py_thread::Hooks for NoGil {
///     fn pending(&self) -> ControlFlow<()> {
///         match INTERRUPTED.swap(false, Ordering::Relaxed) {
///             true => ControlFlow::Break(()),
///             false => ControlFlow::Continue(()),
///         }
///     }
/// }
/// assert!(py_thread::install(&NoGil).is_ok());
/// ```
pub trait Hooks: Sync {
    /// The calling thread is about to sleep. Returns true if the thread was attached; then it is
    /// attached again afterwards. Returns false for a thread that the runtime does not know. The
    /// default returns false.
    #[doc(alias = "PyEval_ReleaseThread")]
    fn detach(&self) -> bool {
        false
    }

    /// The calling thread has woken, and its `detach` returned true. May block, and may never
    /// return.
    ///
    /// The default ends the process with a message: a `detach` that returns true needs an `attach`.
    #[doc(alias = "PyEval_AcquireThread")]
    fn attach(&self) {
        panic!("a runtime whose detach says true must say how a thread is attached again");
    }

    /// A signal may have arrived during a wait that handles signals
    /// (`py_sync::LockFlags::HANDLE_SIGNALS`, or a join with [`Installed`]). The calling thread is
    /// attached again. `Break` ends the wait.
    #[doc(alias = "Py_MakePendingCalls")]
    fn pending(&self) -> ControlFlow<()>;

    /// True while the runtime has stopped all threads but the calling one. The default returns
    /// false, for a runtime that never stops its world.
    fn world_stopped(&self) -> bool {
        false
    }

    /// [`detach`](Hooks::detach) for a runtime whose `attach` needs a value from `detach`, such as
    /// the thread state that it took out of a thread-local. Returns a word for
    /// [`attach_with`](Hooks::attach_with), or `None` where `detach` would return false.
    ///
    /// The sleeps of both crates call these two methods. Their defaults call `detach` and `attach`.
    ///
    /// ```
    /// use core::{ops::ControlFlow, ptr};
    /// struct Numbered;
    /// impl py_thread::Hooks for Numbered {
    ///     fn detach_with(&self) -> Option<*mut ()> { Some(ptr::without_provenance_mut(7)) }
    ///     fn attach_with(&self, word: *mut ()) { assert_eq!(word.addr(), 7) }
    ///     fn pending(&self) -> ControlFlow<()> { ControlFlow::Continue(()) }
    /// }
    /// py_thread::install(&Numbered)?;
    /// let handle = py_thread::start(|| ())?;
    /// handle.join()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "PyEval_SaveThread")]
    fn detach_with(&self) -> Option<*mut ()> {
        self.detach().then_some(core::ptr::null_mut())
    }

    /// [`attach`](Hooks::attach) with the word of the [`detach_with`](Hooks::detach_with) before
    /// it.
    #[doc(alias = "PyEval_RestoreThread")]
    fn attach_with(&self, word: *mut ()) {
        let _ = word;
        self.attach();
    }
}

static HOOKS: OnceLock<&'static dyn Hooks> = OnceLock::new();
static WRAPPER: OnceLock<Wrapper> = OnceLock::new();

/// Runs its argument with the calling thread suspended and detached.
type Wrapper = fn(&mut dyn FnMut());

/// The error of [`install`]: a runtime is installed already.
///
/// ```
/// # struct Nop;
/// # impl py_thread::Hooks for Nop {
/// #     fn pending(&self) -> core::ops::ControlFlow<()> { core::ops::ControlFlow::Continue(()) }
/// # }
/// py_thread::install(&Nop).unwrap();
/// let error: py_thread::AlreadyInstalled = py_thread::install(&Nop).unwrap_err();
/// assert_eq!(error.to_string(), "a runtime is already installed");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlreadyInstalled;

impl fmt::Display for AlreadyInstalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a runtime is already installed")
    }
}

impl core::error::Error for AlreadyInstalled {}

/// Installs the hooks, once for the life of the process, for this crate and for py-sync
/// (`py_sync::install` is this function).
///
/// From then on [`join`](crate::Handle::join), [`join_timeout`](crate::Handle::join_timeout),
/// [`is_done`](crate::Handle::is_done) and every other sleep in this crate gives the interpreter's
/// lock away meanwhile. A call that takes a [`Runtime`] uses that one alone.
///
/// A thread that sleeps already does not learn of the hooks, so install before the first thread
/// starts.
///
/// # Errors
///
/// If a runtime is installed already. It stays.
///
/// # Examples
///
/// See [`Hooks`]; the example `interpreter` of py-sync is a whole program.
pub fn install(hooks: &'static dyn Hooks) -> Result<(), AlreadyInstalled> {
    HOOKS.set(hooks).map_err(|_| AlreadyInstalled)
}

/// The hooks that [`install`] was given.
///
/// ```
/// assert!(py_thread::installed().is_none());
/// ```
#[inline]
#[must_use]
pub fn installed() -> Option<&'static dyn Hooks> {
    HOOKS.get().copied()
}

/// Makes every sleep of this crate run inside `wrapper`, which also calls the hooks of [`install`].
/// py-sync uses it to suspend critical sections around a join. A second call does nothing.
#[doc(hidden)]
pub fn wrap_sleeps(wrapper: Wrapper) {
    let _ = WRAPPER.set(wrapper);
}

/// The [`Runtime`] that calls the [`install`]ed hooks. Without hooks it does nothing.
///
/// A plain [`join`](crate::Handle::join) detaches through it, but a signal does not end that join.
/// A [`join_with`](crate::Handle::join_with) it also runs the hooks' pending calls, and those may
/// end the join:
///
/// ```
/// use py_thread::{Installed, Timeout, start};
/// let handle = start(|| ())?;
/// // Ends early, with `JoinError::Interrupted`, if a pending call of the hooks breaks.
/// assert!(handle.join_with(Timeout::FOREVER, &Installed)?.is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Installed;

impl Runtime for Installed {
    fn detach<R>(&self, wait: impl FnOnce() -> R) -> R {
        let Some(wrapper) = WRAPPER.get() else {
            return detached(wait);
        };
        let (mut wait, mut result) = (Some(wait), None);
        wrapper(&mut || result = wait.take().map(|wait| wait()));
        result.expect("the wrapper runs what it is given")
    }

    fn pending(&self) -> ControlFlow<()> {
        installed().map_or(ControlFlow::Continue(()), Hooks::pending)
    }

    fn pending_interval(&self) -> Option<Duration> {
        installed().map(|_| Duration::from_millis(50))
    }
}

/// Runs `wait` with the calling thread detached from the hooks.
fn detached<R>(wait: impl FnOnce() -> R) -> R {
    struct Attach(Option<(&'static dyn Hooks, *mut ())>);
    impl Drop for Attach {
        fn drop(&mut self) {
            if let Some((hooks, word)) = self.0 {
                aborts_on_unwind(|| hooks.attach_with(word));
            }
        }
    }
    let detach = |hooks: &'static dyn Hooks| Some((hooks, hooks.detach_with()?));
    let _attach = Attach(aborts_on_unwind(|| installed().and_then(detach)));
    wait()
}

/// Aborts if a hook unwinds: the thread would be neither attached nor detached.
fn aborts_on_unwind<R>(f: impl FnOnce() -> R) -> R {
    struct Abort;
    impl Drop for Abort {
        fn drop(&mut self) {
            std::process::abort();
        }
    }
    let bomb = Abort;
    let result = f();
    core::mem::forget(bomb);
    result
}
