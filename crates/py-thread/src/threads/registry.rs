//! The state that the threads of one interpreter share.
//!
//! Invariants:
//! * T1: a thread enters the list before it is started. It leaves just after its end was published, or
//!   when its start failed. So shutdown misses no started thread, and waits until each has ended. The
//!   count goes down just before the end is published, so who has joined a thread does not count it.
//! * T2: `finalizing` is set under the lock, and a thread that enters reads it under the lock. So
//!   no thread starts after `set_finalizing` has returned.
//! * T3: in a forked child the list may be half written, and a dead thread may hold its lock. So
//!   `start_again` reads neither. It writes a new list over the old one, which is leaked.
//!
//! Orderings: every `Relaxed` access here is to a number or a flag that publishes nothing. The lock
//! orders T2. A thread that reads a flag too late sees it at its next call.

use crate::ident::Ident;
use crate::sync::{AtomicU32, AtomicU64, Mutex, MutexGuard, Ordering, UnsafeCell, lock};
use core::sync::atomic::AtomicUsize;
use core::{fmt, ptr};
use std::collections::BTreeMap;

/// What the threads share with their [`Threads`]. It may outlive that, as long as a daemon runs.
#[derive(Debug)]
pub(crate) struct Registry<H> {
    list: UnsafeCell<Mutex<List<H>>>,
    /// 1 from `set_finalizing` on.
    finalizing: AtomicU32,
    finalizer: AtomicU64,
    /// A plain number, so it is std's atomic: no model has to see it.
    stack_size: AtomicUsize,
}

pub(super) struct List<H> {
    /// Shutdown waits for these.
    waited: BTreeMap<Ident, H>,
    /// All that run, daemons too.
    pub(super) count: usize,
}

// SAFETY: only `start_again` writes over `list`, and its caller promises that no other thread
// exists. Every other access goes through the mutex.
unsafe impl<H: Send> Sync for Registry<H> {}

impl<H: Clone> Registry<H> {
    pub(super) fn new() -> Registry<H> {
        Registry {
            list: UnsafeCell::new(Mutex::new(List::new())),
            finalizing: AtomicU32::new(0),
            finalizer: AtomicU64::new(0),
            stack_size: AtomicUsize::new(0),
        }
    }

    pub(super) fn list(&self) -> MutexGuard<'_, List<H>> {
        // SAFETY: only `start_again` writes over the list, while no other thread exists and no
        // guard of it is held.
        let list = self.list.with(|list| unsafe { &*list });
        // Under the lock only an allocation can fail, and it fails before the list is changed.
        lock(list)
    }

    /// T1, T2: false if the interpreter shuts down.
    pub(crate) fn enter(&self, ident: Ident, handle: &H, daemon: bool) -> bool {
        let mut list = self.list();
        if self.is_finalizing() {
            return false;
        }
        if !daemon {
            list.waited.insert(ident, handle.clone());
        }
        list.count += 1;
        true
    }

    /// T1: the start of this thread has failed.
    pub(crate) fn leave(&self, ident: Ident) {
        self.no_longer_count();
        self.forget(ident);
    }

    /// T1: for a thread whose end is about to be published.
    pub(crate) fn no_longer_count(&self) {
        let mut list = self.list();
        list.count = list.count.saturating_sub(1);
    }

    /// T1: takes a thread off the list.
    pub(crate) fn forget(&self, ident: Ident) {
        let handle = self.list().waited.remove(&ident);
        // Dropped outside of the lock: the last handle may drop a panic's payload, which is user
        // code.
        drop(handle);
    }

    pub(crate) fn is_finalizing(&self) -> bool {
        self.finalizing.load(Ordering::Relaxed) != 0
    }

    pub(super) fn set_finalizing(&self) {
        // T2: the flag is set under the lock.
        let _list = self.list();
        self.finalizer.store(Ident::own().get(), Ordering::Relaxed);
        self.finalizing.store(1, Ordering::Relaxed);
    }

    pub(super) fn is_finalized_by_another(&self) -> bool {
        self.is_finalizing() && self.finalizer.load(Ordering::Relaxed) != Ident::own().get()
    }

    pub(super) fn set_stack_size(&self, bytes: usize) {
        self.stack_size.store(bytes, Ordering::Relaxed);
    }

    pub(crate) fn stack_size(&self) -> usize {
        self.stack_size.load(Ordering::Relaxed)
    }

    /// A thread that shutdown has to wait for, other than the calling one.
    pub(super) fn next_waited(&self) -> Option<(Ident, H)> {
        let own = Ident::own();
        let list = self.list();
        let next = list.waited.iter().find(|&(&ident, _)| ident != own);
        next.map(|(&ident, handle)| (ident, handle.clone()))
    }

    /// Begins a new list in a forked child, with the calling thread if it belongs here.
    ///
    /// # Safety
    /// No other thread exists, and this one holds no guard of the list.
    pub(super) unsafe fn start_again(&self, current: Option<(H, bool)>) {
        let mut list = List::new();
        if let Some((handle, daemon)) = current {
            list.count = 1;
            if !daemon {
                list.waited.insert(Ident::own(), handle);
            }
        }
        // SAFETY: the caller promised that no other thread exists and that no guard is held. The
        // old list and its lock are neither read nor dropped (T3).
        self.list
            .with_mut(|old| unsafe { ptr::write(old, Mutex::new(list)) });
    }
}

impl<H> List<H> {
    fn new() -> List<H> {
        List {
            waited: BTreeMap::new(),
            count: 0,
        }
    }
}

/// Shows the idents: a thread knows its registry, and would show it again.
impl<H> fmt::Debug for List<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waited: Vec<&Ident> = self.waited.keys().collect();
        f.debug_struct("List")
            .field("waited", &waited)
            .field("count", &self.count)
            .finish()
    }
}
