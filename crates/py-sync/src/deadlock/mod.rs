//! Deadlocks: threads that wait for each other in a circle, found while they do.
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
//! // A thread that looks now and then:
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
//! `check_deadlock` and `DeadlockedThread` are there with the feature `deadlock`, by parking_lot's names
//! and with its meanings. The other two functions are always there, and without the feature do nothing:
//! a library may call them whatever the program's features are.
//!
//! # What is seen
//!
//! | wait for | is for |
//! |---|---|
//! | a [`Mutex`](crate::Mutex), also a typed one, one in a [`RecursiveMutex`](crate::RecursiveMutex), a critical section or a condition variable's return | its holder |
//! | a [`RawMutex`](crate::RawMutex) | its holder |
//! | an [`RwMutex`](crate::RwMutex), to write | each holder |
//! | one, to read | its writer, or the writers and the upgrading reader that wait in front |
//! | one, to become an upgradable reader | its writer, its upgradable reader, the writers in front |
//! | one, to upgrade | each other reader |
//! | a [`OnceFlag`](crate::OnceFlag), a typed `Once` | the thread that runs its initialiser |
//! | a key of [`park`](crate::park()) | who called [`acquire_resource`] for it, if anybody did |
//!
//! A thread is seen while it sleeps with nothing left to do before its wait: with `DETACH`, once its
//! critical sections are suspended. Not seen:
//!
//! * A wait with a timeout: the circle ends by itself. A wait that a signal may end is seen, and said to
//!   be so; but for systems other than Linux, Android and FreeBSD, where it goes in steps and is missed.
//! * A wait for a thread that has ended with the lock held: that is no circle.
//! * Waits that have no holder: for an [`Event`](crate::Event), a [`Semaphore`](crate::Semaphore), a
//!   condition variable, a join; and a [`SeqLock`](crate::SeqLock)'s, who spin.
//! * Locks that C took (the feature `c-api`): the unlocks of its mutexes, raw mutexes and critical sections
//!   may be inlined there, and tell nobody; its recursive mutexes go by C's idents.
//!
//! # Who holds a lock
//!
//! Whoever took it, until it is given up by anybody. A mutex that one thread locks and *another* unlocks,
//! as a signal, is therefore held by the thread that waits for the signal, which seems to wait for
//! itself. A runtime that makes Python's `threading.Lock` of a `Mutex` says so after each lock call:
//! [`release_resource`] of the mutex's address, and nobody is known to hold it.
//!
//! A lock that is freed or overwritten while it is held leaves its record behind; the next one at that
//! address replaces it when it is locked alone. [`release_resource`] removes it at once.
//!
//! # Cost
//!
//! With the feature, each lock and unlock call writes a record under one of 61 mutexes of std's: a free
//! lock and its unlock cost about three times as much (17 ns where they cost 5). The memory for it does
//! not come from the global allocator. A thread that is stopped while it records, by a debugger or a
//! signal, holds up others that lock or unlock; and no lock may be taken in a signal handler.
//!
//! A lock stays as large as it was. A thread that sleeps notes a few words on its stack. A check takes
//! one bucket's lock at a time, and each three times at most; only if it finds a deadlock are threads
//! woken, for their backtraces, after which they sleep on.

#[cfg(feature = "deadlock")]
mod check;
#[cfg(feature = "deadlock")]
pub use check::{DeadlockedThread, check_deadlock};

use crate::held;

/// Says that the calling thread has what others wait for by [`park`](crate::park()) on `key`, and is to
/// [release](release_resource) it. A key has one holder: the last that said so.
///
/// For a lock of one's own making; this crate's locks do it by themselves. Nothing without the feature
/// `deadlock`. (In parking_lot_core 0.9 this is unsafe. Here a wrong call makes the report wrong, and
/// nothing else.)
///
/// ```
/// use py_sync::deadlock::{acquire_resource, release_resource};
/// let word = 0u8;
/// let key = (&raw const word).addr();
/// acquire_resource(key); // after the lock was taken
/// release_resource(key); // before it is given up
/// ```
#[inline]
pub fn acquire_resource(key: usize) {
    held::resource(key);
}

/// Says that nobody is known to hold what is at `key`: before a lock of one's own making is given up; or
/// after one of this crate's was taken, given its address, if another thread is to unlock it.
///
/// Nothing without the feature `deadlock`.
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
