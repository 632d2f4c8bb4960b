//! [`CriticalCell`]: data that only a critical section reaches.

mod access;

use crate::critical_section::current::with_current;
use crate::critical_section::entered::EnteredCriticalSection;
use crate::critical_section::entry::Kind;
use crate::critical_section::scoped::{section, section2};
use crate::mutex::Mutex;
use crate::sync::{UnsafeCell, const_fn};
use core::fmt;

/// A value and the one-byte mutex of the critical sections that reach it.
///
/// It always locks, also in a build without `gil-disabled`. Inside a section there are three ways
/// to the value, by what may happen meanwhile:
///
/// | access | across a call that may sleep or detach |
/// |---|---|
/// | by value: [`copied`], [`set`], [`replace`], [`take`], [`swap`] | nothing is borrowed: safe |
/// | [`hold`]: `&mut T` for a closure | the section stays held, as an ordinary lock: safe |
/// | [`get`], [`get_mut`]: `&T`, `&mut T` | the section is released: the borrow must have ended, so `unsafe` |
///
/// [`copied`]: EnteredCriticalSection::copied
/// [`set`]: EnteredCriticalSection::set
/// [`replace`]: EnteredCriticalSection::replace
/// [`take`]: EnteredCriticalSection::take
/// [`swap`]: EnteredCriticalSection::swap
/// [`hold`]: EnteredCriticalSection::hold
/// [`get`]: EnteredCriticalSection::get
/// [`get_mut`]: EnteredCriticalSection::get_mut
///
/// ```
/// use py_sync::{CriticalCell, with_critical_section_mutex2};
/// let (from, to) = (CriticalCell::new(100), CriticalCell::new(0));
/// with_critical_section_mutex2(&from, &to, |from, to| {
///     let to = to.expect("two accounts");
///     from.set(from.copied() - 30);
///     to.set(to.copied() + 30);
/// });
/// assert_eq!((from.into_inner(), to.into_inner()), (70, 30));
/// ```
pub struct CriticalCell<T> {
    mutex: Mutex,
    /// I7: true while `hold` lends the value out. Guarded by `mutex`, as the value.
    lent: UnsafeCell<bool>,
    value: UnsafeCell<T>,
}

// SAFETY: only the thread that holds `mutex` reaches the value, and a `T: Send` may be reached from one
// thread after another.
unsafe impl<T: Send> Sync for CriticalCell<T> {}
// SAFETY: the mutex belongs to no thread, and the value may be sent.
unsafe impl<T: Send> Send for CriticalCell<T> {}

impl<T> CriticalCell<T> {
    const_fn! {
        /// A value, with a mutex of its own.
        ///
        /// ```
        /// use py_sync::CriticalCell;
        /// static COUNT: CriticalCell<u32> = CriticalCell::new(0);
        /// py_sync::with_critical_section_mutex(&COUNT, |n| n.set(n.copied() + 1));
        /// ```
        #[must_use]
        pub fn new(value: T) -> CriticalCell<T> {
            CriticalCell {
                mutex: Mutex::new(),
                lent: UnsafeCell::new(false),
                value: UnsafeCell::new(value),
            }
        }
    }

    /// The value, without a lock: `&mut self` shows that no section is open.
    ///
    /// ```
    /// let mut cell = py_sync::CriticalCell::new(3);
    /// *cell.get_mut() += 1;
    /// assert_eq!(cell.into_inner(), 4);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        // SAFETY: `&mut self` means that no section is open, and none begins while the borrow lasts.
        self.value.with_mut(|value| unsafe { &mut *value })
    }

    /// Takes the cell apart.
    ///
    /// ```
    /// assert_eq!(py_sync::CriticalCell::new("a").into_inner(), "a");
    /// ```
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }

    /// Where the value is, for a collector that has stopped the world and needs no lock. To read or
    /// write through it takes `unsafe`, and that no other thread is in a section of the cell.
    ///
    /// ```
    /// let cell = py_sync::CriticalCell::new(7);
    /// // SAFETY: no other thread knows the cell.
    /// assert_eq!(unsafe { *cell.as_ptr() }, 7);
    /// ```
    pub fn as_ptr(&self) -> *mut T {
        self.value.with_mut(|value| value)
    }

    /// True while a thread is in a section of the cell. The answer may be out of date at once.
    ///
    /// ```
    /// let cell = py_sync::CriticalCell::new(());
    /// assert!(!cell.is_locked());
    /// py_sync::with_critical_section_mutex(&cell, |_| assert!(cell.is_locked()));
    /// ```
    pub fn is_locked(&self) -> bool {
        self.mutex.is_locked()
    }
}

impl<T: Default> Default for CriticalCell<T> {
    fn default() -> Self {
        CriticalCell::new(T::default())
    }
}

impl<T> From<T> for CriticalCell<T> {
    fn from(value: T) -> Self {
        CriticalCell::new(value)
    }
}

impl<T> fmt::Debug for CriticalCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CriticalCell")
            .field("locked", &self.is_locked())
            .finish_non_exhaustive()
    }
}

/// Runs `f` in the critical section of `cell`.
///
/// # Blocking
///
/// As [`with_critical_section`](crate::with_critical_section).
///
/// # Panics
///
/// As [`with_critical_section`](crate::with_critical_section). Also if the world is stopped and a stopped
/// thread has the lock: the section cannot go without it.
///
/// # Examples
///
/// ```
/// use py_sync::{CriticalCell, with_critical_section_mutex};
/// let names = CriticalCell::new(vec!["a"]);
/// let n = with_critical_section_mutex(&names, |names| {
///     names.hold(|names| { names.push("b"); names.len() })
/// });
/// assert_eq!(n, 2);
/// ```
#[inline]
pub fn with_critical_section_mutex<T, R>(
    cell: &CriticalCell<T>,
    f: impl FnOnce(EnteredCriticalSection<'_, CriticalCell<T>>) -> R,
) -> R {
    with_current(|stack| {
        section(stack, &cell.mutex, Kind::Data, |place| {
            f(EnteredCriticalSection::new(stack, place, &cell.mutex, cell))
        })
    })
}

/// Runs `f` in the critical section of both cells.
///
/// The second argument of `f` is `None` if they are one cell.
///
/// # Blocking
///
/// As [`with_critical_section`](crate::with_critical_section).
///
/// # Panics
///
/// As [`with_critical_section_mutex`].
///
/// # Examples
///
/// ```
/// use py_sync::{CriticalCell, with_critical_section_mutex2};
/// let (list, count) = (CriticalCell::new(vec![1]), CriticalCell::new(1));
/// with_critical_section_mutex2(&list, &count, |list, count| {
///     list.hold(|list| list.push(2));
///     count.expect("two cells").set(2);
/// });
/// ```
#[inline]
pub fn with_critical_section_mutex2<A, B, R>(
    a: &CriticalCell<A>,
    b: &CriticalCell<B>,
    f: impl FnOnce(
        EnteredCriticalSection<'_, CriticalCell<A>>,
        Option<EnteredCriticalSection<'_, CriticalCell<B>>>,
    ) -> R,
) -> R {
    with_current(|stack| {
        section2(stack, &a.mutex, &b.mutex, Kind::Data, |place, both| {
            let second = both.then(|| EnteredCriticalSection::new(stack, place, &b.mutex, b));
            f(
                EnteredCriticalSection::new(stack, place, &a.mutex, a),
                second,
            )
        })
    })
}
