//! Deadlock detection: finds threads that wait for each other in a cycle.
//!
//! ```
//! # #[cfg(feature = "deadlock")] {
//! use py_sync::{Mutex, deadlock};
//! use std::sync::Barrier;
//! use std::time::Duration;
//!
//! static FORK: Mutex = Mutex::new();
//! static KNIFE: Mutex = Mutex::new();
//! static BOTH_HAVE_ONE: Barrier = Barrier::new(2);
//!
//! for (first, second) in [(&FORK, &KNIFE), (&KNIFE, &FORK)] {
//!     std::thread::spawn(move || {
//!         let _first = first.lock_guard();
//!         BOTH_HAVE_ONE.wait();
//!         let _second = second.lock_guard(); // sleeps for ever
//!     });
//! }
//! // A thread of the program checks now and then:
//! let deadlocks = loop {
//!     let deadlocks = deadlock::check_deadlock();
//!     if !deadlocks.is_empty() {
//!         break deadlocks;
//!     }
//!     std::thread::sleep(Duration::from_millis(50));
//! };
//! assert_eq!((deadlocks.len(), deadlocks[0].len()), (1, 2));
//! for thread in &deadlocks[0] {
//!     println!("{thread}\n{}", thread.backtrace());
//! }
//! # }
//! ```
//!
//! The feature `deadlock` adds `check_deadlock` and `DeadlockedThread`, which mean the same as in
//! parking_lot. The other two functions are always there, so that a library can call them; without the
//! feature they do nothing.
//!
//! # What is seen
//!
//! | a wait for | is a wait for |
//! |---|---|
//! | a [`Mutex`](crate::Mutex), whether typed, in a [`RecursiveMutex`](crate::RecursiveMutex), of a critical section, or locked again by a condition variable | its holder |
//! | a [`RawMutex`](crate::RawMutex) | its holder |
//! | an [`RwMutex`](crate::RwMutex), to write | each holder |
//! | an `RwMutex`, to read | its writer, or the writers and the upgrading reader in front in the queue |
//! | an `RwMutex`, to become an upgradable reader | its writer, its upgradable reader, and the writers in front |
//! | an `RwMutex`, to upgrade | each other reader |
//! | a [`OnceFlag`](crate::OnceFlag), a typed `Once` | the thread that runs its initialiser |
//! | a key of [`park`](crate::park()) | the thread that called [`acquire_resource`] for it, if one did |
//!
//! A thread is seen once it is asleep. A wait with `DETACH` is seen once the thread's critical sections
//! are suspended. Not seen are:
//!
//! * A wait with a timeout: the timeout ends the cycle. (A wait that a signal may end is seen, and
//!   reported as interruptible, on Linux, Android and FreeBSD. Elsewhere such a wait is a series of short
//!   sleeps, and is missed.)
//! * A wait for a thread that has ended while it held the lock: that is no cycle.
//! * A wait that is for no holder: for an [`Event`](crate::Event), a [`Semaphore`](crate::Semaphore), a
//!   condition variable, or the end of a thread. Nor a [`SeqLock`](crate::SeqLock)'s, which spins.
//! * A lock that C code took (feature `c-api`). Its unlock of a mutex, a raw mutex or a critical section
//!   may be inlined in C, where no record is erased; its recursive mutexes go by C's idents.
//! * A deadlock in the child of a fork, if another thread of the parent was just capturing a backtrace: std
//!   has a lock for that, which nobody in the child releases. A check there goes on after five seconds.
//!
//! # Who holds a lock
//!
//! The thread that took it, until any thread releases it. If one thread locks a mutex and *another*
//! unlocks it, as a signal, then the thread that waits for the signal holds the mutex, and seems to wait
//! for itself. A runtime that makes Python's `threading.Lock` of a `Mutex` avoids this: after each lock
//! call it calls [`release_resource`] with the mutex's address, and the mutex has no known holder.
//!
//! A lock that is freed or overwritten while it is held leaves its record behind. The record goes when a
//! new lock at that address is locked exclusively; [`release_resource`] erases it at once.
//!
//! # Cost
//!
//! With the feature, each lock call writes a record and each unlock erases it, under one of 61 mutexes of
//! std's. An uncontended lock and unlock then cost about three times as much: 17 ns instead of 5. The
//! records' memory does not come from the global allocator. If a debugger or a signal stops a thread while
//! it writes a record, other threads' lock and unlock calls wait for it. No lock may be taken in a signal
//! handler.
//!
//! A lock's size does not change, and a sleeping thread has a few more words on its stack. A check locks
//! one bucket at a time, and each bucket three times at most. It wakes threads only if it finds a
//! deadlock, for their backtraces, and they sleep again.

#[cfg(feature = "deadlock")]
mod check;
#[cfg(feature = "deadlock")]
pub use check::{DeadlockedThread, check_deadlock};

use crate::held;

/// Records that the calling thread holds the resource for which others [`park`](crate::park()) on `key`,
/// until [`release_resource`]. A key has one holder: the thread that called this last.
///
/// This is for locks built on `park`; this crate's own locks record their holders themselves. Without the
/// feature `deadlock` it does nothing. (In parking_lot_core 0.9 this function is unsafe. Here a wrong call
/// makes the report wrong, and nothing else.)
///
/// ```
/// use py_sync::deadlock::{acquire_resource, release_resource};
/// let word = 0u8;
/// let key = (&raw const word).addr();
/// acquire_resource(key); // after the lock was taken
/// release_resource(key); // before it is released
/// ```
#[inline]
pub fn acquire_resource(key: usize) {
    held::resource(key);
}

/// Records that the resource at `key` has no known holder. A lock built on [`park`](crate::park()) calls
/// this before it is released. For one of this crate's locks, call it with the lock's address after the
/// lock was taken, if another thread is to unlock it.
///
/// Without the feature `deadlock` it does nothing.
///
/// ```
/// use py_sync::{Mutex, deadlock};
/// static STARTED: Mutex = Mutex::new();
/// STARTED.lock();
/// deadlock::release_resource(STARTED.as_ptr().addr());
/// let starter = std::thread::spawn(|| STARTED.unlock());
/// STARTED.lock(); // not the deadlock that it seems to be
/// starter.join().unwrap();
/// ```
#[inline]
pub fn release_resource(key: usize) {
    held::forget(key);
}
