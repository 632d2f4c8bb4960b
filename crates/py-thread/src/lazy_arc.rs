//! [`LazyArc`]: a shared value that is made on first use, without a lock that a fork could leave
//! held.
//!
//! Invariants:
//! * L1: `pointer` is null, or came from `Arc::into_raw`, with one reference that is ours.
//! * L2: a value that was replaced is forgotten, never freed; so what `get` lends lives as long as
//!   `self`.
//!
//! Orderings: AcqRel for the exchange and Acquire for the load, so that who sees the pointer sees
//! the value.

use crate::sync::{AtomicPtr, Ordering, const_fn};
use core::fmt;
use core::ptr;
use std::sync::Arc;

pub(crate) struct LazyArc<T> {
    pointer: AtomicPtr<T>,
}

// SAFETY: it is an `Arc<T>` that several threads may borrow and clone.
unsafe impl<T: Send + Sync> Send for LazyArc<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for LazyArc<T> {}

impl<T> LazyArc<T> {
    const_fn! {
        pub(crate) fn new() -> LazyArc<T> {
            LazyArc {
                pointer: AtomicPtr::new(ptr::null_mut()),
            }
        }
    }

    /// The value, if it was made.
    pub(crate) fn get(&self) -> Option<&T> {
        // SAFETY: L1, L2.
        unsafe { self.pointer.load(Ordering::Acquire).as_ref() }
    }

    /// The value if it was made and is `fresh`; else that of `make`, and an old one is forgotten.
    /// Of several that make one at a time, all get the same.
    pub(crate) fn get_or_make(&self, fresh: impl Fn(&T) -> bool, make: impl Fn() -> T) -> Arc<T> {
        let mut seen = self.pointer.load(Ordering::Acquire);
        loop {
            // SAFETY: L1, L2.
            if unsafe { seen.as_ref() }.is_some_and(&fresh) {
                // SAFETY: L1, L2: the reference that is ours keeps the count above zero.
                return unsafe {
                    Arc::increment_strong_count(seen);
                    Arc::from_raw(seen)
                };
            }
            let new = Arc::into_raw(Arc::new(make())).cast_mut();
            match self
                .pointer
                .compare_exchange(seen, new, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => seen = new,
                Err(other) => {
                    // SAFETY: ours, and nobody else saw it.
                    drop(unsafe { Arc::from_raw(new) });
                    seen = other;
                }
            }
        }
    }
}

impl<T> Drop for LazyArc<T> {
    fn drop(&mut self) {
        // Relaxed: nobody else has it any more.
        let pointer = self.pointer.load(Ordering::Relaxed);
        if !pointer.is_null() {
            // SAFETY: L1: the reference that is ours.
            drop(unsafe { Arc::from_raw(pointer) });
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for LazyArc<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}
