//! The cache of free blocks that each thread keeps: a bounded number of bytes, given back to the
//! allocator when the thread ends.
//!
//! An arena that ends leaves its blocks here and the next one on this thread starts with them:
//! their pages are mapped and warm, where an allocator may have given them back to the system.
//! Blocks of one large request are not kept.
//!
//! Without the feature `std` there is no cache, and these functions answer so.
//!
//! # Invariants
//! - C1. A cached block is in no arena; its `next` belongs to the cache.
//! - C2. All blocks of a bin have the bin's payload, and `bytes` is the sum of their sizes.
//! - C3. Nothing is borrowed while the allocator runs, so that an allocator which itself uses an
//!   arena finds the cache in order.

use crate::block::{Block, List};
use core::cell::Cell;

/// The bytes that a thread's cache keeps at most, unless [`set_limit`] says otherwise.
///
/// # Examples
/// ```
/// assert_eq!(py_arena::cache::DEFAULT_LIMIT, 1 << 20);
/// ```
pub const DEFAULT_LIMIT: usize = 1 << 20;

const BINS: usize = 12;

struct Cache {
    bins: [Bin; BINS],
    bytes: Cell<usize>,
    limit: Cell<usize>,
}

struct Bin {
    payload: Cell<usize>,
    blocks: List,
}

impl Cache {
    #[cfg_attr(not(feature = "std"), allow(dead_code))]
    const fn new() -> Cache {
        Cache {
            bins: [const {
                Bin {
                    payload: Cell::new(0),
                    blocks: List::new(),
                }
            }; BINS],
            bytes: Cell::new(0),
            limit: Cell::new(DEFAULT_LIMIT),
        }
    }

    fn take(&self, payload: usize) -> Option<Block> {
        let bin = self.bins.iter().find(|b| b.payload.get() == payload)?;
        let block = bin.blocks.pop()?;
        self.bytes.set(self.bytes.get() - block.total());
        Some(block)
    }

    fn put(&self, block: Block) -> bool {
        let payload = block.payload();
        let bytes = self.bytes.get() + block.total();
        if bytes > self.limit.get() {
            return false;
        }
        let mut bins = self.bins.iter();
        let same = bins.clone().find(|b| b.payload.get() == payload);
        let Some(bin) = same.or_else(|| bins.find(|b| b.blocks.head().is_none())) else {
            return false;
        };
        bin.payload.set(payload);
        block.set_resume(block.start());
        bin.blocks.push(block);
        self.bytes.set(bytes);
        true
    }

    /// Frees the largest bins first, until no more than this many bytes are kept.
    fn trim(&self, bytes: usize) {
        while self.bytes.get() > bytes {
            let kept = self.bins.iter().filter(|b| b.blocks.head().is_some());
            let Some(bin) = kept.max_by_key(|b| b.payload.get()) else {
                return;
            };
            let Some(block) = bin.blocks.pop() else {
                return;
            };
            self.bytes.set(self.bytes.get() - block.total());
            // SAFETY: C1: the block is in no arena, and the cache has just forgotten it.
            unsafe { block.return_to_allocator() };
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

    /// Runs `f` on this thread's cache; `None` once the thread's destructors have ended it, and
    /// from then on blocks come from the allocator and go back to it.
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

/// A free block with exactly this payload.
pub(crate) fn take(payload: usize) -> Option<Block> {
    thread::with(|cache| cache.take(payload)).flatten()
}

/// Keeps the block, or says that it is not to be kept.
pub(crate) fn put(block: Block) -> bool {
    thread::with(|cache| cache.put(block)).unwrap_or(false)
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

/// Frees all that this thread's cache keeps.
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
