//! Sizes and markers that users count on.

use py_sync::{Mutex, MutexGuard, ParkingLot, RawMutex, Runtime};
use static_assertions::{assert_eq_align, assert_eq_size, assert_impl_all, assert_obj_safe};
use std::panic::{RefUnwindSafe, UnwindSafe};

assert_eq_size!(Mutex, u8);
assert_eq_align!(Mutex, u8);
assert_eq_size!(RawMutex, usize);
assert_eq_size!(ParkingLot<257>, [[u8; 128]; 257]);
assert_impl_all!(Mutex: Send, Sync, Default, std::fmt::Debug, UnwindSafe, RefUnwindSafe);
assert_impl_all!(RawMutex: Send, Sync, Default, std::fmt::Debug);
assert_impl_all!(ParkingLot<3>: Send, Sync, Default, std::fmt::Debug, UnwindSafe, RefUnwindSafe);
assert_impl_all!(MutexGuard<'static>: Send, Sync, std::fmt::Debug);
assert_obj_safe!(Runtime);

#[test]
fn zero_bytes_are_an_unlocked_mutex() {
    let mut header = 0u8;
    // SAFETY: `header` outlives the mutex and is touched through it alone.
    let m = unsafe { Mutex::from_ptr(&raw mut header) };
    assert!(!m.is_locked());
    assert!(m.try_lock());
}
