//! [`EnteredCriticalSection`]: the proof that a closure runs inside a section.

use super::entry::Place;
use super::stack::Stack;
use crate::hooks;
use crate::mutex::Mutex;
use core::fmt;

/// What the closure of a critical section gets: it knows whether the section is held right now.
///
/// A section is suspended whenever its thread sleeps or detaches, and while an inner section that had
/// to wait is open. Only the innermost one is sure to be held. `O` is what was entered: a [`Mutex`], or
/// a [`CriticalCell`](crate::CriticalCell), to whose data it gives access.
///
/// ```
/// use py_sync::{EnteredCriticalSection, Mutex, with_critical_section};
/// let m = Mutex::new();
/// with_critical_section(&m, |s: EnteredCriticalSection<'_, Mutex>| {
///     assert!(s.is_held());
///     py_sync::detached(|| assert!(!s.is_held(), "others may have it now"));
///     assert!(s.is_held());
/// });
/// ```
pub struct EnteredCriticalSection<'s, O: ?Sized = Mutex> {
    pub(super) stack: &'s Stack,
    pub(super) place: Place,
    pub(super) mutex: &'s Mutex,
    pub(super) object: &'s O,
}

impl<'s, O: ?Sized> EnteredCriticalSection<'s, O> {
    #[inline]
    pub(super) fn new(stack: &'s Stack, place: Place, mutex: &'s Mutex, object: &'s O) -> Self {
        EnteredCriticalSection {
            stack,
            place,
            mutex,
            object,
        }
    }

    /// What was entered.
    ///
    /// ```
    /// let m = py_sync::Mutex::new();
    /// py_sync::with_critical_section(&m, |s| assert!(std::ptr::eq(s.object(), &m)));
    /// ```
    #[inline]
    #[must_use]
    pub fn object(&self) -> &'s O {
        self.object
    }

    /// True while the section is active, that is, not suspended. In a build without `gil-disabled` the
    /// section of a bare mutex is active without a lock. If the world was stopped when the section
    /// began, true until the world goes on.
    ///
    /// ```
    /// use py_sync::{Mutex, with_critical_section};
    /// with_critical_section(&Mutex::new(), |s| assert!(s.is_held()));
    /// ```
    #[inline]
    #[must_use]
    pub fn is_held(&self) -> bool {
        if self.place == Place::STOPPED {
            return hooks::world_stopped();
        }
        self.stack.holds(self.place, self.mutex)
    }
}

impl<O: ?Sized> fmt::Debug for EnteredCriticalSection<'_, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnteredCriticalSection")
            .field("is_held", &self.is_held())
            .finish_non_exhaustive()
    }
}
