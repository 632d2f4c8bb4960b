//! A scope's memory and objects end with it, and its parent is undisturbed.

use py_arena::{Arena, BlockPolicy};
use rstest::rstest;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

const POLICIES: [BlockPolicy; 3] = [
    BlockPolicy::Fixed(8192),
    BlockPolicy::Fixed(256),
    BlockPolicy::GROWING,
];

#[test]
fn a_scope_begins_in_the_open_block_and_gives_it_back() {
    let arena = Arena::new();
    let first = arena.malloc(8).unwrap().addr().get();
    let inside = arena.scope(|inner| inner.malloc(8).unwrap().addr().get());
    let after = arena.malloc(8).unwrap().addr().get();
    assert_eq!((inside - first, after - first), (8, 8));
    assert_eq!(arena.stats().total_blocks, 1);
    assert_eq!(arena.stats().total_allocs, 3);
}

#[test]
fn the_parent_serves_requests_meanwhile_and_they_stay() {
    for policy in POLICIES {
        let arena = Arena::with_policy(policy);
        let before = arena.alloc_str("before");
        let mut kept = Vec::new();
        for round in 0..20 {
            arena.scope(|inner| {
                let temporary: Vec<_> = (0..100).map(|n| inner.alloc(n * round)).collect();
                kept.push(arena.alloc_slice_from_iter(temporary.iter().map(|n| **n)));
                arena.scope(|second| {
                    second.alloc([0_u8; 3000]);
                    inner.alloc(1);
                });
            });
        }
        assert_eq!(before, "before");
        for (round, slice) in kept.iter().enumerate() {
            assert!(slice.iter().copied().eq((0..100).map(|n| n * round)));
        }
    }
}

#[rstest]
fn objects_are_dropped_at_the_end_of_the_scope(#[values(false, true)] panics: bool) {
    let log = RefCell::new(Vec::new());
    struct Logged<'l>(u8, &'l RefCell<Vec<u8>>);
    impl Drop for Logged<'_> {
        fn drop(&mut self) {
            self.1.borrow_mut().push(self.0);
        }
    }
    let arena = Arena::with_objects();
    arena.add_object(Logged(1, &log));
    let result = catch_unwind(AssertUnwindSafe(|| {
        arena.scope(|inner| {
            inner.add_object(Logged(2, &log));
            inner.scope(|innermost| {
                innermost.add_object(Logged(3, &log));
                arena.add_object(Logged(4, &log));
            });
            inner.add_object(Logged(5, &log));
            assert!(!panics);
        });
    }));
    assert_eq!(result.is_err(), panics);
    assert_eq!(*log.borrow(), [3, 5, 2]);
    drop(arena);
    assert_eq!(*log.borrow(), [3, 5, 2, 4, 1]);
}

#[test]
fn a_panicking_drop_ends_the_scope_all_the_same() {
    struct Panics(#[allow(dead_code)] Rc<()>, bool);
    impl Drop for Panics {
        fn drop(&mut self) {
            assert!(!self.1);
        }
    }
    let shared = Rc::new(());
    let arena = Arena::with_objects();
    arena.malloc(8).unwrap();
    let mut bytes = 0;
    for round in 0..5 {
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            arena.scope(|inner| {
                for n in 0..500 {
                    inner.add_object(Panics(Rc::clone(&shared), n == 250));
                    inner.alloc([0_u8; 100]);
                }
            });
        }));
        assert!(panicked.is_err());
        assert_eq!(Rc::strong_count(&shared), 1);
        if round == 0 {
            bytes = arena.allocated_bytes();
        }
    }
    assert_eq!(arena.allocated_bytes(), bytes);
}

#[test]
fn what_a_scope_took_is_used_again() {
    for policy in POLICIES {
        let arena = Arena::with_policy(policy);
        let mut bytes = 0;
        for round in 0..50 {
            arena.scope(|inner| {
                for n in 0..200 {
                    inner.alloc([n; 16]);
                }
                inner.alloc([0_u8; 20_000]);
            });
            if round == 0 {
                bytes = arena.allocated_bytes();
            }
        }
        assert_eq!(arena.allocated_bytes(), bytes);
        // And by the arena itself.
        arena.alloc([0_u64; 30]);
        assert_eq!(arena.allocated_bytes(), bytes);
    }
}

#[test]
fn a_limit_holds_for_both_together() {
    let arena = Arena::new();
    arena.set_limit(Some(3 * 8300));
    arena.scope(|inner| {
        assert_eq!(inner.limit(), Some(3 * 8300));
        inner.alloc([0_u8; 8192]);
        arena.alloc([0_u8; 8192]);
        inner.alloc([0_u8; 8192]);
        assert!(inner.try_alloc(1).is_err());
        assert!(arena.try_alloc(1).is_err());
        assert_eq!(inner.allocated_bytes(), arena.allocated_bytes());
    });
    assert!(arena.try_alloc(1).is_ok());
}

#[test]
fn counters_of_a_scope_go_to_the_parent() {
    let arena = Arena::new();
    arena.malloc(3).unwrap();
    let inside = arena.scope(|inner| {
        for n in 0..3000 {
            inner.malloc(n % 20).unwrap();
        }
        inner.malloc(50_000).unwrap();
        inner.claim().alloc_str("seven b");
        inner.stats()
    });
    assert_eq!(inside.total_allocs, 3002);
    let stats = arena.stats();
    assert_eq!(stats.total_allocs, inside.total_allocs + 1);
    assert_eq!(stats.total_size, inside.total_size + 3);
    assert_eq!(
        stats.total_big_blocks, 0,
        "the block of the large request is freed"
    );
}

#[test]
fn claims_within_scopes_within_claims_do_not_overlap() {
    for policy in POLICIES {
        let arena = Arena::with_policy(policy);
        let outer = arena.claim();
        let a = outer.alloc(1_u64);
        arena.scope(|inner| {
            let b = outer.alloc(2_u64);
            let claim = inner.claim();
            let c = claim.alloc(3_u64);
            inner.scope(|second| {
                let d = second.alloc(4_u64);
                let e = claim.alloc([5_u64; 40]);
                let f = inner.alloc([6_u64; 40]);
                let g = arena.alloc([7_u64; 40]);
                assert_eq!((*b, *c, *d, e[39], f[39], g[39]), (2, 3, 4, 5, 6, 7));
            });
            drop(claim);
            let h = inner.alloc(8_u64);
            assert_eq!((*c, *h), (3, 8));
        });
        let i = outer.alloc(9_u64);
        drop(outer);
        let j = arena.alloc(10_u64);
        assert_eq!((*a, *i, *j), (1, 9, 10));
    }
}
