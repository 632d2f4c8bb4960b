#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(not(all(test, loom)))]
mod after_fork;
mod bits;
mod deadline;
#[cfg(feature = "diagnostics")]
pub mod diagnostics;
mod flags;
mod hooks;
#[cfg(not(all(test, loom)))]
mod layout;
#[cfg(all(test, loom))]
mod model;
mod mutex;
mod parking_lot;
mod primitive;
mod raw_mutex;
mod semaphore;
mod signals;
mod sys;

pub use flags::{LockFlags, LockStatus, ParkStatus};
pub use hooks::{AlreadyInstalled, Runtime, install};
pub use mutex::{Mutex, MutexGuard};
pub use parking_lot::{ParkingLot, after_fork, park, unpark, unpark_all};
pub use raw_mutex::{RawMutex, RawMutexGuard};
pub use signals::signal_arrived;
