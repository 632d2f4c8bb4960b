//! A block: a header and then the payload, in one allocation. Only this file calls the allocator: the
//! program's, or the heap that the arena was made with. An arena gets its blocks through the
//! [`cache`](crate::cache).
//!
//! ```text
//! Block -> | next | prev | resume | size+flag | payload ....................... |
//!          ^ the allocation, aligned to 16     ^ start(), aligned to 16          ^ end()
//! ```
//!
//! # Invariants
//! - B1. A `Block` is live from `Block::from_allocator` until `Block::return_to_allocator`. No copy
//!   of it is used after.
//! - B2. Every pointer into a block derives from the pointer that the allocator returned, so it may
//!   access the whole block. No reference to a header or to a payload is kept.
//! - B3. The payload is a multiple of 8 and ends at least `FAST_MAX` below the top of the address
//!   space, so that adding a constant size to a cursor inside cannot wrap around.
//! - B4. A block is in one `List` at most, and `next` and `prev` belong to that list.
//! - B5. A block goes back to the heap that it came from: the owner of a list has one `Heap` for its
//!   whole life, and a cached block is the program's allocator's.

use crate::error::AllocError;
use alloc_crate::alloc::{alloc, dealloc};
use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use core::ptr::{self, NonNull};

/// What every request is rounded up to, and every result is aligned to, in bytes.
///
/// CPython: Python/pyarena.c, `ALIGNMENT`.
///
/// # Examples
/// ```
/// let arena = py_arena::Arena::new();
/// let first = arena.malloc(1).unwrap();
/// let second = arena.malloc(1).unwrap();
/// assert_eq!(second.addr().get() - first.addr().get(), py_arena::ALIGNMENT);
/// ```
pub const ALIGNMENT: usize = 8;

/// What precedes the payload of each block.
pub(crate) const HEADER: usize = size_of::<Header>();

/// What every payload is aligned to.
pub(crate) const BLOCK_ALIGN: usize = align_of::<Header>();

/// The largest constant size that the fast path serves.
pub(crate) const FAST_MAX: usize = 16 * 1024;

/// Set in `size_and_flag` of a block for one large request. Such a block is neither kept nor
/// cached.
const LARGE: usize = 1;

/// Where blocks come from. `None` is the program's allocator, with this thread's cache before it.
pub(crate) type Heap = Option<&'static (dyn GlobalAlloc + Sync)>;

#[repr(C, align(16))]
struct Header {
    next: *mut Header,
    prev: *mut Header,
    resume: *mut u8,
    size_and_flag: usize,
}

/// A handle on a block; a plain pointer that may be copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block(NonNull<Header>);

/// The size rounded up to `ALIGNMENT`, or `None` if that cannot be represented or allocated.
#[inline]
pub(crate) const fn round_up(size: usize) -> Option<usize> {
    if size > isize::MAX as usize - (ALIGNMENT - 1) {
        return None;
    }
    Some((size + (ALIGNMENT - 1)) & !(ALIGNMENT - 1))
}

fn layout(payload: usize) -> Option<Layout> {
    let total = payload.checked_add(HEADER)?;
    Layout::from_size_align(total, BLOCK_ALIGN).ok()
}

/// Memory from a heap.
///
/// # Safety
/// The layout is not empty.
pub(crate) unsafe fn memory_of(layout: Layout, heap: Heap) -> Result<NonNull<u8>, AllocError> {
    let memory = match heap {
        // SAFETY: the caller promises that the layout is not empty.
        None => unsafe { alloc(layout) },
        // SAFETY: the layout is not empty, which is all that `GlobalAlloc::alloc` asks.
        Some(heap) => unsafe { heap.alloc(layout) },
    };
    NonNull::new(memory).ok_or(AllocError)
}

/// Gives it back.
///
/// # Safety
/// It is of this layout and heap, and is not used again.
pub(crate) unsafe fn give_back(memory: NonNull<u8>, layout: Layout, heap: Heap) {
    match heap {
        // SAFETY: the caller promises that `memory` is of this allocator by this layout, and unused
        // from now on.
        None => unsafe { dealloc(memory.as_ptr(), layout) },
        // SAFETY: this `heap` gave `memory` by this layout, by the same promise.
        Some(heap) => unsafe { heap.dealloc(memory.as_ptr(), layout) },
    }
}

impl Block {
    /// Gets a block from the heap. `payload` is a multiple of 8.
    #[cold]
    #[inline(never)]
    pub(crate) fn from_allocator(
        payload: usize,
        large: bool,
        heap: Heap,
    ) -> Result<Block, AllocError> {
        let layout = layout(payload).ok_or(AllocError)?;
        // SAFETY: the layout is never empty, it holds a header.
        let memory = unsafe { memory_of(layout, heap) }?;
        let header = memory.cast::<Header>();
        let start = memory.as_ptr().wrapping_add(HEADER);
        let value = Header {
            next: ptr::null_mut(),
            prev: ptr::null_mut(),
            resume: start,
            size_and_flag: payload | if large { LARGE } else { 0 },
        };
        // SAFETY: the allocation is fresh, large enough for a header and aligned for one.
        unsafe { header.write(value) };
        let block = Block(header);
        if start.addr().checked_add(payload + FAST_MAX).is_none() {
            // SAFETY: the block was allocated above, and no other code has seen it.
            unsafe { block.return_to_allocator(heap) };
            return Err(AllocError);
        }
        Ok(block)
    }

    /// Gives the block back to the heap that it came from.
    ///
    /// # Safety
    /// The block is in no list, and neither a copy of this handle nor a pointer into the payload
    /// is used again.
    #[cold]
    #[inline(never)]
    pub(crate) unsafe fn return_to_allocator(self, heap: Heap) {
        let total = self.total();
        // SAFETY: B2 and B5: this is the pointer that the heap returned; the size and alignment are
        // those it was asked for, which `from_allocator` found valid.
        unsafe {
            let layout = Layout::from_size_align_unchecked(total, BLOCK_ALIGN);
            give_back(self.0.cast(), layout, heap);
        }
    }

    /// The bytes of payload.
    pub(crate) fn payload(self) -> usize {
        // SAFETY: B1: the header is live.
        unsafe { (*self.0.as_ptr()).size_and_flag & !LARGE }
    }

    /// The bytes that the allocator gave for it.
    pub(crate) fn total(self) -> usize {
        self.payload() + HEADER
    }

    /// Whether it was made for one large request.
    pub(crate) fn is_large(self) -> bool {
        // SAFETY: B1: the header is live.
        unsafe { (*self.0.as_ptr()).size_and_flag & LARGE != 0 }
    }

    /// The first byte of the payload.
    pub(crate) fn start(self) -> NonNull<u8> {
        // SAFETY: B2: the header is followed by the payload in the same allocation.
        unsafe { self.0.cast::<u8>().add(HEADER) }
    }

    /// The byte after the payload.
    pub(crate) fn end(self) -> NonNull<u8> {
        // SAFETY: B2: the payload is that long.
        unsafe { self.start().add(self.payload()) }
    }

    /// For a block that is not being filled: the end of its used part, which is its start if the
    /// block is empty.
    pub(crate) fn resume(self) -> NonNull<u8> {
        // SAFETY: B1: the header is live, and `resume` is only ever set from a `NonNull`.
        unsafe { NonNull::new_unchecked((*self.0.as_ptr()).resume) }
    }

    pub(crate) fn set_resume(self, at: NonNull<u8>) {
        // SAFETY: B1: the header is live.
        unsafe { (*self.0.as_ptr()).resume = at.as_ptr() }
    }

    /// The block after this one in its list (the next older one).
    pub(crate) fn next(self) -> Option<Block> {
        // SAFETY: B1: the header is live.
        NonNull::new(unsafe { (*self.0.as_ptr()).next }).map(Block)
    }

    /// The block before this one in its list (the next newer one).
    pub(crate) fn prev(self) -> Option<Block> {
        // SAFETY: B1: the header is live.
        NonNull::new(unsafe { (*self.0.as_ptr()).prev }).map(Block)
    }

    pub(crate) fn set_next(self, next: Option<Block>) {
        // SAFETY: B1: the header is live.
        unsafe { (*self.0.as_ptr()).next = raw(next) }
    }

    fn set_prev(self, prev: Option<Block>) {
        // SAFETY: B1: the header is live.
        unsafe { (*self.0.as_ptr()).prev = raw(prev) }
    }
}

fn raw(block: Option<Block>) -> *mut Header {
    block.map_or(ptr::null_mut(), |b| b.0.as_ptr())
}

/// Blocks, newest first, doubly linked through their headers.
#[derive(Debug)]
pub(crate) struct List(Cell<Option<Block>>);

impl List {
    pub(crate) const fn new() -> List {
        List(Cell::new(None))
    }

    #[inline]
    pub(crate) fn head(&self) -> Option<Block> {
        self.0.get()
    }

    pub(crate) fn push(&self, block: Block) {
        let head = self.0.get();
        block.set_prev(None);
        block.set_next(head);
        if let Some(head) = head {
            head.set_prev(Some(block));
        }
        self.0.set(Some(block));
    }

    pub(crate) fn pop(&self) -> Option<Block> {
        let block = self.0.get()?;
        self.remove(block);
        Some(block)
    }

    /// Takes a block out; it must be in this list (B4).
    pub(crate) fn remove(&self, block: Block) {
        let (next, prev) = (block.next(), block.prev());
        match prev {
            Some(prev) => prev.set_next(next),
            None => self.0.set(next),
        }
        if let Some(next) = next {
            next.set_prev(prev);
        }
    }

    /// The blocks, newest first. The list must not change meanwhile.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Block> {
        core::iter::successors(self.head(), |block| block.next())
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.get().is_none()
    }

    /// Takes all blocks out of the list, and gives the newest, from which `next` leads to the others.
    #[inline]
    pub(crate) fn forget(&self) -> Option<Block> {
        let newest = self.0.get();
        if newest.is_some() {
            self.0.set(None);
        }
        newest
    }
}
