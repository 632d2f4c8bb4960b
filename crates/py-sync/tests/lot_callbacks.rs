//! What must not happen while a bucket of the lot is locked: a call into a lot, a call of the program's
//! allocator.

use py_sync::{LockFlags, ParkStatus, ParkingLot};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

/// A lot whose keys all share a bucket, and one of two buckets: the even keys, and the odd ones.
static ONE: ParkingLot<1> = ParkingLot::new();
static TWO: ParkingLot<2> = ParkingLot::new();

thread_local! {
    /// Whether the thread's allocations look at both buckets of `TWO`.
    static LOOKS: Cell<bool> = const { Cell::new(false) };
}

/// How often they did.
static LOOKED: AtomicUsize = AtomicUsize::new(0);

struct Looking;

fn look() {
    // Not inside itself.
    if LOOKS
        .try_with(|looks| looks.replace(false))
        .unwrap_or(false)
    {
        for nobodys in [100, 101] {
            // SAFETY: nobody parks on these keys.
            assert_eq!(unsafe { TWO.unpark_all(nobodys) }, 0);
        }
        LOOKED.fetch_add(1, SeqCst);
        LOOKS.set(true);
    }
}

// SAFETY: the system's allocator.
unsafe impl GlobalAlloc for Looking {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        look();
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Looking = Looking;

/// The room for those of one bucket must be made before it is locked, whoever was found before.
#[cfg(feature = "diagnostics")]
#[test]
fn a_snapshot_allocates_nothing_while_a_bucket_is_locked() {
    const WAITERS: [usize; 9] = [2, 2, 2, 2, 3, 3, 3, 3, 3];
    std::thread::scope(|scope| {
        for key in WAITERS {
            // SAFETY: the keys are this test's own.
            scope.spawn(move || unsafe { TWO.park(key, || true, 0, None, LockFlags::NONE) });
        }
        while TWO.snapshot().waiters().len() < WAITERS.len() {
            std::thread::yield_now();
        }
        LOOKS.set(true);
        let snapshot = TWO.snapshot();
        LOOKS.set(false);
        assert_eq!(snapshot.waiters().len(), WAITERS.len());
        assert!(LOOKED.load(SeqCst) > 0, "a snapshot allocates");
        // SAFETY: as above.
        assert_eq!([2, 3].map(|key| unsafe { TWO.unpark_all(key) }), [4, 5]);
    });
}

/// In a debug build; elsewhere it would wait for itself.
#[cfg(debug_assertions)]
#[rstest::rstest]
#[case::park(|| {
    // SAFETY: nobody else parks on it.
    let _ = unsafe { ONE.park(7, || true, 0, Some(Duration::ZERO), LockFlags::NONE) };
})]
// SAFETY: as above.
#[case::unpark(|| unsafe { ONE.unpark(7, |_, _| ()) })]
#[case::unpark_all(|| {
    // SAFETY: as above.
    let _ = unsafe { ONE.unpark_all(7) };
})]
fn a_call_from_a_callback_panics(#[case] call: fn()) {
    assert_panics_in_a_callback(call);
}

#[cfg(all(debug_assertions, feature = "diagnostics"))]
#[test]
fn a_snapshot_from_a_callback_panics() {
    assert_panics_in_a_callback(|| drop(ONE.snapshot()));
}

#[cfg(debug_assertions)]
fn assert_panics_in_a_callback(call: fn()) {
    // SAFETY: the rule that is broken here is checked before any harm.
    let in_callback = || unsafe { ONE.unpark(7, |_, _| call()) };
    let panic = catch_unwind(AssertUnwindSafe(in_callback)).unwrap_err();
    let message = "the parking lot was called from one of its own callbacks";
    assert_eq!(panic.downcast_ref(), Some(&message));
    // SAFETY: nobody else parks on it.
    let status = unsafe { ONE.park(7, || true, 0, Some(Duration::ZERO), LockFlags::NONE) };
    assert_eq!(status, ParkStatus::Timeout);
}
