//! Starting threads: [`start`] and [`Builder`].

use super::Handle;
use super::child::{Body, Child};
use super::error::StartError;
use super::state::{DAEMON, Inner, Registry};
use crate::ident::Ident;
use crate::stack_size::{check_stack_size, stack_size};
use crate::sync::Arc;
use crate::sys::{self, before_main};
use std::io;
use std::sync::Arc as StdArc;

/// Starts a thread that runs `f`, with the platform's default stack, and returns its handle. The
/// thread's ident is known before `f` runs.
///
/// CPython: `Python/thread_pthread.h` and `thread_nt.h`, `PyThread_start_joinable_thread`; the
/// handle is `Modules/_threadmodule.c`, `ThreadHandle`.
///
/// # Errors
/// If the system cannot start a thread (`can't start new thread`). Then `f` was dropped, and
/// nothing is left behind.
///
/// # Examples
/// ```
/// use std::sync::mpsc::channel;
/// let (tx, rx) = channel();
/// let handle = py_thread::start(move || tx.send(py_thread::Ident::own()).unwrap())?;
/// assert_eq!(Some(rx.recv()?), handle.ident());
/// assert!(handle.join()?.is_returned());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "PyThread_start_joinable_thread")]
#[doc(alias = "PyThread_start_new_thread")]
pub fn start(f: impl FnOnce() + Send + 'static) -> Result<Handle, StartError> {
    Builder::new().start(f)
}

/// How to start a thread: its name, its stack, its registry.
///
/// ```
/// use py_thread::{Builder, current_name};
/// let handle = Builder::new()
///     .name("compiler")
///     .stack_size(1 << 20)
///     .start(|| assert!(cfg!(miri) || current_name().as_deref() == Some("compiler")))?;
/// assert!(handle.join()?.is_returned());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a builder starts nothing by itself"]
pub struct Builder {
    name: Option<Box<str>>,
    stack_size: usize,
    daemon: bool,
    registry: Option<StdArc<Registry>>,
}

impl Builder {
    /// No name, the default stack, no daemon, no registry.
    ///
    /// ```
    /// let handle = py_thread::Builder::new().start(|| ())?;
    /// assert!(handle.join()?.is_returned());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn new() -> Builder {
        Builder {
            name: None,
            stack_size: 0,
            daemon: false,
            registry: None,
        }
    }

    /// A builder whose threads belong to `registry`.
    pub(crate) fn within(registry: StdArc<Registry>) -> Builder {
        Builder {
            registry: Some(registry),
            ..Builder::new()
        }
    }

    /// Names the thread, as [`set_current_name`](crate::set_current_name) does: cut where the
    /// system's names end, and at a NUL. A system that refuses the name leaves the thread unnamed.
    ///
    /// ```
    /// # use py_thread::{Builder, NAME_MAX};
    /// let handle = Builder::new().name("Thread-1 (café_worker)").start(|| {
    ///     # if cfg!(miri) { return }
    ///     let name = py_thread::current_name().unwrap();
    ///     assert!("Thread-1 (café_worker)".starts_with(&name) && name.len() <= NAME_MAX);
    /// })?;
    /// # if NAME_MAX != 0 {
    /// assert!(handle.join()?.is_returned());
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "_thread.set_name")]
    pub fn name(mut self, name: impl Into<Box<str>>) -> Builder {
        self.name = Some(name.into());
        self
    }

    /// The size of the thread's stack, in bytes. 0 means the size of
    /// [`Threads::set_stack_size`](crate::Threads::set_stack_size) or
    /// [`set_stack_size`](crate::set_stack_size); if neither was set, the platform's default.
    ///
    /// ```
    /// use py_thread::{Builder, StartError};
    /// assert!(Builder::new().stack_size(65536).start(|| ())?.join()?.is_returned());
    /// let error = Builder::new().stack_size(100).start(|| ()).unwrap_err();
    /// assert!(matches!(error, StartError::StackSize(e) if e.bytes() == 100));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stack_size(mut self, bytes: usize) -> Builder {
        self.stack_size = bytes;
        self
    }

    /// Whether the thread is a daemon: one that [`Threads::shutdown`](crate::Threads::shutdown)
    /// does not wait for. It has no effect on a thread outside of a registry.
    ///
    /// ```
    /// use py_thread::Threads;
    /// let threads = Threads::new();
    /// let (tx, rx) = std::sync::mpsc::channel::<()>();
    /// let handle = threads.builder().daemon(true).start(move || drop(rx.recv()))?;
    /// threads.shutdown(&())?; // returns although the thread still runs
    /// assert!(!handle.has_exited());
    /// drop(tx);
    /// # handle.join()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn daemon(mut self, daemon: bool) -> Builder {
        self.daemon = daemon;
        self
    }

    /// Starts a thread that runs `f`.
    ///
    /// # Errors
    /// Those of [`start`]; a stack size that the system does not take; a registry that shuts down.
    ///
    /// # Examples
    /// ```
    /// let handle = py_thread::Builder::new().name("short").start(|| ())?;
    /// handle.join()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn start(self, f: impl FnOnce() + Send + 'static) -> Result<Handle, StartError> {
        let handle = Handle::unstarted();
        self.start_in(&handle, f)?;
        Ok(handle)
    }

    /// [`Handle::start`].
    pub(crate) fn start_in<F: FnOnce() + Send + 'static>(
        self,
        handle: &Handle,
        f: F,
    ) -> Result<(), StartError> {
        self.start_by(handle, 0, f, |body, stack_size| {
            let child = Box::new(Child(body));
            sys::spawn(child, stack_size, |os| handle.0.publish(os))
        })
    }

    /// Takes the handle's one start, with these flags, and has `spawn` run the body on a stack of the
    /// size that it is told.
    pub(crate) fn start_by<F: FnOnce() + Send + 'static>(
        mut self,
        handle: &Handle,
        flags: u32,
        f: F,
        spawn: impl FnOnce(Body<F>, usize) -> io::Result<()>,
    ) -> Result<(), StartError> {
        let stack_size = self.check(&handle.0)?;
        let ident = self.claim(handle, flags)?;
        let body = Body {
            inner: Arc::clone(&handle.0),
            ident,
            name: self.name.take(),
            f,
        };
        let started = spawn(body, stack_size);
        started.map_err(|error| self.give_up(handle, ident, error))
    }

    pub(crate) fn has_stack_size(&self) -> bool {
        self.stack_size != 0
    }

    /// Takes the handle's one start, and makes the thread known under its ident.
    fn claim(&self, handle: &Handle, flags: u32) -> Result<Ident, StartError> {
        before_main::register().map_err(StartError::Os)?;
        let daemon = if self.daemon { DAEMON } else { 0 };
        if !handle.0.claim(flags | daemon) {
            return Err(StartError::AlreadyStarted);
        }
        let ident = Ident::mint();
        handle.0.prepare(ident, self.registry.clone());
        if let Some(registry) = &self.registry {
            if !registry.enter(ident, &handle.0, self.daemon) {
                handle.0.fail();
                return Err(StartError::Finalizing);
            }
        }
        Ok(ident)
    }

    /// Undoes the claim after the system failed to start a thread.
    fn give_up(&self, handle: &Handle, ident: Ident, error: io::Error) -> StartError {
        if let Some(registry) = &self.registry {
            registry.leave(ident);
        }
        handle.0.fail();
        StartError::Os(error)
    }

    /// Refuses what can be refused before the handle is used up, and finds the stack size.
    fn check(&self, inner: &Inner) -> Result<usize, StartError> {
        let registry = self.registry.as_ref();
        if inner.view() != 0 {
            return Err(StartError::AlreadyStarted);
        }
        if registry.is_some_and(|r| r.is_finalizing()) {
            return Err(StartError::Finalizing);
        }
        check_stack_size(self.stack_size).map_err(StartError::StackSize)?;
        let asked = [
            self.stack_size,
            registry.map_or(0, |r| r.stack_size()),
            stack_size(),
        ];
        Ok(asked.into_iter().find(|&bytes| bytes != 0).unwrap_or(0))
    }
}

impl Handle {
    /// Starts this handle's thread, as `builder` says. A start uses the handle up. If the system
    /// cannot start a thread, the handle is done.
    ///
    /// # Errors
    /// [`StartError::AlreadyStarted`], and those of [`Builder::start`].
    ///
    /// # Examples
    /// ```
    /// use py_thread::{Builder, Handle};
    /// let handle = Handle::unstarted();
    /// handle.start(Builder::new(), || ())?;
    /// let error = handle.start(Builder::new(), || ()).unwrap_err();
    /// assert_eq!(error.to_string(), "thread already started");
    /// # handle.join()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn start(
        &self,
        builder: Builder,
        f: impl FnOnce() + Send + 'static,
    ) -> Result<(), StartError> {
        builder.start_in(self, f)
    }
}
