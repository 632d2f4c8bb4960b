//! Sizes and markers that users count on.

use py_sync::{
    Event, Mutex, MutexGuard, OnceFlag, ParkingLot, RawMutex, RecursiveMutex, RecursiveMutexGuard,
    Runtime, RwMutex, RwMutexReadGuard, RwMutexWriteGuard, SeqCell, SeqLock, SeqLockWriteGuard,
};
use static_assertions::{
    assert_eq_align, assert_eq_size, assert_impl_all, assert_not_impl_any, assert_obj_safe,
};
use std::fmt::Debug;
use std::mem::MaybeUninit;
use std::panic::{RefUnwindSafe, UnwindSafe};

assert_eq_size!(Mutex, Event, OnceFlag, u8);
assert_eq_align!(Mutex, Event, OnceFlag, u8);
assert_eq_size!(RawMutex, RwMutex, usize);
assert_eq_align!(RawMutex, RwMutex, usize);
assert_eq_size!(SeqLock, u32);
assert_eq_size!(RecursiveMutex, [u64; 3]);
#[cfg(target_pointer_width = "64")]
assert_eq_size!(SeqCell<[u64; 2]>, [u64; 3]);
assert_eq_size!(ParkingLot<257>, [[u8; 128]; 257]);

assert_impl_all!(Mutex: Send, Sync, Default, Debug, UnwindSafe, RefUnwindSafe);
assert_impl_all!(Event: Send, Sync, Default, Debug, UnwindSafe, RefUnwindSafe);
assert_impl_all!(OnceFlag: Send, Sync, Default, Debug, UnwindSafe, RefUnwindSafe);
assert_impl_all!(RwMutex: Send, Sync, Default, Debug, UnwindSafe, RefUnwindSafe);
assert_impl_all!(SeqLock: Send, Sync, Default, Debug, UnwindSafe, RefUnwindSafe);
assert_impl_all!(RecursiveMutex: Send, Sync, Default, Debug, UnwindSafe, RefUnwindSafe);
assert_impl_all!(SeqCell<u64>: Send, Sync, Default, Debug, From<u64>);
assert_impl_all!(RawMutex: Send, Sync, Default, Debug);
assert_impl_all!(ParkingLot<3>: Send, Sync, Default, Debug);
assert_impl_all!(MutexGuard<'static>: Send, Sync, Debug);
assert_impl_all!(RwMutexReadGuard<'static>: Send, Sync, Debug);
assert_impl_all!(RwMutexWriteGuard<'static>: Send, Sync, Debug);
assert_impl_all!(SeqLockWriteGuard<'static>: Send, Sync, Debug);
assert_not_impl_any!(RecursiveMutexGuard<'static>: Send, Sync);
assert_obj_safe!(Runtime);

/// # Safety
///
/// All zero is a valid `T`: it is made of atomic integers.
unsafe fn zeroed<T>() -> T {
    // SAFETY: the caller's promise.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

#[test]
fn all_zero_bytes_are_unlocked() {
    // SAFETY: atomic integers, here and below.
    assert!(unsafe { zeroed::<Mutex>() }.try_lock());
    // SAFETY: as above.
    assert!(unsafe { zeroed::<RawMutex>() }.try_lock());
    // SAFETY: as above.
    let event: Event = unsafe { zeroed() };
    assert!(!event.is_set());
    event.notify();
    assert!(event.is_set());
    // SAFETY: as above.
    let once: OnceFlag = unsafe { zeroed() };
    assert!(!once.is_done() && once.call(|| Ok::<(), ()>(())).is_ok() && once.is_done());
    // SAFETY: as above.
    let rw: RwMutex = unsafe { zeroed() };
    assert!(!rw.is_read_locked() && rw.try_write_lock());
    // SAFETY: as above.
    let recursive: RecursiveMutex = unsafe { zeroed() };
    assert!(!recursive.is_locked() && recursive.try_lock());
    // SAFETY: as above.
    let seq: SeqLock = unsafe { zeroed() };
    assert_eq!(seq.begin_read(), 0);
}

#[test]
fn nothing_is_printed_by_waiting() {
    let (m, rw, r, seq) = (
        Mutex::new(),
        RwMutex::new(),
        RecursiveMutex::new(),
        SeqCell::new(1),
    );
    m.lock();
    rw.write_lock();
    r.lock();
    seq.update(|one| {
        assert_eq!(format!("{seq:?}"), "SeqCell(<being written>)");
        one
    });
    let once = OnceFlag::new();
    let running = once.call(|| Err(format!("{once:?}")));
    assert_eq!(
        running.unwrap_err(),
        "OnceFlag { done: false, running: true }"
    );
    assert_eq!(format!("{m:?}"), "Mutex { locked: true, parked: false }");
    assert_eq!(
        format!("{rw:?}"),
        "RwMutex { writer: true, readers: 0, parked: false }"
    );
    assert!(format!("{r:?}").starts_with("RecursiveMutex { owner: Some(Ident("));
    assert_eq!(format!("{:?}", Event::new()), "Event { set: false }");
}
