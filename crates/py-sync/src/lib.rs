#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod bits;
mod deadline;
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
mod spin;
mod sys;

pub use flags::{LockFlags, LockStatus, ParkStatus};
pub use hooks::{AlreadyInstalled, Runtime, install};
pub use mutex::{Mutex, MutexGuard};
pub use parking_lot::{ParkingLot, after_fork, park, unpark, unpark_all};
pub use raw_mutex::{RawMutex, RawMutexGuard};
