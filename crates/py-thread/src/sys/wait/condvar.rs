//! Where the system has no wait on an address that we may rely upon, and in the models: a mutex
//! and a condition variable, made by the first thread that waits.
//!
//! Invariants:
//! * W1: `parker` goes from null to one `Parker`, which lives as long as the word. In a forked
//!   child one of an earlier process is replaced (and forgotten: a dead thread may hold its lock).
//! * W2: a waiter installs the parker *before* its read-modify-write tells that it waits; so who
//!   sees that, sees the parker. A waker that sees no waiter needs none.
//! * W3: the word is compared under the parker's lock, and a waker takes that lock after its change
//!   of the word: either the waiter sees the change, or it is asleep when the waker notifies.

use super::Waited;
use crate::generation::generation;
use crate::primitive::{AtomicPtr, AtomicU32, Condvar, Mutex, Ordering, const_fn, lock};
use core::ops::Deref;
use core::ptr;
use core::time::Duration;

/// Whether a signal handler ends a wait.
pub(crate) const INTERRUPTIBLE: bool = false;

/// Whether a word of the parent can be used in the child of a fork. A thread that died in a fork may hold the lock.
#[cfg(feature = "micro")]
pub(crate) const SURVIVES_FORK: bool = false;

#[derive(Debug)]
struct Parker {
    mutex: Mutex<()>,
    condvar: Condvar,
    generation: u32,
}

/// A word to sleep on, and where its sleepers meet.
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
            // Release: who sees the pointer sees the parker. Acquire: and we that of another.
            match self
                .parker
                .compare_exchange(seen, new, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => return,
                Err(other) => {
                    // SAFETY: ours, and nobody else saw it.
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
        // Acquire: the parker that `prepare` found.
        let Some(parker) = self.parker_at(self.parker.load(Ordering::Acquire)) else {
            return Waited::Changed;
        };
        let guard = lock(&parker.mutex);
        // Relaxed: W3, the lock orders this load after the change that a notifier made.
        if self.word.load(Ordering::Relaxed) != expected {
            return Waited::Changed;
        }
        sleep(parker, guard, timeout)
    }

    pub(crate) fn wake_all(&self) {
        // Acquire: W2.
        if let Some(parker) = self.parker_at(self.parker.load(Ordering::Acquire)) {
            let _guard = lock(&parker.mutex);
            parker.condvar.notify_all();
        }
    }
}

#[cfg(not(all(test, loom)))]
fn sleep(
    parker: &Parker,
    guard: crate::primitive::MutexGuard<'_, ()>,
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

/// A model has no clock: a timed wait is over at once, and the scheduler decides how late that is.
#[cfg(all(test, loom))]
fn sleep(
    parker: &Parker,
    guard: crate::primitive::MutexGuard<'_, ()>,
    timeout: Option<Duration>,
) -> Waited {
    match timeout {
        None => {
            drop(parker.condvar.wait(guard));
            Waited::Changed
        }
        Some(_) => Waited::TimedOut,
    }
}

impl Drop for WaitWord {
    fn drop(&mut self) {
        let parker = self.parker.load(Ordering::Acquire);
        if self.parker_at(parker).is_some() {
            // SAFETY: W1, and nobody waits on a word that is dropped.
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
