//! The bump allocator of an arena: a cursor that moves up through the open block. The path for a
//! full block is in `refill.rs`.
//!
//! ```text
//! open block   |######## handed out ########|.......... room ..........|
//!              ^ start                      ^ cursor                   ^ limit
//! ```
//!
//! # Invariants
//! - I1. Either nothing is open and `cursor == limit == CLOSED`, or both lie in one live block,
//!   `start <= cursor <= limit <= end`, and both are multiples of 8.
//! - I2. Memory below the cursor is not handed out again while the arena is borrowed, with one
//!   exception: the owner of the last allocation may give it back (`resize_last`). Memory between
//!   cursor and limit is not in use. Segments (of the arena, of claims, of scopes) do not overlap.
//! - I3. Every block of the arena is in `owned`, `partial` or `spare`, or is lent to the arena of a
//!   scope. The scope returns it before its borrow of this arena ends.
//! - I4. `parent` is live whenever it is set: only a scope sets it, and the scope's borrow of the
//!   parent outlives the child.
//! - I5. The allocator, and the first use of a thread's cache, may run code that uses this same
//!   arena. So nothing that was read before such a call is trusted after it: the open segment, the
//!   lists and the counters are read again. Bytes are counted as held before they are requested.
//! - I6. For a block that is in use and not open, `resume` is the end of its used part. For a
//!   claim's block, `resume` is where the claim began.
//! - I7. The counter `total_size` is the number of bytes below all cursors minus `slack`, modulo
//!   2^64. So the fast path needs no second counter for constant sizes without rounding.

use crate::block::{ALIGNMENT, Block, FAST_MAX, Heap, List};
use crate::cache;
use crate::error::AllocError;
use crate::policy::{BlockPolicy, DEFAULT_BLOCK_SIZE};
use crate::segment::{CLOSED, Carved, Segment, above, round_fitting};
use crate::stats::Stats;
use core::cell::Cell;
use core::ptr::NonNull;

/// A source of memory: an arena's bump allocator, or a claim.
pub(crate) trait Reserve {
    /// Memory for a `T`; dangling for a `T` without size.
    fn reserve<T>(&mut self) -> Result<NonNull<T>, AllocError>;

    /// Memory of this size, which is not 0, and alignment, which are those of a valid layout.
    fn reserve_bytes(&mut self, size: usize, align: usize) -> Result<NonNull<u8>, AllocError>;
}

/// A source of memory that can resize its last allocation, or take it back. All arguments are those
/// of allocations from this same source.
pub(crate) trait Resize {
    /// Grows or shrinks the last allocation in place, and returns its address. Returns `None` and
    /// does nothing if it is not the last one, or if there is no room.
    fn resize_last(&self, at: NonNull<u8>, old: usize, new: usize) -> Option<NonNull<u8>>;

    /// Adds to the count of requests, modulo 2^64.
    fn count(&self, allocs: usize);

    /// Adds to the count of bytes that the cursor moved beyond those that were asked for, modulo
    /// 2^64.
    fn add_slack(&self, bytes: usize);

    /// Undoes an allocation that is not needed after all: its count, and also its memory if it is
    /// the last one.
    fn undo(&self, at: NonNull<u8>, size: usize) {
        if size == 0 {
            return;
        }
        if self.resize_last(at, size, 0).is_none() {
            self.add_slack(size);
        }
        self.count(usize::MAX);
    }
}

/// `cursor` and `limit` are not neighbours on purpose. Side by side, AArch64 loads them as a pair,
/// and such a load cannot be forwarded from the store of the cursor just before it.
#[repr(C)]
pub(crate) struct Bump {
    cursor: Cell<NonNull<u8>>,
    pub(crate) allocs: Cell<usize>,
    limit: Cell<NonNull<u8>>,
    block: Cell<Option<Block>>,
    /// The cursor when the segment was opened.
    base: Cell<NonNull<u8>>,
    /// Bytes below the cursors of segments that are closed.
    pub(crate) retired: Cell<usize>,
    pub(crate) slack: Cell<usize>,
    /// Blocks in use: open, full, claimed, or made for one request.
    pub(crate) owned: List,
    /// Blocks that a claim gave back with room in them.
    pub(crate) partial: List,
    /// Empty blocks, kept by `reset` or left by a scope.
    pub(crate) spare: List,
    /// Bytes of payload of all blocks in the three lists.
    pub(crate) reserved: Cell<usize>,
    /// Bytes taken from the allocator, headers and object chunks included. Only the root's is used.
    pub(crate) held: Cell<usize>,
    pub(crate) max_held: Cell<usize>,
    pub(crate) policy: BlockPolicy,
    pub(crate) parent: Option<NonNull<Bump>>,
    /// For a scope's arena: the rest of the parent's block, in which it began. It is in no list
    /// here.
    pub(crate) lent: Option<Lent>,
    /// Where the blocks come from; a scope's arena has its parent's.
    pub(crate) heap: Heap,
}

/// The rest of a parent's block.
#[derive(Clone, Copy)]
pub(crate) struct Lent {
    pub(crate) block: Block,
    pub(crate) base: NonNull<u8>,
}

// SAFETY: the blocks belong to this value alone, and only this value gives access to the cells. A
// bump allocator with a parent (I4) is never moved: it lives in a frame of `Arena::scope`, which
// lends a shared reference to it, and it is not Sync.
unsafe impl Send for Bump {}

impl Bump {
    #[inline]
    pub(crate) const fn new(policy: BlockPolicy, heap: Heap) -> Bump {
        Bump {
            cursor: Cell::new(CLOSED),
            allocs: Cell::new(0),
            limit: Cell::new(CLOSED),
            block: Cell::new(None),
            base: Cell::new(CLOSED),
            retired: Cell::new(0),
            slack: Cell::new(0),
            owned: List::new(),
            partial: List::new(),
            spare: List::new(),
            reserved: Cell::new(0),
            held: Cell::new(0),
            max_held: Cell::new(usize::MAX),
            policy: policy.checked(),
            parent: None,
            lent: None,
            heap,
        }
    }

    /// The open segment, as a value.
    #[inline]
    pub(crate) fn segment(&self) -> Segment {
        Segment {
            cursor: self.cursor.get(),
            limit: self.limit.get(),
            block: self.block.get(),
        }
    }

    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        self.cursor.get() != CLOSED
    }

    /// Makes this segment the open one. No other segment may be open.
    #[inline]
    pub(crate) fn open(&self, segment: Segment) {
        self.open_from(segment.cursor, segment);
    }

    /// As `open`, for a segment in which the bytes from `base` to the cursor are not counted yet.
    #[inline]
    pub(crate) fn open_from(&self, base: NonNull<u8>, segment: Segment) {
        self.cursor.set(segment.cursor);
        self.limit.set(segment.limit);
        self.block.set(segment.block);
        self.base.set(base);
    }

    /// Closes the open segment and gives it to the caller. From now on only the caller fills it
    /// (I2).
    #[inline]
    pub(crate) fn take_segment(&self) -> Segment {
        let segment = self.segment();
        if let Some(block) = segment.block {
            block.set_resume(segment.cursor);
        }
        self.retire(self.base.get(), segment.cursor);
        self.open(Segment::CLOSED);
        segment
    }

    /// Counts the bytes of a segment between these two cursors.
    #[inline]
    pub(crate) fn retire(&self, base: NonNull<u8>, cursor: NonNull<u8>) {
        let bytes = cursor.addr().get().wrapping_sub(base.addr().get());
        self.retired.set(self.retired.get().wrapping_add(bytes));
    }

    /// `_PyArena_Malloc`: any size, 0 included.
    #[inline]
    pub(crate) fn malloc(&self, size: usize) -> Result<NonNull<u8>, AllocError> {
        let mut segment = self.segment();
        // One comparison decides. If the size is below the room, a segment is open, and the rounded
        // size fits, because the room is a multiple of 8. Size 0, an exact fit and a full block
        // take the slow path; an exact fit is not worth a second comparison.
        if size >= segment.room() {
            return self.malloc_slow(size);
        }
        let carved = segment.carve_fitting(size, 0);
        Ok(self.advance(segment, carved))
    }

    #[inline]
    pub(crate) fn advance(&self, segment: Segment, carved: Carved) -> NonNull<u8> {
        self.cursor.set(segment.cursor);
        self.count(1);
        self.add_slack(carved.slack);
        carved.at
    }

    /// The bytes below all cursors: I7.
    #[inline]
    pub(crate) fn served_bytes(&self) -> usize {
        let open = self.cursor.get().addr().get();
        let open = open.wrapping_sub(self.base.get().addr().get());
        self.retired.get().wrapping_add(open)
    }

    pub(crate) fn stats(&self) -> Stats {
        let size = self.served_bytes();
        let mut stats = Stats {
            total_allocs: self.allocs.get(),
            total_size: size.wrapping_sub(self.slack.get()),
            ..Stats::default()
        };
        for list in [&self.owned, &self.partial, &self.spare] {
            for block in list.iter() {
                stats.total_blocks += 1;
                stats.total_block_size += block.payload();
                stats.total_big_blocks += usize::from(block.payload() > DEFAULT_BLOCK_SIZE);
            }
        }
        stats
    }
}

impl Resize for Bump {
    fn resize_last(&self, at: NonNull<u8>, old: usize, new: usize) -> Option<NonNull<u8>> {
        let resized = self.segment().resize_last(at, old, new)?;
        self.cursor.set(resized.cursor);
        self.slack.set(self.slack.get().wrapping_add(resized.slack));
        Some(resized.start)
    }

    #[inline]
    fn count(&self, allocs: usize) {
        self.allocs.set(self.allocs.get().wrapping_add(allocs));
    }

    #[inline]
    fn add_slack(&self, bytes: usize) {
        if bytes != 0 {
            self.slack.set(self.slack.get().wrapping_add(bytes));
        }
    }
}

impl Reserve for &Bump {
    #[inline(always)]
    fn reserve<T>(&mut self) -> Result<NonNull<T>, AllocError> {
        let (size, align) = (size_of::<T>(), align_of::<T>());
        if size == 0 {
            return Ok(NonNull::dangling());
        }
        if align > ALIGNMENT || size > FAST_MAX {
            return self.reserve_bytes(size, align).map(NonNull::cast);
        }
        let need = round_fitting(size);
        let at = self.cursor.get();
        // B3: the sum does not wrap around.
        if at.as_ptr().wrapping_add(need) > self.limit.get().as_ptr() {
            return self.slow(size, ALIGNMENT).map(NonNull::cast);
        }
        self.cursor.set(above(at, need));
        self.count(1);
        self.add_slack(need - size);
        Ok(at.cast())
    }

    #[inline]
    fn reserve_bytes(&mut self, size: usize, align: usize) -> Result<NonNull<u8>, AllocError> {
        let mut segment = self.segment();
        match segment.carve(size, align) {
            Some(carved) => Ok(self.advance(segment, carved)),
            None => self.slow(size, align),
        }
    }
}

impl Drop for Bump {
    #[inline]
    fn drop(&mut self) {
        for list in [&self.owned, &self.partial, &self.spare] {
            // SAFETY: I3: the blocks belong to this arena, and its end ends all borrows of them.
            unsafe { cache::free_all(list, self.heap) };
        }
    }
}
