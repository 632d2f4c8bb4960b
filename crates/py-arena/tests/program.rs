//! Random programs of operations against an obvious model: a list of what was handed out and what
//! was written there, and a list of the objects that must be dropped, in order.

use proptest::prelude::*;
use py_arena::{Arena, BlockPolicy, Claim};
use std::alloc::Layout;
use std::cell::{Cell, RefCell};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

#[derive(Clone, Debug)]
enum Op {
    Malloc(usize),
    Layout(usize, u32),
    TooLarge(usize),
    Value(u8),
    Text(usize),
    Slice(usize),
    /// Items; an allocation before each n-th item; the item at which the iterator panics.
    FromIter(usize, Option<usize>, Option<usize>),
    Clones(usize, Option<usize>),
    /// Whether its drop panics, and whether it allocates in another arena.
    Object(bool, bool),
    /// Through the claim or, meanwhile, by the arena; and whether the claim is forgotten.
    Claim(Vec<(bool, Op)>, bool),
    /// Whether the scope's closure panics at its end.
    Scope(Vec<Op>, bool),
    Limit(Option<usize>),
}

/// Every byte is written and read again: for Miri, fewer bytes and fewer operations.
const LARGEST: usize = if cfg!(miri) { 10_000 } else { 40_000 };
const OPS: usize = if cfg!(miri) { 6 } else { 40 };
const SIZES: usize = if cfg!(miri) { 60 } else { 300 };
/// How deep scopes are, how many operations are in one, and how many in one branch of it.
const SCOPES: (u32, u32, u32) = if cfg!(miri) { (2, 10, 4) } else { (3, 60, 12) };

fn size() -> impl Strategy<Value = usize> {
    prop_oneof![8 => 0..70_usize, 2 => 0..600_usize, 1 => 8170..8220_usize, 1 => 0..LARGEST]
}

fn leaf() -> impl Strategy<Value = Op> {
    let small = || 0..60_usize;
    let rarely = |n: usize| prop::option::weighted(0.2, 0..n);
    prop_oneof![
        6 => size().prop_map(Op::Malloc),
        3 => (size(), 0..13_u32).prop_map(|(size, align)| Op::Layout(size, align)),
        1 => (0..100_usize).prop_map(Op::TooLarge),
        3 => any::<u8>().prop_map(Op::Value),
        3 => size().prop_map(Op::Text),
        2 => small().prop_map(Op::Slice),
        3 => (small(), prop::option::of(1..9_usize), rarely(60))
            .prop_map(|(n, every, panics)| Op::FromIter(n, every, panics)),
        1 => (small(), rarely(60)).prop_map(|(n, panics)| Op::Clones(n, panics)),
        4 => (prop::bool::weighted(0.1), any::<bool>()).prop_map(|(a, b)| Op::Object(a, b)),
        1 => prop::option::of(0..50_000_usize).prop_map(Op::Limit),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    leaf().prop_recursive(SCOPES.0, SCOPES.1, SCOPES.2, |inner| {
        prop_oneof![
            (
                prop::collection::vec((any::<bool>(), leaf()), 0..20),
                prop::bool::weighted(0.1)
            )
                .prop_map(|(ops, forget)| Op::Claim(ops, forget)),
            (
                prop::collection::vec(inner, 0..12),
                prop::bool::weighted(0.2)
            )
                .prop_map(|(ops, panics)| Op::Scope(ops, panics)),
        ]
    })
}

fn policy() -> impl Strategy<Value = BlockPolicy> {
    prop_oneof![
        Just(BlockPolicy::default()),
        Just(BlockPolicy::GROWING),
        (1..2000_usize).prop_map(BlockPolicy::Fixed),
        (1..500_usize, 0..3000_usize).prop_map(|(first, more)| BlockPolicy::Growing {
            first,
            max: first + more
        }),
    ]
}

/// What all objects of a run write to when they are dropped.
#[derive(Default)]
struct Log {
    dropped: RefCell<Vec<usize>>,
    elsewhere: Arena,
    armed: Cell<bool>,
}

struct Object<'l> {
    number: usize,
    panics: bool,
    allocates: bool,
    log: &'l Log,
}

impl Drop for Object<'_> {
    fn drop(&mut self) {
        self.log.dropped.borrow_mut().push(self.number);
        if self.allocates {
            assert_eq!(*self.log.elsewhere.alloc(self.number), self.number);
        }
        // A second panic would abort, as it should.
        assert!(
            !(self.panics && self.log.armed.replace(false)),
            "a drop panics"
        );
    }
}

/// The model of one arena: this is all it has to know.
struct Model<'l> {
    log: &'l Log,
    /// Start, length and what each byte must be.
    memory: Vec<(NonNull<u8>, usize, u8)>,
    objects: Vec<usize>,
    allocs: usize,
    bytes: usize,
    /// A forgotten claim takes some of its counts with it.
    exact: bool,
}

impl<'l> Model<'l> {
    fn new(log: &'l Log) -> Self {
        Model {
            log,
            memory: Vec::new(),
            objects: Vec::new(),
            allocs: 0,
            bytes: 0,
            exact: true,
        }
    }

    /// Fills fresh memory, which must be aligned; that it is apart shows when all is read back.
    fn got(&mut self, at: NonNull<u8>, size: usize, align: usize) {
        assert_eq!(at.addr().get() % align, 0);
        let byte = (self.memory.len() * 7 + size) as u8;
        // SAFETY: the arena handed out that many bytes.
        unsafe { at.write_bytes(byte, size) };
        self.memory.push((at, size, byte));
    }

    fn count(&mut self, allocs: usize, bytes: usize) {
        self.allocs += allocs;
        self.bytes += bytes;
    }

    fn check<O>(&self, arena: &Arena<O>) {
        for &(at, size, byte) in &self.memory {
            // SAFETY: filled by `got`, not taken back since, and nobody writes meanwhile.
            let bytes = unsafe { std::slice::from_raw_parts(at.as_ptr(), size) };
            assert!(
                bytes.iter().all(|b| *b == byte),
                "memory was handed out twice"
            );
        }
        let stats = arena.stats();
        if self.exact {
            assert_eq!(
                (stats.total_allocs, stats.total_size),
                (self.allocs, self.bytes)
            );
        }
    }

    fn object(&mut self, arena: &Arena<Object<'l>>, panics: bool, allocates: bool) {
        let number = self.log.elsewhere.stats().total_allocs + self.objects.len() * 1000;
        let object = Object {
            number,
            panics,
            allocates,
            log: self.log,
        };
        match arena.try_add_object(object) {
            Ok(object) => {
                assert_eq!(object.number, number);
                self.objects.push(number);
            }
            Err((_, object)) => mem::forget(object),
        }
        assert!(
            arena
                .objects()
                .map(|o| o.number)
                .eq(self.objects.iter().copied())
        );
    }

    fn collect<O>(
        &mut self,
        arena: &Arena<O>,
        n: usize,
        every: Option<usize>,
        panics: Option<usize>,
    ) {
        let mut between = Vec::new();
        let items = (0..n as u32).filter(|i| i % 3 != 1).inspect(|i| {
            if every.is_some_and(|every| *i as usize % every == 0) {
                between.extend(arena.malloc(*i as usize).ok().map(|at| (at, *i as usize)));
            }
            assert_ne!(Some(*i as usize), panics, "the iterator panics");
        });
        let slice = catch_unwind(AssertUnwindSafe(|| arena.try_alloc_slice_from_iter(items)));
        if let Ok(Ok(slice)) = &slice {
            assert!(
                slice
                    .iter()
                    .copied()
                    .eq((0..n as u32).filter(|i| i % 3 != 1))
            );
        }
        for (at, size) in between {
            self.count(1, size);
            self.got(at, size, 8);
        }
        if let Ok(Ok(slice)) = slice {
            self.count(usize::from(!slice.is_empty()), size_of_val(slice));
            self.got(NonNull::from(&mut *slice).cast(), size_of_val(slice), 4);
        }
    }

    fn clones<O>(&mut self, arena: &Arena<O>, n: usize, panics: Option<usize>) {
        struct Counted<'a>(usize, &'a Cell<usize>, Option<usize>);
        impl Clone for Counted<'_> {
            fn clone(&self) -> Self {
                self.1.set(self.1.get() + 1);
                assert_ne!(Some(self.0), self.2, "clone panics");
                Counted(self.0, self.1, self.2)
            }
        }
        let clones = Cell::new(0);
        let from: Vec<_> = (0..n).map(|i| Counted(i, &clones, panics)).collect();
        let result = catch_unwind(AssertUnwindSafe(|| {
            arena
                .try_alloc_slice_clone(&from)
                .map(|s| s.iter().map(|c| c.0).eq(0..n))
        }));
        assert!(!matches!(result, Ok(Ok(false))));
        if !matches!(result, Ok(Err(_))) {
            self.count(usize::from(n > 0), size_of_val(&*from));
        }
    }

    /// What arena and claim do alike.
    fn plain<'a, O>(&mut self, arena: &'a Arena<O>, claim: Option<&Claim<'a>>, op: &Op) {
        let layout = |size, align| Layout::from_size_align(size, align).unwrap();
        let counted = |size: usize| usize::from(size > 0);
        match *op {
            Op::Malloc(size) => {
                let at = match claim {
                    Some(claim) => claim.malloc(size),
                    None => arena.malloc(size),
                };
                if let Ok(at) = at {
                    self.count(1, size);
                    self.got(at, size, 8);
                }
            }
            Op::Layout(size, align) => {
                let layout = layout(size, 1 << align);
                let at = match claim {
                    Some(claim) => claim.try_alloc_layout(layout),
                    None => arena.try_alloc_layout(layout),
                };
                if let Ok(at) = at {
                    self.count(counted(size), size);
                    self.got(at, size, layout.align());
                }
            }
            Op::TooLarge(below) => {
                let size = usize::MAX - below;
                let at = match claim {
                    Some(claim) => claim.malloc(size),
                    None => arena.malloc(size),
                };
                assert!(at.is_err());
            }
            Op::Value(byte) => {
                let value = match claim {
                    Some(claim) => claim.try_alloc([byte; 24]),
                    None => arena.try_alloc([byte; 24]),
                };
                if let Ok(value) = value {
                    assert_eq!(*value, [byte; 24]);
                    self.count(1, 24);
                    self.got(NonNull::from(value).cast(), 24, 1);
                }
            }
            Op::Text(size) => {
                let text = "ä".repeat(size / 2);
                let copy = match claim {
                    Some(claim) => claim.try_alloc_str(&text),
                    None => arena.try_alloc_str(&text),
                };
                if let Ok(copy) = copy {
                    assert_eq!(*copy, text);
                    self.count(counted(copy.len()), copy.len());
                    let len = copy.len();
                    self.got(NonNull::from(copy).cast(), len, 1);
                }
            }
            Op::Slice(n) => {
                let slice: Vec<u16> = (0..n as u16).collect();
                let copy = match claim {
                    Some(claim) => claim.try_alloc_slice_copy(&slice),
                    None => arena.try_alloc_slice_copy(&slice),
                };
                if let Ok(copy) = copy {
                    assert_eq!(*copy, slice);
                    self.count(counted(n), 2 * n);
                    self.got(NonNull::from(copy).cast(), 2 * n, 2);
                }
            }
            _ => {}
        }
    }

    fn step(&mut self, arena: &Arena<Object<'l>>, op: &Op) {
        match op {
            Op::FromIter(n, every, panics) => self.collect(arena, *n, *every, *panics),
            Op::Clones(n, panics) => self.clones(arena, *n, *panics),
            Op::Object(panics, allocates) => self.object(arena, *panics, *allocates),
            Op::Limit(more) => {
                arena.set_limit(more.map(|more| arena.allocated_bytes() + more));
            }
            Op::Claim(ops, forget) => {
                let claim = arena.claim();
                for (through, op) in ops {
                    match (through, op) {
                        (true, op) => self.plain(arena, Some(&claim), op),
                        (false, op) => self.step(arena, op),
                    }
                }
                if *forget {
                    mem::forget(claim);
                    self.exact = false;
                }
            }
            Op::Scope(ops, panics) => self.scope(arena, ops, *panics),
            plain => self.plain(arena, None, plain),
        }
    }

    fn scope(&mut self, arena: &Arena<Object<'l>>, ops: &[Op], panics: bool) {
        let mut child = Model::new(self.log);
        self.log.dropped.borrow_mut().clear();
        self.log.armed.set(!panics);
        let ended = catch_unwind(AssertUnwindSafe(|| {
            arena.scope(|inner| {
                for op in ops {
                    child.step(inner, op);
                    // Requests of the parent lie elsewhere.
                    self.plain(arena, None, op);
                }
                child.check(inner);
                self.log.dropped.borrow_mut().clear();
                self.log.armed.set(!panics);
                assert!(!panics, "the scope panics");
            });
        }));
        assert!(panics <= ended.is_err());
        self.log.armed.set(false);
        let dropped = mem::take(&mut *self.log.dropped.borrow_mut());
        assert!(dropped.iter().eq(child.objects.iter().rev()));
        self.count(child.allocs, child.bytes);
        self.exact &= child.exact;
    }

    /// The objects are dropped by `end`, in order, whatever panics.
    fn ends(&mut self, end: impl FnOnce()) {
        self.log.dropped.borrow_mut().clear();
        self.log.armed.set(true);
        let _ = catch_unwind(AssertUnwindSafe(end));
        self.log.armed.set(false);
        let dropped = mem::take(&mut *self.log.dropped.borrow_mut());
        assert!(dropped.iter().eq(self.objects.iter().rev()));
    }
}

/// Panics that the programs ask for stay quiet; any other is shown as ever.
fn hush() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let shown = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let text = info.payload().downcast_ref::<&str>().copied();
            let text = text.or_else(|| info.payload().downcast_ref::<String>().map(|s| &**s));
            if !text.is_some_and(|t| t.contains("panics")) {
                shown(info);
            }
        }));
    });
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 4 } else { ProptestConfig::default().cases },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_program_does_what_the_model_says(
        policy in policy(),
        rounds in prop::collection::vec(prop::collection::vec(op(), 0..OPS), 1..4),
    ) {
        hush();
        let log = Log::default();
        let mut arena = Arena::with_objects_and_policy(policy);
        for ops in &rounds {
            let mut model = Model::new(&log);
            for op in ops {
                model.step(&arena, op);
            }
            model.check(&arena);
            arena.set_limit(None);
            model.ends(|| arena.reset());
            prop_assert_eq!(arena.stats().total_allocs, 0);
            prop_assert_eq!(arena.objects().len(), 0);
        }
        let mut model = Model::new(&log);
        for op in &rounds[0] {
            model.step(&arena, op);
        }
        model.check(&arena);
        model.ends(|| arena.free());
    }

    /// pyarena.c as one would write it down: blocks are sizes, the last one has an offset.
    #[test]
    fn malloc_hands_out_what_pyarena_would(
        block in prop_oneof![Just(8192_usize), 1..3000_usize],
        sizes in prop::collection::vec(size(), 1..SIZES),
    ) {
        let arena = Arena::with_policy(BlockPolicy::Fixed(block));
        let block = block.next_multiple_of(8);
        let (mut blocks, mut offset, mut start) = (vec![block], 0, None);
        for &size in &sizes {
            let rounded = size.next_multiple_of(8);
            if offset + rounded > blocks[blocks.len() - 1] {
                blocks.push(if rounded < block { block } else { rounded });
                (offset, start) = (0, None);
            }
            let at = arena.malloc(size).unwrap().addr().get();
            prop_assert_eq!(at - *start.get_or_insert(at - offset), offset);
            offset += rounded;
        }
        let stats = arena.stats();
        prop_assert_eq!(stats.total_blocks, blocks.len());
        prop_assert_eq!(stats.total_block_size, blocks.iter().sum::<usize>());
        prop_assert_eq!(stats.total_allocs, sizes.len());
        prop_assert_eq!(stats.total_size, sizes.iter().sum::<usize>());
    }
}
