//! The real CPython beside us in one process: the same requests, the same answers.
#![cfg(not(miri))]

use libloading::{Library, Symbol};
use py_arena::Arena;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;
use std::sync::OnceLock;

/// The head of CPython's block: what this test reads of it.
#[repr(C)]
struct CBlock {
    size: usize,
    offset: usize,
    next: *const CBlock,
    memory: *const u8,
}

#[repr(C)]
struct CArena {
    head: *const CBlock,
    current: *const CBlock,
}

type Object = *mut c_void;

struct Python(&'static Library);

impl Python {
    /// The library that `PYTHON_ORACLE_LIB` names, with an interpreter in it.
    fn open() -> Option<Python> {
        let path = std::env::var_os("PYTHON_ORACLE_LIB").filter(|path| !path.is_empty());
        let Some(path) = path else {
            println!("skipped: PYTHON_ORACLE_LIB is not set");
            return None;
        };
        // SAFETY: libpython's initialisers only set up its static data.
        let library = unsafe { Library::new(&path) }.expect("PYTHON_ORACLE_LIB loads");
        // Never unloaded: the interpreter leaves destructors for this thread's end.
        static LIBRARY: OnceLock<Library> = OnceLock::new();
        let python = Python(LIBRARY.get_or_init(|| library));
        let initialize: Symbol<'_, unsafe extern "C" fn(c_int)> = python.get(c"Py_InitializeEx");
        // SAFETY: the function's type; called once, on the thread that goes on using it.
        unsafe { initialize(0) };
        Some(python)
    }

    fn get<T>(&self, name: &CStr) -> Symbol<'_, T> {
        // SAFETY: each caller below states the symbol's type as CPython's headers do.
        unsafe { self.0.get(name.to_bytes_with_nul()) }.expect("libpython exports the symbol")
    }

    fn run(&self, code: &CStr) {
        let run: Symbol<'_, unsafe extern "C" fn(*const c_char) -> c_int> =
            self.get(c"PyRun_SimpleString");
        // SAFETY: the interpreter is initialised and this thread holds its lock.
        assert_eq!(unsafe { run(code.as_ptr()) }, 0, "{code:?} raises");
    }
}

/// A small generator: the same requests each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % bound
    }

    /// Mostly what a compiler asks for; now and then an edge, a large one, or an impossible one.
    fn size(&mut self) -> usize {
        match self.below(1000) {
            0..800 => self.below(100),
            800..950 => 8 * self.below(40),
            950..975 => 8180 + self.below(24),
            975..990 => self.below(9000),
            990..998 => self.below(200_000),
            // Within the range where CPython itself refuses; above, its round-up wraps.
            998 => isize::MAX as usize - self.below(42),
            _ => 0,
        }
    }
}

/// Where our block began, and how many there were, when the last new one appeared.
#[derive(Default)]
struct Ours {
    blocks: usize,
    start: usize,
}

fn same_offsets(python: &Python, requests: usize, seed: u64) {
    let new: Symbol<'_, unsafe extern "C" fn() -> *const CArena> = python.get(c"_PyArena_New");
    let malloc: Symbol<'_, unsafe extern "C" fn(*const CArena, usize) -> *const u8> =
        python.get(c"_PyArena_Malloc");
    let free: Symbol<'_, unsafe extern "C" fn(*const CArena)> = python.get(c"_PyArena_Free");
    let clear: Symbol<'_, unsafe extern "C" fn()> = python.get(c"PyErr_Clear");
    let mut random = Random(seed);
    let mut arena = Arena::new();
    let mut ours = Ours::default();
    // SAFETY: the interpreter is initialised and this thread holds its lock.
    let theirs = unsafe { new() };
    let (mut refused, mut sum) = (0, 0);
    for request in 0..requests {
        let size = random.size();
        // SAFETY: a live arena.
        let c = unsafe { malloc(theirs, size) };
        let rust = arena.malloc(size);
        if c.is_null() {
            // SAFETY: the interpreter is initialised and this thread holds its lock; the error is
            // MemoryError.
            unsafe { clear() };
            assert!(rust.is_err(), "request {request} of {size}");
            refused += 1;
            continue;
        }
        let rust = rust.expect("CPython served it").addr().get();
        sum += size;
        // SAFETY: the arena and its current block are live, with the layout above.
        let block = unsafe { &*(*theirs).current };
        if request % 64 == 0 || size > 4096 || rust < ours.start || rust - ours.start > 8192 {
            let stats = arena.stats();
            if stats.total_blocks != ours.blocks {
                ours = Ours {
                    blocks: stats.total_blocks,
                    start: rust - (c.addr() - block.memory.addr()),
                };
            }
        }
        assert_eq!(
            rust - ours.start,
            c.addr() - block.memory.addr(),
            "request {request} of {size}"
        );
    }
    let stats = arena.stats();
    assert_eq!(
        (stats.total_allocs, stats.total_size),
        (requests - refused, sum)
    );
    let (mut blocks, mut bytes, mut big) = (0, 0, 0);
    // SAFETY: a live arena; its blocks are a list that ends in null.
    let mut block = unsafe { (*theirs).head };
    while !ptr::eq(block, ptr::null()) {
        // SAFETY: a block of the list of a live arena.
        let b = unsafe { &*block };
        (blocks, bytes, big) = (blocks + 1, bytes + b.size, big + usize::from(b.size > 8192));
        assert!(b.offset <= b.size);
        block = b.next;
    }
    assert_eq!(
        (stats.total_blocks, stats.total_block_size),
        (blocks, bytes)
    );
    assert_eq!(stats.total_big_blocks, big);
    // SAFETY: freed once.
    unsafe { free(theirs) };
    arena.reset();
}

/// Objects registered 1, 2, 3 are finalised 3, 2, 1, there as here.
fn same_order_of_release(python: &Python) {
    python.run(
        c"log = []\nclass T:\n  def __init__(s, n): s.n = n\n  def __del__(s): log.append(s.n)",
    );
    let new: Symbol<'_, unsafe extern "C" fn() -> *const CArena> = python.get(c"_PyArena_New");
    let free: Symbol<'_, unsafe extern "C" fn(*const CArena)> = python.get(c"_PyArena_Free");
    let add: Symbol<'_, unsafe extern "C" fn(*const CArena, Object) -> c_int> =
        python.get(c"_PyArena_AddPyObject");
    let module: Symbol<'_, unsafe extern "C" fn(*const c_char) -> Object> =
        python.get(c"PyImport_AddModule");
    let attribute: Symbol<'_, unsafe extern "C" fn(Object, *const c_char) -> Object> =
        python.get(c"PyObject_GetAttrString");
    // SAFETY: the interpreter is initialised; the arena is live; `AddPyObject` steals the new
    // reference that `GetAttrString` gave.
    unsafe {
        let (arena, main) = (new(), module(c"__main__".as_ptr()));
        for code in [c"x = T(1)", c"x = T(2)", c"x = T(3)"] {
            python.run(code);
            assert_eq!(add(arena, attribute(main, c"x".as_ptr())), 0);
        }
        python.run(c"del x; assert log == [], log");
        free(arena);
    }
    python.run(c"assert log == [3, 2, 1], log");

    struct Logged<'l>(u8, &'l std::cell::RefCell<Vec<u8>>);
    impl Drop for Logged<'_> {
        fn drop(&mut self) {
            self.1.borrow_mut().push(self.0);
        }
    }
    let log = std::cell::RefCell::default();
    let arena = Arena::with_objects();
    for n in 1..=3 {
        arena.add_object(Logged(n, &log));
    }
    arena.free();
    assert_eq!(*log.borrow(), [3, 2, 1]);
}

/// How many requests are compared: a million, or what `PYTHON_ORACLE_OPS` says.
fn requests() -> usize {
    let set = std::env::var("PYTHON_ORACLE_OPS").ok();
    set.map_or(1_000_000, |n| {
        n.parse().expect("PYTHON_ORACLE_OPS is a number")
    })
}

/// One test, since an interpreter belongs to the thread that made it.
#[test]
fn the_live_cpython_answers_the_same() {
    let Some(python) = Python::open() else { return };
    for seed in 0..200 {
        same_offsets(&python, 50, seed);
    }
    for seed in 0..20 {
        same_offsets(&python, requests() / 20, seed);
    }
    same_order_of_release(&python);
}
