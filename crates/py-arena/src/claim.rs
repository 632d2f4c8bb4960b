//! A claim: the rest of the arena's open block, held in local variables.
//!
//! An arena keeps its cursor in memory, and each allocation waits for the store of the one before.
//! A claim's cursor is a field of a local value whose address goes nowhere, so the compiler keeps
//! it in a register.
//!
//! # Invariants
//! - K1. `cursor` and `limit` are a segment as in I1, taken from the arena, which hands out nothing
//!   of it (I2) until the claim gives the rest back or is forgotten.
//! - K2. What a claim hands out lives as long as the arena is borrowed, not as long as the claim.

use crate::alloc::{memory_of, value_of};
use crate::arena::Arena;
use crate::block::{Block, FAST_MAX};
use crate::bump::{Bump, Reserve, Segment};
use crate::error::{AllocError, out_of_memory};
use crate::refill::Refill;
use crate::{ALIGNMENT, copy};
use core::alloc::Layout;
use core::fmt;
use core::ptr::NonNull;

/// The rest of an arena's open block, claimed for one user: the fastest way to allocate, for a
/// parser's inner loop. Made by [`Arena::claim`].
///
/// Keep it in a local variable, so that its cursor stays in registers. Meanwhile the arena serves
/// its own requests from another block. When the claim is dropped, the arena takes the rest back; a
/// claim that is forgotten wastes that rest until the arena is reset, and what it served from its
/// last block is not counted. Nothing that was made before, through, or beside the claim is touched.
///
/// # Examples
/// ```
/// use py_arena::Arena;
///
/// let arena = Arena::new();
/// let mut claim = arena.claim();
/// let numbers: Vec<&mut u64> = (0..1000).map(|n| claim.alloc(n)).collect();
/// drop(claim);
/// assert_eq!(*numbers[999], 999);
/// ```
pub struct Claim<'a> {
    cursor: NonNull<u8>,
    limit: NonNull<u8>,
    /// The cursor when the segment was taken.
    base: NonNull<u8>,
    allocs: usize,
    slack: usize,
    block: Option<Block>,
    bump: &'a Bump,
}

impl<O> Arena<O> {
    /// Claims the rest of the open block; see [`Claim`]. Several claims may be there at a time,
    /// each with a block of its own.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// let mut claim = arena.claim();
    /// let (mine, shared) = (claim.alloc(1), arena.alloc(2));
    /// assert_eq!((*mine, *shared), (1, 2));
    /// ```
    #[inline]
    pub fn claim(&self) -> Claim<'_> {
        let Segment {
            cursor,
            limit,
            block,
        } = self.bump.take_segment();
        Claim {
            cursor,
            limit,
            base: cursor,
            allocs: 0,
            slack: 0,
            block,
            bump: &self.bump,
        }
    }
}

impl<'a> Claim<'a> {
    /// As [`Arena::malloc`], but a request for 0 bytes gives an address that points at nothing.
    ///
    /// # Errors
    /// [`AllocError`] if the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// let mut claim = arena.claim();
    /// let (first, second) = (claim.malloc(1)?, claim.malloc(1)?);
    /// assert_eq!(second.addr().get() - first.addr().get(), 8);
    /// # Ok::<(), py_arena::AllocError>(())
    /// ```
    #[inline]
    pub fn malloc(&mut self, size: usize) -> Result<NonNull<u8>, AllocError> {
        let layout = Layout::from_size_align(size, ALIGNMENT).map_err(|_| AllocError)?;
        self.try_alloc_layout(layout)
    }

    /// As [`Arena::alloc`].
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(*arena.claim().alloc(7), 7);
    /// ```
    #[inline(always)]
    pub fn alloc<T>(&mut self, value: T) -> &'a mut T {
        match self.try_alloc(value) {
            Ok(value) => value,
            Err(_) => out_of_memory(),
        }
    }

    /// As [`Arena::try_alloc`].
    ///
    /// # Errors
    /// [`AllocError`] if the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(*arena.claim().try_alloc(7)?, 7);
    /// # Ok::<(), py_arena::AllocError>(())
    /// ```
    #[inline(always)]
    pub fn try_alloc<T>(&mut self, value: T) -> Result<&'a mut T, AllocError> {
        value_of(self, || value)
    }

    /// As [`Arena::alloc_with`].
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.claim().alloc_with(|| [1; 100])[99], 1);
    /// ```
    #[inline]
    pub fn alloc_with<T>(&mut self, make: impl FnOnce() -> T) -> &'a mut T {
        match self.try_alloc_with(make) {
            Ok(value) => value,
            Err(_) => out_of_memory(),
        }
    }

    /// As [`Arena::try_alloc_with`].
    ///
    /// # Errors
    /// [`AllocError`] if the memory cannot be had; the closure is not called then.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(*arena.claim().try_alloc_with(|| 7)?, 7);
    /// # Ok::<(), py_arena::AllocError>(())
    /// ```
    #[inline]
    pub fn try_alloc_with<T>(&mut self, make: impl FnOnce() -> T) -> Result<&'a mut T, AllocError> {
        value_of(self, make)
    }

    /// As [`Arena::alloc_str`].
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.claim().alloc_str("spam"), "spam");
    /// ```
    #[inline]
    pub fn alloc_str(&mut self, text: &str) -> &'a mut str {
        match self.try_alloc_str(text) {
            Ok(text) => text,
            Err(_) => out_of_memory(),
        }
    }

    /// As [`Arena::try_alloc_str`].
    ///
    /// # Errors
    /// [`AllocError`] if the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.claim().try_alloc_str("spam")?, "spam");
    /// # Ok::<(), py_arena::AllocError>(())
    /// ```
    #[inline]
    pub fn try_alloc_str(&mut self, text: &str) -> Result<&'a mut str, AllocError> {
        copy::str_of(self, text)
    }

    /// As [`Arena::alloc_slice_copy`].
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.claim().alloc_slice_copy(&[1, 2]), [1, 2]);
    /// ```
    #[inline]
    pub fn alloc_slice_copy<T: Copy>(&mut self, from: &[T]) -> &'a mut [T] {
        match self.try_alloc_slice_copy(from) {
            Ok(slice) => slice,
            Err(_) => out_of_memory(),
        }
    }

    /// As [`Arena::try_alloc_slice_copy`].
    ///
    /// # Errors
    /// [`AllocError`] if the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// let arena = py_arena::Arena::new();
    /// assert_eq!(arena.claim().try_alloc_slice_copy(&[1, 2])?, [1, 2]);
    /// # Ok::<(), py_arena::AllocError>(())
    /// ```
    #[inline]
    pub fn try_alloc_slice_copy<T: Copy>(&mut self, from: &[T]) -> Result<&'a mut [T], AllocError> {
        copy::slice_of(self, from)
    }

    /// As [`Arena::alloc_layout`].
    ///
    /// # Panics
    /// If the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// use std::alloc::Layout;
    ///
    /// let arena = py_arena::Arena::new();
    /// let line = arena.claim().alloc_layout(Layout::from_size_align(64, 64).unwrap());
    /// assert_eq!(line.addr().get() % 64, 0);
    /// ```
    #[inline]
    pub fn alloc_layout(&mut self, layout: Layout) -> NonNull<u8> {
        match self.try_alloc_layout(layout) {
            Ok(memory) => memory,
            Err(_) => out_of_memory(),
        }
    }

    /// As [`Arena::try_alloc_layout`].
    ///
    /// # Errors
    /// [`AllocError`] if the memory cannot be had.
    ///
    /// # Examples
    /// ```
    /// use std::alloc::Layout;
    ///
    /// let arena = py_arena::Arena::new();
    /// assert!(arena.claim().try_alloc_layout(Layout::new::<u64>()).is_ok());
    /// ```
    #[inline]
    pub fn try_alloc_layout(&mut self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
        memory_of(self, layout)
    }

    /// Takes a segment with room for the request; or gives memory apart, which is all there is to
    /// do. The slow path sees no reference to the claim, only values: a claim whose address was
    /// shown could not stay in registers.
    #[inline(always)]
    fn refill(&mut self, size: usize, align: usize) -> Result<Option<NonNull<u8>>, AllocError> {
        let segment = match self.bump.refill(size, align)? {
            Refill::Apart(at) => return Ok(Some(at)),
            Refill::Next(segment) => segment,
        };
        let (base, cursor) = (self.base, self.cursor);
        self.bump.settle(base, cursor, self.allocs, self.slack);
        (self.cursor, self.limit) = (segment.cursor, segment.limit);
        (self.base, self.block) = (segment.cursor, segment.block);
        (self.allocs, self.slack) = (0, 0);
        Ok(None)
    }
}

impl Reserve for &mut Claim<'_> {
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
        let mut next = self.cursor.as_ptr().wrapping_add(need);
        // B3: cannot wrap around.
        if next > self.limit.as_ptr() {
            if let Some(apart) = self.refill(size, ALIGNMENT)? {
                return Ok(apart.cast());
            }
            next = self.cursor.as_ptr().wrapping_add(need);
        }
        let at = self.cursor;
        // SAFETY: K1 and B3: above the cursor, not above the limit.
        self.cursor = unsafe { NonNull::new_unchecked(next) };
        self.allocs += 1;
        self.slack = self.slack.wrapping_add(need - size);
        Ok(at.cast())
    }

    #[inline]
    fn reserve_bytes(&mut self, size: usize, align: usize) -> Result<NonNull<u8>, AllocError> {
        loop {
            let mut segment = Segment {
                cursor: self.cursor,
                limit: self.limit,
                block: None,
            };
            if let Some(carved) = segment.carve(size, align) {
                self.cursor = segment.cursor;
                self.allocs += 1;
                self.slack = self.slack.wrapping_add(carved.slack);
                return Ok(carved.at);
            }
            if let Some(apart) = self.refill(size, align)? {
                return Ok(apart);
            }
        }
    }
}

impl Drop for Claim<'_> {
    /// Inlined where the claim ends, in unwinding too: a call with its address would keep it in
    /// memory all its life.
    #[inline(always)]
    fn drop(&mut self) {
        let rest = Segment {
            cursor: self.cursor,
            limit: self.limit,
            block: self.block,
        };
        self.bump
            .end_claim(self.base, rest, self.allocs, self.slack);
    }
}

impl fmt::Debug for Claim<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let room = self.limit.addr().get() - self.cursor.addr().get();
        f.debug_struct("Claim")
            .field("room", &room)
            .finish_non_exhaustive()
    }
}
