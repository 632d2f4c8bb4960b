//! A request that is refused changes nothing, and one that passes room over leaves it there.

use py_arena::{Arena, BlockPolicy, Owned};
use rstest::rstest;
use std::alloc::Layout;

const POLICIES: [BlockPolicy; 3] = [
    BlockPolicy::Fixed(8192),
    BlockPolicy::GROWING,
    BlockPolicy::IN_ORDER,
];

/// An arena whose open block is full, with the rest of another block that a claim gave back, and a
/// limit that allows no third one. Says how much is left there.
fn with_a_rest(policy: BlockPolicy) -> (Arena<Owned>, usize) {
    let arena = Arena::with_objects_and_policy(policy);
    let claim = arena.claim();
    claim.alloc([0_u8; 1000]);
    arena.alloc([0_u8; 8]);
    drop(claim);
    while arena.remaining_capacity() > 0 {
        let most = arena.remaining_capacity().min(1000);
        arena.alloc_layout(Layout::from_size_align(most, 8).unwrap());
    }
    arena.set_limit(Some(arena.allocated_bytes()));
    let used: usize = arena.used_blocks().map(|used| used.len()).sum();
    let rest = arena.block_bytes() - used;
    assert!(rest >= 7000);
    (arena, rest)
}

type Refused = fn(&Arena<Owned>) -> bool;

const REFUSED: [(&str, Refused); 8] = [
    ("malloc", |a| a.malloc(7500).is_err()),
    ("malloc more than a block", |a| a.malloc(30_000).is_err()),
    ("layout", |a| {
        a.try_alloc_layout(Layout::from_size_align(4000, 8192).unwrap())
            .is_err()
    }),
    ("value", |a| a.try_alloc([0_u8; 7500]).is_err()),
    ("slice", |a| a.try_alloc_slice_copy(&[0_u8; 7500]).is_err()),
    ("claim", |a| a.claim().malloc(7500).is_err()),
    ("object", |a| a.try_alloc_object(String::new()).is_err()),
    ("object in a scope", |a| {
        a.scope(|s| s.try_alloc_object(String::new()).is_err())
    }),
];

#[rstest]
fn a_refused_request_leaves_the_room_of_partial_blocks(
    #[values(0, 1, 2)] policy: usize,
    #[values(0, 1, 2, 3, 4, 5, 6, 7)] refused: usize,
) {
    let (arena, rest) = with_a_rest(POLICIES[policy]);
    let before = (arena.stats(), arena.allocated_bytes(), arena.block_bytes());
    let (what, request) = REFUSED[refused];
    assert!(request(&arena), "{what} was served");
    let after = (arena.stats(), arena.allocated_bytes(), arena.block_bytes());
    assert_eq!(after, before, "{what}");
    // All of it can still be had, in pieces.
    let mut left = rest;
    while left > 0 {
        let piece = left.min(1000);
        assert!(
            arena.malloc(piece).is_ok(),
            "{what}: {left} bytes were lost"
        );
        left -= piece;
    }
    assert!(arena.malloc(1).is_err());
}

#[rstest]
fn a_larger_request_that_is_served_elsewhere_leaves_it_too(#[values(0, 1, 2)] policy: usize) {
    let (arena, rest) = with_a_rest(POLICIES[policy]);
    arena.set_limit(None);
    arena.malloc(7800).unwrap();
    while arena.remaining_capacity() > 0 {
        arena.malloc(arena.remaining_capacity().min(8)).unwrap();
    }
    let blocks = arena.stats().total_blocks;
    arena.malloc(rest.min(1000)).unwrap();
    assert_eq!(arena.stats().total_blocks, blocks);
}

#[test]
fn a_refused_object_gives_the_slot_of_its_record_back() {
    let arena: Arena<Owned> = Arena::with_objects();
    arena.set_limit(Some(2000));
    let before = arena.allocated_bytes();
    assert!(arena.try_alloc_object([0_u8; 5000]).is_err());
    assert_eq!(arena.allocated_bytes(), before);
    assert_eq!(arena.objects().len(), 0);
    arena.set_limit(None);
    arena.alloc_object(String::from("kept"));
    assert_eq!(arena.objects().len(), 1);
}

#[test]
fn a_claim_is_served_from_the_open_block_before_it_is_refused() {
    let arena = Arena::new();
    let claim = arena.claim();
    claim.alloc([0_u8; 8000]);
    arena.alloc(1_u8);
    arena.set_limit(Some(arena.allocated_bytes()));
    claim.alloc([2_u8; 4000]);
    assert_eq!(arena.remaining_capacity(), 0);
}

#[test]
fn a_large_request_is_served_from_a_kept_block_before_it_is_refused() {
    let mut arena = Arena::with_policy(BlockPolicy::GROWING);
    for n in 0..50_000_u64 {
        arena.alloc(n);
    }
    arena.reset();
    arena.set_limit(Some(arena.allocated_bytes()));
    let kept = arena.stats().total_block_size;
    assert!(arena.malloc(30_000).is_ok());
    assert_eq!(arena.stats().total_block_size, kept);
}
