//! A piece of a block, by value: what a cursor climbs through. The invariants are those of
//! `bump.rs`.

use crate::ALIGNMENT;
use crate::block::Block;
use core::ptr::NonNull;

/// Cursor and limit where no block is open: an aligned address without memory, and no room.
pub(crate) const CLOSED: NonNull<u8> = NonNull::<Nowhere>::dangling().cast();

#[repr(align(8))]
struct Nowhere;

const _: () = assert!(align_of::<Nowhere>() == ALIGNMENT);

/// A piece of a block with room to hand out, by value: whoever holds it may fill it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub(crate) cursor: NonNull<u8>,
    pub(crate) limit: NonNull<u8>,
    /// The block that it is a piece of; `None` where nothing is open.
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

/// What `Segment::carve` took.
pub(crate) struct Carved {
    pub(crate) at: NonNull<u8>,
    /// Bytes that the cursor moved beyond those asked for.
    pub(crate) slack: usize,
}

/// The bytes from `at` to the next multiple of `align`; none for alignments that every cursor has.
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

/// The address that many bytes above, which is still within the block or its end.
#[inline]
pub(crate) fn above(at: NonNull<u8>, bytes: usize) -> NonNull<u8> {
    let next = at.as_ptr().wrapping_add(bytes);
    // SAFETY: I1 and B3: the caller found that the bytes fit below the limit, so the address did
    // not wrap around to 0.
    unsafe { NonNull::new_unchecked(next) }
}
