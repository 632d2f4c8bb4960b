//! What does a thread cost? Start and join, ours, std's and CPython's, and the worker cache; the
//! calling thread's ident; and the bytes of a handle.

use benches::cpython::symbol;
use benches::paired::{Options, Table};
use py_thread::{Builder, EvalBreaker, Ident, OsIdent, WorkerCache};
use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::{c_int, c_void};
use std::hint::black_box;
use std::sync::atomic::{AtomicIsize, AtomicU64, Ordering};

struct Counting;

static BYTES: AtomicIsize = AtomicIsize::new(0);
static RAN: AtomicU64 = AtomicU64::new(0);

// SAFETY: hands everything on to the system's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.fetch_add(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, p: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(p, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn work() {
    RAN.fetch_add(1, Ordering::Relaxed);
}

extern "C" fn c_work(_arg: *mut c_void) {
    work();
}

type StartJoinable =
    unsafe extern "C" fn(extern "C" fn(*mut c_void), *mut c_void, *mut u64, *mut usize) -> c_int;
type Join = unsafe extern "C" fn(usize) -> c_int;

/// CPython's start and join, where there is a libpython. They need no interpreter.
fn cpython() -> Option<impl FnMut(u64)> {
    // SAFETY: the symbols' types.
    let (start, join) = unsafe {
        (
            symbol::<StartJoinable>("PyThread_start_joinable_thread")?,
            symbol::<Join>("PyThread_join_thread")?,
        )
    };
    Some(move |n| {
        for _ in 0..n {
            let (mut ident, mut handle) = (0, 0);
            // SAFETY: the function's type; the thread is joined once.
            let rc = unsafe { start(c_work, std::ptr::null_mut(), &mut ident, &mut handle) };
            assert_eq!(rc, 0);
            // SAFETY: as above.
            assert_eq!(unsafe { join(handle) }, 0);
        }
    })
}

fn start_and_join(options: &Options, name: &str, mut ours: impl FnMut(u64)) {
    let mut table = Table::new(name, "start and join");
    table.peer("py-thread", &mut ours);
    table.peer("std::thread::spawn", |n| {
        for _ in 0..n {
            std::thread::spawn(work).join().unwrap();
        }
    });
    if let Some(c) = cpython() {
        table.peer("CPython PyThread_start_joinable", c);
    }
    table.run(options);
}

fn repeat(n: u64, mut f: impl FnMut() -> u64) {
    for _ in 0..n {
        black_box(f());
    }
}

fn current_ident(options: &Options) {
    let mut table = Table::new("ident of the calling thread", "read");
    table.peer("Ident::current", |n| repeat(n, || Ident::current().get()));
    table.peer("Ident::own", |n| repeat(n, || Ident::own().get()));
    table.peer("OsIdent::current", |n| {
        repeat(n, || OsIdent::current().get());
    });
    table.peer("the loop alone", |n| repeat(n, || 0));
    table.peer("std::thread::current().id()", |n| {
        for _ in 0..n {
            black_box(std::thread::current().id());
        }
    });
    // SAFETY: the symbol's type.
    let c = unsafe { symbol::<unsafe extern "C" fn() -> u64>("PyThread_get_thread_ident_ex") };
    if let Some(c) = c {
        table.peer("CPython PyThread_get_thread_ident", move |n| {
            // SAFETY: the function's type.
            repeat(n, || unsafe { c() });
        });
    }
    table.run(options);
}

fn eval_breaker(options: &Options) {
    let breaker = EvalBreaker::new();
    let mut table = Table::new("eval breaker, nothing raised", "look");
    table.peer("EvalBreaker::is_raised", |n| {
        repeat(n, || black_box(&breaker).is_raised().into());
    });
    table.peer("the loop alone", |n| {
        repeat(n, || {
            black_box(&breaker);
            0
        });
    });
    table.run(options);
}

fn bytes_per_handle() {
    const N: isize = 64;
    let mut handles = Vec::with_capacity(N as usize);
    py_thread::start(work).unwrap().join().unwrap();
    let before = BYTES.load(Ordering::Relaxed);
    for _ in 0..N {
        let handle = py_thread::start(work).unwrap();
        handle.join().unwrap();
        handles.push(handle);
    }
    let each = (BYTES.load(Ordering::Relaxed) - before) / N;
    println!("\nheap of a handle, beside the thread's stack: {each} bytes (goal: at most 64)");
}

fn main() {
    let options = Options::from_args();
    start_and_join(&options, "start and join", |n| {
        for _ in 0..n {
            py_thread::start(work).unwrap().join().unwrap();
        }
    });
    start_and_join(&options, "start and join, 64 KiB stack", |n| {
        for _ in 0..n {
            let builder = Builder::new().stack_size(65536);
            builder.start(work).unwrap().join().unwrap();
        }
    });
    start_and_join(&options, "start and join, a second handle", |n| {
        for _ in 0..n {
            let handle = py_thread::start(work).unwrap();
            let _second = handle.clone();
            handle.join().unwrap();
        }
    });
    let cache = WorkerCache::new(4);
    start_and_join(&options, "start and join, worker cache", |n| {
        for _ in 0..n {
            cache.start(work).unwrap().join().unwrap();
        }
    });
    current_ident(&options);
    eval_breaker(&options);
    bytes_per_handle();
}
