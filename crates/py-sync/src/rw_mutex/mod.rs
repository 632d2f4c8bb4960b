//! [`RwMutex`]: one word, CPython's `_PyRWMutex`.
//!
//! This file has the public calls and the fast paths, which the compiler inlines. The states, the
//! invariants and the slow paths are in `protocol.rs` and `unlock.rs`, the guards in `guard.rs`, the
//! `try_` and timed calls in `timed.rs`.

mod fork;
mod guard;
mod protocol;
pub(crate) mod queue;
#[cfg(all(test, not(loom)))]
mod tests;
mod timed;
mod unlock;
mod upgrade;

pub use guard::{RwMutexReadGuard, RwMutexWriteGuard};

use crate::bits::{HAS_PARKED, LOCKED, READER_SHIFT, UNLOCKED};
use crate::deadline::{Clock, Deadline, Monotonic};
use crate::flags::{LockFlags, LockStatus};
use crate::held::{self, Hold};
use crate::sync::{Acquire, AtomicUsize, Relaxed, Release, const_fn};
use core::fmt;

const FREE: usize = UNLOCKED as usize;
const WRITER: usize = LOCKED as usize;
const PARKED: usize = HAS_PARKED as usize;
const ONE_READER: usize = 1 << READER_SHIFT;

/// An upgradable reader; with [`WRITER`] too, one that waits for the other readers to leave. Only typed
/// locks have it.
const UPGRADABLE: usize = 1 << (usize::BITS - 1);

/// A writer that spins has announced itself: while readers have the lock, or nobody.
const ANNOUNCED: usize = 1 << (usize::BITS - 2);

/// The bit that the reader count reaches at half of what the word could count. From then on new readers
/// are refused.
const TOO_MANY: usize = 1 << (usize::BITS - 3);

/// A lock for one writer or many readers. One word.
///
/// It carries no data, has no owner (any thread may unlock it) and is not recursive, but for
/// [`read_lock_recursive`](RwMutex::read_lock_recursive). A waiting writer stops new readers,
/// except for a moment: when a writer's unlock wakes a writer, any thread may take the lock until that one
/// runs. The woken one is handed the lock once it has waited for 1 ms, as with [`Mutex`](crate::Mutex). All
/// zero is unlocked. It must not move while a thread waits for it, which a borrow ensures.
///
/// CPython: `Include/internal/pycore_lock.h`, `_PyRWMutex`.
///
/// ```
/// use py_sync::RwMutex;
/// static LOCK: RwMutex = RwMutex::new();
/// LOCK.read_lock();
/// LOCK.read_lock();
/// assert!(!LOCK.try_write_lock());
/// LOCK.read_unlock();
/// LOCK.read_unlock();
/// LOCK.write_lock();
/// LOCK.write_unlock();
/// assert_eq!(size_of::<RwMutex>(), size_of::<usize>());
/// ```
#[doc(alias = "_PyRWMutex")]
#[repr(transparent)]
pub struct RwMutex(AtomicUsize);

/// What stops a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rank {
    /// A writer that has the lock, or a thread that is parked: for a thread that has just come.
    Last,
    /// Only a writer that has the lock: for a recursive read, and for a reader that was woken.
    First,
}

impl Rank {
    fn is_stopped_by(self, word: usize) -> bool {
        match self {
            Rank::Last => {
                word & (WRITER | ANNOUNCED) != 0 || word & (PARKED | UPGRADABLE) == PARKED
            }
            Rank::First => is_write_locked(word),
        }
    }
}

fn is_write_locked(word: usize) -> bool {
    word & (WRITER | UPGRADABLE) == WRITER
}

fn is_read_locked(word: usize) -> bool {
    word & WRITER == 0 && !is_free(word)
}

/// Nobody has it. A waiting thread may be about to take it.
fn is_free(word: usize) -> bool {
    word & !(PARKED | ANNOUNCED) == FREE
}

fn has_parked(word: usize) -> bool {
    word & PARKED != 0
}

impl RwMutex {
    const_fn! {
        /// An unlocked lock.
        ///
        /// ```
        /// static LOCK: py_sync::RwMutex = py_sync::RwMutex::new();
        /// assert!(!LOCK.is_write_locked());
        /// ```
        #[must_use]
        pub fn new() -> RwMutex {
            RwMutex(AtomicUsize::new(FREE))
        }
    }

    /// Locks for reading. Without a writer it costs one compare-exchange.
    ///
    /// CPython: `Python/lock.c`, `_PyRWMutex_RLock`.
    ///
    /// # Blocking
    ///
    /// Sleeps while a writer has the lock or waits for it; the thread's critical sections are
    /// suspended and it is detached from the [`Runtime`](crate::Runtime) meanwhile. A thread that
    /// already reads may deadlock here, with a writer that waits for it to leave: see
    /// [`read_lock_recursive`](RwMutex::read_lock_recursive).
    ///
    /// # Panics
    ///
    /// If there are `usize::MAX / 32 + 1` readers or more: `too many readers`.
    ///
    /// # Examples
    ///
    /// ```
    /// let m = py_sync::RwMutex::new();
    /// m.read_lock();
    /// assert!(m.is_read_locked());
    /// m.read_unlock();
    /// ```
    #[doc(alias = "_PyRWMutex_RLock")]
    #[inline]
    pub fn read_lock(&self) {
        let status = self.read_lock_with(&Monotonic, Deadline::Never, LockFlags::DETACH);
        debug_assert_eq!(status, LockStatus::Acquired);
    }

    /// Every read lock that does not pass a waiting writer, with the fairness clock as a parameter.
    #[inline]
    pub(crate) fn read_lock_with(
        &self,
        clock: &impl Clock,
        deadline: Deadline,
        flags: LockFlags,
    ) -> LockStatus {
        match self.try_read_once() {
            true => self.reads(),
            false => self.read_contended(clock, Rank::Last, deadline, flags),
        }
    }

    /// The calling thread has locked it for reading.
    #[inline]
    fn reads(&self) -> LockStatus {
        held::shared(self.key());
        LockStatus::Acquired
    }

    /// The calling thread has locked it for writing.
    #[inline]
    fn writes(&self) -> LockStatus {
        held::exclusive(self.key());
        LockStatus::Acquired
    }

    /// One try to read a lock that nobody writes or waits for.
    #[inline]
    fn try_read_once(&self) -> bool {
        // Relaxed: decides only whether to try.
        let word = self.0.load(Relaxed);
        word & (WRITER | PARKED | ANNOUNCED | TOO_MANY) == 0
            && self
                .0
                // Acquire: the section starts here. Relaxed on failure: the slow path loads again.
                .compare_exchange(word, word + ONE_READER, Acquire, Relaxed)
                .is_ok()
    }

    /// Locks for reading even if a writer is waiting: for a thread that may already read.
    ///
    /// CPython has no such form.
    ///
    /// # Blocking
    ///
    /// Sleeps while a writer has the lock, as [`read_lock`](RwMutex::read_lock).
    ///
    /// # Panics
    ///
    /// As [`read_lock`](RwMutex::read_lock).
    ///
    /// # Examples
    ///
    /// ```
    /// let m = py_sync::RwMutex::new();
    /// m.read_lock();
    /// m.read_lock_recursive();
    /// m.read_unlock();
    /// m.read_unlock();
    /// ```
    pub fn read_lock_recursive(&self) {
        let never = Deadline::Never;
        let status = self.read_contended(&Monotonic, Rank::First, never, LockFlags::DETACH);
        debug_assert_eq!(status, LockStatus::Acquired);
    }

    /// Unlocks a read lock. Unless the last reader leaves waiters it costs one compare-exchange.
    ///
    /// CPython: `Python/lock.c`, `_PyRWMutex_RUnlock`.
    ///
    /// # Panics
    ///
    /// If nobody reads: `lock was not read-locked`. Nothing has been changed.
    ///
    /// # Examples
    ///
    /// ```should_panic
    /// py_sync::RwMutex::new().read_unlock();
    /// ```
    #[doc(alias = "_PyRWMutex_RUnlock")]
    #[inline]
    #[track_caller]
    pub fn read_unlock(&self) {
        assert!(
            self.read_unlock_with(&Monotonic),
            "lock was not read-locked"
        );
    }

    /// Locks for writing. A free lock costs one compare-exchange.
    ///
    /// CPython: `Python/lock.c`, `_PyRWMutex_Lock`.
    ///
    /// # Blocking
    ///
    /// Sleeps while others have the lock, as [`read_lock`](RwMutex::read_lock). A thread that
    /// has it already sleeps for ever.
    ///
    /// # Examples
    ///
    /// ```
    /// let m = py_sync::RwMutex::new();
    /// m.write_lock();
    /// assert!(m.is_write_locked());
    /// m.write_unlock();
    /// ```
    #[doc(alias = "_PyRWMutex_Lock")]
    #[inline]
    pub fn write_lock(&self) {
        let status = self.write_lock_with(&Monotonic, Deadline::Never, LockFlags::DETACH);
        debug_assert_eq!(status, LockStatus::Acquired);
    }

    /// Every write lock, with the fairness clock as a parameter.
    #[inline]
    pub(crate) fn write_lock_with(
        &self,
        clock: &impl Clock,
        deadline: Deadline,
        flags: LockFlags,
    ) -> LockStatus {
        // Acquire: the section starts here. Relaxed on failure: the slow path loads again.
        if self
            .0
            .compare_exchange(FREE, WRITER, Acquire, Relaxed)
            .is_ok()
        {
            return self.writes();
        }
        self.write_contended(clock, deadline, flags)
    }

    /// Unlocks the write lock. Without waiters it costs one compare-exchange.
    ///
    /// CPython: `Python/lock.c`, `_PyRWMutex_Unlock`.
    ///
    /// # Panics
    ///
    /// If nobody has locked it for writing: `lock was not write-locked`. Nothing has been changed.
    ///
    /// # Examples
    ///
    /// ```should_panic
    /// let m = py_sync::RwMutex::new();
    /// m.read_lock();
    /// m.write_unlock();
    /// ```
    #[doc(alias = "_PyRWMutex_Unlock")]
    #[inline]
    #[track_caller]
    pub fn write_unlock(&self) {
        assert!(
            self.write_unlock_with(&Monotonic),
            "lock was not write-locked"
        );
    }

    /// [`write_unlock`](RwMutex::write_unlock) with the fairness clock as a parameter; false, and
    /// nothing changed, if it is not write-locked.
    #[inline]
    pub(crate) fn write_unlock_with(&self, clock: &impl Clock) -> bool {
        held::released(self.key(), Hold::Exclusive);
        // Release: the section ends here. Relaxed on failure: the slow path loads again.
        self.0
            .compare_exchange(WRITER, FREE, Release, Relaxed)
            .is_ok()
            || self.write_unlock_contended(clock)
    }

    /// True while a writer has it. Out of date at once: for assertions.
    ///
    /// ```
    /// assert!(!py_sync::RwMutex::new().is_write_locked());
    /// ```
    #[inline]
    #[must_use]
    pub fn is_write_locked(&self) -> bool {
        // Relaxed: a snapshot that orders nothing.
        is_write_locked(self.0.load(Relaxed))
    }

    /// True while a reader has it. Out of date at once: for assertions.
    ///
    /// ```
    /// assert!(!py_sync::RwMutex::new().is_read_locked());
    /// ```
    #[inline]
    #[must_use]
    pub fn is_read_locked(&self) -> bool {
        // Relaxed: a snapshot that orders nothing.
        is_read_locked(self.0.load(Relaxed))
    }
}

impl Default for RwMutex {
    fn default() -> Self {
        RwMutex::new()
    }
}

impl fmt::Debug for RwMutex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Relaxed: a snapshot that orders nothing.
        let word = self.0.load(Relaxed);
        f.debug_struct("RwMutex")
            .field("writer", &is_write_locked(word))
            .field(
                "readers",
                &((word & !(UPGRADABLE | ANNOUNCED)) >> READER_SHIFT),
            )
            .field("parked", &has_parked(word))
            .finish()
    }
}
