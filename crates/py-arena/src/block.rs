//! A block: a header and then the payload, in one allocation. Only this file calls the allocator (and
//! the cache, through it): the program's, or the heap that the arena was made with.
//!
//! ```text
//! Block -> | next | prev | resume | size+flag | payload ....................... |
//!          ^ the allocation, aligned to 16     ^ start(), aligned to 16          ^ end()
//! ```
//!
//! # Invariants
//! - B1. A `Block` is live from `Block::allocate` until `Block::free`. No copy of it is used after.
//! - B2. Every pointer into a block derives from the pointer that the allocator returned, so it may
//!   access the whole block. No reference to a header or to a payload is kept.
//! - B3. The payload is a multiple of 8 and ends at least `FAST_MAX` below the top of the address
//!   space, so that adding a constant size to a cursor inside cannot wrap around.
//! - B4. A block is in one `List` at most, and `next` and `prev` belong to that list.
//! - B5. A block goes back to the heap that it came from: the owner of a list has one `Heap` for its
//!   whole life, and a cached block is the program's allocator's.

use crate::error::AllocError;
use crate::{ALIGNMENT, cache};
use alloc_crate::alloc::{alloc, dealloc};
use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use core::ptr::{self, NonNull};

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
        // SAFETY: the caller's promise.
        None => unsafe { alloc(layout) },
        // SAFETY: likewise.
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
        // SAFETY: the caller's promise.
        None => unsafe { dealloc(memory.as_ptr(), layout) },
        // SAFETY: likewise.
        Some(heap) => unsafe { heap.dealloc(memory.as_ptr(), layout) },
    }
}

impl Block {
    /// Gets a block from this thread's cache or from the allocator. `payload` is a multiple of 8.
    #[inline]
    pub(crate) fn allocate(payload: usize, large: bool, heap: Heap) -> Result<Block, AllocError> {
        debug_assert!(payload % ALIGNMENT == 0 && payload > 0);
        if !large && heap.is_none() {
            if let Some(block) = Block::from_cache(payload) {
                return Ok(block);
            }
        }
        Block::from_allocator(payload, large, heap)
    }

    /// Gets a block from this thread's cache.
    #[inline]
    pub(crate) fn from_cache(payload: usize) -> Option<Block> {
        let block = cache::take(payload)?;
        block.set_resume(block.start());
        Some(block)
    }

    #[cold]
    #[inline(never)]
    fn from_allocator(payload: usize, large: bool, heap: Heap) -> Result<Block, AllocError> {
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

    /// Hands the block to this thread's cache or back to the allocator.
    ///
    /// # Safety
    /// The block is in no list, and neither a copy of this handle nor a pointer into the payload
    /// is used again. B5: `heap` is the one that it came from.
    #[inline]
    pub(crate) unsafe fn free(self, heap: Heap) {
        if heap.is_some() || !cache::put(self) {
            // SAFETY: the caller promised that the block is in no list and not used again, and the
            // cache did not take it.
            unsafe { self.return_to_allocator(heap) };
        }
    }

    /// As `free`, without the cache.
    ///
    /// # Safety
    /// The block is in no list, and neither a copy of this handle nor a pointer into the payload
    /// is used again.
    #[cold]
    #[inline(never)]
    pub(crate) unsafe fn return_to_allocator(self, heap: Heap) {
        let total = self.total();
        // SAFETY: B2 and B5: this is the pointer that the heap returned; the size and alignment are
        // those it was asked for, which `allocate` found valid.
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

    /// Frees all blocks, oldest first if they were pushed in that order. The cache then keeps the
    /// small ones, with which every arena starts.
    ///
    /// # Safety
    /// No pointer into any of them is used again. B5: they came from `heap`.
    #[inline]
    pub(crate) unsafe fn free_all(&self, heap: Heap) {
        if let Some(newest) = self.0.get() {
            self.0.set(None);
            match newest.next() {
                // SAFETY: the caller promised that no pointer into it is used again, and the list
                // no longer holds the block.
                None => unsafe { newest.free(heap) },
                // SAFETY: the caller promised that no pointer into any of them is used again, and
                // the list no longer holds them.
                Some(_) => unsafe { free_chain(newest, heap) },
            }
        }
    }
}

/// Frees a chain of blocks that no list holds any more, from the last block back to `first`.
///
/// # Safety
/// No pointer into any of them is used again.
#[cold]
#[inline(never)]
unsafe fn free_chain(first: Block, heap: Heap) {
    let mut last = first;
    while let Some(next) = last.next() {
        last = next;
    }
    let mut rest = Some(last);
    while let Some(block) = rest {
        rest = block.prev();
        // SAFETY: the caller promised that no pointer into the block is used again, and it is in no
        // list.
        unsafe { block.free(heap) };
    }
}
