//! The check for an initialiser that calls its own flag, and so waits for itself: a debug build panics.
//!
//! Each thread keeps the addresses of the flags whose initialisers it runs. In a release build, and in a
//! model, nothing is kept.

use crate::sync::{CHECKED, local};
use core::cell::RefCell;

local! {
    static RUNNING_HERE: RefCell<Vec<usize>> = RefCell::new(Vec::new());
}

/// The calling thread starts the initialiser of `flag`.
pub(super) fn enter(flag: usize) {
    if CHECKED {
        // A thread whose thread-locals are gone is not checked.
        let _ = RUNNING_HERE.try_with(|flags| flags.borrow_mut().push(flag));
    }
}

/// The initialiser of `flag` has ended.
pub(super) fn leave(flag: usize) {
    if CHECKED {
        let _ = RUNNING_HERE.try_with(|flags| {
            let mut flags = flags.borrow_mut();
            if let Some(i) = flags.iter().rposition(|&other| other == flag) {
                flags.remove(i);
            }
        });
    }
}

/// Panics in a debug build if the calling thread is inside the initialiser of `flag`.
pub(super) fn assert_not_in(flag: usize) {
    if CHECKED {
        let inside = RUNNING_HERE.try_with(|flags| flags.borrow().contains(&flag));
        assert!(
            !inside.unwrap_or(false),
            "a once-flag was called by its own initialiser"
        );
    }
}
