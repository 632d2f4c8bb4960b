//! The processors: `core`'s and `std`'s atomics, cells and pauses. A model, and a simulated machine, have
//! others.

use super::processors::{current_processor, only_processor};
pub(crate) use core::hint::spin_loop;
use core::sync::atomic::Ordering;
pub(crate) use core::sync::atomic::{
    AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, fence,
};
pub(crate) use std::thread::yield_now;

#[cfg(all(test, target_os = "linux", not(any(miri, loom))))]
#[path = "tests.rs"]
mod tests;

/// True if threads run at the same time: only then is it of use to spin.
///
/// Two threads may both ask the system. But none may wait for another's answer, which might be a thread
/// of the parent process.
#[inline]
pub(crate) fn has_many_processors() -> bool {
    // No `OnceLock`: if a thread of the parent was asking during a fork, the child would wait for it
    // for ever. A thread that finds no answer asks too; one that comes while another asks finds "many".
    static ANSWER: AtomicU32 = AtomicU32::new(UNKNOWN);
    // Relaxed, here and below: nothing else is published with the answer.
    match ANSWER.load(Ordering::Relaxed) {
        MANY => true,
        answer => is_many(&ANSWER, answer),
    }
}

const UNKNOWN: u32 = 0;
const MANY: u32 = 1;
/// So far all threads run on one processor: this, and its number.
const ONE: u32 = 2;

#[cold]
fn is_many(answer: &AtomicU32, so_far: u32) -> bool {
    let now = match so_far {
        UNKNOWN => {
            // If the system does not say, assume many: a wrong guess costs a few microseconds. That is
            // stored before the question, which may allocate: if the lock that this thread waits for is
            // the allocator's, the thread comes here again, and must not ask again.
            answer.store(MANY, Ordering::Relaxed);
            only_processor().map_or(MANY, |number| ONE + number)
        }
        // The answer was one, and a thread that was bound to another since then is asking.
        one if current_processor().is_some_and(|number| ONE + number != one) => MANY,
        one => one,
    };
    answer.store(now, Ordering::Relaxed);
    now == MANY
}

/// A cell that several threads access, under a lock.
#[derive(Debug, Default)]
#[repr(transparent)]
pub(crate) struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        UnsafeCell(core::cell::UnsafeCell::new(value))
    }

    pub(crate) fn into_inner(self) -> T {
        self.0.into_inner()
    }

    /// Hands `f` a pointer it may read through.
    #[inline]
    pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    /// Hands `f` a pointer it may write through.
    #[inline]
    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}
