//! [`Threads`]: the threads of one interpreter, until it has shut down.

pub(crate) mod registry;

use crate::handle::state::Registry;
use crate::handle::{Builder, Handle, JoinError, StartError};
use crate::lazy_arc::LazyArc;
use crate::runtime::Runtime;
use crate::stack_size::{StackSizeError, check_stack_size};
use crate::sync::const_fn;
use crate::sys;
use core::ptr;
use std::sync::Arc;

/// The registry of one interpreter's threads. Shutdown waits for its threads, except for daemons.
///
/// Costs nothing until the first thread is started; can be a static.
///
/// CPython: `Modules/_threadmodule.c`, the handles' list, `shutdown_handles` and `_shutdown`.
///
/// ```
/// use py_thread::Threads;
/// use std::sync::atomic::{AtomicU32, Ordering};
/// static THREADS: Threads = Threads::new();
/// static RAN: AtomicU32 = AtomicU32::new(0);
///
/// for _ in 0..3 {
///     THREADS.start(|| drop(RAN.fetch_add(1, Ordering::Relaxed)))?;
/// }
/// THREADS.shutdown(&())?; // waits for all three
/// assert_eq!(RAN.load(Ordering::Relaxed), 3);
/// THREADS.set_finalizing();
/// let error = THREADS.start(|| ()).unwrap_err();
/// assert_eq!(error.to_string(), "can't create new thread at interpreter shutdown");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Threads {
    /// Running threads keep the registry after this is dropped.
    registry: LazyArc<Registry>,
}

impl Threads {
    const_fn! {
        /// No threads yet. Allocates nothing.
        ///
        /// ```
        /// static THREADS: py_thread::Threads = py_thread::Threads::new();
        /// assert_eq!(THREADS.count(), 0);
        /// ```
        #[must_use]
        pub fn new() -> Threads {
            Threads {
                registry: LazyArc::new(),
            }
        }
    }

    /// Starts a thread that runs `f`, no daemon, with the default stack.
    ///
    /// # Errors
    /// Those of [`py_thread::start`](crate::start), and
    /// [`StartError::Finalizing`] after [`set_finalizing`](Threads::set_finalizing).
    ///
    /// # Examples
    /// ```
    /// let threads = py_thread::Threads::new();
    /// threads.start(|| ())?.join()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "_thread.start_joinable_thread")]
    pub fn start(&self, f: impl FnOnce() + Send + 'static) -> Result<Handle, StartError> {
        self.builder().start(f)
    }

    /// A builder of threads that belong to this registry.
    ///
    /// ```
    /// let threads = py_thread::Threads::new();
    /// let handle = threads.builder().name("watchdog").daemon(true).start(|| ())?;
    /// assert!(handle.is_daemon());
    /// # handle.join()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn builder(&self) -> Builder {
        Builder::within(self.registry())
    }

    /// How many of its threads run, daemons among them.
    ///
    /// CPython: `Modules/_threadmodule.c`, `_thread._count`.
    ///
    /// ```
    /// let threads = py_thread::Threads::new();
    /// let (tx, rx) = std::sync::mpsc::channel::<()>();
    /// let handle = threads.start(move || drop(rx.recv()))?;
    /// assert_eq!(threads.count(), 1);
    /// drop(tx);
    /// handle.join()?;
    /// assert_eq!(threads.count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "_thread._count")]
    #[must_use]
    pub fn count(&self) -> usize {
        self.registry.get().map_or(0, |r| r.list().count)
    }

    /// Waits until all threads but the daemons and the calling one have ended. It also waits for
    /// threads that are started meanwhile. Threads may still be started afterwards, until
    /// [`set_finalizing`](Threads::set_finalizing).
    ///
    /// CPython: `Modules/_threadmodule.c`, `_thread._shutdown`.
    ///
    /// # Blocking
    /// Until the threads have ended, with `runtime` detached.
    ///
    /// # Errors
    /// [`JoinError::Interrupted`] if a pending call of `runtime` asks to stop; the threads run on.
    /// If the system's join of a thread fails, `shutdown` still waits for the others, and returns
    /// the last such error.
    ///
    /// # Examples
    /// ```
    /// let threads = py_thread::Threads::new();
    /// let handle = threads.start(|| std::thread::sleep(std::time::Duration::from_millis(5)))?;
    /// threads.shutdown(&())?;
    /// assert!(handle.is_done());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "_thread._shutdown")]
    pub fn shutdown<R: Runtime>(&self, runtime: &R) -> Result<(), JoinError> {
        let Some(registry) = self.registry.get() else {
            return Ok(());
        };
        let mut result = Ok(());
        while let Some((ident, inner)) = registry.next_waited() {
            match Handle(inner).join_started(runtime) {
                Err(JoinError::Interrupted) => return Err(JoinError::Interrupted),
                Err(error) => result = Err(error),
                Ok(()) => {}
            }
            // A thread leaves the list at its end, unless it was only marked done or vanished in a
            // fork.
            registry.forget(ident);
        }
        result
    }

    /// From now on no thread starts in this registry. A join of a running thread fails, because
    /// that thread may hang for ever. The calling thread is the one that finalises.
    ///
    /// CPython: `Python/pylifecycle.c`, `_PyInterpreterState_SetFinalizing`.
    ///
    /// ```
    /// use py_thread::{StartError, Threads};
    /// let threads = Threads::new();
    /// threads.set_finalizing();
    /// assert!(matches!(threads.start(|| ()), Err(StartError::Finalizing)));
    /// ```
    #[doc(alias = "_PyInterpreterState_SetFinalizing")]
    pub fn set_finalizing(&self) {
        self.registry().set_finalizing();
    }

    /// Whether [`set_finalizing`](Threads::set_finalizing) was called.
    ///
    /// ```
    /// let threads = py_thread::Threads::new();
    /// assert!(!threads.is_finalizing());
    /// threads.set_finalizing();
    /// assert!(threads.is_finalizing());
    /// ```
    #[doc(alias = "Py_IsFinalizing")]
    #[must_use]
    pub fn is_finalizing(&self) -> bool {
        self.registry.get().is_some_and(Registry::is_finalizing)
    }

    /// To be called where a thread enters the interpreter. Once the interpreter finalises, every
    /// thread but the finalising one hangs here for ever, as CPython's daemons do. Its stack stays
    /// as it is: nothing unwinds, and nothing is dropped.
    ///
    /// CPython: `Python/ceval_gil.c`, `take_gil`.
    ///
    /// ```
    /// let threads = py_thread::Threads::new();
    /// threads.hang_if_finalizing(); // goes on
    /// threads.set_finalizing();
    /// threads.hang_if_finalizing(); // goes on: this thread finalises
    /// ```
    #[doc(alias = "PyThread_hang_thread")]
    pub fn hang_if_finalizing(&self) {
        if self
            .registry
            .get()
            .is_some_and(Registry::is_finalized_by_another)
        {
            sys::hang();
        }
    }

    /// The stack size of this registry's threads, in bytes; 0 is [`stack_size`](crate::stack_size).
    ///
    /// ```
    /// assert_eq!(py_thread::Threads::new().stack_size(), 0);
    /// ```
    #[must_use]
    pub fn stack_size(&self) -> usize {
        self.registry.get().map_or(0, Registry::stack_size)
    }

    /// Sets the stack size of threads that this registry starts later, in bytes.
    /// [`set_stack_size`](crate::set_stack_size) is the same for the process; in CPython the size
    /// belongs to the interpreter.
    ///
    /// # Errors
    /// Those of [`set_stack_size`](crate::set_stack_size).
    ///
    /// # Examples
    /// ```
    /// let threads = py_thread::Threads::new();
    /// threads.set_stack_size(262_144)?;
    /// assert_eq!(threads.stack_size(), 262_144);
    /// assert!(threads.set_stack_size(4096).is_err());
    /// # Ok::<(), py_thread::StackSizeError>(())
    /// ```
    pub fn set_stack_size(&self, bytes: usize) -> Result<(), StackSizeError> {
        check_stack_size(bytes)?;
        self.registry().set_stack_size(bytes);
        Ok(())
    }

    /// In the child of a fork: forgets the threads that vanished, so that only the calling thread
    /// is left. Their handles need no call: they are done, joins of them return at once, and the
    /// dead threads are not touched again. A handle that was not started yet can still be started.
    ///
    /// CPython: `Modules/_threadmodule.c`, `_PyThread_AfterFork`.
    ///
    /// # Safety
    /// The process is the child of a fork, and the calling thread is its only one. The call does
    /// not come from inside another method of this registry.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(all(unix, not(miri)))] {
    /// let threads = py_thread::Threads::new();
    /// let (tx, rx) = std::sync::mpsc::channel::<()>();
    /// let handle = threads.start(move || drop(rx.recv()))?;
    /// // SAFETY: the child only looks at its threads, and leaves.
    /// match unsafe { libc::fork() } {
    ///     0 => {
    ///         // SAFETY: first thing in the child.
    ///         unsafe { threads.after_fork() };
    ///         let fine = threads.count() == 0 && handle.is_done();
    ///         // SAFETY: ends the child.
    ///         unsafe { libc::_exit(if fine { 0 } else { 1 }) };
    ///     }
    ///     child => {
    ///         let mut status = 1;
    ///         // SAFETY: our child.
    ///         unsafe { libc::waitpid(child, &mut status, 0) };
    ///         assert_eq!(status, 0);
    ///     }
    /// }
    /// drop(tx);
    /// handle.join()?;
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "_PyThread_AfterFork")]
    pub unsafe fn after_fork(&self) {
        let Some(registry) = self.registry.get() else {
            return;
        };
        let current = Handle::current();
        let current = current.filter(|h| {
            h.registry()
                .is_some_and(|r| ptr::eq(&raw const *r, registry))
        });
        // SAFETY: the caller promised that no other thread exists and that this one is in no other
        // method, so it holds no guard of the list.
        unsafe { registry.start_again(current.map(|h| (h.0.clone(), h.is_daemon()))) };
    }

    /// A reference that outlives `self`, for a thread.
    pub(crate) fn registry(&self) -> Arc<Registry> {
        self.registry.get_or_make(|_| true, Registry::new)
    }
}

impl Default for Threads {
    fn default() -> Threads {
        Threads::new()
    }
}
