//! How large an arena makes its blocks.

use crate::block::{HEADER, round_up};

/// The payload in bytes of a block under the default policy.
///
/// CPython: Python/pyarena.c, `DEFAULT_BLOCK_SIZE`.
///
/// # Examples
/// ```
/// let arena = py_arena::Arena::new();
/// arena.alloc(1);
/// assert_eq!(arena.stats().total_block_size, py_arena::DEFAULT_BLOCK_SIZE);
/// ```
pub const DEFAULT_BLOCK_SIZE: usize = 8192;

/// How large an arena makes its blocks.
///
/// # Examples
/// ```
/// use py_arena::{Arena, BlockPolicy};
///
/// let cpython = Arena::new();
/// assert_eq!(cpython.policy(), BlockPolicy::Fixed(8192));
/// let fast = Arena::with_policy(BlockPolicy::GROWING);
/// assert_eq!(fast.policy(), BlockPolicy::Growing { first: 8192, max: 1 << 20 });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlockPolicy {
    /// Every block has room for this many bytes, rounded up to [`ALIGNMENT`](crate::ALIGNMENT),
    /// beside its header. A larger request gets a block of its own size, which becomes the current
    /// block; the free room of the block before is given up. With [`DEFAULT_BLOCK_SIZE`] the blocks
    /// are those of CPython.
    ///
    /// To make an arena with `Fixed(0)` panics.
    Fixed(usize),
    /// Blocks double from `first` to `max` bytes, header included. So a small arena stays small,
    /// and a large one seldom calls the allocator. A request above a quarter of the next block gets
    /// a dedicated block, and the current block stays in use.
    ///
    /// To make an arena with it panics if `first` is 0 or `max` is below `first`.
    Growing {
        /// The first block's size in bytes.
        first: usize,
        /// The largest size of a block in bytes, except for a single larger request.
        max: usize,
    },
    /// As `Growing`, with one promise more: blocks are filled in the order in which they were
    /// opened, and each from its start to its end. So [`used_blocks`](crate::Arena::used_blocks)
    /// shows values in the order of allocation. A large request therefore gets the next block,
    /// which is made large enough, and the free room of the block before is given up. `Fixed` keeps
    /// the same promise; `Growing` does not.
    ///
    /// The order is that of a single user: the arena, or one claim. Room that a claim or a scope
    /// leaves free, while the arena serves other requests, is filled later.
    ///
    /// To make an arena with it panics if `first` is 0 or `max` is below `first`.
    InOrder {
        /// The first block's size in bytes.
        first: usize,
        /// The size in bytes that blocks do not pass, but for a single larger request.
        max: usize,
    },
}

impl BlockPolicy {
    /// From 8 KiB to 1 MiB. Uncapped doubling is slower: an allocator serves blocks of many
    /// megabytes with fresh pages each time.
    ///
    /// # Examples
    /// ```
    /// use py_arena::{Arena, BlockPolicy};
    ///
    /// let arena = Arena::with_policy(BlockPolicy::GROWING);
    /// for n in 0..10_000_u64 {
    ///     arena.alloc(n);
    /// }
    /// assert!(arena.stats().total_blocks <= 4);
    /// ```
    pub const GROWING: BlockPolicy = BlockPolicy::Growing {
        first: DEFAULT_BLOCK_SIZE,
        max: 1 << 20,
    };

    /// As [`GROWING`](BlockPolicy::GROWING), filled in the order of allocation.
    ///
    /// # Examples
    /// ```
    /// use py_arena::{Arena, BlockPolicy};
    ///
    /// let arena = Arena::with_policy(BlockPolicy::IN_ORDER);
    /// arena.alloc([1_u8; 8000]);
    /// arena.alloc([2_u8; 100_000]);
    /// arena.alloc([3_u8; 8]);
    /// let newest = arena.used_blocks().next().unwrap();
    /// assert_eq!(newest.len(), 8);
    /// ```
    pub const IN_ORDER: BlockPolicy = BlockPolicy::InOrder {
        first: DEFAULT_BLOCK_SIZE,
        max: 1 << 20,
    };

    /// Panics for a policy that cannot work. For an arena in a constant, that is a compile error.
    #[inline]
    pub(crate) const fn checked(self) -> BlockPolicy {
        match self {
            BlockPolicy::Fixed(0) => panic!("BlockPolicy::Fixed(0): a block needs room"),
            BlockPolicy::Growing { first: 0, .. } => {
                panic!("BlockPolicy::Growing: the first block needs room")
            }
            BlockPolicy::Growing { first, max } if max < first => {
                panic!("BlockPolicy::Growing: max is below first")
            }
            BlockPolicy::InOrder { first: 0, .. } => {
                panic!("BlockPolicy::InOrder: the first block needs room")
            }
            BlockPolicy::InOrder { first, max } if max < first => {
                panic!("BlockPolicy::InOrder: max is below first")
            }
            valid => valid,
        }
    }

    /// The payload of the next regular block of an arena whose blocks have `held` bytes of payload,
    /// or `None` if it cannot be represented.
    pub(crate) fn next_payload(self, held: usize) -> Option<usize> {
        match self {
            BlockPolicy::Fixed(size) => round_up(size),
            BlockPolicy::Growing { first, max } | BlockPolicy::InOrder { first, max } => {
                // An empty arena gets the first size, even if that is smaller than a header.
                let held = if held == 0 { 0 } else { held + HEADER };
                let mut size = first;
                while size <= held && size < max {
                    size = size.saturating_mul(2);
                }
                round_up(size.min(max).saturating_sub(HEADER).max(1))
            }
        }
    }
}

/// CPython's blocks: `Fixed(DEFAULT_BLOCK_SIZE)`.
impl Default for BlockPolicy {
    fn default() -> BlockPolicy {
        BlockPolicy::Fixed(DEFAULT_BLOCK_SIZE)
    }
}
