//! [`Runtime`]: what an interpreter does around a wait.

use core::ops::ControlFlow;
use core::time::Duration;

/// What an interpreter does around a wait: it gives its lock away meanwhile, and handles signals.
///
/// `()` is the runtime that does nothing. [`Installed`](crate::Installed) is the one that the
/// process has installed for every wait of this crate and of py-sync.
///
/// ```
/// use py_thread::{Runtime, Timeout, start};
/// use std::cell::Cell;
/// use std::ops::ControlFlow;
///
/// struct Interpreter {
///     detached: Cell<u32>,
/// }
/// impl Runtime for Interpreter {
///     fn detach<R>(&self, wait: impl FnOnce() -> R) -> R {
///         self.detached.set(self.detached.get() + 1); // release the GIL
///         wait() // and take it again afterwards
///     }
///     fn pending(&self) -> ControlFlow<()> {
///         ControlFlow::Continue(()) // run the handlers of signals that arrived
///     }
/// }
///
/// let interpreter = Interpreter { detached: Cell::new(0) };
/// let (tx, rx) = std::sync::mpsc::channel::<()>();
/// let handle = start(move || drop(rx.recv()))?;
/// let soon = Timeout::from(std::time::Duration::from_millis(50));
/// assert!(handle.join_with(soon, &interpreter)?.is_none());
/// assert!(interpreter.detached.get() >= 1); // a wake for nothing makes it wait twice
/// drop(tx);
/// assert!(handle.join_with(Timeout::FOREVER, &interpreter)?.is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Runtime {
    /// Runs `wait`, which may sleep, with the interpreter's lock given away. Called only where the
    /// thread is about to sleep.
    #[doc(alias = "Py_BEGIN_ALLOW_THREADS")]
    fn detach<R>(&self, wait: impl FnOnce() -> R) -> R {
        wait()
    }

    /// Runs the handlers of the signals that came, after one of them interrupted a wait. `Break` (a
    /// handler raised) ends the wait.
    #[doc(alias = "Py_MakePendingCalls")]
    fn pending(&self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// How often to call [`pending`](Runtime::pending) on systems where a signal cannot end a sleep
    /// (all but Linux and Android). `None` is never. The default is 50 ms.
    fn pending_interval(&self) -> Option<Duration> {
        Some(Duration::from_millis(50))
    }
}

impl Runtime for () {
    fn pending_interval(&self) -> Option<Duration> {
        None
    }
}

impl<T: Runtime> Runtime for &T {
    fn detach<R>(&self, wait: impl FnOnce() -> R) -> R {
        (**self).detach(wait)
    }

    fn pending(&self) -> ControlFlow<()> {
        (**self).pending()
    }

    fn pending_interval(&self) -> Option<Duration> {
        (**self).pending_interval()
    }
}
