//! The objects that an arena owns: chunks of slots, which are filled in order and dropped from the
//! last slot back. The chunks are separate from the arena's blocks, as CPython's list is. So an
//! object does not change the offsets of `malloc`.
//!
//! # Invariants
//! - O1. In each chunk of `chunks`, the slots from `first_slot` up to its end hold live objects.
//!   The end is `cursor` for the newest chunk and `resume` for the others. All chunks but the
//!   newest are full.
//! - O2. Until `pop` takes an object out, the object does not move, and no `&mut` to it exists.
//!   `pop` needs `&mut self`.
//! - O3. The chunks of `empty` hold no object.
//! - O4. The allocator may run code that registers objects here. So nothing that was read before a
//!   call into it is trusted after it.

use crate::block::{BLOCK_ALIGN, Block, HEADER, Heap, List, round_up};
use crate::bump::Bump;
use crate::cache;
use crate::error::AllocError;
use crate::segment::CLOSED;
use core::cell::Cell;
use core::fmt;
use core::iter::FusedIterator;
use core::marker::PhantomData;
use core::mem::needs_drop;
use core::ptr::NonNull;

/// Sizes of the first chunk and of the largest, headers included.
const FIRST_CHUNK: usize = 1024;
const MAX_CHUNK: usize = 64 * 1024;

pub(crate) struct Objects<O> {
    cursor: Cell<NonNull<u8>>,
    chunks: List,
    limit: Cell<NonNull<u8>>,
    empty: List,
    /// Tells the compiler that objects are owned (for the drop check), and that `O` is invariant,
    /// because objects are pushed through a shared reference. With a covariant `O` one could push
    /// an object whose borrow is too short.
    owns: PhantomData<Cell<O>>,
}

// SAFETY: the objects belong to this value, move with it, and are `Send`. The chunks belong to this
// value alone, and only this value gives access to the cells.
unsafe impl<O: Send> Send for Objects<O> {}

/// The chunk that was added for a slot.
pub(crate) struct NewChunk {
    chunk: Block,
    /// It came from the allocator, not from `empty`.
    fresh: bool,
}

impl<O> Objects<O> {
    /// The distance of two slots. An object of size 0 takes a slot too, so that it is counted.
    const STRIDE: usize = match round_up(size_of::<O>()) {
        Some(0) => 8,
        Some(size) => size,
        None => panic!("the object's type is too large"),
    };

    #[inline]
    pub(crate) const fn new() -> Objects<O> {
        Objects {
            cursor: Cell::new(CLOSED),
            chunks: List::new(),
            limit: Cell::new(CLOSED),
            empty: List::new(),
            owns: PhantomData,
        }
    }

    #[inline]
    fn has_room(&self) -> bool {
        self.limit.get().addr().get() - self.cursor.get().addr().get() >= Self::STRIDE
    }

    /// Puts the object into the next slot.
    #[inline]
    pub(crate) fn push(&self, bump: &Bump, object: O) -> Result<&O, (AllocError, O)> {
        if !self.has_room() && self.grow(bump).is_err() {
            return Err((AllocError, object));
        }
        let slot = self.cursor.get();
        // SAFETY: O1: the slot after the last object is free, and the room was checked.
        unsafe {
            self.cursor.set(slot.add(Self::STRIDE));
            slot.cast::<O>().write(object);
            Ok(slot.cast::<O>().as_ref())
        }
    }

    /// Makes sure that there is a slot for the next object. Returns the chunk if one was added.
    #[inline]
    pub(crate) fn make_room(&self, bump: &Bump) -> Result<Option<NewChunk>, AllocError> {
        if self.has_room() {
            return Ok(None);
        }
        self.grow(bump)
    }

    /// Undoes `make_room`, for a request that failed later.
    #[cold]
    pub(crate) fn unmake_room(&self, bump: &Bump, made: Option<NewChunk>) {
        let Some(NewChunk { chunk, fresh }) = made else {
            return;
        };
        // O4: the allocator may have registered an object since; then the chunk stays.
        if self.chunks.head() != Some(chunk) || self.cursor.get() != Self::first_slot(chunk) {
            return;
        }
        self.chunks.remove(chunk);
        let older = self.chunks.head();
        self.cursor.set(older.map_or(CLOSED, Block::resume));
        self.limit.set(older.map_or(CLOSED, Block::end));
        if fresh {
            bump.release(chunk);
        } else {
            self.empty.push(chunk);
        }
    }

    #[cold]
    #[inline(never)]
    fn grow(&self, bump: &Bump) -> Result<Option<NewChunk>, AllocError> {
        let kept = self.empty.pop();
        let fresh = kept.is_none();
        let chunk = match kept {
            Some(chunk) => chunk,
            None => self.new_chunk(bump)?,
        };
        if self.has_room() {
            // O4: the allocator has registered objects here, and has added a chunk for them.
            bump.release(chunk);
            return if self.has_room() {
                Ok(None)
            } else {
                self.grow(bump)
            };
        }
        if let Some(newest) = self.chunks.head() {
            newest.set_resume(self.cursor.get());
        }
        self.chunks.push(chunk);
        self.cursor.set(Self::first_slot(chunk));
        self.limit.set(chunk.end());
        Ok(Some(NewChunk { chunk, fresh }))
    }

    fn new_chunk(&self, bump: &Bump) -> Result<Block, AllocError> {
        let last = self.chunks.head().map_or(FIRST_CHUNK / 2, Block::total);
        let regular = (last * 2).clamp(FIRST_CHUNK, MAX_CHUNK) - HEADER;
        let pad = align_of::<O>().saturating_sub(BLOCK_ALIGN);
        let need = Self::STRIDE.checked_add(pad).ok_or(AllocError)?;
        bump.acquire(regular.max(need), need > regular)
    }

    fn first_slot(chunk: Block) -> NonNull<u8> {
        let start = chunk.start();
        let pad = start.addr().get().wrapping_neg() & (align_of::<O>() - 1);
        // SAFETY: `new_chunk` made the chunk large enough for the padding and a slot, so the
        // address is inside the block (B2).
        unsafe { start.add(pad) }
    }

    /// The end of the objects in this chunk (O1).
    fn end_of(&self, chunk: Block) -> NonNull<u8> {
        if self.chunks.head() == Some(chunk) {
            self.cursor.get()
        } else {
            chunk.resume()
        }
    }

    /// Takes out the last object.
    fn pop(&mut self) -> Option<O> {
        let mut chunk = self.chunks.head()?;
        while self.cursor.get() == Self::first_slot(chunk) {
            self.chunks.remove(chunk);
            self.empty.push(chunk);
            let Some(older) = self.chunks.head() else {
                self.cursor.set(CLOSED);
                self.limit.set(CLOSED);
                return None;
            };
            self.cursor.set(older.resume());
            self.limit.set(older.end());
            chunk = older;
        }
        // SAFETY: O1: the chunk is not empty, so the slot below the cursor holds an object. The
        // cursor moves below the slot first, so the object is not read a second time.
        unsafe {
            let slot = self.cursor.get().sub(Self::STRIDE);
            self.cursor.set(slot);
            Some(slot.cast::<O>().read())
        }
    }

    /// Drops all objects, last in first out. If a drop panics, the remaining objects are dropped
    /// while the panic unwinds. A second panic then aborts.
    pub(crate) fn clear(&mut self) {
        struct Rest<'a, O>(&'a mut Objects<O>);
        impl<O> Drop for Rest<'_, O> {
            fn drop(&mut self) {
                while let Some(object) = self.0.pop() {
                    drop(object);
                }
            }
        }
        if needs_drop::<O>() {
            let rest = Rest(self);
            while let Some(object) = rest.0.pop() {
                drop(object);
            }
        }
        while let Some(chunk) = self.chunks.pop() {
            self.empty.push(chunk);
        }
        self.cursor.set(CLOSED);
        self.limit.set(CLOSED);
    }

    /// Drops all objects and frees the chunks, at the end of the arena.
    #[inline]
    pub(crate) fn end(&mut self, bump: &Bump) {
        if self.chunks.is_empty() && self.empty.is_empty() {
            return;
        }
        struct Free<'a, O>(&'a mut Objects<O>, Heap);
        impl<O> Drop for Free<'_, O> {
            fn drop(&mut self) {
                // SAFETY: `clear` dropped all objects, also those after one that panicked. The end
                // of the arena ends all borrows of them. B5: it is the arena's heap.
                unsafe {
                    cache::free_all(&self.0.chunks, self.1);
                    cache::free_all(&self.0.empty, self.1);
                }
            }
        }
        let all = Free(self, bump.heap);
        all.0.clear();
    }

    /// Gives the empty chunks back to the allocator, and takes them off the arena's count. To be
    /// called after `clear`, which moves all chunks to `empty`.
    pub(crate) fn release_chunks(&mut self, bump: &Bump) {
        while let Some(chunk) = self.empty.pop() {
            bump.release(chunk);
        }
    }

    pub(crate) fn iter(&self) -> Iter<'_, O> {
        let mut left = 0;
        for chunk in self.chunks.iter() {
            let bytes = self.end_of(chunk).addr().get() - Self::first_slot(chunk).addr().get();
            left += bytes / Self::STRIDE;
        }
        let oldest = self.chunks.iter().last();
        Iter {
            objects: self,
            front: oldest.map(|c| (c, Self::first_slot(c))),
            back: self.chunks.head().map(|c| (c, self.cursor.get())),
            left,
        }
    }
}

/// The objects that an arena owns, in the order in which they were added; made by
/// [`Arena::objects`](crate::Arena::objects). Those added after the iterator was made are not in
/// it.
///
/// # Examples
/// ```
/// let arena = py_arena::Arena::with_objects();
/// arena.add_object("first".to_owned());
/// arena.add_object("second".to_owned());
/// let newest_first: Vec<_> = arena.objects().rev().collect();
/// assert_eq!(newest_first, ["second", "first"]);
/// ```
pub struct Iter<'a, O> {
    objects: &'a Objects<O>,
    /// The chunk and the slot of the next object from the front.
    front: Option<(Block, NonNull<u8>)>,
    /// The chunk and the end of the next object from the back.
    back: Option<(Block, NonNull<u8>)>,
    left: usize,
}

impl<'a, O> Iterator for Iter<'a, O> {
    type Item = &'a O;

    fn next(&mut self) -> Option<&'a O> {
        self.left = self.left.checked_sub(1)?;
        let (mut chunk, mut slot) = self.front?;
        if slot == self.objects.end_of(chunk) {
            chunk = chunk.prev()?;
            slot = Objects::<O>::first_slot(chunk);
        }
        // SAFETY: O1: `left` counts the objects from here on, so the slot holds a live one. O2: it
        // stays there while the arena is borrowed.
        unsafe {
            self.front = Some((chunk, slot.add(Objects::<O>::STRIDE)));
            Some(slot.cast::<O>().as_ref())
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<'a, O> DoubleEndedIterator for Iter<'a, O> {
    fn next_back(&mut self) -> Option<&'a O> {
        self.left = self.left.checked_sub(1)?;
        let (mut chunk, mut end) = self.back?;
        if end == Objects::<O>::first_slot(chunk) {
            chunk = chunk.next()?;
            end = chunk.resume();
        }
        // SAFETY: O1: `left` is not 0, so the slot below `end` holds a live object. O2: it stays
        // there while the arena is borrowed.
        unsafe {
            let slot = end.sub(Objects::<O>::STRIDE);
            self.back = Some((chunk, slot));
            Some(slot.cast::<O>().as_ref())
        }
    }
}

impl<O> ExactSizeIterator for Iter<'_, O> {}
impl<O> FusedIterator for Iter<'_, O> {}

impl<O> Clone for Iter<'_, O> {
    fn clone(&self) -> Self {
        Iter { ..*self }
    }
}

impl<O> fmt::Debug for Iter<'_, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}
