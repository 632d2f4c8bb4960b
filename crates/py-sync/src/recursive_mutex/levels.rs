//! All levels of a [`RecursiveMutex`] at once: a condition variable over it releases them for its wait
//! and takes them back afterwards.

use super::{NOBODY, RecursiveMutex};
use crate::deadline::{Clock, Deadline, Monotonic};
use crate::flags::{LockFlags, LockStatus};
use crate::sync::Relaxed;
use core::num::NonZeroUsize;
use py_thread::Ident;

impl RecursiveMutex {
    /// Unlocks all levels of [`Ident::current`] at once, and returns how many they were, for
    /// [`lock_levels`](RecursiveMutex::lock_levels) to restore.
    ///
    /// CPython: `Modules/_threadmodule.c`, `_thread_RLock__release_save_impl`.
    ///
    /// # Panics
    ///
    /// As [`unlock`](RecursiveMutex::unlock).
    ///
    /// # Examples
    ///
    /// ```
    /// let m = py_sync::RecursiveMutex::new();
    /// m.lock();
    /// m.lock();
    /// let levels = m.unlock_all();
    /// assert!(!m.is_locked());
    /// // .. wait for something, and then:
    /// m.lock_levels(levels);
    /// assert_eq!((levels.get(), m.level()), (2, 1));
    /// ```
    #[doc(alias = "_release_save")]
    #[inline]
    #[track_caller]
    pub fn unlock_all(&self) -> NonZeroUsize {
        self.unlock_all_as(Ident::current())
    }

    /// Unlocks for `ident`, on whose behalf the caller acts, as often as that has locked it.
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
    /// assert_eq!(m.unlock_all_as(generator.ident()).get(), 1);
    /// ```
    #[track_caller]
    pub fn unlock_all_as(&self, ident: Ident) -> NonZeroUsize {
        match self.try_unlock_all_as(ident) {
            Some(levels) => levels,
            None => panic!("unlocking a recursive mutex that is not owned by the current thread"),
        }
    }

    /// As [`unlock_all`](RecursiveMutex::unlock_all), if [`Ident::current`] holds it; `None`, and
    /// nothing changed, if not.
    ///
    /// ```
    /// let m = py_sync::RecursiveMutex::new();
    /// assert_eq!(m.try_unlock_all(), None);
    /// m.lock();
    /// assert_eq!(m.try_unlock_all().map(|levels| levels.get()), Some(1));
    /// ```
    #[inline]
    #[must_use = "`None` means that it was not this thread's, and the number is needed to lock again"]
    pub fn try_unlock_all(&self) -> Option<NonZeroUsize> {
        self.try_unlock_all_as(Ident::current())
    }

    /// As [`unlock_all_as`](RecursiveMutex::unlock_all_as), if `ident` holds it; `None`, and nothing
    /// changed, if not.
    ///
    /// ```
    /// use py_thread::LogicalThread;
    /// let m = py_sync::RecursiveMutex::new();
    /// m.lock();
    /// assert_eq!(m.try_unlock_all_as(LogicalThread::new().ident()), None);
    /// assert!(m.is_locked_by_current_thread());
    /// ```
    #[must_use = "`None` means that it was not this ident's, and the number is needed to lock again"]
    pub fn try_unlock_all_as(&self, ident: Ident) -> Option<NonZeroUsize> {
        self.unlock_all_with(&Monotonic, ident)
    }

    /// [`try_unlock_all_as`](RecursiveMutex::try_unlock_all_as) with the fairness clock as a parameter.
    pub(crate) fn unlock_all_with(&self, clock: &impl Clock, ident: Ident) -> Option<NonZeroUsize> {
        if !self.is_locked_by(ident) {
            return None;
        }
        let inner = self.level.load(Relaxed);
        // Before the mutex is free (I1, I2).
        self.level.store(0, Relaxed);
        self.owner.store(NOBODY, Relaxed);
        let unlocked = self.mutex.unlock_with(clock);
        debug_assert!(unlocked, "its owner had locked it");
        // Saturates where a level that no lock can have come to would overflow.
        Some(NonZeroUsize::MIN.saturating_add(inner))
    }

    /// Locks for [`Ident::current`] `levels` times, at once: what
    /// [`unlock_all`](RecursiveMutex::unlock_all) released. If it is held already, adds that many
    /// levels.
    ///
    /// CPython: `Modules/_threadmodule.c`, `_thread_RLock__acquire_restore_impl`, which in the latter
    /// case overwrites the level.
    ///
    /// # Blocking
    ///
    /// As [`lock`](RecursiveMutex::lock).
    ///
    /// # Panics
    ///
    /// If the level would overflow. Nothing has been changed.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// let m = py_sync::RecursiveMutex::new();
    /// m.lock_levels(NonZeroUsize::new(3).unwrap());
    /// assert_eq!(m.level(), 2);
    /// assert_eq!(m.unlock_all().get(), 3);
    /// ```
    #[doc(alias = "_acquire_restore")]
    #[inline]
    pub fn lock_levels(&self, levels: NonZeroUsize) {
        self.lock_levels_as(Ident::current(), levels);
    }

    /// As [`lock_levels`](RecursiveMutex::lock_levels), for `ident`, on whose behalf the caller acts.
    ///
    /// # Blocking
    ///
    /// As [`lock`](RecursiveMutex::lock).
    ///
    /// # Panics
    ///
    /// As [`lock_levels`](RecursiveMutex::lock_levels).
    ///
    /// # Examples
    ///
    /// ```
    /// use py_thread::LogicalThread;
    /// use std::num::NonZeroUsize;
    /// let m = py_sync::RecursiveMutex::new();
    /// let generator = LogicalThread::new();
    /// m.lock_levels_as(generator.ident(), NonZeroUsize::MIN);
    /// assert!(m.is_locked_by(generator.ident()));
    /// ```
    pub fn lock_levels_as(&self, ident: Ident, levels: NonZeroUsize) {
        self.lock_levels_with(&Monotonic, ident, levels, LockFlags::DETACH);
    }

    /// [`lock_levels_as`](RecursiveMutex::lock_levels_as) with the fairness clock as a parameter.
    pub(crate) fn lock_levels_with(
        &self,
        clock: &impl Clock,
        ident: Ident,
        levels: NonZeroUsize,
        flags: LockFlags,
    ) {
        if self.is_locked_by(ident) {
            let level = self.level.load(Relaxed);
            let fit = levels.get() <= usize::MAX - level;
            assert!(fit, "recursive mutex locked too often");
            self.level.store(level + levels.get(), Relaxed);
            return;
        }
        let status = self.mutex.lock_with(clock, Deadline::Never, flags);
        debug_assert_eq!(status, LockStatus::Acquired);
        self.own(ident);
        // As the holder (I2).
        self.level.store(levels.get() - 1, Relaxed);
    }
}
