//! CPython's debug counters.

/// What an arena has handed out and what it holds. CPython keeps these counters in a debug build;
/// here they exist in every build, under CPython's names.
///
/// CPython: Python/pyarena.c, `struct _arena` under `Py_DEBUG`.
///
/// # Examples
/// ```
/// let arena = py_arena::Arena::new();
/// arena.malloc(5).unwrap();
/// arena.malloc(9000).unwrap();
/// let stats = arena.stats();
/// assert_eq!((stats.total_allocs, stats.total_size), (2, 9005));
/// assert_eq!((stats.total_blocks, stats.total_block_size), (2, 8192 + 9000));
/// assert_eq!(stats.total_big_blocks, 1);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stats {
    /// Requests served since the arena was made or reset.
    pub total_allocs: usize,
    /// Bytes asked for in them, before rounding.
    pub total_size: usize,
    /// Blocks held, including those that a reset kept. An arena that was never used holds none;
    /// CPython's makes its first block at once.
    pub total_blocks: usize,
    /// The room in these blocks, without their headers.
    pub total_block_size: usize,
    /// Blocks with more room than [`DEFAULT_BLOCK_SIZE`](crate::DEFAULT_BLOCK_SIZE).
    pub total_big_blocks: usize,
}
