//! `core`'s and `std`'s atomics, cells and pauses.

pub(crate) use core::hint::spin_loop;
use core::sync::atomic::Ordering;
pub(crate) use core::sync::atomic::{
    AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, fence,
};
pub(crate) use std::thread::yield_now;

/// True if threads run at the same time: only then is it of use to spin.
///
/// Two threads may both ask the system. But none may wait for another's answer, which might be a thread
/// of the parent process.
#[inline]
pub(crate) fn has_many_processors() -> bool {
    // No `OnceLock`: if a thread of the parent was asking during a fork, the child would wait for it
    // for ever. A thread that finds no answer asks too; one that comes while another asks finds "many".
    static ANSWER: AtomicU8 = AtomicU8::new(UNKNOWN);
    // Relaxed, here and below: nothing else is published with the answer.
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
    // If the system does not say, assume many: a wrong guess costs a few microseconds. That is stored
    // before the question, which allocates: if the lock that this thread waits for is the allocator's,
    // the thread comes here again, and must not ask again.
    answer.store(MANY, Ordering::Relaxed);
    let many = std::thread::available_parallelism().map_or(true, |n| n.get() > 1);
    answer.store(if many { MANY } else { ONE }, Ordering::Relaxed);
    many
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
