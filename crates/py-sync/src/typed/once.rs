//! [`Once`]: an initialiser that runs once, and poisons if it panics.
//!
//! The byte and its protocol are in `once_flag/`.

use crate::once_flag::poison::Stage;
use crate::once_flag::{Begun, OnceFlag, Rules};
use core::fmt;

/// The state of a [`Once`].
///
/// ```
/// use py_sync::typed::{Once, OnceState};
/// let once = Once::new();
/// assert_eq!(once.state(), OnceState::New);
/// once.call_once(|| assert_eq!(once.state(), OnceState::InProgress));
/// assert_eq!(once.state(), OnceState::Done);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnceState {
    /// No initialiser has run.
    New,
    /// The last initialiser panicked.
    Poisoned,
    /// An initialiser runs.
    InProgress,
    /// An initialiser has come to its end.
    Done,
}

impl OnceState {
    /// True if the last initialiser panicked.
    ///
    /// ```
    /// use py_sync::typed::Once;
    /// Once::new().call_once_force(|state| assert!(!state.poisoned()));
    /// ```
    #[inline]
    #[must_use]
    pub const fn poisoned(self) -> bool {
        matches!(self, OnceState::Poisoned)
    }

    /// As [`poisoned`](OnceState::poisoned), by the name that std and parking_lot 0.13 give it.
    ///
    /// ```
    /// use py_sync::typed::OnceState;
    /// assert!(OnceState::Poisoned.is_poisoned() && !OnceState::New.is_poisoned());
    /// ```
    #[inline]
    #[must_use]
    pub const fn is_poisoned(self) -> bool {
        self.poisoned()
    }

    /// True if an initialiser has come to its end.
    ///
    /// ```
    /// assert!(!py_sync::typed::Once::new().state().done());
    /// ```
    #[inline]
    #[must_use]
    pub const fn done(self) -> bool {
        matches!(self, OnceState::Done)
    }

    /// As [`done`](OnceState::done), by the name that parking_lot 0.13 gives it.
    ///
    /// ```
    /// use py_sync::typed::OnceState;
    /// assert!(OnceState::Done.is_completed() && !OnceState::InProgress.is_completed());
    /// ```
    #[inline]
    #[must_use]
    pub const fn is_completed(self) -> bool {
        self.done()
    }
}

/// Runs an initialiser once. One byte; all zero is "not run".
///
/// An initialiser that panics poisons it: later calls panic too, but for
/// [`call_once_force`](Once::call_once_force). For one that may fail and be tried again, and that
/// detaches while it waits, see [`OnceFlag`](crate::OnceFlag).
///
/// ```
/// use py_sync::typed::Once;
/// static START: Once = Once::new();
/// let mut runs = 0;
/// START.call_once(|| runs += 1);
/// START.call_once(|| runs += 1);
/// assert_eq!(runs, 1);
/// assert_eq!(size_of::<Once>(), 1);
/// ```
#[repr(transparent)]
pub struct Once(pub(super) OnceFlag);

impl Once {
    /// One whose initialiser has not run.
    ///
    /// ```
    /// static START: py_sync::typed::Once = py_sync::typed::Once::new();
    /// assert!(!START.state().done());
    /// ```
    #[inline]
    #[must_use]
    pub const fn new() -> Once {
        Once(OnceFlag::new())
    }

    /// One that is done: no initialiser ever runs.
    ///
    /// ```
    /// static START: py_sync::typed::Once = py_sync::typed::Once::new_completed();
    /// START.call_once(|| unreachable!());
    /// ```
    #[inline]
    #[must_use]
    pub const fn new_completed() -> Once {
        Once(OnceFlag::new_done())
    }

    /// True once an initialiser has come to its end; what it has written is seen then. One load.
    ///
    /// ```
    /// let once = py_sync::typed::Once::new();
    /// once.call_once(|| assert!(!once.is_completed()));
    /// assert!(once.is_completed());
    /// ```
    #[inline]
    #[must_use]
    pub fn is_completed(&self) -> bool {
        self.0.is_done()
    }

    /// Its state. Out of date at once, unless it is done.
    ///
    /// ```
    /// use py_sync::typed::{Once, OnceState};
    /// assert_eq!(Once::new().state(), OnceState::New);
    /// ```
    #[must_use]
    pub fn state(&self) -> OnceState {
        match self.0.stage() {
            Stage::Untried => OnceState::New,
            Stage::Running => OnceState::InProgress,
            Stage::Poisoned => OnceState::Poisoned,
            Stage::Done => OnceState::Done,
        }
    }

    /// Runs `f` if no initialiser has run yet. When it returns, one has; what that has written is
    /// seen. If it is done, that costs one load.
    ///
    /// # Blocking
    ///
    /// Sleeps while another thread runs its initialiser. An initialiser that calls its own `Once`
    /// would sleep for ever; a debug build panics instead.
    ///
    /// # Panics
    ///
    /// If `f` does, or if an initialiser has: `Once instance has previously been poisoned`.
    ///
    /// # Examples
    ///
    /// ```
    /// let once = py_sync::typed::Once::new();
    /// let mut value = 0;
    /// once.call_once(|| value = 1);
    /// assert_eq!(value, 1);
    /// ```
    #[inline]
    pub fn call_once<F: FnOnce()>(&self, f: F) {
        if !self.0.is_done() {
            self.call(&Rules::POISONING, |_| f());
        }
    }

    /// As [`call_once`](Once::call_once), but runs `f` even if an initialiser has panicked. `f` gets the
    /// state, which says so.
    ///
    /// # Blocking
    ///
    /// As [`call_once`](Once::call_once).
    ///
    /// # Panics
    ///
    /// If `f` does.
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::typed::Once;
    /// use std::panic::{AssertUnwindSafe, catch_unwind};
    /// let once = Once::new();
    /// let call = AssertUnwindSafe(|| once.call_once(|| panic!("failed")));
    /// assert!(catch_unwind(call).is_err());
    /// once.call_once_force(|state| assert!(state.poisoned()));
    /// assert!(once.state().done());
    /// ```
    #[inline]
    pub fn call_once_force<F: FnOnce(OnceState)>(&self, f: F) {
        if !self.0.is_done() {
            self.call(&Rules::FORCED, f);
        }
    }

    /// Waits until an initialiser that another thread runs has come to its end; what it has written is
    /// seen then. If it is done, that costs one load.
    ///
    /// # Blocking
    ///
    /// Sleeps until then, also while no initialiser has begun. An initialiser that waits for its own
    /// `Once` would sleep for ever; a debug build panics instead.
    ///
    /// # Panics
    ///
    /// If an initialiser has panicked, before or during the wait: `Once instance has previously been
    /// poisoned`.
    ///
    /// # Examples
    ///
    /// ```
    /// static READY: py_sync::typed::Once = py_sync::typed::Once::new();
    /// let waiter = std::thread::spawn(|| READY.wait());
    /// READY.call_once(|| ());
    /// waiter.join().unwrap();
    /// ```
    #[inline]
    pub fn wait(&self) {
        if !self.0.is_done() && !self.0.wait(&Rules::POISONING) {
            refuse();
        }
    }

    /// As [`wait`](Once::wait), but goes on waiting after an initialiser that panicked, for one that
    /// does not.
    ///
    /// # Blocking
    ///
    /// As [`wait`](Once::wait).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::panic::{AssertUnwindSafe, catch_unwind};
    /// static READY: py_sync::typed::Once = py_sync::typed::Once::new();
    /// let waiter = std::thread::spawn(|| READY.wait_force());
    /// let call = AssertUnwindSafe(|| READY.call_once(|| panic!("failed")));
    /// assert!(catch_unwind(call).is_err());
    /// READY.call_once_force(|_| ());
    /// waiter.join().unwrap();
    /// ```
    #[inline]
    pub fn wait_force(&self) {
        if !self.0.is_done() {
            let done = self.0.wait(&Rules::FORCED);
            debug_assert!(done, "these rules refuse nothing");
        }
    }

    #[cold]
    fn call(&self, rules: &Rules, f: impl FnOnce(OnceState)) {
        match self.0.begin(rules) {
            Begun::Done => {}
            Begun::Refused => refuse(),
            Begun::Running(running) => {
                f(match running.was_poisoned() {
                    true => OnceState::Poisoned,
                    false => OnceState::New,
                });
                running.succeed();
            }
        }
    }
}

/// The panic of a caller of a poisoned `Once`, with the words of std and parking_lot.
fn refuse() -> ! {
    panic!("Once instance has previously been poisoned")
}

impl Default for Once {
    fn default() -> Self {
        Once::new()
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once")
            .field("state", &self.state())
            .finish()
    }
}
