//! A claim takes the rest of the block, disturbs nothing, and gives back what is left.

use py_arena::{Arena, BlockPolicy};
use rstest::rstest;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

#[test]
fn a_dropped_claim_gives_the_rest_back() {
    let arena = Arena::new();
    let first = arena.malloc(8).unwrap().addr().get();
    let mut claim = arena.claim();
    let second = claim.malloc(16).unwrap().addr().get();
    drop(claim);
    let third = arena.malloc(8).unwrap().addr().get();
    assert_eq!((second - first, third - first), (8, 24));
    assert_eq!(arena.stats().total_blocks, 1);
}

#[rstest]
fn nothing_made_before_beside_or_through_a_claim_is_touched(
    #[values(
        BlockPolicy::Fixed(8192),
        BlockPolicy::Fixed(128),
        BlockPolicy::GROWING
    )]
    policy: BlockPolicy,
    #[values(1, 7, 300)] renew: usize,
) {
    let arena = Arena::with_policy(policy);
    let mut all: Vec<(&mut usize, &mut str)> = Vec::new();
    let rounds = if cfg!(miri) { 30 } else { 400 };
    for round in 0..rounds {
        let n = all.len();
        all.push((arena.alloc(n), arena.alloc_str(&n.to_string())));
        let mut claim = arena.claim();
        for _ in 0..round % renew + 1 {
            let n = all.len();
            all.push((claim.alloc(n), claim.alloc_str(&n.to_string())));
            let n = all.len();
            all.push((arena.alloc(n), arena.alloc_str(&n.to_string())));
        }
    }
    for (n, (value, text)) in all.iter_mut().enumerate() {
        assert_eq!(**value, n);
        assert_eq!(**text, *n.to_string());
        **value += 1;
    }
    assert_eq!(arena.stats().total_allocs, 2 * all.len());
}

#[test]
fn claims_in_turn_with_requests_of_the_arena_do_not_run_away() {
    let arena = Arena::with_policy(BlockPolicy::GROWING);
    for n in 0..10_000_u64 {
        let mut claim = arena.claim();
        claim.alloc(n);
        arena.alloc(n);
    }
    assert!(
        arena.allocated_bytes() < 600_000,
        "{} bytes",
        arena.allocated_bytes()
    );
}

#[test]
fn several_claims_do_not_overlap() {
    let arena = Arena::new();
    let (mut a, mut b, mut c) = (arena.claim(), arena.claim(), arena.claim());
    let mut seen = Vec::new();
    for n in 0..3000_usize {
        seen.push(match n % 3 {
            0 => a.alloc(n),
            1 => b.alloc(n),
            _ => c.alloc(n),
        });
    }
    drop((b, a, c));
    assert!(seen.iter().map(|n| **n).eq(0..3000));
    assert_eq!(arena.stats().total_size, 24_000);
}

#[test]
fn a_forgotten_claim_only_wastes() {
    let mut arena = Arena::new();
    for _ in 0..10 {
        let kept = arena.alloc(1);
        let mut claim = arena.claim();
        let claimed = claim.alloc(2);
        mem::forget(claim);
        let after = arena.alloc(3);
        assert_eq!((*kept, *claimed, *after), (1, 2, 3));
        arena.reset();
    }
    assert_eq!(arena.stats().total_blocks, 2);
}

#[test]
fn a_claim_moves_on_to_the_next_block_and_serves_large_requests() {
    for policy in [BlockPolicy::default(), BlockPolicy::GROWING] {
        let arena = Arena::with_policy(policy);
        let mut claim = arena.claim();
        let small: Vec<&mut u64> = (0..5000).map(|n| claim.alloc(n)).collect();
        let large = claim.alloc_slice_copy(&[7_u8; 50_000]);
        let text = claim.alloc_str(&"x".repeat(33));
        let made = claim.alloc_with(|| [1_u8; 100]);
        assert!(small.iter().map(|n| **n).eq(0..5000));
        assert_eq!((large.len(), text.len(), made[99]), (50_000, 33, 1));
        drop(claim);
        assert_eq!(arena.stats().total_allocs, 5003);
        assert_eq!(arena.stats().total_size, 40_000 + 50_000 + 33 + 100);
    }
}

#[test]
fn a_panic_while_a_claim_is_filled_gives_the_rest_back() {
    let arena = Arena::new();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let mut claim = arena.claim();
        claim.alloc(1);
        claim.alloc_with(|| -> u64 { panic!() });
    }));
    assert!(panicked.is_err());
    arena.alloc(2);
    assert_eq!(arena.stats().total_blocks, 1);
    assert_eq!(arena.stats().total_allocs, 3);
}

#[test]
fn a_claim_respects_the_limit() {
    let arena = Arena::new();
    arena.set_limit(Some(8300));
    let mut claim = arena.claim();
    let served = (0..2000)
        .take_while(|n| claim.try_alloc(*n as u64).is_ok())
        .count();
    assert_eq!(served, 1024);
    assert!(claim.try_alloc_str("no").is_err());
    assert!(claim.try_alloc_slice_copy(&[1]).is_err());
    assert!(claim.try_alloc_with(|| 1).is_err());
    let panicked = catch_unwind(AssertUnwindSafe(|| *claim.alloc(1_u8)));
    assert!(panicked.is_err());
}
