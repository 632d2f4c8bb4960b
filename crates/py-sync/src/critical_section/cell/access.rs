//! The accesses to the value of a [`CriticalCell`] whose section has been entered.

use super::CriticalCell;
use crate::critical_section::entered::EnteredCriticalSection;
use crate::critical_section::stack::Stack;
use crate::sync::UnsafeCell;
use core::mem;

impl<T> EnteredCriticalSection<'_, CriticalCell<T>> {
    /// Copies the value out.
    ///
    /// # Panics
    ///
    /// If the section is suspended, or the value is lent out by
    /// [`hold`](EnteredCriticalSection::hold).
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::{CriticalCell, with_critical_section_mutex};
    /// let cell = CriticalCell::new(5);
    /// assert_eq!(with_critical_section_mutex(&cell, |s| s.copied()), 5);
    /// ```
    #[inline]
    #[must_use]
    pub fn copied(&self) -> T
    where
        T: Copy,
    {
        // SAFETY: `value` has checked that the section is held and the value not lent out. A copy runs no
        // foreign code, so both stay so.
        self.value(|value| unsafe { *value })
    }

    /// Puts a value in. The old one is dropped when the new one is in place.
    ///
    /// # Panics
    ///
    /// As [`copied`](EnteredCriticalSection::copied), and if dropping the old value does.
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::{CriticalCell, with_critical_section_mutex};
    /// let cell = CriticalCell::new(String::new());
    /// with_critical_section_mutex(&cell, |s| s.set("x".to_owned()));
    /// assert_eq!(cell.into_inner(), "x");
    /// ```
    #[inline]
    pub fn set(&self, value: T) {
        // Dropped after the access: a drop may sleep, and so suspend the section.
        drop(self.replace(value));
    }

    /// Puts a value in and takes the old one out.
    ///
    /// # Panics
    ///
    /// As [`copied`](EnteredCriticalSection::copied).
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::{CriticalCell, with_critical_section_mutex};
    /// let cell = CriticalCell::new(vec![1]);
    /// let old = with_critical_section_mutex(&cell, |s| s.replace(vec![2]));
    /// assert_eq!(old, [1]);
    /// ```
    #[inline]
    #[must_use = "the old value may own something; `set` drops it"]
    pub fn replace(&self, value: T) -> T {
        // SAFETY: `value` has checked that the section is held and the value not lent out. A move runs no
        // foreign code, so both stay so.
        self.value(|place| unsafe { mem::replace(&mut *place, value) })
    }

    /// Takes the value out and leaves the default.
    ///
    /// # Panics
    ///
    /// As [`copied`](EnteredCriticalSection::copied), and if making the default does.
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::{CriticalCell, with_critical_section_mutex};
    /// let cell = CriticalCell::new(vec![1]);
    /// assert_eq!(with_critical_section_mutex(&cell, |s| s.take()), [1]);
    /// assert_eq!(cell.into_inner(), []);
    /// ```
    #[must_use = "the value may own something"]
    pub fn take(&self) -> T
    where
        T: Default,
    {
        self.replace(T::default())
    }

    /// Swaps the values of two cells, both of which are held.
    ///
    /// # Panics
    ///
    /// As [`copied`](EnteredCriticalSection::copied), for either.
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::{CriticalCell, with_critical_section_mutex2};
    /// let (a, b) = (CriticalCell::new(1), CriticalCell::new(2));
    /// with_critical_section_mutex2(&a, &b, |a, b| a.swap(&b.unwrap()));
    /// assert_eq!((a.into_inner(), b.into_inner()), (2, 1));
    /// ```
    pub fn swap(&self, other: &EnteredCriticalSection<'_, CriticalCell<T>>) {
        // SAFETY: `value` has checked for both that they are held and not lent out. `ptr::swap` runs no
        // foreign code, and allows the two to be one.
        self.value(|a| other.value(|b| unsafe { core::ptr::swap(a, b) }));
    }

    /// Lends the value to `f`, and holds the section whatever `f` does.
    ///
    /// While `f` runs the section is an ordinary lock: a sleep inside `f` does not release it, so two
    /// threads that wait for each other there deadlock. Keep `f` short, and call no code that you do not
    /// know. No section can begin inside `f`. If several cells are held, each can be lent inside the
    /// other's `f`.
    ///
    /// # Panics
    ///
    /// As [`copied`](EnteredCriticalSection::copied), and if `f` does; the section then goes on.
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::{CriticalCell, with_critical_section_mutex2};
    /// let (a, b) = (CriticalCell::new(vec![1, 2]), CriticalCell::new(vec![]));
    /// with_critical_section_mutex2(&a, &b, |a, b| {
    ///     let b = b.unwrap();
    ///     a.hold(|a| b.hold(|b| b.append(a)));
    /// });
    /// assert_eq!(b.into_inner(), [1, 2]);
    /// ```
    pub fn hold<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        struct Lent<'a>(&'a Stack, &'a UnsafeCell<bool>);
        impl Drop for Lent<'_> {
            fn drop(&mut self) {
                // SAFETY: the section is still held, since the pin has kept it from being suspended; and
                // the flag is guarded by the section.
                self.1.with_mut(|lent| unsafe { *lent = false });
                self.0.pins.set(self.0.pins.get() - 1);
                self.0.refresh();
            }
        }
        let value = self.value(|value| value);
        let lent = &self.object.lent;
        // SAFETY: `value` has checked that the section is held, which guards the flag.
        lent.with_mut(|lent| unsafe { *lent = true });
        self.stack.pins.set(self.stack.pins.get() + 1);
        self.stack.refresh();
        let _lent = Lent(self.stack, lent);
        // SAFETY: the section is held until `_lent` is dropped (I7), and every other access to the value
        // finds it lent out and panics.
        f(unsafe { &mut *value })
    }

    /// The value.
    ///
    /// # Panics
    ///
    /// As [`copied`](EnteredCriticalSection::copied).
    ///
    /// # Safety
    ///
    /// While the reference lives, the section stays held and its value unchanged: the caller calls
    /// nothing that may sleep, detach, begin or end a section, or change the value in another way. Any code
    /// that the caller does not know may do that.
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::{CriticalCell, with_critical_section_mutex};
    /// let cell = CriticalCell::new(vec![1, 2]);
    /// with_critical_section_mutex(&cell, |s| {
    ///     // SAFETY: `Vec::len` calls nobody.
    ///     assert_eq!(unsafe { s.get() }.len(), 2);
    /// });
    /// ```
    #[must_use]
    pub unsafe fn get(&self) -> &T {
        // SAFETY: `value` has checked that the section is held and the value not lent out. The caller
        // promises that both stay so while the reference lives.
        self.value(|value| unsafe { &*value })
    }

    /// The value, to be changed.
    ///
    /// # Panics
    ///
    /// As [`copied`](EnteredCriticalSection::copied).
    ///
    /// # Safety
    ///
    /// As for [`get`](EnteredCriticalSection::get); and no other reference to the value lives.
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::{CriticalCell, with_critical_section_mutex};
    /// let cell = CriticalCell::new(vec![1]);
    /// with_critical_section_mutex(&cell, |mut s| {
    ///     // SAFETY: `Vec<i32>::push` calls nobody but the allocator.
    ///     unsafe { s.get_mut() }.push(2);
    /// });
    /// ```
    #[must_use]
    pub unsafe fn get_mut(&mut self) -> &mut T {
        // SAFETY: `value` has checked that the section is held and the value not lent out. The caller
        // promises that both stay so, and that this is the only reference.
        self.value(|value| unsafe { &mut *value })
    }

    /// Calls `f` with a pointer to the value. Panics unless the section is held and the value not lent
    /// out.
    #[inline]
    fn value<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        assert!(
            self.stack.holds(self.place, self.mutex),
            "the critical section is suspended"
        );
        let lent = &self.object.lent;
        // SAFETY: the section is held, as asserted above, and it guards the flag.
        let is_lent = lent.with(|lent| unsafe { *lent });
        assert!(!is_lent, "the cell's data is borrowed");
        self.object.value.with_mut(f)
    }
}
