//! The closure forms: a section that begins and ends with a call.

use super::current::with_current;
use super::entered::EnteredCriticalSection;
use super::entry::{Kind, Place};
use super::locks::in_order;
use super::stack::Stack;
use crate::mutex::Mutex;
use core::{mem, ptr};

/// Runs `f` in the critical section of `m`.
///
/// If the calling thread's innermost section already holds `m`, nothing is locked or unlocked. If a
/// section further out holds it, that one is suspended until this one has ended.
///
/// Costs a pair of [`lock`](Mutex::lock) and [`unlock`](Mutex::unlock) and a few loads and stores.
///
/// CPython: `Include/cpython/critical_section.h`, `Py_BEGIN_CRITICAL_SECTION`.
///
/// # Blocking
///
/// Sleeps until `m` is free; the thread's other sections are suspended and it is detached from the
/// [`Runtime`](crate::Runtime) meanwhile. With the world stopped it takes no lock that it would
/// have to wait for.
///
/// # Panics
///
/// If `f` does; the section ends on the way. If a cell's data is borrowed by
/// [`hold`](EnteredCriticalSection::hold). If another thread has unlocked `m`.
///
/// # Examples
///
/// ```
/// use py_sync::{Mutex, with_critical_section};
/// let m = Mutex::new();
/// with_critical_section(&m, |section| {
///     assert!(section.is_held());
///     with_critical_section(&m, |_| { /* held already: locks nothing */ });
/// });
/// assert!(!m.is_locked());
/// ```
#[doc(alias = "Py_BEGIN_CRITICAL_SECTION")]
#[doc(alias = "PyCriticalSection_Begin")]
#[doc(alias = "PyCriticalSection_BeginMutex")]
#[doc(alias = "PyCriticalSection_End")]
#[inline]
pub fn with_critical_section<R>(
    m: &Mutex,
    f: impl FnOnce(EnteredCriticalSection<'_, Mutex>) -> R,
) -> R {
    with_current(|stack| {
        section(stack, m, Kind::Plain, |place| {
            f(EnteredCriticalSection::new(stack, place, m, m))
        })
    })
}

/// Runs `f` in the critical section of `a` and `b`: both are held, or neither.
///
/// They are locked in the order of their addresses, so two threads that enter the same pair cannot
/// deadlock. The second argument of `f` is `None` if `a` and `b` are one mutex, which is then locked
/// once. Nothing is locked if the calling thread's innermost section holds this same pair.
///
/// CPython: `Include/cpython/critical_section.h`, `Py_BEGIN_CRITICAL_SECTION2`.
///
/// # Blocking
///
/// As [`with_critical_section`].
///
/// # Panics
///
/// As [`with_critical_section`].
///
/// # Examples
///
/// ```
/// use py_sync::{Mutex, with_critical_section2};
/// let (a, b) = (Mutex::new(), Mutex::new());
/// with_critical_section2(&b, &a, |s1, s2| {
///     assert!(s1.is_held() && s2.unwrap().is_held());
/// });
/// with_critical_section2(&a, &a, |_, s2| assert!(s2.is_none()));
/// ```
#[doc(alias = "Py_BEGIN_CRITICAL_SECTION2")]
#[doc(alias = "PyCriticalSection2_Begin")]
#[doc(alias = "PyCriticalSection2_BeginMutex")]
#[doc(alias = "PyCriticalSection2_End")]
#[inline]
pub fn with_critical_section2<R>(
    a: &Mutex,
    b: &Mutex,
    f: impl FnOnce(EnteredCriticalSection<'_, Mutex>, Option<EnteredCriticalSection<'_, Mutex>>) -> R,
) -> R {
    with_current(|stack| {
        section2(stack, a, b, Kind::Plain, |place, both| {
            let second = both.then(|| EnteredCriticalSection::new(stack, place, b, b));
            f(EnteredCriticalSection::new(stack, place, a, a), second)
        })
    })
}

/// Runs `f` in a section of one mutex, on any stack.
#[inline]
pub(super) fn section<R>(stack: &Stack, m: &Mutex, kind: Kind, f: impl FnOnce(Place) -> R) -> R {
    let place = stack.begin(m, kind);
    let unwinding = EndOnUnwind(stack, place);
    let result = f(place);
    mem::forget(unwinding);
    stack.end(place, m, kind);
    result
}

/// Runs `f` in a section of two mutexes, on any stack. Its second argument is false if the two are one.
#[inline]
pub(super) fn section2<R>(
    stack: &Stack,
    a: &Mutex,
    b: &Mutex,
    kind: Kind,
    f: impl FnOnce(Place, bool) -> R,
) -> R {
    let both = !ptr::eq(a, b);
    let (first, second) = in_order(a, b);
    let place = match both {
        true => stack.begin2(first, second, kind),
        false => stack.begin_of_pair(a, kind),
    };
    let unwinding = EndOnUnwind(stack, place);
    let result = f(place, both);
    mem::forget(unwinding);
    match both {
        true => stack.end2(place, first, second, kind),
        false => stack.end_slow(place),
    }
    result
}

/// Ends the section if its closure panics. It is apart from the ordinary end, so that that is inlined.
struct EndOnUnwind<'a>(&'a Stack, Place);

impl Drop for EndOnUnwind<'_> {
    fn drop(&mut self) {
        self.0.end_slow(self.1);
    }
}
