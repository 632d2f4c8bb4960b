//! A claim: the rest of the arena's open block, held in local variables.
//!
//! An arena keeps its cursor in memory, so each allocation waits for the store of the one before. A
//! claim keeps its cursor in a cell of a local value whose address is never taken, so the compiler
//! can keep it in a register.
//!
//! # Invariants
//! - K1. `cursor` and `limit` are a segment as in I1, taken from the arena. The arena hands out
//!   nothing of it (I2) until the claim gives the rest back or is forgotten.
//! - K2. What a claim hands out lives as long as the arena is borrowed, not as long as the claim.
//! - K3. While the claim is live, the block's `resume` is the cursor at which the claim took the
//!   segment (I6): every segment begins at its block's `resume`.
//! - K4. Only allocations of this same claim are passed to `Resize`. So an allocation that ends at
//!   the cursor is the last one, and it begins inside the segment.

mod alloc;
mod slices;

use crate::arena::Arena;
use crate::block::{ALIGNMENT, Block, FAST_MAX};
use crate::bump::{Bump, Reserve, Resize};
use crate::error::AllocError;
use crate::refill::Refill;
use crate::segment::Segment;
use core::cell::Cell;
use core::fmt;
use core::ptr::NonNull;

/// The rest of an arena's open block, claimed for one user. It is the fastest way to allocate,
/// meant for the inner loop of a parser. [`Arena::claim`] makes it.
///
/// Keep a claim in a local variable, so that its cursor stays in a register. Meanwhile the arena
/// serves its own requests from another block. When the claim is dropped, the arena takes the rest
/// back. If the claim is forgotten instead, that rest is wasted until the arena is reset, and the
/// requests from its last block are not counted. Values that were made before, through, or beside
/// the claim stay valid in every case.
///
/// # Examples
/// ```
/// use py_arena::Arena;
///
/// let arena = Arena::new();
/// let claim = arena.claim();
/// let numbers: Vec<&mut u64> = (0..1000).map(|n| claim.alloc(n)).collect();
/// drop(claim);
/// assert_eq!(*numbers[999], 999);
/// ```
pub struct Claim<'a> {
    cursor: Cell<NonNull<u8>>,
    limit: Cell<NonNull<u8>>,
    /// Requests served from this segment.
    allocs: Cell<usize>,
    /// The bytes by which they were rounded up.
    slack: Cell<usize>,
    block: Cell<Option<Block>>,
    bump: &'a Bump,
}

impl<O> Arena<O> {
    /// Claims the rest of the open block; see [`Claim`]. Several claims may exist at a time, each
    /// with a block of its own.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// let claim = arena.claim();
    /// let (mine, shared) = (claim.alloc(1), arena.alloc(2));
    /// assert_eq!((*mine, *shared), (1, 2));
    /// ```
    #[inline]
    pub fn claim(&self) -> Claim<'_> {
        let segment = self.bump.take_segment();
        Claim {
            cursor: Cell::new(segment.cursor),
            limit: Cell::new(segment.limit),
            allocs: Cell::new(0),
            slack: Cell::new(0),
            block: Cell::new(segment.block),
            bump: &self.bump,
        }
    }
}

impl Claim<'_> {
    /// Takes a segment with room for the request. Or returns memory from a dedicated block, which
    /// serves the request. The slow path gets values only, never a reference to the claim: a claim
    /// whose address is taken cannot stay in registers.
    #[inline(always)]
    fn refill(&self, size: usize, align: usize) -> Result<Option<NonNull<u8>>, AllocError> {
        let segment = match self.bump.refill(size, align)? {
            Refill::Dedicated(at) => return Ok(Some(at)),
            Refill::Next(segment) => segment,
        };
        self.bump.settle(
            self.block.get(),
            self.cursor.get(),
            self.allocs.get(),
            self.slack.get(),
        );
        self.cursor.set(segment.cursor);
        self.limit.set(segment.limit);
        self.block.set(segment.block);
        self.allocs.set(0);
        self.slack.set(0);
        Ok(None)
    }

    #[inline(always)]
    fn segment(&self) -> Segment {
        Segment {
            cursor: self.cursor.get(),
            limit: self.limit.get(),
            block: self.block.get(),
        }
    }

    #[inline(always)]
    fn count_one(&self, slack: usize) {
        self.count(1);
        self.add_slack(slack);
    }
}

impl Reserve for &Claim<'_> {
    #[inline(always)]
    fn reserve<T>(&mut self) -> Result<NonNull<T>, AllocError> {
        let (size, align) = (size_of::<T>(), align_of::<T>());
        if size == 0 {
            return Ok(NonNull::dangling());
        }
        if align > ALIGNMENT || size > FAST_MAX {
            return self.reserve_bytes(size, align).map(NonNull::cast);
        }
        let need = size.next_multiple_of(ALIGNMENT);
        let mut next = self.cursor.get().as_ptr().wrapping_add(need);
        // B3: the sum does not wrap around.
        if next > self.limit.get().as_ptr() {
            if let Some(apart) = self.refill(size, ALIGNMENT)? {
                return Ok(apart.cast());
            }
            next = self.cursor.get().as_ptr().wrapping_add(need);
        }
        let at = self.cursor.get();
        // SAFETY: K1 and B3: the address is above the cursor and not above the limit, so not null.
        self.cursor.set(unsafe { NonNull::new_unchecked(next) });
        self.count_one(need - size);
        Ok(at.cast())
    }

    #[inline]
    fn reserve_bytes(&mut self, size: usize, align: usize) -> Result<NonNull<u8>, AllocError> {
        loop {
            let mut segment = self.segment();
            if let Some(carved) = segment.carve(size, align) {
                self.cursor.set(segment.cursor);
                self.count_one(carved.slack);
                return Ok(carved.at);
            }
            if let Some(apart) = self.refill(size, align)? {
                return Ok(apart);
            }
        }
    }
}

/// K4: every argument is an allocation of this claim.
impl Resize for Claim<'_> {
    #[inline]
    fn resize_last(&self, at: NonNull<u8>, old: usize, new: usize) -> Option<NonNull<u8>> {
        let resized = self.segment().resize_last(at, old, new)?;
        self.cursor.set(resized.cursor);
        self.add_slack(resized.slack);
        Some(resized.start)
    }

    #[inline(always)]
    fn count(&self, allocs: usize) {
        self.allocs.set(self.allocs.get().wrapping_add(allocs));
    }

    #[inline(always)]
    fn add_slack(&self, bytes: usize) {
        self.slack.set(self.slack.get().wrapping_add(bytes));
    }
}

impl Drop for Claim<'_> {
    /// Always inlined, in unwinding too. A call would take the claim's address, and then the claim
    /// could not stay in registers at any time.
    #[inline(always)]
    fn drop(&mut self) {
        let (allocs, slack) = (self.allocs.get(), self.slack.get());
        self.bump.end_claim(self.segment(), allocs, slack);
    }
}

impl fmt::Debug for Claim<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let room = self.segment().room();
        f.debug_struct("Claim")
            .field("room", &room)
            .finish_non_exhaustive()
    }
}
