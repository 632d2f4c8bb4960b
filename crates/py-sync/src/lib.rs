#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
// What one feature alone uses is compiled in every build. A build with all features says what nobody
// uses.
#![cfg_attr(
    any(
        not(all(feature = "lock_api_05", feature = "deadlock")),
        all(test, loom)
    ),
    allow(
        dead_code,
        unreachable_pub,
        unused_imports,
        reason = "used by a feature, or not in a model"
    )
)]

mod after_fork;
mod bits;
#[cfg(feature = "c-api")]
pub mod c_api;
mod condvar;
mod counting_semaphore;
mod critical_section;
mod deadline;
pub mod deadlock;
#[cfg(feature = "diagnostics")]
pub mod diagnostics;
mod event;
mod flags;
pub mod guide;
mod held;
mod hooks;
mod layout;
#[cfg(all(test, loom))]
mod model;
mod mutex;
mod once_flag;
mod parking_lot;
mod raw_mutex;
mod record;
mod recursive_mutex;
mod rw_mutex;
mod semaphore;
mod seq_cell;
mod seq_lock;
mod signals;
mod spin;
mod sync;
#[cfg_attr(py_sync_simulated, path = "sys/simulated.rs")]
mod sys;
#[cfg(all(feature = "typed", not(all(test, loom))))]
pub mod typed;
mod with_signals;

pub use after_fork::{after_fork, init};
pub use counting_semaphore::{Semaphore, SemaphoreGuard};
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
pub use parking_lot::{ParkingLot, park, unpark, unpark_all};
pub use raw_mutex::{RawMutex, RawMutexGuard};
pub use recursive_mutex::{RecursiveMutex, RecursiveMutexGuard};
pub use rw_mutex::{RwMutex, RwMutexReadGuard, RwMutexWriteGuard};
pub use seq_cell::{Pod, SeqCell};
pub use seq_lock::{SeqLock, SeqLockWriteGuard};
pub use signals::signal_arrived;
pub use with_signals::Interrupted;
