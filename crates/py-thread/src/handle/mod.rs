//! [`Handle`]: a thread that several others can wait for.

mod builder;
pub(crate) mod child;
pub(crate) mod current;
mod error;
mod join;
mod outcome;
mod raw;
pub(crate) mod state;
mod wait;

pub use builder::{Builder, start};
pub use error::{JoinError, SetDoneError, StartError};
pub use outcome::{Outcome, Panic};

use crate::ident::Ident;
use crate::os_ident::OsIdent;
use crate::sync::Arc;
use core::fmt;
use state::{DAEMON, Inner, RUNNING, Registry, STARTING};
use std::sync::Arc as StdArc;

/// A thread, or the promise of one, that any number of threads can wait for, with a timeout or
/// without, again and again. Clones are the same handle.
///
/// When the last handle of a running thread is dropped, the thread is detached: it runs on, and
/// nobody learns how it ends. A handle is 56 bytes in one allocation on 64-bit Linux, beside the
/// thread's stack.
///
/// In the child of a fork every handle may be dropped, joined or cloned. Its thread is not in the
/// child, and the handle does not ask the system about it. std's `JoinHandle` differs: its drop
/// passes the number of the dead thread to `pthread_detach`, which reads that thread's memory. That
/// memory has been freed, or belongs to a new thread, so the child may crash. A program that forks
/// without an exec therefore keeps its threads in handles of this type, or forgets std's handles in
/// the child (`std::mem::forget`).
///
/// CPython: `Modules/_threadmodule.c`, `ThreadHandle`.
///
/// ```
/// use py_thread::{Handle, start};
/// use std::time::Duration;
/// let (tx, rx) = std::sync::mpsc::channel::<()>();
/// let handle = start(move || drop(rx.recv()))?;
/// let soon = Duration::from_millis(1);
/// assert!(handle.join_timeout(Some(soon))?.is_none()); // still running
/// drop(tx);
/// let other: Handle = handle.clone();
/// std::thread::scope(|s| {
///     s.spawn(|| assert!(other.join().unwrap().is_returned()));
///     s.spawn(|| assert!(handle.join().unwrap().is_returned()));
/// });
/// assert!(handle.join()?.is_returned()); // once more, at once
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "ThreadHandle")]
#[derive(Clone)]
pub struct Handle(pub(crate) Arc<Inner>);

/// Where a [`Handle`]'s thread stands, in CPython's words and numbers.
///
/// ```
/// use py_thread::{Handle, State, start};
/// assert_eq!(Handle::unstarted().state(), State::NotStarted);
/// let handle = start(|| ())?;
/// handle.join()?;
/// assert_eq!(handle.state(), State::Done);
/// assert_eq!(State::Done as u32, 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "ThreadHandleState")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum State {
    /// It can be started.
    NotStarted = 1,
    /// The system is asked to start the thread.
    Starting = 2,
    /// It runs, or has ended and nobody joined it yet.
    Running = 3,
    /// It has ended and was joined, or was marked done, or its start failed.
    Done = 4,
}

impl Handle {
    /// A handle whose thread is started later, once, with [`start`](Handle::start).
    ///
    /// ```
    /// use py_thread::{Builder, Handle};
    /// let handle = Handle::unstarted();
    /// assert_eq!((handle.ident(), handle.is_done()), (None, false));
    /// handle.start(Builder::new(), || ())?;
    /// assert!(handle.ident().is_some());
    /// handle.join()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "_thread._ThreadHandle")]
    #[must_use]
    pub fn unstarted() -> Handle {
        Handle(Arc::new(Inner::new()))
    }

    /// A handle of the calling thread, if something else started that thread: the main thread, or a
    /// thread of a host. The handle is running until [`set_done`](Handle::set_done), and it never
    /// joins or detaches the system's thread.
    ///
    /// CPython: `Modules/_threadmodule.c`, `_thread._make_thread_handle`.
    ///
    /// ```
    /// use py_thread::{Handle, Ident};
    /// let main = Handle::adopt_current();
    /// assert_eq!(main.ident(), Some(Ident::own()));
    /// assert!(!main.is_done());
    /// main.set_done()?;
    /// assert!(main.is_done());
    /// # Ok::<(), py_thread::SetDoneError>(())
    /// ```
    #[doc(alias = "_thread._make_thread_handle")]
    #[must_use]
    pub fn adopt_current() -> Handle {
        Handle(Arc::new(Inner::adopted(Ident::own())))
    }

    /// The thread's ident. `None` until the thread is started, and for ever if its start failed.
    /// The ident stays the same after the thread's end, and no other thread ever gets it.
    ///
    /// ```
    /// let handle = py_thread::start(|| ())?;
    /// let ident = handle.ident().expect("started");
    /// assert_ne!(ident, py_thread::Ident::own());
    /// # handle.join()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn ident(&self) -> Option<Ident> {
        self.0.ident()
    }

    /// The system's number of the thread, as `pthread_kill` takes it. `None` until the thread is
    /// started, and on systems that give no number (WebAssembly, Miri). After the join the system
    /// may give the same number to another thread.
    ///
    /// ```
    /// let handle = py_thread::start(|| ())?;
    /// if cfg!(all(unix, not(miri))) {
    ///     assert_ne!(handle.os_ident(), Some(py_thread::OsIdent::current()));
    /// }
    /// # handle.join()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn os_ident(&self) -> Option<OsIdent> {
        self.0.os_ident().map(OsIdent::from_u64)
    }

    /// Where the thread stands.
    ///
    /// ```
    /// use py_thread::{Handle, State};
    /// assert_eq!(Handle::unstarted().state(), State::NotStarted);
    /// ```
    #[must_use]
    pub fn state(&self) -> State {
        let word = self.0.view();
        if state::is_done(word) {
            State::Done
        } else if word & RUNNING != 0 {
            State::Running
        } else if word & STARTING != 0 {
            State::Starting
        } else {
            State::NotStarted
        }
    }

    /// Whether it was started as a daemon: one that [`Threads::shutdown`](crate::Threads::shutdown)
    /// does not wait for.
    ///
    /// ```
    /// let handle = py_thread::start(|| ())?;
    /// assert!(!handle.is_daemon());
    /// # handle.join()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_daemon(&self) -> bool {
        self.0.view() & DAEMON != 0
    }

    pub(crate) fn registry(&self) -> Option<StdArc<Registry>> {
        self.0.registry()
    }

    /// Gives this handle up: the same as dropping it. If it was the last one, the thread is
    /// detached; other handles can still join it.
    ///
    /// ```
    /// py_thread::start(|| ())?.detach();
    /// # Ok::<(), py_thread::StartError>(())
    /// ```
    pub fn detach(self) {}
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("ident", &self.ident())
            .field("state", &self.state())
            .finish()
    }
}
