//! A view of an arena's blocks: the used part of each, and the room that is left.

use crate::arena::Arena;
use crate::block::Block;
use crate::bump::Bump;
use core::fmt;
use core::iter::FusedIterator;
use core::ptr::NonNull;

impl<O> Arena<O> {
    /// The used part of each block, newest block first. It reaches from the block's start to the
    /// place where the next request would begin, padding included. Unused blocks are left out.
    ///
    /// Under [`BlockPolicy::InOrder`](crate::BlockPolicy::InOrder) and `Fixed` this is the order of
    /// allocation: within a block from low addresses to high, and from the last item to the first.
    ///
    /// Memory that a live claim or a running scope has served may be missing. Memory that a
    /// forgotten claim served from its last block is always missing.
    ///
    /// The pointers are valid for reads and writes of what they span. To dereference one is the
    /// caller's responsibility: bytes may be uninitialised, and values may be borrowed. The objects
    /// of the arena are not in the blocks, but values of [`Owned`](crate::Owned) are.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// let numbers: Vec<_> = (0..2000_u64).map(|n| &*arena.alloc(n)).collect();
    /// let mut newest_first: Vec<&u64> = Vec::new();
    /// for used in arena.used_blocks() {
    ///     // SAFETY: all of it are `u64`s, which nobody changes.
    ///     let values = unsafe { std::slice::from_raw_parts(used.as_ptr().cast::<u64>(), used.len() / 8) };
    ///     newest_first.extend(values.iter().rev());
    /// }
    /// assert!(numbers.into_iter().rev().eq(newest_first));
    /// ```
    #[doc(alias = "iter_allocated_chunks")]
    #[must_use]
    pub fn used_blocks(&self) -> UsedBlocks<'_> {
        UsedBlocks {
            bump: &self.bump,
            next: Next::Owned(self.bump.owned.head()),
        }
    }

    /// The bytes that can be handed out without another block, at an alignment up to
    /// [`ALIGNMENT`](crate::ALIGNMENT). Constant time.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.remaining_capacity(), 0);
    /// arena.alloc([0_u8; 12]);
    /// assert_eq!(arena.remaining_capacity(), py_arena::DEFAULT_BLOCK_SIZE - 16);
    /// ```
    #[doc(alias = "chunk_capacity")]
    #[must_use]
    pub fn remaining_capacity(&self) -> usize {
        self.bump.segment().room()
    }

    /// The room in this arena's blocks, used or not, without headers and without the chunks of
    /// objects. Constant time; `stats().total_block_size` is the same number, by a walk.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// arena.alloc([0_u8; 9000]);
    /// assert_eq!(arena.block_bytes(), 8192 + 9000);
    /// assert!(arena.block_bytes() < arena.allocated_bytes());
    /// ```
    #[must_use]
    pub fn block_bytes(&self) -> usize {
        self.bump.reserved.get()
    }

    /// Gives back the empty blocks and chunks that the arena keeps: those that
    /// [`reset`](Arena::reset) or a scope left.
    ///
    /// # Examples
    /// ```
    /// let mut arena = py_arena::Arena::new();
    /// arena.alloc_slice_from_iter(0..10_000);
    /// arena.reset();
    /// arena.shrink_to_fit();
    /// assert!(arena.block_bytes() <= py_arena::DEFAULT_BLOCK_SIZE);
    /// ```
    pub fn shrink_to_fit(&mut self) {
        self.bump.release_spare();
        self.objects.release_chunks(&self.bump);
    }
}

/// An iterator over the used parts of an arena's blocks, newest block first. [`Arena::used_blocks`]
/// makes it. The arena may serve requests meanwhile; their memory may be missing.
///
/// # Examples
/// ```
/// let arena = py_arena::Arena::new();
/// arena.alloc([0_u8; 100]);
/// assert_eq!(arena.used_blocks().map(|used| used.len()).sum::<usize>(), 104);
/// ```
#[derive(Clone)]
pub struct UsedBlocks<'a> {
    bump: &'a Bump,
    next: Next,
}

/// The position of the walk. `None` means the end of a list; the next list follows.
#[derive(Clone, Copy)]
enum Next {
    Owned(Option<Block>),
    Partial(Option<Block>),
    Lent,
    Done,
}

impl UsedBlocks<'_> {
    /// The used part of a block that begins at this address.
    fn used(&self, block: Block, from: NonNull<u8>) -> Option<NonNull<[u8]>> {
        let open = self.bump.segment();
        let end = if open.block == Some(block) {
            open.cursor
        } else {
            block.resume()
        };
        let len = end.addr().get().checked_sub(from.addr().get())?;
        (len > 0).then(|| NonNull::slice_from_raw_parts(from, len))
    }
}

impl Iterator for UsedBlocks<'_> {
    type Item = NonNull<[u8]>;

    fn next(&mut self) -> Option<NonNull<[u8]>> {
        loop {
            let used = match self.next {
                Next::Owned(Some(block)) => {
                    self.next = Next::Owned(block.next());
                    self.used(block, block.start())
                }
                Next::Owned(None) => {
                    self.next = Next::Partial(self.bump.partial.head());
                    None
                }
                Next::Partial(Some(block)) => {
                    self.next = Next::Partial(block.next());
                    self.used(block, block.start())
                }
                Next::Partial(None) => {
                    self.next = Next::Lent;
                    None
                }
                Next::Lent => {
                    self.next = Next::Done;
                    let lent = self.bump.lent;
                    lent.and_then(|lent| self.used(lent.block, lent.base))
                }
                Next::Done => return None,
            };
            if used.is_some() {
                return used;
            }
        }
    }
}

impl FusedIterator for UsedBlocks<'_> {}

impl fmt::Debug for UsedBlocks<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UsedBlocks").finish_non_exhaustive()
    }
}
