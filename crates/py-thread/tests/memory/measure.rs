//! What threads cost and leave behind, measured with an allocator that counts.

use py_thread::{Builder, Handle, StartError, Threads, WorkerCache};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicIsize, Ordering};
use std::sync::{Arc, Barrier};

struct Counting;

static BYTES: AtomicIsize = AtomicIsize::new(0);

// SAFETY: hands everything on to the system's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.fetch_add(
            isize::try_from(layout.size()).unwrap_or(0),
            Ordering::SeqCst,
        );
        // SAFETY: the caller promised a layout whose size is not 0.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, p: *mut u8, layout: Layout) {
        BYTES.fetch_sub(
            isize::try_from(layout.size()).unwrap_or(0),
            Ordering::SeqCst,
        );
        // SAFETY: the caller promised memory of this allocator and its layout; it came from the
        // system.
        unsafe { System.dealloc(p, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn threads_of_this_process() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

fn mapped_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').next().unwrap().parse::<usize>().unwrap() * 4096
}

/// More than there is address space for, so that no setting of the system lets it pass.
const TOO_LARGE: usize = 1 << 47;

fn a_failed_start_leaks_nothing() {
    let threads = Threads::new();
    let cache = WorkerCache::new(1);
    let fail = |n: usize| {
        let captured = vec![n; 100];
        let f = move || drop(captured);
        let builder = match n % 3 {
            0 => Builder::new(),
            1 => threads.builder(),
            _ => threads.builder().daemon(true),
        };
        let builder = builder.name("a name").stack_size(TOO_LARGE);
        assert!(matches!(builder.start(f), Err(StartError::Os(_))));
    };
    (0..3).for_each(fail);
    threads.set_stack_size(TOO_LARGE).unwrap();
    assert!(cache.start_with(threads.builder(), || ()).is_err());
    let (bytes, mapped) = (BYTES.load(Ordering::SeqCst), mapped_bytes());
    let tasks = threads_of_this_process();
    for n in 0..300 {
        fail(n);
        // A new worker takes the size of its first job's registry.
        assert!(cache.start_with(threads.builder(), || ()).is_err());
    }
    assert_eq!(BYTES.load(Ordering::SeqCst), bytes, "bytes on the heap");
    assert!(mapped_bytes() <= mapped + (1 << 20), "mapped memory");
    assert_eq!(threads_of_this_process(), tasks);
    assert_eq!(threads.count(), 0);
    threads.shutdown(&()).unwrap();
}

fn a_handle_is_64_bytes_at_most() {
    const N: isize = 64;
    py_thread::init();
    let barrier = Arc::new(Barrier::new(N as usize + 1));
    let end = Arc::new(Barrier::new(N as usize + 1));
    let mut handles = Vec::with_capacity(N as usize);
    let before = BYTES.load(Ordering::SeqCst);
    for _ in 0..N {
        let (barrier, end) = (Arc::clone(&barrier), Arc::clone(&end));
        let wait = move || {
            barrier.wait();
            end.wait();
        };
        handles.push(py_thread::start(wait).unwrap());
    }
    barrier.wait();
    let each = (BYTES.load(Ordering::SeqCst) - before) / N;
    end.wait();
    for handle in &handles {
        handle.join().unwrap();
    }
    let joined = (BYTES.load(Ordering::SeqCst) - before) / N;
    // While it runs, a thread holds what was captured: here two Arcs.
    assert!(joined <= 64, "{joined} bytes");
    handles.clear();
    assert_eq!(BYTES.load(Ordering::SeqCst), before);
    println!("a handle: {each} bytes while it runs, {joined} when it was joined");
}

/// Dropped handles of running threads, joined ones, panics, and handles that went through C as a
/// word: nothing stays behind.
fn threads_that_ended_leave_nothing() {
    std::panic::set_hook(Box::new(|_| ()));
    let round = |n: u32| {
        let handle = py_thread::start(move || assert!(n % 3 != 0, "planned")).unwrap();
        let raw = handle.into_raw();
        // SAFETY: taken back below, after this use.
        let another = Handle::clone(&*unsafe { Handle::borrow_raw(raw) });
        // SAFETY: from `into_raw`, used once.
        let handle = unsafe { Handle::from_raw(raw) };
        drop(another);
        if n % 2 == 0 {
            drop(handle.join());
        }
    };
    let settled = || {
        let late = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while threads_of_this_process() > 1 && std::time::Instant::now() < late {
            std::thread::yield_now();
        }
    };
    (0..12).for_each(round);
    settled();
    let bytes = BYTES.load(Ordering::SeqCst);
    (0..600).for_each(round);
    settled();
    let grown = BYTES.load(Ordering::SeqCst) - bytes;
    let _ = std::panic::take_hook();
    assert!(grown.abs() < 1024, "{grown} bytes");
}

pub(crate) fn run() {
    a_handle_is_64_bytes_at_most();
    a_failed_start_leaks_nothing();
    threads_that_ended_leave_nothing();
}
