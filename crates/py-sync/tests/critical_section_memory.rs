//! A deep nesting takes memory, and gives it back.

use py_sync::{CsThread, Mutex, with_critical_section};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::mem;

/// The system's allocator, which counts what each thread has.
struct Counts;

std::thread_local! {
    static BYTES: Cell<isize> = const { Cell::new(0) };
}

fn count(by: isize) {
    BYTES.with(|bytes| bytes.set(bytes.get() + by));
}

// SAFETY: the system's allocator; the count needs no memory.
unsafe impl GlobalAlloc for Counts {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counts = Counts;

fn mutexes() -> Vec<Mutex> {
    (0..40).map(|_| Mutex::new()).collect()
}

/// How much more memory this thread has after `f`.
fn kept(f: impl FnOnce()) -> isize {
    let before = BYTES.get();
    f();
    BYTES.get() - before
}

fn nest(mutexes: &[Mutex], innermost: &mut dyn FnMut()) {
    match mutexes.split_first() {
        Some((m, rest)) => with_critical_section(m, |_| nest(rest, innermost)),
        None => innermost(),
    }
}

#[test]
fn a_deep_nesting_takes_memory_until_it_is_shallow_again() {
    // The thread's first section registers what its sleeps call.
    let mutexes = mutexes();
    nest(&mutexes[..1], &mut || ());
    let mut most = 0;
    let before = BYTES.get();
    let after = kept(|| nest(&mutexes, &mut || most = BYTES.get() - before));
    assert!(most > 0, "the deepest sections are on the heap");
    assert_eq!(after, 0);
}

#[test]
fn a_stack_gives_back_the_memory_of_sections_that_were_leaked() {
    let mutexes = mutexes();
    let kept = kept(|| {
        let thread = CsThread::new();
        for m in &mutexes {
            // SAFETY: the mutexes outlive the stack, which ends what is leaked.
            mem::forget(unsafe { thread.begin(m) });
        }
        assert_eq!(thread.top().unwrap().depth, mutexes.len());
    });
    assert_eq!(kept, 0);
    assert!(!mutexes.iter().any(Mutex::is_locked));
}
