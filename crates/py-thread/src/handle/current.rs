//! Which handle the calling thread belongs to.

use super::Handle;
use super::state::Inner;
use crate::ident::Ident;
use crate::sync::Arc;
use core::cell::Cell;
use core::ptr;

std::thread_local! {
    /// The state of the thread that runs here, alive until `leave`; null in a thread that no
    /// handle started.
    static CURRENT: Cell<*const Inner> = const { Cell::new(ptr::null()) };
}

/// The calling thread begins as that of `inner`, which the caller keeps until [`leave`].
#[cfg(not(all(test, loom)))]
pub(crate) fn enter(inner: &Arc<Inner>, ident: Ident) {
    Ident::adopt(ident);
    CURRENT.set(Arc::as_ptr(inner));
}

/// In a model all threads share one OS thread's storage.
#[cfg(all(test, loom))]
pub(crate) fn enter(_inner: &Arc<Inner>, ident: Ident) {
    Ident::adopt(ident);
}

/// The calling thread has run its function.
pub(crate) fn leave() {
    CURRENT.set(ptr::null());
}

impl Handle {
    /// The calling thread's handle, if one started it and its function still runs.
    ///
    /// ```
    /// use py_thread::{Handle, start};
    /// assert!(Handle::current().is_none());
    /// let (tx, rx) = std::sync::mpsc::channel();
    /// let handle = start(move || tx.send(Handle::current()).unwrap())?;
    /// assert_eq!(rx.recv()?.unwrap().ident(), handle.ident());
    /// # handle.join()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn current() -> Option<Handle> {
        let inner = CURRENT.get();
        if inner.is_null() {
            return None;
        }
        // SAFETY: `enter` stored the pointer of an `Arc` that lives until `leave`, which clears it. So
        // the count is not zero, and the reference that is added here is ours.
        let inner = unsafe {
            Arc::increment_strong_count(inner);
            Arc::from_raw(inner)
        };
        Some(Handle(inner))
    }
}
