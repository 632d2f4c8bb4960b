//! [`CriticalSection`]: a section of the begin/end form.

use super::current::{current, waiting_on};
use super::entry::{Kind, Place};
use super::locks::in_order;
use super::slow::unlock;
use super::stack::Stack;
use crate::mutex::Mutex;
use core::fmt;
use core::marker::PhantomData;
use core::{mem, ptr};

/// A critical section of the begin/end form. Ends when dropped.
///
/// It holds an index and a serial number. The section itself is in the thread's stack, so a guard that
/// is leaked, or ended at the wrong time, cannot corrupt it.
///
/// CPython: `Include/cpython/critical_section.h`, `PyCriticalSection`, `PyCriticalSection2`.
///
/// ```
/// use py_sync::{CriticalSection, Mutex};
/// let m = Mutex::new();
/// // SAFETY: ended below, before `m` goes.
/// let mut section = unsafe { CriticalSection::begin(&m) };
/// section.end();
/// assert!(!m.is_locked());
/// ```
#[doc(alias = "PyCriticalSection")]
#[doc(alias = "PyCriticalSection2")]
#[must_use = "the section ends at once if the guard is dropped"]
pub struct CriticalSection<'a> {
    stack: &'a Stack,
    /// Skipped once it has ended.
    place: Place,
    serial: u32,
    mutexes: PhantomData<&'a Mutex>,
}

impl<'a> CriticalSection<'a> {
    /// Begins a section of `m` on the calling thread's stack.
    ///
    /// CPython: `Include/cpython/critical_section.h`, `PyCriticalSection_BeginMutex`.
    ///
    /// # Blocking
    ///
    /// As [`with_critical_section`](crate::with_critical_section).
    ///
    /// # Panics
    ///
    /// As [`CsThread::begin`](crate::CsThread::begin).
    ///
    /// # Safety
    ///
    /// As for [`CsThread::begin`](crate::CsThread::begin); and a guard made inside
    /// [`CsThread::enter`](crate::CsThread::enter) does not leave it.
    ///
    /// # Examples
    ///
    /// See [`CriticalSection`].
    #[doc(alias = "PyCriticalSection_BeginMutex")]
    #[inline]
    pub unsafe fn begin(m: &'a Mutex) -> CriticalSection<'a> {
        // SAFETY: the thread's own stack outlives its guards, which cannot leave the thread. For a stack
        // that was entered, the caller promises that the guard does not leave `CsThread::enter`.
        begin(unsafe { &*current() }, m)
    }

    /// Begins a section of `a` and `b` on the calling thread's stack, in the order of their
    /// addresses.
    ///
    /// CPython: `Include/cpython/critical_section.h`, `PyCriticalSection2_BeginMutex`.
    ///
    /// # Blocking
    ///
    /// As [`with_critical_section`](crate::with_critical_section).
    ///
    /// # Panics
    ///
    /// As [`CsThread::begin`](crate::CsThread::begin).
    ///
    /// # Safety
    ///
    /// As for [`begin`](CriticalSection::begin), for both.
    ///
    /// # Examples
    ///
    /// ```
    /// use py_sync::{CriticalSection, Mutex};
    /// let (a, b) = (Mutex::new(), Mutex::new());
    /// // SAFETY: ended when dropped, before `a` and `b` go.
    /// let section = unsafe { CriticalSection::begin2(&a, &b) };
    /// # drop(section);
    /// ```
    #[doc(alias = "PyCriticalSection2_BeginMutex")]
    #[inline]
    pub unsafe fn begin2(a: &'a Mutex, b: &'a Mutex) -> CriticalSection<'a> {
        // SAFETY: the thread's own stack outlives its guards, which cannot leave the thread. For a stack
        // that was entered, the caller promises that the guard does not leave `CsThread::enter`.
        begin2(unsafe { &*current() }, a, b)
    }

    /// Ends the section. Does nothing if it has ended, or if it was never pushed because its mutexes were
    /// held already.
    ///
    /// CPython: `Include/cpython/critical_section.h`, `PyCriticalSection_End`.
    ///
    /// # Panics
    ///
    /// * If another section was begun after it and has not ended: `ending a critical section that is not
    ///   the innermost one`. Nothing has been changed: end the inner one first.
    /// * If the section around it has ended, which ended this one too: `ending a critical section that is
    ///   not open`.
    /// * In debug builds, if the thread is detached, so that the section is suspended.
    ///
    /// # Examples
    ///
    /// See [`CriticalSection`].
    #[doc(alias = "PyCriticalSection_End")]
    #[doc(alias = "PyCriticalSection2_End")]
    #[inline]
    pub fn end(&mut self) {
        if self.place.is_skipped() {
            return;
        }
        let (index, len) = (self.place.index(), self.stack.len.get());
        assert!(index < len, "ending a critical section that is not open");
        let entry = self.stack.entry(index);
        assert!(
            entry.tag.serial() == self.serial,
            "ending a critical section that is not open"
        );
        assert!(
            index + 1 == len,
            "ending a critical section that is not the innermost one"
        );
        debug_assert!(
            self.stack.top_is_active(),
            "ending a critical section while its thread is detached"
        );
        let place = mem::replace(&mut self.place, Place::STOPPED);
        if self.stack.pop_fast(place) {
            unlock(entry);
        } else {
            self.stack.end_slow(place);
        }
    }
}

impl CriticalSection<'_> {
    /// Ends the section, unless that would panic during unwinding: a second panic would abort the process,
    /// so the section stays open then.
    fn end_dropped(&mut self) {
        let top = self.stack.top().map_or(0, |entry| entry.tag.serial());
        if !std::thread::panicking() || top == self.serial {
            self.end();
        }
    }
}

impl Drop for CriticalSection<'_> {
    #[inline]
    fn drop(&mut self) {
        if !self.place.is_skipped() {
            self.end_dropped();
        }
    }
}

impl fmt::Debug for CriticalSection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CriticalSection")
            .field("pushed", &!self.place.is_skipped())
            .finish_non_exhaustive()
    }
}

#[inline]
pub(super) fn begin<'a>(stack: &'a Stack, m: &'a Mutex) -> CriticalSection<'a> {
    named(stack, waiting_on(stack, || stack.begin(m, Kind::Plain)))
}

#[inline]
pub(super) fn begin2<'a>(stack: &'a Stack, a: &'a Mutex, b: &'a Mutex) -> CriticalSection<'a> {
    if ptr::eq(a, b) {
        return begin(stack, a);
    }
    let (first, second) = in_order(a, b);
    let begin2 = || stack.begin2(first, second, Kind::Plain);
    named(stack, waiting_on(stack, begin2))
}

#[inline]
fn named(stack: &Stack, place: Place) -> CriticalSection<'_> {
    CriticalSection {
        stack,
        place,
        serial: stack.name(place),
        mutexes: PhantomData,
    }
}
