//! Locking and unlocking the one or two mutexes of a section, for both layouts: that of our
//! [`Stack`](super::stack::Stack), and C's (`c_api/critical_section.rs`).

use crate::mutex::Mutex;
use core::ptr;

/// Locks a section's mutexes, of which the first may be held already. While it waits for the higher one
/// it holds the lower one (I5).
pub(crate) fn lock_both(first: Option<&Mutex>, has_first: bool, second: Option<&Mutex>) {
    if let (Some(first), false) = (first, has_first) {
        first.lock_in_object();
    }
    if let Some(second) = second {
        second.lock_in_object();
    }
}

/// Unlocks a section's mutexes, innermost first.
#[inline]
pub(crate) fn unlock_both(first: Option<&Mutex>, second: Option<&Mutex>) {
    [second, first]
        .into_iter()
        .flatten()
        .for_each(Mutex::unlock);
}

/// The two in the order of their addresses, the lower one first (I5).
#[inline]
pub(crate) fn in_order<'a>(a: &'a Mutex, b: &'a Mutex) -> (&'a Mutex, &'a Mutex) {
    if ptr::from_ref(a).addr() < ptr::from_ref(b).addr() {
        (a, b)
    } else {
        (b, a)
    }
}
