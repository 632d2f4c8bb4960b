//! Collections live in an arena through allocator-api2.
#![cfg(feature = "allocator-api2")]

use allocator_api2::alloc::{Allocator, Layout};
use allocator_api2::boxed::Box;
use allocator_api2::vec::Vec;
use hashbrown::HashMap;
use proptest::prelude::*;
use py_arena::{Arena, BlockPolicy};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::ptr::NonNull;

type State = BuildHasherDefault<DefaultHasher>;

#[test]
fn a_vec_grows_where_it_lies() {
    let arena = Arena::with_policy(BlockPolicy::GROWING);
    let mut numbers = Vec::with_capacity_in(4, &arena);
    let start = numbers.as_ptr();
    for n in 0..500_u32 {
        numbers.push(n);
    }
    assert_eq!(
        numbers.as_ptr(),
        start,
        "nothing came between, so it need not move"
    );
    numbers.shrink_to_fit();
    assert_eq!(arena.malloc(0).unwrap().addr().get(), start.addr() + 2000);
    drop(numbers);
    assert_eq!(arena.malloc(0).unwrap().addr().get(), start.addr());
}

#[test]
fn maps_and_boxes_of_an_arena_hold_what_they_should() {
    for policy in [
        BlockPolicy::default(),
        BlockPolicy::Fixed(100),
        BlockPolicy::GROWING,
    ] {
        let arena = Arena::with_policy(policy);
        let mut map = HashMap::with_hasher_in(State::default(), &arena);
        let mut boxes = Vec::new_in(&arena);
        for n in 0..if cfg!(miri) { 100 } else { 2000_u64 } {
            map.insert(n, Box::new_in(n.to_string(), &arena));
            boxes.push(Box::new_in([n; 3], &arena));
            if n % 3 == 0 {
                map.remove(&(n / 2));
            }
        }
        assert!(map.iter().all(|(n, text)| **text == n.to_string()));
        assert!(boxes.iter().enumerate().all(|(n, b)| **b == [n as u64; 3]));
    }
}

#[test]
fn collections_of_a_scope_end_with_it() {
    let arena = Arena::new();
    let total: u64 = arena.scope(|inner| {
        let mut map = HashMap::with_hasher_in(State::default(), inner);
        for n in 0..100_u64 {
            map.insert(n, std::string::String::from("dropped"));
        }
        map.keys().sum()
    });
    assert_eq!(total, 4950);
}

#[test]
fn a_vec_of_a_claim_grows_where_it_lies_and_leaves_others_alone() {
    let arena = Arena::with_policy(BlockPolicy::GROWING);
    let before = arena.alloc([7_u64; 3]);
    let claim = arena.claim();
    let mut numbers = Vec::with_capacity_in(4, &claim);
    let start = numbers.as_ptr();
    let beside = arena.alloc_slice_fill_copy(100, 9_u8);
    numbers.extend(0..500_u32);
    assert_eq!(numbers.as_ptr(), start, "nothing of the claim came between");
    // Values of the claim lie beyond it, and then it moves.
    let value = claim.alloc(8_u64);
    numbers.extend(500..1000);
    assert_ne!(numbers.as_ptr(), start);
    assert!(numbers.iter().copied().eq(0..1000));
    drop(numbers);
    drop(claim);
    let after = arena.alloc_slice_fill_copy(2000, 1_u8);
    assert_eq!((&*before, *value), (&[7; 3], 8));
    assert!(beside.iter().all(|&n| n == 9) && after.iter().all(|&n| n == 1));
}

/// A vector that shrinks to nothing ends where the claim began, where the arena's own last
/// allocation ends: that one stays.
#[test]
fn what_a_claim_takes_back_is_its_own() {
    let arena = Arena::new();
    let mine = arena.alloc(1_u64);
    let at = arena.malloc(0).unwrap();
    let claim = arena.claim();
    for _ in 0..3 {
        let numbers = Vec::<u64, _>::with_capacity_in(10, &claim);
        drop(numbers);
        assert_eq!(claim.malloc(0), Ok(at));
    }
    drop(claim);
    *arena.alloc(2_u64) = 3;
    assert_eq!(*mine, 1);
}

#[test]
fn a_claims_requests_are_counted_as_an_arenas_are() {
    let count = |through_claim: bool| {
        let arena = Arena::new();
        if through_claim {
            let claim = arena.claim();
            let mut numbers = Vec::new_in(&claim);
            numbers.extend((0..300_u16).map(|n| n as u8));
            claim.alloc(1_u32);
            numbers.shrink_to_fit();
            claim.alloc_slice_from_iter((0..20_u16).filter(|n| n % 2 == 0));
        } else {
            let mut numbers = Vec::new_in(&arena);
            numbers.extend((0..300_u16).map(|n| n as u8));
            arena.alloc(1_u32);
            numbers.shrink_to_fit();
            arena.alloc_slice_from_iter((0..20_u16).filter(|n| n % 2 == 0));
        }
        arena.stats()
    };
    assert_eq!(count(true), count(false));
}

/// Serves two requests; one of them changes its size, where it lies and by moving.
fn two_requests(place: impl Allocator) {
    let layout = |bytes| Layout::array::<u8>(bytes).unwrap();
    let [first, other] = [100, 50].map(|n| place.allocate(layout(n)).unwrap().cast());
    // SAFETY: each block is live, and of the layout that is given as its old one.
    unsafe {
        let first = place.shrink(first, layout(100), layout(30)).unwrap().cast();
        let first = place.grow(first, layout(30), layout(70)).unwrap().cast();
        place.deallocate(other, layout(50));
        let first = place.grow(first, layout(70), layout(75)).unwrap().cast();
        place.deallocate(first, layout(75));
    }
}

#[test]
fn a_request_is_counted_once_at_its_last_size() {
    let arenas = [Arena::new(), Arena::new()];
    two_requests(&arenas[0]);
    two_requests(&arenas[1].claim());
    for arena in arenas {
        let stats = arena.stats();
        assert_eq!((stats.total_allocs, stats.total_size), (2, 75 + 50));
    }
}

#[derive(Clone, Debug)]
enum Op {
    Allocate(usize, u32),
    Resize(usize, usize, u32, bool),
    Deallocate(usize),
}

fn op() -> impl Strategy<Value = Op> {
    let size = || prop_oneof![0..64_usize, 0..1000_usize];
    prop_oneof![
        2 => (size(), 0..8_u32).prop_map(|(size, align)| Op::Allocate(size, align)),
        3 => (any::<usize>(), size(), 0..8_u32, any::<bool>())
            .prop_map(|(which, size, align, zeroed)| Op::Resize(which, size, align, zeroed)),
        1 => any::<usize>().prop_map(Op::Deallocate),
    ]
}

fn check(memory: NonNull<u8>, len: usize, byte: u8) {
    for i in 0..len {
        // SAFETY: a live block of at least that many bytes, filled by `fill` or zeroed.
        assert_eq!(unsafe { memory.add(i).read() }, byte);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 8 } else { ProptestConfig::default().cases },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn blocks_keep_their_contents_through_any_resizing(
        fixed in prop::option::of(1..2000_usize),
        ops in prop::collection::vec(op(), 0..if cfg!(miri) { 40 } else { 200 }),
    ) {
        let policy = fixed.map_or(BlockPolicy::GROWING, BlockPolicy::Fixed);
        let arena = Arena::with_policy(policy);
        run(&arena, ops.clone(), || ())?;
        // A claim beside which the arena serves its own requests, from before its first one on.
        let beside: RefCell<std::vec::Vec<&mut u64>> = RefCell::new(vec![arena.alloc(7)]);
        let claim = arena.claim();
        run(&claim, ops, || beside.borrow_mut().push(arena.alloc(7)))?;
        drop(claim);
        prop_assert!(beside.into_inner().iter().all(|n| **n == 7));
    }
}

/// Runs the operations in a place; after each of them something else happens.
fn run(place: impl Allocator, ops: std::vec::Vec<Op>, and: impl Fn()) -> Result<(), TestCaseError> {
    let mut blocks: BTreeMap<usize, (NonNull<u8>, Layout, u8)> = BTreeMap::new();
    let mut next = 0;
    for op in ops {
        and();
        next += 1;
        let pick = |which: usize| blocks.keys().nth(which % blocks.len().max(1)).copied();
        let layout = |size, align: u32| Layout::from_size_align(size, 1 << align).unwrap();
        match op {
            Op::Allocate(size, align) => {
                let layout = layout(size, align);
                let memory = place.allocate(layout).unwrap().cast::<u8>();
                prop_assert_eq!(memory.addr().get() % layout.align(), 0);
                // SAFETY: a fresh block of that size.
                unsafe { memory.write_bytes(next as u8, size) };
                blocks.insert(next, (memory, layout, next as u8));
            }
            Op::Resize(which, size, align, zeroed) => {
                let Some(key) = pick(which) else { continue };
                let (memory, old, byte) = blocks[&key];
                let new = layout(size, align);
                // SAFETY: a live block of the old layout; the sizes go the right way.
                let moved = unsafe {
                    match (new.size() >= old.size(), zeroed) {
                        (true, true) => place.grow_zeroed(memory, old, new),
                        (true, false) => place.grow(memory, old, new),
                        (false, _) => place.shrink(memory, old, new),
                    }
                };
                let moved = moved.unwrap().cast::<u8>();
                prop_assert_eq!(moved.addr().get() % new.align(), 0);
                check(moved, old.size().min(new.size()), byte);
                if zeroed && new.size() > old.size() {
                    // SAFETY: within the grown block.
                    check(unsafe { moved.add(old.size()) }, new.size() - old.size(), 0);
                }
                // SAFETY: a live block of the new size.
                unsafe { moved.write_bytes(byte, new.size()) };
                blocks.insert(key, (moved, new, byte));
            }
            Op::Deallocate(which) => {
                let Some(key) = pick(which) else { continue };
                let (memory, layout, byte) = blocks.remove(&key).unwrap();
                check(memory, layout.size(), byte);
                // SAFETY: a live block of that layout.
                unsafe { place.deallocate(memory, layout) };
            }
        }
    }
    for (memory, layout, byte) in blocks.into_values() {
        check(memory, layout.size(), byte);
    }
    Ok(())
}
