//! Waiting with a mutex and a condition variable, which the first waiter makes. It serves systems
//! without a stable wait on an address, and the models.
//!
//! Invariants:
//! * W1: `parker` changes from null to one `Parker`, which lives as long as the word. A forked
//!   child replaces the parker of its parent and leaks it, because a dead thread may hold its lock.
//! * W2: a waiter installs the parker *before* the read-modify-write that announces it. So a waker
//!   that sees a waiter also sees the parker. A waker that sees no waiter needs no parker.
//! * W3: the waiter compares the word under the parker's lock, and a waker takes that lock after it
//!   changed the word. So either the waiter sees the change, or it is asleep when the waker
//!   notifies.

use super::Waited;
use crate::generation::generation;
use crate::sync::{AtomicPtr, AtomicU32, Condvar, Mutex, Ordering, const_fn, lock};
use core::ops::Deref;
use core::ptr;
use core::time::Duration;

/// Whether a signal handler ends a wait.
pub(crate) const INTERRUPTIBLE: bool = false;

/// Whether the child of a fork can use a word of its parent. No: a dead thread may hold the lock.
#[cfg(feature = "micro")]
pub(crate) const SURVIVES_FORK: bool = false;

#[derive(Debug)]
struct Parker {
    mutex: Mutex<()>,
    condvar: Condvar,
    generation: u32,
}

/// A word to sleep on, and its parker.
#[derive(Debug)]
pub(crate) struct WaitWord {
    word: AtomicU32,
    parker: AtomicPtr<Parker>,
}

impl WaitWord {
    const_fn! {
        pub(crate) fn new(value: u32) -> WaitWord {
            WaitWord {
                word: AtomicU32::new(value),
                parker: AtomicPtr::new(ptr::null_mut()),
            }
        }
    }

    /// Makes sure that there is a parker of this process.
    pub(crate) fn prepare(&self) {
        let mut seen = self.parker.load(Ordering::Acquire);
        while self.parker_at(seen).is_none() {
            let new = Box::into_raw(Box::new(Parker {
                mutex: Mutex::new(()),
                condvar: Condvar::new(),
                generation: generation(),
            }));
            // Release: a thread that sees the pointer sees the parker. Acquire: we see the parker
            // of a thread that was faster.
            match self
                .parker
                .compare_exchange(seen, new, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => return,
                Err(other) => {
                    // SAFETY: `new` came from `into_raw` above, and no other thread has seen it.
                    drop(unsafe { Box::from_raw(new) });
                    seen = other;
                }
            }
        }
    }

    /// The parker at this pointer if there is one of this process.
    fn parker_at(&self, parker: *mut Parker) -> Option<&Parker> {
        // SAFETY: W1: null or alive as long as `self`.
        unsafe { parker.as_ref() }.filter(|p| p.generation == generation())
    }

    pub(crate) fn wait(&self, expected: u32, timeout: Option<Duration>) -> Waited {
        self.prepare();
        // Acquire: pairs with the exchange in `prepare`, so the parker is whole.
        let Some(parker) = self.parker_at(self.parker.load(Ordering::Acquire)) else {
            return Waited::Changed;
        };
        let guard = lock(&parker.mutex);
        // Relaxed: W3: the lock orders this load after the change of a waker that has notified.
        if self.word.load(Ordering::Relaxed) != expected {
            return Waited::Changed;
        }
        sleep(parker, guard, timeout)
    }

    pub(crate) fn wake_all(&self) {
        // Acquire: W2: pairs with the waiter's exchange in `prepare`.
        if let Some(parker) = self.parker_at(self.parker.load(Ordering::Acquire)) {
            let _guard = lock(&parker.mutex);
            parker.condvar.notify_all();
        }
    }
}

#[cfg(not(all(test, loom)))]
fn sleep(
    parker: &Parker,
    guard: crate::sync::MutexGuard<'_, ()>,
    timeout: Option<Duration>,
) -> Waited {
    match timeout {
        None => {
            drop(parker.condvar.wait(guard));
            Waited::Changed
        }
        Some(timeout) => match parker.condvar.wait_timeout(guard, timeout) {
            Ok((_, result)) if result.timed_out() => Waited::TimedOut,
            _ => Waited::Changed,
        },
    }
}

/// How long the last timed sleep was to be, in nanoseconds. It is std's atomic: no model has to see it.
#[cfg(all(test, loom))]
pub(crate) static LAST_SLEEP: core::sync::atomic::AtomicU64 = core::sync::atomic::AtomicU64::new(0);

/// A model has no clock: a timed wait is over at once, and loom decides how late the thread runs
/// on.
#[cfg(all(test, loom))]
fn sleep(
    parker: &Parker,
    guard: crate::sync::MutexGuard<'_, ()>,
    timeout: Option<Duration>,
) -> Waited {
    match timeout {
        None => {
            drop(parker.condvar.wait(guard));
            Waited::Changed
        }
        Some(timeout) => {
            let nanos = u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX);
            LAST_SLEEP.store(nanos, core::sync::atomic::Ordering::Relaxed);
            Waited::TimedOut
        }
    }
}

impl Drop for WaitWord {
    fn drop(&mut self) {
        let parker = self.parker.load(Ordering::Acquire);
        if self.parker_at(parker).is_some() {
            // SAFETY: W1: the pointer came from `into_raw` in `prepare`. `&mut self` means that no
            // thread waits or wakes here any more.
            drop(unsafe { Box::from_raw(parker) });
        }
    }
}

impl Deref for WaitWord {
    type Target = AtomicU32;

    fn deref(&self) -> &AtomicU32 {
        &self.word
    }
}
