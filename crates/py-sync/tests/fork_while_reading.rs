//! A fork while the forking thread reads and a writer waits: the child's only thread unlocks, and
//! can read and write again.
#![cfg(all(unix, not(miri)))]

mod support;

use py_sync::RwMutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

fn is_parked_on<T>(word: *const T) -> bool {
    // SAFETY: read-write locks begin with one atomic word, and those here are static.
    unsafe { &*word.cast::<AtomicUsize>() }.load(SeqCst) & 2 != 0
}

fn until(condition: impl Fn() -> bool) {
    while !condition() {
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn the_child_of_a_reader_can_read_and_write_again() {
    static RW: RwMutex = RwMutex::new();
    RW.read_lock();
    let writer = std::thread::spawn(|| {
        RW.write_lock();
        RW.write_unlock();
    });
    until(|| is_parked_on(&raw const RW));
    support::in_forked_child(|| {
        RW.read_unlock();
        let free = !RW.is_read_locked() && !RW.is_write_locked();
        RW.read_lock();
        RW.read_unlock();
        RW.write_lock();
        RW.write_unlock();
        free
    });
    RW.read_unlock();
    writer.join().unwrap();
    assert!(RW.try_write_lock());
}

#[cfg(feature = "typed")]
#[test]
fn the_child_of_a_typed_reader_can_read_and_write_again() {
    use py_sync::typed::{RwLock, const_rwlock};
    static LOCK: RwLock<u32> = const_rwlock(0);
    let guard = LOCK.read();
    let writer = std::thread::spawn(|| *LOCK.write() += 1);
    // SAFETY: asked for its address only.
    until(|| is_parked_on(unsafe { LOCK.raw() }));
    support::in_forked_child(|| {
        // SAFETY: the parent's guard is forgotten with the parent.
        unsafe { LOCK.force_unlock_read() };
        let read = *LOCK.read();
        *LOCK.write() += 2;
        read == 0 && *LOCK.read() == 2
    });
    drop(guard);
    writer.join().unwrap();
    assert_eq!(*LOCK.read(), 1);
}
