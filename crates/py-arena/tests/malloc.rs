//! `malloc` gives CPython's offsets, block for block.

use py_arena::{ALIGNMENT, AllocError, Arena, BlockPolicy, DEFAULT_BLOCK_SIZE, Stats};
use rstest::rstest;

/// The bytes before a block's payload.
const HEADER: usize = 4 * size_of::<usize>();

/// Where the request landed: the number of its block, counted from the first, and the offset.
fn places(arena: &Arena, sizes: &[usize]) -> Vec<(usize, usize)> {
    let mut blocks: Vec<usize> = Vec::new();
    let mut before = 0;
    let mut place = |&size: &usize| {
        let at = arena.malloc(size).unwrap().addr().get();
        let now = arena.stats().total_blocks;
        if now > before {
            blocks.push(at);
            before = now;
        }
        (blocks.len() - 1, at - blocks[blocks.len() - 1])
    };
    sizes.iter().map(&mut place).collect()
}

#[rstest]
#[case::zero_is_not_unique(&[0, 0, 1], &[(0, 0), (0, 0), (0, 0)])]
#[case::rounded_to_eight(&[1, 7, 8, 9, 1], &[(0, 0), (0, 8), (0, 16), (0, 24), (0, 40)])]
#[case::fills_exactly(&[8192, 0, 1], &[(0, 0), (0, 8192), (1, 0)])]
#[case::fills_in_two(&[8184, 8, 1], &[(0, 0), (0, 8184), (1, 0)])]
#[case::rounds_up_to_full(&[8185, 0, 8], &[(0, 0), (0, 8192), (1, 0)])]
#[case::part_used(&[8, 8191, 0, 8], &[(0, 0), (1, 0), (1, 8192), (2, 0)])]
#[case::one_off(&[8, 100_000, 8], &[(0, 0), (1, 0), (2, 0)])]
#[case::over_by_one(&[8, 8193, 0, 8], &[(0, 0), (1, 0), (1, 8200), (2, 0)])]
fn offsets_are_those_of_cpython(#[case] sizes: &[usize], #[case] expected: &[(usize, usize)]) {
    assert_eq!(places(&Arena::new(), sizes), expected);
}

#[test]
fn a_first_request_above_the_block_size_leaves_an_empty_block_behind() {
    let arena = Arena::new();
    let large = arena.malloc(8193).unwrap();
    let stats = arena.stats();
    assert_eq!(
        (stats.total_blocks, stats.total_block_size),
        (2, 8192 + 8200)
    );
    assert_eq!(stats.total_big_blocks, 1);
    assert_eq!(
        arena.malloc(0).unwrap().addr().get(),
        large.addr().get() + 8200
    );
}

#[rstest]
#[case(usize::MAX)]
#[case(usize::MAX - 1)]
#[case(usize::MAX - 2)]
#[case(usize::MAX - 6)]
#[case(usize::MAX - 7)]
#[case(isize::MAX as usize + 1)]
#[case(isize::MAX as usize)]
#[case(isize::MAX as usize - HEADER)]
#[case(isize::MAX as usize - HEADER - 8)]
fn a_size_that_overflows_is_an_error_and_changes_nothing(
    #[case] size: usize,
    #[values(BlockPolicy::Fixed(8192), BlockPolicy::GROWING)] policy: BlockPolicy,
    #[values(false, true)] used: bool,
) {
    let arena = Arena::with_policy(policy);
    let first = used.then(|| arena.malloc(24).unwrap());
    let (stats, bytes) = (arena.stats(), arena.allocated_bytes());
    assert_eq!(arena.malloc(size), Err(AllocError));
    assert_eq!((arena.stats(), arena.allocated_bytes()), (stats, bytes));
    let next = arena.malloc(8).unwrap();
    if let Some(first) = first {
        assert_eq!(next.addr().get() - first.addr().get(), 24);
    }
}

#[test]
fn the_counters_are_those_of_a_debug_build() {
    let arena = Arena::new();
    assert_eq!(arena.stats(), Stats::default());
    for size in [0, 1, 7, 8, 9, 8192, 8193, 100_000] {
        arena.malloc(size).unwrap();
    }
    let expected = Stats {
        total_allocs: 8,
        total_size: 1 + 7 + 8 + 9 + 8192 + 8193 + 100_000,
        total_blocks: 4,
        total_block_size: 8192 + 8192 + 8200 + 100_000,
        total_big_blocks: 2,
    };
    assert_eq!(arena.stats(), expected);
}

#[test]
fn every_result_is_aligned_and_apart_and_writable() {
    let arena = Arena::new();
    let sizes = [1, 7, 8, 9, 16, 17, 100, 3 * DEFAULT_BLOCK_SIZE];
    let mut taken: Vec<(usize, usize)> = Vec::new();
    for size in sizes.into_iter().cycle().take(200) {
        let memory = arena.malloc(size).unwrap();
        let at = memory.addr().get();
        assert_eq!(at % ALIGNMENT, 0);
        assert!(
            taken
                .iter()
                .all(|&(start, end)| at >= end || at + size <= start)
        );
        // SAFETY: the arena handed out that many bytes.
        unsafe { memory.write_bytes(0xAB, size) };
        taken.push((at, at + size));
    }
}

#[test]
fn a_fixed_size_is_rounded_up_to_the_alignment() {
    let arena = Arena::with_policy(BlockPolicy::Fixed(100));
    arena.malloc(104).unwrap();
    assert_eq!(arena.stats().total_block_size, 104);
}

#[rstest]
#[case(BlockPolicy::Fixed(0))]
#[case(BlockPolicy::Growing { first: 0, max: 10 })]
#[case(BlockPolicy::Growing { first: 11, max: 10 })]
fn a_policy_that_cannot_work_panics(#[case] policy: BlockPolicy) {
    let made = std::panic::catch_unwind(|| Arena::with_policy(policy));
    assert!(made.is_err());
}

#[test]
fn the_constructors_are_const() {
    const _: Arena = Arena::new();
    const _: Arena = Arena::with_policy(BlockPolicy::GROWING);
    const _: Arena<String> = Arena::with_objects();
    const _: Arena<String> = Arena::with_objects_and_policy(BlockPolicy::Fixed(1));
}

/// The seed project's TestRoundUp, as seen from outside.
#[rstest]
#[case(1, 8)]
#[case(7, 8)]
#[case(8, 8)]
#[case(9, 16)]
#[case(15, 16)]
#[case(16, 16)]
fn sizes_are_rounded_up_to_eight(#[case] size: usize, #[case] rounded: usize) {
    let arena = Arena::new();
    let first = arena.malloc(size).unwrap();
    let second = arena.malloc(1).unwrap();
    assert_eq!(second.addr().get() - first.addr().get(), rounded);
}

#[test]
fn many_small_requests_grow_the_list_of_blocks() {
    let arena = Arena::new();
    for _ in 0..4 * DEFAULT_BLOCK_SIZE / 8 {
        arena.malloc(8).unwrap();
    }
    assert_eq!(arena.stats().total_blocks, 4);
}
