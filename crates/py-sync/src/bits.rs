//! The legend of every lock's word.
//!
//! | bit | Mutex | Event | OnceFlag | RwMutex | RawMutex |
//! |---|---|---|---|---|---|
//! | 0 [`LOCKED`] | locked | set | running | writer | locked |
//! | 1 [`HAS_PARKED`] | threads parked | threads parked | threads parked | threads parked | address |
//! | 2 [`ONCE_INITIALIZED`] | | | done | reader count from here | address |
//! | 3 | | | a typed one: poisoned | | |
//! | top | | | | a typed one: upgradable reader | |
//!
//! All-zero bytes are an unlocked lock. CPython: `Include/cpython/lock.h`, `_Py_UNLOCKED`;
//! `Include/internal/pycore_lock.h`, `_Py_HAS_PARKED`, `_Py_ONCE_INITIALIZED`.

/// Nobody holds it, nobody is parked.
pub(crate) const UNLOCKED: u8 = 0;

/// Held: locked, set, running, or a writer.
pub(crate) const LOCKED: u8 = 1;

/// Threads may be parked. Set by the parker; cleared under the bucket lock. Clear proves that
/// nobody is parked; set proves nothing, since a timed-out waiter leaves it behind.
pub(crate) const HAS_PARKED: u8 = 2;

/// A once-flag whose initialiser has run to its end.
pub(crate) const ONCE_INITIALIZED: u8 = 4;

/// Where the reader count of an `RwMutex` starts: one reader is `1 << 2`.
pub(crate) const READER_SHIFT: u32 = 2;
