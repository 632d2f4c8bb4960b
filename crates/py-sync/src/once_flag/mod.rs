//! [`OnceFlag`]: one byte, CPython's `_PyOnceFlag`.
//!
//! | byte | meaning |
//! |---|---|
//! | 0 | not started, or the last try failed |
//! | 1 | an initialiser runs |
//! | 3 | an initialiser runs, and threads may be parked |
//! | 4 | done, for good |
//! | 8 | poisoned: the last try failed, and callers are to know it (`poison.rs`, typed only) |
//! | 2, 10 | 0 and 8 with threads parked that wait for another thread's try (`wait.rs`, typed only) |
//!
//! ```text
//!       call             a second call: park
//!  0 ─────────▶ 1 ─────────────────────────────▶ 3
//!  ▲            │ Ok                          Ok │
//!  │            └───────────▶ 4 ◀────────────────┤ wake all
//!  └────────────┴────────────────────────────────┘ Err or panic: wake all, one of them tries
//! ```
//!
//! Invariants:
//! * I1: 4 is final, and differs from "running", so no caller takes the start of a try for its end.
//! * I2: only the thread that runs the initialiser changes 1 or 3 to something else: by [`Running`],
//!   however the initialiser ends. A try starts from 0, or from the 8 of a poisoned flag, and keeps the
//!   parked bit that it finds.
//! * I3: a thread is queued only if the byte had the parked bit under the bucket lock. While a thread is
//!   queued, every byte has the parked bit except 4 and what a failed try leaves. The runner writes one
//!   of those first and takes the bucket lock afterwards: it wakes all that were queued before, and a
//!   thread that comes later finds the new byte.
//! * I4: the swap is the runner's last touch of the byte. The wake uses its address only.
//!
//! Orderings: the end of a try is `Release`; finding "done", or starting a try, is `Acquire`. So all
//! threads that return from `call` see what the initialiser wrote, and a try sees what the failed ones
//! before it wrote.
//!
//! CPython: `Python/lock.c`, `_PyOnceFlag_CallOnceSlow`. Differs from CPython: an initialiser that
//! panics counts as one that failed; in debug builds, one that calls its own flag panics instead of
//! sleeping for ever.

use crate::bits::{HAS_PARKED, LOCKED, ONCE_INITIALIZED, UNLOCKED};
use crate::deadline::Deadline;
use crate::flags::LockFlags;
use crate::held::{self, Hold};
use crate::parking_lot::{Kind, Parking, lot};
use crate::sync::{Acquire, AtomicU8, Relaxed, Release, const_fn};
use core::fmt;

mod fork;
pub(crate) mod poison;
mod recursion;
mod wait;

const UNTRIED: u8 = UNLOCKED;
const RUNNING: u8 = LOCKED;
const WAITED_FOR: u8 = LOCKED | HAS_PARKED;
const DONE: u8 = ONCE_INITIALIZED;
const POISONED: u8 = 8;

/// Runs an initialiser until one try succeeds, and never again. One byte.
///
/// All zero is "not started". It must not move while a thread waits for it, which a borrow
/// ensures. There is no poisoning: after an error or a panic, the next caller tries.
///
/// CPython: `Include/internal/pycore_lock.h`, `_PyOnceFlag`.
///
/// ```
/// use py_sync::OnceFlag;
/// static ONCE: OnceFlag = OnceFlag::new();
/// assert_eq!(ONCE.call(|| Err("not yet")), Err("not yet"));
/// assert_eq!(ONCE.call(|| Ok::<(), &str>(())), Ok(()));
/// assert_eq!(ONCE.call(|| Err("never run")), Ok(()));
/// assert_eq!(size_of::<OnceFlag>(), 1);
/// ```
#[doc(alias = "_PyOnceFlag")]
#[repr(transparent)]
pub struct OnceFlag(AtomicU8);

impl OnceFlag {
    const_fn! {
        /// A flag whose initialiser has not run.
        ///
        /// ```
        /// static ONCE: py_sync::OnceFlag = py_sync::OnceFlag::new();
        /// assert!(!ONCE.is_done());
        /// ```
        #[must_use]
        pub fn new() -> OnceFlag {
            OnceFlag(AtomicU8::new(UNTRIED))
        }
    }

    const_fn! {
        pub(crate) fn new_done() -> OnceFlag {
            OnceFlag(AtomicU8::new(DONE))
        }
    }

    /// True once an initialiser has succeeded. Costs one load.
    ///
    /// ```
    /// let once = py_sync::OnceFlag::new();
    /// once.call(|| Ok::<(), ()>(())).unwrap();
    /// assert!(once.is_done());
    /// ```
    #[inline]
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.0.load(Acquire) == DONE
    }

    /// Returns `Ok` once an initialiser has succeeded. Runs `f` if none has succeeded and none is
    /// running. Waits if one is running, and tries `f` if that one fails. Once it is done, a call costs
    /// one load.
    ///
    /// CPython: `Include/internal/pycore_lock.h`, `_PyOnceFlag_CallOnce`.
    ///
    /// # Blocking
    ///
    /// Sleeps while another thread runs its initialiser; the thread's critical sections are
    /// suspended and it is detached from the [`Runtime`](crate::Runtime) meanwhile. An initialiser
    /// that calls its own flag would sleep for ever; a debug build panics instead.
    ///
    /// # Errors
    ///
    /// What `f` returned, to the caller whose `f` it was. All that waited are woken, and one of
    /// them tries.
    ///
    /// # Panics
    ///
    /// If `f` does; that counts as a failed try.
    ///
    /// # Examples
    ///
    /// ```
    /// let once = py_sync::OnceFlag::new();
    /// let mut runs = 0;
    /// for _ in 0..3 {
    ///     once.call(|| { runs += 1; Ok::<(), ()>(()) })?;
    /// }
    /// assert_eq!(runs, 1);
    /// # Ok::<(), ()>(())
    /// ```
    #[doc(alias = "_PyOnceFlag_CallOnce")]
    #[doc(alias = "_PyOnceFlag_CallOnceSlow")]
    #[inline]
    pub fn call<E>(&self, f: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        if self.is_done() {
            return Ok(());
        }
        let Begun::Running(running) = self.begin(&Rules::ONCE_FLAG) else {
            return Ok(());
        };
        f()?;
        running.succeed();
        Ok(())
    }

    /// Makes the calling thread the one that runs the initialiser, unless an initialiser has succeeded.
    /// Waits while another thread runs one.
    #[cold]
    pub(crate) fn begin(&self, rules: &Rules) -> Begun<'_> {
        let mut from = UNTRIED;
        loop {
            let to = RUNNING | from & HAS_PARKED;
            let byte = match self.0.compare_exchange(from, to, Acquire, Acquire) {
                Ok(_) => {
                    recursion::enter(self.key());
                    held::exclusive(self.key());
                    let (flag, end) = (self, rules.failed);
                    return Begun::Running(Running { flag, from, end });
                }
                Err(DONE) => return Begun::Done,
                Err(byte) => byte,
            };
            if byte & RUNNING == 0 {
                // Nobody runs an initialiser: start from the byte that is there.
                if byte & POISONED != 0 && rules.refuses_poisoned {
                    return Begun::Refused;
                }
                from = byte;
                continue;
            }
            // Another thread runs one: set the parked bit. Relaxed: the bucket lock orders the rest.
            if byte == RUNNING
                && self
                    .0
                    .compare_exchange(RUNNING, WAITED_FOR, Relaxed, Relaxed)
                    .is_err()
            {
                continue;
            }
            recursion::assert_not_in(self.key());
            // Relaxed: a runner whose end this load misses takes the bucket lock after us (I3).
            let still_runs = || self.0.load(Relaxed) == WAITED_FOR;
            let (key, never) = (self.key(), Deadline::Never);
            let parking = Parking::plain(Kind::OnceFlag, key, never, rules.flags);
            // SAFETY: the key is our own address, and only waiters of this once-flag park on it;
            // `still_runs` does not call into the lot. However the sleep ends, the loop looks again.
            let _ = unsafe { lot().park_with(parking, still_runs) };
        }
    }

    fn key(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }
}

/// What differs between a once-flag and a typed `Once`.
pub(crate) struct Rules {
    /// The byte after a failed try.
    failed: u8,
    /// No try starts from [`POISONED`].
    refuses_poisoned: bool,
    flags: LockFlags,
}

impl Rules {
    pub(crate) const ONCE_FLAG: Rules = Rules {
        failed: UNTRIED,
        refuses_poisoned: false,
        flags: LockFlags::DETACH,
    };
}

/// How a call began.
pub(crate) enum Begun<'a> {
    Done,
    /// Poisoned, and the rules refuse that.
    Refused,
    Running(Running<'a>),
}

/// The calling thread runs the initialiser. Dropped, it ends the try (I2).
pub(crate) struct Running<'a> {
    flag: &'a OnceFlag,
    /// The byte before this try.
    from: u8,
    end: u8,
}

impl Running<'_> {
    /// The initialiser has come to its end.
    pub(crate) fn succeed(mut self) {
        self.end = DONE;
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let key = self.flag.key();
        recursion::leave(key);
        held::released(key, Hold::Exclusive);
        // Release: the initialiser's writes come before it. The last touch of the byte (I4).
        if self.flag.0.swap(self.end, Release) == WAITED_FOR {
            // SAFETY: the key is the flag's address, and only waiters of the flag park on it. If the
            // flag is gone and another once-flag lives there, its waiters are woken and look again.
            unsafe { lot().unpark_all_of(Kind::OnceFlag, key) };
        }
    }
}

impl Default for OnceFlag {
    fn default() -> Self {
        OnceFlag::new()
    }
}

impl fmt::Debug for OnceFlag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Relaxed: a snapshot that orders nothing.
        let byte = self.0.load(Relaxed);
        f.debug_struct("OnceFlag")
            .field("done", &(byte == DONE))
            .field("running", &(byte & RUNNING != 0))
            .finish()
    }
}
