//! A program whose own allocator is guarded by a lock of ours: a lock call, what it records, and a check
//! for deadlocks ask it for nothing at the wrong time.

use py_sync::Mutex;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

struct Guarded(Mutex);

// SAFETY: the system's allocator, behind a lock.
unsafe impl GlobalAlloc for Guarded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _one_at_a_time = Guard::new(&self.0);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        let _one_at_a_time = Guard::new(&self.0);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// Attached: an allocator cannot give way to a runtime.
struct Guard<'a>(&'a Mutex);

impl Guard<'_> {
    fn new(m: &Mutex) -> Guard<'_> {
        m.lock_attached();
        Guard(m)
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.unlock();
    }
}

#[global_allocator]
static ALLOCATOR: Guarded = Guarded(Mutex::new());

const ROUNDS: usize = if cfg!(miri) { 50 } else { 20_000 };
/// Under Miri a few rounds, with few and with many locks.
const STEP: usize = if cfg!(miri) { 13 } else { 1 };

#[test]
fn an_allocator_may_use_our_locks() {
    static DONE: AtomicBool = AtomicBool::new(false);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let locks: Vec<Mutex> = (0..40).map(|_| Mutex::new()).collect();
                    for i in (0..ROUNDS).step_by(STEP) {
                        // Many at once, so that the stores grow.
                        let held = &locks[..i % locks.len()];
                        held.iter().for_each(Mutex::lock);
                        drop(vec![i; i % 100]);
                        held.iter().for_each(Mutex::unlock);
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            while !DONE.load(Ordering::Relaxed) {
                #[cfg(feature = "deadlock")]
                assert!(py_sync::deadlock::check_deadlock().is_empty());
                thread::yield_now();
            }
        });
        workers
            .into_iter()
            .for_each(|worker| worker.join().unwrap());
        DONE.store(true, Ordering::Relaxed);
    });
}
