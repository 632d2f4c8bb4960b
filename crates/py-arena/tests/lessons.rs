//! The bugs that other arenas had, one test each: this one has none of them.

use py_arena::{Arena, BlockPolicy};
use rstest::rstest;
use static_assertions::{assert_impl_all, assert_not_impl_any};
use std::alloc::Layout;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

const POLICIES: [BlockPolicy; 3] = [
    BlockPolicy::Fixed(8192),
    BlockPolicy::Fixed(64),
    BlockPolicy::GROWING,
];

/// bumpalo RUSTSEC-2020-0006: realloc copied as many bytes as the new size.
#[test]
fn lesson_01_growing_a_slice_copies_the_old_bytes_only() {
    for policy in POLICIES {
        let arena = Arena::with_policy(policy);
        // Each item allocates, so the slice must move each time that it grows.
        let slice = arena.alloc_slice_from_iter(
            (0..1000_u64)
                .inspect(|n| {
                    arena.alloc(*n);
                })
                .filter(|_| true),
        );
        assert!(slice.iter().copied().eq(0..1000));
    }
}

/// bumpalo RUSTSEC-2022-0078: a collection's iterator forgot the arena's lifetime. What is handed
/// out here cannot outlive the arena, nor be there when it is reset (`src/compile_fail.rs`).
#[test]
fn lesson_02_nothing_outlives_the_arena() {
    fn tied(arena: &Arena) -> (&mut u8, &mut str, &mut [u8]) {
        (
            arena.alloc(1),
            arena.claim().alloc_str("x"),
            arena.alloc_slice_from_iter([1, 2]),
        )
    }
    let arena = Arena::new();
    assert_eq!(tied(&arena).2, [1, 2]);
}

/// bumpalo #19 and #43: large alignments corrupted the heap, and the slow path did not align.
#[rstest]
fn lesson_03_every_alignment_holds_around_a_blocks_edge(
    #[values(1, 2, 4, 8, 16, 32, 64, 128, 512, 1024, 4096)] align: usize,
) {
    for policy in POLICIES {
        for before in (0..200)
            .chain(8000..8200)
            .step_by(if cfg!(miri) { 97 } else { 7 })
        {
            let arena = Arena::with_policy(policy);
            arena.malloc(before).unwrap();
            for size in [1, 8, 9, align, align + 1, 8184, 8192, 8193] {
                let layout = Layout::from_size_align(size, align).unwrap();
                let memory = arena.alloc_layout(layout);
                assert_eq!(memory.addr().get() % align, 0);
                // SAFETY: the arena handed out that many bytes.
                unsafe { memory.write_bytes(0xFF, size) };
                let claimed = arena.claim().alloc_layout(layout);
                assert_eq!(claimed.addr().get() % align, 0);
                // SAFETY: the claim handed out that many bytes.
                unsafe { claimed.write_bytes(0xFF, size) };
            }
        }
    }
}

/// bumpalo #143, #144: grow and shrink ignored a changed alignment.
#[cfg(feature = "allocator-api2")]
#[test]
fn lesson_04_growing_and_shrinking_honour_a_new_alignment() {
    use allocator_api2::alloc::Allocator;
    let arena = Arena::new();
    for (old, new) in [(8, 64), (64, 8), (40, 40)] {
        let small = Layout::from_size_align(old, 8).unwrap();
        let strict = Layout::from_size_align(new, 1024).unwrap();
        let memory = (&arena).allocate(small).unwrap();
        // SAFETY: the block has that layout.
        let moved = unsafe {
            memory.cast::<u8>().write_bytes(7, old);
            if new > old {
                (&arena).grow(memory.cast(), small, strict).unwrap()
            } else {
                (&arena).shrink(memory.cast(), small, strict).unwrap()
            }
        };
        assert_eq!(moved.cast::<u8>().addr().get() % 1024, 0);
        // SAFETY: that many bytes were copied.
        unsafe {
            for i in 0..old.min(new) {
                assert_eq!(moved.cast::<u8>().add(i).read(), 7);
            }
        }
    }
}

/// bumpalo #247, #248: memory was reached through the caller's pointer, which may be good for one
/// element only. (What Miri finds, if it is there.)
#[cfg(feature = "allocator-api2")]
#[test]
fn lesson_05_the_arenas_own_pointer_is_used() {
    use allocator_api2::alloc::Allocator;
    let arena = Arena::new();
    let layout = Layout::new::<[u8; 8]>();
    let memory = (&arena).allocate(layout).unwrap().cast::<[u8; 8]>();
    // SAFETY: fresh memory of that type; the narrow reference is not used after the growth.
    unsafe {
        memory.write([1; 8]);
        let narrow: &mut [u8; 8] = &mut *memory.as_ptr();
        let narrow = std::ptr::NonNull::from(narrow).cast::<u8>();
        let wide = (&arena)
            .grow(narrow, layout, Layout::new::<[u8; 64]>())
            .unwrap();
        wide.cast::<u8>().add(63).write(2);
        assert_eq!(wide.cast::<u8>().add(7).read(), 1);
        (&arena).deallocate(wide.cast(), Layout::new::<[u8; 64]>());
    }
    assert_eq!(arena.malloc(0).unwrap().addr(), memory.addr());
}

/// bumpalo #72: a shared collection would have leaked a reference to the arena to another thread.
#[test]
fn lesson_06_neither_an_arena_nor_what_holds_one_is_shared_between_threads() {
    assert_impl_all!(Arena: Send);
    assert_impl_all!(Arena<String>: Send);
    assert_not_impl_any!(Arena: Sync);
    assert_not_impl_any!(&'static Arena: Send);
    assert_not_impl_any!(py_arena::Claim<'static>: Send, Sync);
    assert_not_impl_any!(py_arena::Iter<'static, String>: Send, Sync);
}

/// bumpalo 3.12.1, oxc #21745, pyarena.c: sizes that overflow made invalid layouts.
#[test]
fn lesson_07_sizes_that_overflow_are_errors() {
    let huge = [
        usize::MAX,
        usize::MAX - 7,
        isize::MAX as usize,
        isize::MAX as usize - 7,
    ];
    for policy in POLICIES {
        let arena = Arena::with_policy(policy);
        arena.malloc(8).unwrap();
        let before = arena.stats();
        for size in huge {
            assert!(arena.malloc(size).is_err());
            assert!(arena.claim().malloc(size).is_err());
            for align in [1, 8, 4096, 1 << (usize::BITS / 8 * 5)] {
                if let Ok(layout) = Layout::from_size_align(size, align) {
                    assert!(arena.try_alloc_layout(layout).is_err());
                }
            }
        }
        let lying = std::iter::repeat_n(0_u64, usize::MAX / 4);
        assert!(arena.try_alloc_slice_from_iter(lying).is_err());
        assert_eq!(arena.stats(), before);
    }
    let arena = Arena::with_policy(BlockPolicy::Fixed(usize::MAX));
    assert!(arena.malloc(1).is_err());
    let arena = Arena::with_policy(BlockPolicy::Growing {
        first: usize::MAX,
        max: usize::MAX,
    });
    assert!(arena.malloc(1).is_err());
}

/// bumpalo #314, #315, #322: a rewind over a change of block marked the fresh block as full, and
/// memory grew without bound.
#[test]
fn lesson_08_rewinding_over_a_change_of_block_does_not_grow() {
    for policy in POLICIES {
        let arena = Arena::with_policy(policy);
        arena.malloc(40).unwrap();
        let mut settled = 0;
        for round in 0..if cfg!(miri) { 20 } else { 1000 } {
            arena.scope(|inner| {
                for _ in 0..40 {
                    inner.alloc([0_u64; 50]);
                }
            });
            let panicked = catch_unwind(AssertUnwindSafe(|| {
                arena.alloc_slice_from_iter((0..100_u64).inspect(|n| assert!(*n < 90)));
            }));
            assert!(panicked.is_err());
            if round == 3 {
                settled = arena.allocated_bytes();
            }
        }
        assert_eq!(arena.allocated_bytes(), settled);
    }
}

/// oxc #18186: a value without size was written to the empty static chunk, in read-only memory.
#[test]
fn lesson_09_values_without_size_touch_no_memory() {
    #[derive(Clone, Copy, Debug, PartialEq)]
    #[repr(align(64))]
    struct Nothing;
    let arena = Arena::new();
    let first: *const Nothing = arena.alloc(Nothing);
    assert_eq!(first.addr() % 64, 0);
    assert_eq!(arena.alloc_slice_copy(&[Nothing; 5]).len(), 5);
    assert_eq!(arena.alloc_slice_clone(&[(); 7]).len(), 7);
    assert_eq!(arena.alloc_slice_from_iter([(); 9]).len(), 9);
    assert_eq!(arena.alloc_str(""), "");
    assert_eq!(arena.alloc_slice_copy::<u64>(&[]), []);
    assert_eq!(arena.alloc_slice_from_iter::<u64>([]), []);
    assert_eq!(arena.claim().alloc(()), &());
    assert_eq!(arena.allocated_bytes(), 0);
}

/// typed-arena #55 and #63, rust#67001: iterators that use the arena they are collected into.
#[test]
fn lesson_10_iterators_and_closures_may_use_the_arena_or_panic() {
    for policy in POLICIES {
        let arena = Arena::with_policy(policy);
        let outer = arena.alloc_slice_from_iter(
            (0..50_u32).map(|n| &*arena.alloc_slice_from_iter((0..n).filter(|m| m % 2 == 0))),
        );
        for (n, inner) in outer.iter().enumerate() {
            assert!(
                inner
                    .iter()
                    .copied()
                    .eq((0..n as u32).filter(|m| m % 2 == 0))
            );
        }
        let nested = arena.alloc_with(|| (1, &*arena.alloc_with(|| (2, &*arena.alloc(3)))));
        assert_eq!((nested.0, nested.1.0, *nested.1.1), (1, 2, 3));
        let make = || -> [u64; 20] { [*arena.alloc(1); 20].map(|_| panic!()) };
        for fallible in [false, true] {
            let made = || match fallible {
                false => arena.alloc_with(make).len(),
                true => arena.try_alloc_with(make).map_or(0, |made| made.len()),
            };
            assert!(catch_unwind(AssertUnwindSafe(made)).is_err());
        }
        let before = arena.stats();
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            arena.alloc_slice_from_iter((0..1000).map(|n| if n < 500 { n } else { panic!() }));
        }));
        assert!(unwound.is_err());
        assert_eq!(arena.stats().total_size, before.total_size);
        struct Grumpy<'a>(u8, &'a Cell<u8>);
        impl Clone for Grumpy<'_> {
            fn clone(&self) -> Self {
                self.1.set(self.1.get() + 1);
                assert!(self.0 < 3);
                Grumpy(self.0, self.1)
            }
        }
        let clones = Cell::new(0);
        let grumpy = [0, 1, 2, 3, 4].map(|n| Grumpy(n, &clones));
        assert!(catch_unwind(AssertUnwindSafe(|| arena.alloc_slice_clone(&grumpy).len())).is_err());
        assert_eq!(clones.get(), 4);
        assert_eq!(*arena.alloc(5), 5);
    }
}

/// bump-scope #6: values without size were dropped at once.
#[test]
fn lesson_11_objects_without_size_are_dropped_with_the_arena() {
    thread_local!(static DROPS: Cell<u32> = const { Cell::new(0) });
    struct Nothing;
    impl Drop for Nothing {
        fn drop(&mut self) {
            DROPS.set(DROPS.get() + 1);
        }
    }
    let typed = Arena::with_objects();
    let mixed: Arena<py_arena::Owned> = Arena::with_objects();
    typed.add_object(Nothing);
    mixed.alloc_object(Nothing);
    assert_eq!(DROPS.get(), 0);
    drop((typed, mixed));
    assert_eq!(DROPS.get(), 2);
}

/// blink-alloc 0.4.0: an arena full of `Rc` could be sent to another thread.
#[test]
fn lesson_12_an_arena_is_sent_only_with_objects_that_may_be_sent() {
    assert_not_impl_any!(Arena<Rc<u8>>: Send, Sync);
    assert_not_impl_any!(Arena<py_arena::Owned>: Send, Sync);
    assert_not_impl_any!(Arena<std::sync::MutexGuard<'static, u8>>: Send);
    let arena = Arena::with_objects();
    arena.add_object(String::from("moves"));
    arena.alloc(1);
    let arena = std::thread::spawn(move || {
        arena.add_object(String::from("moved"));
        arena.alloc(2);
        arena
    });
    let arena = arena.join().unwrap();
    assert_eq!(arena.objects().next_back().unwrap(), "moved");
}
