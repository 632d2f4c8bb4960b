//! A segment: the part of a block through which a cursor moves. The invariants are in `bump.rs`.

use crate::block::{ALIGNMENT, Block, round_up};
use core::ptr::NonNull;

/// Cursor and limit if no block is open: an aligned dangling address, and no room.
pub(crate) const CLOSED: NonNull<u8> = NonNull::<Nowhere>::dangling().cast();

#[repr(align(8))]
struct Nowhere;

const _: () = assert!(align_of::<Nowhere>() == ALIGNMENT);

/// A part of a block with room to hand out, as a value: its holder may fill it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub(crate) cursor: NonNull<u8>,
    pub(crate) limit: NonNull<u8>,
    /// The block that it is a part of; `None` if no block is open.
    pub(crate) block: Option<Block>,
}

impl Segment {
    pub(crate) const CLOSED: Segment = Segment {
        cursor: CLOSED,
        limit: CLOSED,
        block: None,
    };

    /// All of an empty block.
    pub(crate) fn whole(block: Block) -> Segment {
        Segment {
            cursor: block.start(),
            limit: block.end(),
            block: Some(block),
        }
    }

    /// What is left of a block that was filled up to its `resume`.
    pub(crate) fn rest_of(block: Block) -> Segment {
        Segment {
            cursor: block.resume(),
            ..Segment::whole(block)
        }
    }

    #[inline]
    pub(crate) fn room(&self) -> usize {
        self.limit.addr().get() - self.cursor.addr().get()
    }

    /// Grows or shrinks the allocation that ends at the cursor, and returns its address with the
    /// block's provenance (B2); the caller's pointer may be valid for the old size only. `None` if
    /// this is not the last allocation, or if there is no room. `at` and `old` belong to an
    /// allocation of this segment's holder.
    #[inline]
    pub(crate) fn resize_last(&self, at: NonNull<u8>, old: usize, new: usize) -> Option<Resized> {
        self.block?;
        let (old_room, new_room) = (round_up(old)?, round_up(new)?);
        // Comparing addresses is enough. A header lies between a block's payload and other memory,
        // so only the last allocation of this segment can end at the cursor.
        let end = at.addr().get().wrapping_add(old_room);
        if end != self.cursor.addr().get() {
            return None;
        }
        if new_room > old_room && new_room - old_room > self.room() {
            return None;
        }
        let start = self.cursor.as_ptr().wrapping_sub(old_room);
        // SAFETY: I1: this is the start of an allocation in the open block, so it is not null.
        let start = unsafe { NonNull::new_unchecked(start) };
        Some(Resized {
            start,
            cursor: above(start, new_room),
            slack: (new_room - new).wrapping_sub(old_room - old),
        })
    }

    /// Takes the bytes off the front, aligned; `None` if there is no room. `size` is not 0, and
    /// size and alignment are those of a valid layout.
    #[inline]
    pub(crate) fn carve(&mut self, size: usize, align: usize) -> Option<Carved> {
        let pad = padding(self.cursor, align);
        // No overflow: a layout's size, rounded up to its alignment, is at most isize::MAX.
        if pad + size > self.room() {
            return None;
        }
        Some(self.carve_fitting(size, pad))
    }

    /// As `carve`, where the padding is known and the room is there: `pad + size <= room`.
    #[inline]
    pub(crate) fn carve_fitting(&mut self, size: usize, pad: usize) -> Carved {
        debug_assert!(pad + size <= self.room());
        let rounded = round_fitting(size);
        let at = above(self.cursor, pad);
        self.cursor = above(at, rounded);
        Carved {
            at,
            slack: pad + rounded - size,
        }
    }
}

/// What `Segment::resize_last` did.
pub(crate) struct Resized {
    /// Where the allocation begins, with the block's provenance.
    pub(crate) start: NonNull<u8>,
    pub(crate) cursor: NonNull<u8>,
    /// The change of the bytes beyond those that were asked for, modulo 2^64.
    pub(crate) slack: usize,
}

/// What `Segment::carve` took.
pub(crate) struct Carved {
    pub(crate) at: NonNull<u8>,
    /// Bytes that the cursor moved beyond those asked for.
    pub(crate) slack: usize,
}

/// The bytes from `at` to the next multiple of `align`. 0 for an alignment that every cursor has.
#[inline]
fn padding(at: NonNull<u8>, align: usize) -> usize {
    if align <= ALIGNMENT {
        return 0;
    }
    at.addr().get().wrapping_neg() & (align - 1)
}

/// Rounds up a size that is known to fit in a block.
#[inline]
pub(crate) const fn round_fitting(size: usize) -> usize {
    (size + (ALIGNMENT - 1)) & !(ALIGNMENT - 1)
}

/// The address this many bytes above `at`, inside the block or at its end.
#[inline]
pub(crate) fn above(at: NonNull<u8>, bytes: usize) -> NonNull<u8> {
    let next = at.as_ptr().wrapping_add(bytes);
    // SAFETY: I1 and B3: the caller has checked that the bytes fit below the limit, so the address
    // did not wrap around to 0.
    unsafe { NonNull::new_unchecked(next) }
}
