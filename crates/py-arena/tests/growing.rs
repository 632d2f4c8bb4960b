//! Growing blocks, reset, the limit, and the cache of each thread.

use py_arena::{ALIGNMENT, Arena, BlockPolicy, cache};
use rstest::rstest;

#[test]
fn blocks_double_up_to_the_cap() {
    let (first, max) = if cfg!(miri) { (9, 12) } else { (13, 20) };
    let arena = Arena::with_policy(match cfg!(miri) {
        true => BlockPolicy::Growing {
            first: 1 << first,
            max: 1 << max,
        },
        false => BlockPolicy::GROWING,
    });
    let mut sizes = vec![0];
    // As many as fill a block of each size, and two and a half more of the last.
    let values = ((1_u64 << (max + 1)) - (1 << first) + (5 << (max - 1))) / 8;
    for n in 0..values {
        arena.alloc(n);
        let bytes = arena.allocated_bytes();
        if sizes.last() != Some(&bytes) {
            sizes.push(bytes);
        }
    }
    let blocks: Vec<usize> = sizes.windows(2).map(|w| w[1] - w[0]).collect();
    let expected: Vec<usize> = (first..=max)
        .map(|bits| 1 << bits)
        .chain([1 << max, 1 << max, 1 << max])
        .collect();
    assert_eq!(blocks, expected);
}

#[test]
fn a_large_request_gets_a_block_of_its_own_behind_the_current_one() {
    let arena = Arena::with_policy(BlockPolicy::GROWING);
    let first = arena.malloc(8).unwrap().addr().get();
    let large = arena.malloc(100_000).unwrap().addr().get();
    let second = arena.malloc(8).unwrap().addr().get();
    assert_eq!(second - first, 8);
    assert!(large < first || large > first + 8192);
    assert!(arena.allocated_bytes() < 8192 + 100_000 + 64);
}

#[test]
fn middling_requests_do_not_stay_outside_the_doubling() {
    let arena = Arena::with_policy(BlockPolicy::GROWING);
    let requests = if cfg!(miri) { 200 } else { 2000 };
    for _ in 0..requests {
        arena.malloc(3000).unwrap();
    }
    assert!(arena.stats().total_blocks < 40, "{:?}", arena.stats());
    assert!(arena.allocated_bytes() < 2 * requests * 3000);
}

#[rstest]
#[case(BlockPolicy::default())]
#[case(BlockPolicy::Fixed(512))]
#[case(BlockPolicy::GROWING)]
#[case(BlockPolicy::Growing { first: 512, max: 4096 })]
fn reset_keeps_the_blocks_and_starts_again(#[case] policy: BlockPolicy) {
    let mut arena = Arena::with_policy(policy);
    let run = |arena: &Arena| -> Vec<usize> {
        (1..300)
            .map(|n| arena.malloc(n % 90).unwrap().addr().get())
            .collect()
    };
    let first = run(&arena);
    let (bytes, stats) = (arena.allocated_bytes(), arena.stats());
    for _ in 0..5 {
        arena.reset();
        assert_eq!(arena.stats().total_allocs, 0);
        assert_eq!(arena.stats().total_size, 0);
        assert!(run(&arena) == first);
        assert_eq!(arena.allocated_bytes(), bytes);
        assert_eq!(arena.stats(), stats);
    }
}

#[test]
fn reset_frees_blocks_of_one_large_request_only() {
    let mut arena = Arena::with_policy(BlockPolicy::GROWING);
    arena.malloc(8).unwrap();
    let small = arena.allocated_bytes();
    arena.malloc(1 << 20).unwrap();
    arena.reset();
    assert_eq!(arena.allocated_bytes(), small);
    assert_eq!(arena.stats().total_blocks, 1);
}

#[test]
fn near_the_limit_a_smaller_block_is_tried() {
    let arena = Arena::with_policy(BlockPolicy::GROWING);
    for _ in 0..1000 {
        arena.malloc(8).unwrap();
    }
    let bytes = arena.allocated_bytes();
    arena.set_limit(Some(bytes + 200));
    while arena.allocated_bytes() == bytes {
        arena.malloc(100).unwrap();
    }
    assert!(arena.malloc(100).is_err());
    assert!(arena.allocated_bytes() <= bytes + 200);
    arena.set_limit(None);
    assert!(arena.malloc(100).is_ok());
}

#[test]
fn the_limit_is_on_what_the_allocator_gave() {
    let arena = Arena::with_objects();
    arena.set_limit(Some(8192));
    assert!(arena.malloc(1).is_err(), "a block and its header are more");
    arena.set_limit(Some(9000));
    assert!(arena.malloc(1).is_ok());
    assert!(arena.try_add_object(1).is_err());
    assert_eq!(arena.limit(), Some(9000));
    assert!(
        arena.try_alloc([0_u8; 8000]).is_ok(),
        "the room that is there can be used"
    );
    assert!(arena.try_alloc([0_u8; 8000]).is_err());
}

#[cfg(feature = "std")]
mod cached {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn blocks_come_back_from_the_cache() {
        let addresses = |arena: &Arena| -> Vec<usize> {
            (0..3072_u64)
                .map(|n| std::ptr::from_mut(arena.alloc(n)).addr())
                .collect()
        };
        for policy in [BlockPolicy::default(), BlockPolicy::GROWING] {
            cache::clear();
            let arena = Arena::with_policy(policy);
            let mut first = addresses(&arena);
            drop(arena);
            assert!(cache::bytes() > 24_000);
            let mut second = addresses(&Arena::with_policy(policy));
            first.sort_unstable();
            second.sort_unstable();
            assert!(first == second);
        }
    }

    #[test]
    fn the_cache_is_bounded_and_keeps_no_large_request() {
        cache::clear();
        assert_eq!(cache::limit(), cache::DEFAULT_LIMIT);
        let arena = Arena::new();
        for _ in 0..400 {
            arena.malloc(8192).unwrap();
        }
        drop(arena);
        assert!(cache::bytes() <= cache::limit());
        assert!(cache::bytes() > cache::limit() - 10_000);
        cache::set_limit(20_000);
        assert!(cache::bytes() <= 20_000);
        cache::clear();
        let arena = Arena::with_policy(BlockPolicy::GROWING);
        arena.malloc(16_000).unwrap();
        drop(arena);
        assert_eq!(cache::bytes(), 0);
        cache::set_limit(0);
        assert_eq!(Arena::new().alloc_str("x"), "x");
        assert_eq!(cache::bytes(), 0);
        cache::set_limit(cache::DEFAULT_LIMIT);
    }

    #[test]
    fn many_sizes_of_block_do_not_confuse_it() {
        for size in (1..40)
            .map(|n| n * 64)
            .cycle()
            .take(if cfg!(miri) { 45 } else { 200 })
        {
            let arena = Arena::with_policy(BlockPolicy::Fixed(size));
            for n in 0..30_u8 {
                assert_eq!(arena.alloc([n; 40]), &[n; 40]);
            }
        }
        assert!(cache::bytes() <= cache::limit());
    }

    #[test]
    fn each_thread_has_its_own_and_ends_it() {
        let arenas: Vec<Arena> = (0..4)
            .map(|n| {
                let made = std::thread::spawn(move || {
                    assert_eq!(*Arena::new().alloc(n), n);
                    assert!(cache::bytes() > 0);
                    let arena = Arena::new();
                    arena.alloc(n);
                    arena
                });
                made.join().unwrap()
            })
            .collect();
        cache::clear();
        drop(arenas);
        assert!(cache::bytes() >= 4 * 8192);
    }

    /// Which destructor runs first is not said; an arena in either order must work.
    #[test]
    fn arenas_work_in_the_destructors_of_thread_locals() {
        struct Late(RefCell<Option<Arena>>);
        impl Drop for Late {
            fn drop(&mut self) {
                let old = self.0.take().unwrap();
                assert_eq!(*old.alloc(1), 1);
                drop(old);
                let fresh = Arena::with_policy(BlockPolicy::GROWING);
                assert_eq!(fresh.alloc_str("late"), "late");
                drop(fresh);
                assert!(cache::bytes() <= cache::limit());
            }
        }
        thread_local! {
            static BEFORE: Late = const { Late(RefCell::new(Some(Arena::new()))) };
            static AFTER: Late = const { Late(RefCell::new(Some(Arena::new()))) };
        }
        let thread = std::thread::spawn(|| {
            BEFORE.with(|l| assert!(l.0.borrow().is_some()));
            assert_eq!(*Arena::new().alloc(1), 1);
            assert!(cache::bytes() > 0);
            AFTER.with(|l| {
                l.0.borrow().as_ref().unwrap().alloc(2);
            });
        });
        thread.join().unwrap();
    }
}

#[cfg(not(feature = "std"))]
#[test]
fn without_std_nothing_is_cached() {
    assert_eq!(*Arena::new().alloc(1), 1);
    cache::set_limit(1 << 20);
    assert_eq!((cache::bytes(), cache::limit()), (0, 0));
}

#[test]
fn every_address_is_a_multiple_of_the_alignment() {
    let arena = Arena::with_policy(BlockPolicy::Growing {
        first: 100,
        max: 1000,
    });
    for n in 0..500 {
        assert_eq!(arena.malloc(n).unwrap().addr().get() % ALIGNMENT, 0);
    }
}
