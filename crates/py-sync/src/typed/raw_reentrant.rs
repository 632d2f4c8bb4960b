//! The raw reentrant mutex: [`RecursiveMutex`] with the names of `lock_api`'s.
//!
//! Owner and level, and their rules, are in `recursive_mutex/`.

use crate::deadline::{Deadline, Monotonic, time_until};
use crate::flags::{LockFlags, LockStatus};
use crate::recursive_mutex::RecursiveMutex;
use core::fmt;
use core::num::NonZeroUsize;
use py_thread::Ident;
use std::time::{Duration, Instant};

/// A mutex without data that its holder may lock again: Python's `RLock`.
///
/// It takes the place of `lock_api::RawReentrantMutex<RawMutex, RawThreadId>`. Besides, a signal can end
/// a wait for it, and all its levels can be released and taken back at once. The holder is a thread: its
/// [`Ident::own`], which is the same in a forked child. It never detaches. All zero is unlocked.
///
/// ```
/// use py_sync::typed::RawReentrantMutex;
/// static RLOCK: RawReentrantMutex = RawReentrantMutex::new();
/// RLOCK.lock();
/// assert!(RLOCK.try_lock() && RLOCK.is_owned_by_current_thread());
/// let levels = RLOCK.unlock_all(); // Condition.wait
/// RLOCK.lock_levels(levels);
/// RLOCK.unlock();
/// RLOCK.unlock();
/// assert!(!RLOCK.is_locked());
/// ```
#[repr(transparent)]
pub struct RawReentrantMutex(RecursiveMutex);

impl RawReentrantMutex {
    /// An unlocked mutex.
    ///
    /// ```
    /// use py_sync::typed::RawReentrantMutex;
    /// assert!(!RawReentrantMutex::INIT.is_locked());
    /// ```
    #[allow(
        clippy::declare_interior_mutable_const,
        reason = "lock_api's name for a constructor"
    )]
    pub const INIT: RawReentrantMutex = RawReentrantMutex::new();

    /// An unlocked mutex.
    ///
    /// ```
    /// use py_sync::typed::RawReentrantMutex;
    /// static RLOCK: RawReentrantMutex = RawReentrantMutex::new();
    /// # assert!(RLOCK.try_lock());
    /// ```
    #[inline]
    #[must_use]
    pub const fn new() -> RawReentrantMutex {
        RawReentrantMutex(RecursiveMutex::new())
    }

    /// Locks, or goes one level deeper.
    ///
    /// # Blocking
    ///
    /// Sleeps while another thread holds it.
    ///
    /// # Panics
    ///
    /// If the level would overflow. Nothing has been changed; so it is with all calls that lock.
    ///
    /// # Examples
    ///
    /// ```
    /// let m = py_sync::typed::RawReentrantMutex::new();
    /// m.lock();
    /// m.unlock();
    /// ```
    #[inline]
    pub fn lock(&self) {
        let (ident, flags) = (Ident::own(), LockFlags::NONE);
        let status = self.0.lock_with(&Monotonic, ident, Deadline::Never, flags);
        debug_assert_eq!(status, LockStatus::Acquired);
    }

    /// Locks if that needs no waiting; true if it did.
    ///
    /// ```
    /// let m = py_sync::typed::RawReentrantMutex::new();
    /// assert!(m.try_lock() && m.try_lock());
    /// ```
    #[inline]
    #[must_use = "the lock may not have been acquired"]
    pub fn try_lock(&self) -> bool {
        self.0.try_lock_as(Ident::own())
    }

    /// Locks within `timeout`; true if it did.
    ///
    /// # Blocking
    ///
    /// Sleeps for `timeout` at most.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// let m = py_sync::typed::RawReentrantMutex::new();
    /// assert!(m.try_lock_for(Duration::from_millis(1)));
    /// ```
    #[must_use = "the lock may not have been acquired"]
    pub fn try_lock_for(&self, timeout: Duration) -> bool {
        let flags = LockFlags::NONE;
        let status = self.0.lock_timed_as(Ident::own(), Some(timeout), flags);
        status.is_acquired()
    }

    /// Locks until `timeout`; true if it did.
    ///
    /// # Blocking
    ///
    /// Sleeps until `timeout` at the latest.
    ///
    /// # Examples
    ///
    /// ```
    /// let m = py_sync::typed::RawReentrantMutex::new();
    /// assert!(m.try_lock_until(std::time::Instant::now()));
    /// ```
    #[must_use = "the lock may not have been acquired"]
    pub fn try_lock_until(&self, timeout: Instant) -> bool {
        self.try_lock_for(time_until(timeout))
    }

    /// Locks until `deadline` (`None`: whenever it is free), unless a signal says otherwise, as
    /// [`RawMutex::lock_interruptible`](super::RawByteMutex::lock_interruptible).
    ///
    /// # Blocking
    ///
    /// As that, while another thread holds it.
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::{LockStatus, typed::RawReentrantMutex};
    /// static RLOCK: RawReentrantMutex = RawReentrantMutex::new();
    /// RLOCK.lock();
    /// std::thread::spawn(|| {
    ///     py_sync::signal_arrived(); // as a handler would, just before the wait
    ///     assert_eq!(RLOCK.lock_interruptible(None), LockStatus::Intr);
    /// }).join().unwrap();
    /// ```
    pub fn lock_interruptible(&self, deadline: Option<Instant>) -> LockStatus {
        let (timeout, flags) = (deadline.map(time_until), LockFlags::INTERRUPTIBLE);
        self.0.lock_timed_as(Ident::own(), timeout, flags)
    }

    /// Locks within `timeout` (`None` waits for ever), and runs `check` after each signal that comes
    /// meanwhile, as [`Mutex::lock_with_signals`](crate::Mutex::lock_with_signals) does; but it
    /// does not detach.
    ///
    /// # Errors
    ///
    /// The first that `check` returns. The mutex is not locked by this call.
    ///
    /// # Blocking
    ///
    /// Sleeps for `timeout` at most, while another thread holds it.
    ///
    /// # Panics
    ///
    /// If `check` does.
    ///
    /// # Examples
    ///
    /// ```
    /// let m = py_sync::typed::RawReentrantMutex::new();
    /// assert_eq!(m.lock_with_signals(None, || Ok::<(), &str>(())), Ok(true));
    /// ```
    pub fn lock_with_signals<E>(
        &self,
        timeout: Option<Duration>,
        check: impl FnMut() -> Result<(), E>,
    ) -> Result<bool, E> {
        match timeout {
            _ if self.try_lock() => Ok(true),
            Some(Duration::ZERO) => Ok(false),
            _ => {
                let until = (Deadline::after(timeout), LockFlags::NONE);
                self.0.lock_checking(&Monotonic, Ident::own(), until, check)
            }
        }
    }

    /// Goes one level up, or unlocks.
    ///
    /// It is safe, where `lock_api`'s is not: one that is not this thread's stays as it is.
    ///
    /// # Panics
    ///
    /// If this thread does not hold it. Nothing has been changed.
    ///
    /// # Examples
    ///
    /// ```should_panic
    /// py_sync::typed::RawReentrantMutex::new().unlock();
    /// ```
    #[inline]
    #[track_caller]
    pub fn unlock(&self) {
        self.0.unlock_as(Ident::own());
    }

    /// Unlocks all levels and says how many they were: `_release_save` of Python's `RLock`.
    ///
    /// # Panics
    ///
    /// As [`unlock`](RawReentrantMutex::unlock).
    ///
    /// # Examples
    ///
    /// ```
    /// let m = py_sync::typed::RawReentrantMutex::new();
    /// m.lock();
    /// m.lock();
    /// assert_eq!(m.unlock_all().get(), 2);
    /// ```
    #[doc(alias = "_release_save")]
    #[track_caller]
    pub fn unlock_all(&self) -> NonZeroUsize {
        self.0.unlock_all_as(Ident::own())
    }

    /// Locks `levels` times at once: `_acquire_restore` of Python's `RLock`.
    ///
    /// # Blocking
    ///
    /// As [`lock`](RawReentrantMutex::lock).
    ///
    /// # Examples
    ///
    /// ```
    /// let m = py_sync::typed::RawReentrantMutex::new();
    /// m.lock_levels(std::num::NonZeroUsize::new(2).unwrap());
    /// m.unlock();
    /// m.unlock();
    /// assert!(!m.is_locked());
    /// ```
    #[doc(alias = "_acquire_restore")]
    pub fn lock_levels(&self, levels: NonZeroUsize) {
        let ident = Ident::own();
        self.0
            .lock_levels_with(&Monotonic, ident, levels, LockFlags::NONE);
    }

    /// True while it is held. The answer may be out of date at once, unless this thread holds it.
    ///
    /// ```
    /// assert!(!py_sync::typed::RawReentrantMutex::new().is_locked());
    /// ```
    #[inline]
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.0.is_locked()
    }

    /// True if this thread holds it.
    ///
    /// ```
    /// assert!(!py_sync::typed::RawReentrantMutex::new().is_owned_by_current_thread());
    /// ```
    #[inline]
    #[must_use]
    pub fn is_owned_by_current_thread(&self) -> bool {
        self.0.is_locked_by(Ident::own())
    }

    /// Makes it unlocked in the child of a fork, whoever held it in the parent and however often. A mutex
    /// that the forking thread holds does not need it.
    ///
    /// # Safety
    ///
    /// As for [`RecursiveMutex::at_fork_reinit`].
    ///
    /// # Examples
    ///
    /// ```
    /// let m = py_sync::typed::RawReentrantMutex::new();
    /// m.lock();
    /// // SAFETY: nobody else knows the mutex, and it guards nothing.
    /// unsafe { m.at_fork_reinit() };
    /// assert!(!m.is_locked());
    /// ```
    #[doc(alias = "_at_fork_reinit")]
    pub unsafe fn at_fork_reinit(&self) {
        // SAFETY: the caller promises for this mutex what that of the inner one asks for.
        unsafe { self.0.at_fork_reinit() };
    }
}

impl Default for RawReentrantMutex {
    fn default() -> Self {
        RawReentrantMutex::new()
    }
}

impl fmt::Debug for RawReentrantMutex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawReentrantMutex")
            .field("locked", &self.is_locked())
            .finish()
    }
}
