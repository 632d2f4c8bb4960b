//! The rule that a callback under a bucket lock does not call back into a lot.
//!
//! It would wait for a bucket that its own thread holds: for ever if it is the same one, and in a
//! circle with another thread if it is not. A debug build panics instead; the panic unlocks the
//! bucket and leaves the queue as it was.

use crate::primitive::{CHECKED, local};
use core::cell::Cell;

local! {
    static INSIDE: Cell<bool> = Cell::new(false);
}

/// Panics in a debug build if the calling thread is inside a callback.
#[inline]
pub(crate) fn assert_outside() {
    if CHECKED {
        assert!(
            !INSIDE.try_with(Cell::get).unwrap_or(false),
            "the parking lot was called from one of its own callbacks"
        );
    }
}

/// Runs a callback of the calling thread, under a bucket lock.
#[inline]
pub(crate) fn guarded<R>(callback: impl FnOnce() -> R) -> R {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            let _ = INSIDE.try_with(|inside| inside.set(false));
        }
    }
    let _leave = CHECKED.then(|| {
        let _ = INSIDE.try_with(|inside| inside.set(true));
        Leave
    });
    callback()
}
