//! What CPython's macros and a C header may count on, checked when the crate is compiled.

use crate::bits;
use crate::event::Event;
use crate::flags::{LockFlags, LockStatus, ParkStatus};
use crate::mutex::Mutex;
use crate::once_flag::OnceFlag;
use crate::parking_lot::ParkingLot;
use crate::raw_mutex::RawMutex;
use crate::recursive_mutex::RecursiveMutex;
use crate::rw_mutex::RwMutex;
use crate::seq_lock::SeqLock;

const _: () = {
    assert!(size_of::<Mutex>() == 1 && align_of::<Mutex>() == 1);
    assert!(size_of::<Event>() == 1 && align_of::<Event>() == 1);
    assert!(size_of::<OnceFlag>() == 1 && align_of::<OnceFlag>() == 1);
    assert!(size_of::<RwMutex>() == size_of::<usize>());
    assert!(align_of::<RwMutex>() == align_of::<usize>());
    assert!(size_of::<SeqLock>() == 4 && align_of::<SeqLock>() == 4);
    assert!(size_of::<RecursiveMutex>() == 24);
    assert!(size_of::<RawMutex>() == size_of::<usize>());
    assert!(align_of::<RawMutex>() == align_of::<usize>());
    assert!(align_of::<ParkingLot<2>>() == 128 && size_of::<ParkingLot<2>>() == 256);

    assert!(bits::UNLOCKED == 0 && bits::LOCKED == 1 && bits::HAS_PARKED == 2);
    assert!(bits::ONCE_INITIALIZED == 4 && bits::READER_SHIFT == 2);

    assert!(LockFlags::DETACH.bits() == 1 && LockFlags::HANDLE_SIGNALS.bits() == 2);
    assert!(LockFlags::FAIL_IF_INTERRUPTED.bits() == 4);
    assert!(LockStatus::Failure as i32 == 0 && LockStatus::Intr as i32 == 2);
    assert!(ParkStatus::Again as i32 == -1 && ParkStatus::Intr as i32 == -3);
};
