//! Collections live in an arena through allocator-api2.
#![cfg(feature = "allocator-api2")]

use allocator_api2::alloc::{Allocator, Layout};
use allocator_api2::boxed::Box;
use allocator_api2::vec::Vec;
use hashbrown::HashMap;
use proptest::prelude::*;
use py_arena::{Arena, BlockPolicy};
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
        ops in prop::collection::vec(op(), 0..200),
    ) {
        let arena = Arena::with_policy(fixed.map_or(BlockPolicy::GROWING, BlockPolicy::Fixed));
        let mut blocks: BTreeMap<usize, (NonNull<u8>, Layout, u8)> = BTreeMap::new();
        let mut next = 0;
        for op in ops {
            next += 1;
            let pick = |which: usize| blocks.keys().nth(which % blocks.len().max(1)).copied();
            let layout = |size, align: u32| Layout::from_size_align(size, 1 << align).unwrap();
            match op {
                Op::Allocate(size, align) => {
                    let layout = layout(size, align);
                    let memory = (&arena).allocate(layout).unwrap().cast::<u8>();
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
                            (true, true) => (&arena).grow_zeroed(memory, old, new),
                            (true, false) => (&arena).grow(memory, old, new),
                            (false, _) => (&arena).shrink(memory, old, new),
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
                    unsafe { (&arena).deallocate(memory, layout) };
                }
            }
        }
        for (memory, layout, byte) in blocks.into_values() {
            check(memory, layout.size(), byte);
        }
    }
}
