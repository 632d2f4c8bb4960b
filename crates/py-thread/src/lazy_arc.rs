//! [`LazyArc`]: a shared value that is made on first use, without a lock that a fork could leave
//! held.
//!
//! Invariants:
//! * L1: `pointer` is null, or came from `Arc::into_raw`; the one reference behind it is ours.
//! * L2: a value that was replaced is leaked, never freed. So what `get` lends lives as long as
//!   `self`.
//!
//! Orderings: the exchange is AcqRel and the load is Acquire. So a thread that sees the pointer
//! also sees the value.

use crate::sync::{AtomicPtr, Ordering, const_fn};
use core::fmt;
use core::ptr;
use std::sync::Arc;

pub(crate) struct LazyArc<T> {
    pointer: AtomicPtr<T>,
}

// SAFETY: L1: this is an `Arc<T>` or nothing, and an `Arc<T>` may go to another thread.
unsafe impl<T: Send + Sync> Send for LazyArc<T> {}
// SAFETY: L1: several threads may borrow and clone an `Arc<T>`, and the pointer itself is atomic.
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
        // SAFETY: L1: null, or the pointer of a value. L2: the value lives as long as `self`.
        unsafe { self.pointer.load(Ordering::Acquire).as_ref() }
    }

    /// The value if there is one and `fresh` accepts it. Otherwise `make` makes a new value, and an
    /// old one is leaked. If several threads make a value at the same time, all get the same one.
    pub(crate) fn get_or_make(&self, fresh: impl Fn(&T) -> bool, make: impl Fn() -> T) -> Arc<T> {
        let mut seen = self.pointer.load(Ordering::Acquire);
        loop {
            // SAFETY: L1: null, or the pointer of a value. L2: the value lives as long as `self`.
            if unsafe { seen.as_ref() }.is_some_and(&fresh) {
                // SAFETY: L1: our reference keeps the count above zero, and L2 keeps it alive.
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
                    // SAFETY: `new` came from `into_raw` above, and no other thread has seen it.
                    drop(unsafe { Arc::from_raw(new) });
                    seen = other;
                }
            }
        }
    }
}

impl<T> Drop for LazyArc<T> {
    fn drop(&mut self) {
        // Relaxed: `&mut self` means that no other thread uses it any more.
        let pointer = self.pointer.load(Ordering::Relaxed);
        if !pointer.is_null() {
            // SAFETY: L1: this takes back the one reference that is ours.
            drop(unsafe { Arc::from_raw(pointer) });
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for LazyArc<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}
