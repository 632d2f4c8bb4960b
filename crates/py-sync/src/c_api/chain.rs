//! The chain of a thread's critical sections in C's layout: its links, and the tagged pointers between
//! them.

use super::PyMutex;
use crate::held;
use core::ptr;

pub(super) const INACTIVE: usize = 1;
pub(super) const TWO_MUTEXES: usize = 2;
const MASK: usize = INACTIVE | TWO_MUTEXES;

/// A section of one mutex. CPython: `Include/cpython/critical_section.h`, `PyCriticalSection`.
#[derive(Debug)]
#[repr(C)]
pub struct PyCriticalSection {
    pub(super) prev: usize,
    pub(super) mutex: *mut PyMutex,
}

/// A section of two. CPython: `Include/cpython/critical_section.h`, `PyCriticalSection2`.
#[derive(Debug)]
#[repr(C)]
pub struct PyCriticalSection2 {
    base: PyCriticalSection,
    pub(super) mutex2: *mut PyMutex,
}

const _: () = {
    assert!(size_of::<PyCriticalSection>() == 2 * size_of::<usize>());
    assert!(size_of::<PyCriticalSection2>() == 3 * size_of::<usize>());
    assert!(align_of::<PyCriticalSection>() > MASK);
};

/// A tagged pointer to a section.
#[derive(Clone, Copy)]
pub(super) struct Tagged(pub(super) usize);

impl Tagged {
    pub(super) fn is_active(self) -> bool {
        self.0 != 0 && self.0 & INACTIVE == 0
    }

    /// The pointer without the tag. C may have made the word, so the pointer comes from an integer.
    pub(super) fn section(self) -> *mut PyCriticalSection {
        ptr::with_exposed_provenance_mut(self.0 & !MASK)
    }

    /// The section, if it has two mutexes.
    fn section2(self) -> Option<*mut PyCriticalSection2> {
        (self.0 & TWO_MUTEXES != 0).then(|| self.section().cast())
    }

    /// The mutexes that the section records; null if there is none.
    ///
    /// # Safety
    ///
    /// It points to a section that is alive.
    pub(super) unsafe fn mutexes(self) -> (*mut PyMutex, *mut PyMutex) {
        // SAFETY: the caller promises that the section is alive.
        let first = unsafe { (*self.section()).mutex };
        // SAFETY: the section is alive, and its tag says that it is of the larger struct.
        let second = self
            .section2()
            .map_or(ptr::null_mut(), |c| unsafe { (*c).mutex2 });
        (first, second)
    }

    /// Records the mutexes, which are held. `held` forgets them, since C's inlined end of the section
    /// does not tell it.
    ///
    /// # Safety
    ///
    /// As for [`mutexes`](Tagged::mutexes).
    pub(super) unsafe fn set_mutexes(self, first: *mut PyMutex, second: *mut PyMutex) {
        held::forget(first.addr());
        held::forget(second.addr());
        // SAFETY: the caller promises that the section is alive; only its own thread touches it.
        unsafe { (*self.section()).mutex = first };
        if let Some(c) = self.section2() {
            // SAFETY: the section is alive, and its tag says that it is of the larger struct.
            unsafe { (*c).mutex2 = second };
        }
    }
}

/// Makes `c` the innermost section.
///
/// # Safety
///
/// It is alive until its end, and `slot` is the calling thread's.
pub(super) unsafe fn push(slot: *mut usize, c: *mut PyCriticalSection, tag: usize) -> Tagged {
    let tagged = Tagged(c.expose_provenance() | tag);
    // SAFETY: the caller promises that the section is alive and that the slot is this thread's.
    unsafe {
        (*c).prev = *slot;
        *slot = tagged.0;
    }
    tagged
}
