//! std's threads: for WebAssembly, and for Miri on every system.

use super::Main;
use crate::sync::{AtomicPtr, Ordering};
use core::ptr;
use std::io;
use std::thread::JoinHandle;

/// A thread that was neither joined nor detached yet.
pub(crate) struct OsThread(Box<JoinHandle<()>>);

impl OsThread {
    /// The calling thread, on systems where a thread can find itself. One of std's cannot.
    pub(crate) fn current() -> Option<OsThread> {
        None
    }

    /// Waits until the thread is gone.
    #[allow(clippy::unnecessary_wraps, reason = "the other systems can fail")]
    pub(crate) fn join(self) -> io::Result<()> {
        // `Main::run` never unwinds, so there is no panic to report.
        drop(self.0.join());
        Ok(())
    }

    /// Lets the system free the thread when it ends.
    #[allow(clippy::unnecessary_wraps, reason = "the other systems can fail")]
    pub(crate) fn detach(self) -> io::Result<()> {
        Ok(())
    }
}

/// Where a handle keeps its [`OsThread`].
#[derive(Debug)]
pub(crate) struct OsCell(AtomicPtr<JoinHandle<()>>);

impl OsCell {
    pub(crate) const fn new() -> OsCell {
        OsCell(AtomicPtr::new(ptr::null_mut()))
    }

    pub(crate) fn store(&self, thread: OsThread) {
        // Relaxed: the handle's word publishes it.
        self.0.store(Box::into_raw(thread.0), Ordering::Relaxed);
    }

    /// The thread, for the one caller that may settle it.
    pub(crate) fn take(&self) -> OsThread {
        // Relaxed: the handle's word was read with Acquire.
        let thread = self.0.load(Ordering::Relaxed);
        // SAFETY: `store` made the pointer from a box, and only one caller may settle the thread.
        OsThread(unsafe { Box::from_raw(thread) })
    }

    /// The number by which the system knows the thread. std has none, so 0.
    pub(crate) fn ident(&self) -> u64 {
        0
    }
}

/// Starts a thread that runs `main`, and passes the thread to `publish`, perhaps after `main` has
/// begun.
pub(crate) fn spawn<M: Main>(
    main: Box<M>,
    stack_size: usize,
    publish: impl FnOnce(OsThread),
) -> io::Result<()> {
    let mut builder = std::thread::Builder::new();
    if stack_size != 0 {
        builder = builder.stack_size(stack_size);
    }
    publish(OsThread(Box::new(builder.spawn(move || main.run())?)));
    Ok(())
}

/// Whether this system accepts a stack of that size. std finds out when the thread starts.
pub(crate) fn accepts_stack_size(_bytes: usize) -> bool {
    true
}
