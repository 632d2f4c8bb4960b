//! The bump allocator under an arena: a cursor that climbs through the open block. What happens
//! when that block is full is in `refill.rs`.
//!
//! ```text
//! open block   |######## handed out ########|.......... room ..........|
//!              ^ start                      ^ cursor                   ^ limit
//! ```
//!
//! # Invariants
//! - I1. Either nothing is open and `cursor == limit == CLOSED`, or both lie in one live block,
//!   `start <= cursor <= limit <= end`, and both are multiples of 8.
//! - I2. What lies below the cursor is never handed out again while the arena is borrowed, but for
//!   the last allocation given back by its owner (`resize_last`); what lies between cursor and
//!   limit belongs to nobody. Of two segments (the arena's own, those of claims and scopes) none
//!   overlap.
//! - I3. Every block that the arena got is in `owned`, `partial` or `spare`, or was lent to a
//!   scope's arena, which returns it before the borrow of this one ends.
//! - I4. `parent` is live whenever it is set: only a scope sets it, and the scope's borrow of the
//!   parent outlives the child.
//! - I5. The allocator, and the first use of a thread's cache, may run code that uses this very
//!   arena. Nothing read before such a call is relied on after it: what was open, what the lists
//!   hold and what is counted is read again, and bytes are counted as held before they are had.
//! - I6. A block that is in use and not open has its `resume` where its used part ends; a claim's
//!   block has it where the claim began.
//! - I7. `total_size` of the counters is the bytes below all cursors less `slack`, modulo 2^64:
//!   constant sizes that need no rounding cost the fast path no second counter.

use crate::block::{ALIGNMENT, Block, FAST_MAX, List};
use crate::cache;
use crate::error::AllocError;
use crate::policy::{BlockPolicy, DEFAULT_BLOCK_SIZE};
use crate::segment::{CLOSED, Carved, Segment, above, round_fitting};
use crate::stats::Stats;
use core::cell::Cell;
use core::ptr::NonNull;

/// Where memory is reserved: an arena's bump allocator, or a claim.
pub(crate) trait Reserve {
    /// Memory for a `T`; dangling for a `T` without size.
    fn reserve<T>(&mut self) -> Result<NonNull<T>, AllocError>;

    /// Memory of this size, which is not 0, and alignment, which are those of a valid layout.
    fn reserve_bytes(&mut self, size: usize, align: usize) -> Result<NonNull<u8>, AllocError>;
}

/// Where the last allocation may be resized or taken back. All sizes are those of allocations of
/// this very place.
pub(crate) trait Resize {
    /// Grows or shrinks the last allocation where it lies and gives its address; `None`, and
    /// nothing done, if it is not the last one or there is no room.
    fn resize_last(&self, at: NonNull<u8>, old: usize, new: usize) -> Option<NonNull<u8>>;

    /// Counts so many requests more, modulo 2^64.
    fn count(&self, allocs: usize);

    /// Counts bytes that the cursor moved and nobody asked for, modulo 2^64.
    fn add_slack(&self, bytes: usize);

    /// Takes back an allocation that came to nothing: the memory if it is the last one, and the
    /// count of it in any case.
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

/// The fields' order keeps cursor and limit apart: side by side they are loaded as a pair on
/// AArch64, which cannot be served from the store of the cursor just before.
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
    /// Bytes taken from the allocator, headers and object chunks included; the root's counts.
    pub(crate) held: Cell<usize>,
    pub(crate) max_held: Cell<usize>,
    pub(crate) policy: BlockPolicy,
    pub(crate) parent: Option<NonNull<Bump>>,
    /// Where a scope's arena began: the rest of a block that is in none of this one's lists.
    pub(crate) lent: Option<Lent>,
}

/// The rest of a parent's block.
#[derive(Clone, Copy)]
pub(crate) struct Lent {
    pub(crate) block: Block,
    pub(crate) base: NonNull<u8>,
}

// SAFETY: the blocks belong to this value alone, and the cells are reached through it only. A bump
// allocator with a parent (I4) is never moved: it lives in a frame of `Arena::scope`, which shows
// it by shared reference, and it is not Sync.
unsafe impl Send for Bump {}

impl Bump {
    #[inline]
    pub(crate) const fn new(policy: BlockPolicy) -> Bump {
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

    /// Makes this segment the open one; the one before must be closed.
    #[inline]
    pub(crate) fn open(&self, segment: Segment) {
        self.open_from(segment.cursor, segment);
    }

    /// As `open`, where what lies between `base` and the cursor is not counted yet.
    #[inline]
    pub(crate) fn open_from(&self, base: NonNull<u8>, segment: Segment) {
        self.cursor.set(segment.cursor);
        self.limit.set(segment.limit);
        self.block.set(segment.block);
        self.base.set(base);
    }

    /// Closes the open segment and hands it to the caller, who alone may fill it from now on (I2).
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

    /// Counts what was handed out of a segment between these two cursors.
    #[inline]
    pub(crate) fn retire(&self, base: NonNull<u8>, cursor: NonNull<u8>) {
        let bytes = cursor.addr().get().wrapping_sub(base.addr().get());
        self.retired.set(self.retired.get().wrapping_add(bytes));
    }

    /// `_PyArena_Malloc`: any size, 0 included.
    #[inline]
    pub(crate) fn malloc(&self, size: usize) -> Result<NonNull<u8>, AllocError> {
        let mut segment = self.segment();
        // One comparison: where it holds something is open, so that 0 bytes have a place too, and
        // since the room is a multiple of 8 the size fits when rounded. An exact fit is not worth
        // a second one.
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
        // B3: cannot wrap around.
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
            // SAFETY: I3: the blocks are this arena's, and its end ends all borrows of them.
            unsafe { cache::free_all(list) };
        }
    }
}
