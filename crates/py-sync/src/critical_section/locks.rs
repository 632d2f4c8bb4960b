//! Locking and unlocking the one or two mutexes of a section, wherever that is written down: in a
//! [`Stack`](super::stack::Stack) of ours, or in C's layout (`c_api/critical_section.rs`).

use crate::mutex::Mutex;

/// Locks a section's mutexes, of which the first may be held already. I5: it waits with the lower one
/// held, for the higher one.
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
