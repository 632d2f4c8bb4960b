//! What happens when the open block has no room: where the next one comes from, and which requests
//! get a block of their own. The invariants are those of `bump.rs`.
//!
//! ```text
//! a request that did not fit
//!   nothing is kept and the cache has the next regular block, which is large enough -> that one
//!   Growing, above a quarter of the next regular block -> a block of its own, nothing closed
//!   a block that a claim gave back has the room        -> that one
//!   an empty block is kept, here or in a parent        -> that one
//!   otherwise                                          -> a new block (Fixed and InOrder: of the
//!                                                         request's own size if that is larger)
//!   which cannot be had                                -> any room that is left here
//! ```
//! A request that is refused leaves all of it as it was.

use crate::block::{ALIGNMENT, Block, HEADER, round_up};
use crate::bump::{Bump, Reserve, Resize};
use crate::cache;
use crate::error::AllocError;
use crate::policy::BlockPolicy;
use crate::segment::Segment;
use core::ptr::NonNull;

/// How many of the blocks that claims gave back are looked at before a new one is opened. A program
/// has as many as it had claims at a time, so seldom more than one or two.
const NEAR: usize = 16;

/// How a request that did not fit is served.
pub(crate) enum Refill {
    /// From a segment to fill from now on, which has the room for it.
    Next(Segment),
    /// With this memory in a block of its own, already counted; the segment in use stays in use.
    Apart(NonNull<u8>),
}

/// The room that a request takes at worst, whatever the cursor it meets.
fn worst_case(size: usize, align: usize) -> Option<usize> {
    round_up(round_up(size)?.checked_add(align.saturating_sub(ALIGNMENT))?)
}

impl Bump {
    /// Serves a request that did not fit, and counts it. `size` is not 0.
    #[cold]
    #[inline(never)]
    pub(crate) fn slow(&self, size: usize, align: usize) -> Result<NonNull<u8>, AllocError> {
        let need = worst_case(size, align).ok_or(AllocError)?;
        // Here and not in `refill`, which hands its answer on through memory: that takes an arena of
        // ten values a fifth of its life.
        let refill = match self.cached_block(need) {
            Some(block) => Refill::Next(Segment::whole(block)),
            None => self.refill(size, align)?,
        };
        match refill {
            Refill::Apart(at) => Ok(at),
            Refill::Next(mut segment) => {
                // I5: what is open now need not be what was full before.
                self.take_segment();
                self.open(segment);
                let carved = segment.carve(size, align).ok_or(AllocError)?;
                Ok(self.advance(segment, carved))
            }
        }
    }

    /// The short way to a block: the next regular one from this thread's cache, for an arena that
    /// keeps none and has no parent. `None` wherever that is not all there is to it.
    #[inline]
    fn cached_block(&self, need: usize) -> Option<Block> {
        if self.parent.is_some() || !self.partial.is_empty() || !self.spare.is_empty() {
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
        // I5: the limit is asked after the cache.
        let held = self.held.get() + payload + HEADER;
        if held > self.max_held.get() {
            // SAFETY: the cache had it, and nobody has seen it since.
            unsafe { cache::free(block) };
            return None;
        }
        self.held.set(held);
        self.adopt(block);
        Some(block)
    }

    /// `malloc` where the fast path said no: size 0, an exact fit, or no room.
    #[cold]
    #[inline(never)]
    pub(crate) fn malloc_slow(&self, size: usize) -> Result<NonNull<u8>, AllocError> {
        if size != 0 {
            return (&*self).reserve_bytes(size, 1);
        }
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
        if need <= regular / 4 || !matches!(self.policy, BlockPolicy::Growing { .. }) {
            return self.next_segment(need, regular).map(Refill::Next);
        }
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
        Ok(Refill::Apart(carved.at))
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

    /// A segment with this much room, from what is kept or from a new block; `regular` is the
    /// payload of the regular block that would be opened next. What is passed over keeps its room.
    fn next_segment(&self, need: usize, regular: usize) -> Result<Segment, AllocError> {
        if need > regular {
            return self.large_segment(need, regular);
        }
        if let Some(rest) = self.partial_with(need, NEAR) {
            return Ok(rest);
        }
        if let Some(block) = self.kept_block(|_| true) {
            return Ok(Segment::whole(block));
        }
        let block = match (self.new_block(regular, false), self.policy) {
            // Near the limit, or near the end of memory, a smaller block may still be had.
            (Err(_), BlockPolicy::Growing { .. } | BlockPolicy::InOrder { .. }) => {
                self.new_block(need, true)
            }
            (block, _) => block,
        };
        self.whole_or_left(block, need)
    }

    /// A new block for one request that is larger than a regular block.
    fn large_segment(&self, need: usize, regular: usize) -> Result<Segment, AllocError> {
        // CPython makes its first block before the first request, whatever that one asks for.
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

    /// All of the new block or, if it could not be had, what room is left here.
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

    /// Room for a request that would be refused otherwise, wherever in this arena it is: what is
    /// open (a claim may ask), what claims gave back, what is kept.
    #[cold]
    fn left(&self, need: usize) -> Option<Segment> {
        if self.segment().room() >= need {
            return Some(self.take_segment());
        }
        if let Some(rest) = self.partial_with(need, usize::MAX) {
            return Some(rest);
        }
        let block = self.kept_block(|block| block.payload() >= need)?;
        Some(Segment::whole(block))
    }

    /// The rest of one of the first blocks that claims gave back, if one has the room. The others
    /// stay as they are, so a search through all of them could take long.
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

    /// Takes the first empty block that will do from what this arena or a parent keeps.
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

    /// The bump allocator that keeps the account of bytes held: this one, or a scope's outermost
    /// parent.
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
        // I5: counted first, so that whoever uses the arena meanwhile finds the limit kept.
        root.held.set(root.held.get() + total);
        let block = cache::allocate(payload, large);
        if block.is_err() {
            root.held.set(root.held.get() - total);
        }
        block
    }

    /// Gives back a block that is in no list and that nobody points into.
    pub(crate) fn release(&self, block: Block) {
        let root = self.root();
        root.held.set(root.held.get() - block.total());
        // SAFETY: the callers took it out of its list, and its contents are not borrowed: it was
        // never shown to anyone, or `&mut` on the arena or a scope's end has ended the borrows.
        unsafe { cache::free(block) };
    }

    /// Opens a block with room for this many bytes, of a size that the cache has use for where
    /// that is possible.
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
