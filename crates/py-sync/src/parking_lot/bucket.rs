//! [`Bucket`]: a queue of parked threads and its lock.
//!
//! Padded to two cache lines, the pair that today's prefetchers fetch together: neighbours in the
//! table do not disturb each other. CPython's are 32 bytes, two to a line.

use super::luck::Luck;
use super::queue::Queue;
use crate::primitive::{UnsafeCell, const_fn};
use crate::raw_mutex::{RawMutex, RawMutexGuard};
use core::fmt;
use core::panic::{RefUnwindSafe, UnwindSafe};

/// One of the lot's queues, under a lock of its own.
#[repr(align(128))]
pub(crate) struct Bucket {
    lock: RawMutex,
    queue: UnsafeCell<Queue>,
    luck: Luck,
}

// SAFETY: the queue is reached through `lock` only, and its waiters outlive their stay in it.
unsafe impl Sync for Bucket {}
// SAFETY: as above; a bucket belongs to no thread.
unsafe impl Send for Bucket {}

// A panic in a callback leaves the queue as it was and the lock free.
impl RefUnwindSafe for Bucket {}
impl UnwindSafe for Bucket {}

impl Bucket {
    const_fn! {
        pub(crate) fn new() -> Bucket {
            Bucket {
                lock: RawMutex::new(),
                queue: UnsafeCell::new(Queue::new()),
                luck: Luck::new(),
            }
        }
    }

    /// Locks it. The guard unlocks, also on a panic.
    #[inline]
    pub(crate) fn lock(&self) -> LockedBucket<'_> {
        let _guard = self.lock.lock_guard();
        LockedBucket {
            queue: &self.queue,
            _guard,
        }
    }

    /// How its waits went lately. Not under the lock.
    pub(super) fn luck(&self) -> &Luck {
        &self.luck
    }

    /// Unlocks it and forgets its waiters.
    ///
    /// # Safety
    ///
    /// No other thread exists: this is the child of a fork.
    pub(crate) unsafe fn reset(&self) {
        // SAFETY: nobody else is here, so nobody holds the lock or looks at the queue.
        self.queue
            .with_mut(|queue| unsafe { *queue = Queue::new() });
        // SAFETY: as above.
        unsafe { self.lock.reset() };
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket")
            .field("lock", &self.lock)
            .finish_non_exhaustive()
    }
}

/// A bucket whose lock the calling thread holds.
pub(crate) struct LockedBucket<'a> {
    queue: &'a UnsafeCell<Queue>,
    _guard: RawMutexGuard<'a>,
}

impl LockedBucket<'_> {
    /// Runs `f` on the queue.
    #[inline]
    pub(crate) fn queue<R>(&mut self, f: impl FnOnce(&mut Queue) -> R) -> R {
        // SAFETY: the lock is held, and `&mut self` keeps `f` from coming here again.
        self.queue.with_mut(|queue| f(unsafe { &mut *queue }))
    }
}
