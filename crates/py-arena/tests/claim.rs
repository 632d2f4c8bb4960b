//! A claim takes the rest of the block, disturbs nothing, and gives back what is left.

use py_arena::{Arena, BlockPolicy};
use rstest::rstest;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

#[test]
fn a_dropped_claim_gives_the_rest_back() {
    let arena = Arena::new();
    let first = arena.malloc(8).unwrap().addr().get();
    let claim = arena.claim();
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
        let claim = arena.claim();
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
    for n in 0..if cfg!(miri) { 500 } else { 10_000 } {
        let claim = arena.claim();
        claim.alloc(n);
        arena.alloc(n);
    }
    assert!(
        // Twice what the values take, as doubling blocks may; what runs away takes a block each.
        arena.allocated_bytes() < if cfg!(miri) { 65_536 } else { 600_000 },
        "{} bytes",
        arena.allocated_bytes()
    );
}

#[test]
fn several_claims_do_not_overlap() {
    let arena = Arena::new();
    let (a, b, c) = (arena.claim(), arena.claim(), arena.claim());
    let mut seen = Vec::new();
    let values = if cfg!(miri) { 300 } else { 3000 };
    for n in 0..values {
        seen.push(match n % 3 {
            0 => a.alloc(n),
            1 => b.alloc(n),
            _ => c.alloc(n),
        });
    }
    drop((b, a, c));
    assert!(seen.iter().map(|n| **n).eq(0..values));
    assert_eq!(arena.stats().total_size, values * size_of::<usize>());
}

#[test]
fn a_forgotten_claim_only_wastes() {
    let mut arena = Arena::new();
    for _ in 0..10 {
        let kept = arena.alloc(1);
        let claim = arena.claim();
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
    // More than a block holds.
    let count = if cfg!(miri) { 1500 } else { 5000 };
    for policy in [BlockPolicy::default(), BlockPolicy::GROWING] {
        let arena = Arena::with_policy(policy);
        let claim = arena.claim();
        let small: Vec<&mut u64> = (0..count).map(|n| claim.alloc(n)).collect();
        let large = claim.alloc_slice_copy(&[7_u8; 50_000]);
        let text = claim.alloc_str(&"x".repeat(33));
        let made = claim.alloc_with(|| [1_u8; 100]);
        assert!(small.iter().map(|n| **n).eq(0..count));
        assert_eq!((large.len(), text.len(), made[99]), (50_000, 33, 1));
        drop(claim);
        let stats = arena.stats();
        assert_eq!(stats.total_allocs, count as usize + 3);
        assert_eq!(stats.total_size, 8 * count as usize + 50_000 + 33 + 100);
    }
}

#[test]
fn a_panic_while_a_claim_is_filled_gives_the_rest_back() {
    let arena = Arena::new();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let claim = arena.claim();
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
    let claim = arena.claim();
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

#[test]
fn one_call_of_a_claim_may_be_the_argument_of_another() {
    let arena = Arena::new();
    let claim = arena.claim();
    let pair = claim.alloc((claim.alloc(1), claim.alloc_with(|| claim.alloc(2))));
    assert_eq!((*pair.0, **pair.1), (1, 2));
}

#[rstest]
fn slices_of_a_claim_are_those_of_an_arena(
    #[values(BlockPolicy::Fixed(64), BlockPolicy::Fixed(8192), BlockPolicy::GROWING)]
    policy: BlockPolicy,
    #[values(0, 1, 5, 100, 3000)] n: usize,
) {
    let n = if cfg!(miri) { n.min(100) } else { n };
    let arena = Arena::with_policy(policy);
    let other = Arena::with_policy(policy);
    let claim = arena.claim();
    let source: Vec<usize> = (0..n).collect();
    assert_eq!(
        claim.alloc_slice_clone(&source),
        other.alloc_slice_clone(&source)
    );
    let odd = || (0..n).filter(|i| i % 2 == 1);
    assert_eq!(
        claim.alloc_slice_from_iter(odd()),
        other.alloc_slice_from_iter(odd())
    );
    let square = |i: usize| i * i;
    assert_eq!(
        claim.alloc_slice_fill_with(n, square),
        other.alloc_slice_fill_with(n, square)
    );
    assert_eq!(
        claim.alloc_slice_fill_copy(n, 7),
        other.alloc_slice_fill_copy(n, 7)
    );
    assert_eq!(
        claim.alloc_slice_fill_clone(n, &Some(7)),
        other.alloc_slice_fill_clone(n, &Some(7))
    );
    assert_eq!(
        claim.alloc_slice_fill_default::<u16>(n),
        other.alloc_slice_fill_default::<u16>(n)
    );
    let most = |most: usize| move |i: usize| if i < most { Ok(i) } else { Err(i) };
    assert_eq!(
        claim.alloc_slice_try_fill_with(n, most(50)),
        other.alloc_slice_try_fill_with(n, most(50))
    );
    assert_eq!(
        claim.alloc_slice_try_from_iter((0..n).map(most(50))),
        other.alloc_slice_try_from_iter((0..n).map(most(50)))
    );
    // Nothing of it overlaps what came before.
    assert_eq!(claim.alloc_slice_copy(&source), source);
    drop(claim);
    other.alloc_slice_copy(&source);
    assert_eq!(arena.stats().total_allocs, other.stats().total_allocs);
    assert_eq!(arena.stats().total_size, other.stats().total_size);
}

#[test]
fn an_iterator_that_uses_the_claim_and_fails_leaves_what_it_took() {
    let arena = Arena::new();
    let claim = arena.claim();
    let failed = claim.alloc_slice_try_from_iter((0..10_u64).map(|n| {
        let kept = claim.alloc(n);
        if n == 7 { Err(kept) } else { Ok(&*kept) }
    }));
    // Longer than the slice and what the iterator kept: were it given back, this would lie on it.
    let next = claim.alloc_slice_fill_copy(20, 1_u64);
    assert_eq!((failed, &*next), (Err(&mut 7), &[1; 20][..]));
}

#[test]
fn a_claim_reopens_its_segment_and_all_is_counted_once() {
    let arena = Arena::new();
    arena.alloc(0_u64);
    for n in 1..200_u64 {
        let claim = arena.claim();
        claim.alloc(n);
        if n % 3 == 0 {
            arena.alloc(n);
        }
    }
    let stats = arena.stats();
    assert_eq!(stats.total_allocs, 200 + 66);
    assert_eq!(stats.total_size, (200 + 66) * 8);
    let used: usize = arena.used_blocks().map(|used| used.len()).sum();
    assert_eq!(used, (200 + 66) * 8);
}
