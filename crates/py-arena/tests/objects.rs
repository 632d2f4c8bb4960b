//! An arena drops what it owns: all of it, once, last in first out, whatever panics.

use py_arena::{AllocError, Arena, BlockPolicy, Owned};
use rstest::rstest;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

/// Writes its number into the log when it is dropped, and panics if its flag says so.
struct Logged<'l> {
    log: &'l RefCell<Vec<usize>>,
    number: usize,
    panics: bool,
}

impl Drop for Logged<'_> {
    fn drop(&mut self) {
        self.log.borrow_mut().push(self.number);
        assert!(!self.panics, "object {} panics", self.number);
    }
}

fn fill<'l>(arena: &Arena<Logged<'l>>, log: &'l RefCell<Vec<usize>>, n: usize, bad: Option<usize>) {
    for number in 0..n {
        let panics = bad == Some(number);
        arena.add_object(Logged {
            log,
            number,
            panics,
        });
    }
}

#[rstest]
fn the_last_in_is_the_first_out(#[values(0, 1, 5, 40, 1000)] n: usize) {
    let log = RefCell::default();
    let arena = Arena::with_objects();
    fill(&arena, &log, n, None);
    assert!(log.borrow().is_empty());
    arena.free();
    assert!(log.borrow().iter().copied().eq((0..n).rev()));
}

#[rstest]
#[case::first(0)]
#[case::in_the_middle(400)]
#[case::last(999)]
fn a_panicking_drop_stops_no_other(#[case] bad: usize, #[values(false, true)] reset: bool) {
    let log = RefCell::default();
    let mut arena = Arena::with_objects();
    fill(&arena, &log, 1000, Some(bad));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        if reset {
            arena.reset();
            unreachable!();
        }
        drop(std::mem::take(&mut arena));
    }));
    assert!(panicked.is_err());
    assert!(log.borrow().iter().copied().eq((0..1000).rev()));
    // The arena is as good as new.
    log.borrow_mut().clear();
    fill(&arena, &log, 3, None);
    drop(arena);
    assert_eq!(*log.borrow(), [2, 1, 0]);
}

#[test]
fn objects_are_dropped_while_the_blocks_are_still_there() {
    /// Follows a raw pointer into the arena that owns it.
    struct Looks(*const u64, Rc<Cell<u64>>);
    impl Drop for Looks {
        fn drop(&mut self) {
            // SAFETY: the blocks outlive the objects.
            self.1.set(unsafe { *self.0 });
        }
    }
    let seen = Rc::new(Cell::new(0));
    let arena = Arena::with_objects();
    let value: *const u64 = arena.alloc(42);
    arena.add_object(Looks(value, Rc::clone(&seen)));
    drop(arena);
    assert_eq!(seen.get(), 42);
}

#[test]
fn an_object_registered_twice_is_released_twice() {
    let shared = Rc::new(());
    let arena = Arena::with_objects();
    for _ in 0..2 {
        arena.add_object(Rc::clone(&shared));
    }
    assert_eq!(Rc::strong_count(&shared), 3);
    drop(arena);
    assert_eq!(Rc::strong_count(&shared), 1);
}

#[test]
fn on_failure_the_object_is_still_the_callers() {
    let arena = Arena::with_objects();
    arena.set_limit(Some(1024));
    let shared = Rc::new(());
    let mut kept = 0;
    let refused = loop {
        match arena.try_add_object(Rc::clone(&shared)) {
            Ok(_) => kept += 1,
            Err((error, object)) => break (error, object),
        }
    };
    assert_eq!(refused.0, AllocError);
    assert_eq!(Rc::strong_count(&shared), 1 + kept + 1);
    drop(refused);
    drop(arena);
    assert_eq!(Rc::strong_count(&shared), 1);
}

#[test]
fn registering_moves_no_offset() {
    let (with, without) = (Arena::with_objects(), Arena::new());
    let (mut first, mut second) = (Vec::new(), Vec::new());
    let count = if cfg!(miri) { 1500 } else { 5000 };
    for n in 0..count {
        with.add_object(Box::new(n));
        first.push(with.malloc(n % 50 + 1).unwrap().addr().get());
        second.push(without.malloc(n % 50 + 1).unwrap().addr().get());
    }
    let distances = |v: &[usize]| -> Vec<usize> {
        v.windows(2)
            .map(|w| w[1].wrapping_sub(w[0]))
            .filter(|d| *d < 8192)
            .collect()
    };
    let (first, second) = (distances(&first), distances(&second));
    assert!(first.len() > count - 100 && second.len() > count - 100);
    assert_eq!(with.stats(), without.stats());
}

#[test]
fn objects_without_size_and_with_any_alignment_are_kept_apart() {
    thread_local!(static DROPS: Cell<usize> = const { Cell::new(0) });
    struct Nothing;
    impl Drop for Nothing {
        fn drop(&mut self) {
            DROPS.set(DROPS.get() + 1);
        }
    }
    let arena = Arena::with_objects();
    for _ in 0..500 {
        arena.add_object(Nothing);
    }
    assert_eq!(arena.objects().len(), 500);
    drop(arena);
    assert_eq!(DROPS.get(), 500);

    #[repr(align(256))]
    struct Wide(u8);
    let arena = Arena::with_objects();
    for n in 0..100 {
        let wide: *const Wide = arena.add_object(Wide(n));
        assert_eq!(wide.addr() % 256, 0);
    }
    assert!(arena.objects().map(|w| w.0).eq(0..100));
    let arena = Arena::with_objects();
    for n in 0..10_u8 {
        arena.add_object([n; 100_000]);
    }
    assert!(arena.objects().map(|a| a[99_999]).eq(0..10));
}

#[rstest]
fn iteration_goes_both_ways_and_sees_what_was_there(#[values(0, 1, 100, 3000)] n: usize) {
    let arena = Arena::with_objects();
    for i in 0..n {
        arena.add_object(Box::new(i));
    }
    let mut iter = arena.objects();
    for i in n..n + 500 {
        arena.add_object(Box::new(i));
    }
    assert_eq!(iter.len(), n);
    assert!(iter.clone().map(|b| **b).eq(0..n));
    assert!(iter.clone().rev().map(|b| **b).eq((0..n).rev()));
    let (mut low, mut high) = (0, n);
    while let Some(front) = iter.next() {
        assert_eq!(**front, low);
        low += 1;
        if let Some(back) = iter.next_back() {
            high -= 1;
            assert_eq!(**back, high);
        }
    }
    assert_eq!(low, high);
    assert_eq!(arena.objects().len(), n + 500);
}

#[test]
fn reset_drops_and_keeps_the_chunks() {
    let count = if cfg!(miri) { 300 } else { 2000 };
    let mut arena = Arena::with_objects();
    for _ in 0..3 {
        for n in 0..count {
            arena.add_object(vec![n]);
        }
        arena.reset();
        assert_eq!(arena.objects().len(), 0);
    }
    let bytes = arena.allocated_bytes();
    for n in 0..count {
        arena.add_object(vec![n]);
    }
    assert_eq!(arena.allocated_bytes(), bytes);
}

#[test]
fn a_drop_may_use_another_arena() {
    struct Uses<'a>(&'a Arena, u64);
    impl Drop for Uses<'_> {
        fn drop(&mut self) {
            self.0.alloc(self.1);
        }
    }
    let other = Arena::new();
    let arena = Arena::with_objects();
    for n in 0..100 {
        arena.add_object(Uses(&other, n));
    }
    drop(arena);
    assert_eq!(other.stats().total_allocs, 100);
}

#[test]
fn values_of_mixed_types_are_dropped_in_reverse() {
    let order = Rc::new(RefCell::new(Vec::new()));
    struct A(Rc<RefCell<Vec<char>>>);
    struct B(Rc<RefCell<Vec<char>>>, #[allow(dead_code)] [u64; 600]);
    impl Drop for A {
        fn drop(&mut self) {
            self.0.borrow_mut().push('a');
        }
    }
    impl Drop for B {
        fn drop(&mut self) {
            self.0.borrow_mut().push('b');
        }
    }
    for policy in [BlockPolicy::default(), BlockPolicy::GROWING] {
        let heap: Arena<Owned> = Arena::with_objects_and_policy(policy);
        for n in 0..50 {
            match n % 3 {
                0 => assert!(Rc::ptr_eq(
                    &heap.alloc_object(A(Rc::clone(&order))).0,
                    &order
                )),
                1 => assert_eq!(heap.alloc_object(B(Rc::clone(&order), [7; 600])).1[599], 7),
                _ => assert_eq!(heap.alloc_object(()), &()),
            }
        }
        let words: usize = heap
            .objects()
            .filter_map(|o| o.downcast_ref::<B>())
            .map(|b| b.1.len())
            .sum();
        assert_eq!(words, 17 * 600);
        drop(heap);
        let expected: Vec<char> = (0..50)
            .rev()
            .filter_map(|n| ['a', 'b'].get(n % 3).copied())
            .collect();
        assert_eq!(std::mem::take(&mut *order.borrow_mut()), expected);
    }
    assert_eq!(Rc::strong_count(&order), 1);
}

#[test]
fn a_value_that_cannot_be_recorded_comes_back() {
    let heap: Arena<Owned<dyn Any + Send>> = Arena::with_objects_and_policy(BlockPolicy::Fixed(64));
    heap.set_limit(Some(200));
    let before = {
        heap.malloc(8).unwrap();
        heap.stats()
    };
    let text = String::from("mine");
    let (_, text) = heap.try_alloc_object(text).unwrap_err();
    assert_eq!(text, "mine");
    assert_eq!(heap.stats(), before);
    let heap = std::thread::spawn(move || {
        heap.set_limit(None);
        heap.alloc_object(vec![text]);
        heap
    });
    assert_eq!(heap.join().unwrap().objects().len(), 1);
}
