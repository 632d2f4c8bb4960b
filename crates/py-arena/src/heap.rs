//! Arenas over a chosen heap.

use crate::arena::{Arena, NoObjects};
use crate::bump::Bump;
use crate::objects::Objects;
use crate::policy::BlockPolicy;
use core::alloc::GlobalAlloc;

impl<O> Arena<O> {
    /// As [`with_policy`](Arena::with_policy), over this heap in the place of the program's allocator:
    /// for a runtime that counts what it allocates, or has a heap of its own. Blocks come from it and
    /// go back to it; the [`cache`](crate::cache) keeps none of them.
    ///
    /// # Panics
    /// If the policy cannot work: see [`BlockPolicy`].
    ///
    /// # Examples
    /// ```
    /// use py_arena::{Arena, BlockPolicy};
    /// use std::alloc::System;
    ///
    /// static HEAP: System = System;
    /// let arena = Arena::new_in(BlockPolicy::GROWING, &HEAP);
    /// assert_eq!(*arena.alloc(7), 7);
    /// ```
    #[must_use]
    #[inline]
    pub const fn new_in(policy: BlockPolicy, heap: &'static (dyn GlobalAlloc + Sync)) -> Arena<O>
    where
        (): NoObjects<O>,
    {
        Arena::with_objects_in(policy, heap)
    }

    /// As [`new_in`](Arena::new_in), for an arena that can own objects: the chunks that hold them come
    /// from the heap too.
    ///
    /// # Panics
    /// If the policy cannot work: see [`BlockPolicy`].
    ///
    /// # Examples
    /// ```
    /// use py_arena::{Arena, BlockPolicy};
    /// use std::alloc::System;
    ///
    /// static HEAP: System = System;
    /// let arena = Arena::with_objects_in(BlockPolicy::default(), &HEAP);
    /// assert_eq!(arena.add_object(String::from("kept")), "kept");
    /// ```
    #[must_use]
    #[inline]
    pub const fn with_objects_in(
        policy: BlockPolicy,
        heap: &'static (dyn GlobalAlloc + Sync),
    ) -> Arena<O> {
        Arena {
            objects: Objects::new(),
            bump: Bump::new(policy, Some(heap)),
        }
    }
}
