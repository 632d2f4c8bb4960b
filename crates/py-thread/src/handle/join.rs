//! Waiting for a thread: joins, `is_done` and `set_done`.

use super::Handle;
use super::error::{JoinError, SetDoneError};
use super::outcome::Outcome;
use super::state::{EXITED, JOINED, NO_OS, RUNNING, is_done};
use super::wait::{DetachOnly, Stop};
use crate::deadline::Deadline;
use crate::hooks::Installed;
use crate::ident::Ident;
use crate::runtime::Runtime;
use crate::sync::Arc;
use crate::sys::OsThread;
use crate::timeout::Timeout;
use core::time::Duration;

impl Handle {
    /// Waits until the thread has ended and the system has freed it. Many threads may call it, many
    /// times: the system's thread is joined once, and every call gives the same outcome.
    ///
    /// # Blocking
    /// Until the thread's end, detached from the [`install`](crate::install)ed runtime if there is
    /// one. A signal does not end the wait; use [`join_with`](Handle::join_with) for that.
    ///
    /// # Errors
    /// [`JoinError::NotStarted`]; [`JoinError::CurrentThread`] if the thread waits for itself;
    /// [`JoinError::Finalizing`] if it still runs and its registry shuts down; [`JoinError::Os`].
    ///
    /// # Examples
    /// ```
    /// let handle = py_thread::start(|| ())?;
    /// assert!(handle.join()?.is_returned());
    /// assert!(handle.join()?.is_returned());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "PyThread_join_thread")]
    pub fn join(&self) -> Result<Outcome, JoinError> {
        let word = self.check()?;
        // Two references are ours and the thread's own: no other joiner exists, so sleep in the
        // system's join. (If the thread runs and `JOINED` is set, it forked while it was being
        // joined: S7.)
        let alone = word & (EXITED | NO_OS | JOINED) == 0 && Arc::strong_count(&self.0) == 2;
        if alone {
            self.settle(&Installed)?;
        } else {
            self.wait_and_settle(word, Timeout::FOREVER, &DetachOnly(&Installed))?;
        }
        Ok(self.0.outcome())
    }

    /// As [`join`](Handle::join), but returns `None` when `timeout` has passed. A timeout of `None`
    /// waits for ever, and one of zero does not wait.
    ///
    /// # Blocking
    /// Until the thread's end, or for `timeout`. A thread whose function has just ended is waited
    /// for beyond that, for its last instructions.
    ///
    /// # Errors
    /// Those of [`join`](Handle::join).
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// let (tx, rx) = std::sync::mpsc::channel::<()>();
    /// let handle = py_thread::start(move || drop(rx.recv()))?;
    /// assert!(handle.join_timeout(Some(Duration::ZERO))?.is_none());
    /// drop(tx);
    /// assert!(handle.join_timeout(None)?.is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn join_timeout(&self, timeout: Option<Duration>) -> Result<Option<Outcome>, JoinError> {
        self.join_with(Timeout::from(timeout), &DetachOnly(&Installed))
    }

    /// As [`join_timeout`](Handle::join_timeout), for an interpreter: it gives the interpreter's
    /// lock away while it sleeps. When a signal interrupts the sleep, it runs the pending calls and
    /// then sleeps on with the time that is left.
    ///
    /// CPython: `Modules/_threadmodule.c`, `ThreadHandle_join`.
    ///
    /// # Blocking
    /// As [`join_timeout`](Handle::join_timeout).
    ///
    /// # Errors
    /// Those of [`join`](Handle::join), and [`JoinError::Interrupted`] if a pending call asks to
    /// stop.
    ///
    /// # Examples
    /// ```
    /// use py_thread::{Timeout, start};
    /// let handle = start(|| ())?;
    /// // `()` is the runtime that does nothing.
    /// assert!(handle.join_with(Timeout::FOREVER, &())?.is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "ThreadHandle_join")]
    pub fn join_with<R: Runtime>(
        &self,
        timeout: Timeout,
        runtime: &R,
    ) -> Result<Option<Outcome>, JoinError> {
        let word = self.check()?;
        let ended = self.wait_and_settle(word, timeout, runtime)?;
        Ok(ended.then(|| self.0.outcome()))
    }

    /// The word, if the calling thread may wait for this one.
    fn check(&self) -> Result<u32, JoinError> {
        let word = self.0.view();
        if word & (RUNNING | JOINED) == 0 {
            return Err(JoinError::NotStarted);
        }
        // Idents are never reused. So the caller is this very thread, perhaps inside one of its
        // thread-local destructors, and a wait for itself would never end.
        if !is_done(word) && self.is_current() {
            return Err(JoinError::CurrentThread);
        }
        if word & EXITED == 0 && self.registry().is_some_and(|r| r.is_finalizing()) {
            return Err(JoinError::Finalizing);
        }
        Ok(word)
    }

    /// Whether the thread ended in time; if so, the system's thread is settled too.
    fn wait_and_settle<R: Runtime>(
        &self,
        word: u32,
        timeout: Timeout,
        runtime: &R,
    ) -> Result<bool, JoinError> {
        if word & EXITED == 0 {
            let deadline = Deadline::after(timeout);
            match self.0.wait(|w| w & EXITED != 0, deadline, runtime) {
                Ok(_) => {}
                Err(Stop::TimedOut) => return Ok(false),
                Err(Stop::Interrupted) => return Err(JoinError::Interrupted),
            }
        }
        self.settle(runtime)?;
        Ok(true)
    }

    /// A join for the registry's shutdown. It also waits for a thread that is just being started,
    /// and it does not ask whether the registry shuts down.
    pub(crate) fn join_started<R: Runtime>(&self, runtime: &R) -> Result<(), JoinError> {
        match self.0.wait(|w| w & EXITED != 0, Deadline::NEVER, runtime) {
            Ok(_) => self.settle(runtime),
            Err(_) => Err(JoinError::Interrupted),
        }
    }

    fn settle<R: Runtime>(&self, runtime: &R) -> Result<(), JoinError> {
        self.0
            .settle(OsThread::join, runtime)
            .map_err(JoinError::Os)
    }

    fn is_current(&self) -> bool {
        self.ident() == Some(Ident::own())
    }

    /// Whether the thread's function has ended: false if it was not started, true if its start
    /// failed. If it has ended, the system's thread is joined as well, as CPython does. So a
    /// process whose handles are all done has no other thread left.
    ///
    /// # Blocking
    /// For the last instructions of a thread whose function has just ended, its thread-local
    /// destructors among them. [`has_exited`](Handle::has_exited) never blocks.
    ///
    /// # Examples
    /// ```
    /// let handle = py_thread::start(|| ())?;
    /// handle.join()?;
    /// assert!(handle.is_done());
    /// assert!(!py_thread::Handle::unstarted().is_done());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_done(&self) -> bool {
        if !self.has_exited() {
            return false;
        }
        if !self.is_current() {
            // A later join tries again, and reports the failure.
            let _ = self.settle(&Installed);
        }
        true
    }

    /// Whether the thread's function has ended: one load. If the answer is true, the caller sees
    /// what the thread did.
    ///
    /// ```
    /// let handle = py_thread::start(|| ())?;
    /// while !handle.has_exited() {
    ///     std::thread::yield_now();
    /// }
    /// # handle.join()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn has_exited(&self) -> bool {
        self.0.view() & EXITED != 0
    }

    /// Marks the thread done although it may still run, and detaches it. Joiners return with
    /// [`Outcome::Returned`]. It is meant for the main thread's handle when the interpreter shuts
    /// down. (A [`join`](Handle::join) that began when its handle was the only one may not return
    /// until the thread has really ended.)
    ///
    /// CPython: `Modules/_threadmodule.c`, `ThreadHandle_set_done`.
    ///
    /// # Blocking
    /// For the last instructions of a thread that another thread is joining.
    ///
    /// # Errors
    /// If it was not started, or the system's detach fails.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = std::sync::mpsc::channel::<()>();
    /// let handle = py_thread::start(move || drop(rx.recv()))?;
    /// handle.set_done()?;
    /// assert!(handle.join()?.is_returned()); // at once
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "ThreadHandle_set_done")]
    #[doc(alias = "PyThread_detach_thread")]
    pub fn set_done(&self) -> Result<(), SetDoneError> {
        if self.0.view() & (RUNNING | JOINED) == 0 {
            return Err(SetDoneError::NotStarted);
        }
        self.0.give_up().map_err(SetDoneError::Os)
    }
}
