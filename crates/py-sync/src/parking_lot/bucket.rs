//! [`Bucket`]: a queue of parked threads and its lock.
//!
//! A bucket is padded to two cache lines, the pair that today's prefetchers fetch together, so that
//! neighbours in the table do not disturb each other. CPython's are 32 bytes, two to a line.
//!
//! A callback that runs under a bucket's lock must not call into a lot, but for `note_hand_off`, which takes no
//! lock. It would wait for a bucket that its own thread holds: for ever if it is the same bucket, and possibly in
//! a cycle with another thread if it is not. A debug build panics instead; the panic unlocks the bucket and
//! leaves the queue as it was.

use super::waiter::{HandOff, Queue};
use crate::raw_mutex::RawMutex;
use crate::spin::AdaptiveSpin;
use crate::sync::{AtomicU64, AtomicUsize, CHECKED, Relaxed, UnsafeCell, const_fn, local};
use core::cell::Cell;
use core::fmt;
use core::panic::{RefUnwindSafe, UnwindSafe};

/// One of the lot's queues, under a lock of its own.
#[repr(align(128))]
pub(crate) struct Bucket {
    lock: RawMutex,
    queue: UnsafeCell<Queue>,
    pub(super) spin: AdaptiveSpin,
    pub(super) last_hand_off: LastHandOff,
}

// SAFETY: the queue is reached only with `lock` held, and a waiter outlives its stay in the queue.
unsafe impl Sync for Bucket {}
// SAFETY: neither the lock nor the queue belongs to a thread, and a waiter may be reached from any
// thread that holds the lock.
unsafe impl Send for Bucket {}

// A panic in a callback leaves the queue whole and the lock free.
impl RefUnwindSafe for Bucket {}
impl UnwindSafe for Bucket {}

impl Bucket {
    const_fn! {
        pub(crate) fn new() -> Bucket {
            Bucket {
                lock: RawMutex::new(),
                queue: UnsafeCell::new(Queue::new()),
                spin: AdaptiveSpin::new(),
                last_hand_off: LastHandOff::new(),
            }
        }
    }

    /// Runs `f` on the queue with the lock held, and unlocks, also if `f` panics.
    #[inline]
    pub(super) fn lock<R>(&self, f: impl FnOnce(&mut Queue) -> R) -> R {
        assert_outside();
        self.lock.lock_unrecorded();
        let _unlocks = Unlocks::entered(&self.lock);
        // SAFETY: the lock is held, so no other thread has the queue; and it is not recursive, so `f`
        // cannot come here again and make a second reference.
        self.queue.with_mut(|queue| f(unsafe { &mut *queue }))
    }

    /// Unlocks it and forgets its waiters.
    ///
    /// # Safety
    ///
    /// No other thread exists: this is the child of a fork.
    pub(super) unsafe fn reset(&self) {
        // SAFETY: the caller is the only thread, so nobody holds the lock or has the queue.
        self.queue
            .with_mut(|queue| unsafe { *queue = Queue::new() });
        // SAFETY: no other thread exists, as the caller promises, so none uses the lock.
        unsafe { self.lock.reset() };
    }
}

/// The last hand-off in a bucket. It is one lock's, so that no lock waits for another that happens to share
/// its bucket.
///
/// Only time depends on it. So the accesses are `Relaxed`, and if two locks of a bucket both use it, a lock
/// may lose its pause or see the other's: one pause is all that is lost.
#[derive(Debug)]
pub(super) struct LastHandOff {
    key: AtomicUsize,
    at: AtomicU64,
    section: AtomicU64,
}

impl LastHandOff {
    const_fn! {
        fn new() -> LastHandOff {
            LastHandOff {
                key: AtomicUsize::new(0),
                at: AtomicU64::new(0),
                section: AtomicU64::new(0),
            }
        }
    }

    pub(super) fn set(&self, key: usize, hand_off: HandOff) {
        self.key.store(key, Relaxed);
        self.at.store(hand_off.at, Relaxed);
        self.section.store(hand_off.section, Relaxed);
    }

    /// None if the last one was another lock's.
    pub(super) fn of(&self, key: usize) -> Option<HandOff> {
        (self.key.load(Relaxed) == key).then(|| HandOff {
            at: self.at.load(Relaxed),
            section: self.section.load(Relaxed),
        })
    }
}

/// Unlocks a bucket when dropped.
struct Unlocks<'a>(&'a RawMutex);

impl Unlocks<'_> {
    /// The calling thread has locked the bucket.
    #[inline]
    fn entered(lock: &RawMutex) -> Unlocks<'_> {
        set_inside(true);
        Unlocks(lock)
    }
}

impl Drop for Unlocks<'_> {
    #[inline]
    fn drop(&mut self) {
        set_inside(false);
        let unlocked = self.0.unlock_unrecorded();
        assert!(unlocked, "unlocking mutex that is not locked");
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket")
            .field("lock", &self.lock)
            .finish_non_exhaustive()
    }
}

local! {
    /// Whether the calling thread has a bucket locked, in a debug build.
    static INSIDE: Cell<bool> = Cell::new(false);
}

fn set_inside(inside: bool) {
    if CHECKED {
        // A thread whose thread-locals are gone is not checked.
        let _ = INSIDE.try_with(|cell| cell.set(inside));
    }
}

/// Panics in a debug build if the calling thread has a bucket locked: it is inside a callback.
fn assert_outside() {
    assert!(
        !CHECKED || !INSIDE.try_with(Cell::get).unwrap_or(false),
        "the parking lot was called from one of its own callbacks"
    );
}
