//! A scope: an arena within an arena, for memory that is needed for a while.

use crate::arena::Arena;
use crate::bump::{Bump, Lent};
use crate::objects::Objects;
use crate::segment::Segment;
use core::ptr::NonNull;

/// Ends the scope, whether the closure returned or panicked.
struct Ending<'p, O> {
    child: Arena<O>,
    parent: &'p Bump,
    lent: Segment,
}

impl<O> Drop for Ending<'_, O> {
    fn drop(&mut self) {
        struct Finish<'a, 'p, O>(&'a mut Ending<'p, O>);
        impl<O> Drop for Finish<'_, '_, O> {
            fn drop(&mut self) {
                let Ending {
                    child,
                    parent,
                    lent,
                } = &mut *self.0;
                child.objects.release_chunks(&child.bump);
                parent.absorb(&child.bump, *lent);
            }
        }
        // The blocks are given back after the destructors, even if one of them panics.
        let finish = Finish(self);
        finish.0.child.objects.clear();
    }
}

impl<O> Arena<O> {
    /// Runs `f` with an arena whose memory and objects end when `f` returns or panics.
    ///
    /// The scope's arena begins in the rest of this arena's open block. When the scope ends, its
    /// blocks are kept for the next use, here or in a later scope; only dedicated blocks of large
    /// requests go back to the allocator. This arena may be used meanwhile. It then serves its
    /// requests from another block, and those values outlive the scope. The limit and
    /// [`allocated_bytes`](Arena::allocated_bytes) are shared. Requests are counted here when the
    /// scope ends.
    ///
    /// # Panics
    /// If `f` or the destructor of an object of the scope panics; the scope is ended first.
    ///
    /// # Examples
    /// ```
    /// use py_arena::Arena;
    ///
    /// let arena = Arena::new();
    /// let mut longest = 0;
    /// for text in ["a bc", "def g"] {
    ///     longest = arena.scope(|temporary| {
    ///         let words = temporary.alloc_slice_from_iter(text.split(' '));
    ///         words.iter().map(|w| w.len()).max().unwrap_or(0).max(longest)
    ///     });
    /// }
    /// assert_eq!(longest, 3);
    /// assert_eq!(arena.stats().total_blocks, 1);
    /// ```
    pub fn scope<R>(&self, f: impl FnOnce(&Arena<O>) -> R) -> R {
        let lent = self.bump.take_segment();
        let mut bump = Bump::new(self.bump.policy, self.bump.heap);
        bump.parent = Some(NonNull::from(&self.bump));
        bump.lent = lent.block.map(|block| Lent {
            block,
            base: lent.cursor,
        });
        bump.open(lent);
        let ending = Ending {
            child: Arena {
                objects: Objects::new(),
                bump,
            },
            parent: &self.bump,
            lent,
        };
        f(&ending.child)
    }
}
