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
use crate::primitive::Arc;
use core::fmt;
use state::{DAEMON, Inner, RUNNING, Registry, STARTING};
use std::sync::Arc as StdArc;

/// A thread, or the promise of one, that any number of threads can wait for, with a timeout or
/// without, again and again. Clones are the same handle.
///
/// Dropping the last handle of a running thread detaches it: it runs on, and nobody learns how it
/// ends. 56 bytes in one allocation on 64-bit Linux, beside the thread's stack.
///
/// In the child of a fork every handle may be dropped, joined or cloned, whatever became of its thread:
/// the thread is not in the child, and the system is not asked about it. std's `JoinHandle` does not
/// know that: its drop hands the number of a thread that is gone to `pthread_detach`, which reads that
/// thread's memory. That has been freed, or belongs to a new thread, and the child may crash. So a
/// program that forks without an exec keeps its threads in handles of this type, or forgets std's in
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
    /// The system is being asked for a thread.
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

    /// A handle of the calling thread, which something else started: the main thread, or one of a
    /// host. It is running until [`set_done`](Handle::set_done), and the system's thread is never
    /// joined or detached through it.
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

    /// The thread's ident; `None` until it is started, and for ever if its start failed. It stays
    /// the same after the thread's end, and no other thread ever has it.
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

    /// The system's number of the thread: what `pthread_kill` wants. `None` until it is started,
    /// and where the system tells none (WebAssembly, Miri). After the thread was joined the system
    /// may give the number to another one.
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
