//! How a wait is asked for and how it ended: [`LockFlags`], [`LockStatus`], [`ParkStatus`].

use core::fmt;
use core::ops::{BitOr, BitOrAssign};
use py_thread::AcquireStatus;

/// What a wait may do besides waiting.
///
/// CPython: `Include/internal/pycore_lock.h`, `_PyLockFlags`.
///
/// ```
/// use py_sync::LockFlags;
/// let flags = LockFlags::DETACH | LockFlags::HANDLE_SIGNALS;
/// assert!(flags.contains(LockFlags::DETACH));
/// assert_eq!(flags.bits(), 3);
/// assert_eq!(LockFlags::empty(), LockFlags::NONE);
/// assert_eq!(LockFlags::default(), LockFlags::NONE);
/// ```
#[doc(alias = "_PyLockFlags")]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct LockFlags(u8);

impl LockFlags {
    /// The thread stays attached to its runtime and keeps its critical sections. Not for a wait inside a
    /// critical section: the holder of the lock may be waiting for the section that this thread keeps,
    /// and then neither goes on.
    ///
    /// ```
    /// # use py_sync::LockFlags;
    /// assert_eq!(LockFlags::NONE.bits(), 0);
    /// ```
    #[doc(alias = "_Py_LOCK_DONT_DETACH")]
    pub const NONE: LockFlags = LockFlags(0);

    /// While it sleeps, the thread gives up its critical sections and detaches from the
    /// [`Runtime`](crate::Runtime) if one is installed.
    ///
    /// ```
    /// # use py_sync::LockFlags;
    /// assert_eq!(LockFlags::DETACH.bits(), 1);
    /// ```
    #[doc(alias = "_PY_LOCK_DETACH")]
    pub const DETACH: LockFlags = LockFlags(1);

    /// A signal ends the sleep; the runtime's [`pending`](crate::Runtime::pending) then says whether the
    /// wait goes on. **Without an [`install`](crate::install)ed runtime it always goes on**, so no signal
    /// ends a lock call. [`FAIL_IF_INTERRUPTED`] and the calls named `.._with_signals`, such as
    /// [`Mutex::lock_with_signals`](crate::Mutex::lock_with_signals), need no runtime. A handler that
    /// calls [`signal_arrived`](crate::signal_arrived) is noticed even if it runs just before the sleep.
    ///
    /// [`FAIL_IF_INTERRUPTED`]: LockFlags::FAIL_IF_INTERRUPTED
    ///
    /// ```
    /// # use py_sync::LockFlags;
    /// assert_eq!(LockFlags::HANDLE_SIGNALS.bits(), 2);
    /// ```
    #[doc(alias = "_PY_LOCK_HANDLE_SIGNALS")]
    pub const HANDLE_SIGNALS: LockFlags = LockFlags(2);

    /// A signal ends the wait with [`LockStatus::Intr`]. No [`Runtime`](crate::Runtime) is asked or
    /// needed: running the handlers is left to the caller. May be spurious: where the system does not
    /// report signals, the wait ends every 20 ms, so a caller that finds nothing to do waits again. With
    /// [`HANDLE_SIGNALS`](LockFlags::HANDLE_SIGNALS) too, an installed runtime is asked, and without one
    /// the wait ends.
    ///
    /// ```
    /// use py_sync::{LockFlags, LockStatus, Mutex};
    /// let m = Mutex::new();
    /// m.lock();
    /// py_sync::signal_arrived(); // as a handler would
    /// assert_eq!(m.lock_timed(None, LockFlags::FAIL_IF_INTERRUPTED), LockStatus::Intr);
    /// ```
    #[doc(alias = "_PY_FAIL_IF_INTERRUPTED")]
    pub const FAIL_IF_INTERRUPTED: LockFlags = LockFlags(4);

    const ALL: u8 = 7;

    /// The flags that C's value stands for; bits that are none of them are left out.
    ///
    /// ```
    /// # use py_sync::LockFlags;
    /// assert_eq!(LockFlags::from_bits_truncate(1 | 8), LockFlags::DETACH);
    /// ```
    #[must_use]
    pub const fn from_bits_truncate(bits: u8) -> LockFlags {
        LockFlags(bits & LockFlags::ALL)
    }

    /// No flags: [`NONE`](LockFlags::NONE).
    ///
    /// ```
    /// # use py_sync::LockFlags;
    /// assert!(LockFlags::empty().is_empty());
    /// ```
    #[must_use]
    pub const fn empty() -> LockFlags {
        LockFlags::NONE
    }

    /// True if no flag is set.
    ///
    /// ```
    /// # use py_sync::LockFlags;
    /// assert!(!LockFlags::DETACH.is_empty());
    /// ```
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// A signal ends the wait if the installed runtime says so, or if there is none.
    pub(crate) const INTERRUPTIBLE: LockFlags =
        LockFlags(LockFlags::HANDLE_SIGNALS.0 | LockFlags::FAIL_IF_INTERRUPTED.0);

    /// True if a signal ends a sleep.
    pub(crate) const fn notices_signals(self) -> bool {
        self.0 & LockFlags::INTERRUPTIBLE.0 != 0
    }

    /// The same for a wait that no signal ends.
    pub(crate) const fn without_signals(self) -> LockFlags {
        LockFlags(self.0 & !LockFlags::INTERRUPTIBLE.0)
    }

    /// True if all of `other`'s flags are set.
    ///
    /// ```
    /// # use py_sync::LockFlags;
    /// assert!(LockFlags::DETACH.contains(LockFlags::NONE));
    /// assert!(!LockFlags::DETACH.contains(LockFlags::HANDLE_SIGNALS));
    /// ```
    #[must_use]
    pub const fn contains(self, other: LockFlags) -> bool {
        self.0 & other.0 == other.0
    }

    /// The value as C knows it.
    ///
    /// ```
    /// # use py_sync::LockFlags;
    /// assert_eq!((LockFlags::DETACH | LockFlags::HANDLE_SIGNALS).bits(), 3);
    /// ```
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }
}

impl BitOr for LockFlags {
    type Output = LockFlags;

    fn bitor(self, other: LockFlags) -> LockFlags {
        LockFlags(self.0 | other.0)
    }
}

impl BitOrAssign for LockFlags {
    fn bitor_assign(&mut self, other: LockFlags) {
        self.0 |= other.0;
    }
}

impl fmt::Debug for LockFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("NONE");
        }
        let flags = [
            (LockFlags::DETACH, "DETACH"),
            (LockFlags::HANDLE_SIGNALS, "HANDLE_SIGNALS"),
            (LockFlags::FAIL_IF_INTERRUPTED, "FAIL_IF_INTERRUPTED"),
        ];
        let set = flags.into_iter().filter(|(flag, _)| self.contains(*flag));
        for (i, (_, name)) in set.enumerate() {
            f.write_str(if i == 0 { "" } else { " | " })?;
            f.write_str(name)?;
        }
        Ok(())
    }
}

/// How a timed lock call ended.
///
/// CPython: `Include/internal/pycore_lock.h`, `PyLockStatus`. py-thread has the same three values as
/// [`AcquireStatus`]; each converts into the other by `From`.
///
/// ```
/// use py_sync::{LockFlags, LockStatus, Mutex};
/// use std::time::Duration;
/// let m = Mutex::new();
/// assert_eq!(m.lock_timed(Some(Duration::ZERO), LockFlags::NONE), LockStatus::Acquired);
/// assert_eq!(m.lock_timed(Some(Duration::ZERO), LockFlags::NONE), LockStatus::Failure);
/// assert_eq!(LockStatus::Intr as i32, 2);
/// ```
#[doc(alias = "PyLockStatus")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "the lock may not have been acquired"]
pub enum LockStatus {
    /// Not acquired in time.
    #[doc(alias = "PY_LOCK_FAILURE")]
    Failure = 0,
    /// The caller holds the lock.
    #[doc(alias = "PY_LOCK_ACQUIRED")]
    Acquired = 1,
    /// Not acquired: a signal arrived, and the [`Runtime`](crate::Runtime) said to stop
    /// ([`LockFlags::HANDLE_SIGNALS`]), or the flags say that a signal ends the wait
    /// ([`LockFlags::FAIL_IF_INTERRUPTED`]).
    #[doc(alias = "PY_LOCK_INTR")]
    Intr = 2,
}

impl LockStatus {
    /// True if the caller holds the lock.
    ///
    /// ```
    /// use py_sync::{LockFlags, Mutex};
    /// let m = Mutex::new();
    /// assert!(m.lock_timed(None, LockFlags::empty()).is_acquired());
    /// ```
    #[must_use]
    pub const fn is_acquired(self) -> bool {
        matches!(self, LockStatus::Acquired)
    }
}

/// For the retry loop of py-thread, over a lock of this crate: see
/// [`acquire_with_retries`](py_thread::acquire_with_retries).
///
/// ```
/// use py_sync::{LockFlags, Mutex};
/// use py_thread::{AcquireStatus, Installed, Timeout, acquire_with_retries};
/// let m = Mutex::new();
/// let flags = LockFlags::FAIL_IF_INTERRUPTED; // the loop itself detaches
/// let wait = |left: Timeout| m.lock_timed(left.as_duration(), flags).into();
/// let status = acquire_with_retries(Timeout::FOREVER, &Installed, || m.try_lock(), wait);
/// assert_eq!(status, AcquireStatus::Acquired);
/// ```
impl From<LockStatus> for AcquireStatus {
    fn from(status: LockStatus) -> AcquireStatus {
        match status {
            LockStatus::Failure => AcquireStatus::Failure,
            LockStatus::Acquired => AcquireStatus::Acquired,
            LockStatus::Intr => AcquireStatus::Intr,
        }
    }
}

/// The same status, as this crate names it: both are CPython's `PyLockStatus`.
///
/// ```
/// use py_sync::LockStatus;
/// use py_thread::AcquireStatus;
/// assert_eq!(LockStatus::from(AcquireStatus::Intr), LockStatus::Intr);
/// ```
impl From<AcquireStatus> for LockStatus {
    fn from(status: AcquireStatus) -> LockStatus {
        match status {
            AcquireStatus::Failure => LockStatus::Failure,
            AcquireStatus::Acquired => LockStatus::Acquired,
            AcquireStatus::Intr => LockStatus::Intr,
        }
    }
}

/// How a [`park`](crate::park) ended.
///
/// CPython: `Include/internal/pycore_parking_lot.h`, `_Py_PARK_OK` and its siblings.
///
/// ```
/// use py_sync::ParkStatus;
/// assert_eq!(ParkStatus::Ok as i32, 0);
/// assert_eq!(ParkStatus::Again as i32, -1);
/// assert_eq!(ParkStatus::Timeout as i32, -2);
/// assert_eq!(ParkStatus::Intr as i32, -3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "only `Ok` means that another thread woke this one"]
pub enum ParkStatus {
    /// Woken by an `unpark`.
    #[doc(alias = "_Py_PARK_OK")]
    Ok = 0,
    /// `validate` said no: the thread was never queued.
    #[doc(alias = "_Py_PARK_AGAIN")]
    Again = -1,
    /// The time was up.
    #[doc(alias = "_Py_PARK_TIMEOUT")]
    Timeout = -2,
    /// A signal ended the sleep. Only with [`LockFlags::HANDLE_SIGNALS`] or
    /// [`LockFlags::FAIL_IF_INTERRUPTED`], which say the same here: a park asks no
    /// [`Runtime`](crate::Runtime). May be spurious.
    #[doc(alias = "_Py_PARK_INTR")]
    Intr = -3,
}
