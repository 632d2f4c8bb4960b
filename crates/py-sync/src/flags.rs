//! How a wait is asked for and how it ended: [`LockFlags`], [`LockStatus`], [`ParkStatus`].

use core::fmt;
use core::ops::{BitOr, BitOrAssign};

/// What a wait may do besides waiting.
///
/// CPython: `Include/internal/pycore_lock.h`, `_PyLockFlags`.
///
/// ```
/// use py_sync::LockFlags;
/// let flags = LockFlags::DETACH | LockFlags::HANDLE_SIGNALS;
/// assert!(flags.contains(LockFlags::DETACH));
/// assert_eq!(flags.bits(), 3);
/// assert_eq!(LockFlags::default(), LockFlags::NONE);
/// ```
#[doc(alias = "_PyLockFlags")]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct LockFlags(u8);

impl LockFlags {
    /// The thread stays attached to its runtime and keeps its critical sections. Not for a wait
    /// inside a critical section: whoever holds the lock may itself wait, to take its own section
    /// again, for the one that this thread keeps.
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

    /// A signal ends the sleep; the runtime's [`pending`](crate::Runtime::pending) then says
    /// whether the wait goes on. A handler that calls [`signal_arrived`](crate::signal_arrived) is
    /// noticed also if it runs just before the sleep.
    ///
    /// ```
    /// # use py_sync::LockFlags;
    /// assert_eq!(LockFlags::HANDLE_SIGNALS.bits(), 2);
    /// ```
    #[doc(alias = "_PY_LOCK_HANDLE_SIGNALS")]
    pub const HANDLE_SIGNALS: LockFlags = LockFlags(2);

    /// A signal ends the wait, and nothing is run: what the signal asks for is the caller's to do.
    /// Goes before [`HANDLE_SIGNALS`](LockFlags::HANDLE_SIGNALS). It may end a wait without a
    /// signal.
    ///
    /// CPython has it from 3.15 on.
    ///
    /// ```
    /// use py_sync::{LockFlags, LockStatus, Mutex};
    /// let m = Mutex::new();
    /// m.lock();
    /// py_sync::signal_arrived(); // as a handler would, just before the wait
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

    /// Whether a signal ends the sleep.
    pub(crate) const fn are_interruptible(self) -> bool {
        self.0 & (LockFlags::HANDLE_SIGNALS.0 | LockFlags::FAIL_IF_INTERRUPTED.0) != 0
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
        let names = ["DETACH", "HANDLE_SIGNALS", "FAIL_IF_INTERRUPTED"];
        let mut set = names
            .iter()
            .enumerate()
            .filter(|(i, _)| self.0 >> i & 1 != 0);
        let Some((_, first)) = set.next() else {
            return f.write_str("NONE");
        };
        f.write_str(first)?;
        set.try_for_each(|(_, name)| write!(f, " | {name}"))
    }
}

/// How a timed lock call ended.
///
/// CPython: `Include/internal/pycore_lock.h`, `PyLockStatus`.
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
    /// Not acquired: a signal arrived, and the runtime said to stop.
    #[doc(alias = "PY_LOCK_INTR")]
    Intr = 2,
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
#[must_use = "only `Ok` means that somebody woke this thread"]
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
    /// A signal ended the sleep. Only with [`LockFlags::HANDLE_SIGNALS`]; may be spurious.
    #[doc(alias = "_Py_PARK_INTR")]
    Intr = -3,
}
