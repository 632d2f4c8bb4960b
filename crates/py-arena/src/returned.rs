//! How blocks come back to a bump allocator: from claims, scopes and resets. The invariants are in
//! `bump.rs`.

use crate::block::{Block, List};
use crate::bump::{Bump, Resize};
use crate::segment::Segment;
use core::ptr::NonNull;

impl Bump {
    /// Counts what a claim served from a segment of this block, up to the cursor (K3). Not inlined,
    /// because it would take registers from the claim's loop.
    #[inline(never)]
    pub(crate) fn settle(
        &self,
        block: Option<Block>,
        cursor: NonNull<u8>,
        allocs: usize,
        slack: usize,
    ) {
        self.settle_here(block, cursor, allocs, slack);
        if let Some(block) = block {
            block.set_resume(cursor);
        }
    }

    #[inline(always)]
    fn settle_here(&self, block: Option<Block>, cursor: NonNull<u8>, allocs: usize, slack: usize) {
        if let Some(block) = block {
            self.retire(block.resume(), cursor);
        }
        self.count(allocs);
        self.add_slack(slack);
    }

    /// A claim ends.
    #[inline(never)]
    pub(crate) fn end_claim(&self, rest: Segment, allocs: usize, slack: usize) {
        match rest.block {
            // The arena opened no block meanwhile: the segment is opened again as if it had never
            // been taken, and what the claim served is counted with it.
            Some(block) if !self.is_open() && rest.room() > 0 => {
                self.open_from(block.resume(), rest);
                self.count(allocs);
                self.add_slack(slack);
            }
            _ => {
                self.settle_here(rest.block, rest.cursor, allocs, slack);
                self.give_back(rest);
            }
        }
    }

    /// Takes back the rest of a segment of a claim or a scope, which hands out no more of it (I2).
    #[inline]
    pub(crate) fn give_back(&self, segment: Segment) {
        let room = segment.room();
        if room > 0 && self.segment().room() == 0 {
            if self.is_open() {
                self.take_segment();
            }
            self.open(segment);
        } else if let Some(block) = segment.block {
            block.set_resume(segment.cursor);
            if room > 0 && !self.is_lent(block) {
                self.owned.remove(block);
                self.partial.push(block);
            }
        }
    }

    fn is_lent(&self, block: Block) -> bool {
        self.lent.is_some_and(|lent| lent.block == block)
    }

    /// Empties the arena and keeps its regular blocks. Nothing in it may be borrowed.
    pub(crate) fn rewind(&mut self) {
        self.take_segment();
        self.keep_blocks_of(&[&self.owned, &self.partial]);
        if let Some(block) = self.spare.pop() {
            self.owned.push(block);
            self.open(Segment::whole(block));
        }
        self.allocs.set(0);
        self.retired.set(0);
        self.slack.set(0);
    }

    /// Frees the empty blocks that are kept.
    pub(crate) fn release_spare(&mut self) {
        while let Some(block) = self.spare.pop() {
            self.reserved.set(self.reserved.get() - block.payload());
            self.release(block);
        }
    }

    /// Takes over the counts and the blocks of a scope's arena. All borrows of its memory have
    /// ended.
    pub(crate) fn absorb(&self, child: &Bump, lent: Segment) {
        // The blocks are emptied, so the ends of their used parts (I6) do not matter.
        self.retired
            .set(self.retired.get().wrapping_add(child.served_bytes()));
        self.count(child.allocs.get());
        self.add_slack(child.slack.get());
        self.reserved
            .set(self.reserved.get() + child.reserved.get());
        child.reserved.set(0);
        self.keep_blocks_of(&[&child.owned, &child.partial, &child.spare]);
        self.give_back(lent);
    }

    /// Moves the blocks of these lists to `spare`, the oldest on top. Dedicated blocks are freed.
    fn keep_blocks_of(&self, lists: &[&List]) {
        for list in lists {
            while let Some(block) = list.pop() {
                if block.is_large() {
                    self.reserved.set(self.reserved.get() - block.payload());
                    self.release(block);
                } else {
                    self.spare.push(block);
                }
            }
        }
    }
}
