//! The atomics, cells and pauses of a real machine.

pub(crate) use core::hint::spin_loop;
use core::sync::atomic::Ordering;
pub(crate) use core::sync::atomic::{
    AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, fence,
};
pub(crate) use std::thread::yield_now;

/// True if threads run at the same time: only then is it of use to spin.
///
/// Two threads may both ask. What must not be is one that waits for the other's answer: that may
/// be a thread of the process from which this one was forked.
#[inline]
pub(crate) fn has_many_processors() -> bool {
    // No `OnceLock`: the child of a fork would wait for ever for a thread of its parent that was
    // asking. Who comes before the answer asks too.
    static ANSWER: AtomicU8 = AtomicU8::new(UNKNOWN);
    // Relaxed, here and below: the answer is all there is to know.
    match ANSWER.load(Ordering::Relaxed) {
        UNKNOWN => ask(&ANSWER),
        answer => answer == MANY,
    }
}

const UNKNOWN: u8 = 0;
const ONE: u8 = 1;
const MANY: u8 = 2;

#[cold]
fn ask(answer: &AtomicU8) -> bool {
    // Not known is many: a few wasted microseconds.
    let many = std::thread::available_parallelism().map_or(true, |n| n.get() > 1);
    answer.store(if many { MANY } else { ONE }, Ordering::Relaxed);
    many
}

/// A cell that crosses threads under a lock.
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
