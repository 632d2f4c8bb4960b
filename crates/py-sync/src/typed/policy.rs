//! How the three raw mutexes differ: a type each, without values.

use crate::flags::LockFlags;

/// How a [`RawByteMutex`](super::RawByteMutex) waits, and how it is unlocked. There are three:
/// [`Attached`], [`Detaching`] and [`Handing`].
///
/// ```
/// use py_sync::typed::{Mutex, Policy, RawByteMutex, lock_api};
/// fn sum<P: Policy>(numbers: &lock_api::Mutex<RawByteMutex<P>, Vec<u32>>) -> u32 {
///     numbers.lock().iter().sum()
/// }
/// assert_eq!(sum(&Mutex::new(vec![1, 2])), 3);
/// ```
pub trait Policy: sealed::Policy {}

pub(super) mod sealed {
    use super::LockFlags;

    pub trait Policy: Sized + 'static {
        /// What a sleep does beside sleeping.
        const FLAGS: LockFlags;
        /// Every unlock hands the lock over.
        const HANDS_OVER: bool;
    }
}

/// Waits attached to the runtime: no sleep calls anything of it.
///
/// ```
/// use py_sync::typed::{Attached, RawByteMutex, RawMutex, lock_api::RawMutex as _};
/// let raw: RawByteMutex<Attached> = RawMutex::INIT;
/// # assert!(raw.try_lock());
/// ```
#[derive(Debug)]
pub enum Attached {}

/// Waits detached from the runtime, with the thread's critical sections suspended.
///
/// ```
/// use py_sync::typed::{Detaching, DetachingRawMutex, RawByteMutex, lock_api::RawMutex as _};
/// let raw: RawByteMutex<Detaching> = DetachingRawMutex::INIT;
/// # assert!(raw.try_lock());
/// ```
#[derive(Debug)]
pub enum Detaching {}

/// As [`Attached`], and every unlock hands the lock to the first in line.
///
/// ```
/// use py_sync::typed::{Handing, RawByteMutex, RawFairMutex, lock_api::RawMutex as _};
/// let raw: RawByteMutex<Handing> = RawFairMutex::INIT;
/// # assert!(raw.try_lock());
/// ```
#[derive(Debug)]
pub enum Handing {}

impl Policy for Attached {}
impl sealed::Policy for Attached {
    const FLAGS: LockFlags = LockFlags::NONE;
    const HANDS_OVER: bool = false;
}

impl Policy for Detaching {}
impl sealed::Policy for Detaching {
    const FLAGS: LockFlags = LockFlags::DETACH;
    const HANDS_OVER: bool = false;
}

impl Policy for Handing {}
impl sealed::Policy for Handing {
    const FLAGS: LockFlags = LockFlags::NONE;
    const HANDS_OVER: bool = true;
}
