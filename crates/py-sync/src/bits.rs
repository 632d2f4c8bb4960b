//! The bits of every lock's word.
//!
//! | bit | Mutex | Event | OnceFlag | RwMutex | RawMutex |
//! |---|---|---|---|---|---|
//! | 0 [`LOCKED`] | locked | set | running | writer | locked |
//! | 1 [`HAS_PARKED`] | threads parked | threads parked | threads parked | threads parked | address |
//! | 2 [`ONCE_INITIALIZED`] | | | done | reader count from here | address |
//! | 3 | | | a typed one: poisoned | | |
//! | below the top | | | | a writer that spins | |
//! | top | | | | a typed one: upgradable reader | |
//!
//! All-zero bytes are an unlocked lock. CPython: `Include/cpython/lock.h`, `_Py_UNLOCKED`;
//! `Include/internal/pycore_lock.h`, `_Py_HAS_PARKED`, `_Py_ONCE_INITIALIZED`.

/// Not held, and no thread is parked.
pub(crate) const UNLOCKED: u8 = 0;

/// Held: locked, set, running, or a writer.
pub(crate) const LOCKED: u8 = 1;

/// Threads may be parked. A thread that parks sets it; it is cleared under the bucket lock. A waiter whose
/// time was up leaves it behind, so it may be set without waiters. What it proves when it is clear, each
/// lock says.
pub(crate) const HAS_PARKED: u8 = 2;

/// A once-flag whose initialiser has run to its end.
pub(crate) const ONCE_INITIALIZED: u8 = 4;

/// Where the reader count of an `RwMutex` starts: one reader is `1 << 2`.
pub(crate) const READER_SHIFT: u32 = 2;
