//! Forks: what the child of one finds of the lot and of each primitive, and how it frees a lock whose
//! holder stayed in the parent.
//!
//! The contract of [`at_fork_reinit`](Mutex::at_fork_reinit) is with [`Mutex`]'s; the other locks refer to
//! that.
//!
//! CPython: `Python/pystate.c`, `_PyRuntimeState_ReInitThreads`;
//! `Include/internal/pycore_lock.h`, `_PyMutex_at_fork_reinit`.

use crate::held;
use crate::mutex::Mutex;
use crate::parking_lot::{empty_lot, lot};
use crate::raw_mutex::RawMutex;

/// Empties the lot in the child of a fork: all waiters are forgotten, all buckets unlocked.
///
/// On unix this runs by itself in every child, before the program's own fork handlers; [`init`] names
/// the two cases in which it may come after them. A handler that needs it earlier calls it itself. It
/// then does not run a second time in that child, so threads that the handler starts may wait. It does
/// all of [`py_thread::after_fork`], whose hook it is.
///
/// The bytes of locks are left as they were, since only the program knows which of them the forking
/// thread holds. A lock whose holder stayed in the parent stays locked, and
/// [`at_fork_reinit`](crate::Mutex::at_fork_reinit) frees it. A lock that the forking thread holds can be
/// unlocked by it: the parked bit then finds no waiter, and goes.
///
/// | at the fork | in the child |
/// |---|---|
/// | a lock that was free | free, whoever had it before |
/// | any but a [`RawMutex`](crate::RawMutex): held by the forking thread, waited for or not | held; its unlock frees it, and the child's own waiters get it |
/// | a [`Mutex`](crate::Mutex), [`RwMutex`](crate::RwMutex) or [`RecursiveMutex`](crate::RecursiveMutex) that another thread held | held for ever: tries and timed calls fail, unless [`at_fork_reinit`](crate::Mutex::at_fork_reinit) |
/// | an `RwMutex` that the forking thread read | read; its unlock frees it |
/// | the same, and a writer waited | read; new readers wait until its unlock, recursive ones do not |
/// | an `RwMutex` that another thread read | readers get in, and new ones not if a writer waited; no writer ever does, unless `at_fork_reinit` |
/// | a [`OnceFlag`](crate::OnceFlag) whose initialiser ran in another thread | waited for for ever, unless [`at_fork_reinit`](crate::OnceFlag::at_fork_reinit) |
/// | a `OnceFlag` whose initialiser forked | goes on in both processes, each for itself |
/// | a `OnceFlag` that had run, or failed | done, or not tried |
/// | an [`Event`](crate::Event) | set or not, as it was; `notify` reaches the child's own waiters |
/// | a [`Semaphore`](crate::Semaphore) | without waiters, with the permits that were free: those that other threads had are missing, unless [`at_fork_reinit`](crate::Semaphore::at_fork_reinit) |
/// | a [`SeqLock`](crate::SeqLock) in which another thread wrote | torn: [`SeqLock::after_fork`](crate::SeqLock::after_fork) says so |
/// | the same, of the forking thread | its `unlock_write` ends the write, or `after_fork` does |
/// | a [`RawMutex`](crate::RawMutex) held by the forking thread, without waiters | held; its unlock frees it |
/// | a `RawMutex` with waiters, or held by another thread | of no use, unless [`at_fork_reinit`](crate::RawMutex::at_fork_reinit) |
/// | a key of [`park`](crate::park()) | without waiters; may be parked on again |
/// | a typed `Condvar` | without waiters; may be waited for with any mutex |
/// | a typed `Once` that was not run, poisoned or done | as it was; nobody waits for it |
/// | one whose initialiser ran in another thread | waited for for ever, unless `at_fork_reinit` |
/// | critical sections of the forking thread | open, and their mutexes held, as they were |
/// | the runtime and its hooks | as they were |
/// | any lock whose memory was zeroed since | free |
/// | the mark of [`signal_arrived`](crate::signal_arrived), the forking thread's own | kept |
/// | the counters of `diagnostics` | go on from the parent's |
/// | the records of `deadlock` | those of the forking thread |
///
/// Each row has a test with a real fork, and random programs of primitives, operations and forks are
/// tested too: `tests/fork_table/`, `tests/typed_fork.rs`, `tests/semaphore_fork.rs`,
/// `tests/deadlock_fork.rs`.
///
/// A thread must not fork from within a lock call: from a hook of the [`Runtime`](crate::Runtime), or a
/// callback of the lot.
///
/// CPython: `Python/parking_lot.c`, `_PyParkingLot_AfterFork`; `Python/pystate.c`,
/// `_PyRuntimeState_ReInitThreads`.
///
/// [`init`]: crate::init
///
/// # Safety
///
/// The process has forked, the calling thread is the child's only one, and no callback of the lot
/// is running on it.
///
/// # Examples
///
/// ```
/// // SAFETY: this test has one thread, and it is in no call of the lot.
/// unsafe { py_sync::after_fork() };
/// ```
#[doc(alias = "_PyParkingLot_AfterFork")]
pub unsafe fn after_fork() {
    // SAFETY: the caller is the child's only thread, and is in no callback.
    unsafe { py_thread::after_fork() };
    // The hook has done it, except in a process that never used the lot. A second time costs a pass over
    // the buckets.
    // SAFETY: the caller is the child's only thread, and none of its frames is in a call of the lot.
    unsafe { empty_lot() };
}

/// Registers the fork handler by which a forked child begins with an empty lot. Later calls do nothing.
///
/// On most systems no program has to call it: see [`py_thread::init`], which this calls, for the two
/// cases that are left. Where fork handlers are not registered before `main` (AIX, say), call it at the
/// start of `main`, before the program registers its own.
///
/// ```
/// py_sync::init();
/// py_sync::init();
/// ```
pub fn init() {
    py_thread::init();
    lot();
}

impl Mutex {
    /// Makes it unlocked in the child of a fork, whoever held it in the parent.
    ///
    /// A lock that another thread held during the fork stays locked in the child, since that thread is
    /// not there to unlock it. To zero its memory does the same as this call: all-zero bytes are an
    /// unlocked lock. [`after_fork`](crate::after_fork) has the table of all cases.
    ///
    /// All locks have this function. Each says what it adds to this contract.
    ///
    /// CPython: `Include/internal/pycore_lock.h`, `_PyMutex_at_fork_reinit`.
    ///
    /// # Safety
    ///
    /// * The process has forked, and the calling thread is the child's only one.
    /// * That thread has no guard of the lock.
    /// * What the lock guards is sound as it is: the thread that held it did not finish its critical
    ///   section.
    ///
    /// # Examples
    ///
    /// ```
    /// let m = py_sync::Mutex::new();
    /// m.lock();
    /// // SAFETY: nobody else knows the mutex, and it guards nothing.
    /// unsafe { m.at_fork_reinit() };
    /// assert!(m.try_lock());
    /// ```
    #[doc(alias = "_PyMutex_at_fork_reinit")]
    pub unsafe fn at_fork_reinit(&self) {
        self.reset();
    }
}

impl RawMutex {
    /// Makes it unlocked in the child of a fork, and forgets the waiters in its word.
    ///
    /// # Safety
    ///
    /// As for [`Mutex::at_fork_reinit`].
    ///
    /// # Examples
    ///
    /// ```
    /// let m = py_sync::RawMutex::new();
    /// m.lock();
    /// // SAFETY: nobody else knows the mutex, and it guards nothing.
    /// unsafe { m.at_fork_reinit() };
    /// assert!(m.try_lock());
    /// ```
    pub unsafe fn at_fork_reinit(&self) {
        held::forget(self.key());
        // SAFETY: the caller is the child's only thread, so no other uses the mutex.
        unsafe { self.reset() };
    }
}
