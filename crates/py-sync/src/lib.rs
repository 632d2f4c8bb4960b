#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(not(all(test, loom)))]
mod after_fork;
mod bits;
#[cfg(all(feature = "c-api", not(all(test, loom))))]
pub mod c_api;
#[cfg(any(feature = "lock_api", all(test, loom)))]
mod condvar;
mod critical_section;
mod deadline;
#[cfg(all(feature = "diagnostics", not(all(test, loom))))]
pub mod diagnostics;
mod event;
mod flags;
mod hooks;
#[cfg(not(all(test, loom)))]
mod layout;
#[cfg(all(test, loom))]
mod model;
mod mutex;
mod once_flag;
mod parking_lot;
mod primitive;
mod raw_mutex;
#[cfg(not(all(test, loom)))]
mod raw_pointers;
mod recursive_mutex;
mod rw_mutex;
mod semaphore;
mod seq_cell;
mod seq_lock;
mod signals;
mod spin;
mod sys;
#[cfg(all(feature = "lock_api", not(all(test, loom))))]
pub mod typed;

pub use critical_section::{
    CriticalCell, CriticalSection, CsThread, EnteredCriticalSection, TopSection, assert_held,
    with_critical_section, with_critical_section_mutex, with_critical_section_mutex2,
    with_critical_section2,
};
pub use event::Event;
pub use flags::{LockFlags, LockStatus, ParkStatus};
pub use hooks::{AlreadyInstalled, Runtime, detached, install};
pub use mutex::{Mutex, MutexGuard};
pub use once_flag::OnceFlag;
pub use parking_lot::{ParkingLot, after_fork, init, park, unpark, unpark_all};
pub use raw_mutex::{RawMutex, RawMutexGuard};
pub use recursive_mutex::{RecursiveMutex, RecursiveMutexGuard};
pub use rw_mutex::{RwMutex, RwMutexReadGuard, RwMutexWriteGuard};
pub use seq_cell::{Pod, SeqCell};
pub use seq_lock::{SeqLock, SeqLockWriteGuard};
pub use signals::signal_arrived;
