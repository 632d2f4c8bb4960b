//! Programs of an arena: requests, objects, claims, scopes, limits, resets, and an allocator that fails.
//!
//! The model is what an arena promises: memory that was handed out is aligned, keeps what was written
//! there and overlaps no other; objects are dropped once, last in first out, whatever panics; requests
//! are counted; and at the end the allocator has every block back.

use crate::{Planned, unless_planned};
use arbitrary::{Arbitrary, Unstructured};
use py_arena::{Arena, BlockPolicy, Claim};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, RefCell};
use std::mem;
use std::panic::panic_any;
use std::ptr::{NonNull, null_mut};

/// The system's allocator, which counts for each thread what it has given, and fails when it is told to.
struct Counting;

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
    /// After so many blocks it has no memory.
    static LEFT: Cell<usize> = const { Cell::new(usize::MAX) };
}

// SAFETY: all is the system allocator's, but for null pointers in between.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if LEFT.replace(LEFT.get().saturating_sub(1)) == 0 {
            return null_mut();
        }
        // SAFETY: as the caller promises.
        let block = unsafe { System.alloc(layout) };
        LIVE.set(LIVE.get() + layout.size());
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        LIVE.set(LIVE.get() - layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(block, layout) }
    }
}

static COUNTING: Counting = Counting;

/// A number of bytes: mostly small, some about a block's size, some larger.
#[derive(Clone, Copy, Debug)]
struct Size(usize);

impl<'a> Arbitrary<'a> for Size {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Size> {
        let n = usize::from(u.arbitrary::<u16>()?);
        Ok(Size(match n % 16 {
            0..=10 => n / 16 % 80,
            11..=13 => n / 16 % 700,
            14 => 8170 + n / 16 % 50,
            _ => n / 16 * 8,
        }))
    }
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Policy {
    Default,
    Growing,
    Fixed(u8, bool),
    Grows(u8, u16),
}

impl Policy {
    fn get(self) -> BlockPolicy {
        match self {
            Policy::Default => BlockPolicy::default(),
            Policy::Growing => BlockPolicy::GROWING,
            Policy::Fixed(size, large) => {
                BlockPolicy::Fixed((1 + usize::from(size)) << if large { 4 } else { 0 })
            }
            Policy::Grows(first, more) => {
                let first = 1 + usize::from(first);
                let max = first + usize::from(more);
                BlockPolicy::Growing { first, max }
            }
        }
    }
}

/// What a claim can do as well.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Request {
    Malloc(Size),
    Layout(Size, u8),
    TooLarge(u8),
    Value(u8),
    Text(Size),
    Slice(u8),
}

#[derive(Arbitrary, Debug)]
enum Op {
    Ask(Request),
    /// So many items, each of which asks for something first, the last of which may panic.
    Items(u8, Option<Request>, bool),
    /// Whether its drop panics.
    Object(bool),
    /// Each is asked of the claim or, meanwhile, of the arena. The claim may be forgotten.
    Claim(Vec<(bool, Request)>, bool),
    /// A scope, which may end by a panic.
    Scope(Vec<Op>, bool),
    Limit(Option<u16>),
    /// The allocator fails after so many blocks, or does no longer.
    Exhaust(Option<u8>),
    Shrink,
    /// The end of the arena's first life. Inside of a scope it does nothing.
    Reset,
}

#[derive(Arbitrary, Debug)]
struct Program {
    policy: Policy,
    ops: Vec<Op>,
}

/// What all objects write to.
#[derive(Default)]
struct Log {
    dropped: RefCell<Vec<u32>>,
    made: Cell<u32>,
    /// The next object that may panic in its drop does. A second would end the process, as it should.
    armed: Cell<bool>,
}

struct Object<'l> {
    number: u32,
    panics: bool,
    log: &'l Log,
}

impl Drop for Object<'_> {
    fn drop(&mut self) {
        self.log.dropped.borrow_mut().push(self.number);
        if self.panics && self.log.armed.replace(false) {
            panic_any(Planned);
        }
    }
}

/// What one arena, or one scope of it, has handed out.
struct Model<'l> {
    log: &'l Log,
    /// Where, how long, and the byte that fills it.
    memory: Vec<(NonNull<u8>, usize, u8)>,
    objects: Vec<u32>,
    allocs: usize,
    bytes: usize,
    /// A forgotten claim takes some of its counts with it.
    exact: bool,
}

impl<'l> Model<'l> {
    fn new(log: &'l Log) -> Model<'l> {
        Model {
            log,
            memory: Vec::new(),
            objects: Vec::new(),
            allocs: 0,
            bytes: 0,
            exact: true,
        }
    }

    fn got(&mut self, at: NonNull<u8>, size: usize, align: usize, counted: bool) {
        assert_eq!(at.addr().get() % align, 0, "not aligned to {align}");
        let byte = (self.memory.len() * 31 + size) as u8;
        // SAFETY: the arena has handed out that many bytes there.
        unsafe { at.write_bytes(byte, size) };
        self.memory.push((at, size, byte));
        self.allocs += usize::from(counted);
        self.bytes += if counted { size } else { 0 };
    }

    fn check<O>(&self, arena: &Arena<O>) {
        for &(at, size, byte) in &self.memory {
            // SAFETY: handed out and filled by `got`; nobody writes while it is read.
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

    fn ask<'a, O>(&mut self, arena: &'a Arena<O>, claim: Option<&Claim<'a>>, request: Request) {
        // The same request of the claim, if there is one, else of the arena.
        macro_rules! of {
            ($method:ident($($argument:expr),*)) => {
                match claim {
                    Some(claim) => claim.$method($($argument),*),
                    None => arena.$method($($argument),*),
                }
            };
        }
        match request {
            Request::Malloc(Size(size)) => {
                if let Ok(at) = of!(malloc(size)) {
                    self.got(at, size, 8, true);
                }
            }
            Request::Layout(Size(size), align) => {
                let layout = Layout::from_size_align(size, 1 << (align % 13)).expect("fits");
                if let Ok(at) = of!(try_alloc_layout(layout)) {
                    self.got(at, size, layout.align(), size > 0);
                }
            }
            Request::TooLarge(below) => {
                assert!(of!(malloc(usize::MAX - usize::from(below))).is_err());
            }
            Request::Value(byte) => {
                if let Ok(value) = of!(try_alloc([byte; 24])) {
                    assert_eq!(*value, [byte; 24]);
                    self.got(NonNull::from(value).cast(), 24, 1, true);
                }
            }
            Request::Text(Size(size)) => {
                let text = "ä".repeat(size / 2);
                if let Ok(copy) = of!(try_alloc_str(&text)) {
                    assert_eq!(*copy, text);
                    let len = copy.len();
                    self.got(NonNull::from(copy).cast(), len, 1, len > 0);
                }
            }
            Request::Slice(n) => {
                let slice: Vec<u32> = (0..u32::from(n)).collect();
                if let Ok(copy) = of!(try_alloc_slice_copy(&slice)) {
                    assert_eq!(*copy, slice);
                    let size = size_of_val(copy);
                    self.got(NonNull::from(copy).cast(), size, 4, size > 0);
                }
            }
        }
    }

    fn items<O>(&mut self, arena: &Arena<O>, n: u8, first: Option<Request>, panics: bool) {
        let n = n % 100;
        // Half of the items only, so that no iterator knows its length.
        let wanted = |i: &u16| i.is_multiple_of(2);
        let items = (0..u16::from(n)).filter(wanted).inspect(|i| {
            if let Some(request) = first {
                self.ask(arena, None, request);
            }
            if panics && i + 2 >= u16::from(n) {
                panic_any(Planned);
            }
        });
        if let Some(Ok(slice)) = unless_planned(|| arena.try_alloc_slice_from_iter(items)) {
            assert!(slice.iter().copied().eq((0..u16::from(n)).filter(wanted)));
            let size = size_of_val(slice);
            self.got(NonNull::from(slice).cast(), size, 2, size > 0);
        }
    }

    fn object(&mut self, arena: &Arena<Object<'l>>, panics: bool) {
        let log = self.log;
        let number = log.made.get();
        log.made.set(number + 1);
        let object = Object {
            number,
            panics,
            log,
        };
        match arena.try_add_object(object) {
            Ok(object) => {
                assert_eq!(object.number, number);
                self.objects.push(number);
            }
            // It is still the caller's.
            Err((_, object)) => {
                assert_eq!(object.number, number);
                mem::forget(object);
            }
        }
        let listed = arena.objects().map(|o| o.number);
        assert!(listed.eq(self.objects.iter().copied()));
    }

    fn step(&mut self, arena: &Arena<Object<'l>>, op: &Op) {
        match op {
            Op::Ask(request) => self.ask(arena, None, *request),
            Op::Items(n, first, panics) => self.items(arena, *n, *first, *panics),
            Op::Object(panics) => self.object(arena, *panics),
            Op::Claim(requests, forgotten) => {
                let claim = arena.claim();
                for &(through, request) in requests {
                    self.ask(arena, through.then_some(&claim), request);
                }
                if *forgotten {
                    mem::forget(claim);
                    self.exact = false;
                }
            }
            Op::Scope(ops, panics) => self.scope(arena, ops, *panics),
            Op::Limit(more) => {
                arena.set_limit(more.map(|more| arena.allocated_bytes() + usize::from(more)));
            }
            Op::Exhaust(after) => LEFT.set(after.map_or(usize::MAX, usize::from)),
            Op::Shrink | Op::Reset => {}
        }
    }

    fn scope(&mut self, arena: &Arena<Object<'l>>, ops: &[Op], panics: bool) {
        let mut inner = Model::new(self.log);
        let mut whole = false;
        unless_planned(|| {
            arena.scope(|arena_of_scope| {
                for op in ops {
                    inner.step(arena_of_scope, op);
                    self.ask(arena, None, Request::Value(7));
                }
                inner.check(arena_of_scope);
                whole = true;
                self.log.dropped.borrow_mut().clear();
                self.log.armed.set(!panics);
                if panics {
                    panic_any(Planned);
                }
            });
        });
        self.log.armed.set(false);
        assert!(whole);
        inner.are_dropped();
        self.allocs += inner.allocs;
        self.bytes += inner.bytes;
        self.exact &= inner.exact;
    }

    /// The log has all objects, the last one first.
    fn are_dropped(&self) {
        let dropped = mem::take(&mut *self.log.dropped.borrow_mut());
        assert!(
            dropped.iter().eq(self.objects.iter().rev()),
            "dropped {dropped:?} of {:?}",
            self.objects
        );
    }

    /// `end` drops the objects.
    fn ends(&self, end: impl FnOnce()) {
        self.log.dropped.borrow_mut().clear();
        self.log.armed.set(true);
        unless_planned(end);
        self.log.armed.set(false);
        self.are_dropped();
    }
}

/// One program.
pub fn run(data: &[u8]) {
    let Ok(program) = Program::arbitrary_take_rest(Unstructured::new(data)) else {
        return;
    };
    LEFT.set(usize::MAX);
    let before = LIVE.get();
    let log = Log::default();
    let mut arena = Arena::with_objects_in(program.policy.get(), &COUNTING);
    let mut model = Model::new(&log);
    for op in &program.ops {
        match op {
            Op::Reset => {
                model.check(&arena);
                model.ends(|| arena.reset());
                assert_eq!(arena.objects().len(), 0);
                assert_eq!(arena.stats().total_allocs, 0);
                model = Model::new(&log);
            }
            Op::Shrink => arena.shrink_to_fit(),
            op => model.step(&arena, op),
        }
    }
    model.check(&arena);
    model.ends(|| arena.free());
    assert_eq!(LIVE.get(), before, "blocks were not given back");
}
