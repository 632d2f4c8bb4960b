//! The used parts of blocks: all that was handed out, in order where the policy promises it.

use py_arena::{Arena, ArenaVec, BlockPolicy};
use rstest::rstest;

/// The words in the used parts, oldest first.
fn words(arena: &Arena) -> Vec<u64> {
    let mut blocks: Vec<_> = arena.used_blocks().collect();
    blocks.reverse();
    let mut words = Vec::new();
    for used in blocks {
        // SAFETY: these tests allocate whole words only, all of them written, and none is borrowed.
        let block = unsafe { std::slice::from_raw_parts(used.as_ptr().cast(), used.len() / 8) };
        words.extend_from_slice(block);
    }
    words
}

#[rstest]
fn blocks_are_in_the_order_of_allocation_with_large_requests_between(
    #[values(
        BlockPolicy::Fixed(8192),
        BlockPolicy::Fixed(64),
        BlockPolicy::IN_ORDER
    )]
    policy: BlockPolicy,
    #[values(false, true)] claimed: bool,
) {
    let mut arena = Arena::with_policy(policy);
    // The second round runs in blocks that a reset kept.
    for _ in 0..2 {
        let mut n = 0;
        for size in [1, 3, 2000, 1, 500, 9000, 2, 1]
            .into_iter()
            .cycle()
            .take(if cfg!(miri) { 12 } else { 64 })
        {
            let values: Vec<u64> = (n..n + size).collect();
            n += size;
            if claimed {
                arena.claim().alloc_slice_copy(&values);
            } else {
                arena.alloc_slice_copy(&values);
            }
        }
        assert!(words(&arena).into_iter().eq(0..n));
        arena.reset();
        assert_eq!(arena.used_blocks().count(), 0);
    }
}

#[test]
fn what_a_scope_took_is_gone_after_it_and_there_within_it() {
    let arena = Arena::with_policy(BlockPolicy::IN_ORDER);
    arena.alloc(1_u64);
    arena.scope(|inner| {
        inner.alloc(2_u64);
        inner.alloc_slice_fill_copy(5000, 3_u64);
        assert_eq!(words(inner).len(), 5001);
        assert_eq!(words(inner)[0], 2);
    });
    arena.alloc(4_u64);
    assert_eq!(words(&arena), [1, 4]);
}

#[test]
fn a_claim_beside_the_arena_is_in_it_once_it_has_ended() {
    let arena = Arena::new();
    let claim = arena.claim();
    claim.alloc(1_u64);
    arena.alloc(2_u64);
    drop(claim);
    let mut all = words(&arena);
    all.sort_unstable();
    assert_eq!(all, [1, 2]);
}

#[test]
fn vectors_grow_among_other_requests_and_lose_nothing() {
    let arena = Arena::new();
    let mut first = ArenaVec::new_in(&arena);
    let mut second = ArenaVec::new_in(&arena);
    let count: u64 = if cfg!(miri) { 500 } else { 5000 };
    for n in 0..count {
        first.push(n);
        if n % 3 == 0 {
            second.push(arena.alloc_str("x").len() as u64);
        }
    }
    assert!(first.iter().copied().eq(0..count));
    let second = second.into_slice();
    assert_eq!(second.len() as u64, count.div_ceil(3));
    assert!(second.iter().all(|n| *n == 1));
    assert_eq!(first.pop(), Some(count - 1));
}

#[test]
fn a_closure_that_fails_leaves_nothing_and_grows_nothing() {
    let arena = Arena::new();
    for _ in 0..if cfg!(miri) { 30 } else { 10_000 } {
        assert!(arena.alloc_try_with(|| Err::<[u64; 500], ()>(())).is_err());
        assert!(
            arena
                .alloc_slice_try_fill_with(500, |i| (i < 400).then_some(1_u64).ok_or(()))
                .is_err()
        );
    }
    assert_eq!(
        (arena.stats().total_allocs, arena.stats().total_size),
        (0, 0)
    );
    assert_eq!(arena.stats().total_blocks, 1);
}

#[test]
fn a_box_drops_its_value_once() {
    let shared = std::rc::Rc::new(());
    let arena = Arena::new();
    let kept = arena.alloc_box(shared.clone());
    drop(arena.alloc_box(shared.clone()));
    assert_eq!(std::rc::Rc::strong_count(&shared), 2);
    drop(kept.into_inner());
    assert_eq!(std::rc::Rc::strong_count(&shared), 1);
}
