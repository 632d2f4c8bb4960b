//! The cache of free blocks that each thread keeps. It holds a bounded number of bytes, and gives
//! them back to the allocator when the thread ends.
//!
//! An arena that ends leaves its blocks here, and the next arena on this thread starts with them.
//! Their pages are mapped and warm; an allocator may have given them back to the system. Dedicated
//! blocks of large requests are not kept.
//!
//! Without the feature `std` there is no cache: the sizes are 0, and the other functions do
//! nothing.
//!
//! # Invariants
//! - C1. A cached block is in no arena. Its `next` belongs to the cache, and its `prev` is unused. It
//!   came from the program's allocator.
//! - C2. All blocks of a bin have the bin's payload, and `bytes` is the sum of their sizes.
//! - C3. Nothing is borrowed while the allocator runs. So an allocator that itself uses an arena
//!   finds the cache in order.

use crate::block::{ALIGNMENT, Block, Heap, List};
use crate::error::AllocError;
use core::cell::Cell;

/// The bytes that a thread's cache keeps at most, unless [`set_limit`] says otherwise: one block of
/// each size of [`BlockPolicy::GROWING`](crate::BlockPolicy::GROWING).
///
/// # Examples
/// ```
/// assert_eq!(py_arena::cache::DEFAULT_LIMIT, 2 << 20);
/// ```
pub const DEFAULT_LIMIT: usize = 2 << 20;

/// A power of two, so that a remainder is cheap.
const BINS: usize = 16;

struct Cache {
    /// The payload of each bin's blocks, side by side for a quick search.
    payloads: [Cell<usize>; BINS],
    heads: [Cell<Option<Block>>; BINS],
    /// The bin that was used last: most programs have arenas of one kind.
    last: Cell<usize>,
    bytes: Cell<usize>,
    limit: Cell<usize>,
}

impl Cache {
    #[cfg_attr(not(feature = "std"), allow(dead_code))]
    const fn new() -> Cache {
        Cache {
            payloads: [const { Cell::new(0) }; BINS],
            heads: [const { Cell::new(None) }; BINS],
            last: Cell::new(0),
            bytes: Cell::new(0),
            limit: Cell::new(DEFAULT_LIMIT),
        }
    }

    #[inline]
    fn bin_of(&self, payload: usize) -> Option<usize> {
        let last = self.last.get() % BINS;
        if self.payloads[last].get() == payload {
            return Some(last);
        }
        self.search(payload)
    }

    #[inline(never)]
    fn search(&self, payload: usize) -> Option<usize> {
        let bin = self.payloads.iter().position(|p| p.get() == payload)?;
        self.last.set(bin);
        Some(bin)
    }

    #[inline]
    fn pop(&self, bin: usize) -> Option<Block> {
        let block = self.heads[bin].get()?;
        self.heads[bin].set(block.next());
        self.bytes.set(self.bytes.get() - block.total());
        Some(block)
    }

    #[inline]
    fn take(&self, payload: usize) -> Option<Block> {
        self.pop(self.bin_of(payload)?)
    }

    /// A bin for blocks of this payload, of which there are none yet.
    #[cold]
    fn unused_bin(&self, payload: usize) -> Option<usize> {
        let bin = self.heads.iter().position(|head| head.get().is_none())?;
        self.payloads[bin].set(payload);
        Some(bin)
    }

    #[inline]
    fn put(&self, block: Block) -> bool {
        let payload = block.payload();
        let bytes = self.bytes.get() + block.total();
        if block.is_large() || bytes > self.limit.get() {
            return false;
        }
        let Some(bin) = self.bin_of(payload).or_else(|| self.unused_bin(payload)) else {
            return false;
        };
        block.set_next(self.heads[bin].get());
        self.heads[bin].set(Some(block));
        self.bytes.set(bytes);
        true
    }

    /// Frees blocks, the largest first, until no more than this many bytes are kept.
    fn trim(&self, bytes: usize) {
        // All blocks are taken out before the first is freed. Otherwise an allocator that uses an
        // arena in every call would put one block back for each that is freed.
        let mut chain = None;
        while self.bytes.get() > bytes {
            let kept = (0..BINS).filter(|&bin| self.heads[bin].get().is_some());
            let largest = kept.max_by_key(|&bin| self.payloads[bin].get());
            let Some(block) = largest.and_then(|bin| self.pop(bin)) else {
                break;
            };
            block.set_next(chain);
            chain = Some(block);
        }
        while let Some(block) = chain {
            chain = block.next();
            // SAFETY: C1: the block is in no arena, and the cache no longer holds it.
            unsafe { block.return_to_allocator(None) };
        }
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        self.trim(0);
    }
}

#[cfg(feature = "std")]
mod thread {
    use super::Cache;

    std::thread_local! {
        static CACHE: Cache = const { Cache::new() };
    }

    /// Runs `f` on this thread's cache. `None` if the thread's destructors have ended the cache;
    /// then blocks come from the allocator and go back to it.
    #[inline]
    pub(super) fn with<R>(f: impl FnOnce(&Cache) -> R) -> Option<R> {
        CACHE.try_with(f).ok()
    }
}

#[cfg(not(feature = "std"))]
mod thread {
    use super::Cache;

    /// There is no thread to keep a cache for.
    #[inline]
    pub(super) fn with<R>(_: impl FnOnce(&Cache) -> R) -> Option<R> {
        None
    }
}

/// Gets a block from this thread's cache, or from the heap of an arena that has one of its own, or
/// from the allocator. `payload` is a multiple of 8.
#[inline]
pub(crate) fn allocate(payload: usize, large: bool, heap: Heap) -> Result<Block, AllocError> {
    debug_assert!(payload % ALIGNMENT == 0 && payload > 0);
    if !large && heap.is_none() {
        if let Some(block) = take(payload) {
            return Ok(block);
        }
    }
    Block::from_allocator(payload, large, heap)
}

/// Gets a block from this thread's cache.
#[inline]
pub(crate) fn take(payload: usize) -> Option<Block> {
    let block = thread::with(|cache| cache.take(payload)).flatten()?;
    block.set_resume(block.start());
    Some(block)
}

/// Hands a block to this thread's cache or back to the allocator.
///
/// # Safety
/// The block is in no list, and neither a copy of this handle nor a pointer into the payload is used
/// again. It came from `heap`.
#[inline]
pub(crate) unsafe fn free(block: Block, heap: Heap) {
    // Another heap's blocks do not come here (C1).
    let kept = heap.is_none() && thread::with(|cache| cache.put(block)).unwrap_or(false);
    if !kept {
        // SAFETY: the caller promised that the block is in no list and not used again, and the
        // cache did not take it.
        unsafe { block.return_to_allocator(heap) };
    }
}

/// Frees all blocks of a list, oldest first if they were pushed in that order. The cache then keeps
/// the small ones, with which every arena starts.
///
/// # Safety
/// No pointer into any of them is used again. They came from `heap`.
#[inline]
pub(crate) unsafe fn free_all(list: &List, heap: Heap) {
    if let Some(newest) = list.forget() {
        match newest.next() {
            // SAFETY: the caller promised that no pointer into it is used again, and the list no
            // longer holds the block.
            None => unsafe { free(newest, heap) },
            // SAFETY: the caller promised that no pointer into any of them is used again, and the
            // list no longer holds them.
            Some(_) => unsafe { free_chain(newest, heap) },
        }
    }
}

/// Frees a chain of blocks that no list holds any more, from the last block back to `first`.
///
/// # Safety
/// No pointer into any of them is used again. They came from `heap`.
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
        unsafe { free(block, heap) };
    }
}

/// The bytes that this thread's cache keeps now, the blocks' headers included; 0 without the
/// feature `std`.
///
/// # Examples
/// ```
/// use py_arena::{Arena, cache};
///
/// Arena::new().alloc(1);
/// assert!(cache::bytes() <= cache::limit());
/// ```
#[must_use]
pub fn bytes() -> usize {
    thread::with(|cache| cache.bytes.get()).unwrap_or(0)
}

/// The bytes that this thread's cache keeps at most; 0 without the feature `std`.
///
/// # Examples
/// ```
/// # #[cfg(feature = "std")]
/// assert_eq!(py_arena::cache::limit(), py_arena::cache::DEFAULT_LIMIT);
/// ```
#[must_use]
pub fn limit() -> usize {
    thread::with(|cache| cache.limit.get()).unwrap_or(0)
}

/// Sets how many bytes this thread's cache keeps at most, and frees what is above. Zero turns the
/// cache of this thread off.
///
/// # Examples
/// ```
/// use py_arena::{Arena, cache};
///
/// cache::set_limit(0);
/// Arena::new().alloc(1);
/// assert_eq!(cache::bytes(), 0);
/// ```
pub fn set_limit(bytes: usize) {
    thread::with(|cache| {
        cache.limit.set(bytes);
        cache.trim(bytes);
    });
}

/// Frees all blocks of this thread's cache.
///
/// # Examples
/// ```
/// use py_arena::{Arena, cache};
///
/// Arena::new().alloc(1);
/// cache::clear();
/// assert_eq!(cache::bytes(), 0);
/// ```
pub fn clear() {
    thread::with(|cache| cache.trim(0));
}
