//! [`RecursiveMutex`]: a [`Mutex`] with an owner and a level, CPython's `_PyRecursiveMutex`.
//!
//! | field | at | meaning |
//! |---|---|---|
//! | mutex | 0 | the lock itself, one byte |
//! | owner | 8 | the holder's ident, 0 if there is none |
//! | level | 16 | how often the holder has locked it beyond the first time |
//!
//! Invariants:
//! * I1: only the holder of the mutex writes the owner: its ident after locking, 0 before unlocking. So
//!   a caller holds the mutex if it finds its own ident there, and does not hold it otherwise, however
//!   old the value is that it reads.
//! * I2: only the holder reads or writes the level, which is 0 when the mutex is unlocked.
//!
//! Orderings: owner and level are `Relaxed`. The mutex orders what it guards, and the level with it
//! (I2). The owner is only compared with the caller's own ident (I1).
//!
//! The level is atomic although it belongs to one thread: two threads may pass the same ident by
//! mistake, and that must not be undefined behaviour.
//!
//! CPython: `Python/lock.c`, `_PyRecursiveMutex_Lock`, `_PyRecursiveMutex_Unlock`,
//! `_PyRecursiveMutex_LockTimed`, `_PyRecursiveMutex_TryUnlock`. Differs from CPython: misuse
//! panics instead of aborting; a level that would overflow panics.

use crate::deadline::{Clock, Deadline, Monotonic};
use crate::flags::{LockFlags, LockStatus};
use crate::held;
use crate::mutex::Mutex;
use crate::sync::{AtomicU64, AtomicUsize, Relaxed, const_fn};
use core::fmt;
use py_thread::Ident;

mod fork;
mod guard;
mod levels;
mod signals;
mod timed;

pub use guard::RecursiveMutexGuard;

/// The owner of an unlocked mutex. No ident is 0.
const NOBODY: u64 = 0;

/// A mutex that its holder may lock again.
///
/// The holder is an [`Ident`]: that of [`Ident::current`], or one that a runtime passes. So a generator
/// that moves between threads keeps its locks. All zero is unlocked. The mutex must not move while a
/// thread waits for it, which a borrow ensures.
///
/// CPython: `Include/internal/pycore_lock.h`, `_PyRecursiveMutex`.
///
/// ```
/// use py_sync::RecursiveMutex;
/// static LOCK: RecursiveMutex = RecursiveMutex::new();
/// LOCK.lock();
/// LOCK.lock();
/// assert_eq!(LOCK.level(), 1);
/// LOCK.unlock();
/// LOCK.unlock();
/// assert!(!LOCK.is_locked());
/// ```
#[doc(alias = "_PyRecursiveMutex")]
#[repr(C)]
pub struct RecursiveMutex {
    mutex: Mutex,
    owner: AtomicU64,
    level: AtomicUsize,
}

impl RecursiveMutex {
    const_fn! {
        /// An unlocked mutex.
        ///
        /// ```
        /// static LOCK: py_sync::RecursiveMutex = py_sync::RecursiveMutex::new();
        /// assert!(!LOCK.is_locked());
        /// ```
        #[must_use]
        pub fn new() -> RecursiveMutex {
            RecursiveMutex {
                mutex: Mutex::new(),
                owner: AtomicU64::new(NOBODY),
                level: AtomicUsize::new(0),
            }
        }
    }

    /// Locks for [`Ident::current`], or goes one level deeper if that holds it.
    ///
    /// CPython: `Python/lock.c`, `_PyRecursiveMutex_Lock`.
    ///
    /// # Blocking
    ///
    /// As [`Mutex::lock`] while another ident holds it.
    ///
    /// # Panics
    ///
    /// If the level would overflow. Nothing has been changed.
    ///
    /// # Examples
    ///
    /// ```
    /// let m = py_sync::RecursiveMutex::new();
    /// m.lock();
    /// assert!(m.is_locked_by_current_thread());
    /// m.unlock();
    /// ```
    #[doc(alias = "_PyRecursiveMutex_Lock")]
    #[inline]
    pub fn lock(&self) {
        self.lock_as(Ident::current());
    }

    /// Locks for `ident`, on whose behalf the caller acts.
    ///
    /// # Blocking
    ///
    /// As [`lock`](RecursiveMutex::lock).
    ///
    /// # Panics
    ///
    /// As [`lock`](RecursiveMutex::lock).
    ///
    /// # Examples
    ///
    /// ```
    /// use py_thread::LogicalThread;
    /// let m = py_sync::RecursiveMutex::new();
    /// let generator = LogicalThread::new();
    /// m.lock_as(generator.ident());
    /// assert!(m.is_locked_by(generator.ident()));
    /// assert!(!m.is_locked_by_current_thread());
    /// ```
    #[inline]
    pub fn lock_as(&self, ident: Ident) {
        let status = self.lock_with(&Monotonic, ident, Deadline::Never, LockFlags::DETACH);
        debug_assert_eq!(status, LockStatus::Acquired);
    }

    /// Locks for [`Ident::current`] without detaching, as
    /// [`Mutex::lock_attached`](crate::Mutex::lock_attached).
    ///
    /// # Blocking
    ///
    /// As [`Mutex::lock_attached`](crate::Mutex::lock_attached) while another ident holds it.
    ///
    /// # Panics
    ///
    /// As [`lock`](RecursiveMutex::lock).
    ///
    /// # Examples
    ///
    /// ```
    /// let m = py_sync::RecursiveMutex::new();
    /// m.lock_attached();
    /// m.unlock();
    /// ```
    #[inline]
    pub fn lock_attached(&self) {
        let ident = Ident::current();
        let status = self.lock_with(&Monotonic, ident, Deadline::Never, LockFlags::NONE);
        debug_assert_eq!(status, LockStatus::Acquired);
    }

    /// Every lock call that may wait, with the fairness clock as a parameter.
    #[inline]
    pub(crate) fn lock_with(
        &self,
        clock: &impl Clock,
        ident: Ident,
        deadline: Deadline,
        flags: LockFlags,
    ) -> LockStatus {
        if self.is_locked_by(ident) {
            self.deepen();
            return LockStatus::Acquired;
        }
        let status = self.mutex.lock_with(clock, deadline, flags);
        if status == LockStatus::Acquired {
            self.own(ident);
        }
        status
    }

    /// I1: the mutex is held, by us.
    #[inline]
    fn own(&self, ident: Ident) {
        held::exclusive_for(self.mutex.as_ptr().addr(), ident);
        self.owner.store(ident.get(), Relaxed);
    }

    /// One level deeper, as the holder (I2).
    #[inline]
    fn deepen(&self) {
        let level = self.level.load(Relaxed);
        assert!(level != usize::MAX, "recursive mutex locked too often");
        self.level.store(level + 1, Relaxed);
    }

    /// Unlocks for [`Ident::current`]: goes one level up, or gives the mutex up.
    ///
    /// CPython: `Python/lock.c`, `_PyRecursiveMutex_Unlock`.
    ///
    /// # Panics
    ///
    /// If another ident holds it, or none: `unlocking a recursive mutex that is not owned by the
    /// current thread`. Nothing has been changed.
    ///
    /// # Examples
    ///
    /// ```should_panic
    /// py_sync::RecursiveMutex::new().unlock();
    /// ```
    #[doc(alias = "_PyRecursiveMutex_Unlock")]
    #[inline]
    #[track_caller]
    pub fn unlock(&self) {
        self.unlock_as(Ident::current());
    }

    /// Unlocks for `ident`, on whose behalf the caller acts.
    ///
    /// # Panics
    ///
    /// As [`unlock`](RecursiveMutex::unlock).
    ///
    /// # Examples
    ///
    /// ```
    /// use py_thread::LogicalThread;
    /// let m = py_sync::RecursiveMutex::new();
    /// let generator = LogicalThread::new();
    /// m.lock_as(generator.ident());
    /// m.unlock_as(generator.ident());
    /// assert!(!m.is_locked());
    /// ```
    #[inline]
    #[track_caller]
    pub fn unlock_as(&self, ident: Ident) {
        assert!(
            self.try_unlock_as(ident),
            "unlocking a recursive mutex that is not owned by the current thread"
        );
    }

    /// Unlocks for [`Ident::current`] if that holds it; false, and nothing changed, if not.
    ///
    /// CPython: `Python/lock.c`, `_PyRecursiveMutex_TryUnlock`.
    ///
    /// ```
    /// let m = py_sync::RecursiveMutex::new();
    /// assert!(!m.try_unlock());
    /// m.lock();
    /// assert!(m.try_unlock());
    /// ```
    #[doc(alias = "_PyRecursiveMutex_TryUnlock")]
    #[inline]
    #[must_use = "false means that it was not this thread's"]
    pub fn try_unlock(&self) -> bool {
        self.try_unlock_as(Ident::current())
    }

    /// Unlocks for `ident` if that holds it; false, and nothing changed, if not.
    ///
    /// ```
    /// use py_thread::LogicalThread;
    /// let m = py_sync::RecursiveMutex::new();
    /// m.lock();
    /// assert!(!m.try_unlock_as(LogicalThread::new().ident()));
    /// assert!(m.is_locked_by_current_thread());
    /// ```
    #[inline]
    #[must_use = "false means that it was not this ident's"]
    pub fn try_unlock_as(&self, ident: Ident) -> bool {
        self.unlock_with(&Monotonic, ident)
    }

    /// [`try_unlock_as`](RecursiveMutex::try_unlock_as) with the fairness clock as a parameter.
    #[inline]
    pub(crate) fn unlock_with(&self, clock: &impl Clock, ident: Ident) -> bool {
        if !self.is_locked_by(ident) {
            return false;
        }
        match self.level.load(Relaxed) {
            0 => {
                self.owner.store(NOBODY, Relaxed);
                let unlocked = self.mutex.unlock_with(clock);
                debug_assert!(unlocked, "its owner had locked it");
            }
            level => self.level.store(level - 1, Relaxed),
        }
        true
    }

    /// True if `ident` holds it. Certain if the caller acts for `ident`, else out of date at once.
    ///
    /// ```
    /// use py_thread::Ident;
    /// let m = py_sync::RecursiveMutex::new();
    /// assert!(!m.is_locked_by(Ident::current()));
    /// ```
    #[inline]
    #[must_use]
    pub fn is_locked_by(&self, ident: Ident) -> bool {
        self.owner.load(Relaxed) == ident.get()
    }

    /// True if [`Ident::current`] holds it.
    ///
    /// CPython: `Python/lock.c`, `_PyRecursiveMutex_IsLockedByCurrentThread`.
    ///
    /// ```
    /// let m = py_sync::RecursiveMutex::new();
    /// m.lock();
    /// assert!(m.is_locked_by_current_thread());
    /// std::thread::scope(|s| {
    ///     s.spawn(|| assert!(!m.is_locked_by_current_thread()));
    /// });
    /// ```
    #[doc(alias = "_PyRecursiveMutex_IsLockedByCurrentThread")]
    #[inline]
    #[must_use]
    pub fn is_locked_by_current_thread(&self) -> bool {
        self.is_locked_by(Ident::current())
    }

    /// True while it is held. The answer may be out of date at once: for assertions.
    ///
    /// ```
    /// assert!(!py_sync::RecursiveMutex::new().is_locked());
    /// ```
    #[inline]
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.mutex.is_locked()
    }

    /// How often its holder has locked it beyond the first time. Certain for the holder, else out
    /// of date at once.
    ///
    /// ```
    /// let m = py_sync::RecursiveMutex::new();
    /// m.lock();
    /// assert_eq!(m.level(), 0);
    /// m.lock();
    /// assert_eq!(m.level(), 1);
    /// ```
    #[inline]
    #[must_use]
    pub fn level(&self) -> usize {
        self.level.load(Relaxed)
    }
}

impl Default for RecursiveMutex {
    fn default() -> Self {
        RecursiveMutex::new()
    }
}

impl fmt::Debug for RecursiveMutex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecursiveMutex")
            .field("owner", &Ident::from_u64(self.owner.load(Relaxed)))
            .field("level", &self.level())
            .finish()
    }
}
