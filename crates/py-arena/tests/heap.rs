//! Arenas over a chosen heap: every block comes from it and goes back to it.

use py_arena::{Arena, BlockPolicy, DEFAULT_BLOCK_SIZE, cache};
use rstest::rstest;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    /// Bytes that this thread has from the heap, and how often it asked.
    static HELD: Cell<usize> = const { Cell::new(0) };
    static CALLS: Cell<usize> = const { Cell::new(0) };
    /// How many calls are answered.
    static LEFT: Cell<usize> = const { Cell::new(usize::MAX) };
}

struct Counting;

// SAFETY: the system's allocator, or no memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(left) = LEFT.get().checked_sub(1) else {
            return std::ptr::null_mut();
        };
        LEFT.set(left);
        HELD.set(HELD.get() + layout.size());
        CALLS.set(CALLS.get() + 1);
        // SAFETY: the caller promises a layout that is not empty, as the system's allocator wants
        // it.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        HELD.set(HELD.get() - layout.size());
        // SAFETY: `memory` is of `alloc` above, so of the system's allocator, by this layout.
        unsafe { System.dealloc(memory, layout) }
    }
}

static HEAP: Counting = Counting;

#[rstest]
#[case(BlockPolicy::default())]
#[case(BlockPolicy::GROWING)]
#[case(BlockPolicy::IN_ORDER)]
fn all_of_an_arena_is_the_heaps(#[case] policy: BlockPolicy) {
    cache::clear();
    let mut arena = Arena::with_objects_in(policy, &HEAP);
    assert_eq!(
        CALLS.get(),
        0,
        "nothing is allocated before the first request"
    );
    for round in 0..3 {
        for n in 0..if cfg!(miri) { 400 } else { 2000_u64 } {
            arena.alloc([n; 3]);
            arena.add_object(n.to_string());
        }
        arena.alloc_slice_copy(&[round; 50_000]);
        arena.scope(|inner| {
            inner.alloc([0_u8; 9000]);
            inner.add_object(String::from("inner"));
        });
        arena.claim().alloc([0_u8; 5000]);
        assert_eq!(arena.allocated_bytes(), HELD.get());
        arena.reset();
        arena.shrink_to_fit();
        assert_eq!(arena.allocated_bytes(), HELD.get());
    }
    drop(arena);
    assert_eq!(HELD.get(), 0);
    assert_eq!(cache::bytes(), 0, "the cache keeps none of its blocks");
}

#[test]
fn blocks_are_as_large_as_cpythons() {
    let arena = Arena::new_in(BlockPolicy::default(), &HEAP);
    arena.alloc(1);
    let header = 4 * size_of::<usize>();
    assert_eq!(HELD.get(), DEFAULT_BLOCK_SIZE + header);
    arena.alloc([0_u8; 10_000]);
    assert_eq!(HELD.get(), DEFAULT_BLOCK_SIZE + 10_000 + 2 * header);
}

#[test]
fn a_block_of_the_cache_is_not_taken() {
    Arena::new().alloc(1);
    let arena = Arena::new_in(BlockPolicy::default(), &HEAP);
    arena.alloc(1);
    assert_eq!(CALLS.get(), 1);
}

#[test]
fn a_heap_without_memory_refuses() {
    let arena = Arena::with_objects_in(BlockPolicy::default(), &HEAP);
    LEFT.set(0);
    assert!(arena.try_alloc(1).is_err());
    assert!(arena.try_add_object(1).is_err());
    LEFT.set(1);
    assert!(arena.try_alloc(1).is_ok());
    assert!(arena.try_alloc([0_u8; 9000]).is_err());
    assert!(arena.try_alloc(1).is_ok());
}

#[test]
fn an_object_whose_drop_panics_leaves_nothing_behind() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("the drop of this object panics");
        }
    }
    let arena = Arena::with_objects_in(BlockPolicy::default(), &HEAP);
    arena.add_object(Bomb);
    arena.alloc(1);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(arena))).is_err());
    assert_eq!(HELD.get(), 0);
}

#[test]
fn an_arena_with_a_heap_goes_to_another_thread() {
    // The counters are each thread's own, so this one has System.
    static SYSTEM: System = System;
    let arena = Arena::with_objects_in(BlockPolicy::default(), &SYSTEM);
    arena.add_object(1);
    let arena = std::thread::spawn(move || {
        arena.add_object(2);
        arena
    });
    assert_eq!(arena.join().unwrap().objects().sum::<i32>(), 3);
}
