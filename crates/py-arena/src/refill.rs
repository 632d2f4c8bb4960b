//! The slow path: a request that does not fit in the open block. The invariants are in `bump.rs`.
//!
//! A *regular* block has the size that the policy says. A *dedicated* block serves one large
//! request.
//!
//! ```text
//! a request that did not fit: the first line that applies decides
//!   the arena keeps no block, and the cache has a regular one with room -> that block
//!   Growing, and more than a quarter of the next regular block          -> a dedicated block
//!   a block that a claim gave back has room                             -> that block
//!   an empty block is kept, here or in a parent                         -> that block
//!   otherwise -> a new block (Fixed and InOrder: of the request's own size, if that is larger)
//!   the new block cannot be had -> any room that is left in this arena
//! ```
//! A request that fails changes nothing.

use crate::block::{ALIGNMENT, Block, HEADER, round_up};
use crate::bump::{Bump, Reserve, Resize};
use crate::cache;
use crate::error::AllocError;
use crate::policy::BlockPolicy;
use crate::segment::Segment;
use core::ptr::NonNull;

/// How many of the blocks that claims gave back are searched before a new one is opened. There are
/// as many as there were claims at a time, so seldom more than one or two.
const NEAR: usize = 16;

/// How a request that did not fit is served.
pub(crate) enum Refill {
    /// From this segment, which has the room, and which is filled from now on.
    Next(Segment),
    /// With this memory of a dedicated block, already counted. The open segment stays open.
    Dedicated(NonNull<u8>),
}

/// The most room that a request can take, for any alignment of the cursor.
fn worst_case(size: usize, align: usize) -> Option<usize> {
    round_up(round_up(size)?.checked_add(align.saturating_sub(ALIGNMENT))?)
}

impl Bump {
    /// Serves a request that did not fit, and counts it. `size` is not 0.
    #[cold]
    #[inline(never)]
    pub(crate) fn slow(&self, size: usize, align: usize) -> Result<NonNull<u8>, AllocError> {
        let need = worst_case(size, align).ok_or(AllocError)?;
        // Checked here and not in `refill`, which returns its answer through memory. There it made
        // the life of an arena of ten values a fifth longer.
        let refill = match self.cached_block(need) {
            Some(block) => Refill::Next(Segment::whole(block)),
            None => self.refill(size, align)?,
        };
        match refill {
            Refill::Dedicated(at) => Ok(at),
            Refill::Next(mut segment) => {
                // I5: the allocator may have opened another segment meanwhile, so close what is
                // open.
                self.take_segment();
                self.open(segment);
                let carved = segment.carve(size, align).ok_or(AllocError)?;
                Ok(self.advance(segment, carved))
            }
        }
    }

    /// The fast way to a block: the next regular one from this thread's cache. `None` if the arena
    /// keeps a block, has a parent or a heap of its own, if the request is too large, or if the cache
    /// has none.
    #[inline]
    fn cached_block(&self, need: usize) -> Option<Block> {
        let plain = self.parent.is_none() && self.heap.is_none();
        if !plain || !self.partial.is_empty() || !self.spare.is_empty() {
            return None;
        }
        let payload = self.policy.next_payload(self.reserved.get())?;
        let most = match self.policy {
            BlockPolicy::Fixed(_) | BlockPolicy::InOrder { .. } => payload,
            BlockPolicy::Growing { .. } => payload / 4,
        };
        if need > most {
            return None;
        }
        let block = cache::take(payload)?;
        // I5: the counters are read after the call into the cache.
        let held = self.held.get() + payload + HEADER;
        if held > self.max_held.get() {
            // SAFETY: the block came from the cache just now, and no other code has seen it.
            unsafe { cache::free(block, None) };
            return None;
        }
        self.held.set(held);
        self.adopt(block);
        Some(block)
    }

    /// `malloc` after the fast path: size 0, an exact fit, or no room.
    #[cold]
    #[inline(never)]
    pub(crate) fn malloc_slow(&self, size: usize) -> Result<NonNull<u8>, AllocError> {
        // An exact fit, or no room.
        if size != 0 {
            return (&*self).reserve_bytes(size, 1);
        }
        // Size 0 in an arena without an open block: as in CPython, the address is in a block.
        if !self.is_open() {
            let segment = self.next_segment(ALIGNMENT, self.next_regular()?)?;
            self.take_segment();
            self.open(segment);
        }
        self.count(1);
        Ok(self.segment().cursor)
    }

    /// Finds the memory for a request that fits in no open segment.
    #[cold]
    #[inline(never)]
    pub(crate) fn refill(&self, size: usize, align: usize) -> Result<Refill, AllocError> {
        let need = worst_case(size, align).ok_or(AllocError)?;
        let regular = self.next_regular()?;
        // A small request, or a policy without dedicated blocks beside the open one.
        if need <= regular / 4 || !matches!(self.policy, BlockPolicy::Growing { .. }) {
            return self.next_segment(need, regular).map(Refill::Next);
        }
        // A large request under Growing: a dedicated block, or what room is left.
        let block = match self.new_block(need, true) {
            Ok(block) => block,
            Err(error) => return self.left(need).map(Refill::Next).ok_or(error),
        };
        let mut segment = Segment::whole(block);
        let base = segment.cursor;
        let carved = segment.carve(size, align).ok_or(AllocError)?;
        block.set_resume(segment.cursor);
        self.retire(base, segment.cursor);
        self.count(1);
        self.add_slack(carved.slack);
        Ok(Refill::Dedicated(carved.at))
    }

    /// The payload of the regular block that would be opened next.
    fn next_regular(&self) -> Result<usize, AllocError> {
        if let Some(block) = self.lender().and_then(|bump| bump.spare.head()) {
            return Ok(block.payload());
        }
        self.policy
            .next_payload(self.reserved.get())
            .ok_or(AllocError)
    }

    /// A segment with this much room, from a kept block or from a new one. `regular` is the payload
    /// of the regular block that would be opened next. Blocks that are too full keep their room.
    fn next_segment(&self, need: usize, regular: usize) -> Result<Segment, AllocError> {
        // Too large for a regular block.
        if need > regular {
            return self.large_segment(need, regular);
        }
        // A block that a claim gave back.
        if let Some(rest) = self.partial_with(need, NEAR) {
            return Ok(rest);
        }
        // An empty block that was kept by a reset or a scope.
        if let Some(block) = self.kept_block(|_| true) {
            return Ok(Segment::whole(block));
        }
        let block = match (self.new_block(regular, false), self.policy) {
            // Near the limit, or with little memory left, a smaller block may still be possible.
            (Err(_), BlockPolicy::Growing { .. } | BlockPolicy::InOrder { .. }) => {
                self.new_block(need, true)
            }
            (block, _) => block,
        };
        self.whole_or_left(block, need)
    }

    /// A new block for one request that is larger than a regular block.
    fn large_segment(&self, need: usize, regular: usize) -> Result<Segment, AllocError> {
        // CPython makes a regular block first, even if the first request is a large one.
        let leads = matches!(self.policy, BlockPolicy::Fixed(_));
        let first = if leads && self.reserved.get() == 0 && !self.is_open() {
            Some(self.acquire(regular, false)?)
        } else {
            None
        };
        let block = self.acquire(need, true);
        if let Some(first) = first {
            match block {
                Ok(_) => self.adopt(first),
                Err(_) => self.release(first),
            }
        }
        if let Ok(block) = block {
            self.adopt(block);
        }
        self.whole_or_left(block, need)
    }

    /// The whole new block; or, if there is none, room that is left in this arena.
    fn whole_or_left(
        &self,
        block: Result<Block, AllocError>,
        need: usize,
    ) -> Result<Segment, AllocError> {
        match block {
            Ok(block) => Ok(Segment::whole(block)),
            Err(error) => self.left(need).ok_or(error),
        }
    }

    /// Room anywhere in this arena, for a request that would fail otherwise.
    #[cold]
    fn left(&self, need: usize) -> Option<Segment> {
        // The open segment: the request may come from a claim.
        if self.segment().room() >= need {
            return Some(self.take_segment());
        }
        // Any block that a claim gave back.
        if let Some(rest) = self.partial_with(need, usize::MAX) {
            return Some(rest);
        }
        // An empty block that is large enough.
        let block = self.kept_block(|block| block.payload() >= need)?;
        Some(Segment::whole(block))
    }

    /// The rest of a block that a claim gave back, if one of the first `most` has the room. The
    /// others stay in the list, so a search through all of them could take long.
    fn partial_with(&self, need: usize, most: usize) -> Option<Segment> {
        let mut near = self.partial.iter().take(most);
        let block = near.find(|&block| Segment::rest_of(block).room() >= need)?;
        self.partial.remove(block);
        self.owned.push(block);
        Some(Segment::rest_of(block))
    }

    /// This arena, or the nearest parent, that keeps an empty block.
    #[inline]
    fn lender(&self) -> Option<&Bump> {
        let mut bump = self;
        while bump.spare.head().is_none() {
            // SAFETY: I4: the parent is live, and only shared references to it exist.
            bump = unsafe { bump.parent?.as_ref() };
        }
        Some(bump)
    }

    /// Takes the first suitable empty block that this arena or a parent keeps.
    fn kept_block(&self, will_do: impl Fn(Block) -> bool) -> Option<Block> {
        let mut lender = self;
        let block = loop {
            if let Some(block) = lender.spare.iter().find(|&block| will_do(block)) {
                break block;
            }
            // SAFETY: I4: the parent is live, and only shared references to it exist.
            lender = unsafe { lender.parent?.as_ref() };
        };
        lender.spare.remove(block);
        lender.reserved.set(lender.reserved.get() - block.payload());
        block.set_resume(block.start());
        self.adopt(block);
        Some(block)
    }

    #[inline]
    fn new_block(&self, payload: usize, large: bool) -> Result<Block, AllocError> {
        let block = self.acquire(payload, large)?;
        self.adopt(block);
        Ok(block)
    }

    #[inline]
    fn adopt(&self, block: Block) {
        self.owned.push(block);
        self.reserved.set(self.reserved.get() + block.payload());
    }

    /// The bump allocator that counts the bytes held: this one, or the outermost parent of a scope.
    #[inline]
    pub(crate) fn root(&self) -> &Bump {
        let mut bump = self;
        while let Some(parent) = bump.parent {
            // SAFETY: I4: the parent is live, and only shared references to it exist.
            bump = unsafe { parent.as_ref() };
        }
        bump
    }

    /// Gets a block within the limit. It is in no list yet.
    #[inline]
    pub(crate) fn acquire(&self, payload: usize, large: bool) -> Result<Block, AllocError> {
        let root = self.root();
        let total = payload.saturating_add(HEADER);
        if total > root.max_held.get().saturating_sub(root.held.get()) {
            return Err(AllocError);
        }
        // I5: counted first, so that an allocator that uses this arena meanwhile respects the
        // limit.
        root.held.set(root.held.get() + total);
        let block = cache::allocate(payload, large, self.heap);
        if block.is_err() {
            root.held.set(root.held.get() - total);
        }
        block
    }

    /// Gives back a block that is in no list and into which no pointer is used any more.
    pub(crate) fn release(&self, block: Block) {
        let root = self.root();
        root.held.set(root.held.get() - block.total());
        // SAFETY: the callers took it out of its list. Its contents are not borrowed: either the
        // block was never used, or `&mut` on the arena or the end of a scope has ended the borrows.
        unsafe { cache::free(block, self.heap) };
    }

    /// Opens a block with room for this many bytes. If possible it has a size that the cache can
    /// reuse.
    pub(crate) fn reserve_block(&self, bytes: usize) -> Result<(), AllocError> {
        let need = round_up(bytes.max(1)).ok_or(AllocError)?;
        let total = need.checked_add(HEADER).ok_or(AllocError)?;
        let payload = match total.checked_next_power_of_two() {
            Some(size) if size <= 1 << 20 => size - HEADER,
            _ => need,
        };
        let block = self.new_block(payload, false)?;
        self.take_segment();
        self.open(Segment::whole(block));
        Ok(())
    }
}
