//! An allocator that itself uses the arena that called it: as one that logs, counts or traces
//! would. Whatever the outer request and the inner one are, what both hand out stays whole, objects
//! are all there and dropped once, and the limit holds.

use py_arena::{Arena, BlockPolicy, Claim, cache};
use rstest::rstest;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr::NonNull;

type Hook = fn(&Ledger);

thread_local! {
    /// What the allocator does before it serves a request, and with what.
    static HOOK: Cell<Option<(Hook, &'static Ledger)>> = const { Cell::new(None) };
}

/// The system's allocator with the hook.
struct Hooked;

fn run_hook() {
    // Out while it runs: the inner request may call the allocator too.
    let hook = HOOK.try_with(Cell::take).ok().flatten();
    if let Some((run, ledger)) = hook {
        run(ledger);
        HOOK.set(hook);
    }
}

// SAFETY: every call goes to the system's allocator.
unsafe impl GlobalAlloc for Hooked {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        run_hook();
        // SAFETY: the caller promised a layout whose size is not 0.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        run_hook();
        // SAFETY: the caller promised memory of this allocator and its layout; it came from the
        // system.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Hooked = Hooked;

/// An object that counts its drop in the ledger.
struct Object(u64);

thread_local! {
    static DROPPED: Cell<u64> = const { Cell::new(0) };
}

impl Drop for Object {
    fn drop(&mut self) {
        assert_eq!(self.0 >> 32, 0x0b_ec, "not an object");
        DROPPED.set(DROPPED.get() + 1);
    }
}

/// Where a piece is, its length, and what it is filled with.
type Piece = (NonNull<u8>, usize, u8);

/// No test has more.
const PIECES: usize = if cfg!(miri) { 4_000 } else { 20_000 };

/// The arena, and the memory it handed out: each piece filled with a byte of its own. The room for
/// the record is there from the start, so that keeping it calls no allocator.
struct Ledger {
    arena: Arena<Object>,
    pieces: Box<[Cell<Option<Piece>>]>,
    used: Cell<usize>,
    objects: Cell<u64>,
}

impl Ledger {
    fn new(policy: BlockPolicy) -> Ledger {
        Ledger {
            arena: Arena::with_objects_and_policy(policy),
            pieces: (0..PIECES).map(|_| Cell::new(None)).collect(),
            used: Cell::new(0),
            objects: Cell::new(0),
        }
    }

    /// For the hook too: with the pointer that frees it in the end.
    fn lent(policy: BlockPolicy) -> (&'static Ledger, *mut Ledger) {
        let memory = Box::into_raw(Box::new(Ledger::new(policy)));
        // SAFETY: the box lives until the test takes it back.
        (unsafe { &*memory }, memory)
    }

    fn note(&self, at: NonNull<u8>, len: usize) {
        let n = self.used.get();
        let byte = n as u8;
        // SAFETY: fresh memory of that length, which only the ledger uses.
        unsafe { at.write_bytes(byte, len) };
        self.pieces[n].set(Some((at, len, byte)));
        self.used.set(n + 1);
    }

    fn malloc(&self, len: usize) {
        if let Ok(at) = self.arena.malloc(len) {
            self.note(at, len);
        }
    }

    fn slice(&self, len: usize) {
        // A hint of nothing: it grows, and moves.
        let bytes = (0..len as u64).filter(|_| true);
        if let Ok(slice) = self.arena.try_alloc_slice_from_iter(bytes) {
            assert!(slice.iter().copied().eq(0..len as u64));
            self.note(NonNull::from(slice).cast(), len * 8);
        }
    }

    fn claim(&self, len: usize) {
        let claim = self.arena.claim();
        for _ in 0..3 {
            if let Ok(at) = claim.malloc(len) {
                self.note(at, len);
            }
        }
    }

    fn scope(&self, len: usize) {
        self.arena.scope(|inner| {
            let bytes = inner.try_alloc_slice_from_iter((0..len as u64).filter(|_| true));
            self.malloc(24);
            if let Ok(bytes) = bytes {
                assert!(bytes.iter().copied().eq(0..len as u64));
            }
        });
    }

    fn object(&self) {
        let object = Object((0x0b_ec << 32) + self.objects.get());
        match self.arena.try_add_object(object) {
            Ok(_) => self.objects.set(self.objects.get() + 1),
            Err((_, object)) => std::mem::forget(object),
        }
    }

    /// All that was handed out is as it was filled, and in no other piece.
    fn check(&self) {
        for piece in &self.pieces[..self.used.get()] {
            let (at, len, byte) = piece.get().unwrap();
            // SAFETY: filled by `note`.
            let bytes = unsafe { std::slice::from_raw_parts(at.as_ptr(), len) };
            let mut bytes = bytes.iter().step_by(if cfg!(miri) { 13 } else { 1 });
            assert!(bytes.all(|&b| b == byte), "a piece was overwritten");
        }
        assert!(self.arena.objects().all(|o| o.0 >> 32 == 0x0b_ec));
        assert_eq!(self.arena.objects().len() as u64, self.objects.get());
        assert_eq!(
            self.arena.objects().rev().count() as u64,
            self.objects.get()
        );
        let used: usize = self.arena.used_blocks().map(|used| used.len()).sum();
        assert!(used <= self.arena.block_bytes());
        let pieces = self.pieces[..self.used.get()].iter();
        assert!(used >= pieces.map(|piece| piece.get().unwrap().1).sum::<usize>());
        assert_eq!(
            self.arena.block_bytes(),
            self.arena.stats().total_block_size
        );
    }
}

const OUTER: [(&str, Hook); 9] = [
    ("object", |l| l.object()),
    ("malloc", |l| l.malloc(40)),
    ("malloc 0", |l| l.malloc(0)),
    ("malloc a block", |l| l.malloc(8192)),
    ("malloc large", |l| l.malloc(20_000)),
    ("slice", |l| l.slice(700)),
    ("claim", |l| l.claim(3000)),
    ("claim large", |l| l.claim(9000)),
    ("scope", |l| l.scope(2500)),
];

/// What the allocator does: no pieces so large that each calls it a hundred times.
const INNER: [(&str, Hook); 6] = [
    ("object", |l| l.object()),
    ("malloc", |l| l.malloc(40)),
    ("malloc a block", |l| l.malloc(8192)),
    ("slice", |l| l.slice(50)),
    ("claim", |l| l.claim(1000)),
    ("scope", |l| l.scope(100)),
];

fn go(policy: BlockPolicy, outer: Hook, inner: Hook, limit: Option<usize>, cached: bool) {
    cache::set_limit(if cached { cache::DEFAULT_LIMIT } else { 0 });
    DROPPED.set(0);
    let (ledger, memory) = Ledger::lent(policy);
    ledger.arena.set_limit(limit);
    HOOK.set(Some((inner, ledger)));
    for _ in 0..if cfg!(miri) { 20 } else { 150 } {
        outer(ledger);
    }
    HOOK.take();
    assert!(ledger.arena.allocated_bytes() <= limit.unwrap_or(usize::MAX));
    ledger.check();
    let objects = ledger.objects.get();
    // SAFETY: the box of the ledger; nobody else has the reference any more.
    drop(unsafe { Box::from_raw(memory) });
    assert_eq!(DROPPED.get(), objects);
}

#[rstest]
fn whatever_the_allocator_does_with_the_arena_all_stays_whole(
    #[values(
        BlockPolicy::Fixed(8192),
        BlockPolicy::Fixed(64),
        BlockPolicy::GROWING,
        BlockPolicy::IN_ORDER
    )]
    policy: BlockPolicy,
    #[values(None, Some(100_000))] limit: Option<usize>,
    #[values(false, true)] cached: bool,
) {
    let rounds = if cfg!(miri) { 2 } else { usize::MAX };
    for (_, outer) in OUTER.iter().take(rounds) {
        for (_, inner) in INNER.iter().take(rounds) {
            go(policy, *outer, *inner, limit, cached);
        }
    }
}

thread_local! {
    /// The claim that calls the allocator, and that the allocator uses.
    static CLAIM: Cell<Option<&'static Claim<'static>>> = const { Cell::new(None) };
}

impl Ledger {
    fn note_slice(&self, bytes: Result<&mut [u8], py_arena::AllocError>) {
        if let Ok(bytes) = bytes {
            let len = bytes.len();
            self.note(NonNull::from(bytes).cast(), len);
        }
    }

    fn through_the_claim(&self, len: usize) {
        let Some(claim) = CLAIM.get() else { return };
        if let Ok(at) = claim.malloc(len) {
            self.note(at, len);
        }
        self.note_slice(claim.try_alloc([0_u8; 40]).map(|value| &mut value[..]));
        // A hint of nothing: it grows, and moves.
        self.note_slice(claim.try_alloc_slice_from_iter((0..len).filter(|_| true).map(|_| 0)));
    }
}

/// What the claim is at when it needs a block is not what it was at when it asked for one.
#[rstest]
fn an_allocator_that_uses_the_claim_that_calls_it_finds_all_whole_and_counted(
    #[values(
        BlockPolicy::Fixed(8192),
        BlockPolicy::Fixed(64),
        BlockPolicy::GROWING,
        BlockPolicy::IN_ORDER
    )]
    policy: BlockPolicy,
    #[values(None, Some(100_000))] limit: Option<usize>,
    #[values(false, true)] cached: bool,
    #[values(8, 700, 9000)] len: usize,
) {
    // Miri takes half of them, and less of each.
    if cfg!(miri) && cached == limit.is_some() {
        return;
    }
    cache::set_limit(if cached { cache::DEFAULT_LIMIT } else { 0 });
    let (ledger, memory) = Ledger::lent(policy);
    ledger.arena.set_limit(limit);
    let claim = Box::into_raw(Box::new(ledger.arena.claim()));
    // SAFETY: the box lives until it is taken back below.
    CLAIM.set(Some(unsafe { &*claim }));
    HOOK.set(Some((|l| l.through_the_claim(100), ledger)));
    for _ in 0..if cfg!(miri) {
        1 + 2000 / (len + 700)
    } else {
        100
    } {
        ledger.through_the_claim(len);
    }
    HOOK.take();
    CLAIM.take();
    // SAFETY: the box from above; nobody else has the reference any more.
    drop(unsafe { Box::from_raw(claim) });
    ledger.check();
    let pieces = ledger.pieces[..ledger.used.get()].iter();
    let bytes = pieces.map(|piece| piece.get().unwrap().1).sum::<usize>();
    let stats = ledger.arena.stats();
    assert_eq!(
        (stats.total_allocs, stats.total_size),
        (ledger.used.get(), bytes)
    );
    // SAFETY: the box of the ledger. The hook, which used it too, was taken.
    drop(unsafe { Box::from_raw(memory) });
}

#[test]
fn an_allocator_that_logs_into_the_arena_finds_its_records() {
    cache::set_limit(0);
    let (ledger, memory) = Ledger::lent(BlockPolicy::default());
    HOOK.set(Some((|l| l.object(), ledger)));
    for _ in 0..200 {
        ledger.object();
    }
    HOOK.take();
    // Two chunks were asked for at least; what each call logged lies among the 200.
    assert!(ledger.objects.get() >= 202);
    ledger.check();
    // SAFETY: the box of the ledger. The hook, which used it too, was taken.
    drop(unsafe { Box::from_raw(memory) });
}

#[test]
fn clearing_the_cache_ends_though_each_free_leaves_a_block_there() {
    let (ledger, memory) = Ledger::lent(BlockPolicy::default());
    cache::set_limit(cache::DEFAULT_LIMIT);
    for _ in 0..3 {
        Arena::new().alloc(1_u8);
    }
    HOOK.set(Some((
        |_| {
            Arena::new().alloc(1_u8);
        },
        ledger,
    )));
    cache::clear();
    HOOK.take();
    cache::clear();
    assert_eq!(cache::bytes(), 0);
    // SAFETY: the box of the ledger. The hook, which used it too, was taken.
    drop(unsafe { Box::from_raw(memory) });
}
