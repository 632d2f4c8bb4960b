//! Out of memory at each allocation in turn: an error, nothing lost, and the arena goes on.

use py_arena::{AllocError, Arena, BlockPolicy, Owned, cache};
use rstest::rstest;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

/// The system's allocator, which refuses the allocations that this thread names.
struct Failing;

thread_local! {
    /// Allocations of this thread until some are refused.
    static LEFT: Cell<usize> = const { Cell::new(usize::MAX) };
    /// How many are refused then.
    static REFUSE: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator, or allocates nothing.
unsafe impl GlobalAlloc for Failing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let refuse = LEFT.try_with(|left| match left.get() {
            usize::MAX => false,
            0 => REFUSE.with(|refuse| match refuse.get() {
                0 => false,
                n => {
                    refuse.set(n - 1);
                    true
                }
            }),
            n => {
                left.set(n - 1);
                false
            }
        });
        if refuse.unwrap_or(false) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller promised a layout whose size is not 0.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller promised memory of this allocator and its layout; it came from the
        // system.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Failing = Failing;

/// Runs `f` with `refused` allocations failing from the n-th on. Also returns whether one failed.
fn failing_at<R>(n: usize, refused: usize, f: impl FnOnce() -> R) -> (R, bool) {
    REFUSE.set(refused);
    LEFT.set(n);
    let result = f();
    LEFT.set(usize::MAX);
    (result, REFUSE.replace(0) < refused)
}

const POLICIES: [BlockPolicy; 3] = [
    BlockPolicy::Fixed(8192),
    BlockPolicy::Fixed(64),
    BlockPolicy::GROWING,
];

/// More than a block holds.
const MANY: u32 = if cfg!(miri) { 300 } else { 2000 };

type Step = fn(&Arena<Rc<()>>, &Rc<()>) -> Result<(), AllocError>;

const STEPS: &[(&str, Step)] = &[
    ("malloc", |a, _| a.malloc(24).map(drop)),
    ("malloc 0", |a, _| a.malloc(0).map(drop)),
    ("large malloc", |a, _| a.malloc(20_000).map(drop)),
    ("alloc", |a, _| a.try_alloc([1_u64; 10]).map(|_| ())),
    ("large alloc", |a, _| {
        a.try_alloc_with(|| [1_u8; 9000]).map(|_| ())
    }),
    ("layout", |a, _| {
        a.try_alloc_layout(Layout::from_size_align(100, 512).unwrap())
            .map(drop)
    }),
    ("str", |a, _| a.try_alloc_str("some name").map(|_| ())),
    ("slice copy", |a, _| {
        a.try_alloc_slice_copy(&[1_u16; 300]).map(|_| ())
    }),
    ("slice clone", |a, _| {
        a.try_alloc_slice_clone(&[Some(1_u8); 300]).map(|_| ())
    }),
    ("from iter", |a, _| {
        let items = (0..MANY).filter(|_| true).map(|n| [n; 8]);
        a.try_alloc_slice_from_iter(items).map(|_| ())
    }),
    ("object", |a, o| {
        a.try_add_object(Rc::clone(o)).map(drop).map_err(|(e, _)| e)
    }),
    ("claim", |a, _| {
        let claim = a.claim();
        (0..300_u64).try_for_each(|n| claim.try_alloc(n).map(|_| ()))
    }),
    ("scope", |a, o| {
        a.scope(|inner| {
            inner.try_alloc([0_u8; 500])?;
            inner.try_add_object(Rc::clone(o)).map_err(|(e, _)| e)?;
            a.try_alloc([0_u8; 500])?;
            inner.malloc(10_000).map(drop)
        })
    }),
];

/// Whatever fails, the arena holds what it held before the failing request, and all is freed.
#[rstest]
fn each_allocation_may_fail(
    #[values(false, true)] after_others: bool,
    #[values(1, 2, 3)] in_a_row: usize,
) {
    cache::set_limit(0);
    for policy in POLICIES {
        for &(name, step) in STEPS {
            let mut refused = 0;
            // A step has up to forty allocations; Miri takes the first four, and one of seven then.
            let takes = |n: &usize| cfg!(not(miri)) || *n < 4 || n % 7 == 0;
            for n in (0..).filter(takes) {
                let shared = Rc::new(());
                let arena = Arena::with_objects_and_policy(policy);
                if after_others {
                    steps(&arena, &shared);
                    arena.malloc(0).unwrap();
                }
                let before = arena.allocated_bytes();
                let (result, reached) = failing_at(n, in_a_row, || step(&arena, &shared));
                if !reached {
                    result.unwrap();
                    break;
                }
                if result.is_err() {
                    refused += 1;
                    assert!(
                        n > 0 || arena.allocated_bytes() == before,
                        "{name}: {policy:?}"
                    );
                }
                // And it goes on.
                steps(&arena, &shared);
                drop(arena);
                assert_eq!(Rc::strong_count(&shared), 1, "{name}");
            }
            // Growing tries a smaller block where the regular one is refused.
            let tries = if matches!(policy, BlockPolicy::Growing { .. }) {
                2
            } else {
                1
            };
            assert!(
                refused > 0 || after_others || in_a_row < tries,
                "{name} never failed"
            );
        }
    }
}

#[test]
fn the_failing_request_changes_nothing() {
    cache::set_limit(0);
    for policy in POLICIES {
        let arena = Arena::with_policy(policy);
        let mut refusals = 0;
        let requests = if cfg!(miri) { 600 } else { 3000 };
        for size in (1..requests).map(|n: usize| n * 37 % 10_000 + 1) {
            let before = (arena.stats(), arena.allocated_bytes());
            let (result, reached) = failing_at(0, 2, || arena.malloc(size));
            if reached && result.is_err() {
                refusals += 1;
                assert_eq!((arena.stats(), arena.allocated_bytes()), before);
                arena.malloc(size).unwrap();
            }
        }
        assert!(refusals > 5, "{refusals} under {policy:?}");
    }
}

/// All the steps; under Miri every fifth.
fn steps(arena: &Arena<Rc<()>>, shared: &Rc<()>) {
    let some = STEPS.iter().step_by(if cfg!(miri) { 5 } else { 1 });
    some.for_each(|(_, step)| step(arena, shared).unwrap());
}

#[test]
fn a_value_comes_back_when_its_record_finds_no_memory() {
    cache::set_limit(0);
    let shared = Rc::new(());
    for n in 0..2 {
        let heap: Arena<Owned> = Arena::with_objects();
        let (result, _) = failing_at(n, 1, || heap.try_alloc_object(Rc::clone(&shared)));
        let (error, value) = result.unwrap_err();
        assert_eq!(error, AllocError);
        assert!(Rc::ptr_eq(&value, &shared));
        assert_eq!(heap.stats().total_allocs, 0);
        drop(value);
        heap.alloc_object(Rc::clone(&shared));
        drop(heap);
        assert_eq!(Rc::strong_count(&shared), 1);
    }
}

#[test]
fn the_forms_that_cannot_fail_panic() {
    cache::set_limit(0);
    let shared = Rc::new(());
    type Form = fn(&Arena<Rc<()>>, &Rc<()>);
    let forms: [Form; 8] = [
        |a, _| *a.alloc(()) = *a.alloc_with(|| [0_u8; 9000]).first().map(|_| &()).unwrap(),
        |a, _| assert_eq!(*a.alloc(1), 1),
        |a, _| assert_eq!(a.alloc_str("a").len(), 1),
        |a, _| assert_eq!(a.alloc_slice_copy(&[1]).len(), 1),
        |a, _| assert_eq!(a.alloc_slice_clone(&[1]).len(), 1),
        |a, _| assert_eq!(a.alloc_slice_from_iter([1]).len(), 1),
        |a, _| assert_eq!(a.alloc_layout(Layout::new::<u8>()).addr().get() % 8, 0),
        |a, o| assert_eq!(Rc::strong_count(a.add_object(Rc::clone(o))), 2),
    ];
    for form in forms {
        let arena = Arena::with_objects();
        let (result, _) = failing_at(0, 1, || {
            catch_unwind(AssertUnwindSafe(|| form(&arena, &shared)))
        });
        let panic = result.unwrap_err();
        let text = panic.downcast_ref::<String>().expect("a message");
        assert_eq!(text, "out of memory: the arena could not get the memory");
        assert_eq!(Rc::strong_count(&shared), 1);
        form(&arena, &shared);
        drop(arena);
    }
}
