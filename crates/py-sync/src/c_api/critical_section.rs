//! `Python/critical_section.c`: critical sections in C's layout, on the C stack.
//!
//! ```text
//!   the thread's word ──▶ innermost ──prev──▶ .. ──prev──▶ outermost ──prev──▶ 0
//! ```
//!
//! Each pointer in the chain is tagged. Bit 0 says that the section it points to, and all further out,
//! hold nothing (*inactive*). Bit 1 says that the section has two mutexes. So the tag of a section is in
//! the `prev` of the section inside it, or in the thread's word.
//!
//! The invariants are those of [`critical_section`](crate::critical_section) (I1 to I6), over another
//! layout, and the locking is the same code. Two things differ, since CPython's own inlined begins and
//! ends work on the same words:
//! * a section whose mutexes are being locked has null in their place (I4);
//! * a section that was begun inside one that has its mutex already, or in a stopped world, has null, is
//!   not in the chain, and its end does nothing. That needs a runtime whose inlined ends check for null
//!   ([`end_checks_null`](super::PySync_Runtime::end_checks_null)).
//!
//! Only the mutexes are shared between threads. Without `gil-disabled` these functions do nothing, as in
//! a build of CPython with a GIL.

use super::chain::{INACTIVE, TWO_MUTEXES, Tagged, push};
use super::{PyCriticalSection, PyCriticalSection2, PyMutex, PyMutex_Unlock, runtime};
use crate::critical_section::locks::{in_order, lock_both, unlock_both};
use crate::sync::GIL_DISABLED;
use core::ffi::{c_int, c_void};
use core::ptr;

/// The address of the word that points to the calling thread's innermost section.
fn own_slot() -> *mut usize {
    runtime().section_slot(runtime().current_thread())
}

/// True if a begin goes without a lock: inside a section that has these mutexes, or in a stopped world.
///
/// # Safety
///
/// `slot` is the calling thread's.
unsafe fn goes_without(slot: *mut usize, m1: *mut PyMutex, m2: *mut PyMutex) -> bool {
    if runtime().end_checks_null == 0 {
        return false;
    }
    // SAFETY: the slot is the calling thread's, as the caller promises.
    let top = Tagged(unsafe { *slot });
    // SAFETY: called only if the top is active, hence not null; a section in the chain is alive until its
    // end (I6).
    let has = || match unsafe { top.mutexes() } {
        (first, second) if m2.is_null() => m1 == first || m1 == second,
        (first, second) => m1 == first && m2 == second,
    };
    top.is_active() && has() || runtime().world_stopped()
}

/// Suspends the thread's sections if one of them holds a wanted mutex: the thread would wait for itself.
///
/// # Safety
///
/// `slot` is the calling thread's.
unsafe fn suspend_if_holding(slot: *mut usize, m1: *mut PyMutex, m2: *mut PyMutex) {
    // SAFETY: the slot is the calling thread's, as the caller promises.
    let mut tagged = Tagged(unsafe { *slot });
    while tagged.is_active() {
        // SAFETY: the section is active, so it is in the chain, and alive until its end (I6).
        let (first, second) = unsafe { tagged.mutexes() };
        let in_the_way = |m: *mut PyMutex| !m.is_null() && (m == m1 || m == m2);
        if in_the_way(first) || in_the_way(second) {
            // SAFETY: the slot is the calling thread's, as the caller promises.
            unsafe { suspend(slot) };
            return;
        }
        // SAFETY: the section is in the chain, and alive until its end (I6).
        tagged = Tagged(unsafe { (*tagged.section()).prev });
    }
}

/// Begins a section whose mutex was not free. CPython: `Include/internal/pycore_critical_section.h`,
/// `_PyCriticalSection_BeginSlow`.
///
/// # Safety
///
/// That of [the module](crate::c_api#safety) for `m`, until the section's end; so for `c`, which is the
/// calling thread's. The thread has a state.
pub unsafe fn _PyCriticalSection_BeginSlow(c: *mut PyCriticalSection, m: *mut PyMutex) {
    if GIL_DISABLED {
        // SAFETY: the caller promises that `c` and `m` are alive until the section's end.
        unsafe { begin_slow(c, 0, m, ptr::null_mut(), false) };
    }
}

/// Begins a section of two mutexes, in the order of their addresses, one of which was not free. The
/// first is held already if `is_m1_locked`. CPython: `Include/internal/pycore_critical_section.h`,
/// `_PyCriticalSection2_BeginSlow`.
///
/// # Safety
///
/// As for [`_PyCriticalSection_BeginSlow`].
pub unsafe fn _PyCriticalSection2_BeginSlow(
    c: *mut PyCriticalSection2,
    m1: *mut PyMutex,
    m2: *mut PyMutex,
    is_m1_locked: c_int,
) {
    if GIL_DISABLED {
        // SAFETY: the caller promises that `c`, which is of the larger struct, and both mutexes are alive
        // until the section's end.
        unsafe { begin_slow(c.cast(), TWO_MUTEXES, m1, m2, is_m1_locked != 0) };
    }
}

/// # Safety
///
/// As for [`_PyCriticalSection_BeginSlow`]; `tag` tells which struct `c` is.
unsafe fn begin_slow(
    c: *mut PyCriticalSection,
    tag: usize,
    m1: *mut PyMutex,
    m2: *mut PyMutex,
    has_first: bool,
) {
    let slot = own_slot();
    let null = ptr::null_mut();
    let tagged = Tagged(c.expose_provenance() | tag);
    // Null while they are being locked (I4).
    // SAFETY: `c` is alive, and `tag` says which struct it is.
    unsafe { tagged.set_mutexes(null, null) };
    // SAFETY: each is null or a mutex that is alive.
    let (first, second) = unsafe { (m1.as_ref(), m2.as_ref()) };
    // SAFETY: `own_slot` is the calling thread's.
    if unsafe { goes_without(slot, m1, m2) } {
        unlock_both(first.filter(|_| has_first), None);
        // SAFETY: `c` is alive, and only this thread touches it.
        unsafe { (*c).prev = 0 };
        return;
    }
    // If the first mutex is held already, none of the thread's sections holds it.
    // SAFETY: `own_slot` is the calling thread's.
    unsafe { suspend_if_holding(slot, m1, m2) };
    // Pushed before it is locked (I3).
    // SAFETY: `c` is alive until its end, and the slot is the calling thread's.
    unsafe { push(slot, c, tag) };
    lock_both(first, has_first, second);
    // SAFETY: `c` is alive, and `tag` says which struct it is.
    unsafe { tagged.set_mutexes(m1, m2) };
}

/// Releases the locks of all active sections of a thread. CPython:
/// `Include/internal/pycore_critical_section.h`, `_PyCriticalSection_SuspendAll`.
///
/// # Safety
///
/// `tstate` is the state of the calling thread.
pub unsafe fn _PyCriticalSection_SuspendAll(tstate: *mut c_void) {
    if GIL_DISABLED {
        // SAFETY: `tstate` is the state of the calling thread, so the slot is its own.
        unsafe { suspend(runtime().section_slot(tstate)) };
    }
}

/// # Safety
///
/// `slot` is the calling thread's.
unsafe fn suspend(mut slot: *mut usize) {
    // SAFETY: the slot is the calling thread's, and then the `prev` of a section that is alive.
    while Tagged(unsafe { *slot }).is_active() {
        // SAFETY: the slot is the calling thread's, and then the `prev` of a section that is alive.
        let tagged = Tagged(unsafe { *slot });
        // SAFETY: a section in the chain is alive until its end (I6).
        let (first, second) = unsafe { tagged.mutexes() };
        // SAFETY: each is null or a mutex that is alive until the section's end (I6).
        unlock_both(unsafe { first.as_ref() }, unsafe { second.as_ref() });
        // SAFETY: the slot is the calling thread's or in a section that is alive, and so is the section
        // that it points to (I6).
        slot = unsafe {
            *slot |= INACTIVE;
            &raw mut (*tagged.section()).prev
        };
    }
}

/// Takes the locks of a thread's innermost section again. Where it is active, or there is none, does
/// nothing. CPython: `Include/internal/pycore_critical_section.h`, `_PyCriticalSection_Resume`.
///
/// # Safety
///
/// As for [`_PyCriticalSection_SuspendAll`].
pub unsafe fn _PyCriticalSection_Resume(tstate: *mut c_void) {
    if !GIL_DISABLED {
        return;
    }
    let slot = runtime().section_slot(tstate);
    // SAFETY: `tstate` is the state of the calling thread, so the slot is its own.
    let tagged = Tagged(unsafe { *slot });
    if tagged.0 & INACTIVE == 0 {
        return;
    }
    // SAFETY: a section in the chain is alive until its end (I6).
    let (first, second) = unsafe { tagged.mutexes() };
    // Null while they are being locked (I4).
    // SAFETY: the section is alive until its end (I6).
    unsafe { tagged.set_mutexes(ptr::null_mut(), ptr::null_mut()) };
    // SAFETY: each is null or a mutex that is alive until the section's end (I6).
    lock_both(unsafe { first.as_ref() }, false, unsafe { second.as_ref() });
    // SAFETY: the section is alive until its end (I6), and the slot is the calling thread's.
    unsafe {
        tagged.set_mutexes(first, second);
        *slot &= !INACTIVE;
    }
}

/// Begins a section of an object. CPython: `Include/cpython/critical_section.h`,
/// `PyCriticalSection_Begin`.
///
/// # Safety
///
/// As for [`_PyCriticalSection_BeginSlow`], for the object's mutex.
pub unsafe fn PyCriticalSection_Begin(c: *mut PyCriticalSection, op: *mut c_void) {
    if GIL_DISABLED {
        // SAFETY: the caller promises that `c` and the object, with its mutex, are alive until the end.
        unsafe { PyCriticalSection_BeginMutex(c, runtime().object_mutex(op).cast()) };
    }
}

/// Begins a section. CPython, from 3.14 on: `Include/cpython/critical_section.h`,
/// `PyCriticalSection_BeginMutex`.
///
/// # Safety
///
/// As for [`_PyCriticalSection_BeginSlow`].
pub unsafe fn PyCriticalSection_BeginMutex(c: *mut PyCriticalSection, m: *mut PyMutex) {
    if !GIL_DISABLED {
        return;
    }
    // SAFETY: the caller promises that `c` and `m` are alive until the end; the slot is this thread's.
    unsafe {
        if (*m).try_lock() {
            let tagged = push(own_slot(), c, 0);
            tagged.set_mutexes(m, ptr::null_mut());
        } else {
            _PyCriticalSection_BeginSlow(c, m);
        }
    }
}

/// Ends the innermost section, and resumes the one around it. CPython:
/// `Include/cpython/critical_section.h`, `PyCriticalSection_End`.
///
/// # Safety
///
/// It is the calling thread's innermost, or was begun without its lock.
pub unsafe fn PyCriticalSection_End(c: *mut PyCriticalSection) {
    if GIL_DISABLED {
        // SAFETY: the caller promises that `c` is its innermost section, and alive.
        unsafe { end(c, ptr::null_mut()) };
    }
}

/// Begins a section of two objects. CPython: `Include/cpython/critical_section.h`,
/// `PyCriticalSection2_Begin`.
///
/// # Safety
///
/// As for [`_PyCriticalSection_BeginSlow`], for both objects' mutexes.
pub unsafe fn PyCriticalSection2_Begin(c: *mut PyCriticalSection2, a: *mut c_void, b: *mut c_void) {
    if GIL_DISABLED {
        let runtime = runtime();
        let (m1, m2) = (runtime.object_mutex(a), runtime.object_mutex(b));
        // SAFETY: the caller promises that `c` and both objects, with their mutexes, are alive until the
        // end.
        unsafe { PyCriticalSection2_BeginMutex(c, m1.cast(), m2.cast()) };
    }
}

/// Begins a section of two mutexes, which may be one. CPython, from 3.14 on:
/// `Include/cpython/critical_section.h`, `PyCriticalSection2_BeginMutex`.
///
/// # Safety
///
/// As for [`_PyCriticalSection_BeginSlow`], for both.
pub unsafe fn PyCriticalSection2_BeginMutex(
    c: *mut PyCriticalSection2,
    m1: *mut PyMutex,
    m2: *mut PyMutex,
) {
    if !GIL_DISABLED {
        return;
    }
    // SAFETY: the caller promises that `c` and both mutexes are alive until the end; the slot is this
    // thread's.
    unsafe {
        if m1 == m2 {
            (*c).mutex2 = ptr::null_mut();
            return PyCriticalSection_BeginMutex(c.cast(), m1);
        }
        let (first, second) = in_order(&*m1, &*m2);
        let (m1, m2) = if ptr::eq(first, m1) {
            (m1, m2)
        } else {
            (m2, m1)
        };
        let has_first = first.try_lock();
        if has_first && second.try_lock() {
            let tagged = push(own_slot(), c.cast(), TWO_MUTEXES);
            tagged.set_mutexes(m1, m2);
        } else {
            _PyCriticalSection2_BeginSlow(c, m1, m2, has_first.into());
        }
    }
}

/// Ends the innermost section, and resumes the one around it. CPython:
/// `Include/cpython/critical_section.h`, `PyCriticalSection2_End`.
///
/// # Safety
///
/// As for [`PyCriticalSection_End`].
pub unsafe fn PyCriticalSection2_End(c: *mut PyCriticalSection2) {
    if GIL_DISABLED {
        // SAFETY: the caller promises that `c` is its innermost section, and alive.
        unsafe { end(c.cast(), (*c).mutex2) };
    }
}

/// # Safety
///
/// As for [`PyCriticalSection_End`]; `second` is the section's.
unsafe fn end(c: *mut PyCriticalSection, second: *mut PyMutex) {
    // SAFETY: `c` is the calling thread's innermost section, and alive, and so are its mutexes (I6); the
    // slot is this thread's.
    unsafe {
        let (first, prev) = ((*c).mutex, (*c).prev);
        if first.is_null() {
            return;
        }
        if !second.is_null() {
            PyMutex_Unlock(second);
        }
        PyMutex_Unlock(first);
        let thread = runtime().current_thread();
        *runtime().section_slot(thread) = prev;
        if prev & INACTIVE != 0 {
            _PyCriticalSection_Resume(thread);
        }
    }
}
